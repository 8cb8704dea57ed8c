"""ETags and conditional requests (RFC 9110, 13), for answers that have an id and a version."""

from __future__ import annotations

import re
from typing import Any

from gateway.http.request import Request

_TAG = re.compile(r'(?:W/)?"([^"]*)-(\d{1,18})"')

#: The version that nothing stored has: what an If-Match stands for that names no version of ours.
NO_VERSION = -1


def etag(result: Any) -> str | None:
    """The weak ETag of an entity, weak because one version has several formats; None for what has no version."""
    version = getattr(result, "version", None)
    return None if version is None else f'W/"{result.id}-{version}"'


def unchanged(request: Request, tag: str) -> bool:
    """Whether the client has this version already (If-None-Match, by weak comparison)."""
    header = request.env.get("HTTP_IF_NONE_MATCH")
    if header is None or request.method not in ("GET", "HEAD"):
        return False
    known = tag.removeprefix("W/")
    return header.strip() == "*" or known in (each.strip().removeprefix("W/") for each in header.split(","))


def expected_version(request: Request) -> int | None:
    """The version that If-Match names; None where any will do, `NO_VERSION` where it names none of ours."""
    header = request.env.get("HTTP_IF_MATCH")
    if header is None or header.strip() == "*":
        return None
    found = _TAG.search(header)
    return int(found[2]) if found else NO_VERSION
