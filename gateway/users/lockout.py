"""The lockout: guesses of passwords are delayed, then refused.

Failures are counted for a user name at an address, for the address, and for the name, whether or not a user has it. Too many from one
address lock that address out, for the name or for every name. Failures from other addresses only delay log-ins of the name. An address
from which the user signed in within the last 30 days is known: guesses from elsewhere or at other names neither delay it nor lock it out.

Failures are counted in the database, so every worker and node counts the same. Names and addresses are stored as hashes.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gateway import addresses, turns
from gateway.errors import TooManyRequests
from gateway.transactions import unit_of_work
from gateway.users.clock import Clock, instant, seconds_of
from models import Database
from models.users import login

#: Seconds for which an address is known after a log-in.
KNOWN = 30 * 86_400
#: Number of failures without a delay.
FREE = 5
#: Seconds of the first delay; each further failure doubles it, up to the longest.
FIRST_DELAY = 0.1
LONGEST_DELAY = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers of failures that lock out.

    :ivar attempts: failures of one user name at one address.
    :ivar address_attempts: failures at one address, whatever the names.
    :ivar window: seconds for which a failure counts.
    :ivar exempt: networks that many users share, such as a company's; there only the name is delayed.
    """

    attempts: int = 20
    address_attempts: int = 200
    window: int = 600
    exempt: Sequence[str] = ()


class _Subjects(NamedTuple):
    """The hashes by which failures are counted."""

    pair: str
    address: str
    name: str


class Lockout:
    """Counts failed log-ins."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        sleep: Callable[[float], None] = time.sleep,
        limits: Limits | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._sleep = sleep
        self._limits = limits or Limits()
        self._exempt = [addresses.parse_network(network.strip()) for network in self._limits.exempt]

    def admit(self, name: str, address: str) -> None:
        """Admit an attempt, with a delay after earlier failures. Raises TooManyRequests if it is locked out."""
        now, limits = self._clock(), self._limits
        subjects = _hash_subjects(name, address)
        with unit_of_work(self._database, write=False) as unit:
            failures = login.count_failures(unit, subjects, instant(now - limits.window))
            last_log_in = login.read_known_since(unit, subjects.pair)
        is_exempt = self._is_exempt(address)
        is_known = not is_exempt and last_log_in is not None and seconds_of(last_log_in) + KNOWN > now
        nothing = 0, instant(now)
        (at_pair, first_at_pair), (at_address, first_at_address), (at_name, _) = (
            failures.get(subject, nothing) for subject in subjects
        )
        if at_pair >= limits.attempts and not is_exempt:
            raise self._make_refusal(first_at_pair, now)
        if at_address >= limits.address_attempts and not (is_exempt or is_known):
            raise self._make_refusal(first_at_address, now)
        seconds = compute_delay(at_pair if is_known else at_name)
        if seconds:
            turns.leave()
        self._sleep(seconds)

    def count_failure(self, name: str, address: str) -> None:
        """Count a failure, and delete those that no longer count."""
        now = self._clock()
        with unit_of_work(self._database) as unit:
            login.sweep_failures(unit, instant(now - self._limits.window))
            login.note_failures(unit, _hash_subjects(name, address), instant(now))

    def count_success(self, name: str, address: str) -> None:
        """Trust the address, and forget the user's failures there. Failures of the address stay: an owner of one account must not get free
        guesses at others by signing in."""
        now = self._clock()
        subject = _hash_subjects(name, address).pair
        with unit_of_work(self._database) as unit:
            login.forget_failures(unit, subject)
            login.sweep_known(unit, instant(now - KNOWN))
            login.note_known(unit, subject, instant(now))

    def list_callers(self, name: str, address: str) -> list[str]:
        """Return the callers for which a log-in counts: its name, and its address unless many users share that."""
        by_name = f"name {name.casefold()}"
        return [by_name] if self._is_exempt(address) else [by_name, f"address {addresses.find_client_network(address)}"]

    def _make_refusal(self, first: str, now: float) -> TooManyRequests:
        wait = max(1, round(seconds_of(first) + self._limits.window - now))
        return TooManyRequests("Too many failed log-ins; try again later.", retry_after=wait)

    def _is_exempt(self, address: str) -> bool:
        return addresses.contains(self._exempt, address)


def compute_delay(failures: int) -> float:
    """Return the seconds that an attempt waits after this many failures."""
    return 0.0 if failures < FREE else min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(failures - FREE, 32))


def _hash_subjects(name: str, address: str) -> _Subjects:
    user, network = name.casefold(), addresses.find_client_network(address)
    return _Subjects(_hash("pair", user, network), _hash("address", network), _hash("user", user))


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
