"""Conversations in a file: one line of JSON for each request and its response, without secrets."""

from __future__ import annotations

import base64
import binascii
import fcntl
import json
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from gateway.contract.catalog import Operation
from gateway.errors import ConfigurationError
from gateway.logs import Rarely
from gateway.upstream.cleaning import Cleaner
from gateway.upstream.headers import get_name
from gateway.upstream.passing import Passing, find_header
from gateway.upstream.raw import read_target

#: Maximum bytes of a recorded body; longer ones are omitted.
LARGEST = 16 * 1024 * 1024

#: Headers of the transport, which every run sets itself.
_OF_THE_WAY = frozenset(
    {
        "connection",
        "host",
        "via",
        "x-request-id",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "forwarded",
    }
)

log = structlog.get_logger("gateway")

Pairs = Sequence[tuple[str, str]]


class Recorded(NamedTuple):
    """A conversation.

    :ivar name: of the operation; empty if it is unknown.
    :ivar path: the request's target: path and query.
    :ivar body: None if omitted.
    :ivar has_response: the complete response was recorded, not only its status.
    :ivar answer: the response's body; None if omitted.
    """

    name: str
    method: str
    path: str
    headers: Pairs
    body: bytes | None
    status: int
    has_response: bool = False
    response_headers: Pairs = ()
    response_body: bytes | None = None


class Recorder:
    """Appends conversations to a file that only its owner can read. Processes may share it.

    :raises ConfigurationError: when the file can't be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._cleaner = Cleaner()
        self._rarely = Rarely()
        try:
            os.close(self._open())
        except OSError as error:
            raise ConfigurationError(f"{path} can't be written: {error.strerror}") from error

    def _open(self) -> int:
        return os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def keep(self, operation: Operation | None, passing: Passing) -> None:
        """Add a conversation."""
        try:
            data = (json.dumps(self._describe(operation, passing), ensure_ascii=True) + "\n").encode()
            descriptor = self._open()
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                while data:
                    data = data[os.write(descriptor, data) :]
            finally:
                os.close(descriptor)
        except Exception as error:
            # A record that fails must not fail the request.
            if (unlogged := self._rarely.admit(type(error).__name__)) is not None:
                log.warning(
                    "a conversation was not recorded", reason=f"{type(error).__name__}: {error}", unlogged=unlogged
                )

    def _describe(self, operation: Operation | None, passing: Passing) -> dict[str, Any]:
        environment = passing.environment
        request_headers = [(name, str(value)) for key, value in environment.items() if (name := get_name(key))]
        if environment.get("CONTENT_TYPE"):
            request_headers.append(("Content-Type", environment["CONTENT_TYPE"]))
        response_headers = [(name, value) for name, value in passing.headers if name.lower() not in _OF_THE_WAY]
        request_headers = [(name, value) for name, value in request_headers if name.lower() not in _OF_THE_WAY]
        target = read_target(environment)
        bodies = [
            _decode(body, headers)
            for body, headers in ((passing.body, request_headers), (passing.response_body, response_headers))
        ]
        if not passing.is_complete:
            bodies = [None, None]
        cleaning = self._cleaner.start_conversation()
        for name, value in (*request_headers, *response_headers):
            cleaning.learn_header(name, value)
        texts = [None if body is None else body.decode("utf-8", "surrogateescape") for body in bodies]
        for text in (target, *texts):
            cleaning.learn_text(text or "")
        cleaned_texts = [
            None if text is None else cleaning.clean_text(text).encode("utf-8", "surrogateescape") for text in texts
        ]

        def clean_pairs(headers: Pairs) -> list[list[str]]:
            dropped = {"content-encoding", "content-length", "transfer-encoding"}
            return [
                [name, cleaning.clean_header(name, value)] for name, value in headers if name.lower() not in dropped
            ]

        name = "" if operation is None else operation.name
        return {
            "client": cleaning.clean_text(str(environment.get("HTTP_USER_AGENT", ""))),
            "check": name,
            "method": environment["REQUEST_METHOD"],
            "path": cleaning.clean_text(target),
            "http": environment.get("SERVER_PROTOCOL", "HTTP/1.1"),
            "headers": [["Host", "{{host}}"], *clean_pairs(request_headers)],
            **_describe_body(cleaned_texts[0]),
            "status": passing.status,
            "response": {
                "reason": passing.reason,
                "headers": clean_pairs(response_headers),
                **_describe_body(cleaned_texts[1]),
            },
        }


def _decode(body: bytes, headers: Pairs) -> bytes | None:
    """Return a decoded body; None if its encoding is unknown, because it could hide secrets."""
    encoding = find_header(headers, "content-encoding").strip().lower()
    if not encoding or encoding == "identity" or not body:
        return body
    if encoding in ("gzip", "x-gzip", "deflate"):
        try:
            inflater = zlib.decompressobj(47)
            inflated = inflater.decompress(body, LARGEST)
        except zlib.error:
            return None
        return inflated if inflater.eof else None
    return None


def _describe_body(data: bytes | None) -> dict[str, Any]:
    if data is None:
        return {"body": None, "body_encoding": "omitted"}
    try:
        return {"body": data.decode(), "body_encoding": "utf-8"}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(data).decode(), "body_encoding": "base64"}


def load(path: Path) -> list[Recorded]:
    """Return the conversations of a file. Raises ConfigurationError with the line that is wrong."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} can't be read: {error}") from error
    conversations = []
    for number, line in enumerate(lines, 1):
        try:
            conversations += [_parse_conversation(json.loads(line))] if line.strip() else []
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise ConfigurationError(f"{path}, line {number} is not a conversation: {reason}") from error
    return conversations


def _parse_conversation(line: dict[str, Any]) -> Recorded:
    response = line.get("response")
    headers = [(str(name), str(value)) for name, value in line["headers"]]
    response_headers = [(str(name), str(value)) for name, value in (response or {}).get("headers", ())]
    return Recorded(
        str(line.get("check", "")),
        str(line["method"]),
        str(line["path"]),
        headers,
        _read_body(line),
        int(line["status"]),
        response is not None,
        response_headers,
        _read_body(response or {}),
    )


def _read_body(message: dict[str, Any]) -> bytes | None:
    body, encoding = message.get("body"), message.get("body_encoding", "utf-8")
    if body is None:
        return None if encoding == "omitted" else b""
    try:
        return base64.b64decode(body, validate=True) if encoding == "base64" else str(body).encode()
    except binascii.Error as error:
        raise ValueError(f"the body is not base64: {error}") from None
