"""Compiler of the writers of JSON and JSV: it walks over a shape's fields and makes Python source, one function per record.

The two formats differ only in punctuation and scalars, so each is a `Syntax` of the same walk. Compiled functions have two modes: they
read the fields of objects as attributes, or those of dicts as items.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from serializers import scalars
from serializers import shape as shapes
from serializers.dialect import Dialect
from serializers.pruning import Pruning
from serializers.shape import Record, Shape
from serializers.source import ChoiceTable, Source, TextWriter, function_head, guarded, read_source, rows, title_of


class Syntax(ABC):
    """Punctuation and scalars of a text format, in a dialect.

    :ivar format_name: the format's name, for tracebacks.
    :ivar null_item: the text of a null in a list of scalars or collections.
    :ivar null_record: the text of a null in a list of records.
    :ivar objects: the objects that the source names.
    """

    format_name: str
    null_item: str
    null_record: str
    objects: Mapping[str, Any]

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    @abstractmethod
    def name(self, name: str) -> str:
        """Return a member's name with the punctuation that follows it, as written before the value."""

    def member_name(self, record: Record, wire_name: str) -> str:
        """Return the same for a record's member, spelled by the dialect."""
        return self.name(self.dialect.speller(record)(wire_name))

    @abstractmethod
    def scalar(self, shape: Shape) -> TextWriter:
        """Return the writer of a scalar shape; it is never called with None."""

    @abstractmethod
    def key(self, shape: Shape) -> TextWriter:
        """Return the writer of a map's key with the punctuation that follows it."""

    def inline(self, shape: Shape, variable: str, writer: str, prefix: str = "") -> str:
        """Return the source of a scalar's text after a prefix; `writer` is the name of the function that `scalar` returned."""
        del shape
        return f"{prefix!r} + {writer}({variable})" if prefix else f"{writer}({variable})"

    def plain(self, joined: str) -> str | None:
        """Return the source of a test that is true if `plain_text` can write each of the joined texts; None if there is no such test."""
        del joined
        return None

    def plain_text(self, variable: str, prefix: str) -> str:
        """Return the source of a text after a prefix, for a text that passed the test of `plain`."""
        raise NotImplementedError


def compile_writer(shape: Shape, syntax: Syntax, *, attributes: bool) -> TextWriter:
    """Return the function from a value (or, with `attributes`, an object) of a shape to its text. It raises no errors but `EncodeError`."""
    if syntax.dialect.depth:
        shape = Pruning().prune(shape, syntax.dialect.depth)
    walk = _Walk(syntax, Source(title_of(syntax.format_name, shape), {**syntax.objects, "rows": rows}), attributes)
    if isinstance(shape, Record):
        return guarded(walk.record(shape))
    lines = ["def write(v):", f"    return {walk.expression(shape, 'v')}"]
    return guarded(walk.source.define("write", lines))


