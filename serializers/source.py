"""The builder of generated writers: Python source made once from a shape, compiled, and stored where tracebacks find its lines.

JSON and JSV (`serializers.syntax`), XML and CSV make the lines and compile them here. The source is made from the shape only, never from a
document; names are inserted as literals by `repr`.
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

    :ivar title: the functions' file name in tracebacks.
    :ivar objects: the functions' globals.
    """

    def __init__(self, title: str, objects: Mapping[str, Any]) -> None:
        self.title = title
        self.objects: dict[str, Any] = dict(objects)

    def constant(self, value: Any) -> str:
        """Add an object, and return its name in the source."""
        name = f"c{len(self.objects)}"
        self.objects[name] = value
        return name

    def define(self, name: str, lines: Iterable[str]) -> TextWriter:
        """Compile the lines, and return the function with this name that they define."""
        text = "\n".join(lines) + "\n"
        file = f"<{self.title} {next(_serial)}>"
        exec(compile(text, file, "exec"), self.objects)  # noqa: S102  (made of the shape alone)
        function: TextWriter = self.objects[name]
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        weakref.finalize(function, linecache.cache.pop, file, None).atexit = False
        return function


def guarded(write: TextWriter, noun: str = "value", null: str | None = None) -> TextWriter:
    """Return a writer that raises no errors but `EncodeError`.

    :param noun: the name of the value in error messages.
    :param null: the text of None, if the writer does not accept None.
    """

    def write_guarded(value: Any) -> str:
        try:
            return write(value)
        except (TypeError, AttributeError, KeyError) as error:
            raise EncodeError(f"the {noun} is not of its shape: {error}") from error
        except RecursionError:
            raise EncodeError(f"the {noun} is nested too deeply") from None

    return write_guarded if null is None else lambda value: null if value is None else write_guarded(value)


def title_of(format_name: str, shape: Shape) -> str:
    """Return the name of a shape's writer in tracebacks."""
    return f"{format_name} of {shape.name if isinstance(shape, Record) else type(shape).__name__}"


def literal(text: str) -> str:
    """Return a text escaped for an f-string in source."""
    return "".join(
        character * 2
        if character in "{}"
        else character
        if character.isalnum() or character in ',:" _-.'
        else f"\\U{ord(character):08x}"
        for character in text
    )


def function_head(name: str, parameters: str, *, attributes: bool) -> list[str]:
    """Return the first lines of a function of an object or dict `o`, whose members `read_source` reads."""
    return [f"def {name}({parameters}):", *([] if attributes else ["    get = o.get"])]


def read_source(shape: Record, name: str, *, attributes: bool) -> str:
    """Return the source that reads a field of the object `o`, or of a dict by its method `get`."""
    if not attributes:
        return f"get({name!r})"
    attribute = shape.attributes.get(name, name)
    if attribute.isidentifier() and not iskeyword(attribute):
        return f"o.{attribute}"
    return f"getattr(o, {attribute!r})"


class ChoiceTable(dict[Any, str]):
    """The texts of an enum's members, by name or member; the writer is called for any other value."""

    def __init__(self, shape: shapes.Choice, write: TextWriter) -> None:
        super().__init__({text: write(text) for name in shape.members for text in (name, shape.text_of(name))})
        self._write = write

    def __missing__(self, value: Any) -> str:
        text = self._write(value)
        if isinstance(value, Enum):
            self[value] = text
        return text


def rows(value: Any) -> Any:
    """Return a list's items. Raises EncodeError for a value that is not a list, such as a text or a dict."""
    if isinstance(value, (list, tuple)):
        return value
    raise EncodeError(f"a {type(value).__name__} is not a list")
