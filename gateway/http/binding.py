"""From the parts of a request to the values of its DTO, by wire name.

One value may come from several places; the later wins: body, path, query, form. On pre-defined routes the query fills only what the
body left out. Names match in any letter case, unknown ones are ignored (docs/http.rst, "Bodies in").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from gateway.contract.catalog import Operation
from gateway.errors import FieldError, MalformedRequest, ValidationFailed
from gateway.http import bodies, forms
from gateway.http.request import Request
from serializers import jsv, shape
from serializers.base import DEFAULT_LIMITS, Limits
from serializers.errors import DecodeError
from serializers.registry import Registry

Pairs = Iterable[tuple[str, str | None]]


def read_values(
    request: Request, operation: Operation, path: Mapping[str, str], registry: Registry, limit: int, *, predefined: bool
) -> dict[str, Any]:
    """The values of one request by wire name.

    :param path: the path's values by wire name.
    Raises MalformedRequest, ValidationFailed, TooLarge, UnsupportedMedia."""
    data = bodies.read(request, limit)
    values: dict[str, Any] = {}
    form = forms.form(request, data)
    if form is None and data.strip():
        values = decode(data, operation.request_shape, request, registry, limit)
    query = from_pairs(request.pairs, operation) if request.query_string else {}
    if predefined:
        values = {**query, **values, **path}
    else:
        values.update(path)
        values.update(query)
    if form:
        values.update(from_pairs(form, operation))
    return values


def path_names(operation: Operation, declared: Sequence[str]) -> tuple[str | None, ...]:
    """The wire names that a route's variables bind to, in order; None for a variable that the request has no field for."""
    members = _members(operation)
    return tuple(members[name.lower()][0] if name.lower() in members else None for name in declared)


def read_batch(request: Request, operation: Operation, registry: Registry, limit: int) -> list[dict[str, Any]]:
    """The values of every request of a batch."""
    data = bodies.read(request, limit)
    if not data.strip():
        return []
    items = decode(data, _batch_shape(operation.request_shape), request, registry, limit)
    if None in items:
        raise MalformedRequest(
            f"The batch can't be read: number {items.index(None)} is null where an object was expected."
        )
    return items  # type: ignore[no-any-return]


@cache
def _batch_shape(record: shape.Record) -> shape.ListOf:
    return shape.ListOf(record)


def decode(data: bytes, expected: shape.Shape, request: Request, registry: Registry, limit: int) -> Any:
    """The body's value. Raises MalformedRequest that says where the body is wrong."""
    serializer = bodies.serializer_of(request, data, registry)
    limits = DEFAULT_LIMITS if limit == DEFAULT_LIMITS.bytes else Limits(bytes=limit)
    try:
        value = serializer.decode(data, expected, limits=limits)
    except DecodeError as error:
        raise malformed(error, serializer.name) from error
    if value is None:
        raise malformed(DecodeError("null where something was expected"), serializer.name)
    return value


def malformed(error: DecodeError, format_name: str) -> MalformedRequest:
    """The service's error of a document that can't be read."""
    place = f"line {error.line}, column {error.column}, position {error.position}"
    message = f"The {format_name.upper()} body can't be read: {error.message} ({place})"
    errors = [FieldError(MalformedRequest.error_code, error.path, error.message)] if error.path else []
    return MalformedRequest(message, errors)


def from_pairs(given: Pairs, operation: Operation) -> dict[str, Any]:
    """Values by wire name. Raises ValidationFailed with one failure for each member whose text can't be read."""
    members = _members(operation)
    texts: dict[str, list[str]] = {}
    for name, text in given:
        found = members.get(name.removesuffix("[]").lower())
        if found is not None and text is not None:
            texts.setdefault(found[0], []).append(text)
    values: dict[str, Any] = {}
    failures: list[FieldError] = []
    for wire_name, each in texts.items():
        try:
            _bind(values, wire_name, each, members[wire_name.lower()][1])
        except DecodeError:
            message = f"'{each[-1][:200]}' is an Invalid value for '{wire_name}'"
            failures.append(FieldError(MalformedRequest.error_code, wire_name, message))
    if failures:
        raise ValidationFailed(operation.name, failures)
    return values


@cache
def _members(operation: Operation) -> Mapping[str, tuple[str, shape.Shape]]:
    members = {wire.lower(): (wire, each) for wire, each in operation.request_shape.fields.items()}
    return members | {alias.lower(): members[wire.lower()] for alias, wire in operation.dto.aliases.items()}


def _bind(values: dict[str, Any], wire_name: str, texts: list[str], expected: shape.Shape) -> None:
    if isinstance(expected, shape.Text):
        values[wire_name] = texts[-1]
    elif isinstance(expected, shape.ListOf):
        lists = [jsv.loads_member(text, expected) for text in texts if text]
        if lists:
            values[wire_name] = [item for items in lists for item in items or []]
    elif isinstance(expected, shape.MapOf) and texts[-1][:1] not in ("", "{"):
        values[wire_name] = jsv.loads_member(f"{{{texts[-1]}}}", expected)
    elif texts[-1]:
        values[wire_name] = jsv.loads_member(texts[-1], expected)
