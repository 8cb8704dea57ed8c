"""Compare storage with the same SQL by hand: one session, a new one, a page, and lists by each indexed filter.

    python benchmarks/storage.py [--rounds N] [--sessions N] [--mariadb]

It runs on SQLite, or on a MariaDB server that it starts. "By hand": the statements of `models` written out, run with the driver in one
transaction, their results converted to the same rows. Cases are interleaved, each round in the opposite order of the one before. A ratio
is the median of the rounds' ratios of this process's processor time, which other work on the machine disturbs least. "Bare": by hand
without the conversion, with the driver's tuples. Last comes the elapsed time of a new session with each GATEWAY_SQLITE_SYNC.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from models import Database, connect
from models.engine import ids, migrations
from models.engine.listing import Order
from models.sessions import ROWS as SESSIONS
from models.sessions import session, session_list
from models.sessions.session import BreadcrumbRow, LogRow, MemberRow, SessionRow
from models.users import ROWS as USERS

#: The number of long sessions, of the length that the targets were measured with: three members, ten lines.
LONG = 10_000
PAGE = 50
ACCOUNTS = 10
CUSTOMERS = 500

MEMBER_COLUMNS = ", ".join(MemberRow._fields)
COLUMNS = ", ".join(field.name for field in session_list.ALL)
NEW_COLUMNS = [field.name for field in session.Session._meta.sorted_fields]
INSERT = f"INSERT INTO sessions ({', '.join(NEW_COLUMNS)}) VALUES ({', '.join('?' * len(NEW_COLUMNS))})"
INSERT_MEMBER = f"INSERT INTO session_members (session_id, position, {MEMBER_COLUMNS}) VALUES ({', '.join('?' * 12)})"
INSERT_LINE = "INSERT INTO session_log (session_id, position, date, message, message_folded) VALUES (?, ?, ?, ?, ?)"
SESSION = f"SELECT {COLUMNS} FROM sessions WHERE id = ?"
MEMBERS = f"SELECT {MEMBER_COLUMNS} FROM session_members WHERE session_id = ? ORDER BY position"
LOG = "SELECT date, message FROM session_log WHERE session_id = ? ORDER BY position"

_PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": "normal",
    "foreign_keys": 1,
    "cache_size": -16_000,
    "temp_store": "memory",
    "wal_autocheckpoint": 8000,
}

Case = Callable[[], object]


def format_instant(number: int) -> str:
    """Return an instant, one second later for each number."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(1_760_000_000 + number))


def make_values(number: int) -> dict[str, Any]:
    """Return a session's columns."""
    date = format_instant(number)
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


def make_members(number: int, count: int) -> list[MemberRow]:
    """Return a session's members."""
    names = [f"user{number % 1000}@example.org", "bob@example.net", "eve@example.com"][:count]
    return [
        MemberRow(name, None, name, name == names[0], None, None, "Connected", "Agent", None, False) for name in names
    ]


def make_lines(number: int, count: int) -> list[LogRow]:
    """Return a session's log."""
    return [LogRow(format_instant(number), f"Ada did number {line} of what is done") for line in range(count)]


def fill(database: Database, sessions: int) -> list[str]:
    """Store sessions, the long ones last. Return the ids of the long ones."""
    session_ids = []
    for begin in range(0, sessions, 5000):
        with database.unit_of_work() as unit:
            for number in range(begin, min(begin + 5000, sessions)):
                is_long = number >= sessions - LONG
                row = make_values(number)
                session.insert(
                    unit, row, make_members(number, 3 if is_long else 1), make_lines(number, 10 if is_long else 1)
                )
                if is_long:
                    session_ids.append(row["id"])
    return session_ids


class Driver(Protocol):
    """A database's driver, used as directly as possible."""

    def sql(self, text: str) -> str:
        """Return a statement with the driver's parameter marks."""
        ...

    def begin(self, writes: bool) -> None:
        """Begin a transaction."""
        ...

    def commit(self) -> None:
        """Commit the transaction."""
        ...

    def run(self, sql: str, values: Sequence[Any]) -> Any:
        """Run a statement, and return its cursor."""
        ...

    def run_many(self, sql: str, rows: Sequence[Any]) -> None:
        """Run a statement once for each row of values."""
        ...


