"""Event streams of a running gateway: its workers keep the connections, and no thread waits for them."""

from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.error import HTTPError

import pytest

from tests.events.reading import PATIENCE, Stream
from tests.servers import API_KEY, Gateway


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    """Closes the streams of a test."""
    with ExitStack() as stack:
        yield stack


def listen(gateway: Gateway, opened: ExitStack, channels: str = "", *lines: str, key: str = API_KEY) -> Stream:
    """A new subscriber."""
    host, _, port = gateway.address.partition(":")
    connection = opened.enter_context(socket.create_connection((host, int(port)), PATIENCE))
    head = [
        f"GET /event-stream?channels={channels} HTTP/1.1",
        f"Host: {gateway.address}",
        f"Authorization: Bearer {key}",
    ]
    connection.sendall("\r\n".join([*head, *lines, "", ""]).encode())
    return Stream(connection, has_head=True)


def call(gateway: Gateway, verb: str, path: str, body: Any = None) -> tuple[int, Any]:
    """The status and the document of a response."""
    request = urllib.request.Request(
        gateway.url + path,
        None if body is None else json.dumps(body).encode(),
        {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json", "Accept": "application/json"},
        method=verb,
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else None
    except HTTPError as error:
        return error.code, json.loads(error.read() or b"null")
