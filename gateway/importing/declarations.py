"""A contract as a module of declarations in Python: what ``gateway.contract`` describes is read back as the same contract."""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gateway.contract import servicestack
from gateway.contract.catalog import ANY, ANYONE, SIGNED_IN, Access, Route
from gateway.contract.dto import Dto
from gateway.contract.dto_field import ApiMember, Attribute, DataMember, TypeName
from gateway.contract.enums import DtoEnum, DtoFlags
from gateway.contract.naming import pascal_case
from gateway.contract.typeinfo import (
    SERVICESTACK,
    Contract,
    EnumInfo,
    InterfaceRef,
    OperationInfo,
    Property,
    RecordInfo,
    TypeInfo,
    TypeRef,
)
from gateway.importing.assembly import is_provided
from gateway.importing.closures import without_cycles
from gateway.importing.code import (
    WIDTH,
    Code,
    Piece,
    call,
    docstring,
    lines,
    literal,
    named,
    quoted,
    sequence,
    tuple_of,
)
from gateway.importing.drafts import ImportFailed, Losses
from gateway.importing.validators import rules_of
from gateway.metadata.languages.scalars import is_value
from gateway.metadata.languages.selection import names_in
from gateway.metadata.languages.texts import indented, snake_case

_SCALARS = {
    "String": call("fields.String"),
    "Boolean": call("fields.Boolean"),
    "Int8": call("fields.Integer", bits="8"),
    "Int16": call("fields.Integer", bits="16"),
    "Int32": call("fields.Integer"),
    "Int64": call("fields.Integer", bits="64"),
    "Byte": call("fields.Unsigned", bits="8"),
    "UInt16": call("fields.Unsigned", bits="16"),
    "UInt32": call("fields.Unsigned"),
    "UInt64": call("fields.Unsigned", bits="64"),
    "Byte[]": call("fields.Binary"),
    "DateOnly": call("fields.Date"),
    "TimeOnly": call("fields.Time"),
    **{
        name: call(f"fields.{name}")
        for name in (
            "Single",
            "Double",
            "Decimal",
            "DateTime",
            "DateTimeOffset",
            "TimeSpan",
            "Guid",
            "Char",
            "Uri",
            "Type",
            "Object",
            "Stream",
        )
    },
}
#: What modules of declarations take from `gateway`.
_IMPORTED = (
    "ANYONE",
    "SIGNED_IN",
    "Access",
    "ApiMember",
    "Attribute",
    "DataMember",
    "Dto",
    "DtoEnum",
    "DtoFlags",
    "Interface",
    "TypeName",
    "TypeParameter",
    "close",
    "fields",
    "member",
    "rules",
    "servicestack",
)
#: The XML namespace that ServiceStack's own types have.
_OWN = "http://schemas.servicestack.net/types"
#: Names that fields can't have in the body of a class: words, what the body itself uses, and what every DTO has.
_TAKEN_OF_FIELDS = frozenset(
    {*keyword.kwlist, *_IMPORTED, "auto", "service", *(each for each in dir(Dto) if not each.startswith("__"))}
)
_TAKEN_OF_MEMBERS = frozenset(
    {
        *keyword.kwlist,
        "auto",
        "member",
        "mro",
        *(each for each in {*vars(DtoEnum), *vars(DtoFlags), *dir(DtoEnum.__base__)} if not each.startswith("__")),
    }
)
_VERBS = frozenset(ANY)
_STEP = "    "


@dataclass(frozen=True)
class Header:
    """What stands above the declarations.

    :ivar docstring: lines of the module's docstring.
    :ivar service: the line that brings ``service``: an import.
    :ivar notes: comments below the docstring.
    """

    docstring: tuple[str, ...]
    service: str


def write(contract: Contract, header: Header, losses: Losses) -> str:
    """The module. What declarations can't have is added to the losses.

    :raises ImportFailed: when types can't be declared in any order.
    """
    return _Writer(without_cycles(contract, losses), losses).module(header)


