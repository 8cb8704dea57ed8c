"""Passwords: argon2id hashes (RFC 9106), computed without starving other requests.

A hash takes a core for 100 ms or more. So only a few hashes are computed at a time, by threads with a lower priority than those that handle
requests, and only a limited number of log-ins may wait for a hash: a flood of log-ins is refused, not queued.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from contextlib import contextmanager, suppress
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway import turns
from gateway.errors import TooManyRequests
from gateway.users.clock import Clock
from models.engine.caches import Memory

Result = TypeVar("Result")

#: Hashes that are computed at once in a process; each takes 64 MiB.
AT_ONCE = 1
#: Maximum number of log-ins that wait for their hash at once in a process, including the computed one.
IN_LINE = 4
#: Maximum seconds that a log-in waits for its hash.
PATIENCE = 10
#: Seconds for which a password that was right is remembered, for clients that send it with every request.
REMEMBERED = 60
#: Maximum number of characters of a password: the sender must not control the time of its hash.
LONGEST = 1024
#: The nice value of the hashing threads (Linux), which lowers their share of a busy processor.
NICE = 5


def new_hasher() -> PasswordHasher:
    """Return argon2id by the second recommendation of RFC 9106 (64 MiB, three passes), on one lane: a log-in takes one core, not all."""
    return PasswordHasher(time_cost=3, memory_cost=65536, parallelism=1)


class Passwords:
    """Hashes and checks passwords.

    A password that was right is remembered for a minute as a digest under a key of this process, never in plain text.
    """

    def __init__(self, clock: Clock, hasher: PasswordHasher | None = None, in_line: int = IN_LINE) -> None:
        self._clock = clock
        self._hasher = hasher or new_hasher()
        self._in_line = in_line
        self._waiting = 0
        self._by_caller: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._key = secrets.token_bytes(32)
        self._known: Memory[bytes, bool] = Memory(clock)
        self._decoy = make_decoy(self._hasher)
        # The thread starts with the first hash, in the worker: threads do not survive a fork.
        self._threads = ThreadPoolExecutor(AT_ONCE, "passwords", initializer=_step_back)

    @contextmanager
    def wait_in_line(self, *callers: str) -> Iterator[None]:
        """Take a place among the requests that wait for their hash, until the block ends.

        :param callers: the subjects of the request, such as its user name and its address. Each has at most a quarter of the places.
        :raises TooManyRequests: when all places are taken, or all places of a caller.
        """
        with self._counting:
            most = max(1, self._in_line // 4)
            if self._waiting >= self._in_line or any(self._by_caller[caller] >= most for caller in callers):
                raise TooManyRequests("Too many log-ins at once.", retry_after=1)
            self._waiting += 1
            self._by_caller.update(callers)
        try:
            yield
        finally:
            with self._counting:
                self._waiting -= 1
                self._by_caller -= Counter(callers)

    def hash(self, password: str) -> str:
        """Return the hash to store. Takes long."""
        return self._compute(lambda: self._hasher.hash(_encode(password)))

    def remembers(self, stored: str | None, password: str) -> bool:
        """Return whether the password was verified with the stored hash within the last minute. Takes no time."""
        return stored is not None and self._known.get(self._compute_digest(stored, password)) is not None

    def verify(self, stored: str | None, password: str) -> bool:
        """Return whether the password is that of the stored hash. None, for a user that does not exist or has no password, takes as long.
        A right password is remembered."""
        right = self._compute(lambda: self._check(stored or self._decoy, password[:LONGEST]))
        if stored is None or not right or len(password) > LONGEST:
            return False
        self._known.put(self._compute_digest(stored, password), True, self._clock() + REMEMBERED)
        return True

    def is_outdated(self, stored: str) -> bool:
        """Return whether the hash was made with other than the current parameters."""
        return self._hasher.check_needs_rehash(stored)

    def _check(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, _encode(password))
        except (VerificationError, InvalidHashError):
            return False

    def _compute(self, work: Callable[[], Result]) -> Result:
        future = self._threads.submit(work)
        turns.leave()
        try:
            return future.result(PATIENCE)
        except TooLate:
            future.cancel()
            raise TooManyRequests("Too many log-ins at once.", retry_after=PATIENCE) from None

    def _compute_digest(self, stored: str, password: str) -> bytes:
        return hmac.digest(self._key, stored.encode() + b"\0" + _encode(password), hashlib.sha256)


def make_decoy(hasher: PasswordHasher) -> str:
    """Return a hash of no password, with the hasher's parameters: checking it takes as long as checking a real one."""
    salt, digest = (
        base64.b64encode(secrets.token_bytes(length)).decode().rstrip("=")
        for length in (hasher.salt_len, hasher.hash_len)
    )
    return f"$argon2id$v=19$m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}${salt}${digest}"


def _encode(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


def _step_back() -> None:
    if sys.platform == "linux":
        with suppress(OSError):
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + NICE)
