"""Reading JSV: text to values, directed by the expected shape.

This reader is exact: its errors have a position. It is a recursive descent; every method takes a position and returns
the position after what it read. Well-formed compact documents are read by `quick`, which gives up on anything else and
leaves it to this reader. The grammar is in docs/serializers.rst, "JSV in one page".

There are two layouts. In the compact one, blanks belong to bare values. In the dump form, which metadata pages show, blanks
and line breaks around names and values are layout. A document is in the dump form if it has a line break outside quotes,
or a blank between a record's brace and its first name: ``curl -d @file`` drops the line breaks of a file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NoReturn

from serializers import scalars
from serializers.base import DEFAULT_LIMITS, STRICT, Limits, Reading
from serializers.errors import DecodeError, LimitPassed, wire_path
from serializers.shape import Anything, ListOf, MapOf, Record, Reference, Shape, Text, names_of
from serializers.tally import Tally, marks_outside

#: Deeper documents are refused even if the limits allow them: the reader is recursive.
MAX_DEPTH = 200

_QUOTED = re.compile(r'"([^"]*+(?:""[^"]*+)*+)"')
#: Matches a document in the dump form.
LINE_BREAK_OUTSIDE_QUOTES = re.compile(r'[^"\r\n]*+(?:"[^"]*+"[^"\r\n]*+)*+[\r\n]')
#: Matches a record, or a list of them, whose first name is indented.
_INDENTED_NAME = re.compile(r"[ \t]*+(?:\[[ \t]*+)?\{[ \t]++[^}\s]")
MARKS = marks_outside(r'"[^"]*+(?:"|\Z)')
_CLOSING = {"{": "}", "[": "]"}
_STRUCTURAL = frozenset('"{[')


class _Layout:
    """The patterns of one of the two layouts."""

    def __init__(self, blanks: str, line: str) -> None:
        self.dump = bool(line)
        self.blanks = re.compile(f"[{blanks}]*+")
        self.name = re.compile(rf'[^:,{{}}\[\]"{line}]*+')
        self.in_list = re.compile(rf'[^,\]}}{{\["{line}]*+')
        self.in_record = re.compile(rf'[^,}}"{line}]*+')


_COMPACT = _Layout(r" \t", "")
_DUMP = _Layout(r" \t\r\n", r"\r\n")


def read(
    text: str,
    shape: Shape | None,
    limits: Limits = DEFAULT_LIMITS,
    tally: Tally | None = None,
    reading: Reading = STRICT,
) -> Any:
    """Return the value of a document that is not empty.

    :param tally: the rest of the limits, for a document that is part of another one.
    :param reading: how strictly it is read. Relaxed, a bare text may contain quotes, and a record may be followed by other text.
    :raises DecodeError: when the text is not JSV, a value is not of its shape, or a limit is exceeded.
    """
    tally = tally or Tally(limits)
    if isinstance(shape, Reference):
        shape = shape.record
    if isinstance(shape, Anything):
        shape = None
    depth = min(limits.depth, MAX_DEPTH)
    if shape is None and text.lstrip(" \t\r\n")[:1] not in ("{", "["):
        shape = Text()
    if shape is None or isinstance(shape, (Record, MapOf, ListOf)):
        return _Reader(text, shape, depth, tally, reading).document(shape)
    raw = _root_text(text, depth, tally)
    return raw if isinstance(shape, Text) else _root_scalar(text, raw, shape)


def _root_text(text: str, depth: int, tally: Tally) -> str:
    if text[0] == '"':
        match = _QUOTED.match(text)
        if match is None:
            raise DecodeError.at("a quote is not closed", text, 0)
        if match.end() != len(text):
            raise DecodeError.at("text after the end of the document", text, match.end())
        return match[1].replace('""', '"')
    if '"' in text and text[0] not in "{[":
        raise DecodeError.at("a quote inside a text that does not begin with one", text, text.index('"'))
    if text[0] in "{[":
        end = balanced_end(text, 0, depth, tally)
        if end != len(text):
            raise DecodeError.at("text after the end of the document", text, end)
    return text


def _root_scalar(text: str, raw: str, shape: Shape) -> Any:
    try:
        return scalars.reader(shape)(raw)
    except ValueError as error:
        raise DecodeError.at(str(error), text, 0) from None


def balanced_end(text: str, position: int, depth: int, tally: Tally) -> int:
    """Return the position after the bracket that closes the one at `position`, ignoring brackets in quotes. Count the content.

    :param depth: the levels of nesting that are left.
    """
    closers: list[str] = []
    for match in MARKS.finditer(text, position):
        mark, problem = match[1], ""
        if mark == ",":
            problem = tally.add_item() if closers[-1] == "]" else tally.add_name()
        elif mark in _CLOSING:
            closers.append(_CLOSING[mark])
            if mark == "[":
                tally.begin_list()
            problem = "nested too deeply" if len(closers) > depth else tally.add_mark(text, match.end() - 1)
        elif mark:
            if closers.pop() != mark:
                raise DecodeError.at(f"'{mark}' closes nothing here", text, match.end() - 1)
            if mark == "]":
                tally.end_list()
            if not closers:
                return match.end()
        if problem:
            raise LimitPassed.at(problem, text, match.end() - 1)
    quote = _unclosed_quote(text, position)
    if quote >= 0:
        raise DecodeError.at("a quote is not closed", text, quote)
    raise DecodeError.at("a bracket is not closed", text, position)


def _unclosed_quote(text: str, start: int) -> int:
    return text.rindex('"', start) if text.count('"', start) % 2 else -1


class _Reader:
    def __init__(self, text: str, shape: Shape | None, depth: int, tally: Tally, reading: Reading) -> None:
        self.text = text
        self.end = len(text)
        self.depth = depth
        self.tally = tally
        self.relaxed = reading.relaxed
        self.drop = reading.drop
        self.broken = False
        self.path: list[str | int] = []
        self.layout = _DUMP if _is_dump(text, shape) else _COMPACT

    def document(self, shape: Shape | None) -> Any:
        start = _DUMP.blanks.match(self.text).end()  # type: ignore[union-attr]
        if start == self.end:
            self.fail("nothing but blanks", 0)
        if isinstance(shape, ListOf) and self.text[start] != "[":
            value, position = self.bare_list(shape.item, start if self.layout.dump else 0)
        else:
            value, position = self.value(shape, start, in_list=False)
        position = _DUMP.blanks.match(self.text, position).end()  # type: ignore[union-attr]
        if position < self.end and not (self.relaxed and isinstance(shape, Record)):
            self.fail("text after the end of the document", position)
        return value

    def value(self, shape: Shape | None, position: int, *, in_list: bool) -> tuple[Any, int]:
        """Return a value of the shape and the position of the `,` or bracket after it."""
        if isinstance(shape, Reference):
            shape = shape.record
        if isinstance(shape, Anything):
            shape = None
        start = self.skip(position)
        mark = self.text[start : start + 1]
        if isinstance(shape, Record) and mark == "{":
            return self.record(shape, start)
        if mark == "{" and (shape is None or isinstance(shape, MapOf)):
            return self.mapping(shape, start)
        if mark == "[" and (shape is None or isinstance(shape, ListOf)):
            return self.brackets(shape.item if shape else None, start)
        raw, quoted, after = self.raw(position, start, mark, in_list=in_list)
        if raw is None:
            return None, after
        try:
            return self.convert(shape, raw, start, quoted=quoted, mark=mark), after
        except DecodeError as error:
            if self.drop is None or not self.path or in_list:
                raise
            self.drop(error.path)
            return None, after

    def convert(self, shape: Shape | None, raw: str, position: int, *, quoted: bool, mark: str) -> Any:
        if shape is None or isinstance(shape, Text):
            return raw
        if isinstance(shape, ListOf):
            # ServiceStack reads a single item without brackets; further items of a longer list would be lost.
            if isinstance(shape.item, Text) and mark not in ("{", "[") and (quoted or raw == raw.strip()):
                return [raw]
            if isinstance(shape.item, (Record, MapOf, ListOf, Reference)) or mark in _STRUCTURAL:
                self.fail("expected a list in brackets", position, value=True)
            return [self.convert(shape.item, raw, position, quoted=quoted, mark=mark)]
        if isinstance(shape, (Record, MapOf, Reference)):
            self.fail("expected an object in braces", position, value=True)
        try:
            return scalars.reader(shape)(raw)
        except ValueError as error:
            self.fail(str(error), position, value=True)

    def raw(self, position: int, start: int, mark: str, *, in_list: bool) -> tuple[str | None, bool, int]:
        """Return the text of a value (None if absent), whether it was quoted, and the position of the mark that ends it."""
        text = self.text
        if mark == '"':
            raw, after = self.quoted(start)
            return raw, True, self.skip(after)
        if mark in ("{", "["):
            after = balanced_end(text, start, self.depth, self.tally)
            return text[start:after], False, self.skip(after)
        begin = start if self.layout.dump else position
        after = self.bare_end(begin, in_list=in_list)
        raw = text[begin:after]
        if self.layout.dump:
            return raw.rstrip(" \t") or None, False, self.skip(after)
        return raw or None, False, after

    def bare_end(self, position: int, *, in_list: bool) -> int:
        """Return the position after a bare text. Relaxed, it may contain quotes, unless they could enclose a comma or bracket."""
        pattern = self.layout.in_list if in_list else self.layout.in_record
        after = begin = pattern.match(self.text, position).end()  # type: ignore[union-attr]
        while self.relaxed and self.text[after : after + 1] == '"':
            begin = after
            after = pattern.match(self.text, after + 1).end()  # type: ignore[union-attr]
            if self.text[after : after + 1] == '"':
                after = pattern.match(self.text, after + 1).end()  # type: ignore[union-attr]
            elif self.text.find('"', after) >= 0:
                return begin
        return after

    def quoted(self, position: int) -> tuple[str, int]:
        match = _QUOTED.match(self.text, position)
        if match is None:
            self.fail("a quote is not closed", position)
        raw = match[1]
        return (raw.replace('""', '"') if '"' in raw else raw), match.end()

    def record(self, shape: Record, start: int) -> tuple[dict[str, Any], int]:
        names = names_of(shape)
        value: dict[str, Any] = {}

        def member(name: str, position: int) -> int:
            wire_name = names.get(name) or names.get(name.casefold())
            if wire_name is None:
                return self.skip_value(position)
            value[wire_name], position = self.value(shape.fields[wire_name], position, in_list=False)
            return position

        return value, self.members(start, member, keep_blanks=False)

    def mapping(self, shape: MapOf | None, start: int) -> tuple[dict[Any, Any], int]:
        read_key = scalars.reader(shape.key) if shape else str
        value: dict[Any, Any] = {}

        def member(name: str, position: int) -> int:
            try:
                key = read_key(name)
            except ValueError as error:
                self.fail(str(error), position, value=True)
            value[key], position = self.value(shape.value if shape else None, position, in_list=False)
            return position

        return value, self.members(start, member, keep_blanks=not self.layout.dump)

    def members(self, start: int, member: Callable[[str, int], int], *, keep_blanks: bool) -> int:
        """Call `member` with each name and the position after its colon. Return the position after the object."""
        self.enter(start)
        position = self.skip(start + 1)
        if self.text[position : position + 1] == "}":
            return self.leave(position)
        position = start + 1 if keep_blanks else position
        while True:
            depth, lists = len(self.path), self.tally.lists
            try:
                start_of_name = position
                name, position = self.name(position, keep_blanks=keep_blanks)
                self.count(self.tally.add_name(), start_of_name)
                self.path.append(name)
                position = member(name, position)
                self.path.pop()
            except LimitPassed:
                raise
            except DecodeError:
                if self.drop is None:
                    raise
                self.stop(wire_path(self.path))
                del self.path[depth:]
                self.tally.lists = lists
            mark = self.text[position : position + 1]
            if mark == "}" and not self.broken:
                return self.leave(position)
            if mark != "," and self.drop is not None and not self.broken:
                self.stop("")
            if self.broken:
                return self.leave(self.end)
            if mark != ",":
                self.fail("expected ',' or '}'" if mark else "a brace is not closed", position if mark else start)
            position += 1

    def stop(self, path: str) -> None:
        """Drop the rest of the document."""
        assert self.drop is not None
        self.drop(path)
        self.broken = True

    def name(self, position: int, *, keep_blanks: bool) -> tuple[str, int]:
        start = self.skip(position)
        if self.text[start : start + 1] == '"':
            name, after = self.quoted(start)
            after = self.skip(after)
        else:
            after = self.layout.name.match(self.text, position if keep_blanks else start).end()  # type: ignore[union-attr]
            name = self.text[position:after] if keep_blanks else self.text[start:after].rstrip(" \t")
            after = self.skip(after)
            if not name:
                self.fail("expected a name", start)
        if self.text[after : after + 1] != ":":
            self.fail("a name without a colon", after)
        return name, after + 1

    def brackets(self, item: Shape | None, start: int) -> tuple[list[Any], int]:
        self.enter(start)
        position = self.skip(start + 1)
        if self.text[position : position + 1] == "]" and (
            position == start + 1 or self.layout.dump or _holds_records(item)
        ):
            return [], self.leave(position)
        value, position = self.item_sequence(item, start + 1)
        if self.text[position : position + 1] != "]":
            at_end = position == self.end
            self.fail("a bracket is not closed" if at_end else "expected ',' or ']'", start if at_end else position)
        return value, self.leave(position)

    def bare_list(self, item: Shape, position: int) -> tuple[list[Any], int]:
        """Return a list without brackets at the root: the items up to the end of the document."""
        if not self.layout.dump and not self.text.strip(" \t"):
            self.fail("expected a list", position)
        return self.item_sequence(item, position)

    def item_sequence(self, item: Shape | None, position: int) -> tuple[list[Any], int]:
        """Return items separated by commas, and the position after the last one."""
        value: list[Any] = []
        self.tally.begin_list()
        while True:
            self.path.append(len(value))
            start = position
            self.count(self.tally.add_item(), start)
            read, position = self.value(item, position, in_list=True)
            if read is None and value and _holds_records(item) and self.text[position : position + 1] != ",":
                self.fail("a comma behind the last record", start - 1)
            self.path.pop()
            value.append(read)
            if self.text[position : position + 1] != ",":
                self.tally.end_list()
                return value, position
            position += 1

    def skip_value(self, position: int) -> int:
        """Return the position after a value that is ignored."""
        start = self.skip(position)
        return self.raw(position, start, self.text[start : start + 1], in_list=False)[2]

    def skip(self, position: int) -> int:
        return self.layout.blanks.match(self.text, position).end()  # type: ignore[union-attr]

    def enter(self, position: int) -> None:
        self.depth -= 1
        if self.depth < 0:
            raise LimitPassed.at("nested too deeply", self.text, position)

    def leave(self, position: int) -> int:
        """Leave a list or object whose closing bracket is at `position`. Return the position of the next mark."""
        self.depth += 1
        return self.skip(position + 1)

    def count(self, problem: str, position: int) -> None:
        if problem:
            raise LimitPassed.at(problem, self.text, position)

    def fail(self, message: str, position: int, *, value: bool = False) -> NoReturn:
        """Raise the error of a malformed text, or, with a path, of a value that does not fit its shape."""
        raise DecodeError.at(message, self.text, position, wire_path(self.path) if value else "")


def _is_dump(text: str, shape: Shape | None) -> bool:
    if LINE_BREAK_OUTSIDE_QUOTES.match(text.strip(" \t\r\n")):
        return True
    records = isinstance(shape, Record) or (isinstance(shape, ListOf) and _holds_records(shape.item))
    return records and _INDENTED_NAME.match(text) is not None


def _holds_records(shape: Shape | None) -> bool:
    return isinstance(shape, (Record, Reference))
