"""Raw bytes on a socket, for requests that no HTTP library sends."""

from __future__ import annotations

import http.client
import re
import socket

from tests.servers import API_KEY, Gateway


def connect(gateway: Gateway) -> socket.socket:
    """Connect to a gateway."""
    host, _, port = gateway.address.partition(":")
    return socket.create_connection((host, int(port)), timeout=10)


def head(path: str, *lines: str, method: str = "POST", close: bool = True, key: str = API_KEY) -> bytes:
    """Return the head of a request with credentials."""
    fixed = [f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {key}"]
    return "\r\n".join([*fixed, *(["Connection: close"] if close else []), *lines, "", ""]).encode("latin-1")


def exchange(gateway: Gateway, data: bytes) -> bytes:
    """Send these bytes and end the client's side; return the server's responses.

    granian does not respond to a client that has ended its side, so there the side stays open: send a complete request, or bytes that
    can't become one.
    """
    with connect(gateway) as connection:
        connection.sendall(data)
        if gateway.server != "granian":
            connection.shutdown(socket.SHUT_WR)
        return receive(connection)


def receive(connection: socket.socket) -> bytes:
    """Return all bytes until the server closes."""
    data = b""
    while block := connection.recv(65536):
        data += block
    return data


def next_status(connection: socket.socket) -> int:
    """Read one response on a connection that is kept open; return its status."""
    with http.client.HTTPResponse(connection) as response:
        response.begin()
        response.read()
        return response.status


def statuses(data: bytes) -> list[int]:
    """Return the statuses of the responses in these bytes. A response may begin on the line on which the previous body ends."""
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", data)]
