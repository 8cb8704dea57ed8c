"""API keys: random, shown once, stored as hashes."""

from __future__ import annotations

import hashlib
import secrets

#: What our keys begin with, so that scanners for leaked secrets can know them.
PREFIX = "gw_"
#: Characters that a key has at least: one that a person chose must not be guessable.
SHORTEST = 20
LONGEST = 255


def new_key() -> str:
    """A key of 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def key_hash(key: str) -> str:
    """What is stored of a key. Keys are random, so a fast hash can't be turned back."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def hint(key: str) -> str:
    """What is shown of a key: its last four characters."""
    return "…" + key[-4:]
