"""Measure how storage slows down as the number of sessions grows: one session, pages by each filter, deep pages, totals, searches.

    python benchmarks/growth.py [--sizes 1000,100000,1000000] [--rounds N] [--mariadb | --url URL]

One database is filled up to each size in turn: SQLite, a MariaDB server that the benchmark starts, or the empty database of a URL. A
line has the time of one call of a case at each size, as a ratio to its time at the first size. A search for a text that no session has
reads every row, so its time grows with the table; no other case should grow. Storing a million sessions takes several minutes.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import storage

from models import Database, Unit, connect
from models.engine import migrations
from models.engine.listing import Order
from models.sessions import ROWS as SESSIONS
from models.sessions import session, session_list
from models.users import ROWS as USERS

PAGE = 50
#: Maximum rows that a page's totals count, as in the service.
COUNTED = 10_001
NEWEST = Order("date_created")
LIVE: Mapping[str, Any] = {"archived": False}

Case = Callable[[Unit], object]


def fill(database: Database, begin: int, end: int) -> None:
    """Store the sessions numbered from `begin` to below `end`."""
    for first_number in range(begin, end, 5000):
        with database.unit_of_work() as unit:
            for number in range(first_number, min(first_number + 5000, end)):
                session.insert(
                    unit, storage.make_values(number), storage.make_members(number, 2), storage.make_lines(number, 2)
                )


def make_page(filters: Mapping[str, Any], offset: int = 0) -> Case:
    """Return a case that reads a page of the sessions that match the filters, newest first."""
    return lambda unit: session_list.page(unit, {**LIVE, **filters}, NEWEST, PAGE, offset)


def make_total(filters: Mapping[str, Any]) -> Case:
    """Return a case that counts the sessions that match the filters, up to the maximum of a page's totals."""
    return lambda unit: session_list.count(unit, {**LIVE, **filters}, COUNTED)


def make_get(ids: list[str]) -> Case:
    """Return a case that reads the next of many sessions at each call."""
    numbers = count()
    return lambda unit: session.get(unit, ids[next(numbers) % len(ids)])


def list_cases(size: int, ids: list[str]) -> Iterator[tuple[str, Case]]:
    """Yield every case at a size."""
    last_instant = storage.format_instant(size - 100)
    yield "get", make_get(ids)
    yield "first page", make_page({})
    yield "middle page", make_page({}, size // 2)
    yield "last page", make_page({}, size - PAGE)
    yield "by account", make_page({"account_ids": ["account-3"]})
    yield "by three accounts", make_page({"account_ids": ["account-3", "account-4", "account-5"]})
    yield "by customer", make_page({"customer_ids": ["customer-7"]})
    yield "by endpoint", make_page({"endpoint_ids": ["endpoint-7"]})
    yield "by parent", make_page({"parent_session_id": "parent-7"})
    yield "by member", make_page({"member": "user7@example.org"})
    yield "since a day", make_page({"since": last_instant})
    yield "total", make_total({})
    yield "total of an account", make_total({"account_ids": ["account-3"]})
    yield "from contains, common", make_page({"from_contains": "ada"})
    yield "from contains, none", make_page({"from_contains": "nowhere"})
    yield "log contains, common", make_page({"log_contains": "number 1"})
    yield "log contains, none", make_page({"log_contains": "nowhere"})
    yield "log contains, an account", make_page({"log_contains": "nowhere", "account_ids": ["account-3"]})


def measure_case(database: Database, case: Case, rounds: int) -> float:
    """Return the median seconds of one call."""
    durations = []
    for _ in range(rounds + 1):
        begin = time.perf_counter()
        with database.unit_of_work(write=False) as unit:
            case(unit)
        durations.append(time.perf_counter() - begin)
    # The first call builds the statement.
    return statistics.median(durations[1:])


def measure(url: str, sizes: list[int], rounds: int) -> Mapping[str, list[float]]:
    """Return the seconds of every case at every size."""
    database = connect(url, answer=None)
    migrations.apply(database, (USERS, SESSIONS))
    figures: dict[str, list[float]] = {}
    count = 0
    for size in sizes:
        begin = time.perf_counter()
        fill(database, count, size)
        print(f"{size:,} sessions: {(size - count) / (time.perf_counter() - begin):,.0f} stored a second")
        count = size
        with database.unit_of_work(write=False) as unit:
            ids = [row.id for row in session_list.page(unit, LIVE, Order("display_name"), 200)]
        for name, case in list_cases(size, ids):
            figures.setdefault(name, []).append(measure_case(database, case, rounds))
    database.dispose()
    return figures


def main() -> None:
    """Print the times and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,100000", help="numbers of sessions, in order, separated by commas")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mariadb", action="store_true")
    parser.add_argument("--url", help="an empty database, as GATEWAY_DATABASE_URL names it; its tables stay")
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    if options.url:
        figures = measure(options.url, sizes, options.rounds)
    else:
        opened = storage.run_mariadb if options.mariadb else storage.make_sqlite
        with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as url:
            figures = measure(url, sizes, options.rounds)
    for name, seconds in figures.items():
        ratios = "".join(f"{duration / seconds[0]:10.1f}x" for duration in seconds)
        print(f"{name:26}{seconds[0] * 1e3:9.2f} ms{ratios}")


if __name__ == "__main__":
    main()
