"""Storage beside the same SQL by hand, on SQLite: one session, a new one, a page, and lists by each indexed filter.

    python benchmarks/storage.py [--rounds N] [--sessions N]

By hand means: the statements of `models` written out, run with sqlite3 in one transaction, their columns made the same rows. Cases are
interleaved, each round in the opposite order of the one before; a ratio is the median of the rounds' ratios, of processor time, which
other work on the machine disturbs least. "bare" leaves the rows out
of what is done by hand: the driver's tuples as they come.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from models import Database, connect, ids, migrations, session, session_list
from models.listing import Order
from models.session import BreadcrumbRow, LogRow, MemberRow, SessionRow

#: Sessions that are as long as those that the targets were measured with: three members, ten lines.
LONG = 10_000
PAGE = 50
ACCOUNTS = 10
CUSTOMERS = 500

MEMBER_COLUMNS = ", ".join(MemberRow._fields)
COLUMNS = ", ".join(field.name for field in session_list.ALL)
NEW_COLUMNS = [field.name for field in session.Session._meta.sorted_fields]
PLACES = ", ".join("?" * len(NEW_COLUMNS))
INSERT = f"INSERT INTO sessions ({', '.join(NEW_COLUMNS)}) VALUES ({PLACES})"
INSERT_MEMBER = f"INSERT INTO session_members (session_id, position, {MEMBER_COLUMNS}) VALUES ({', '.join('?' * 12)})"
INSERT_LINE = "INSERT INTO session_log (session_id, position, date, message, message_folded) VALUES (?, ?, ?, ?, ?)"

Case = Callable[[], object]


def instant(number: int) -> str:
    """An instant a second after the one of the number before."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(1_760_000_000 + number))


def values_of(number: int) -> dict[str, Any]:
    """A session's columns."""
    date = instant(number)
    return {
        "id": f"{number:08x}{ids.new_id()[8:]}",
        "date_created": date,
        "date_last_modified": date,
        "created_by": "u1",
        "last_modified_by": "u1",
        "account_id": f"account-{number % ACCOUNTS}",
        "account_name": "Acme",
        "customer_id": f"customer-{number % CUSTOMERS}",
        "customer_name": "Widgets",
        "customer_breadcrumb": [
            BreadcrumbRow("root", "Root"),
            BreadcrumbRow(f"customer-{number % CUSTOMERS}", "Widgets"),
        ],
        "endpoint_id": f"endpoint-{number % CUSTOMERS}",
        "parent_session_id": f"parent-{number % 10_000}",
        "display_name": "Support call",
        "channel": "Voice",
        "direction": "Outgoing",
        "dial_state": "None",
        "call_state": "Connected",
        "queue_state": "None",
        "from_address": "ada@example.org",
        "to_address": "+15551230002",
    }


def members_of(number: int, count: int) -> list[MemberRow]:
    """A session's members."""
    names = [f"user{number % 1000}@example.org", "bob@example.net", "eve@example.com"][:count]
    return [
        MemberRow(name, None, name, name == names[0], None, None, "Connected", "Agent", None, False) for name in names
    ]


def lines_of(number: int, count: int) -> list[LogRow]:
    """A session's log."""
    return [LogRow(instant(number), f"Ada did number {each} of what is done") for each in range(count)]


def filled(database: Database, sessions: int) -> list[str]:
    """Store sessions, the long ones last; the ids of the long ones."""
    made = []
    for first in range(0, sessions, 5000):
        with database.unit_of_work() as unit:
            for number in range(first, min(first + 5000, sessions)):
                is_long = number >= sessions - LONG
                row = values_of(number)
                session.insert(
                    unit, row, members_of(number, 3 if is_long else 1), lines_of(number, 10 if is_long else 1)
                )
                if is_long:
                    made.append(row["id"])
    return made


