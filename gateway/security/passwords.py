"""Passwords: argon2id hashes (RFC 9106), checked without starving other requests."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.errors import TooManyRequests

#: Hashes that are computed at once in a process: each takes a core for 100 ms and more, and 64 MiB.
AT_ONCE = 2
#: Seconds that a log-in waits for its turn.
PATIENCE = 10
#: Seconds for which a password that was right is remembered, for clients that send it with every request.
REMEMBERED = 60
#: Passwords remembered at once.
MOST_REMEMBERED = 10_000
#: Characters that a password may have: the time of its hash must not be the sender's to choose.
LONGEST = 1024


class Passwords:
    """Hashes and checks passwords.

    A password that was right is remembered for a minute as a digest under a key of this process, never as itself.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._key = secrets.token_bytes(32)
        self._known: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()

    @cached_property
    def _decoy(self) -> str:
        """What is checked for users that do not exist, so that they take as long as those that do."""
        return self._hasher.hash(secrets.token_urlsafe())

    def hash(self, password: str) -> str:
        """The hash to store."""
        with self._turn():
            return self._hasher.hash(password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is that of the stored hash; None is a user that does not exist or has no password."""
        if len(password) > LONGEST:
            return False
        digest = self._digest(stored or "", password)
        if stored is not None and self._remembers(digest):
            return True
        with self._turn():
            right = self._check(stored or self._decoy, password) and stored is not None
        if right:
            self._remember(digest)
        return right

    def outdated(self, stored: str) -> bool:
        """Whether the hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _check(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    def _turn(self) -> _Turn:
        return _Turn(self._turns)

    def _digest(self, stored: str, password: str) -> bytes:
        text = f"{stored}\x00{password}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, text, hashlib.sha256)

    def _remembers(self, digest: bytes) -> bool:
        with self._lock:
            until = self._known.get(digest)
            return until is not None and until > time.monotonic()

    def _remember(self, digest: bytes) -> None:
        with self._lock:
            self._known[digest] = time.monotonic() + REMEMBERED
            self._known.move_to_end(digest)
            while len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)


class _Turn:
    """A place among those that hash at once. Raises TooManyRequests when none gets free in time."""

    def __init__(self, turns: threading.BoundedSemaphore) -> None:
        self._turns = turns

    def __enter__(self) -> None:
        if not self._turns.acquire(timeout=PATIENCE):
            raise TooManyRequests("Too many log-ins at once.", retry_after=PATIENCE)

    def __exit__(self, *_: object) -> None:
        self._turns.release()
