"""The builder of generated writers: Python source made once from a shape, compiled, and kept where tracebacks find its lines.

JSON and JSV (`serializers.syntax`), XML and CSV make their own lines and build them here. The source is made of the shape alone, never of a
document; names reach it as literals by `repr`.
"""

from __future__ import annotations

import linecache
import weakref
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from itertools import count
from keyword import iskeyword
from typing import Any, TypeAlias

from serializers import shape as shapes
from serializers.errors import EncodeError
from serializers.shape import Record, Shape

TextWriter: TypeAlias = Callable[[Any], str]

_serial = count(1)


class Source:
    """Functions that call each other, and the objects that their source names.

    :ivar title: what tracebacks call the functions' file.
    :ivar objects: the functions' globals.
    """

    def __init__(self, title: str, objects: Mapping[str, Any]) -> None:
        self.title = title
        self.objects: dict[str, Any] = dict(objects)

    def constant(self, value: Any) -> str:
        """The name of an object in the source."""
        name = f"c{len(self.objects)}"
        self.objects[name] = value
        return name

    def define(self, name: str, lines: Iterable[str]) -> TextWriter:
        """The function of that name, which the lines define."""
        text = "\n".join(lines) + "\n"
        file = f"<{self.title} {next(_serial)}>"
        exec(compile(text, file, "exec"), self.objects)  # noqa: S102  (made of the shape alone)
        function: TextWriter = self.objects[name]
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        weakref.finalize(function, linecache.cache.pop, file, None).atexit = False
        return function


def guarded(write: TextWriter, what: str = "value", null: str | None = None) -> TextWriter:
    """A writer that raises `EncodeError` and nothing else.

    :param what: what is written, as the error calls it.
    :param null: what stands for None, where the writer does not know.
    """

    def write_guarded(value: Any) -> str:
        try:
            return write(value)
        except (TypeError, AttributeError, KeyError) as error:
            raise EncodeError(f"the {what} is not of its shape: {error}") from error
        except RecursionError:
            raise EncodeError(f"the {what} is nested too deeply") from None

    return write_guarded if null is None else lambda value: null if value is None else write_guarded(value)


def title_of(format_name: str, shape: Shape) -> str:
    """What tracebacks call the writer of a shape."""
    return f"{format_name} of {shape.name if isinstance(shape, Record) else type(shape).__name__}"


def literal(text: str) -> str:
    """A text as it stands between the quotes of an f-string in source."""
    return "".join(
        character * 2
        if character in "{}"
        else character
        if character.isalnum() or character in ',:" _-.'
        else f"\\U{ord(character):08x}"
        for character in text
    )


def function_head(name: str, parameters: str, *, attributes: bool) -> list[str]:
    """The first lines of a function of an object `o`, or of a dict `o`, whose members `read_source` reads."""
    return [f"def {name}({parameters}):", *([] if attributes else ["    get = o.get"])]


def read_source(shape: Record, name: str, *, attributes: bool) -> str:
    """The source that reads a field of the object `o`, or of the dict whose method `get` is."""
    if not attributes:
        return f"get({name!r})"
    attribute = shape.attributes.get(name, name)
    if attribute.isidentifier() and not iskeyword(attribute):
        return f"o.{attribute}"
    return f"getattr(o, {attribute!r})"


class ChoiceTable(dict[Any, str]):
    """The texts of an enum's members, found by name or by member; any other value is asked of the writer."""

    def __init__(self, shape: shapes.Choice, write: TextWriter) -> None:
        super().__init__({text: write(text) for name in shape.members for text in (name, shape.text_of(name))})
        self._write = write

    def __missing__(self, value: Any) -> str:
        text = self._write(value)
        if isinstance(value, Enum):
            self[value] = text
        return text


def rows(value: Any) -> Any:
    """A list's items; a text, a dict or anything else that is no list is refused."""
    if isinstance(value, (list, tuple)):
        return value
    raise EncodeError(f"a {type(value).__name__} is not a list")
