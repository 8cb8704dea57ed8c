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
from gateway.importing.closures import without_cycles
from gateway.importing.code import (
    Code,
    Piece,
    call,
    docstring,
    lines,
    literal,
    named,
    quoted,
    tuple_of,
)
from gateway.importing.declared_fields import IMPORTED, free_name
from gateway.importing.declared_operations import OperationWriter, called
from gateway.importing.drafts import ImportFailed, Losses
from gateway.metadata.languages.selection import names_in
from gateway.metadata.languages.texts import indented

#: The XML namespace of ServiceStack's own types.
_OWN = "http://schemas.servicestack.net/types"
_TAKEN_OF_MEMBERS = frozenset(
    {
        *keyword.kwlist,
        "auto",
        "member",
        "mro",
        *(each for each in {*vars(DtoEnum), *vars(DtoFlags), *dir(DtoEnum.__base__)} if not each.startswith("__")),
    }
)
_STEP = "    "


@dataclass(frozen=True)
class Header:
    """The head of a module of declarations.

    :ivar docstring: lines of the module's docstring.
    :ivar service: the line that imports ``service``.
    :ivar notes: comments below the docstring.
    """

    docstring: tuple[str, ...]
    service: str


def write(contract: Contract, header: Header, losses: Losses) -> str:
    """Return the text of the module. Parts that declarations can't express are added to the losses.

    :raises ImportFailed: when types can't be declared in any order.
    """
    return _Writer(without_cycles(contract, losses), losses).module(header)


def namespace_of(contract: Contract) -> str:
    """Return the .NET namespace of most types."""
    counted = Counter(each.namespace for each in contract.types.values() if each.namespace != SERVICESTACK)
    return counted.most_common(1)[0][0] if counted else ""


class _Writer(OperationWriter):
    """Writes one module: each type follows the types that it names."""

    def __init__(self, contract: Contract, losses: Losses) -> None:
        super().__init__(contract, losses)
        self.namespace = namespace_of(contract)
        self.under_way: set[str] = set()

    def module(self, header: Header) -> str:
        """Return the text of the module."""
        body = [*self._body()]
        found = [f'"""{header.docstring[0]}', *header.docstring[1:]]
        found = [*found, '"""', ""] if len(header.docstring) > 1 else [f'{found[0]}"""', ""]
        standard = [each for each in (("enum", "auto"), ("typing", "ClassVar")) if self._uses(each[1])]
        found += [f"from {module} import {self._imported(name)}" for module, name in standard]
        found += [""] if standard else []
        names = [self._imported(each) for each in IMPORTED if self._uses(each)]
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
        """Return the lines of an operation: a decorator of its request, or a call if the request is declared already."""
        name = operation.name
        if name not in self.done and not self._returns_itself(operation):
            yield from self._all([name], self._operation(operation))
            if name in self.done:
                return
        yield from self._all([name])
        yield from ("", "")
        yield from called(self._operation(operation), name)

    def _returns_itself(self, operation: OperationInfo) -> bool:
        return operation.returns is not None and operation.name in names_in(operation.returns)

    def _before(self, info: RecordInfo) -> list[str]:
        """Return the types that a record names, its base first."""
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
        """Return whether a base, or a type argument of it, is not declared yet and can't be declared now."""
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
            known = free_name(name, _TAKEN_OF_MEMBERS)
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
        """Return the interfaces of a type that declares none: that of the operation's verb, if it has only one."""
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


def _references(info: RecordInfo) -> Iterator[TypeRef]:
    if info.base is not None:
        yield info.base
    yield from (each.type for each in info.properties)
    yield from (argument for each in info.interfaces for argument in each.type.arguments)


def _spelled_namespace(namespace: str) -> str:
    """Return a .NET namespace as written in declarations; ServiceStack's has a different name in XML."""
    return _OWN if namespace == SERVICESTACK else namespace
