"""What a field of a DTO demands, as keywords of JSON Schema (2020-12), which OpenAPI 3.1 uses."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from marshmallow import fields as base

from gateway.contract import fields
from gateway.contract.dto import Dto

Keywords = dict[str, Any]

#: The rules that refuse null, so that a value must be given.
_DEMANDING = frozenset({"not_null", "not_empty"})

#: A rule's name, as `gateway.contract.rules` has it, and what it says of a value, by the rule's own bounds.
_RULES: Mapping[str, Callable[[Mapping[str, Any]], Keywords]] = {
    "email": lambda _: {"format": "email", "maxLength": 254},
    "length": lambda bounds: {"minLength": bounds["minimum"], "maxLength": bounds["maximum"]},
    "greater_than": lambda bounds: {"exclusiveMinimum": bounds["bound"]},
    "greater_than_or_equal": lambda bounds: {"minimum": bounds["bound"]},
    "inclusive_between": lambda bounds: {"minimum": bounds["low"], "maximum": bounds["high"]},
    "matches": lambda bounds: {"pattern": f"^(?:{bounds['pattern']})$"},
    "at_most": lambda bounds: {"maxItems": bounds["maximum"]},
    "date": lambda _: {"format": "date"},
    "instant": lambda _: {"format": "date-time"},
}
#: What a value that is not empty has, by the type of the value.
_FILLED: Mapping[str, Keywords] = {
    "string": {"minLength": 1, "pattern": r"\S"},
    "array": {"minItems": 1},
    "object": {"minProperties": 1},
}


#: Texts that rules let pass.
_EXAMPLES: Mapping[str, str] = {"email": "ann@example.org", "date": "2026-01-31", "instant": "2026-01-31T12:00:00Z"}

#: How JSON has .NET's scalars that marshmallow has no fields of.
_SCALARS: Mapping[str, Keywords] = {
    **{f"UInt{bits}": {"type": "integer", "minimum": 0, "maximum": (1 << bits) - 1} for bits in (16, 32, 64)},
    "Byte": {"type": "integer", "minimum": 0, "maximum": 255},
    "Single": {"type": "number", "format": "float"},
    "Double": {"type": "number", "format": "double"},
    "Decimal": {"type": "number"},
    "DateTime": {"type": "string", "format": "date-time"},
    "TimeSpan": {"type": "string", "format": "duration"},
    "Guid": {"type": "string", "format": "uuid"},
    "Byte[]": {"type": "string", "contentEncoding": "base64"},
}


def is_required(field: base.Field[Any]) -> bool:
    """Whether a request that does not give the field is refused."""
    return any(name in _DEMANDING for name, _ in _rules(field))


def demanded(dto: type[Dto]) -> list[str]:
    """The wire names of what a request must give."""
    return [str(field.data_key) for field in dto.schema().fields.values() if is_required(field)]


def keywords(field: base.Field[Any], kind: str) -> Keywords:
    """What a value must be.

    :param kind: JSON Schema's type of the value.
    """
    found: Keywords = {}
    if scalar := _SCALARS.get(getattr(field, "dotnet", "")):
        found |= scalar if is_required(field) or not field.allow_none else {**scalar, "type": [scalar["type"], "null"]}
    if isinstance(field, fields.Integer):
        found |= {"minimum": -(1 << (field.bits - 1)), "maximum": (1 << (field.bits - 1)) - 1}
    for name, bounds in _rules(field):
        if name in _RULES:
            found |= _RULES[name](bounds)
        elif name == "not_empty":
            found |= _FILLED.get(kind, {})
    return {name: value for name, value in found.items() if (name, value) != ("minLength", 0)}


def examples(dto: type[Dto]) -> dict[str, Any]:
    """Values of a request's fields that must be more than of their type, by wire name."""
    found = {str(field.data_key): _example(field) for field in dto.schema().fields.values()}
    return {wire: value for wire, value in found.items() if value}


def _example(field: base.Field[Any]) -> Any:
    if isinstance(field, fields.List):
        item = _example(field.inner)
        return [item] if item else None
    if isinstance(field, fields.String) and field.example:
        return field.example
    return next((_EXAMPLES[name] for name, _ in _rules(field) if name in _EXAMPLES), None)


def _rules(field: base.Field[Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The field's rules by name, each with what it was made with."""
    validators: list[Any] = field.validators
    for rule in validators:
        # A rule is a function within the one that made it, and holds its bounds.
        if inspect.isfunction(rule):
            yield rule.__qualname__.partition(".")[0], inspect.getclosurevars(rule).nonlocals