class ByHand:
    """The same SQL with nothing in between."""

    def __init__(self, path: Path, *, bare: bool) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        for pragma in (
            "journal_mode=wal",
            "synchronous=normal",
            "foreign_keys=1",
            "cache_size=-16000",
            "temp_store=memory",
        ):
            self.connection.execute(f"PRAGMA {pragma}")
        self.bare = bare

    def get(self, session_id: str) -> object:
        """One session."""
        run, only = self.connection.execute, (session_id,)
        run("BEGIN")
        row = run(f"SELECT {COLUMNS} FROM sessions WHERE id = ?", only).fetchone()
        members = run(
            f"SELECT {MEMBER_COLUMNS} FROM session_members WHERE session_id = ? ORDER BY position", only
        ).fetchall()
        log = run("SELECT date, message FROM session_log WHERE session_id = ? ORDER BY position", only).fetchall()
        run("COMMIT")
        return (row, members, log) if self.bare else whole(row, members, log)

    def insert(self, values: Sequence[Any], members: Sequence[Any], lines: Sequence[Any]) -> None:
        """A new session."""
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.execute(INSERT, values)
        self.connection.executemany(INSERT_MEMBER, members)
        self.connection.executemany(INSERT_LINE, lines)
        self.connection.execute("COMMIT")

    def page(self, where: str, values: Sequence[Any], limit: int = PAGE) -> object:
        """A page of sessions."""
        run = self.connection.execute
        run("BEGIN")
        rows = run(
            f"SELECT {COLUMNS} FROM sessions WHERE {where} ORDER BY date_created DESC, id DESC LIMIT ?",
            (*values, limit),
        ).fetchall()
        found = [row[0] for row in rows]
        places = ", ".join("?" * len(found))
        members = run(
            f"SELECT session_id, {MEMBER_COLUMNS} FROM session_members WHERE session_id IN ({places}) ORDER BY session_id, position",
            found,
        ).fetchall()
        log = run(
            f"SELECT session_id, date, message FROM session_log WHERE session_id IN ({places}) ORDER BY session_id, position",
            found,
        ).fetchall()
        run("COMMIT")
        if self.bare:
            return rows, members, log
        of_session: dict[str, tuple[list[Any], list[Any]]] = {each: ([], []) for each in found}
        for row in members:
            of_session[row[0]][0].append(row[1:])
        for row in log:
            of_session[row[0]][1].append(row[1:])
        return [whole(row, *of_session[row[0]]) for row in rows]


@cache
def _crumbs(text: str) -> list[BreadcrumbRow]:
    return [BreadcrumbRow(*each) for each in json.loads(text)]


def whole(row: Sequence[Any], members: Sequence[Any], log: Sequence[Any]) -> object:
    """The rows that `models` makes, made as straight as can be."""
    new: Callable[..., Any] = tuple.__new__
    *plain, ended, missed, crumbs = row
    people = [
        new(MemberRow, (a, b, c, bool(d), e, None if f is None else json.loads(f), g, h, i, bool(j)))
        for a, b, c, d, e, f, g, h, i, j in members
    ]
    lines = [new(LogRow, line) for line in log]
    return new(SessionRow, (*plain, bool(ended), bool(missed), list(_crumbs(crumbs)), people, lines))


def insert_cases(database: Database, hand: ByHand, first: int) -> dict[str, Case]:
    """A new session with two members and a line."""
    numbers = itertools.count(first)

    def ours() -> None:
        number = next(numbers)
        with database.unit_of_work() as unit:
            session.insert(unit, values_of(number), members_of(number, 2), lines_of(number, 1))

    def raw() -> None:
        number = next(numbers)
        values = {
            **dict.fromkeys(NEW_COLUMNS),
            **values_of(number),
            "version": 1,
            "ended": False,
            "was_missed": False,
            "archived": False,
            "to_folded": "+15551230002",
            "from_folded": "ada@example.org",
        }
        values["customer_breadcrumb"] = json.dumps(values["customer_breadcrumb"])
        members = [(values["id"], at, *each) for at, each in enumerate(members_of(number, 2))]
        lines = [(values["id"], at, *each, each.message.casefold()) for at, each in enumerate(lines_of(number, 1))]
        hand.insert([values[name] for name in NEW_COLUMNS], members, lines)

    return {"ours": ours, "by hand": raw}


def get_cases(database: Database, hand: ByHand, bare: ByHand, known: list[str]) -> dict[str, Case]:
    """One session by its id."""
    wanted = itertools.cycle(known)

    def ours() -> object:
        with database.unit_of_work(write=False) as unit:
            return session.get(unit, next(wanted))

    return {"ours": ours, "by hand": lambda: hand.get(next(wanted)), "bare": lambda: bare.get(next(wanted))}


def page_cases(
    database: Database, hand: ByHand, bare: ByHand, filters: Mapping[str, Any], where: str, values: Sequence[Any]
) -> dict[str, Case]:
    """A page of the newest."""

    def ours() -> list[SessionRow]:
        with database.unit_of_work(write=False) as unit:
            return session_list.page(unit, filters, Order("date_created"), PAGE)

    assert ours() == hand.page(where, values)
    return {"ours": ours, "by hand": lambda: hand.page(where, values), "bare": lambda: bare.page(where, values)}