class OfSqlite:
    """sqlite3."""

    def __init__(self, url: str) -> None:
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        for name, value in _PRAGMAS.items():
            connection.execute(f"PRAGMA {name}={value}")
        self._connection = connection
        self.run = connection.execute
        self.run_many = connection.executemany

    def sql(self, text: str) -> str:
        """Return the statement unchanged."""
        return text

    def begin(self, writes: bool) -> None:
        """Begin a transaction; a writer takes the write lock at once."""
        self._connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")

    def commit(self) -> None:
        """Commit the transaction."""
        self._connection.execute("COMMIT")


class OfMariaDb:
    """PyMySQL. Transactions begin implicitly."""

    def __init__(self, url: str) -> None:
        import pymysql

        parts = urlsplit(url)
        self._connection: Any = pymysql.connect(
            host=parts.hostname, port=parts.port or 0, user="root", database=parts.path[1:], charset="utf8mb4"
        )
        self.commit = self._connection.commit

    def sql(self, text: str) -> str:
        """Return the statement with PyMySQL's parameter marks."""
        return text.replace("?", "%s")

    def begin(self, writes: bool) -> None:
        """Do nothing: a transaction begins with its first statement."""

    def run(self, sql: str, values: Sequence[Any]) -> Any:
        """Run a statement, and return its cursor."""
        cursor = self._connection.cursor()
        cursor.execute(sql, values)
        return cursor

    def run_many(self, sql: str, rows: Sequence[Any]) -> None:
        """Run a statement for all rows."""
        self._connection.cursor().executemany(sql, rows)


class ByHand:
    """The same SQL, run with the driver only."""

    def __init__(self, driver: Driver, *, bare: bool) -> None:
        self.driver = driver
        self.bare = bare
        self._reading = [driver.sql(statement) for statement in (SESSION, MEMBERS, LOG)]
        self._writing = [driver.sql(statement) for statement in (INSERT, INSERT_MEMBER, INSERT_LINE)]

    def get(self, session_id: str) -> object:
        """Return one session."""
        run, only = self.driver.run, (session_id,)
        session_sql, members_sql, log_sql = self._reading
        self.driver.begin(False)
        row = run(session_sql, only).fetchone()
        members = run(members_sql, only).fetchall()
        log = run(log_sql, only).fetchall()
        self.driver.commit()
        return (row, members, log) if self.bare else build_row(row, members, log)

    def insert(self, values: Sequence[Any], members: Sequence[Any], lines: Sequence[Any]) -> None:
        """Insert a new session."""
        session_sql, members_sql, log_sql = self._writing
        self.driver.begin(True)
        self.driver.run(session_sql, values)
        self.driver.run_many(members_sql, members)
        self.driver.run_many(log_sql, lines)
        self.driver.commit()

    def page(self, where: str, values: Sequence[Any], limit: int = PAGE) -> object:
        """Return a page of sessions."""
        run, sql = self.driver.run, self.driver.sql
        self.driver.begin(False)
        rows = run(
            sql(f"SELECT {COLUMNS} FROM sessions WHERE {where} ORDER BY date_created DESC, id DESC LIMIT ?"),
            (*values, limit),
        ).fetchall()
        session_ids = [row[0] for row in rows]
        within = f"WHERE session_id IN ({', '.join('?' * len(session_ids))}) ORDER BY session_id, position"
        members = run(sql(f"SELECT session_id, {MEMBER_COLUMNS} FROM session_members {within}"), session_ids).fetchall()
        log = run(sql(f"SELECT session_id, date, message FROM session_log {within}"), session_ids).fetchall()
        self.driver.commit()
        if self.bare:
            return rows, members, log
        of_session: dict[str, tuple[list[Any], list[Any]]] = {session_id: ([], []) for session_id in session_ids}
        for row in members:
            of_session[row[0]][0].append(row[1:])
        for row in log:
            of_session[row[0]][1].append(row[1:])
        return [build_row(row, *of_session[row[0]]) for row in rows]


