"""Guessing passwords is slowed down, then locked out: by user name, known or not, and by the address that guesses come from.

Failures are counted in the database, so every worker and node counts the same. What is stored of names and addresses is a hash.
"""

from __future__ import annotations

import hashlib
import ipaddress
import time
from collections.abc import Callable

import structlog

from gateway.errors import TooManyRequests
from gateway.security.clock import Clock, instant, seconds_of
from gateway.units import unit_of_work
from models import Database, login

log = structlog.get_logger("gateway.audit")

#: Failures within the window after which a name or an address is locked out.
MOST = 20
#: Seconds for which a failure counts.
WINDOW = 600
#: Failures that are free of delay.
FREE = 5
#: Seconds of the first delay; each further failure doubles it, up to the longest.
FIRST_DELAY = 0.1
LONGEST_DELAY = 1.0


class Lockout:
    """Counts failed log-ins."""

    def __init__(self, database: Database, clock: Clock, sleep: Callable[[float], None] = time.sleep) -> None:
        self._database = database
        self._clock = clock
        self._sleep = sleep

    def admit(self, name: str, address: str) -> None:
        """Let an attempt pass, late where others failed before it. Raises TooManyRequests where it is locked out."""
        now = self._clock()
        with unit_of_work(self._database, write=False) as unit:
            found = login.failures(unit, _user(name), _address(address), instant(now - WINDOW))
        for count, oldest in found.values():
            if count >= MOST:
                log.warning("log-in locked out", address=address)
                wait = max(1, round(seconds_of(oldest) + WINDOW - now))
                raise TooManyRequests("Too many failed log-ins; try again later.", retry_after=wait)
        self._sleep(delay(max((count for count, _ in found.values()), default=0)))

    def failed(self, name: str, address: str) -> None:
        """Count a failure, and forget those that count no more."""
        now = self._clock()
        with unit_of_work(self._database) as unit:
            login.sweep_failures(unit, instant(now - WINDOW))
            login.note_failures(unit, [_user(name), _address(address)], instant(now))

    def succeeded(self, name: str) -> None:
        """Forget the user's failures. The address keeps its own: who has one account must not get free guesses at others."""
        with unit_of_work(self._database) as unit:
            login.forget_failures(unit, _user(name))


def delay(failures: int) -> float:
    """Seconds that an attempt waits after so many failures."""
    return 0.0 if failures < FREE else min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** (failures - FREE))


def _user(name: str) -> str:
    return _hash("user", name.casefold())


def _address(address: str) -> str:
    """An address of version 6 counts as its network: who has one has 2**64 of them."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return _hash("address", address)
    if parsed.version == 6:
        return _hash("address", str(ipaddress.ip_network((parsed, 64), strict=False)))
    return _hash("address", str(parsed))


def _hash(kind: str, text: str) -> str:
    return hashlib.sha256(f"{kind}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()
