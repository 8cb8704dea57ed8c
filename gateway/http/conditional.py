"""ETags and conditional requests (RFC 9110, 13), for answers that have an id and a version."""

from __future__ import annotations

import re
from typing import Any

from gateway.calls import version_name
from gateway.contract.catalog import Operation
from gateway.http.request import Request

_TAG = re.compile(r'(?:W/)?"([^"]*)"')


def etag(operation: Operation, result: Any) -> str | None:
    """The weak ETag of a stored row, weak because one version has several formats; None for what has no version."""
    return None if operation.stored_version(result) is None else f'W/"{version_name(result)}"'


def unchanged(request: Request, tag: str) -> bool:
    """Whether the client has this version already (If-None-Match, by weak comparison)."""
    header = request.env.get("HTTP_IF_NONE_MATCH")
    if header is None or request.method not in ("GET", "HEAD"):
        return False
    known = tag.removeprefix("W/")
    return header.strip() == "*" or known in (each.strip().removeprefix("W/") for each in header.split(","))


def expected(request: Request) -> frozenset[str] | None:
    """The versions that If-Match names, each as `version_name`; None where any will do."""
    header = request.env.get("HTTP_IF_MATCH")
    return None if header is None or header.strip() == "*" else frozenset(_TAG.findall(header))
