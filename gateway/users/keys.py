"""API keys: random, shown once, stored as hashes."""

from __future__ import annotations

import hashlib
import re
import secrets

from gateway import strength
from gateway.users.tokens import is_token

#: The beginning of generated keys, by which scanners for leaked secrets can recognize them.
PREFIX = "gw_"
#: Minimum number of characters of a key: one that a person chose must not be guessable.
SHORTEST = 20
LONGEST = 255

# Characters that a header can contain without quotes, except the colon, which separates key and password in Basic.
_SHAPE = re.compile(r"[!-9;-~]+")


def new_key() -> str:
    """Return a new key of 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def find_fault(key: str) -> str:
    """Return the fault of a chosen key; empty if it is valid."""
    if not SHORTEST <= len(key) <= LONGEST:
        return f"an API key has {SHORTEST} to {LONGEST} characters"
    if not _SHAPE.fullmatch(key) or is_token(key):
        return "an API key consists of letters, digits and signs of ASCII without blanks and colons, and does not look like a token"
    if strength.is_guessable(key, strength.PASSWORD):
        return "this API key is too easy to guess: it repeats itself or follows a pattern"
    return ""


def hash_key(key: str) -> str:
    """Return the stored hash of a key. Keys are random, so a fast hash can't be reversed."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def get_hint(key: str) -> str:
    """Return the visible part of a key: its last four characters."""
    return "…" + key[-4:]
