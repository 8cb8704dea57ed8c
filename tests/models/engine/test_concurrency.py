"""Sixteen writers of one session at once: nothing is lost, nothing is done twice. And what was acknowledged outlives a crash."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from models import Conflict, Database, Duplicate, Unavailable, connect
from models.engine import ids, migrations
from models.engine.listing import Order
from models.sessions import message, session
from models.sessions.session import LogRow
from models.users import idempotency, login, user
from tests.databases import OWNERS, SERVERS, Server, new_database
from tests.models.conftest import add, create_member, format_instant, read_stored

WRITERS = 16
CHANGES = 6


@pytest.fixture
def patient(migrated_url: str) -> Any:
    """A database whose writers wait long enough for everybody's turn on a busy machine."""
    database = connect(migrated_url, patience=30)
    yield database
    database.dispose()


def run_at_once(work: Callable[[int], object], count: int = WRITERS) -> list[object]:
    """What each of some threads that begin together returned or raised."""
    results: list[object] = [None] * count
    begin = threading.Barrier(count)

    def run(number: int) -> None:
        begin.wait()
        try:
            results[number] = work(number)
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return results


def test_changes_members_and_an_end(patient: Database) -> None:
    """Each writer patches, invites a member of its own and one that all invite, and tries to end the session last."""
    with patient.unit_of_work() as unit:
        created = add(unit, "ada", console_data="")

    def change(number: int) -> None:
        for turn in range(CHANGES):
            with patient.unit_of_work() as unit:
                row = read_stored(unit, created.id, for_update=True)
                text = f"{row.console_data}[{number}.{turn}]"
                row = session.update(unit, row, {"console_data": text}, LogRow(format_instant(1), f"{number}.{turn}"))
                for identity in (f"m{number}.{turn}", "everybody's"):
                    if identity not in [member_row.identity for member_row in row.members]:
                        row = session.add_member(unit, row, create_member(identity))
        with patient.unit_of_work() as unit:
            row = read_stored(unit, created.id, for_update=True)
            if not row.ended:
                session.set_member_states(
                    unit, session.update(unit, row, {"ended": True}, LogRow(format_instant(2), "ended")), "None"
                )

    assert run_at_once(change) == [None] * WRITERS
    with patient.unit_of_work(write=False) as unit:
        row = read_stored(unit, created.id)
    texts = {f"{number}.{turn}" for number in range(WRITERS) for turn in range(CHANGES)}
    assert sorted(row.console_data[1:-1].split("][")) == sorted(texts)
    assert sorted(line.message for line in row.log) == sorted([*texts, "made", "ended"])
    assert sorted(member_row.identity for member_row in row.members) == sorted(
        [*(f"m{text}" for text in texts), "ada", "everybody's"]
    )
    assert row.version == len(row.log)
    assert row.ended


def test_writers_that_do_not_wait_are_told(patient: Database) -> None:
    """Without a lock while reading, the version decides: each change is made once or refused."""
    with patient.unit_of_work() as unit:
        created = add(unit, console_data="")

    def change(number: int) -> None:
        is_stored = False
        while not is_stored:
            with patient.unit_of_work(write=False) as unit:
                row = read_stored(unit, created.id)
            try:
                with patient.unit_of_work() as unit:
                    session.update(
                        unit,
                        row,
                        {"console_data": f"{row.console_data}[{number}]"},
                        LogRow(format_instant(1), str(number)),
                    )
                is_stored = True
            except (Conflict, Duplicate):
                continue
            except Unavailable as error:
                if not error.again:
                    raise

    assert run_at_once(change, 8) == [None] * 8
    with patient.unit_of_work(write=False) as unit:
        row = read_stored(unit, created.id)
    assert sorted(row.console_data) == sorted("".join(f"[{number}]" for number in range(8)))
    assert row.version == len(row.log) == 9


def test_readers_see_whole_sessions(patient: Database) -> None:
    """A session of version n has n lines and n - 1 members, whenever it is read."""
    with patient.unit_of_work() as unit:
        created = add(unit)
    inconsistent_versions = []

    def work(number: int) -> None:
        for turn in range(15):
            if number % 2:
                with patient.unit_of_work() as unit:
                    row = read_stored(unit, created.id, for_update=True)
                    row = session.update(unit, row, {}, LogRow(format_instant(1), "line"))
                    session.add_member(unit, row, create_member(f"{number}.{turn}"))
            else:
                with patient.unit_of_work(write=False) as unit:
                    row = read_stored(unit, created.id)
                if not row.version == len(row.log) == len(row.members) + 1:
                    inconsistent_versions.append(row.version)

    assert run_at_once(work, 8) == [None] * 8
    assert inconsistent_versions == []


