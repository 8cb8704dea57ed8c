"""How hard a secret is to guess, by the lists of common passwords, names and words and the patterns that zxcvbn knows."""

from __future__ import annotations

from collections.abc import Iterable

#: Guesses, as a power of ten, that a password must withstand. Each guess costs its sender a hash here, and 20 lock it out.
PASSWORD = 6
#: Guesses, as a power of ten, that what signs tokens must withstand: whoever has a token guesses at home, a billion times a second.
SECRET = 14

#: Characters that are looked at: the time that it takes grows with them.
_LOOKED_AT = 72


def is_guessable(text: str, power: int, known: Iterable[str | None] = ()) -> bool:
    """Whether fewer guesses than ten to that power find a text.

    :param known: what somebody who guesses tries first, such as the user's names.
    """
    # Its lists take 20 ms and some megabytes, which most processes never need.
    from zxcvbn import zxcvbn

    words = [word for each in known if each for word in (each, *each.replace("@", ".").split("."))]
    found = zxcvbn(text[:_LOOKED_AT], user_inputs=[*words, "gateway", "sessions"])
    return float(found["guesses_log10"]) < power
