"""Comparison of two responses to one request, by the contract.

Null equals absent. Enums, dates, numbers and names are compared by what they mean, not by how they are spelled.
"""

from __future__ import annotations

import fnmatch
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from gateway.contract.catalog import Operation
from gateway.contract.responses import ErrorResponse
from gateway.contract.shapes import wire_shape
from gateway.errors import ValidationFailed
from gateway.upstream.passing import find_header
from serializers.base import Limits
from serializers.errors import DecodeError
from serializers.registry import Registry

#: Masks of all fields whose name is or ends with "id", and of all dates.
IDS, TIMES = "@ids", "@times"
#: Default masks of an operation that writes, because each run creates its own ids and times.
OF_WRITES = (IDS, TIMES)
#: Maximum number of differences that are searched for in a pair of responses.
MOST = 20

_LIMITS = Limits(bytes=32 * 1024 * 1024, items=1_000_000, names=10_000)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")
_TICKS = re.compile(r"/Date\((-?\d+)([+-]\d{4})?\)/")
_INDEX = re.compile(r"\[\d+\]")
_MISSING = object()


class Response(NamedTuple):
    """A response to compare."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


class Difference(NamedTuple):
    """One difference between two responses.

    :ivar path: of a field, ``results[0].name``; or ``status``, ``type``, ``body``.
    :ivar old: the value in the old response.
    :ivar new: the value in the new one.
    """

    path: str
    old: Any
    new: Any


class Unreadable(Exception):
    """A response that can't be compared: it is not in a format of the contract, or does not fit it."""


def find_differences(
    operation: Operation | None, registry: Registry, old: Response, new: Response, masks: Sequence[str] = ()
) -> list[Difference]:
    """Return the first differences between two responses, in the order of the fields.

    :param masks: paths of fields that may differ, without indexes, with ``*`` for any text; or `IDS`, `TIMES`.
    """
    if old.status != new.status:
        return [Difference("status", old.status, new.status)]
    try:
        values = [_read_values(operation, registry, response) for response in (old, new)]
    except Unreadable:
        return _compare_bytes(old, new)
    return [difference for difference in _walk(values[0], values[1], "") if not _is_masked(difference, masks)][:MOST]


def _compare_bytes(old: Response, new: Response) -> list[Difference]:
    """Compare responses outside the contract by their type and bytes."""
    kinds = [find_header(response.headers, "content-type").partition(";")[0].strip().lower() for response in (old, new)]
    if kinds[0] != kinds[1]:
        return [Difference("type", *kinds)]
    bodies = [_inflate(response) for response in (old, new)]
    return [] if bodies[0] == bodies[1] else [Difference("body", f"{len(bodies[0])} bytes", f"{len(bodies[1])} bytes")]


def _read_values(operation: Operation | None, registry: Registry, response: Response) -> Any:
    body = _inflate(response)
    if not body or body.isspace():
        return None
    serializer = registry.by_media_type(find_header(response.headers, "content-type").partition(";")[0].strip().lower())
    if serializer is None or not serializer.readable:
        raise Unreadable
    failed = response.status >= 400
    shape = wire_shape(ErrorResponse) if failed else None if operation is None else operation.wire_response_shape
    try:
        values = serializer.decode(body, shape, limits=_LIMITS)
        if failed:
            return _select_error(values)
        if operation is None or operation.response is None or values is None:
            return values
        return operation.dump(operation.bind_response(values))
    except (DecodeError, ValidationFailed, ValueError, TypeError, AttributeError) as error:
        raise Unreadable from error


def _select_error(values: Any) -> Any:
    status = (values or {}).get("responseStatus") or {}
    failures = [
        {
            "errorCode": failure.get("errorCode"),
            "fieldName": (failure.get("fieldName") or "").lower(),
            "message": failure.get("message"),
        }
        for failure in status.get("errors") or ()
        if failure
    ]
    return {
        "responseStatus": {"errorCode": status.get("errorCode"), "message": status.get("message"), "errors": failures}
    }


def _inflate(response: Response) -> bytes:
    encoding = find_header(response.headers, "content-encoding").lower()
    if encoding in ("gzip", "x-gzip", "deflate"):
        try:
            return zlib.decompress(response.body, 47)
        except zlib.error:
            return response.body
    return response.body


def _walk(old: Any, new: Any, path: str) -> Iterator[Difference]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in dict.fromkeys([*old, *new]):
            yield from _walk(old.get(name), new.get(name), f"{path}.{name}" if path else str(name))
    elif isinstance(old, list | tuple) and isinstance(new, list | tuple):
        for index in range(max(len(old), len(new))):
            pair = [side[index] if index < len(side) else _MISSING for side in (old, new)]
            if _MISSING in pair:
                yield Difference(f"{path}[{index}]", *(None if side is _MISSING else side for side in pair))
                return
            yield from _walk(pair[0], pair[1], f"{path}[{index}]")
    elif not _are_equal(old, new):
        yield Difference(path, old, new)


def _are_equal(old: Any, new: Any) -> bool:
    if old == new and (isinstance(old, bool) == isinstance(new, bool)):
        return True
    old_time, new_time = parse_instant(old), parse_instant(new)
    return old_time is not None and old_time == new_time


def parse_instant(value: Any) -> datetime | None:
    """Return the time of a value in any of ServiceStack's forms; None if it is not a time."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if not isinstance(value, str):
        return None
    if ticks := _TICKS.fullmatch(value):
        seconds = int(ticks[1]) / 1000
        return datetime.fromtimestamp(seconds, UTC) if abs(seconds) < 1e11 else None
    if not _INSTANT.fullmatch(value):
        return None
    try:
        read = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value))
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _is_masked(difference: Difference, masks: Sequence[str]) -> bool:
    path = _INDEX.sub("", difference.path)
    name = path.rpartition(".")[2]
    for mask in masks:
        if mask == IDS:
            matches = name.lower() == "id" or name.endswith(("Id", "Ids"))
        elif mask == TIMES:
            matches = parse_instant(difference.old) is not None and parse_instant(difference.new) is not None
        else:
            matches = fnmatch.fnmatch(path.lower(), mask.lower())
        if matches:
            return True
    return False


def make_pattern(path: str) -> str:
    """Return a path without its indexes, for counts in reports."""
    return _INDEX.sub("[]", path)