def test_a_key_is_claimed_once(patient: Database) -> None:
    now, key_columns = format_instant(100), {"user_id": "u", "operation": "NewSession", "key": "k"}
    session_ids = []

    def call(_number: int) -> object:
        with patient.unit_of_work() as unit:
            try:
                result = idempotency.claim(unit, **key_columns, now=now, oldest=format_instant(0))
            except idempotency.InProgress:
                return None
            if result is None:
                time.sleep(0.05)
                session_ids.append(add(unit).id)
                idempotency.keep(unit, **key_columns, result=session_ids[-1])
                return session_ids[-1]
            return result

    assert {*run_at_once(call)} - {None} == set(session_ids)
    assert len(session_ids) == 1
    assert call(0) == session_ids[0]


def test_a_key_in_progress_is_not_waited_for(patient: Database) -> None:
    """Where another unit has claimed a key, a second one neither waits nor begins. On SQLite one unit writes at a time."""
    key_columns, now = {"user_id": "u", "operation": "NewSession", "key": "k"}, format_instant(1)
    with patient.unit_of_work() as first:
        assert idempotency.claim(first, **key_columns, now=now, oldest=format_instant(0)) is None
        if patient.dialect == "mysql":
            with patient.unit_of_work() as second:
                with pytest.raises(idempotency.InProgress):
                    idempotency.claim(second, **key_columns, now=now, oldest=format_instant(0))
                assert (
                    idempotency.claim(second, **{**key_columns, "key": "other"}, now=now, oldest=format_instant(0))
                    is None
                )
    with patient.unit_of_work() as third, pytest.raises(idempotency.InProgress):
        idempotency.claim(third, **key_columns, now=format_instant(2), oldest=format_instant(0), lost=format_instant(1))
    with patient.unit_of_work() as fourth:
        assert (
            idempotency.claim(
                fourth, **key_columns, now=format_instant(3), oldest=format_instant(0), lost=format_instant(2)
            )
            is None
        )
        idempotency.keep(fourth, **key_columns, result="done")
    with patient.unit_of_work() as fifth:
        assert idempotency.claim(fifth, **key_columns, now=format_instant(4), oldest=format_instant(3)) == "done"
        idempotency.forget(fifth, **key_columns)
        assert idempotency.claim(fifth, **key_columns, now=format_instant(4), oldest=format_instant(3)) is None


# SQLite has no locks of rows: one unit writes at a time.
@pytest.mark.parametrize("migrated_url", SERVERS, indirect=True)
def test_a_claim_locks_no_other_key(patient: Database) -> None:
    """Not even the oldest one in use, where the search for expired keys ends."""
    keys = [{"user_id": "u", "operation": "NewSession", "key": f"{number}"} for number in range(5)]
    for number, key in enumerate(keys[:4]):
        with patient.unit_of_work() as unit:
            assert idempotency.claim(unit, **key, now=format_instant(number), oldest=format_instant(0)) is None
    with patient.unit_of_work() as unit:
        # The first two are over by now.
        assert idempotency.claim(unit, **keys[4], now=format_instant(9), oldest=format_instant(2)) is None
        for key in keys[2:4]:
            with patient.unit_of_work() as other:
                assert (
                    idempotency.claim(
                        other, **key, now=format_instant(9), oldest=format_instant(0), lost=format_instant(9)
                    )
                    is None
                )
    with patient.unit_of_work(write=False) as unit:
        assert unit.execute("SELECT COUNT(*) FROM idempotency_keys").fetchone()[0] == 3


# SQLite has no locks of rows: one unit writes at a time.
@pytest.mark.parametrize("migrated_url", SERVERS, indirect=True)
def test_a_key_that_is_over_and_locked_is_left(patient: Database) -> None:
    """A claim deletes expired keys, but waits for none that another unit has locked."""
    old, new = ({"user_id": "u", "operation": "NewSession", "key": key} for key in ("old", "new"))
    with patient.unit_of_work() as unit:
        assert idempotency.claim(unit, **old, now=format_instant(0), oldest=format_instant(0)) is None
        idempotency.keep(unit, **old, result="done")
    with patient.unit_of_work() as repeats, patient.unit_of_work() as claims:
        assert idempotency.claim(repeats, **old, now=format_instant(2), oldest=format_instant(0)) == "done"
        assert idempotency.claim(claims, **new, now=format_instant(2), oldest=format_instant(1)) is None
    with patient.unit_of_work() as unit:
        assert idempotency.claim(unit, **old, now=format_instant(2), oldest=format_instant(0)) == "done"


