"""The base class of formats: data about a format, and the functions that read and write it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from serializers.dialect import DEFAULT, Dialect
from serializers.page import Page as Page
from serializers.renaming import in_snake
from serializers.shape import Record, Shape

#: A document's value: plain Python as `serializers.shape` lists it. Its depth has no bound, so the type checker sees Any.
Value = Any


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a reader. It stops at the first byte, level, item or name above a limit.

    :ivar bytes: maximum bytes of the document.
    :ivar depth: maximum levels of nesting.
    :ivar items: maximum items of all lists together; rows of a table are items.
    :ivar names: maximum names in all objects together, known or not, and entries of maps. The limit applies to each item of
        the document's outermost list, so that each request of a batch may be as long as a single request; all items together may have
        100 times as many.
    """

    bytes: int = 10 * 1024 * 1024
    depth: int = 64
    items: int = 10_000
    names: int = 1_000


@dataclass(frozen=True, slots=True)
class Reading:
    """How strictly a reader reads a document. Limits always apply.

    :ivar relaxed: whether a malformed but unambiguous document of JSON or JSV is read; other formats are read strictly.
    :ivar drop: called with the wire path of each value of a JSON or JSV document that can't be read and is therefore omitted; an
        empty path is the rest of the document. If None, such a document is refused.
    """

    relaxed: bool = False
    drop: Callable[[str], None] | None = None


STRICT = Reading()
#: Unambiguous documents are read; documents that would lose data are refused.
COMPATIBLE = Reading(relaxed=True)


DEFAULT_LIMITS = Limits()
#: Maximum of compiled writers that a format caches in its dialect.
KEPT = 1024


class Serializer(ABC):
    """A format in a dialect: data about it, and the functions that read and write it. A registry has one object per format.

    The abilities of a format are data here, so that no code compares its name.

    :ivar name: the name in ``?format=`` and pre-defined routes.
    :ivar suffixes: the suffixes of paths, without the dot.
    :ivar media_types: the media types in Accept and Content-Type; responses use the first unless the client names another.
    :ivar content_type: the first media type with its parameters, for responses.
    :ivar readable: request bodies may be in it.
    :ivar begins: the characters that its documents begin with, after blanks; empty for any.
    :ivar paged: it writes pages for people: its functions take a `Page`, and browsers are redirected to the log-in page.
    :ivar streams: a full block is sent at once; otherwise all rows are collected before the first block.
    :ivar configurable: clients may change the dialect of a response (``?jsconfig=``).
    :ivar sampled: metadata pages and OpenAPI show samples of it.
    :ivar download: its documents are files to save. They cannot hold a list's totals, which are sent as headers.
    :ivar tabular: its documents are tables: the rows of a list, without the members around them.
    :ivar javascript: its documents are values of JavaScript: they may be part of a script (JSONP) and of JSON.
    :ivar one_way: the body of a response without content, for clients that read one anyway.
    :ivar sample_type: the media type in samples.
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
        """Return the format in another dialect.

        :param kept: maximum of cached compiled writers.
        """
        if dialect == self.dialect:
            return self
        other = copy(self)
        other.dialect = dialect
        other.keep(kept)
        return other

    def keep(self, kept: int) -> None:
        """Clear the cache of compiled writers, and set its maximum. Formats without compiled writers ignore it."""
        del kept

    def as_read(self, shape: Shape | None) -> Shape | None:
        """Return the shape that reads documents of clients of the dialect."""
        return shape if shape is None or self.dialect.names != "snake" else in_snake(shape)

    @abstractmethod
    def encode(self, value: Value, shape: Shape | None = None, *, page: Page | None = None) -> bytes:
        """Return the document of a value. Raises EncodeError."""

    @abstractmethod
    def decode(
        self,
        data: bytes,
        shape: Shape | None = None,
        *,
        limits: Limits = DEFAULT_LIMITS,
        reading: Reading = STRICT,
    ) -> Value:
        """Return the value of a document. Raises DecodeError."""

    @abstractmethod
    def stream(self, value: Value, shape: Shape, *, page: Page | None = None) -> Iterator[bytes]:
        """Return the document in blocks. `value` is an iterable of rows if the shape is a list, else a record whose
        member `shape.rows` is one; rows are read when they are needed. Raises EncodeError."""

    @abstractmethod
    def writer(self, shape: Shape) -> Callable[[Any], bytes]:
        """Return a compiled function from an object to its document. It reads fields as attributes (`Record.attributes`)."""

    def list_writer(self, shape: Record, write_row: Callable[[Any], bytes]) -> Callable[[Any], bytes] | None:
        """Return a writer like `writer` for a record with rows; None if the format writes rows otherwise than as separate documents.

        :param write_row: returns a row's document, as `writer` for the row's shape does.
        """
        del shape, write_row
        return None

    def sample(self, value: Value, shape: Shape) -> str:
        """Return the document of a value, formatted for people. Raises EncodeError."""
        return self.encode(value, shape).decode().rstrip()
