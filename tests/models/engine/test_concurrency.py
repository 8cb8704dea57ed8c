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
from tests.models.conftest import add, instant, member, stored

WRITERS = 16
CHANGES = 6


@pytest.fixture
def patient(migrated_url: str) -> Any:
    """A database whose writers wait long enough for everybody's turn on a busy machine."""
    database = connect(migrated_url, patience=30)
    yield database
    database.dispose()


def at_once(work: Callable[[int], object], count: int = WRITERS) -> list[object]:
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
        made = add(unit, "ada", console_data="")

    def change(number: int) -> None:
        for turn in range(CHANGES):
            with patient.unit_of_work() as unit:
                row = stored(unit, made.id, for_update=True)
                text = f"{row.console_data}[{number}.{turn}]"
                row = session.update(unit, row, {"console_data": text}, LogRow(instant(1), f"{number}.{turn}"))
                for identity in (f"m{number}.{turn}", "everybody's"):
                    if identity not in [each.identity for each in row.members]:
                        row = session.add_member(unit, row, member(identity))
        with patient.unit_of_work() as unit:
            row = stored(unit, made.id, for_update=True)
            if not row.ended:
                session.set_member_states(
                    unit, session.update(unit, row, {"ended": True}, LogRow(instant(2), "ended")), "None"
                )

    assert at_once(change) == [None] * WRITERS
    with patient.unit_of_work(write=False) as unit:
        row = stored(unit, made.id)
    everything = {f"{number}.{turn}" for number in range(WRITERS) for turn in range(CHANGES)}
    assert sorted(row.console_data[1:-1].split("][")) == sorted(everything)
    assert sorted(each.message for each in row.log) == sorted([*everything, "made", "ended"])
    assert sorted(each.identity for each in row.members) == sorted(
        [*(f"m{each}" for each in everything), "ada", "everybody's"]
    )
    assert row.version == len(row.log)
    assert row.ended


def test_writers_that_do_not_wait_are_told(patient: Database) -> None:
    """Without a lock while reading, the version decides: each change is made once or refused."""
    with patient.unit_of_work() as unit:
        made = add(unit, console_data="")

    def change(number: int) -> None:
        done = False
        while not done:
            with patient.unit_of_work(write=False) as unit:
                row = stored(unit, made.id)
            try:
                with patient.unit_of_work() as unit:
                    session.update(
                        unit, row, {"console_data": f"{row.console_data}[{number}]"}, LogRow(instant(1), str(number))
                    )
                done = True
            except (Conflict, Duplicate):
                continue
            except Unavailable as error:
                if not error.again:
                    raise

    assert at_once(change, 8) == [None] * 8
    with patient.unit_of_work(write=False) as unit:
        row = stored(unit, made.id)
    assert sorted(row.console_data) == sorted("".join(f"[{number}]" for number in range(8)))
    assert row.version == len(row.log) == 9


def test_readers_see_whole_sessions(patient: Database) -> None:
    """A session of version n has n lines and n - 1 members, whenever it is read."""
    with patient.unit_of_work() as unit:
        made = add(unit)
    torn = []

    def work(number: int) -> None:
        for turn in range(15):
            if number % 2:
                with patient.unit_of_work() as unit:
                    row = stored(unit, made.id, for_update=True)
                    row = session.update(unit, row, {}, LogRow(instant(1), "line"))
                    session.add_member(unit, row, member(f"{number}.{turn}"))
            else:
                with patient.unit_of_work(write=False) as unit:
                    row = stored(unit, made.id)
                if not row.version == len(row.log) == len(row.members) + 1:
                    torn.append(row.version)

    assert at_once(work, 8) == [None] * 8
    assert torn == []


def test_a_key_is_claimed_once(patient: Database) -> None:
    now, whose = instant(100), {"user_id": "u", "operation": "NewSession", "key": "k"}
    ran = []

    def call(_number: int) -> object:
        with patient.unit_of_work() as unit:
            try:
                known = idempotency.claim(unit, **whose, now=now, oldest=instant(0))
            except idempotency.InProgress:
                return None
            if known is None:
                time.sleep(0.05)
                ran.append(add(unit).id)
                idempotency.keep(unit, **whose, result=ran[-1])
                return ran[-1]
            return known

    assert {*at_once(call)} - {None} == set(ran)
    assert len(ran) == 1
    assert call(0) == ran[0]


def test_a_key_in_progress_is_not_waited_for(patient: Database) -> None:
    """Where another unit has claimed a key, a second one neither waits nor begins. On SQLite one unit writes at a time."""
    whose, now = {"user_id": "u", "operation": "NewSession", "key": "k"}, instant(1)
    with patient.unit_of_work() as first:
        assert idempotency.claim(first, **whose, now=now, oldest=instant(0)) is None
        if patient.dialect == "mysql":
            with patient.unit_of_work() as second:
                with pytest.raises(idempotency.InProgress):
                    idempotency.claim(second, **whose, now=now, oldest=instant(0))
                assert idempotency.claim(second, **{**whose, "key": "other"}, now=now, oldest=instant(0)) is None
    with patient.unit_of_work() as third, pytest.raises(idempotency.InProgress):
        idempotency.claim(third, **whose, now=instant(2), oldest=instant(0), lost=instant(1))
    with patient.unit_of_work() as fourth:
        assert idempotency.claim(fourth, **whose, now=instant(3), oldest=instant(0), lost=instant(2)) is None
        idempotency.keep(fourth, **whose, result="done")
    with patient.unit_of_work() as fifth:
        assert idempotency.claim(fifth, **whose, now=instant(4), oldest=instant(3)) == "done"
        idempotency.forget(fifth, **whose)
        assert idempotency.claim(fifth, **whose, now=instant(4), oldest=instant(3)) is None


