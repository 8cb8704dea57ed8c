"""Bounds of bodies and answers, at their last byte; and formats that a client leaves to the service."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import Any

import brotli
import pytest
from falcon.testing import create_environ

from gateway.errors import TooLarge, UnsupportedMedia
from gateway.http import bodies, compression
from gateway.http.compression import SMALL, Compressing
from gateway.http.negotiation import negotiate
from gateway.http.request import Request
from gateway.http.response import Response
from serializers.registry import default_registry

REGISTRY = default_registry()


def deflate_raw(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("name", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", deflate_raw), ("br", brotli.compress)],
)
def test_inflated_to_the_last_byte(name: str, pack: Any) -> None:
    inflate = bodies._INFLATERS[name]
    assert inflate(pack(b"x" * 10), 10) == b"x" * 10
    with pytest.raises(TooLarge):
        inflate(pack(b"x" * 11), 10)


@pytest.mark.parametrize("limit", [10, 200_000])
def test_a_body_without_a_length_to_the_last_byte(limit: int) -> None:
    def make_request(size: int) -> tuple[Request, io.BytesIO]:
        stream = io.BytesIO(b"x" * size)
        chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True, "wsgi.input": stream}
        return Request({**create_environ(method="POST"), **chunked}), stream

    request, _ = make_request(limit)
    assert bodies.read(request, limit) == b"x" * limit
    request, stream = make_request(3 * limit)
    with pytest.raises(TooLarge, match=f"the {limit} bytes"):
        bodies.read(request, limit)
    assert stream.tell() == limit + 1


def test_stacked_encodings() -> None:
    most = ", ".join(["gzip"] * bodies.MOST_ENCODINGS)
    assert len(bodies._encodings(f"{most}, identity,")) == bodies.MOST_ENCODINGS == 4
    with pytest.raises(UnsupportedMedia, match="5 encodings; at most 4 are allowed"):
        bodies._encodings(f"{most}, br")


@pytest.mark.parametrize(("size", "packed"), [(SMALL, False), (SMALL + 1, True)])
def test_small_answers_stay_as_they_are(size: int, packed: bool) -> None:
    class Asked:
        env = {"HTTP_ACCEPT_ENCODING": "gzip"}

    response: Any = Response()
    response.data = b"x" * size
    Compressing().process_response(Asked(), response, None, True)  # type: ignore[arg-type]
    assert SMALL == 1024
    assert (response.get_header("Content-Encoding") == "gzip") is packed
    assert (gzip.decompress(response.data) if packed else response.data) == b"x" * size


@pytest.mark.parametrize(("method", "tag", "times"), [("GET", "x", 2), ("GET", "", 4), ("POST", "x", 4)])
def test_the_document_of_a_version_is_compressed_no_more_once_it_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, method: str, tag: str, times: int
) -> None:
    class Asked:
        env = {"HTTP_ACCEPT_ENCODING": "gzip", "REQUEST_METHOD": method}

    compressed: list[bytes] = []

    def compress(data: bytes) -> bytes:
        compressed.append(data)
        return gzip.compress(data)

    monkeypatch.setattr(compression, "_compressed", compress)
    middleware, document = Compressing(), b"x" * 2000
    for _ in range(4):
        response: Any = Response()
        response.data = document
        if tag:
            response.set_header("ETag", tag)
        middleware.process_response(Asked(), response, None, True)  # type: ignore[arg-type]
        assert gzip.decompress(response.data) == document
    assert compressed == [document] * times


@pytest.mark.parametrize("accept", [None, "", "*/*", "*/*;q=0.3", "*/*, */*;q=0.1"])
@pytest.mark.parametrize("default", ["xml", "jsv", "csv"])
def test_whatever_comes_is_the_default_format(accept: str | None, default: str) -> None:
    negotiated = negotiate("/sessions", [], accept, None, REGISTRY, default=default)
    assert negotiated.serializer.name == default
    assert negotiate("/sessions", [], accept, "application/json", REGISTRY, default=default).serializer.name == "json"
    assert negotiate("/sessions", [], "text/jsv, */*", None, REGISTRY, default="xml").serializer.name == "jsv"