def test_an_address_is_taken_once(patient: Database) -> None:
    def call(number: int) -> object:
        with patient.unit_of_work() as unit:
            address = "Ada@Example.org" if number % 2 else "ada@example.ORG"
            return user.insert(unit, email_address=address, account_ids=["a"], roles=["User"], now=format_instant(0)).id

    results = run_at_once(call)
    assert sum(isinstance(result, str) for result in results) == 1
    assert sum(isinstance(result, Duplicate) for result in results) == WRITERS - 1


def test_messages_of_one_conversation(patient: Database) -> None:
    values = {
        "account_id": "a",
        "endpoint_id": "e",
        "other_address": "+1",
        "direction": "Incoming",
        "text": "x",
        "is_unread": True,
    }

    def send(number: int) -> str:
        with patient.unit_of_work() as unit:
            return str(message.insert(unit, {**values, "date": format_instant(number)}).conversation_id)

    assert len(set(run_at_once(send))) == 1
    with patient.unit_of_work(write=False) as unit:
        conversations = message.conversations.page(unit, {}, Order("id"), 10)
        newest = message.read_newest_of(unit, conversations)
    assert [conversation.date_last_message for conversation in conversations] == [format_instant(WRITERS - 1)]
    assert [newest_message.date for newest_message in newest.values()] == [format_instant(WRITERS - 1)]


def test_failures_are_all_counted(patient: Database) -> None:
    def fail(_number: int) -> None:
        with patient.unit_of_work() as unit:
            login.note_failures(unit, ["somebody", "somewhere"], format_instant(1))

    assert run_at_once(fail) == [None] * WRITERS
    with patient.unit_of_work(write=False) as unit:
        assert login.count_failures(unit, ["somebody", "somewhere"], format_instant(0)) == {
            "somebody": (WRITERS, format_instant(1)),
            "somewhere": (WRITERS, format_instant(1)),
        }


#: Stores sessions for ever, and prints the id of each that was committed.
_WRITER = """
import sys
from models import connect
from tests.models.conftest import add
database = connect(sys.argv[1])
while True:
    try:
        with database.unit_of_work() as unit:
            row = add(unit, "ada", "bob", log=["made", "again"])
    except Exception as error:
        print("failed", type(error).__name__, flush=True)
        raise
    print(row.id, flush=True)
"""


def start_writer(url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER, url], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def parse_acknowledged(process: subprocess.Popen[str], first: list[str]) -> list[str]:
    output, _ = process.communicate(timeout=60)
    return [line for line in (*first, *output.split("\n")) if len(line.strip()) == ids.LENGTH]


def read_lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline().strip() for _ in range(count)]


def check_stored(url: str, expected: list[str]) -> None:
    database = connect(url)
    with database.unit_of_work(write=False) as unit:
        for session_id in expected:
            row = read_stored(unit, session_id)
            assert (len(row.members), len(row.log)) == (2, 2)
        (orphans,) = unit.execute(
            "SELECT COUNT(*) FROM session_members WHERE session_id NOT IN (SELECT id FROM sessions)"
        ).fetchone()
        assert orphans == 0
    database.dispose()


def test_what_was_acknowledged_outlives_the_process(migrated_url: str) -> None:
    process = start_writer(migrated_url)
    first = read_lines(process, 40)
    process.send_signal(signal.SIGKILL)
    session_ids = parse_acknowledged(process, first)
    assert len(session_ids) >= 40
    check_stored(migrated_url, session_ids)


def test_what_was_acknowledged_outlives_the_server(own_server: Server) -> None:
    url = new_database(own_server.url)
    database = connect(url)
    migrations.apply(database, OWNERS)
    database.dispose()
    process = start_writer(url)
    first = read_lines(process, 40)
    own_server.stop(signal.SIGKILL)
    session_ids = parse_acknowledged(process, first)
    own_server.start()
    check_stored(url, session_ids)
