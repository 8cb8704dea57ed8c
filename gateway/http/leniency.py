"""How strictly requests are read: as declared, as ServiceStack reads them, or dropping what can't be bound (docs/http.rst, "Reading").

========== ==================================================================================================================
strict     documents are well-formed; of repeated names the last counts
compatible what is unambiguous is read as ServiceStack reads it; what would lose data is refused
lenient    as compatible, but what can't be read or bound of a document is dropped; the response and the log name it
========== ==================================================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import falcon
import structlog

from gateway.contract import fields
from gateway.contract.catalog import Operation
from gateway.contract.dto import Dto
from gateway.errors import MalformedRequest, ValidationFailed
from gateway.http.request import Request
from serializers.base import COMPATIBLE, STRICT, Reading
from serializers.tally import Tally

#: Further texts that ServiceStack reads as booleans.
_BOOLEANS = {"t": True, "y": True, "f": False, "n": False, "off": False}
_STEPS = re.compile(r"[^.\[\]]+|\[\d+\]")
#: Indexes of items at the end of a path: their list is dropped.
_LAST_PLACES = re.compile(r"(?:\[\d+\])+\Z")
_UNPRINTABLE = re.compile(r"[^!-+\--~]")
#: Maximum number of paths that the header and the log name, and of characters of one.
_MOST_NAMED = 20
_LONGEST_NAMED = 100
HEADER = "X-Ignored-Values"
#: The name for the rest of a document that ends between two members.
_REST = "body"

_Spell = Callable[[Any], Any]

log = structlog.get_logger("gateway")


#: The reading of documents in modes that drop nothing.
READINGS: Mapping[str, Reading] = {"strict": STRICT, "compatible": COMPATIBLE}


def dropping(request: Request) -> Reading:
    """Return the reading of the mode ``lenient``; it records dropped values on the request."""

    def drop(path: str) -> None:
        request.ignored = (*request.ignored, path)

    return Reading(relaxed=True, drop=drop)


def spell_booleans(values: dict[str, Any], dto: type[Dto]) -> None:
    """Replace texts that ServiceStack reads as booleans, at any depth, in every mode but ``strict``."""
    for name, spell in _spellers(dto):
        value = values.get(name)
        if value is not None:
            values[name] = spell(value)


@cache
def _spellers(dto: type[Dto]) -> Sequence[tuple[str, _Spell]]:
    """Return the wire names of fields that are or hold booleans or other DTOs, each with the function that converts their values."""
    spellers = ((str(field.data_key), _speller(field)) for _, field in dto.wire_fields())
    return tuple((name, spell) for name, spell in spellers if spell is not None)


def _speller(field: Any) -> _Spell | None:
    """Return the function that converts the values of a field; None for a field that holds no booleans."""
    if isinstance(field, fields.Boolean):
        return _spelled
    if isinstance(field, fields.Nested):
        return partial(_spelled_record, field)
    if isinstance(field, fields.List):
        spell = _speller(field.item)
        return None if spell is None else partial(_spelled_list, spell)
    spell = _speller(field.value_field) if isinstance(field, fields.Map) else None
    return None if spell is None else partial(_spelled_map, spell)


def _spelled(value: Any) -> Any:
    return _BOOLEANS.get(value.strip().lower(), value) if isinstance(value, str) else value


def _spelled_record(field: fields.Nested, value: Any) -> Any:
    if isinstance(value, dict):
        spell_booleans(value, field.dto)
    return value


def _spelled_list(spell: _Spell, value: Any) -> Any:
    return [spell(item) for item in value] if isinstance(value, list) else value


def _spelled_map(spell: _Spell, value: Any) -> Any:
    return {key: spell(item) for key, item in value.items()} if isinstance(value, dict) else value


def drop_unbindable(values: dict[str, Any], operation: Operation, request: Request, place: str = "") -> None:
    """Drop values that the operation's fields can't read, in the mode ``lenient``, and record them on the request.

    :param place: the path of the values in the document, ``[3]`` in a batch.
    """
    try:
        operation.load(values)
    except ValidationFailed as error:
        for failure in error.errors:
            if failure.error_code == MalformedRequest.error_code and _leave_out(values, failure.field_name):
                name = _LAST_PLACES.sub("", failure.field_name)
                path = f"{place}.{name}" if place else name
                request.ignored = (*request.ignored, path)


def _leave_out(values: Any, path: str) -> bool:
    """Remove the value at a wire path from its record; for an item, the whole list. Return whether it was present."""
    steps: list[Any] = [int(step[1:-1]) if step[0] == "[" else step for step in _STEPS.findall(path)]
    while steps and isinstance(steps[-1], int):
        steps.pop()
    try:
        for step in steps[:-1]:
            values = values[step]
        return bool(steps) and isinstance(values, dict) and values.pop(steps[-1], values) is not values
    except (KeyError, IndexError, TypeError):
        return False


def split_list(text: str, tally: Tally) -> list[str]:
    """Split a list of a query as ServiceStack does if its quotes are not those of JSV: a text after a closing quote is a separate
    item, and a text whose quote is not closed extends to the end.

    :raises ValueError: when a bracket is not closed, or there are more items than the tally allows.
    """
    if text[:1] == "[":
        if text[-1:] != "]":
            raise ValueError("a bracket is not closed")
        text = text[1:-1]
    items = []
    for match in _ITEM.finditer(text):
        if tally.add_item():
            raise ValueError("too many items")
        quoted, unclosed, bare = match.groups()
        items.append(bare if quoted is None and unclosed is None else (quoted or unclosed or "").replace('""', '"'))
    return items


_ITEM = re.compile(r'(?:"([^"]*+(?:""[^"]*+)*+)"|"(.*+)|([^",][^,]*+))(?:,|(?=[^,])|\Z)', re.DOTALL)


class Telling:
    """Middleware that names dropped values in the response and in a warning in the log."""

    def process_response(self, request: Request, response: falcon.Response, resource: Any, req_succeeded: bool) -> None:
        """Add the header."""
        if request.ignored:
            named = ", ".join(_named(path) for path in dict.fromkeys(request.ignored[:_MOST_NAMED]))
            more = " ..." if len(request.ignored) > _MOST_NAMED else ""
            response.set_header(HEADER, named + more)
            log.warning("values were ignored", values=named + more, request_id=request.id)


def _named(path: str) -> str:
    return _UNPRINTABLE.sub("?", path[:_LONGEST_NAMED]) or _REST