def namespace_of(contract: Contract) -> str:
    """The .NET namespace that most types have."""
    counted = Counter(each.namespace for each in contract.types.values() if each.namespace != SERVICESTACK)
    return counted.most_common(1)[0][0] if counted else ""


class _Writer:
    """Writes one module."""

    def __init__(self, contract: Contract, losses: Losses) -> None:
        self.contract = contract
        self.losses = losses
        self.namespace = namespace_of(contract)
        self.own = {name: info for name, info in contract.types.items() if not self._is_elsewhere(info)}
        self.done: set[str] = set()
        self.under_way: set[str] = set()
        self.used: set[str] = set()
        self.attributes: dict[str, dict[str, str]] = {}
        # A type that is called as something that the module imports.
        self.aliases = {
            name: f"_{name}" for name in (*_IMPORTED, "auto", "ClassVar", "service") if name in contract.types
        }

    @staticmethod
    def _is_elsewhere(info: TypeInfo) -> bool:
        return is_provided(info) or info.name == "KeyValuePair"

    def module(self, header: Header) -> str:
        """The text of the module."""
        body = [*self._body()]
        found = [f'"""{header.docstring[0]}', *header.docstring[1:]]
        found = [*found, '"""', ""] if len(header.docstring) > 1 else [f'{found[0]}"""', ""]
        standard = [each for each in (("enum", "auto"), ("typing", "ClassVar")) if self._uses(each[1])]
        found += [f"from {module} import {self._imported(name)}" for module, name in standard]
        found += [""] if standard else []
        names = [self._imported(each) for each in _IMPORTED if self._uses(each)]
        found += lines(Code("from gateway import (", tuple(names), ")")) if len(", ".join(names)) > 65 else []
        found += [f"from gateway import {', '.join(names)}"] if len(", ".join(names)) <= 65 and names else []
        if self.contract.operations:
            alias = " as _service" if "service" in self.aliases else ""
            found += ["", f"{header.service}{alias}"]
        found += ["", "#: The .NET namespace of the types in this module.", f"NAMESPACE = {quoted(self.namespace)}"]
        return "\n".join([*found, *body]) + "\n"

    def _imported(self, name: str) -> str:
        return f"{name} as {self.aliases[name]}" if name in self.aliases else name

    def _uses(self, name: str) -> bool:
        return name in self.used

    def _name(self, name: str) -> str:
        """A name that the module imports, as it is called there."""
        self.used.add(name)
        return self.aliases.get(name, name)

    def _body(self) -> Iterator[str]:
        for info in self.own.values():
            if isinstance(info, EnumInfo):
                self.done.add(info.name)
                yield from ("", "", *self._enum(info))
        for operation in self.contract.operations:
            if operation.returns is not None:
                yield from self._all(names_in(operation.returns))
            yield from self._all(self._before(operation.request))
            yield from self._declared(operation)
        yield from self._all(self.own)
        if missing := self.own.keys() - self.done:
            raise ImportFailed(f"{', '.join(sorted(missing))}: these types inherit from types that are made of them")

    def _declared(self, operation: OperationInfo) -> Iterator[str]:
        """An operation: a decorator of its request, or a call where the request is declared already."""
        name = operation.name
        if name not in self.done and not self._returns_itself(operation):
            yield from self._all([name], self._operation(operation))
            if name in self.done:
                return
        yield from self._all([name])
        yield from ("", "")
        yield from _called(self._operation(operation), name)

    def _returns_itself(self, operation: OperationInfo) -> bool:
        return operation.returns is not None and operation.name in names_in(operation.returns)

    def _before(self, info: RecordInfo) -> list[str]:
        """The types that a record names, its base first."""
        return [name for ref in _references(info) for name in names_in(ref) if name != info.name]

    def _all(self, names: Iterable[str], decorator: Piece | None = None) -> Iterator[str]:
        for name in names:
            info = self.own.get(name)
            if not isinstance(info, RecordInfo) or name in self.done or name in self.under_way:
                continue
            if self._waits(info):
                continue
            self.under_way.add(name)
            yield from self._all(self._before(info))
            self.under_way.discard(name)
            text = [*self._record(info)]
            self.done.add(name)
            if decorator is not None:
                text = [*lines(named("@", decorator)), *text]
            yield from ("", "", *text)

    def _waits(self, info: RecordInfo) -> bool:
        """Whether a base, or what a base is made of, is not declared yet and can't be now."""
        if info.base is None:
            return False
        for name in names_in(info.base):
            if name in self.under_way or name == info.name:
                return True
            base = self.own.get(name)
            if isinstance(base, RecordInfo) and name not in self.done and self._waits(base):
                return True
        return False

    # Types

    def _enum(self, info: EnumInfo) -> Iterator[str]:
        options: list[Piece] = [self._name("DtoFlags" if info.flags else "DtoEnum")]
        if info.numbered and not info.flags:
            options.append("as_numbers=True")
        if info.namespace != self.namespace:
            options.append(f"namespace={quoted(_spelled_namespace(info.namespace))}")
        yield from lines(Code(f"class {info.name}(", tuple(options), "):"))
        if info.description:
            yield from indented([docstring(info.description), *([""] if info.members else [])])
        elif not info.members:
            yield "    pass"
        following = 0
        for name, number in info.members:
            known = _free(name, _TAKEN_OF_MEMBERS)
            yield from lines(named(f"{known} = ", self._member(info, name, number, following)), 1)
            following = number + 1

    def _member(self, info: EnumInfo, name: str, number: int, following: int) -> Piece:
        description = info.descriptions.get(name, "")
        text = info.texts.get(name, "")
        if info.flags and not description:
            return repr(number)
        if description or text or number != following:
            return call(
                self._name("member"),
                quoted(description) if description else None,
                value=quoted(text) if text else None,
                number=repr(number) if info.flags or number != following else None,
            )
        return call(self._name("auto"))

    def _record(self, info: RecordInfo) -> Iterator[str]:
        base: Piece = self._name("Dto") if info.base is None else self._class(info.base)
        yield from lines(Code(f"class {info.name}(", (base,), "):"))
        blocks = [
            [_STEP + docstring(info.description)] if info.description else [],
            [*self._class_lines(info)],
            [*self._fields(info)],
        ]
        filled = [block for block in blocks if block]
        for number, block in enumerate(filled):
            yield from ([""] if number else [])
            yield from block
        if not filled:
            yield "    pass"

    def _class_lines(self, info: RecordInfo) -> Iterator[str]:
        if info.namespace != self.namespace:
            yield f"{_STEP}dotnet_namespace = {quoted(_spelled_namespace(info.namespace))}"
        if info.ordered:
            yield f"{_STEP}ordered = True"
        if info.parameters:
            yield from lines(named("parameters = ", tuple_of(map(quoted, info.parameters))), 1)
        if info.interfaces != self._usual_interfaces(info):
            yield from lines(named("interfaces = ", tuple_of(map(self._interface, info.interfaces))), 1)
        if info.attributes:
            yield from lines(named("attributes = ", tuple_of(map(self._attribute, info.attributes))), 1)
        if info.ui:
            kind = f"{self._name('ClassVar')}[dict[str, object]]"
            yield from lines(named(f"ui: {kind} = ", literal(info.ui)), 1)

    def _usual_interfaces(self, info: RecordInfo) -> tuple[InterfaceRef, ...]:
        """The interfaces that the type has where it declares none: that of the only verb of an operation."""
        operation = self.contract.by_name.get(info.name)
        if operation is None or len(operation.verbs) != 1:
            return ()
        name = f"I{operation.verbs[0].capitalize()}"
        inherited = {
            each.type.name
            for parent in ([] if info.base is None else [self.contract.record(info.base.name)])
            for each in parent.interfaces
        }
        return () if name in inherited else (InterfaceRef(TypeRef("interface", name)),)

    def _interface(self, each: InterfaceRef) -> Piece:
        if each.namespace == SERVICESTACK and not each.type.arguments:
            return quoted(each.type.name)
        return call(
            self._name("Interface"),
            quoted(each.type.name),
            tuple_of(map(self._argument, each.type.arguments)) if each.type.arguments else None,
            namespace=quoted(each.namespace) if each.namespace != SERVICESTACK else None,
        )

    def _attribute(self, each: Attribute) -> Piece:
        return call(
            self._name("Attribute"),
            quoted(each.name),
            tuple_of(map(self._value, each.arguments)) if each.arguments else None,
            values=Code("{", tuple(self._pair(*pair) for pair in each.values.items()), "}") if each.values else None,
        )

    def _pair(self, name: str, value: object) -> Piece:
        return named(f"{quoted(name)}: ", self._value(value))

    def _value(self, value: object) -> Piece:
        """An argument of an attribute."""
        return call(self._name("TypeName"), quoted(value)) if isinstance(value, TypeName) else literal(value)

    # Fields

    def _fields(self, info: RecordInfo) -> Iterator[str]:
        names = self._attributes_of(info.name)
        for each in info.properties:
            attribute = names[each.name]
            yield from lines(named(f"{attribute} = ", self._field(each, attribute, info)), 1)

    def _attributes_of(self, name: str) -> dict[str, str]:
        """The attributes of a record's properties, and of those that it inherits, by .NET name."""
        if name in self.attributes:
            return self.attributes[name]
        info = self.contract.record(name)
        found = {} if info.base is None else dict(self._attributes_of(info.base.name))
        for each in info.properties:
            if each.name not in found:
                attribute = _free(snake_case(each.name).strip("_") or "_", _TAKEN_OF_FIELDS)
                while attribute in found.values() or not attribute.isidentifier():
                    attribute = f"{attribute}_" if attribute.isidentifier() else f"n{attribute}"
                found[each.name] = attribute
        self.attributes[name] = found
        return found

    def _field(self, each: Property, attribute: str, info: RecordInfo) -> Piece:
        made = self._of(each.type, info)
        rules = rules_of(each, f"{info.name}.{each.name}", self.losses)
        if rules is not None:
            self.used.add("rules")
        keywords: dict[str, Piece | None] = {
            "name": quoted(each.name) if pascal_case(attribute) != each.name else None,
            "length": repr(each.longest) if each.longest is not None and each.type.name == "String" else None,
            "nullable": None if each.nullable else "False",
            "rules": rules,
            "data_member": self._data_member(each.data_member),
            "api_member": self._api_member(each.api_member),
            "attributes": sequence(map(self._attribute, each.attributes)) if each.attributes else None,
            "ui": literal(each.ui) if each.ui else None,
        }
        description = [quoted(each.description)] if each.description else []
        return _with(made, description, keywords)

    def _data_member(self, told: DataMember | None) -> Piece | None:
        if told is None:
            return None
        return call(
            self._name("DataMember"),
            quoted(told.name) if told.name else None,
            order=None if told.order is None else repr(told.order),
            is_required="True" if told.is_required else None,
        )

    def _api_member(self, told: ApiMember | None) -> Piece | None:
        if told is None:
            return None
        return call(
            self._name("ApiMember"),
            quoted(told.name) if told.name else None,
            data_type=quoted(told.data_type) if told.data_type else None,
            format=quoted(told.format) if told.format else None,
            is_required="True" if told.is_required else None,
            parameter_type=quoted(told.parameter_type) if told.parameter_type else None,
        )

    # Types of fields

    def _of(self, ref: TypeRef, inside: RecordInfo | None = None) -> Code:
        """The field of a type."""
        self.used.add("fields")
        fields = self.aliases.get("fields", "fields")
        match ref.kind:
            case "scalar":
                made = _SCALARS[ref.name]
                return Code(made.opening.replace("fields", fields, 1), made.items, made.closing)
            case "parameter":
                return call(self._name("TypeParameter"), quoted(ref.name))
            case "enum":
                known = self.contract.types[ref.name]
                kind = "Flags" if isinstance(known, EnumInfo) and known.flags else "Enum"
                return call(f"{fields}.{kind}", ref.name)
            case "list":
                return call(f"{fields}.{ref.name}", self._item(ref.arguments[0], inside))
            case "map":
                key, value = ref.arguments
                return call(
                    f"{fields}.Map",
                    keys=None if key == _TEXT else self._item(key, inside),
                    values=None if value == _TEXT else self._item(value, inside),
                )
            case _ if ref.name == "KeyValuePair":
                return call(f"{fields}.Pair", *map(self._argument, ref.arguments))
            case _:
                return self._nested(ref, inside)

    def _nested(self, ref: TypeRef, inside: RecordInfo | None) -> Code:
        nested = f"{self.aliases.get('fields', 'fields')}.Nested"
        if self._are_declared(ref):
            return call(nested, self._class(ref))
        if not ref.arguments:
            return call(nested, quoted(ref.name))
        if inside is not None and inside.parameters and any(each in inside.parameters for each in names_in(ref)):
            self.losses.add("a generic type that holds itself: any value", f"{inside.name}: {ref.name}")
            return self._of(TypeRef("scalar", "Object"))
        return call(nested, named("lambda: ", self._class(ref, later=True)))

    def _item(self, ref: TypeRef, inside: RecordInfo | None = None) -> Piece:
        """The field of an item."""
        made = self._of(ref, inside)
        return _with(made, [], {"nullable": "True"}) if ref.nullable and is_value(ref) else made

    def _argument(self, ref: TypeRef, *, later: bool = False) -> Piece:
        """An argument of a generic type: a class where it is one."""
        if ref.kind == "enum" and not ref.nullable:
            return ref.name
        if ref.kind == "record" and ref.name != "KeyValuePair" and (later or self._are_declared(ref)):
            return self._class(ref, later=later)
        if ref.kind == "record" and ref.name != "KeyValuePair":
            self.used.add("fields")
            fields = self.aliases.get("fields", "fields")
            return call(f"{fields}.Nested", named("lambda: ", self._class(ref, later=True)))
        return self._item(ref)

    def _class(self, ref: TypeRef, *, later: bool = False) -> Piece:
        """A class, closed where it is generic."""
        name = ref.name
        if is_provided(self.contract.types[name]):
            name = f"{self._name('servicestack')}.{name}"
        if not ref.arguments:
            return name
        return call(self._name("close"), name, *(self._argument(each, later=later) for each in ref.arguments))

    def _are_declared(self, ref: TypeRef) -> bool:
        return all(each not in self.own or each in self.done for each in names_in(ref))

    # Operations

    def _operation(self, operation: OperationInfo) -> Code:
        service = self.aliases.get("service", "service")
        routed = {verb for each in operation.routes for verb in each.verbs}
        further = [each for each in operation.verbs if each not in routed]
        options = self._options(operation)
        if further:
            also = [self._route(each) for each in operation.routes]
            verbs = "ANY" if {*operation.verbs} >= _VERBS else " ".join(further)
            options = {"also": sequence(also) if also else None, **options}
            return call(f"{service}.operation", quoted(verbs), **options)
        first, *rest = operation.routes
        options = {"also": sequence(map(self._route, rest)) if rest else None, **options}
        verbs = _verbs(first)
        if verbs in _VERBS or verbs == "ANY":
            return call(f"{service}.{verbs.lower()}", quoted(first.path), **options)
        return call(f"{service}.operation", quoted(verbs), quoted(first.path), **options)

    @staticmethod
    def _route(route: Route) -> Code:
        return Code("(", (quoted(_verbs(route)), quoted(route.path)), ")")

    def _options(self, operation: OperationInfo) -> dict[str, Piece | None]:
        return {
            "returns": None if operation.returns is None else self._answer(operation.returns),
            **self._access(operation.access),
            "tags": sequence(map(quoted, operation.tags)) if operation.tags else None,
            "gives_way": "True" if operation.name in servicestack.OF_USERS else None,
            "ui": literal(operation.ui) if operation.ui else None,
        }

    def _answer(self, ref: TypeRef) -> Piece:
        if ref.name == "List" and ref.arguments[0].kind == "record" and ref.arguments[0].name != "KeyValuePair":
            return sequence([self._class(ref.arguments[0])])
        return self._argument(ref)

    def _access(self, access: Access) -> dict[str, Piece | None]:
        if not access.signed_in:
            return {"access": self._name(_name_of(ANYONE))}
        if len(access.all_of) > 1 or len(access.permissions) > 1:
            told: dict[str, Piece | None] = {
                name: tuple_of(map(quoted, values)) if values else None
                for name, values in (
                    ("all_of", access.all_of),
                    ("any_of", access.any_of),
                    ("permissions", access.permissions),
                    ("any_permission", access.any_permission),
                )
            }
            return {"access": call(self._name("Access"), **told, api_key="True" if access.api_key else None)}
        options: dict[str, Piece | None] = {
            "role": quoted(access.all_of[0]) if access.all_of else None,
            "any_role": sequence(map(quoted, access.any_of)) if access.any_of else None,
            "permission": quoted(access.permissions[0]) if access.permissions else None,
            "any_permission": sequence(map(quoted, access.any_permission)) if access.any_permission else None,
            "api_key": "True" if access.api_key else None,
        }
        return options if any(options.values()) else {"access": self._name(_name_of(SIGNED_IN))}