#: Filters as `models` has them, and as they are written by hand.
FILTERS: Mapping[str, tuple[Mapping[str, Any], str, Sequence[Any]]] = {
    "page of 50": ({"archived": False}, "archived = 0", ()),
    "by account": (
        {"archived": False, "visible_accounts": ["account-3"]},
        "archived = 0 AND account_id = ?",
        ["account-3"],
    ),
    "by two accounts": (
        {"archived": False, "visible_accounts": ["account-3", "account-4"]},
        "archived = 0 AND account_id IN (?, ?)",
        ["account-3", "account-4"],
    ),
    "by customer": (
        {"archived": False, "customer_ids": ["customer-7"]},
        "archived = 0 AND customer_id = ?",
        ["customer-7"],
    ),
    "by customer in account": (
        {"archived": False, "visible_accounts": ["account-7"], "customer_ids": ["customer-7"]},
        "archived = 0 AND account_id = ? AND customer_id = ?",
        ["account-7", "customer-7"],
    ),
    "by endpoint": (
        {"archived": False, "endpoint_ids": ["endpoint-9"]},
        "archived = 0 AND endpoint_id = ?",
        ["endpoint-9"],
    ),
    "by parent": (
        {"archived": False, "parent_session_id": "parent-42"},
        "archived = 0 AND parent_session_id = ?",
        ["parent-42"],
    ),
    "by member": (
        {"archived": False, "ended": False, "member": "user77@example.org"},
        "archived = 0 AND ended = 0 AND id IN (SELECT session_id FROM session_members WHERE identity = ?)",
        ["user77@example.org"],
    ),
    "by days": (
        {"archived": False, "since": instant(5_000), "until": instant(9_000)},
        "archived = 0 AND date_created >= ? AND date_created <= ?",
        [instant(5_000), instant(9_000)],
    ),
}

TARGETS = {"get": 1.15, "insert": 1.3}


def measure(cases: dict[str, Case], rounds: int) -> dict[str, list[float]]:
    """Seconds of processor time of one call of each case, a figure a round."""
    slowest = 0.0
    for case in cases.values():
        # The first calls build statements and fill caches.
        for _ in range(20):
            case()
        slowest = max(slowest, _of_one(case, 20))
    # As many of each case: who works for longer finds more in the processor's caches.
    count = max(3, int(0.02 / slowest))
    taken: dict[str, list[float]] = {name: [] for name in cases}
    for number in range(rounds):
        for name in list(cases)[:: 1 if number % 2 else -1]:
            taken[name].append(_of_one(cases[name], count))
    return taken


def _of_one(case: Case, count: int) -> float:
    begin = time.process_time()
    for _ in range(count):
        case()
    return (time.process_time() - begin) / count


def report(name: str, taken: Mapping[str, list[float]], target: float) -> bool:
    """Print a line; whether the target is met."""
    ours, hand = taken["ours"], taken["by hand"]
    ratio = statistics.median(one / other for one, other in zip(ours, hand, strict=True))
    bare = taken.get("bare")
    beside = (
        f"{statistics.median(one / other for one, other in zip(ours, bare, strict=True)):6.2f}" if bare else "     -"
    )
    us = statistics.median(ours) * 1e6
    print(
        f"{name:26}{us:9.1f} us{ratio:8.2f} of by hand (at most {target}) {beside} of bare{'' if ratio <= target else '   MISSED'}"
    )
    return ratio <= target


def all_cases(path: Path, sessions: int) -> Iterator[tuple[str, dict[str, Case]]]:
    """Every case, on a database of its own."""
    database = connect(f"sqlite:///{path}")
    migrations.apply(database)
    known = filled(database, sessions)
    hand, bare = ByHand(path, bare=False), ByHand(path, bare=True)
    yield "get", get_cases(database, hand, bare, known)
    yield "insert", insert_cases(database, hand, sessions)
    for name, (filters, where, values) in FILTERS.items():
        yield name, page_cases(database, hand, bare, filters, where, values)
    database.dispose()


def main() -> int:
    """Run every case; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=41)
    parser.add_argument("--sessions", type=int, default=100_000)
    options = parser.parse_args()
    met = []
    with tempfile.TemporaryDirectory() as folder:
        for name, cases in all_cases(Path(folder, "benchmark.db"), max(options.sessions, LONG)):
            met.append(report(name, measure(cases, options.rounds), TARGETS.get(name, 1.3)))
    return 0 if all(met) else 1


if __name__ == "__main__":
    raise SystemExit(main())
