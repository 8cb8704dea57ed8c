"""The rules of a DTO's field as keywords of JSON Schema (2020-12), which OpenAPI 3.1 uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.contract import fields, rules
from gateway.contract.dto import Dto
from gateway.contract.enums import make_choice

Keywords = dict[str, Any]

#: Keywords that exclude the empty value, by the type of the value.
_FILLED: Mapping[str, Keywords] = {
    "string": {"minLength": 1, "pattern": r"\S"},
    "array": {"minItems": 1},
    "object": {"minProperties": 1},
}

#: JSON Schemas of .NET's scalars that marshmallow has no fields for.
_SCALARS: Mapping[str, Keywords] = {
    **{f"UInt{bits}": {"type": "integer", "minimum": 0, "maximum": (1 << bits) - 1} for bits in (16, 32, 64)},
    "Byte": {"type": "integer", "minimum": 0, "maximum": 255},
    "Single": {"type": "number", "format": "float"},
    "Double": {"type": "number", "format": "double"},
    "Decimal": {"type": "number"},
    "DateTime": {"type": "string", "format": "date-time"},
    "DateTimeOffset": {"type": "string", "format": "date-time"},
    "DateOnly": {"type": "string", "format": "date"},
    "TimeSpan": {"type": "string", "format": "duration"},
    "TimeOnly": {"type": "string", "format": "duration"},
    "Char": {"type": "string", "minLength": 1, "maxLength": 1},
    "Uri": {"type": "string", "format": "uri-reference"},
    "Type": {"type": "string"},
    "String": {"type": "string"},
    "Stream": {"type": "string", "contentEncoding": "base64"},
    "Guid": {"type": "string", "format": "uuid"},
    "Byte[]": {"type": "string", "contentEncoding": "base64"},
}


#: A sum of members.
_FLAGS: Keywords = {"type": "integer", "minimum": -(1 << 31), "maximum": (1 << 31) - 1}


def is_required(field: fields.AnyField) -> bool:
    """Return whether a request without the field is refused, or is declared to be."""
    if any(isinstance(rule, rules.NotNull | rules.NotEmpty) for rule in field.validators):
        return True
    member, api_member = getattr(field, "data_member", None), _get_api_member(field)
    return bool((member and member.is_required) or (api_member and api_member.is_required))


def _get_api_member(field: fields.AnyField) -> fields.ApiMember | None:
    return getattr(field, "api_member", None)


def _list_members(field: Any) -> Keywords:
    """Return the members of an enum as documents contain them."""
    choice = make_choice(field.enum)
    values: list[Any] = [*choice.members.values()] if choice.numbered else [*map(choice.text_of, choice.members)]
    nulls = [None] if field.allow_none and not is_required(field) else []
    kind = "integer" if choice.numbered else "string"
    return {"enum": values + nulls, "type": [kind, "null"] if nulls else kind}


def list_required(dto: type[Dto]) -> list[str]:
    """Return the wire names of a request's required fields."""
    return [str(field.data_key) for field in dto.schema().fields.values() if is_required(field)]


def build_keywords(field: fields.AnyField, kind: str) -> Keywords:
    """Return the constraints of a value.

    :param kind: JSON Schema's type of the value.
    """
    schema: Keywords = {}
    scalar = _FLAGS if isinstance(field, fields.Flags) else _SCALARS.get(getattr(field, "dotnet", ""))
    if scalar:
        schema |= scalar if is_required(field) or not field.allow_none else {**scalar, "type": [scalar["type"], "null"]}
    if isinstance(field, fields.Enum):
        schema |= _list_members(field)
    if (api_member := _get_api_member(field)) is not None and api_member.format:
        schema["format"] = api_member.format
    if isinstance(field, fields.Integer):
        schema |= {"minimum": -(1 << (field.bits - 1)), "maximum": (1 << (field.bits - 1)) - 1}
    for rule in field.validators:
        schema |= _convert_rule(rule, kind)
    return {name: value for name, value in schema.items() if (name, value) != ("minLength", 0)}


def collect_examples(dto: type[Dto]) -> dict[str, Any]:
    """Return examples for a request's fields with constraints beyond their type, by wire name."""
    values = {str(field.data_key): _find_example(field) for field in dto.schema().fields.values()}
    return {wire: value for wire, value in values.items() if value}


def _find_example(field: fields.AnyField) -> Any:
    if isinstance(field, fields.List):
        item = _find_example(field.inner)
        return [item] if item else None
    if isinstance(field, fields.String) and field.example:
        return field.example
    exemplary = (rule for rule in field.validators if isinstance(rule, rules.Email | rules.Date | rules.Instant))
    return next((rule.example for rule in exemplary), None)


def _convert_rule(rule: object, kind: str) -> Keywords:
    """Return the keywords of a rule; none if JSON Schema can't express it."""
    match rule:
        case rules.NotEmpty():
            return _FILLED.get(kind, {})
        case rules.Email():
            return {"format": "email", "maxLength": rule.longest}
        case rules.Length():
            return {"minLength": rule.minimum, "maxLength": rule.maximum}
        case rules.GreaterThan():
            return {"exclusiveMinimum": rule.bound}
        case rules.GreaterThanOrEqual():
            return {"minimum": rule.bound}
        case rules.InclusiveBetween():
            return {"minimum": rule.low, "maximum": rule.high}
        case rules.Matches():
            return {"pattern": f"^(?:{rule.pattern})$"}
        case rules.AtMost():
            return {"maxItems": rule.maximum}
        case rules.Date():
            return {"format": "date"}
        case rules.Instant():
            return {"format": "date-time"}
    return {}
