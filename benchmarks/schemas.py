"""Compare compiled schemas with marshmallow's: medians of ratios, both measured in turns in one process.

python benchmarks/schemas.py [--check]   with --check, end with status 1 if a target is missed
"""

from __future__ import annotations

import sys
import time
from collections import namedtuple
from collections.abc import Callable
from dataclasses import make_dataclass
from statistics import median
from typing import Any

from marshmallow import ValidationError

from gateway.contract.compiled import compile_dump, compile_load
from gateway.contract.dto import Dto
from gateway.sessions.dtos.customers import CustomerBreadcrumb
from gateway.sessions.dtos.sessions import NewSession, SessionInfo, SessionLogInfo, SessionMemberInfo

ROUNDS = 15
CALLS = 2_000


Make = Callable[[type[Dto]], Any]


def make_with_slots(dto: type[Dto]) -> Any:
    """Return a class of objects with slots, which marshmallow reads fastest."""
    return make_dataclass(dto.__name__, list(dto.schema().fields), slots=True)


def make_named_tuple(dto: type[Dto]) -> Any:
    """Return a class of named tuples, as the gateway's storage returns them."""
    return namedtuple(dto.__name__, list(dto.schema().fields))


def make_session(make: Make) -> Any:
    """Return a session with 3 members, 10 log lines and 2 breadcrumbs."""
    member, line, crumb = make(SessionMemberInfo), make(SessionLogInfo), make(CustomerBreadcrumb)
    values: dict[str, Any] = {name: f"{name} of this session" for name in SessionInfo.schema().fields}
    values |= {"ended": False, "was_missed": False}
    values["members"] = [
        member(f"user{n}@example.org", None, f"User {n}", n == 0, None, {"k": "v"}, "Connected", "Agent", None, False)
        for n in range(3)
    ]
    values["log"] = [line("2026-11-23T08:15:30.123456Z", f"Line {n} of the log") for n in range(10)]
    values["customer_breadcrumb"] = [crumb(f"c{n}", f"Customer {n}") for n in range(2)]
    return make(SessionInfo)(**values)


DOCUMENT = {
    "displayName": "Support for Ada",
    "channel": "Voice",
    "direction": "Incoming",
    "callState": "Ringing",
    "fromAddress": "from@example.org",
    "fromName": "From O'Name",
    "toAddress": "to@example.org",
    "customerId": "0190a0b0c0d0e0f0",
    "fromPhoneNumber": "+15551230001",
    "destination": "+15551230002",
    "memberEmailAddresses": ["a@example.org", "b@example.org"],
    "startSession": True,
}
INVALID = {**DOCUMENT, "channel": "Telex"}


def return_errors(load: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a load that returns validation errors instead of raising them."""

    def run(document: Any) -> Any:
        try:
            return load(document)
        except ValidationError as error:
            return error.messages

    return run


def compare(
    first_function: Callable[[Any], Any], second_function: Callable[[Any], Any], value: Any
) -> tuple[float, float, float]:
    """Return the median microseconds of both, and the median of the ratios of each round's pair."""
    assert first_function(value) == second_function(value)
    times: list[tuple[float, float]] = []
    for number in range(ROUNDS):
        order = (first_function, second_function) if number % 2 else (second_function, first_function)
        spent = {run: _time(run, value) for run in order}
        times.append((spent[first_function], spent[second_function]))
    return median(a for a, _ in times), median(b for _, b in times), median(b / a for a, b in times)


def _time(run: Callable[[Any], Any], value: Any) -> float:
    begin = time.perf_counter()
    for _ in range(CALLS):
        run(value)
    return (time.perf_counter() - begin) / CALLS * 1e6


def main() -> int:
    """Print a line for each case. Return the number of missed targets."""
    info, new_session = SessionInfo.schema(), NewSession.schema()
    dump = compile_dump(info)
    load = compile_load(new_session)
    cases: list[tuple[str, Callable[[Any], Any], Callable[[Any], Any], Any, float]] = [
        ("dump SessionInfo, slots", info.dump, dump, make_session(make_with_slots), 0.08),
        ("dump SessionInfo, tuples", info.dump, dump, make_session(make_named_tuple), 0.08),
        ("load NewSession", new_session.load, load, DOCUMENT, 0.05),
        ("load an invalid NewSession", return_errors(new_session.load), return_errors(load), INVALID, 1.1),
    ]
    missed = 0
    for name, slow_function, fast_function, value, target in cases:
        slow, fast, ratio = compare(slow_function, fast_function, value)
        missed += ratio > target
        print(f"{name:28} marshmallow {slow:7.2f} us  compiled {fast:7.2f} us  ratio {ratio:.3f}  (target {target})")
    return missed


if __name__ == "__main__":
    sys.exit(bool(main()) and "--check" in sys.argv)
