"""Replay of recorded conversations: each request is sent again, and its response compared with the recorded one."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from gateway.contract.catalog import Catalog
from gateway.errors import ServiceError
from gateway.upstream import address
from gateway.upstream.comparing import OF_WRITES, Difference, Response, find_differences
from gateway.upstream.host import Host, Outgoing
from gateway.upstream.limits import Timeouts
from gateway.upstream.passing import find_header
from gateway.upstream.recording import Recorded, load
from serializers.errors import DecodeError
from serializers.registry import default_registry

#: A function that sends a request: method, target, headers, body.
Send = Callable[[str, str, Sequence[tuple[str, str]], bytes], Response]

_PLACEHOLDER = re.compile(r"\{\{([^{}]+)\}\}")
#: Shorter ids also occur elsewhere by chance.
_SHORTEST_ID = 5
_LONGEST_SHOWN = 200


@dataclass(slots=True)
class Outcome:
    """The result of replaying a conversation.

    :ivar differences: between the recorded response and this one.
    :ivar missing: names of unknown secrets; then nothing was sent.
    """

    conversation: Recorded
    differences: list[Difference] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Return a report with a line for each difference."""
        if self.missing:
            return [
                f"not sent: {', '.join(f'{{{{{name}}}}}' for name in self.missing)} is not known; give it with --secret"
            ]
        return [
            f"{difference.path}: {_shorten(difference.old)} recorded, {_shorten(difference.new)} now"
            for difference in self.differences
        ]


def title(conversation: Recorded) -> str:
    """Return the name of a conversation."""
    return f"{conversation.method} {conversation.path}"[:_LONGEST_SHOWN]


def _shorten(value: object) -> str:
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


