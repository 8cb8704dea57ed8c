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
        found: dict[str, Any] = super().fields2jsonschema(fields, partial=partial)  # type: ignore[no-untyped-call]
        spell = self.dialect.speller(Record("", {}, names=_declared(fields)))
        found["properties"] = {spell(name): schema for name, schema in found["properties"].items()}
        if "required" in found:
            found["required"] = sorted(map(spell, found["required"]))
        return found

    def spelled(self, field: Any, ret: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """Return the schema of a field's value in the dialect, if it differs from the schema of its type."""
        if isinstance(field, fields.Enum) and self.dialect.enums == "number":
            numbers = list(field.enum.numbers().values())
            return {
                "type": _typed("integer", ret),
                "enum": [*numbers, None] if None in ret.get("enum", ()) else numbers,
            }
        known = self._known(getattr(field, "dotnet", ""))
        if known is None:
            return {}
        ret.pop("format", None)
        return {**known, "type": _typed(known["type"], ret)}

    def _known(self, dotnet: str) -> Mapping[str, Any] | None:
        if dotnet == "DateTime":
            return _DATES.get(self.dialect.dates)
        return _TEXT if dotnet == "TimeSpan" and self.dialect.durations == "standard" else None


def _declared(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return the .NET names of fields by their wire names."""
    return {
        str(field.data_key or name): getattr(field, "declared_name", "") or pascal_case(name)
        for name, field in fields.items()
    }


def _typed(kind: str, schema: Mapping[str, Any]) -> Any:
    """Return the type, with null if the schema allows it."""
    return [kind, "null"] if "null" in (schema.get("type") or ()) else kind
