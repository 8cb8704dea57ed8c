"""A Galera cluster of three nodes: all of them written to, one killed, one stopped, one joining."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from models import Database, Unavailable, Unit, connect
from models.engine import ids, migrations
from models.events import outbox
from models.sessions import account, session
from models.sessions.session import LogRow
from tests.databases import OWNERS, Galera, new_database
from tests.models.conftest import add
from tests.servers import wait_until

NOW = "2026-11-23T08:15:30.123456Z"
NAME = "cluster"


@pytest.fixture(scope="module")
def nodes(galera_nodes: Sequence[Galera]) -> Sequence[Galera]:
    """Three nodes with an empty database."""
    new_database(galera_nodes[0].url, NAME)
    return galera_nodes


@pytest.fixture
def open_database(nodes: Sequence[Galera]) -> Iterator[Callable[..., Database]]:
    """Opens the database on some nodes; where none are named, on all of them."""
    databases = []

    def open_database(*numbers: int, **options: Any) -> Database:
        hosts = ",".join(f"127.0.0.1:{nodes[number].port}" for number in numbers or range(3))
        databases.append(connect(f"mysql://root@{hosts}/{NAME}", answer=None, **options))
        return databases[-1]

    yield open_database
    for database in databases:
        database.dispose()


@pytest.fixture
def node_databases(nodes: Sequence[Galera], open_database: Callable[..., Database]) -> list[Database]:
    """The database on each node, with its schema."""
    databases = [open_database(number, sync_wait=True) for number in range(len(nodes))]
    migrations.apply(databases[0], OWNERS)
    return databases


def run_together(*works: Callable[[], object]) -> None:
    """Run functions at once; fail with what they raise."""
    failures: list[Exception] = []

    def run(work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failures == []


def read_port(unit: Unit) -> int:
    return int(unit.execute("SELECT @@port").fetchone()[0])


def read_cluster_size(node: Galera) -> int:
    """How many nodes there are, as far as one knows; 0 while it serves nobody."""
    database = connect(f"mysql://root@127.0.0.1:{node.port}/{NAME}")
    try:
        value = database.run(lambda unit: unit.execute("SHOW GLOBAL STATUS LIKE 'wsrep_cluster_size'").fetchone()[1])
    except Unavailable:
        return 0
    finally:
        database.dispose()
    return int(value)


def test_migrations_on_every_node_at_once(open_database: Callable[..., Database]) -> None:
    databases = [open_database(number, sync_wait=True) for number in range(3)]
    for _ in range(2):
        run_together(*[lambda database=database: migrations.apply(database, OWNERS) for database in databases])
        for database in databases:
            migrations.check(database, OWNERS)
    migrations.downgrade(databases[0], OWNERS, migrations.Target("sessions", 0))
    run_together(*[lambda database=database: migrations.apply(database, OWNERS) for database in databases])
    assert migrations.missing(databases[1], OWNERS) == []


def test_writers_of_one_session(node_databases: list[Database]) -> None:
    """Whoever comes second at the commit is done again."""
    row = node_databases[0].run(add)
    count = 25

    def change(unit: Unit) -> None:
        session_row = session.get(unit, row.id, for_update=True)
        assert session_row is not None
        session.update(unit, session_row, {"outcome": str(session_row.version)}, LogRow(NOW, "changed"))

    run_together(
        *[lambda database=database: [database.run(change) for _ in range(count)] for database in node_databases]
    )
    for database in node_databases:
        session_row = database.run(lambda unit: session.get(unit, row.id), write=False)
        assert session_row is not None
        assert (session_row.version, len(session_row.log)) == (1 + 3 * count, 1 + 3 * count)


def test_reads_after_writes(node_databases: list[Database]) -> None:
    for number in range(60):
        writer, reader = node_databases[number % 3], node_databases[(number + 1) % 3]
        account_id = writer.run(insert_account)
        assert reader.run(partial(_get_account, account_id), write=False) is not None


def test_events_of_every_node_are_read_once_and_in_one_order(node_databases: list[Database]) -> None:
    """Ids of nodes have gaps and arrive in another order than they were given; positions do not."""
    selectors = {f"test.{number}-{index}" for number in range(3) for index in range(30)}

    def publish(number: int) -> None:
        for index in range(30):

            def store(unit: Unit, selector: str = f"test.{number}-{index}") -> None:
                outbox.insert(unit, date=NOW, kind="event", selector=selector)

            node_databases[number].run(store)

    def read(database: Database, node_events: list[tuple[int, str]]) -> None:
        deadline = time.monotonic() + 60
        while len(node_events) < len(selectors) and time.monotonic() < deadline:
            with database.unit_of_work(write=False) as unit:
                events = outbox.read_after(unit, node_events[-1][0] if node_events else 0, 20)
            node_events += [(row.position, row.selector) for row in events.rows]
            if events.unplaced:
                # Where another node is quicker, its positions are read.
                with suppress(Unavailable), database.unit_of_work() as unit:
                    outbox.place(unit)

    events_by_node: list[list[tuple[int, str]]] = [[], [], []]
    readers = [partial(read, node_databases[number], events_by_node[number]) for number in range(3)]
    run_together(*(partial(publish, number) for number in range(3)), *readers)
    assert {selector for _, selector in events_by_node[0]} == selectors
    assert len(events_by_node[0]) == len(selectors)
    assert events_by_node[0] == events_by_node[1] == events_by_node[2]


def test_a_unit_that_only_read_never_fails(node_databases: list[Database]) -> None:
    """Though what it read is changed elsewhere before it ends."""
    row = node_databases[0].run(add)
    with node_databases[0].unit_of_work(write=False) as unit:
        session_row = session.get(unit, row.id)
        node_databases[1].run(
            lambda unit: session.update(unit, session.get(unit, row.id), {"outcome": "x"}, LogRow(NOW, "changed"))
        )
        assert session.get(unit, row.id) == session_row


def insert_account(unit: Unit) -> str:
    return str(account.insert(unit, name="Acme", parent_account_id=None, now=NOW, by=None).id)


class Writer:
    """Writes accounts from a thread, until it is told to end; knows what was acknowledged and what nobody knows."""

    def __init__(self, database: Database) -> None:
        self.acknowledged: list[str] = []
        self.unknown: list[str] = []
        self._ended = threading.Event()
        self._database = database
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.wait(0.005):
            account_id = ids.new_id()
            try:
                self._database.run(partial(_insert_account, account_id))
            except Unavailable:
                self.unknown.append(account_id)
            else:
                self.acknowledged.append(account_id)

    def more(self) -> None:
        """Return when something else was acknowledged."""
        before = len(self.acknowledged)
        wait_until(lambda: len(self.acknowledged) > before + 2, "another write")

    def end(self) -> None:
        self._ended.set()
        self._thread.join(60)
        assert not self._thread.is_alive()


def _get_account(account_id: str, unit: Unit) -> Any:
    return account.get(unit, account_id)


def _insert_account(account_id: str, unit: Unit) -> None:
    values = (account_id, "Acme", "acme", NOW, NOW)
    names = "id, name, name_folded, date_created, date_last_modified"
    unit.execute(f"INSERT INTO accounts ({names}) VALUES (%s, %s, %s, %s, %s)", values)


def read_account_ids(database: Database) -> set[str]:
    return database.run(lambda unit: {row[0] for row in unit.execute("SELECT id FROM accounts").fetchall()})


def test_one_killed_one_joining_one_stopped(
    nodes: Sequence[Galera], node_databases: list[Database], open_database: Callable[..., Database]
) -> None:
    """Writing goes on. What was acknowledged is on every node afterwards, and nothing else but what nobody knows of."""
    before = read_account_ids(node_databases[0])
    writers = [Writer(open_database(first, (first + 1) % 3, (first + 2) % 3, connections=2)) for first in range(3)]
    try:
        nodes[0].stop(signal.SIGKILL)
        for writer in writers:
            writer.more()
        assert read_cluster_size(nodes[1]) == 2
        # It comes back with nothing and takes the state of another node.
        shutil.rmtree(nodes[0].folder / "data")
        nodes[0].cluster = (nodes[1], nodes[2])
        nodes[0].start()
        assert read_cluster_size(nodes[1]) == 3
        nodes[1].fall_silent()
        for writer in writers:
            writer.more()
        nodes[1].go_on()
        # It comes back as a node that was expelled: another one knows best when.
        wait_until(
            lambda: read_cluster_size(nodes[2]) == 3 and nodes[1].ready(), "the node that was stopped", nodes[1].process
        )
        for writer in writers:
            writer.more()
    finally:
        for node in nodes:
            if node.process is not None and node.process.poll() is None:
                os.kill(node.process.pid, signal.SIGCONT)
        for writer in writers:
            writer.end()
    acknowledged = {account_id for writer in writers for account_id in writer.acknowledged}
    unknown = {account_id for writer in writers for account_id in writer.unknown}
    for number in range(3):
        account_ids = read_account_ids(open_database(number, sync_wait=True)) - before
        assert acknowledged <= account_ids
        assert account_ids - acknowledged <= unknown