class Replay:
    """Replays conversations in order. Ids and log-ins of the responses replace the recorded ones in later requests.

    :param secrets: the values of ``{{NAME}}``, by name.
    :param headers: headers that replace recorded ones of the same name.
    :param masks: fields that may differ, as in `gateway.upstream.comparing`; None for ids and times of requests other than GET.
    :param catalog: the contract by which responses are compared, if there is one.
    """

    def __init__(
        self,
        send: Send,
        secrets: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        masks: Sequence[str] | None = None,
        catalog: Catalog | None = None,
    ) -> None:
        self._send = send
        self._bound = dict(secrets or {})
        self._headers = {name.lower(): value for name, value in (headers or {}).items()}
        self._masks = masks
        self._catalog = catalog
        self._registry = default_registry()
        #: Values of this run, by the recorded value.
        self._ids: dict[str, str] = {}

    def run(self, conversation: Recorded) -> Outcome:
        """Send a request, and compare its response."""
        missing: dict[str, None] = {}

        def fill(text: str) -> str:
            def get_value(match: re.Match[str]) -> str:
                if match[1] not in self._bound:
                    missing[match[1]] = None
                return self._bound.get(match[1], match[0])

            text = _PLACEHOLDER.sub(get_value, text)
            for old, new in self._ids.items():
                text = text.replace(old, new)
            return text

        if conversation.body is None:
            return Outcome(conversation, missing=["body"])
        target = fill(conversation.path)
        left_out = ("content-length", "host", "transfer-encoding", "connection", "accept-encoding")
        headers = [
            (name, self._headers.get(name.lower()) or fill(value))
            for name, value in conversation.headers
            if name.lower() not in left_out
        ]
        body = fill(conversation.body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        if missing:
            return Outcome(conversation, missing=[*missing])
        response = self._send(conversation.method, target, headers, body)
        return Outcome(conversation, self._compare(conversation, response))

    def _compare(self, conversation: Recorded, actual: Response) -> list[Difference]:
        if not conversation.has_response or conversation.response_body is None:
            return (
                []
                if actual.status == conversation.status
                else [Difference("status", conversation.status, actual.status)]
            )
        self._bind(conversation, actual)
        body = conversation.response_body.decode("utf-8", "surrogateescape")
        for old, new in self._ids.items():
            body = body.replace(old, new)
        body = _PLACEHOLDER.sub(lambda match: self._bound.get(match[1], match[0]), body)
        expected = Response(conversation.status, conversation.response_headers, body.encode("utf-8", "surrogateescape"))
        operation = self._catalog.find(conversation.name) if self._catalog is not None else None
        masks = self._masks if self._masks is not None else () if conversation.method in ("GET", "HEAD") else OF_WRITES
        return find_differences(operation, self._registry, expected, actual, masks)

    def _bind(self, conversation: Recorded, actual: Response) -> None:
        """Learn the secrets and ids of this run from a response."""
        expected = _read_cookies(conversation.response_headers)
        for name, value in _read_cookies(actual.headers).items():
            self._bind_value(expected.get(name, ""), value)
        documents = [
            self._decode_document(conversation.response_headers, conversation.response_body or b""),
            self._decode_document(actual.headers, actual.body),
        ]
        self._bind_members("", *documents)

    def _decode_document(self, headers: Sequence[tuple[str, str]], body: bytes) -> Any:
        kind = find_header(headers, "content-type").partition(";")[0].strip().lower()
        serializer = self._registry.by_media_type(kind)
        if serializer is None or not serializer.readable:
            return None
        try:
            return serializer.decode(body)
        except (DecodeError, ValueError):
            return None

    def _bind_members(self, name: str, old: Any, new: Any) -> None:
        if isinstance(old, dict) and isinstance(new, dict):
            folded = {key.lower(): value for key, value in new.items()}
            for key, value in old.items():
                self._bind_members(key, value, folded.get(key.lower()))
        elif isinstance(old, list) and isinstance(new, list):
            for old_item, new_item in zip(old, new, strict=False):
                self._bind_members(name, old_item, new_item)
        elif isinstance(old, str) and isinstance(new, str):
            self._bind_value(old, new)
            is_id = name.lower() == "id" or name.endswith("Id")
            if is_id and old != new and len(old) >= _SHORTEST_ID and new and not _PLACEHOLDER.search(old):
                self._ids[old] = new

    def _bind_value(self, recorded: str, value: str) -> None:
        match = _PLACEHOLDER.fullmatch(recorded)
        if match is not None and value:
            self._bound[match[1]] = value


def _read_cookies(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    pairs = (value.partition(";")[0].partition("=") for name, value in headers if name.lower() == "set-cookie")
    return {name.strip(): value.strip() for name, _, value in pairs}


def make_sender(url: str, timeouts: Timeouts = Timeouts(), ca_file: str = "") -> Send:  # noqa: B008 - frozen
    """Return a function that sends requests to a server and raises ServiceError. Raises CatalogError for an invalid URL."""
    host = Host(address.parse(url), timeouts, 1, ca_file)

    def send(method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes) -> Response:
        sent_headers = [("Host", host.address.authority), *headers]
        if body or method not in ("GET", "HEAD", "OPTIONS", "DELETE"):
            sent_headers.append(("Content-Length", str(len(body))))
        response = host.send(Outgoing(method, f"{host.address.path}{target}", sent_headers, body or None))
        data = b"".join(response.blocks())
        host.close()
        return Response(response.status, response.headers, data)

    return send


def make_caller(application: Callable[..., Iterable[bytes]]) -> Send:
    """Return a function that calls a WSGI application in this process."""

    def send(method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes) -> Response:
        path, _, query = target.partition("?")
        environment: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, "latin-1"),
            "RAW_URI": target,
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost",
            "CONTENT_LENGTH": str(len(body)) if body else "",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in headers:
            key = name.upper().replace("-", "_")
            environment["CONTENT_TYPE" if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        seen: list[tuple[int, list[tuple[str, str]]]] = []
        blocks = application(
            environment, lambda status, response_headers, *_: seen.append((int(status[:3]), response_headers))
        )
        try:
            data = b"".join(blocks)
        finally:
            close = getattr(blocks, "close", None)
            if close is not None:
                close()
        return Response(*seen[0], data)

    return send


@dataclass(slots=True)
class Checked:
    """A recorded conversation as a test (`gateway.fixtures`)."""

    conversation: Recorded
    _replays: dict[int | str, Replay]

    def check(self, against: Any, **options: Any) -> None:
        """Send the request to a server, by URL, or to a test client of a service, and fail if the response differs.

        Conversations of one file share learned ids and log-ins: run them in the order of the file.

        :param options: ``secrets``, ``headers`` and ``masks`` of `Replay`.
        :raises AssertionError: with a line for each difference.
        """
        key = against if isinstance(against, str) else id(against)
        if key not in self._replays:
            send = make_sender(against) if isinstance(against, str) else make_caller(against.app)
            self._replays[key] = Replay(send, **options)
        try:
            outcome = self._replays[key].run(self.conversation)
        except ServiceError as error:
            raise AssertionError(f"{title(self.conversation)}: {error.message}") from error
        lines = outcome.lines()
        if lines:
            raise AssertionError("\n".join([f"{title(self.conversation)}: the response differs", *lines]))


def tests(path: Path) -> list[Checked]:
    """Return the conversations of a file as tests. Raises ConfigurationError."""
    replays: dict[int | str, Replay] = {}
    return [Checked(conversation, replays) for conversation in load(path)]
