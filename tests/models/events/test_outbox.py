"""The outbox on each engine: every committed event is read once, in one order, whatever the order of commits."""

from __future__ import annotations

from models import Database, Unavailable, Unit
from models.events import outbox, subscriptions
from models.events.subscriptions import SubscriptionRow

NOW = "2026-11-27T07:00:00.000000Z"


def publish(unit: Unit, selector: str, date: str = NOW) -> None:
    outbox.insert(unit, date=date, kind="event", selector=selector, body="{}")


def place(database: Database) -> None:
    with database.unit_of_work() as unit:
        outbox.place(unit)


def read(database: Database, position: int = 0, limit: int = 100) -> list[tuple[int, str]]:
    with database.unit_of_work(write=False) as unit:
        return [(row.position, row.selector) for row in outbox.read_after(unit, position, limit).rows]


def test_events_are_read_behind_a_position(database: Database) -> None:
    with database.unit_of_work() as unit:
        for number in range(5):
            publish(unit, f"test.{number}")
    place(database)
    rows = read(database)
    assert [selector for _, selector in rows] == [f"test.{number}" for number in range(5)]
    assert read(database, rows[1][0], 2) == rows[2:4]
    with database.unit_of_work(write=False) as unit:
        assert outbox.read_newest(unit) == rows[-1][0]


def test_what_is_rolled_back_is_not_read_and_leaves_no_gap_that_is_waited_for(database: Database) -> None:
    try:
        with database.unit_of_work() as unit:
            publish(unit, "test.lost")
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    with database.unit_of_work() as unit:
        publish(unit, "test.kept")
    place(database)
    assert [selector for _, selector in read(database)] == ["test.kept"]


def test_a_transaction_that_is_committed_late_is_read_after_those_before_it(database: Database) -> None:
    if database.dialect == "sqlite":
        return  # its transactions write one by one
    with database.unit_of_work() as late:
        publish(late, "test.late")
        with database.unit_of_work() as unit:
            publish(unit, "test.soon")
        place(database)
        events = read(database)
        assert [selector for _, selector in events] == ["test.soon"]
        with database.unit_of_work(write=False) as unit:
            assert not outbox.read_after(unit, 0, 100).unplaced
    with database.unit_of_work(write=False) as unit:
        assert outbox.read_after(unit, events[-1][0], 100).unplaced
    place(database)
    assert [selector for _, selector in read(database, events[-1][0])] == ["test.late"]


def test_two_processes_give_no_position_twice(database: Database) -> None:
    with database.unit_of_work() as unit:
        for number in range(3):
            publish(unit, f"test.{number}")
    place(database)
    if database.dialect != "sqlite":
        with database.unit_of_work() as unit:
            publish(unit, "test.3")
        with database.unit_of_work() as first:
            outbox.place(first)
            # The other one does not wait.
            place(database)
    else:
        with database.unit_of_work() as unit:
            publish(unit, "test.3")
    positions = [position for position, _ in read(database)]
    assert positions == sorted(set(positions))
    assert len(positions) == 4


def test_old_events_are_swept_and_positions_go_on(database: Database) -> None:
    with database.unit_of_work() as unit:
        publish(unit, "test.older", "2026-11-27T04:00:00.000000Z")
        publish(unit, "test.old", "2026-11-27T05:00:00.000000Z")
    place(database)
    last = read(database)[-1][0]
    with database.unit_of_work() as unit:
        assert not outbox.sweep(unit, "2026-11-27T06:00:00.000000Z")
        assert outbox.read_newest(unit) == last
        publish(unit, "test.new")
    place(database)
    rows = read(database, last)
    assert [selector for _, selector in rows] == ["test.new"]
    with database.unit_of_work() as unit:
        assert not outbox.sweep(unit, "2026-11-27T06:00:00.000000Z")
    assert read(database) == rows


def test_subscriptions(database: Database) -> None:
    rows = [
        SubscriptionRow(f"s{number}", f"r{number % 2}", "ada", {"shown": {}}, ["home", f"c{number}"], NOW)
        for number in range(4)
    ]
    with database.unit_of_work() as unit:
        for row in rows:
            subscriptions.insert(unit, row)
    with database.unit_of_work() as unit:
        assert subscriptions.get(unit, "s1", for_update=True) == rows[1]
        assert subscriptions.get(unit, "s1 ") is None
        assert (subscriptions.count(unit), subscriptions.count(unit, "ada"), subscriptions.count(unit, "eve")) == (
            4,
            4,
            0,
        )
        subscriptions.set_channels(unit, "s1", ["x"])
        assert [subscription.id for subscription in subscriptions.list_of_reader(unit, "r1")] == ["s1", "s3"]
        assert subscriptions.delete(unit, ["s0", "s3", "nobody"]) == 2
        assert [(subscription.id, subscription.channels) for subscription in subscriptions.list_all(unit)] == [
            ("s1", ["x"]),
            ("s2", ["home", "c2"]),
        ]
        subscriptions.delete_of_reader(unit, "r0")
        assert [subscription.id for subscription in subscriptions.list_all(unit)] == ["s1"]


def test_readers(database: Database) -> None:
    with database.unit_of_work() as unit:
        assert subscriptions.read_last_seen(unit) == ""
        subscriptions.see(unit, "one", "2026-11-27T07:00:00.000000Z")
        subscriptions.see(unit, "two", "2026-11-27T07:00:01.000000Z")
        subscriptions.see(unit, "one", "2026-11-27T07:00:02.000000Z")
        assert subscriptions.read_last_seen(unit) == "2026-11-27T07:00:02.000000Z"
        subscriptions.forget_reader(unit, "one")
        assert subscriptions.list_readers(unit) == {"two": "2026-11-27T07:00:01.000000Z"}


def test_a_process_that_finds_another_at_work_does_not_wait(database: Database) -> None:
    if database.dialect == "sqlite":
        return
    with database.unit_of_work() as unit:
        publish(unit, "test.0")
    place(database)
    with database.unit_of_work() as first:
        publish(first, "test.1")
        outbox.place(first)
        try:
            with database.unit_of_work() as second:
                assert outbox.place(second) is False
        except Unavailable:
            raise AssertionError("it has waited") from None
