"""Schemas of documents in a dialect: the names of their properties, and the form of their values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apispec.ext.marshmallow.openapi import OpenAPIConverter

from gateway.contract import fields
from gateway.contract.naming import pascal_case
from serializers.dialect import DEFAULT, Dialect
from serializers.shape import Record

_TEXT: Mapping[str, Any] = {"type": "string"}
_NUMBER: Mapping[str, Any] = {"type": "integer"}
#: JSON Schema of points in time, by the dialect's dates; the default is a date-time.
_DATES: Mapping[str, Mapping[str, Any]] = {
    "wcf": _TEXT,
    "dcjs": _TEXT,
    "datetime": _TEXT,
    "rfc1123": _TEXT,
    "date": {"type": "string", "format": "date"},
    "unix": _NUMBER,
    "unix_ms": _NUMBER,
}


class Converter(OpenAPIConverter):
    """apispec's converter of schemas, in a dialect.

    :ivar dialect: the dialect of the documents that the schemas describe.
    """

    dialect: Dialect = DEFAULT

    def fields2jsonschema(self, fields: Mapping[str, Any], *, partial: Any = None) -> dict[str, Any]:
        """Return the schema of an object, its properties named as in documents."""
        schema: dict[str, Any] = super().fields2jsonschema(fields, partial=partial)  # type: ignore[no-untyped-call]
        spell = self.dialect.speller(Record("", {}, names=_map_declared_names(fields)))
        schema["properties"] = {spell(name): property_schema for name, property_schema in schema["properties"].items()}
        if "required" in schema:
            schema["required"] = sorted(map(spell, schema["required"]))
        return schema

    def convert_value(self, field: Any, ret: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """Return the schema of a field's value in the dialect, if it differs from the schema of its type."""
        if isinstance(field, fields.Enum) and self.dialect.enums == "number":
            numbers = list(field.enum.numbers().values())
            return {
                "type": _allow_null("integer", ret),
                "enum": [*numbers, None] if None in ret.get("enum", ()) else numbers,
            }
        value_schema = self._find_value_schema(getattr(field, "dotnet", ""))
        if value_schema is None:
            return {}
        ret.pop("format", None)
        return {**value_schema, "type": _allow_null(value_schema["type"], ret)}

    def _find_value_schema(self, dotnet: str) -> Mapping[str, Any] | None:
        if dotnet == "DateTime":
            return _DATES.get(self.dialect.dates)
        return _TEXT if dotnet == "TimeSpan" and self.dialect.durations == "standard" else None


def _map_declared_names(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return the .NET names of fields by their wire names."""
    return {
        str(field.data_key or name): getattr(field, "declared_name", "") or pascal_case(name)
        for name, field in fields.items()
    }


def _allow_null(kind: str, schema: Mapping[str, Any]) -> Any:
    """Return the type, with null if the schema allows it."""
    return [kind, "null"] if "null" in (schema.get("type") or ()) else kind
