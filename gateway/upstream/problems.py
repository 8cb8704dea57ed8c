"""The errors of an old host: a ResponseStatus, or problem details of other backends (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from http.client import responses
from typing import Any

from gateway.contract.catalog import Operation
from gateway.errors import FieldError, StatusError
from gateway.upstream.host import Answer

_LONGEST = 2000


def error(answer: Answer, data: bytes, operation: Operation) -> StatusError:
    """Return the error of a response.

    :param data: its JSON document; empty if it has another type.
    """
    try:
        document = json.loads(data) if data else None
    except ValueError:
        document = None
    given = _folded(document) if isinstance(document, dict) else {}
    stated = given.get("responsestatus")
    if isinstance(stated, dict):
        given = _folded(stated)
    phrase = responses.get(answer.status, "Error").replace(" ", "")
    code = _first(given, "errorcode", "code", "error", "title") or phrase
    message = _first(given, "message", "detail", "error_description", "error", "title")
    made = StatusError(
        answer.status if 400 <= answer.status <= 599 else 502,
        code if code.isascii() and len(code) <= 100 else phrase,
        message
        or f"The old host answered {operation.name} with {answer.status} {responses.get(answer.status, '')}.".replace(
            " .", "."
        ),
    )
    made.errors = tuple(_failures(given.get("errors")))
    if isinstance(given.get("meta"), dict):
        made.meta = {str(name): str(value) for name, value in given["meta"].items()}
    if answer.status > 599:
        made.code = "BadGateway"
    return made


def _folded(document: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name).lower(): value for name, value in document.items()}


def _first(given: Mapping[str, Any], *names: str) -> str:
    return next((value[:_LONGEST] for name in names if isinstance(value := given.get(name), str) and value), "")


def _failures(given: Any) -> Iterator[FieldError]:
    """Read failures by field: ServiceStack's list, or ASP.NET's texts by name."""
    if isinstance(given, list):
        for each in given:
            if isinstance(each, dict):
                one = _folded(each)
                name = _first(one, "fieldname", "field", "name", "pointer")
                yield FieldError(_first(one, "errorcode", "code") or "Invalid", name, _first(one, "message", "detail"))
    elif isinstance(given, dict):
        for name, texts in given.items():
            for text in texts if isinstance(texts, list) else [texts]:
                yield FieldError("Invalid", str(name), str(text)[:_LONGEST])
