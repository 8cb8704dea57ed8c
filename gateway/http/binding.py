"""Binding: it converts the parts of a request to the values of its DTO, by wire name.

One value may come from several places; the last one wins: body, path, query, form. On pre-defined routes the query fills only members
that the body omits. Names match in any letter case; unknown names are ignored (docs/http.rst, "Request bodies").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from gateway.contract.catalog import Operation
from gateway.errors import FieldError, MalformedRequest, ValidationFailed
from gateway.http import bodies, forms, leniency
from gateway.http.negotiation import media_type
from gateway.http.request import Request
from serializers import json, jsv, shape
from serializers.base import DEFAULT_LIMITS, Limits
from serializers.errors import DecodeError, LimitPassed
from serializers.registry import Registry
from serializers.renaming import in_snake
from serializers.tally import Tally

#: A member's wire name and shape.
_Member = tuple[str, shape.Shape]
#: The text in brackets after a name, and the value.
_Given = tuple[str, str]
Pairs = Iterable[tuple[str, forms.Value]]

#: ``members[]``, ``members[0]``: a list's item by its index; ``meta[key]``: a map's entry.
_SUBSCRIPT = re.compile(r"([^\[\]]+)\[([^\[\]]*)\]")
#: An object, or a list of them, whose first name has no quotes.
_BEGINS_LIKE_JSV = re.compile(rb"\s*\[?\s*\{\s*[A-Za-z_]\w*\s*:")
_LONGEST_PLACE = 9
_LONGEST_SHOWN = 200


def read_values(
    request: Request,
    operation: Operation,
    path: Mapping[str, str],
    registry: Registry,
    limits: Limits,
    *,
    predefined: bool,
    mode: str = "compatible",
) -> dict[str, Any]:
    """Return the values of one request by wire name.

    :param mode: how strictly they are read (`gateway.http.leniency`).
    :param path: the path's values by wire name.
    Raises MalformedRequest, ValidationFailed, TooLarge, UnsupportedMedia."""
    values: dict[str, Any] = {}
    form = None
    # PERF: most requests that read have no body.
    if "CONTENT_LENGTH" in request.env or "HTTP_TRANSFER_ENCODING" in request.env:
        data = bodies.read(request, limits.bytes)
        form = forms.form(request, data, limits) if media_type(request.content_type) in bodies.FORMS else None
        if form is None and data and not data.isspace():
            values = decode(data, operation.request_shape, request, registry, limits, mode)
            if mode != "strict":
                leniency.spell_booleans(values, operation.dto)
            if mode == "lenient":
                leniency.drop_unbindable(values, operation, request)
    names = registry.dialect.names
    query = {}
    if request.query_string:
        query = from_pairs(forms.query_pairs(request.raw_pairs), operation, request.given_names, mode, names)
    if predefined:
        values = {**query, **values, **path}
    else:
        values.update(path)
        values.update(query)
    if form:
        values.update(from_pairs(form, operation, request.given_names, mode, names))
    return values


def path_names(operation: Operation, declared: Sequence[str]) -> tuple[str | None, ...]:
    """Return the wire names that a route's variables bind to, in order; None for a variable that the request has no field for."""
    members = members_of(operation)
    return tuple(members[name.lower()][0] if name.lower() in members else None for name in declared)


def read_batch(
    request: Request, operation: Operation, registry: Registry, limits: Limits, mode: str = "compatible"
) -> list[dict[str, Any]]:
    """Return the values of every request of a batch."""
    data = bodies.read(request, limits.bytes)
    if not data.strip():
        return []
    items: list[Any] = decode(data, _batch_shape(operation.request_shape), request, registry, limits, mode)
    if None in items:
        raise MalformedRequest(
            f"The batch can't be read: number {items.index(None)} is null where an object was expected."
        )
    for index, values in enumerate(items):
        if mode != "strict":
            leniency.spell_booleans(values, operation.dto)
        if mode == "lenient":
            leniency.drop_unbindable(values, operation, request, f"[{index}]")
    return items


@cache
def _batch_shape(record: shape.Record) -> shape.ListOf:
    return shape.ListOf(record)


def decode(data: bytes, expected: shape.Shape, request: Request, registry: Registry, limits: Limits, mode: str) -> Any:
    """Return the body's value. Raises MalformedRequest with the position of the fault."""
    serializer = bodies.serializer_of(request, data, registry)
    try:
        reading = leniency.READINGS.get(mode) or leniency.dropping(request)
        value = serializer.decode(data, expected, limits=limits, reading=reading)
    except DecodeError as error:
        failure = malformed(error, serializer.name)
        if _BEGINS_LIKE_JSV.match(data) and serializer is not registry.by_name("jsv"):
            declared = media_type(request.content_type)
            instead = f" in place of {declared}" if registry.by_media_type(declared) else ""
            failure.message += f"; for JSV use ?format=jsv or Content-Type: text/jsv{instead}"
        raise failure from error
    if value is None:
        raise malformed(DecodeError("null where something was expected"), serializer.name)
    return value


def malformed(error: DecodeError, format_name: str) -> MalformedRequest:
    """Return the service's error for a document that can't be read."""
    place = f"line {error.line}, column {error.column}, position {error.position}"
    message = f"The {format_name.upper()} body can't be read: {error.message} ({place})"
    errors = [FieldError(MalformedRequest.error_code, error.path, error.message)] if error.path else []
    return MalformedRequest(message, errors)


