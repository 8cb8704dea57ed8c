"""What requests are decoded from."""

from __future__ import annotations

from random import Random
from urllib.parse import unquote_to_bytes

from gateway.http.query import percent_decoded, unescaped

PIECES = [
    b"%41",
    b"%0d",
    b"%0A",
    b"\r\n",
    b"\n",
    b" ",
    b"=",
    b"=\n",
    b"=3D",
    b"_",
    b"a",
    b"%",
    b"%4",
    b"%zz",
    b"\0",
    b"%ff",
    b"\t",
    b".",
]


def test_long_texts_are_decoded_as_short_ones() -> None:
    random = Random(1)
    for _ in range(20_000):
        data = b"".join(random.choices(PIECES, k=random.randrange(12)))
        assert percent_decoded(data) == unquote_to_bytes(data), data


def test_plus_and_percent_at_any_length() -> None:
    for times in (1, 10_000):
        assert unescaped("a+b%20%C3%A9=%3D%" * times) == "a b é==%" * times
        assert unescaped("a+b%20%C3%A9=%3D" * times) == "a b é==" * times
