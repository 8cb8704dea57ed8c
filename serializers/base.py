"""What a format is: data about it, and four functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from serializers.shape import Shape

#: A document's value: plain Python as `serializers.shape` lists it. Its depth has no bound, so the type checker sees Any.
Value = Any


@dataclass(frozen=True, slots=True)
class Limits:
    """What a reader accepts; it stops at the first byte, level, item or name that is too many.

    :ivar bytes: bytes of the document.
    :ivar depth: levels of nesting.
    :ivar items: items of all lists together; rows of a table are items.
    :ivar names: names in all objects together, known or not, and entries of maps. Each item of the document's outermost
        list has as many, so that a batch of requests may be as long as single ones; all of them have 100 times as many.
    """

    bytes: int = 10 * 1024 * 1024
    depth: int = 64
    items: int = 10_000
    names: int = 1_000


@dataclass(frozen=True, slots=True)
class Reading:
    """How strictly a reader takes a document; limits hold in any case.

    :ivar relaxed: whether a document that is not well-formed, but can mean one thing only, is read. JSON and JSV know such
        documents; other formats are read strictly.
    :ivar drop: takes the wire path of each value of a JSON or JSV document that can't be read, and is then left out; an empty
        path is the rest of the document. None refuses the document instead.
    """

    relaxed: bool = False
    drop: Callable[[str], None] | None = None


STRICT = Reading()
#: What is unambiguous is read, what would lose data is refused.
COMPATIBLE = Reading(relaxed=True)


@dataclass(frozen=True, slots=True)
class Page:
    """What surrounds a document.

    :ivar title: the title of a page for people.
    :ivar links: a page's links to the document's other forms, label to address.
    :ivar hold: called with the bytes of each row that a format keeps until it has read all rows; it raises when they are too many.
    """

    title: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    hold: Callable[[int], None] | None = None


DEFAULT_LIMITS = Limits()


class Serializer(Protocol):
    """A format; one object for the whole process.

    :ivar name: how ``?format=`` and pre-defined routes name it.
    :ivar suffixes: what a path may end in, without the dot.
    :ivar media_types: the types it is asked and sent as; answers use the first unless another was asked for.
    :ivar content_type: the first media type with its parameters, as an answer says it.
    :ivar readable: whether request bodies may be in it.
    """

    @property
    def name(self) -> str: ...
    @property
    def suffixes(self) -> tuple[str, ...]: ...
    @property
    def media_types(self) -> tuple[str, ...]: ...
    @property
    def content_type(self) -> str: ...
    @property
    def readable(self) -> bool: ...

    def __hash__(self) -> int:
        """Serializers are themselves: callers keep what they compiled by the serializer."""
        ...

    def encode(self, value: Value, shape: Shape | None = None, *, page: Page | None = None) -> bytes:
        """The document of a value. Raises EncodeError."""
        ...

    def decode(
        self,
        data: bytes,
        shape: Shape | None = None,
        *,
        limits: Limits = DEFAULT_LIMITS,
        reading: Reading = STRICT,
    ) -> Value:
        """The value of a document. Raises DecodeError."""
        ...

    def stream(self, value: Value, shape: Shape, *, page: Page | None = None) -> Iterator[bytes]:
        """The document in blocks. `value` is an iterable of rows where the shape is a list, else a record whose
        member `shape.rows` is one; rows are taken as they are needed. Raises EncodeError."""
        ...

    def writer(self, shape: Shape) -> Callable[[Any], bytes]:
        """A compiled function from an object, its fields read as attributes (`Record.attributes`), to its document."""
        ...