_TEXT = TypeRef("scalar", "String")


def _name_of(access: Access) -> str:
    return "SIGNED_IN" if access.signed_in else "ANYONE"


def _references(info: RecordInfo) -> Iterator[TypeRef]:
    if info.base is not None:
        yield info.base
    yield from (each.type for each in info.properties)
    yield from (argument for each in info.interfaces for argument in each.type.arguments)


def _with(made: Code, first: list[str], keywords: dict[str, Piece | None]) -> Code:
    """A field with a description after its positional arguments, and further keywords."""
    positional = [each for each in made.items if not _is_keyword(each)]
    given = [each for each in made.items if _is_keyword(each)]
    further = [named(f"{name}=", each) for name, each in keywords.items() if each is not None]
    return Code(made.opening, (*positional, *first, *given, *further), made.closing)


def _is_keyword(piece: Piece) -> bool:
    start = piece if isinstance(piece, str) else piece.opening
    return start.partition("=")[0].isidentifier() and "=" in start


def _called(function: Code, name: str) -> Iterator[str]:
    """The call of what a function returns: ``service.get("/x")(X)``."""
    if len(f"{function}({name})") > WIDTH >= len(f"{function}("):
        yield from (f"{function}(", f"{_STEP}{name}", ")")
        return
    *before, last = lines(function, 0, f"({name})")
    yield from (*before, last)


def _verbs(route: Route) -> str:
    return "ANY" if route.verbs == ANY else " ".join(route.verbs)


def _free(name: str, taken: frozenset[str]) -> str:
    """A name that is not taken; the .NET name leaves a ``_`` at its end out."""
    is_taken = name in taken or (name.startswith("_") and name.endswith("_"))
    return f"{name}_" if is_taken or name.endswith("_") else name


def _spelled_namespace(namespace: str) -> str:
    """A .NET namespace as declarations have it; ServiceStack's own has a name of its own in XML."""
    return _OWN if namespace == SERVICESTACK else namespace
