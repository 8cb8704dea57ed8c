"""ETags and conditional requests (RFC 9110, 13), for responses that have an id and a version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from falcon import ETag

from gateway.contract.catalog import Operation
from gateway.http.request import Request


def etag(operation: Operation, result: Any) -> str | None:
    """Return the weak ETag of a stored row, weak because one version has several formats; None for a result without a version."""
    # PERF: `Operation.stored_version` and `format_version`, written out.
    version = getattr(result, "version", None) if operation.may_be_stored else None
    return f'W/"{result.id}-{version}"' if isinstance(version, int) and hasattr(result, "id") else None


def unchanged(request: Request, tag: str) -> bool:
    """Return whether the client has this version already (If-None-Match, by weak comparison)."""
    header = request.env.get("HTTP_IF_NONE_MATCH")
    if header is None or request.method not in ("GET", "HEAD"):
        return False
    return header.strip() == "*" or ETag.loads(tag) in _tags(header, request.if_none_match)


def expected(request: Request) -> frozenset[str] | None:
    """Return the versions that If-Match names, each as `format_version`; None if any version matches."""
    header = request.env.get("HTTP_IF_MATCH")
    return None if header is None or header.strip() == "*" else frozenset(_tags(header, request.if_match))


def _tags(header: str, read: Sequence[str] | None) -> Sequence[str]:
    """Return the tags that Falcon read. Falcon reads a text without quotes as a tag, and a header without tags as a missing header; here
    such a header is still a condition, which no version meets."""
    return read or () if '"' in header else ()
