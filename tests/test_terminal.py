"""What a terminal may be sent."""

from __future__ import annotations

import pytest

from gateway.terminal import counted, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ann Example 我 é 😀", "Ann Example 我 é 😀"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b31m", r"\x9b31m"),
        ("\a\b\x7f\0", r"\x07\x08\x7f\x00"),
        ("one\r\ntwo\tthree", r"one\r\ntwo\tthree"),
        ("\u202eabc\u2066", r"\u202eabc\u2066"),
        ("\ud800", r"\ud800"),
    ],
)
def test_controls_are_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_some_may_stay() -> None:
    assert printable("one\n\x1btwo", kept="\n") == "one\n\\x1btwo"


@pytest.mark.parametrize(("number", "text"), [(0, "0 sessions"), (1, "1 session"), (2, "2 sessions")])
def test_numbers_of_things(number: int, text: str) -> None:
    assert counted(number, "session") == text
