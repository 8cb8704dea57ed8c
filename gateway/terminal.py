"""Text that a terminal shows and never obeys."""

from __future__ import annotations


def printable(text: str, kept: str = "") -> str:
    r"""Return the text with each character that is not printable escaped, as in ``\x1b``: control characters, and those that change
    the direction of text or have no width.

    :param kept: characters that stay as they are, for example line feeds.
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each in kept else each.encode("unicode_escape").decode("ascii") for each in text
    )