@cache
def _parse_crumbs(text: str) -> list[BreadcrumbRow]:
    return [BreadcrumbRow(*crumb) for crumb in json.loads(text)]


def build_row(row: Sequence[Any], members: Sequence[Any], log: Sequence[Any]) -> object:
    """Return the rows that `models` returns, made as directly as possible."""
    new: Callable[..., Any] = tuple.__new__
    *plain, ended, missed, crumbs = row
    people = [
        new(MemberRow, (a, b, c, bool(d), e, None if f is None else json.loads(f), g, h, i, bool(j)))
        for a, b, c, d, e, f, g, h, i, j in members
    ]
    lines = [new(LogRow, line) for line in log]
    return new(SessionRow, (*plain, bool(ended), bool(missed), list(_parse_crumbs(crumbs)), people, lines))


def make_insert_cases(database: Database, hand: ByHand, begin: int) -> dict[str, Case]:
    """Return cases that insert a new session with two members and a line."""
    numbers = itertools.count(begin)

    def run_own() -> None:
        number = next(numbers)
        with database.unit_of_work() as unit:
            session.insert(unit, make_values(number), make_members(number, 2), make_lines(number, 1))

    def run_by_hand() -> None:
        number = next(numbers)
        values = {
            **dict.fromkeys(NEW_COLUMNS),
            **make_values(number),
            "version": 1,
            "ended": False,
            "was_missed": False,
            "archived": False,
            "to_folded": "+15551230002",
            "from_folded": "ada@example.org",
        }
        values["customer_breadcrumb"] = json.dumps(values["customer_breadcrumb"])
        members = [(values["id"], at, *member) for at, member in enumerate(make_members(number, 2))]
        lines = [(values["id"], at, *line, line.message.casefold()) for at, line in enumerate(make_lines(number, 1))]
        hand.insert([values[name] for name in NEW_COLUMNS], members, lines)

    return {"ours": run_own, "by hand": run_by_hand}


def make_get_cases(database: Database, hand: ByHand, bare: ByHand, session_ids: list[str]) -> dict[str, Case]:
    """Return cases that read one session by its id."""
    ids_in_turn = itertools.cycle(session_ids)

    def run_own() -> object:
        with database.unit_of_work(write=False) as unit:
            return session.get(unit, next(ids_in_turn))

    return {
        "ours": run_own,
        "by hand": lambda: hand.get(next(ids_in_turn)),
        "bare": lambda: bare.get(next(ids_in_turn)),
    }


def make_page_cases(
    database: Database, hand: ByHand, bare: ByHand, filters: Mapping[str, Any], where: str, values: Sequence[Any]
) -> dict[str, Case]:
    """Return cases that read a page of the newest sessions."""

    def run_own() -> list[SessionRow]:
        with database.unit_of_work(write=False) as unit:
            return session_list.page(unit, filters, Order("date_created"), PAGE)

    assert run_own() == hand.page(where, values)
    return {"ours": run_own, "by hand": lambda: hand.page(where, values), "bare": lambda: bare.page(where, values)}


#: Filters of `models`, and the same written by hand.
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
        {"archived": False, "since": format_instant(5_000), "until": format_instant(9_000)},
        "archived = 0 AND date_created >= ? AND date_created <= ?",
        [format_instant(5_000), format_instant(9_000)],
    ),
}

TARGETS = {"get": 1.15, "insert": 1.3}


