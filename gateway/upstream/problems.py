"""The errors of an old host: a ResponseStatus, or problem details of other backends (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from http.client import responses
from typing import Any

from gateway.contract.catalog import Operation
from gateway.errors import FieldError, StatusError
from gateway.upstream.host import HostResponse

_LONGEST = 2000


def make_error(response: HostResponse, data: bytes, operation: Operation) -> StatusError:
    """Return the error of a response.

    :param data: its JSON document; empty if it has another type.
    """
    try:
        document = json.loads(data) if data else None
    except ValueError:
        document = None
    members = _lower_names(document) if isinstance(document, dict) else {}
    response_status = members.get("responsestatus")
    if isinstance(response_status, dict):
        members = _lower_names(response_status)
    phrase = responses.get(response.status, "Error").replace(" ", "")
    code = _find_text(members, "errorcode", "code", "error", "title") or phrase
    message = _find_text(members, "message", "detail", "error_description", "error", "title")
    problem = StatusError(
        response.status if 400 <= response.status <= 599 else 502,
        code if code.isascii() and len(code) <= 100 else phrase,
        message
        or f"The old host answered {operation.name} with {response.status} {responses.get(response.status, '')}.".replace(
            " .", "."
        ),
    )
    problem.errors = tuple(_read_failures(members.get("errors")))
    if isinstance(members.get("meta"), dict):
        problem.meta = {str(name): str(value) for name, value in members["meta"].items()}
    if response.status > 599:
        problem.code = "BadGateway"
    return problem


def _lower_names(document: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name).lower(): value for name, value in document.items()}


def _find_text(members: Mapping[str, Any], *names: str) -> str:
    return next((value[:_LONGEST] for name in names if isinstance(value := members.get(name), str) and value), "")


def _read_failures(failures: Any) -> Iterator[FieldError]:
    """Read failures by field: ServiceStack's list, or ASP.NET's texts by name."""
    if isinstance(failures, list):
        for failure in failures:
            if isinstance(failure, dict):
                members = _lower_names(failure)
                name = _find_text(members, "fieldname", "field", "name", "pointer")
                yield FieldError(
                    _find_text(members, "errorcode", "code") or "Invalid",
                    name,
                    _find_text(members, "message", "detail"),
                )
    elif isinstance(failures, dict):
        for name, texts in failures.items():
            for text in texts if isinstance(texts, list) else [texts]:
                yield FieldError("Invalid", str(name), str(text)[:_LONGEST])
