"""Writers compiled from shapes: one walk over the fields, Python source out, one function a record.

JSON and JSV differ in punctuation and in their scalars only, so both are dialects of the walk made here. The source is
made of the shape alone, never of a document; names reach it as literals by `repr`. Compiled functions come in two modes:
they read the fields of objects as attributes, or those of dicts as items.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
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

    def inline(self, shape: Shape, variable: str, writer: str) -> str:
        """The source of a scalar's text; `writer` names what `scalar` returned."""
        del shape
        return f"{writer}({variable})"

    def fields(self, texts: list[str]) -> tuple[str, Mapping[str, str]] | None:
        """A test that holds when none of a record's texts (variables) needs care, and the source of each one then."""
        del texts
        return None


class Compiler:
    """Makes the functions of one shape and of all shapes inside it."""

    def __init__(self, dialect: Dialect, *, attributes: bool, namespace: Mapping[str, Any]) -> None:
        self.dialect = dialect
        self.attributes = attributes
        self.namespace: dict[str, Any] = dict(namespace)
        self._functions: dict[Shape, str] = {}
        self._enclosing: dict[str, Record] = {}

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

    def expression(self, shape: Shape, variable: str) -> str:
        """The source of the text of a variable that is not null."""
        if isinstance(shape, shapes.Reference):
            shape = self._enclosing[shape.name]
        if isinstance(shape, shapes.Record):
            return f"{self._record(shape)}({variable})"
        if isinstance(shape, shapes.ListOf):
            return self._list(shape, variable)
        if isinstance(shape, shapes.MapOf):
            return self._map(shape, variable)
        return self.dialect.inline(shape, variable, self._constant(shape, self.dialect.scalar))

    def _constant(self, shape: Shape, make: Callable[[Shape], TextWriter]) -> str:
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
        enclosing = self._enclosing.get(shape.name)
        self._enclosing[shape.name] = shape
        source = self._record_source(name, shape)
        if enclosing is not None:
            self._enclosing[shape.name] = enclosing
        exec(source, self.namespace)  # noqa: S102  (made of the shape alone)
        return name

    def _record_source(self, function: str, shape: Record) -> str:
        lines = [f"def {function}(o):"]
        if not self.attributes:
            lines.append("    get = o.get")
        variables: dict[str, Shape] = {}
        names: dict[str, str] = {}
        for number, (name, field) in enumerate(shape.fields.items()):
            variable = f"v{number}"
            attribute = shape.attributes.get(name, name)
            lines.append(f"    {variable} = " + (f"o.{attribute}" if self.attributes else f"get({name!r})"))
            variables[variable] = field
            names[variable] = self.dialect.name(name)
        texts = [variable for variable, field in variables.items() if isinstance(field, shapes.Text)]
        quick = self.dialect.fields(texts)
        if quick:
            test, sources = quick
            lines += [f"    if {test}:", f"        return {self._record_text(variables, names, sources)}"]
        lines.append(f"    return {self._record_text(variables, names, {})}")
        return "\n".join(lines) + "\n"

    def _record_text(self, variables: Mapping[str, Shape], names: Mapping[str, str], sources: Mapping[str, str]) -> str:
        members = [
            f"('' if {variable} is None else {',' + names[variable]!r} + "
            f"({sources.get(variable) or self.expression(field, variable)}))"
            for variable, field in variables.items()
        ]
        if not members:
            return "'{}'"
        return f"'{{' + ''.join(({', '.join(members)},))[1:] + '}}'"


def rows(value: Any) -> Any:
    """A list's items; a text, a dict or anything else that is no list is refused."""
    if isinstance(value, (list, tuple)):
        return value
    raise EncodeError(f"a {type(value).__name__} is not a list")