class _Walk:
    """Makes the functions of one shape and of all shapes inside it."""

    def __init__(self, syntax: Syntax, source: Source, attributes: bool) -> None:
        self.syntax = syntax
        self.dialect = syntax.dialect
        self.source = source
        self.attributes = attributes
        self._functions: dict[Shape, str] = {}

    def expression(self, shape: Shape, variable: str, prefix: str = "") -> str:
        """Return the source of the text of a variable that is not null, after a prefix."""
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
        return self.syntax.inline(shape, variable, self._constant(shape, self.syntax.scalar), prefix)

    def record(self, shape: Record) -> TextWriter:
        """Return the function that writes a record."""
        function: TextWriter = self.source.objects[self._record(shape)]
        return function

    def _choice(self, shape: shapes.Choice) -> ChoiceTable:
        return ChoiceTable(shape, self.syntax.scalar(shape))

    def _constant(self, shape: Any, make: Callable[[Any], Any]) -> str:
        return self.source.constant(make(shape))

    def _list(self, shape: shapes.ListOf, variable: str) -> str:
        item, depth = shape.item, f"{variable}i"
        record = isinstance(item, (shapes.Record, shapes.Reference))
        null = self.syntax.null_record if record else self.syntax.null_item
        text = self.expression(item, depth)
        # PERF: most values are lists.
        source = f"({variable} if type({variable}) is list else rows({variable}))"
        return f"'[' + ','.join([{null!r} if {depth} is None else {text} for {depth} in {source}]) + ']'"

    def _map(self, shape: shapes.MapOf, variable: str) -> str:
        key, item = f"{variable}k", f"{variable}v"
        key_text = f"{self._constant(shape.key, self.syntax.key)}({key})"
        text = f"{key_text} + {self.expression(shape.value, item)}"
        if self.dialect.map_nulls:
            null = f"{key_text} + {self.syntax.null_item!r}"
            entries = f"[{null} if {item} is None else {text} for {key}, {item} in {variable}.items()]"
        else:
            entries = f"[{text} for {key}, {item} in {variable}.items() if {item} is not None]"
        return f"'{{' + ','.join({entries}) + '}}'"

    def _record(self, shape: Record) -> str:
        if shape in self._functions:
            return self._functions[shape]
        name = f"record{len(self._functions)}"
        self._functions[shape] = name
        self.source.define(name, self._record_lines(name, shape))
        return name

    def _record_lines(self, function: str, shape: Record) -> list[str]:
        lines = function_head(function, "o", attributes=self.attributes)
        members: list[tuple[str, str, Shape]] = []
        for number, (name, field) in enumerate(shape.fields.items()):
            lines.append(f"    v{number} = {read_source(shape, name, attributes=self.attributes)}")
            members.append((f"v{number}", f",{self.syntax.member_name(shape, name)}", field))
        texts = [variable for variable, _, field in members if isinstance(field, shapes.Text)]
        test = self.syntax.plain("texts")
        if test and texts:
            lines += [
                "    try:",
                f"        texts = ''.join(({', '.join(f'{variable} or empty' for variable in texts)},))",
                f"        is_plain = {test}",
                "    except TypeError:",
                "        is_plain = False",
                "    if is_plain:",
                *self._record_text(members, "        ", is_plain=True),
            ]
        return lines + self._record_text(members, "    ", is_plain=False)

    def _record_text(self, members: list[tuple[str, str, Shape]], indent: str, *, is_plain: bool) -> list[str]:
        """Return the lines that return a record's text.

        :param is_plain: whether its texts passed the test of `Syntax.plain`; otherwise they may be values of other types.
        """
        lines = []
        for number, (variable, prefix, field) in enumerate(members):
            # PERF: without a comma before the first member, no comma has to be cut off when that member is written.
            prefix = prefix if number else prefix[1:]
            if is_plain and isinstance(field, shapes.Text):
                text = self.syntax.plain_text(variable, prefix)
            else:
                text = self.expression(field, variable, prefix)
            lines.append(f"{indent}t{number} = {self._member(field, variable, prefix, text)}")
        if not members:
            return [f"{indent}return '{{}}'"]
        rest = "".join(f"{{t{number}}}" for number in range(1, len(members)))
        lines.append(f"{indent}if t0:")
        lines.append(f"{indent}    return f'{{{{{{t0}}{rest}}}}}'")
        lines.append(f"{indent}rest = f'{rest}'")
        lines.append(f"{indent}return f'{{{{{{rest[1:]}}}}}}'")
        return lines

    def _member(self, shape: Shape, variable: str, prefix: str, text: str) -> str:
        """Return the source of a member's text with its name; the text is empty when the dialect omits the member."""
        if self.dialect.defaults:
            null = prefix + self.syntax.null_item if self.dialect.nulls else ""
            return f"{null!r} if {variable} is None else {text}"
        test = self._is_default(shape, variable)
        return f"'' if {variable} is None{f' or {test}' if test else ''} else {text}"

    def _is_default(self, shape: Shape, variable: str) -> str:
        """Return the source of a test for the default value of the .NET type; empty if that is null."""
        if isinstance(shape, shapes.Choice):
            write = scalars.writer(shape, _NUMBERED)
            return "" if self.dialect.default_enums else f"{self._constant(write, lambda it: it)}({variable}) == '0'"
        if isinstance(shape, shapes.Reference):
            shape = shape.record
        if isinstance(shape, shapes.Record):
            return f"{self._record(shape)}({variable}) == '{{}}'" if shape.is_value else ""
        if isinstance(shape, _FALSE_BY_DEFAULT):
            return f"not {variable}"
        default = _DEFAULTS.get(type(shape))
        return f"{variable} in {self._constant(default, lambda it: it)}" if default else ""


_NUMBERED = Dialect(enums="number")
_FALSE_BY_DEFAULT = (shapes.Boolean, shapes.Integer, shapes.Number, shapes.Decimal, shapes.Duration)
_DEFAULTS: Mapping[type, tuple[Any, ...]] = {
    shapes.Guid: (UUID(int=0),),
    shapes.Instant: (datetime(1, 1, 1), datetime(1, 1, 1, tzinfo=UTC)),
    shapes.OffsetInstant: (datetime(1, 1, 1), datetime(1, 1, 1, tzinfo=UTC)),
    shapes.Day: (date(1, 1, 1),),
    shapes.TimeOfDay: (time(),),
    shapes.Character: ("\0",),
}
