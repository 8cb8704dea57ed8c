"""Estimates of how hard a secret is to guess, by zxcvbn's patterns and its lists of common passwords, names and words."""

from __future__ import annotations

from collections.abc import Iterable

#: Guesses, as a power of ten, that a password must withstand. Each guess costs its sender a hash here, and 20 lock the sender out.
PASSWORD = 6
#: Guesses, as a power of ten, that the signing secret must withstand: an attacker with a token can guess offline, a billion times a second.
SECRET = 14

#: Maximum number of characters that are checked: more take longer.
_LOOKED_AT = 72


def is_guessable(text: str, power: int, known: Iterable[str | None] = ()) -> bool:
    """Return whether fewer guesses than ten to that power find a text.

    :param known: texts that an attacker tries first, such as the user's names.
    """
    # Its lists take 20 ms and some megabytes, which most processes never need.
    from zxcvbn import zxcvbn

    words = [
        word for known_text in known if known_text for word in (known_text, *known_text.replace("@", ".").split("."))
    ]
    estimate = zxcvbn(text[:_LOOKED_AT], user_inputs=[*words, "gateway", "sessions"])
    return float(estimate["guesses_log10"]) < power