def from_pairs(
    given: Pairs, operation: Operation, given_names: dict[str, str], mode: str = "compatible", names: str = "camel"
) -> dict[str, Any]:
    """Return the values by wire name. Raises ValidationFailed with one failure for each member whose text can't be read.

    :param names: the names of the service's dialect.
    :param given_names: gets the client's spelling of each member, by wire name.
    """
    members = members_of(operation, names)
    texts: dict[str, list[_Given]] = {}
    failures: list[FieldError] = []
    for name, text in given:
        member, subscript = _member(members, name)
        if member is None or text is None:
            continue
        given_names[member[0]] = name.partition("[")[0]
        if isinstance(text, forms.Undecodable):
            message = (
                f"'{text.shown[:_LONGEST_SHOWN]}' is an Invalid value for '{member[0]}': not {text.charset.upper()}"
            )
            failures.append(FieldError(MalformedRequest.error_code, member[0], message))
        else:
            texts.setdefault(member[0], []).append((subscript, text))
    values: dict[str, Any] = {}
    tally = Tally(DEFAULT_LIMITS)
    for wire_name, pairs in texts.items():
        try:
            _bind(values, wire_name, pairs, members[wire_name.lower()][1], tally, relaxed=mode != "strict")
        except DecodeError:
            message = f"'{pairs[-1][1][:_LONGEST_SHOWN]}' is an Invalid value for '{wire_name}'"
            failures.append(FieldError(MalformedRequest.error_code, wire_name, message))
    if failures:
        raise ValidationFailed(operation.name, failures)
    for wire_name in values.keys() & _typed(operation):
        values[wire_name] = _unquoted(values[wire_name])
    if mode != "strict":
        leniency.spell_booleans(values, operation.dto)
    return values


@cache
def _typed(operation: Operation) -> frozenset[str]:
    """Return the wire names of scalars with a type other than text that documents write as text: enums, dates."""
    fields = operation.dto.wire_fields()
    names = {str(field.data_key) for _, field in fields if getattr(field, "blank_is_null", False)}
    return frozenset(
        name
        for name, expected in operation.request_shape.fields.items()
        if name in names and isinstance(expected, shape.Text)
    )


def _unquoted(value: Any) -> Any:
    """Return the text of a part that is JSON, without JSON's quotes."""
    if isinstance(value, forms.JsonText) and value.strip().startswith('"'):
        try:
            return json.loads(value.strip())
        except DecodeError:
            return value
    return value


def _member(members: Mapping[str, _Member], name: str) -> tuple[_Member | None, str]:
    """Return the member for a name in a query or form, and the text in brackets after it."""
    member = members.get(name.lower())
    if member is not None or not name.endswith("]"):
        return member, ""
    split = _SUBSCRIPT.fullmatch(name)
    member = members.get(split[1].lower()) if split else None
    if split is None or member is None:
        return None, ""
    fits = not split[2] or split[2].isdecimal() or isinstance(member[1], shape.MapOf)
    return (member if fits else None), split[2]


@cache
def members_of(operation: Operation, names: str = "camel") -> Mapping[str, _Member]:
    """Return the members of an operation's request by every name that requests may have for them, in lower case."""
    is_snake = names == "snake"
    fields = {wire: in_snake(member) if is_snake else member for wire, member in operation.request_shape.fields.items()}
    members = {wire.lower(): (wire, member) for wire, member in fields.items()}
    if is_snake:
        members = {shape.snake(wire): (wire, member) for wire, member in fields.items()} | members
    return members | {alias.lower(): members[wire.lower()] for alias, wire in operation.dto.aliases.items()}


def _bind(
    values: dict[str, Any],
    wire_name: str,
    given: list[_Given],
    expected: shape.Shape,
    tally: Tally,
    *,
    relaxed: bool,
) -> None:
    # ServiceStack joins repeated values; a value of a type other than text is then refused.
    last = ",".join(text for _, text in given) if relaxed and len(given) > 1 else given[-1][1]
    if isinstance(expected, shape.Text):
        values[wire_name] = last
    elif isinstance(given[-1][1], forms.JsonText):
        # ServiceStack's .NET clients send DTOs this way, together with files.
        values[wire_name] = json.loads(given[-1][1], expected, tally=tally)
    elif isinstance(expected, shape.ListOf):
        lists = [_list(text, expected, tally, relaxed=relaxed) for _, text in _in_order(given) if text]
        if lists:
            values[wire_name] = [item for items in lists for item in items or []]
    elif isinstance(expected, shape.MapOf) and given[-1][0]:
        values[wire_name] = {key: jsv.loads_member(text, expected.value, tally=tally) for key, text in given if key}
    elif isinstance(expected, shape.MapOf) and last[:1] not in ("", "{"):
        values[wire_name] = jsv.loads_member(f"{{{last}}}", expected, tally=tally)
    elif last:
        values[wire_name] = jsv.loads_member(last, expected, tally=tally)


def _list(text: str, expected: shape.ListOf, tally: Tally, *, relaxed: bool) -> Any:
    counted = tally.copy()
    try:
        items = jsv.loads_member(text, expected, tally=counted)
    except LimitPassed:
        raise
    except DecodeError:
        if not relaxed or '"' not in text or not isinstance(expected.item, shape.Text):
            raise
    else:
        tally.become(counted)
        return items
    try:
        return leniency.split_list(text, tally)
    except ValueError as error:
        raise DecodeError(str(error)) from None


def _in_order(given: list[_Given]) -> list[_Given]:
    """Return items ordered by index if all have different ones, else in their original order."""
    numbered = all(place.isdecimal() and len(place) <= _LONGEST_PLACE for place, _ in given)
    return sorted(given, key=lambda item: int(item[0])) if numbered else given
