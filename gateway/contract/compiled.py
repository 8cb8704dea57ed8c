"""Compile schemas: make Python source from a schema's fields that does what marshmallow's ``dump`` and ``load`` do, much faster.

marshmallow walks a schema's fields anew for each document, with several calls for each value. Here every field becomes one expression
for the usual case: the attribute holds a text, and the text is not longer than its maximum. marshmallow remains the fallback and the
reference. In any other case (a value of another type, a broken rule, a document that is not a ``dict``) the compiled function gives up and
marshmallow processes the whole document, so results and messages are marshmallow's. For a field of an unknown kind, the function calls the
field's methods. A schema with hooks, or with fields of other packages, is not compiled.

Rules must be pure: whether a rule accepts null is determined once, when the schema is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import marshmallow
from marshmallow import fields as base

from gateway.contract import fields
from gateway.contract.rules import AtMost, Email, Length, Rule, matches_email

Dump = Callable[[Any], dict[str, Any]]
Load = Callable[[Mapping[str, Any]], dict[str, Any]]
ItemsDump = Callable[[list[Any]], list[Any]]

_TEXT = frozenset([str])


class _Source:
    """The source of one function, and the objects that it uses."""

    def __init__(self, items_dumps: dict[marshmallow.Schema, ItemsDump] | None = None) -> None:
        self.names: dict[str, Any] = {}
        self.items_dumps = {} if items_dumps is None else items_dumps

    def name(self, value: Any) -> str:
        """Return a name for an object in the source."""
        name = f"_{len(self.names)}"
        self.names[name] = value
        return name

    def compile_function(self, lines: Iterator[str]) -> Any:
        """Return the function ``run`` with these lines. They contain only generated names and reprs of strings, no values of documents."""
        exec("\n".join(lines), self.names)  # noqa: S102
        return self.names["run"]


class Unusual(Exception):
    """A compiled function gives up, and marshmallow takes over."""


class _Readable(set[type]):
    """Classes whose objects are read by attribute. marshmallow tries ``obj[name]`` first, so objects that can be indexed are left to it,
    except named tuples: a tuple has no items with names.
    """

    def learn(self, objects: list[Any]) -> None:
        """Check the objects' classes, each once. Raises Unusual for a class that can be indexed."""
        classes = set(map(type, objects))
        if any(getattr(cls, "__getitem__", tuple.__getitem__) is not tuple.__getitem__ for cls in classes):
            raise Unusual
        self |= classes


_readable = _Readable()


def compile_dump(schema: marshmallow.Schema) -> Dump:
    """Return a ``schema.dump`` for one object, optimized for objects whose attributes have the fields' types."""
    if not _is_plain(schema, schema.dump_fields):
        return schema.dump
    source = _Source()
    source.names |= {"readable": _readable, "whole": schema.dump, "Unusual": Unusual}
    run: Dump = source.compile_function(_dump_lines(schema, source))
    return run


def _dump_lines(schema: marshmallow.Schema, source: _Source) -> Iterator[str]:
    yield "def run(o):"
    yield "  try:"
    yield "    if type(o) not in readable: readable.learn([o])"
    yield f"    return {_write_members(schema, source)}"
    yield "  except (AttributeError, Unusual):"
    yield "    return whole(o)"


def _write_members(schema: marshmallow.Schema, source: _Source) -> str:
    """Return the expression for the dict of an object ``o``."""
    members = schema.dump_fields.items()
    return "{" + ", ".join(f"{field.data_key!r}: {_write_member(field, name, source)}" for name, field in members) + "}"


def _write_member(field: base.Field[Any], name: str, source: _Source) -> str:
    """Return the expression for one member of an object ``o``."""
    if type(field) is fields.Boolean:
        return f"o.{name}"
    call = f"{source.name(field._serialize)}(v, {name!r}, o)"
    usual = call
    if type(field) in _UNCHANGED_TYPES:
        usual = f"v if type(v) is {_UNCHANGED_TYPES[type(field)]} else {call}"
    elif type(field) is fields.Nested:
        usual = f"{source.name(_compile_items_dump(field.schema, source))}([v])[0]"
    elif type(field) is fields.List and type(field.item) is fields.Nested:
        usual = f"{source.name(_compile_items_dump(field.item.schema, source))}(v) if type(v) is list else {call}"
    elif type(field) is fields.List and type(field.item) is fields.String:
        usual = f"v.copy() if type(v) is list and {source.name(_TEXT.issuperset)}(map(type, v)) else {call}"
    elif type(field) is fields.Map and type(field.key_field) is type(field.value_field) is fields.String:
        usual = f"v.copy() if type(v) is dict and {source.name(_holds_texts)}(v) else {call}"
    return f"None if (v := o.{name}) is None else {usual}"


def _holds_texts(values: dict[Any, Any]) -> bool:
    # PERF: a plain loop; a generator costs twice as much for a few members.
    for key, value in values.items():  # noqa: SIM110
        if type(key) is not str or type(value) is not str:
            return False
    return True


#: Values that are dumped unchanged: the value's class, by the class of the field.
_UNCHANGED_TYPES: Mapping[type[base.Field[Any]], str] = {
    fields.String: "str",
    fields.Enum: "str",
    fields.Integer: "int",
}


