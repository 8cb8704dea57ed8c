"""Bytes on a socket, for what no HTTP library would send."""

from __future__ import annotations

import http.client
import re
import socket

from tests.servers import API_KEY, Gateway


def connect(gateway: Gateway) -> socket.socket:
    """A connection to a gateway."""
    host, _, port = gateway.address.partition(":")
    return socket.create_connection((host, int(port)), timeout=10)


def head(path: str, *lines: str, method: str = "POST", close: bool = True, key: str = API_KEY) -> bytes:
    """The head of a request with credentials."""
    fixed = [f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {key}"]
    return "\r\n".join([*fixed, *(["Connection: close"] if close else []), *lines, "", ""]).encode("latin-1")


def exchange(gateway: Gateway, data: bytes) -> bytes:
    """What the server answers to these bytes and the end of the connection.

    granian answers nothing to a client that has ended its side: there the bytes must be a whole request, or what can't become one.
    """
    with connect(gateway) as connection:
        connection.sendall(data)
        if gateway.server != "granian":
            connection.shutdown(socket.SHUT_WR)
        return receive(connection)


def receive(connection: socket.socket) -> bytes:
    """Everything until the server closes."""
    answer = b""
    while block := connection.recv(65536):
        answer += block
    return answer


def next_status(connection: socket.socket) -> int:
    """The status of one answer on a connection that is kept open; the answer is read to its end."""
    with http.client.HTTPResponse(connection) as answer:
        answer.begin()
        answer.read()
        return answer.status


def statuses(answer: bytes) -> list[int]:
    """The statuses of the answers in these bytes; an answer begins where the body of the one before ends, on the same line."""
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)]
