"""What a format is: data about it, and four functions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from serializers.dialect import DEFAULT, Dialect
from serializers.page import Page as Page
from serializers.renaming import in_snake
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


DEFAULT_LIMITS = Limits()
#: Compiled writers that a format holds in its dialect.
KEPT = 1024


class Serializer(ABC):
    """A format in a dialect: data about it, and four functions. A registry has one object of it for the whole process.

    What a format can do is data here, so that nobody asks for its name.

    :ivar name: how ``?format=`` and pre-defined routes name it.
    :ivar suffixes: what a path may end in, without the dot.
    :ivar media_types: the types it is asked and sent as; answers use the first unless another was asked for.
    :ivar content_type: the first media type with its parameters, as an answer says it.
    :ivar readable: request bodies may be in it.
    :ivar begins: the characters that its documents begin with, blanks aside; empty where any may be the first.
    :ivar paged: it writes pages for people: its functions take a `Page`, browsers are led to log in.
    :ivar streams: a block leaves as soon as it is full; otherwise a document's rows are gathered before the first.
    :ivar configurable: clients may change the dialect of a response (``?jsconfig=``).
    :ivar sampled: metadata pages and OpenAPI show samples of it.
    :ivar download: its documents are files to keep, and have no place for a list's totals, which are headers.
    :ivar tabular: its documents are tables: the rows of a list, without what stands around them.
    :ivar javascript: its documents are values of JavaScript: they may stand in a script (JSONP) and inside JSON.
    :ivar one_way: the body of a response that has none, for clients that read one all the same.
    :ivar sample_type: the media type that samples name.
    :ivar dialect: how names and values are spelled.
    """

    name: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]]
    media_types: ClassVar[tuple[str, ...]]
    content_type: ClassVar[str]
    readable: ClassVar[bool] = True
    begins: ClassVar[str] = ""
    paged: ClassVar[bool] = False
    streams: ClassVar[bool] = True
    configurable: ClassVar[bool] = False
    sampled: ClassVar[bool] = False
    download: ClassVar[bool] = False
    tabular: ClassVar[bool] = False
    javascript: ClassVar[bool] = False
    one_way: ClassVar[bytes] = b""
    sample_type: ClassVar[str] = ""

    def __init__(self, dialect: Dialect = DEFAULT) -> None:
        self.dialect = dialect

    def spelled(self, dialect: Dialect, *, kept: int = KEPT) -> Self:
        """The format in another dialect.

        :param kept: compiled writers that it may hold.
        """
        if dialect == self.dialect:
            return self
        other = copy(self)
        other.dialect = dialect
        other.keep(kept)
        return other

    def keep(self, kept: int) -> None:
        """Forget all compiled writers, and hold so many from now on. Formats that compile none have nothing to do."""
        del kept

    def as_read(self, shape: Shape | None) -> Shape | None:
        """The shape by which documents of clients of the dialect are read."""
        return shape if shape is None or self.dialect.names != "snake" else in_snake(shape)

    @abstractmethod
    def encode(self, value: Value, shape: Shape | None = None, *, page: Page | None = None) -> bytes:
        """The document of a value. Raises EncodeError."""

    @abstractmethod
    def decode(
        self,
        data: bytes,
        shape: Shape | None = None,
        *,
        limits: Limits = DEFAULT_LIMITS,
        reading: Reading = STRICT,
    ) -> Value:
        """The value of a document. Raises DecodeError."""

    @abstractmethod
    def stream(self, value: Value, shape: Shape, *, page: Page | None = None) -> Iterator[bytes]:
        """The document in blocks. `value` is an iterable of rows where the shape is a list, else a record whose
        member `shape.rows` is one; rows are taken as they are needed. Raises EncodeError."""

    @abstractmethod
    def writer(self, shape: Shape) -> Callable[[Any], bytes]:
        """A compiled function from an object, its fields read as attributes (`Record.attributes`), to its document."""

    def sample(self, value: Value, shape: Shape) -> str:
        """The document of a value, laid out for people. Raises EncodeError."""
        return self.encode(value, shape).decode().rstrip()
