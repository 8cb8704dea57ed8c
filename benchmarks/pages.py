"""Count the pages that a new session writes to SQLite's write-ahead log, by table and index.

    python benchmarks/pages.py [--sessions N] [--members N]

The pages are most of the cost of a new session. When a leaf of a tree is full, SQLite also writes its neighbours and their parent, so the
counts have fractions. They do not depend on the machine.
"""

from __future__ import annotations

import argparse
import sqlite3
import struct
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from models import Database, connect
from models.engine import checkpoints, ids, migrations
from models.sessions import ROWS as SESSIONS
from models.sessions import session
from models.sessions.session import LogRow, MemberRow
from models.users import ROWS as USERS

#: Members to choose from. Each has some sessions, as in a company.
PEOPLE = 100
#: Sessions whose pages are counted.
COUNTED = 300
_HEADER, _FRAME = 32, 24


def store(database: Database, number: int, members: int) -> None:
    """Store the session with this number, as a client's POST does."""
    now = f"{datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number):%Y-%m-%dT%H:%M:%S.%fZ}"
    row = {
        "id": ids.new_id(),
        "date_created": now,
        "date_last_modified": now,
        "created_by": "0" * ids.LENGTH,
        "last_modified_by": "0" * ids.LENGTH,
        "account_id": "1" * ids.LENGTH,
        "account_name": "Acme",
        "display_name": "Support call",
        "channel": "Voice",
        "direction": "Incoming",
        "dial_state": "Active",
        "call_state": "Connected",
        "queue_state": "None",
        "from_address": "+15551230001",
        "from_name": "Ann Example",
        "from_phone_number": "+15551230001",
        "to_address": "+15551230002",
        "destination": "+15551230002",
    }
    names = [f"user{(number * 7 + index * 31) % PEOPLE}@example.org" for index in range(members)]
    rows = [MemberRow(name, None, name, name == names[0], None, None, "None", "None", None, False) for name in names]
    with database.unit_of_work() as unit:
        session.insert(unit, row, rows, [LogRow(now, f"Session created by {names[0] if names else 'a key'}")])


def read_pages(log: Path) -> Iterator[int]:
    """Yield the number of each page in a write-ahead log, in the order in which they were written."""
    content = log.read_bytes()
    (size,) = struct.unpack(">I", content[8:12])
    for begin in range(_HEADER, len(content), _FRAME + size):
        yield struct.unpack(">I", content[begin : begin + 4])[0]


def count(sessions: int, members: int) -> Counter[str]:
    """Return how many pages of each table and index are written for `COUNTED` sessions, after `sessions` others."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gateway.db"
        # The log keeps all pages until they are counted.
        checkpoints.EVERY = sessions + COUNTED + 1
        database = connect(f"sqlite:///{path}")
        migrations.apply(database, (USERS, SESSIONS))
        for number in range(sessions):
            store(database, number, members)
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for number in range(sessions, sessions + COUNTED):
            store(database, number, members)
        try:
            names = dict(connection.execute("SELECT pageno, name FROM dbstat"))
        except sqlite3.OperationalError as error:
            raise SystemExit(f"SQLite counts no pages here: {error}") from error
        # The first page, which counts the others, is part of the schema's table.
        pages = Counter(names.get(number, "(free)") for number in read_pages(path.with_name("gateway.db-wal")))
        connection.close()
        database.dispose()
        return pages


def main() -> None:
    """Print the pages of each table and index."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=3000, help="sessions that are stored before")
    parser.add_argument("--members", type=int, default=3)
    options = parser.parse_args()
    pages = count(options.sessions, options.members)
    print(f"{'pages of a new session':46}")
    for name, number in pages.most_common():
        print(f"{name:46} {number / COUNTED:5.2f}")
    print(f"{'all':46} {pages.total() / COUNTED:5.2f}")


if __name__ == "__main__":
    main()
