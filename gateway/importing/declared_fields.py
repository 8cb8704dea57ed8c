"""Fields of DTOs in declarations: a property's type, its attributes and its other metadata."""

from __future__ import annotations

import keyword
from collections.abc import Iterator

from gateway.contract.dto import Dto
from gateway.contract.dto_field import ApiMember, Attribute, DataMember, TypeName
from gateway.contract.naming import pascal_case
from gateway.contract.typeinfo import Contract, EnumInfo, Property, RecordInfo, TypeInfo, TypeRef
from gateway.importing.assembly import is_provided
from gateway.importing.code import Code, Piece, call, lines, literal, named, quoted, sequence, tuple_of
from gateway.importing.drafts import Losses
from gateway.importing.validators import rules_of
from gateway.metadata.languages.scalars import is_value
from gateway.metadata.languages.selection import names_in
from gateway.metadata.languages.texts import snake_case

_TEXT = TypeRef("scalar", "String")
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
#: Names that modules of declarations import from `gateway`.
IMPORTED = (
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
#: Names that fields can't have in the body of a class: keywords, names that the body itself uses, and members of every DTO.
_TAKEN_OF_FIELDS = frozenset(
    {*keyword.kwlist, *IMPORTED, "auto", "service", *(each for each in dir(Dto) if not each.startswith("__"))}
)


class FieldWriter:
    """Writes fields, with their types and attributes; records which names the module imports.

    :ivar own: the types that the module declares.
    :ivar done: the names of those that are declared above.
    :ivar used: the names that the module imports.
    :ivar aliases: aliases of imported names that are also the name of a type.
    """

    def __init__(self, contract: Contract, losses: Losses) -> None:
        self.contract = contract
        self.losses = losses
        self.own = {name: info for name, info in contract.types.items() if not self._is_elsewhere(info)}
        self.done: set[str] = set()
        self.used: set[str] = set()
        self.attributes: dict[str, dict[str, str]] = {}
        # Types with the same name as an import of the module.
        self.aliases = {
            name: f"_{name}" for name in (*IMPORTED, "auto", "ClassVar", "service") if name in contract.types
        }

    @staticmethod
    def _is_elsewhere(info: TypeInfo) -> bool:
        return is_provided(info) or info.name == "KeyValuePair"

    def _name(self, name: str) -> str:
        """Return an imported name or its alias, and record that the module imports it."""
        self.used.add(name)
        return self.aliases.get(name, name)

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
        """Return an argument of an attribute."""
        return call(self._name("TypeName"), quoted(value)) if isinstance(value, TypeName) else literal(value)

    # Fields

    def _fields(self, info: RecordInfo) -> Iterator[str]:
        names = self._attributes_of(info.name)
        for each in info.properties:
            attribute = names[each.name]
            yield from lines(named(f"{attribute} = ", self._field(each, attribute, info)), 1)

    def _attributes_of(self, name: str) -> dict[str, str]:
        """Return the attributes of a record's properties, inherited ones too, by .NET name."""
        if name in self.attributes:
            return self.attributes[name]
        info = self.contract.record(name)
        found = {} if info.base is None else dict(self._attributes_of(info.base.name))
        for each in info.properties:
            if each.name not in found:
                attribute = free_name(snake_case(each.name).strip("_") or "_", _TAKEN_OF_FIELDS)
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
        """Return the field of a type."""
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
        """Return the field of an item."""
        made = self._of(ref, inside)
        return _with(made, [], {"nullable": "True"}) if ref.nullable and is_value(ref) else made

    def _argument(self, ref: TypeRef, *, later: bool = False) -> Piece:
        """Return an argument of a generic type: a class if it is one."""
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
        """Return a class, closed if it is generic."""
        name = ref.name
        if is_provided(self.contract.types[name]):
            name = f"{self._name('servicestack')}.{name}"
        if not ref.arguments:
            return name
        return call(self._name("close"), name, *(self._argument(each, later=later) for each in ref.arguments))

    def _are_declared(self, ref: TypeRef) -> bool:
        return all(each not in self.own or each in self.done for each in names_in(ref))


def _with(made: Code, first: list[str], keywords: dict[str, Piece | None]) -> Code:
    """Return a field with a description after its positional arguments, and further keywords."""
    positional = [each for each in made.items if not _is_keyword(each)]
    given = [each for each in made.items if _is_keyword(each)]
    further = [named(f"{name}=", each) for name, each in keywords.items() if each is not None]
    return Code(made.opening, (*positional, *first, *given, *further), made.closing)


def _is_keyword(piece: Piece) -> bool:
    start = piece if isinstance(piece, str) else piece.opening
    return start.partition("=")[0].isidentifier() and "=" in start


def free_name(name: str, taken: frozenset[str]) -> str:
    """Return a name that is not taken, with a ``_`` at its end if needed; the .NET name omits the ``_``."""
    is_taken = name in taken or (name.startswith("_") and name.endswith("_"))
    return f"{name}_" if is_taken or name.endswith("_") else name
