"""Writers compiled from shapes: one walk over the fields, Python source out, one function a record.

JSON and JSV differ in punctuation and in their scalars only, so both are dialects of the walk made here. The source is
made of the shape alone, never of a document; names reach it as literals by `repr`. Compiled functions come in two modes:
they read the fields of objects as attributes, or those of dicts as items.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from enum import Enum
from keyword import iskeyword
from typing import Any

from serializers import shape as shapes
from serializers.errors import EncodeError
from serializers.shape import Record, Shape

TextWriter = Callable[[Any], str]


class Dialect(ABC):
    """Punctuation and scalars of a text format.

    :ivar null_item: how a null stands in a list of scalars or collections.
    :ivar null_record: how a null stands in a list of records.
    """

    null_item: str
    null_record: str

    @abstractmethod
    def name(self, name: str) -> str:
        """A member's name with what follows it, as it stands before the value."""

    @abstractmethod
    def scalar(self, shape: Shape) -> TextWriter:
        """The writer of a scalar shape: never called with None."""

    @abstractmethod
    def key(self, shape: Shape) -> TextWriter:
        """The writer of a map's key, with what follows it."""

    def inline(self, shape: Shape, variable: str, writer: str, prefix: str = "") -> str:
        """The source of a scalar's text behind a prefix; `writer` names what `scalar` returned."""
        del shape
        return f"{prefix!r} + {writer}({variable})" if prefix else f"{writer}({variable})"

    def texts(self, joined: str) -> str | None:
        """The source of a test that holds where no text in the source of many needs care; None where texts always do."""
        del joined
        return None

    def text(self, variable: str, prefix: str, *, clean: bool) -> str:
        """The source of a text that is known to be one, and to need no care where it is clean."""
        raise NotImplementedError


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


class Compiler:
    """Makes the functions of one shape and of all shapes inside it."""

    def __init__(self, dialect: Dialect, *, attributes: bool, namespace: Mapping[str, Any]) -> None:
        self.dialect = dialect
        self.attributes = attributes
        self.namespace: dict[str, Any] = dict(namespace)
        self._functions: dict[Shape, str] = {}

    def compile(self, shape: Shape) -> TextWriter:
        """The function from a value of the shape to its text. It raises `EncodeError` and nothing else."""
        source = f"def write(v):\n    return {self.expression(shape, 'v')}\n"
        exec(source, self.namespace)  # noqa: S102  (made of the shape alone)
        write: TextWriter = self.namespace["write"]

        def guarded(value: Any) -> str:
            try:
                return write(value)
            except (TypeError, AttributeError, KeyError) as error:
                raise EncodeError(f"the value is not of its shape: {error}") from error
            except RecursionError:
                raise EncodeError("the value is nested too deeply") from None

        return guarded

    def expression(self, shape: Shape, variable: str, prefix: str = "") -> str:
        """The source of the text of a variable that is not null, behind a prefix."""
        before = f"{prefix!r} + " if prefix else ""
        if isinstance(shape, shapes.Reference):
            shape = shape.record
        if isinstance(shape, shapes.Record):
            return f"{before}{self._record(shape)}({variable})"
        if isinstance(shape, shapes.ListOf):
            return before + self._list(shape, variable)
        if isinstance(shape, shapes.MapOf):
            return before + self._map(shape, variable)
        if isinstance(shape, shapes.Choice):
            return f"{before}{self._constant(shape, self._choice)}[{variable}]"
        return self.dialect.inline(shape, variable, self._constant(shape, self.dialect.scalar), prefix)

    def _choice(self, shape: shapes.Choice) -> ChoiceTable:
        return ChoiceTable(shape, self.dialect.scalar(shape))

    def _constant(self, shape: Any, make: Callable[[Any], Any]) -> str:
        name = f"w{len(self.namespace)}"
        self.namespace[name] = make(shape)
        return name

    def _list(self, shape: shapes.ListOf, variable: str) -> str:
        item, depth = shape.item, f"{variable}i"
        record = isinstance(item, (shapes.Record, shapes.Reference))
        null = self.dialect.null_record if record else self.dialect.null_item
        text = self.expression(item, depth)
        return f"'[' + ','.join([{null!r} if {depth} is None else {text} for {depth} in rows({variable})]) + ']'"

    def _map(self, shape: shapes.MapOf, variable: str) -> str:
        key, item = f"{variable}k", f"{variable}v"
        text = f"{self._constant(shape.key, self.dialect.key)}({key}) + {self.expression(shape.value, item)}"
        entries = f"[{text} for {key}, {item} in {variable}.items() if {item} is not None]"
        return f"'{{' + ','.join({entries}) + '}}'"

    def _record(self, shape: Record) -> str:
        if shape in self._functions:
            return self._functions[shape]
        name = f"record{len(self._functions)}"
        self._functions[shape] = name
        source = self._record_source(name, shape)
        exec(source, self.namespace)  # noqa: S102  (made of the shape alone)
        return name

    def _record_source(self, function: str, shape: Record) -> str:
        lines = [f"def {function}(o):"] if self.attributes else [f"def {function}(o):", "    get = o.get"]
        members: list[tuple[str, str, Shape]] = []
        for number, (name, field) in enumerate(shape.fields.items()):
            lines.append(f"    v{number} = {read_source(shape, name, attributes=self.attributes)}")
            members.append((f"v{number}", f",{self.dialect.name(name)}", field))
        texts = [variable for variable, _, field in members if isinstance(field, shapes.Text)]
        test = self.dialect.texts("texts")
        if test and len(texts) > 2:
            lines += [
                "    try:",
                f"        texts = ''.join(({', '.join(f'{variable} or empty' for variable in texts)}))",
                "    except TypeError:",
                *self._record_text(members, "        "),
                f"    if {test}:",
                *self._record_text(members, "        ", clean=True),
                *self._record_text(members, "    ", clean=False),
            ]
        else:
            lines += self._record_text(members, "    ")
        return "\n".join(lines) + "\n"

    def _record_text(
        self, members: list[tuple[str, str, Shape]], indent: str, *, clean: bool | None = None
    ) -> list[str]:
        """The lines that return a record's text. `clean` is None where its texts may be values of other types."""
        lines = []
        for number, (variable, prefix, field) in enumerate(members):
            # The first member's comma is left out, so that the others' need not be cut off where it is there.
            prefix = prefix if number else prefix[1:]
            if clean is not None and isinstance(field, shapes.Text):
                text = self.dialect.text(variable, prefix, clean=clean)
            else:
                text = self.expression(field, variable, prefix)
            lines.append(f"{indent}t{number} = '' if {variable} is None else {text}")
        if not members:
            return [f"{indent}return '{{}}'"]
        rest = "".join(f"{{t{number}}}" for number in range(1, len(members)))
        lines.append(f"{indent}if t0:")
        lines.append(f"{indent}    return f'{{{{{{t0}}{rest}}}}}'")
        lines.append(f"{indent}rest = f'{rest}'")
        lines.append(f"{indent}return f'{{{{{{rest[1:]}}}}}}'")
        return lines


def rows(value: Any) -> Any:
    """A list's items; a text, a dict or anything else that is no list is refused."""
    if isinstance(value, (list, tuple)):
        return value
    raise EncodeError(f"a {type(value).__name__} is not a list")
