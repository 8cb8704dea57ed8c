"""Declarations of a document before names are resolved; errors with their positions, and losses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.contract.catalog import Access, Route
from gateway.contract.dto_field import ApiMember, Attribute, DataMember
from gateway.errors import GatewayError

#: Maximum depth of nested types.
DEEPEST = 32


class ImportFailed(GatewayError):
    """A source can't be imported. The message has the fault and its position."""


@dataclass
class Losses:
    """Parts of a source that can't be declared, by kind, each with its positions in order."""

    positions: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, position: str) -> None:
        """Record a loss."""
        positions = self.positions.setdefault(kind, [])
        if position not in positions:
            positions.append(position)

    def __len__(self) -> int:
        return sum(map(len, self.positions.values()))

    def lines(self) -> Iterator[str]:
        """Yield a line for each kind of loss: how often it occurred, and where."""
        for kind, positions in self.positions.items():
            yield f"{len(positions)} x {kind}: {', '.join(positions)}"


@dataclass(frozen=True, slots=True)
class TypeUse:
    """One use of a type by its .NET name, as a source writes it.

    :ivar name: without namespace and number of parameters; ``Array`` of an array, whose items' type is its argument.
    :ivar nullable: the source marks the value as nullable.
    :ivar is_value: the source marks it as a value type, whose values are never null.
    """

    name: str
    arguments: tuple[TypeUse, ...] = ()
    nullable: bool = False
    is_value: bool = False

    def __str__(self) -> str:
        arguments = f"<{', '.join(map(str, self.arguments))}>" if self.arguments else ""
        return f"{self.name}{arguments}"


@dataclass(slots=True)
class DraftMember:
    """A property."""

    name: str
    type: TypeUse
    description: str = ""
    data_member: DataMember | None = None
    api_member: ApiMember | None = None
    attributes: tuple[Attribute, ...] = ()
    ui: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class DraftRecord:
    """A class or an interface.

    :ivar position: where the source declares it.
    :ivar interfaces: the interfaces that it implements, each with its namespace.
    :ivar has_api: whether the description is an ``[Api]`` attribute; None if the source does not state it.
    """

    name: str
    namespace: str
    position: str
    members: list[DraftMember] = field(default_factory=list)
    base: TypeUse | None = None
    parameters: tuple[str, ...] = ()
    interfaces: list[tuple[TypeUse, str]] = field(default_factory=list)
    description: str = ""
    attributes: tuple[Attribute, ...] = ()
    ui: Mapping[str, Any] = field(default_factory=dict)
    is_interface: bool = False
    has_api: bool | None = None


@dataclass(slots=True)
class DraftEnum:
    """An enum."""

    name: str
    namespace: str
    position: str
    members: list[tuple[str, int]] = field(default_factory=list)
    description: str = ""
    flags: bool = False
    numbered: bool = False
    texts: dict[str, str] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class DraftOperation:
    """An operation.

    :ivar request: the name of its request.
    :ivar verbs: verbs of the pre-defined routes; empty if only the routes have verbs.
    :ivar access: None if the source has none.
    """

    request: str
    position: str
    routes: tuple[Route, ...] = ()
    verbs: tuple[str, ...] = ()
    returns: TypeUse | None = None
    access: Access | None = None
    tags: tuple[str, ...] = ()
    ui: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Draft:
    """The declarations of a document.

    :ivar kind: the kind of document, for people.
    :ivar title: the service's name, if the document has one.
    :ivar version: the version of the host that wrote it, if the document has one.
    :ivar is_erased: the document omits the arguments of generic types.
    """

    kind: str
    types: list[DraftRecord | DraftEnum] = field(default_factory=list)
    operations: list[DraftOperation] = field(default_factory=list)
    losses: Losses = field(default_factory=Losses)
    title: str = ""
    version: str = ""
    is_erased: bool = False


def split_words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


def parse_type(text: str, position: str) -> TypeUse:
    """Parse a type as written in .NET's metadata: ``Dictionary<String,List<Int32>>``, ``Int32[]``, ``Nullable`1``, ``'T``.

    :raises ImportFailed: when the text is not a type.
    """
    use, at = _parse_type_at(text, 0, position, 0)
    if at != len(text):
        raise _make_type_error(text, position)
    return use


def _parse_type_at(text: str, at: int, position: str, depth: int) -> tuple[TypeUse, int]:
    if depth > DEEPEST:
        raise ImportFailed(f"{position}: types are nested more than {DEEPEST} levels deep")
    end = at
    while end < len(text) and text[end] not in "<>,[]?":
        end += 1
    name = text[at:end].strip().lstrip("'").rpartition(".")[2].partition("`")[0].rpartition("+")[2]
    if not name.isidentifier():
        raise _make_type_error(text, position)
    arguments: list[TypeUse] = []
    at = end
    if text[at : at + 1] == "<":
        while text[at : at + 1] in ("<", ","):
            argument, at = _parse_type_at(text, at + 1, position, depth + 1)
            arguments.append(argument)
        if text[at : at + 1] != ">":
            raise _make_type_error(text, position)
        at += 1
    use = TypeUse(name, tuple(arguments))
    while text[at : at + 1] in ("[", "?"):
        if text[at] == "?":
            use, at = TypeUse("Nullable", (use,)), at + 1
        elif text[at : at + 2] == "[]":
            use, at = TypeUse("Array", (use,)), at + 2
        else:
            raise _make_type_error(text, position)
    while text[at : at + 1] == " ":
        at += 1
    return use, at


def _make_type_error(text: str, position: str) -> ImportFailed:
    return ImportFailed(f"{position}: {text[:200]!r} is not the name of a type")