# SQLite has no locks of rows: one unit writes at a time.
@pytest.mark.parametrize("migrated_url", SERVERS, indirect=True)
def test_a_claim_locks_no_other_key(patient: Database) -> None:
    """Not even the oldest one in use, where the search for expired keys ends."""
    whose = [{"user_id": "u", "operation": "NewSession", "key": f"{number}"} for number in range(5)]
    for number, each in enumerate(whose[:4]):
        with patient.unit_of_work() as unit:
            assert idempotency.claim(unit, **each, now=instant(number), oldest=instant(0)) is None
    with patient.unit_of_work() as unit:
        # The first two are over by now.
        assert idempotency.claim(unit, **whose[4], now=instant(9), oldest=instant(2)) is None
        for each in whose[2:4]:
            with patient.unit_of_work() as other:
                assert idempotency.claim(other, **each, now=instant(9), oldest=instant(0), lost=instant(9)) is None
    with patient.unit_of_work(write=False) as unit:
        assert unit.execute("SELECT COUNT(*) FROM idempotency_keys").fetchone()[0] == 3


# SQLite has no locks of rows: one unit writes at a time.
@pytest.mark.parametrize("migrated_url", SERVERS, indirect=True)
def test_a_key_that_is_over_and_locked_is_left(patient: Database) -> None:
    """A claim deletes expired keys, but waits for none that another unit has locked."""
    old, new = ({"user_id": "u", "operation": "NewSession", "key": key} for key in ("old", "new"))
    with patient.unit_of_work() as unit:
        assert idempotency.claim(unit, **old, now=instant(0), oldest=instant(0)) is None
        idempotency.keep(unit, **old, result="done")
    with patient.unit_of_work() as repeats, patient.unit_of_work() as claims:
        assert idempotency.claim(repeats, **old, now=instant(2), oldest=instant(0)) == "done"
        assert idempotency.claim(claims, **new, now=instant(2), oldest=instant(1)) is None
    with patient.unit_of_work() as unit:
        assert idempotency.claim(unit, **old, now=instant(2), oldest=instant(0)) == "done"


def test_an_address_is_taken_once(patient: Database) -> None:
    def call(number: int) -> object:
        with patient.unit_of_work() as unit:
            letters = "Ada@Example.org" if number % 2 else "ada@example.ORG"
            return user.insert(unit, email_address=letters, account_ids=["a"], roles=["User"], now=instant(0)).id

    results = at_once(call)
    assert sum(isinstance(each, str) for each in results) == 1
    assert sum(isinstance(each, Duplicate) for each in results) == WRITERS - 1


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
            return str(message.insert(unit, {**values, "date": instant(number)}).conversation_id)

    assert len(set(at_once(send))) == 1
    with patient.unit_of_work(write=False) as unit:
        found = message.conversations.page(unit, {}, Order("id"), 10)
        newest = message.newest_of(unit, found)
    assert [each.date_last_message for each in found] == [instant(WRITERS - 1)]
    assert [each.date for each in newest.values()] == [instant(WRITERS - 1)]


def test_failures_are_all_counted(patient: Database) -> None:
    def fail(_number: int) -> None:
        with patient.unit_of_work() as unit:
            login.note_failures(unit, ["somebody", "somewhere"], instant(1))

    assert at_once(fail) == [None] * WRITERS
    with patient.unit_of_work(write=False) as unit:
        assert login.failures(unit, ["somebody", "somewhere"], instant(0)) == {
            "somebody": (WRITERS, instant(1)),
            "somewhere": (WRITERS, instant(1)),
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


def acknowledged(process: subprocess.Popen[str], first: list[str]) -> list[str]:
    rest, _ = process.communicate(timeout=60)
    return [each for each in (*first, *rest.split("\n")) if len(each.strip()) == ids.LENGTH]


def read_lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline().strip() for _ in range(count)]


def check_stored(url: str, expected: list[str]) -> None:
    database = connect(url)
    with database.unit_of_work(write=False) as unit:
        for session_id in expected:
            row = stored(unit, session_id)
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
    stored = acknowledged(process, first)
    assert len(stored) >= 40
    check_stored(migrated_url, stored)


def test_what_was_acknowledged_outlives_the_server(own_server: Server) -> None:
    url = new_database(own_server.url)
    database = connect(url)
    migrations.apply(database, OWNERS)
    database.dispose()
    process = start_writer(url)
    first = read_lines(process, 40)
    own_server.stop(signal.SIGKILL)
    stored = acknowledged(process, first)
    own_server.start()
    check_stored(url, stored)
