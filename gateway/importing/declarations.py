"""A contract as a Python module of declarations, from which ``gateway.contract`` makes the same contract again."""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gateway.contract.enums import DtoEnum, DtoFlags
from gateway.contract.typeinfo import (
    SERVICESTACK,
    Contract,
    EnumInfo,
    InterfaceRef,
    OperationInfo,
    RecordInfo,
    TypeRef,
)
from gateway.importing.closures import remove_cycles
from gateway.importing.code import (
    Code,
    Piece,
    add_prefix,
    make_call,
    make_tuple,
    quote,
    write_docstring,
    write_lines,
    write_literal,
)
from gateway.importing.declared_fields import IMPORTED, make_free_name
from gateway.importing.declared_operations import OperationWriter, write_outer_call
from gateway.importing.drafts import ImportFailed, Losses
from gateway.metadata.languages.selection import list_names
from gateway.metadata.languages.texts import indent

#: The XML namespace of ServiceStack's own types.
_XML_NAMESPACE = "http://schemas.servicestack.net/types"
_RESERVED_MEMBERS = frozenset(
    {
        *keyword.kwlist,
        "auto",
        "member",
        "mro",
        *(name for name in {*vars(DtoEnum), *vars(DtoFlags), *dir(DtoEnum.__base__)} if not name.startswith("__")),
    }
)
_STEP = "    "


@dataclass(frozen=True)
class Header:
    """The head of a module of declarations.

    :ivar docstring: lines of the module's docstring.
    :ivar service: the line that imports ``service``.
    """

    docstring: tuple[str, ...]
    service: str


def write(contract: Contract, header: Header, losses: Losses) -> str:
    """Return the text of the module. Parts that declarations can't express are added to the losses.

    :raises ImportFailed: when types can't be declared in any order.
    """
    return _Writer(remove_cycles(contract, losses), losses).write_module(header)


def find_namespace(contract: Contract) -> str:
    """Return the .NET namespace of most types."""
    counted = Counter(info.namespace for info in contract.types.values() if info.namespace != SERVICESTACK)
    return counted.most_common(1)[0][0] if counted else ""