def _compile_items_dump(schema: marshmallow.Schema, source: _Source) -> ItemsDump:
    """Return a function that dumps a list of objects. It raises AttributeError and Unusual instead of falling back to marshmallow."""
    if schema in source.items_dumps:
        return source.items_dumps[schema]
    if not _is_plain(schema, schema.dump_fields):
        return lambda items: [None if item is None else schema.dump(item) for item in items]
    # For a recursive type the function is not made yet, so the source calls it through the table.

    def dump_later(items: list[Any]) -> list[Any]:
        return source.items_dumps[schema](items)

    source.items_dumps[schema] = dump_later
    inner = _Source(source.items_dumps)
    inner.names["readable"] = _readable
    lines = [
        "def run(items):",
        "  if not readable.issuperset(map(type, items)): readable.learn(items)",
        "  found = []",
        "  append = found.append",
        "  for o in items:",
        f"    append({_write_members(schema, inner)})",
        "  return found",
    ]
    dump: ItemsDump = inner.compile_function(iter(lines))
    source.items_dumps[schema] = dump
    return dump


def compile_load(schema: marshmallow.Schema) -> Load:
    """Return a ``schema.load`` for one document. It raises marshmallow's ValidationError, as ``schema.load`` does."""
    if not _is_plain(schema, schema.load_fields) or schema.unknown != marshmallow.EXCLUDE or schema.partial:
        return schema.load
    source = _Source()
    source.names |= {"whole": schema.load, "missing": marshmallow.missing, "matches_email": matches_email}
    source.names["unusual"] = (marshmallow.ValidationError, KeyError, TypeError)
    run: Load = source.compile_function(_load_lines(schema, source))
    return run


def _load_lines(schema: marshmallow.Schema, source: _Source) -> Iterator[str]:
    names = {name: f"v{index}" for index, name in enumerate(schema.load_fields)}
    yield "def run(data):"
    yield "  if type(data) is not dict: return whole(data)"
    yield "  get = data.get"
    yield "  try:"
    yield "    pass"
    for name, field in schema.load_fields.items():
        for line in _load_value(field, names[name], source):
            yield "    " + line
    yield "  except unusual:"
    yield "    return whole(data)"
    yield "  return {" + ", ".join(f"{name!r}: {local}" for name, local in names.items()) + "}"


def _load_value(field: base.Field[Any], local: str, source: _Source) -> Iterator[str]:
    """Yield the lines that bind one value to a local name, or give up."""
    key = repr(field.data_key)
    usual = _LOADERS.get(type(field))
    if usual is None or getattr(field, "initial", None) is not None:
        yield f"{local} = {source.name(field.deserialize)}(get({key}, missing), {key}, data)"
        return
    rules = _list_rules(field)
    yield f"{local} = get({key})"
    yield f"if {local} is not None:"
    for line in usual(field, local, source):
        yield "  " + line
    for line in _check_rules(rules, local, source):
        yield "  " + line
    if not all(map(_passes_null, rules)):
        yield "else: return whole(data)"


def _load_text(field: Any, local: str, _source: _Source) -> Iterator[str]:
    too_long = "" if field.length is None else f" or len({local}) > {field.length}"
    yield f"if type({local}) is not str{too_long}: return whole(data)"


def _load_boolean(_field: Any, local: str, source: _Source) -> Iterator[str]:
    yield f"if {local} is not True and {local} is not False:"
    yield f"  if type({local}) is not str: return whole(data)"
    yield f"  {local} = {source.name(fields.BOOLEANS)}[{local}.lower()]"


def _load_enum(field: Any, local: str, source: _Source) -> Iterator[str]:
    # An unknown or unhashable name raises KeyError or TypeError, and marshmallow takes over.
    yield f"{local} = {source.name(dict(field.enum.__members__))}[{local}]"


def _load_list(field: Any, local: str, source: _Source) -> Iterator[str]:
    yield f"if type({local}) is not list: return whole(data)"
    if type(field.item) is not fields.String:
        deserialize = source.name(field.item.deserialize)
        yield f"{local} = [{deserialize}(i) for i in {local}]"
        return
    yield f"for i in {local}:"
    for line in _load_text(field.item, "i", source):
        yield "  " + line
    for line in _check_rules(_list_rules(field.item), "i", source):
        yield "  " + line
    yield f"{local} = {local}.copy()"


_LOADERS: Mapping[type[base.Field[Any]], Callable[[Any, str, _Source], Iterator[str]]] = {
    fields.String: _load_text,
    fields.Boolean: _load_boolean,
    fields.Enum: _load_enum,
    fields.List: _load_list,
}


def _list_rules(field: Any) -> list[Rule]:
    """Return a field's rules except the length of a text, which is compiled."""
    first = 1 if type(field) is fields.String and field.length is not None else 0
    return list(field.validators[first:])


def _check_rules(rules: list[Rule], local: str, source: _Source) -> Iterator[str]:
    """Yield the lines that call the rules, each only if its test does not show that the value passes."""
    for rule in rules:
        name = source.name(rule)
        test = _PASSES.get(type(rule))
        yield f"{name}({local})" if test is None else f"if not ({test.format(value=local, rule=name)}): {name}({local})"


#: PERF: tests without a call of a function in Python, by the class of the rule.
_PASSES: Mapping[type, str] = {
    AtMost: "len({value}) <= {rule}.maximum",
    Email: "type({value}) is str and len({value}) <= {rule}.longest and matches_email({value})",
    Length: "{rule}.minimum <= len({value}) <= {rule}.maximum",
}


def _passes_null(rule: Rule) -> bool:
    try:
        rule(None)
    except marshmallow.ValidationError:
        return False
    return True


def _is_plain(schema: marshmallow.Schema, members: Mapping[str, base.Field[Any]]) -> bool:
    """Return whether a schema has only fields of this package, without hooks, read by their names."""
    overridden = type(schema).get_attribute is not marshmallow.Schema.get_attribute
    has_only_own_fields = all(
        isinstance(field, fields.DtoField) and field.attribute is None for field in members.values()
    )
    return has_only_own_fields and not overridden and not any(schema._hooks.values()) and not schema.many