def measure(cases: dict[str, Case], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of processor time of one call of each case, one figure per round."""
    slowest = 0.0
    for case in cases.values():
        # The first calls build statements and fill caches.
        for _ in range(20):
            case()
        slowest = max(slowest, _measure_case(case, 20))
    # All cases have the same number of calls: a case with more calls would profit more from the processor's caches.
    count = max(3, int(0.02 / slowest))
    figures: dict[str, list[float]] = {name: [] for name in cases}
    for number in range(rounds):
        for name in list(cases)[:: 1 if number % 2 else -1]:
            figures[name].append(_measure_case(cases[name], count))
    return figures


def _measure_case(case: Case, count: int) -> float:
    begin = time.process_time()
    for _ in range(count):
        case()
    return (time.process_time() - begin) / count


def report(name: str, figures: Mapping[str, list[float]], target: float) -> bool:
    """Print a line. Return whether the target is met."""
    own_times, hand = figures["ours"], figures["by hand"]
    ratio = statistics.median(own_time / base_time for own_time, base_time in zip(own_times, hand, strict=True))
    bare = figures.get("bare")
    beside = (
        f"{statistics.median(own_time / base_time for own_time, base_time in zip(own_times, bare, strict=True)):6.2f}"
        if bare
        else "     -"
    )
    us = statistics.median(own_times) * 1e6
    print(
        f"{name:26}{us:9.1f} us{ratio:8.2f} of by hand (at most {target}) {beside} of bare{'' if ratio <= target else '   MISSED'}"
    )
    return ratio <= target


def build_cases(url: str, driver: Callable[[str], Driver], sessions: int) -> Iterator[tuple[str, dict[str, Case]]]:
    """Yield every case, on an empty database."""
    database = connect(url)
    migrations.apply(database, (USERS, SESSIONS))
    session_ids = fill(database, sessions)
    hand, bare = ByHand(driver(url), bare=False), ByHand(driver(url), bare=True)
    yield "get", make_get_cases(database, hand, bare, session_ids)
    yield "insert", make_insert_cases(database, hand, sessions)
    for name, (filters, where, values) in FILTERS.items():
        yield name, make_page_cases(database, hand, bare, filters, where, values)
    database.dispose()


@contextmanager
def run_mariadb(folder: Path) -> Iterator[str]:
    """Run a MariaDB server as long as the block. Yield the URL of an empty database."""
    sys.path.append(str(Path(__file__).parents[1]))
    from tests.databases import MariaDb

    server = MariaDb(folder)
    server.install()
    server.start()
    try:
        with connect(f"{server.url}/mysql").unit_of_work() as unit:
            unit.execute("CREATE DATABASE benchmark CHARACTER SET utf8mb4")
        yield f"{server.url}/benchmark"
    finally:
        server.stop()


@contextmanager
def make_sqlite(folder: Path) -> Iterator[str]:
    """Yield the URL of a new file."""
    yield f"sqlite:///{folder / 'benchmark.db'}"


def report_sync(folder: Path, count: int) -> None:
    """Print the elapsed time of a new session on SQLite with each `sqlite_sync`; its main cost is waiting for the disk."""
    durations = {}
    for sync in ("normal", "full"):
        database = connect(f"sqlite:///{folder / sync}.db", sqlite_sync=sync)
        migrations.apply(database, (USERS, SESSIONS))
        case = make_insert_cases(database, ByHand(OfSqlite(f"sqlite:///{folder / sync}.db"), bare=False), 0)["ours"]
        case()
        begin = time.perf_counter()
        for _ in range(count):
            case()
        durations[sync] = (time.perf_counter() - begin) / count
        database.dispose()
    normal, full = (durations[sync_mode] * 1e6 for sync_mode in ("normal", "full"))
    print(
        f"{'insert, by the clock':26}{normal:9.1f} us with sync normal, {full:.1f} us with full ({full / normal:.2f} times)"
    )


def main() -> int:
    """Run every case. Return 1 if a target is missed, else 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=41)
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--mariadb", action="store_true")
    options = parser.parse_args()
    opened, driver = (run_mariadb, OfMariaDb) if options.mariadb else (make_sqlite, OfSqlite)
    met = []
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as url:
        for name, cases in build_cases(url, driver, max(options.sessions, LONG)):
            met.append(report(name, measure(cases, options.rounds), TARGETS.get(name, 1.3)))
        if not options.mariadb:
            report_sync(Path(folder), 500)
    return 0 if all(met) else 1


if __name__ == "__main__":
    raise SystemExit(main())
