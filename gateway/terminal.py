"""Text that people read on a terminal."""

from __future__ import annotations


def printable(text: str, kept: str = "") -> str:
    r"""Return the text with each character that is not printable escaped, as in ``\x1b``: control characters, and those that change
    the direction of text or have no width.

    :param kept: characters that stay as they are, for example line feeds.
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or character in kept
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def counted(number: int, noun: str) -> str:
    """Return a number of things: ``1 session``, ``2 sessions``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
