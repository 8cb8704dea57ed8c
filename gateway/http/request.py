"""Falcon's request with typed attributes of the gateway."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from random import getrandbits
from typing import Any

import falcon

from gateway.calls import NONE, Credentials, Principal, UploadedFile
from gateway.contract.catalog import Operation
from gateway.errors import ServiceError
from gateway.http.forwarded import PREFIX
from gateway.http.negotiation import Negotiation
from gateway.http.query import RawPairs, last_value, percent_decoded, split_pairs, unescaped

_KEPT = re.compile("%(2f)", re.IGNORECASE)
_SLASHES = re.compile("/{2,}")


class Request(falcon.Request):
    """A request that the gateway handles.

    :ivar id: the request's id, generated or from a proxy; in every response and log line.
    :ivar negotiation: the format of the response, chosen before routing.
    :ivar operation: the operation that was called, if the route has one.
    :ivar caller_id: the signed-in user's id, for the log.
    :ivar caller_email: the signed-in user's e-mail address, for the log.
    :ivar credentials: the request's credentials.
    :ivar begun: the part of the body that was received early (`gateway.http.bodies.receive`).
    :ivar body: the inflated body, once it was read.
    :ivar ignored: wire paths of the values of the body that were dropped; an empty one is the rest of the body.
    :ivar may_set_cookies: whether the response to a log-in may set cookies.
    :ivar authentication: the caller, or why the credentials were refused, once they were checked.
    :ivar form: the fields of a body that is a form, once they were read (`gateway.http.forms`).
    :ivar files: the files of a body that is a form, once they were read, if the operation takes files.
    :ivar began: when handling began, in seconds of `time.perf_counter`.
    :ivar waiting: seconds in which it waited for a place; `database` those in transactions, and `encoding` those in which the response
        was encoded, each counted once.
    :ivar named_as: the kind of entity in the path or created, ``session_id`` for example, and `named` its id; for the log.
    :ivar trace_id: the trace that it belongs to; empty if the client named none.
    """

    negotiation: Negotiation
    # PERF: until they are set, the class's values apply, which takes no time.
    id: str = ""
    operation: Operation | None = None
    caller_id: str = ""
    caller_email: str = ""
    credentials: Credentials = NONE
    began: float = 0.0
    waiting: float = 0.0
    database: float = 0.0
    encoding: float = 0.0
    named_as: str = ""
    named: str = ""
    trace_id: str = ""
    begun: bytes = b""
    body: bytes | None = None
    may_set_cookies: bool = True
    ignored: tuple[str, ...] = ()
    form: list[tuple[str, Any]] | None = None
    files: Sequence[UploadedFile] = ()
    _raw_pairs: RawPairs | None = None
    authentication: tuple[Principal | None, ServiceError | None] | None = None

    @property
    def prefix(self) -> str:
        """The path under which the client reaches the service, without a trailing slash; empty for the host's root."""
        return f"{self.env.get(PREFIX, '')}{self.root_path}"

    @cached_property
    def given_names(self) -> dict[str, str]:
        """The client's spelling of the members in the query or form, by wire name."""
        return {}

    @property
    def raw_pairs(self) -> RawPairs:
        """Names and values of the query, in order and percent-encoded; a name without ``=`` has no value. Split once."""
        if self._raw_pairs is None:
            self._raw_pairs = split_pairs(self.query_string) if self.query_string else []
        return self._raw_pairs

    @property
    def pairs(self) -> list[tuple[str, str | None]]:
        """Return the same decoded, without empty names. Invalid UTF-8 becomes U+FFFD."""
        return [
            (unescaped(name, errors="replace"), None if value is None else unescaped(value, errors="replace"))
            for name, value in self.raw_pairs
            if name
        ]

    def query_value(self, name: str) -> str:
        """Return the last value of a name in lower case, matched in any letter case; empty if the query has none."""
        return last_value(self.raw_pairs, name) if self.query_string else ""

    @property
    def raw_path(self) -> str:
        """The path as the client sent it; empty if the server does not provide it."""
        target = self.env.get("RAW_URI") or self.env.get("REQUEST_URI")
        return str(target).partition("?")[0].removeprefix(self.root_path) if target else ""

    def decoded_path(self, raw: str) -> str:
        """Return the path to route, decoded as ServiceStack's hosts do it: a plus is a blank, a percent-encoded slash stays encoded and
        separates nothing, and several slashes in a row are one."""
        path = self.path
        if ("+" in raw or "%2" in raw) and raw.startswith("/"):
            path = (
                percent_decoded(_KEPT.sub("%25\\1", raw.replace("+", " ")).encode())
                .decode("utf-8", "replace")
                .rstrip("/")
                or "/"
            )
        return _SLASHES.sub("/", path) if "//" in path else path


def new_request_id() -> str:
    """Return a new request id of 32 hexadecimal digits."""
    # PERF: as `gateway.http.middleware.Envelope` makes them.
    return f"{getrandbits(128):032x}"