class _Writer(OperationWriter):
    """Writes one module: each type follows the types that it names."""

    def __init__(self, contract: Contract, losses: Losses) -> None:
        super().__init__(contract, losses)
        self.namespace = find_namespace(contract)
        self.under_way: set[str] = set()

    def write_module(self, header: Header) -> str:
        """Return the text of the module."""
        body = [*self._write_body()]
        head = [f'"""{header.docstring[0]}', *header.docstring[1:]]
        head = [*head, '"""', ""] if len(header.docstring) > 1 else [f'{head[0]}"""', ""]
        standard = [pair for pair in (("enum", "auto"), ("typing", "ClassVar")) if self._uses(pair[1])]
        head += [f"from {module} import {self._format_import(name)}" for module, name in standard]
        head += [""] if standard else []
        names = [self._format_import(name) for name in IMPORTED if self._uses(name)]
        head += write_lines(Code("from gateway import (", tuple(names), ")")) if len(", ".join(names)) > 65 else []
        head += [f"from gateway import {', '.join(names)}"] if len(", ".join(names)) <= 65 and names else []
        if self.contract.operations:
            alias = " as _service" if "service" in self.aliases else ""
            head += ["", f"{header.service}{alias}"]
        head += ["", "#: The .NET namespace of the types in this module.", f"NAMESPACE = {quote(self.namespace)}"]
        return "\n".join([*head, *body]) + "\n"

    def _format_import(self, name: str) -> str:
        return f"{name} as {self.aliases[name]}" if name in self.aliases else name

    def _uses(self, name: str) -> bool:
        return name in self.used_names

    def _write_body(self) -> Iterator[str]:
        for info in self.module_types.values():
            if isinstance(info, EnumInfo):
                self.written_names.add(info.name)
                yield from ("", "", *self._write_enum(info))
        for operation in self.contract.operations:
            if operation.returns is not None:
                yield from self._write_types(list_names(operation.returns))
            yield from self._write_types(self._list_dependencies(operation.request))
            yield from self._write_operation(operation)
        yield from self._write_types(self.module_types)
        if missing := self.module_types.keys() - self.written_names:
            raise ImportFailed(f"{', '.join(sorted(missing))}: these types inherit from types that are made of them")

    def _write_operation(self, operation: OperationInfo) -> Iterator[str]:
        """Return the lines of an operation: a decorator of its request, or a call if the request is declared already."""
        name = operation.name
        if name not in self.written_names and not self._returns_itself(operation):
            yield from self._write_types([name], self._write_decorator(operation))
            if name in self.written_names:
                return
        yield from self._write_types([name])
        yield from ("", "")
        yield from write_outer_call(self._write_decorator(operation), name)

    def _returns_itself(self, operation: OperationInfo) -> bool:
        return operation.returns is not None and operation.name in list_names(operation.returns)

    def _list_dependencies(self, info: RecordInfo) -> list[str]:
        """Return the types that a record names, its base first."""
        return [name for ref in _list_references(info) for name in list_names(ref) if name != info.name]

    def _write_types(self, names: Iterable[str], decorator: Piece | None = None) -> Iterator[str]:
        for name in names:
            info = self.module_types.get(name)
            if not isinstance(info, RecordInfo) or name in self.written_names or name in self.under_way:
                continue
            if self._waits(info):
                continue
            self.under_way.add(name)
            yield from self._write_types(self._list_dependencies(info))
            self.under_way.discard(name)
            text = [*self._write_record(info)]
            self.written_names.add(name)
            if decorator is not None:
                text = [*write_lines(add_prefix("@", decorator)), *text]
            yield from ("", "", *text)

    def _waits(self, info: RecordInfo) -> bool:
        """Return whether a base, or a type argument of it, is not declared yet and can't be declared now."""
        if info.base is None:
            return False
        for name in list_names(info.base):
            if name in self.under_way or name == info.name:
                return True
            base = self.module_types.get(name)
            if isinstance(base, RecordInfo) and name not in self.written_names and self._waits(base):
                return True
        return False

    # Types

    def _write_enum(self, info: EnumInfo) -> Iterator[str]:
        options: list[Piece] = [self._import_name("DtoFlags" if info.flags else "DtoEnum")]
        if info.numbered and not info.flags:
            options.append("as_numbers=True")
        if info.namespace != self.namespace:
            options.append(f"namespace={quote(_format_namespace(info.namespace))}")
        yield from write_lines(Code(f"class {info.name}(", tuple(options), "):"))
        if info.description:
            yield from indent([write_docstring(info.description), *([""] if info.members else [])])
        elif not info.members:
            yield "    pass"
        following = 0
        for name, number in info.members:
            attribute = make_free_name(name, _RESERVED_MEMBERS)
            yield from write_lines(add_prefix(f"{attribute} = ", self._write_member(info, name, number, following)), 1)
            following = number + 1

    def _write_member(self, info: EnumInfo, name: str, number: int, following: int) -> Piece:
        description = info.descriptions.get(name, "")
        text = info.texts.get(name, "")
        if info.flags and not description:
            return repr(number)
        if description or text or number != following:
            return make_call(
                self._import_name("member"),
                quote(description) if description else None,
                value=quote(text) if text else None,
                number=repr(number) if info.flags or number != following else None,
            )
        return make_call(self._import_name("auto"))

    def _write_record(self, info: RecordInfo) -> Iterator[str]:
        base: Piece = self._import_name("Dto") if info.base is None else self._write_class(info.base)
        yield from write_lines(Code(f"class {info.name}(", (base,), "):"))
        blocks = [
            [_STEP + write_docstring(info.description)] if info.description else [],
            [*self._write_class_lines(info)],
            [*self._write_fields(info)],
        ]
        sections = [block for block in blocks if block]
        for number, block in enumerate(sections):
            yield from ([""] if number else [])
            yield from block
        if not sections:
            yield "    pass"

    def _write_class_lines(self, info: RecordInfo) -> Iterator[str]:
        if info.namespace != self.namespace:
            yield f"{_STEP}dotnet_namespace = {quote(_format_namespace(info.namespace))}"
        if info.ordered:
            yield f"{_STEP}ordered = True"
        if info.parameters:
            yield from write_lines(add_prefix("parameters = ", make_tuple(map(quote, info.parameters))), 1)
        if info.interfaces != self._get_usual_interfaces(info):
            yield from write_lines(
                add_prefix("interfaces = ", make_tuple(map(self._write_interface, info.interfaces))), 1
            )
        if info.has_api is not None:
            yield f"{_STEP}has_api = {info.has_api}"
        if info.attributes:
            yield from write_lines(
                add_prefix("attributes = ", make_tuple(map(self._write_attribute, info.attributes))), 1
            )
        if info.ui:
            kind = f"{self._import_name('ClassVar')}[dict[str, object]]"
            yield from write_lines(add_prefix(f"ui: {kind} = ", write_literal(info.ui)), 1)

    def _get_usual_interfaces(self, info: RecordInfo) -> tuple[InterfaceRef, ...]:
        """Return the interfaces of a type that declares none: that of the operation's verb, if it has only one."""
        operation = self.contract.by_name.get(info.name)
        if operation is None or len(operation.verbs) != 1:
            return ()
        name = f"I{operation.verbs[0].capitalize()}"
        inherited = {
            interface.type.name
            for parent in ([] if info.base is None else [self.contract.record(info.base.name)])
            for interface in parent.interfaces
        }
        return () if name in inherited else (InterfaceRef(TypeRef("interface", name)),)

    def _write_interface(self, interface: InterfaceRef) -> Piece:
        if interface.namespace == SERVICESTACK and not interface.type.arguments:
            return quote(interface.type.name)
        return make_call(
            self._import_name("Interface"),
            quote(interface.type.name),
            make_tuple(map(self._write_argument, interface.type.arguments)) if interface.type.arguments else None,
            namespace=quote(interface.namespace) if interface.namespace != SERVICESTACK else None,
        )


def _list_references(info: RecordInfo) -> Iterator[TypeRef]:
    if info.base is not None:
        yield info.base
    yield from (field.type for field in info.properties)
    yield from (argument for interface in info.interfaces for argument in interface.type.arguments)


def _format_namespace(namespace: str) -> str:
    """Return a .NET namespace as written in declarations; ServiceStack's has a different name in XML."""
    return _XML_NAMESPACE if namespace == SERVICESTACK else namespace
