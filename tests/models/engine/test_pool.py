"""The pool by itself, with connections that only count."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

import pytest

from models import Unavailable
from models.engine import breaker, pool, watch
from models.engine.pool import Held, Pool


class Connection:
    """One that can be closed."""

    def __init__(self, closing: Callable[[], None]) -> None:
        self.closed = False
        self.dead = False
        self._closing = closing

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._closing()


class Server:
    """Counts its connections."""

    def __init__(self) -> None:
        self.made: list[Connection] = []
        self.asked: list[str] = []
        self.aborted: list[Held] = []
        self.host = "one"
        self.away = False
        self.others = False
        self.while_connecting: Callable[[], object] = lambda: None
        self._counting = threading.Lock()
        #: Connections that are open, and the most that ever were.
        self.open = self.most = 0

    def connect(self, held: Held) -> None:
        if self.away:
            raise OSError("away")
        self.while_connecting()
        held.connection = Connection(lambda: self._count(-1))
        self._count(1)
        held.host = self.host
        self.made.append(held.connection)

    def is_good(self, held: Held) -> bool:
        return not held.connection.dead

    def responds(self, host: str) -> bool:
        self.asked.append(host)
        return not self.away

    def has_other(self, host: str) -> bool:
        return self.others

    def abort(self, held: Held) -> None:
        self.aborted.append(held)

    def _count(self, change: int) -> None:
        with self._counting:
            self.open += change
            self.most = max(self.most, self.open)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def make(server: Server) -> Callable[..., Pool]:
    def make(size: int = 3, patience: float = 0.05, age: float = 600) -> Pool:
        return Pool(server.connect, server, size, patience, age)

    return make


def use_once(connection_pool: Pool, writes: bool) -> Connection:
    held = connection_pool.take(writes)
    held.writes = writes
    connection_pool.give(held)
    return held.connection  # type: ignore[no-any-return]


def test_each_kind_has_its_own_while_there_is_room(server: Server, make: Callable[..., Pool]) -> None:
    connection_pool = make(size=2)
    reader, writer = use_once(connection_pool, False), use_once(connection_pool, True)
    assert reader is not writer
    assert [use_once(connection_pool, kind) for kind in (False, True, False)] == [reader, writer, reader]
    assert server.open == 2


def test_without_room_the_other_kinds_is_taken(server: Server, make: Callable[..., Pool]) -> None:
    connection_pool = make(size=1)
    assert use_once(connection_pool, False) is use_once(connection_pool, True)
    assert server.open == 1


def test_the_last_one_is_used_first(make: Callable[..., Pool]) -> None:
    connection_pool = make()
    first, second = connection_pool.take(False), connection_pool.take(False)
    connection_pool.give(first)
    connection_pool.give(second)
    assert connection_pool.take(False) is second


def test_all_in_use(make: Callable[..., Pool]) -> None:
    connection_pool = make(size=2)
    connections = [connection_pool.take(False), connection_pool.take(True)]
    with pytest.raises(Unavailable):
        connection_pool.take(False)
    connection_pool.give(connections[0])
    assert connection_pool.take(True) is connections[0]


def test_a_failure_to_connect_takes_no_place(server: Server, make: Callable[..., Pool]) -> None:
    connection_pool = make(size=1)
    server.away = True
    for _ in range(3):
        with pytest.raises(OSError, match="away"):
            connection_pool.take(False)
    server.away = False
    use_once(connection_pool, False)


def test_what_is_dropped_is_closed_and_replaced(server: Server, make: Callable[..., Pool]) -> None:
    connection_pool = make(size=1)
    held = connection_pool.take(False)
    connection_pool.drop(held)
    assert held.connection.closed
    assert use_once(connection_pool, False) is not held.connection
    assert server.open == 1


def test_only_what_rested_for_long_is_asked(
    server: Server, make: Callable[..., Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    connection_pool = make(size=1)
    first = use_once(connection_pool, False)
    first.dead = True
    assert use_once(connection_pool, False) is first
    monkeypatch.setattr(pool, "CHECKED", 0)
    assert use_once(connection_pool, False) is not first
    assert first.closed
    assert server.open == 1


def test_what_is_broken_is_not_used_again(server: Server, make: Callable[..., Pool]) -> None:
    connection_pool = make(size=1)
    held = connection_pool.take(False)
    held.broken = True
    connection_pool.give(held)
    assert held.connection.closed
    assert connection_pool.take(False) is not held
    assert server.open == 1


def test_what_is_too_old_is_replaced(server: Server, make: Callable[..., Pool]) -> None:
    connection_pool = make(size=1, age=1000)
    held = connection_pool.take(True)
    assert 800 <= held.until - held.born <= 1200
    connection_pool.give(held)
    assert connection_pool.take(True) is held
    held.until = held.born
    connection_pool.give(held)
    assert connection_pool.take(True) is not held
    assert held.connection.closed
    assert server.open == 1


def test_ages_differ(make: Callable[..., Pool]) -> None:
    connection_pool = make(size=20)
    assert len({held.until - held.born for held in [connection_pool.take(True) for _ in range(20)]}) > 1


def test_whoever_opens_may_want_it_back_earlier(server: Server, make: Callable[..., Pool]) -> None:
    connection_pool = make(size=1)
    connect = server.connect

    def second_choice(held: Held) -> None:
        connect(held)
        held.until = held.born

    server.connect = second_choice  # type: ignore[method-assign]
    connection_pool = Pool(second_choice, server, 1, 0.05)
    held = connection_pool.take(False)
    connection_pool.give(held)
    assert connection_pool.take(False) is held
    held.until = 1.0
    connection_pool.give(held)
    assert connection_pool.take(False) is not held


def test_a_server_that_is_retired(server: Server, make: Callable[..., Pool]) -> None:
    """Its connections are of no use, those that rest and those in use; others' are."""
    connection_pool = make()
    idle, in_use = connection_pool.take(False), connection_pool.take(False)
    server.host = "two"
    other = connection_pool.take(True)
    other.writes = True
    connection_pool.give(idle)
    connection_pool.give(other)
    connection_pool.retire("one")
    assert connection_pool.take(True) is other
    server.host = "one"
    assert connection_pool.take(False) is not idle
    connection_pool.give(in_use)
    assert connection_pool.take(False) is not in_use
    assert in_use.connection.closed


def test_what_waits_for_a_silent_server_is_ended(
    server: Server, make: Callable[..., Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    connection_pool = make()
    server.others = True
    assert connection_pool._watch is not None
    monkeypatch.setattr(watch, "LONG", 0)
    idle = connection_pool.take(False)
    connection_pool.give(idle)
    connection_pool._watch.look()
    assert server.asked == []
    held = connection_pool.take(False)
    assert held is idle
    connection_pool._watch.look()
    assert server.asked == ["one"]
    assert server.aborted == []
    server.away = True
    connection_pool._watch.look()
    assert server.aborted == [held]
    connection_pool.give(held)
    server.away = False
    assert connection_pool.take(False) is not held


def test_a_silent_server_without_another_is_not_tried_at_once(
    server: Server, make: Callable[..., Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Units whose wait was ended do not wait again, each for a connection of its own; then one tries. Another server is used by all."""
    monkeypatch.setattr(breaker, "REST", 0.05)
    connection_pool = make()
    server.others = True
    connection_pool.abandon("one")
    connection_pool.take(False)
    server.others = False
    connection_pool.abandon("one")
    with pytest.raises(Unavailable):
        connection_pool.take(False)

    def take_another() -> None:
        server.while_connecting = lambda: None
        with pytest.raises(Unavailable):
            connection_pool.take(False)

    time.sleep(0.1)
    server.while_connecting = take_another
    connection_pool.take(False)
    connection_pool.take(False)


def test_what_takes_no_time_is_not_asked(server: Server, make: Callable[..., Pool]) -> None:
    connection_pool = make()
    connection_pool.take(False)
    assert connection_pool._watch is not None
    connection_pool._watch.look()
    assert server.asked == []


def test_the_watch_looks_until_the_pool_is_closed(
    server: Server, make: Callable[..., Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "LONG", 0)
    monkeypatch.setattr(watch, "TICK", 0.001)
    connection_pool = make()
    connection_pool.take(False)
    checked = threading.Event()

    def responds(host: str) -> bool:
        checked.set()
        raise OSError(host)

    assert connection_pool._watch is not None
    connection_pool._watch._responds = responds
    assert checked.wait(10)
    checked.clear()
    assert checked.wait(10)
    connection_pool.close()
    assert connection_pool._watch._thread is not None
    connection_pool._watch._thread.join(10)
    assert not connection_pool._watch._thread.is_alive()


def test_renewed_in_its_place(server: Server, make: Callable[..., Pool]) -> None:
    connection_pool = make(size=1)
    use_once(connection_pool, False)
    held = connection_pool.take(False)
    before = held.connection
    assert not held.fresh
    connection_pool.renew(held)
    assert before.closed
    is_fresh: bool = held.fresh
    assert is_fresh
    connection_pool.give(held)
    assert server.open == 1


def test_closed(server: Server, make: Callable[..., Pool]) -> None:
    connection_pool = make()
    held = connection_pool.take(False)
    use_once(connection_pool, True)
    assert connection_pool.close() is True
    assert server.open == 1
    connection_pool.give(held)
    assert server.open == 0


@pytest.mark.parametrize("size", [1, 2, 5])
def test_many_threads(server: Server, make: Callable[..., Pool], size: int) -> None:
    """Never more than there is room for, never one for two, and none lost."""
    connection_pool, ids_in_use, conflicts = make(size=size, patience=30), set(), []
    threads = 12

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(300):
            held = connection_pool.take(chance.random() < 0.5)
            if id(held) in ids_in_use:
                conflicts.append(1)
            ids_in_use.add(id(held))
            held.writes = chance.random() < 0.5
            ids_in_use.discard(id(held))
            if chance.random() < 0.05:
                connection_pool.drop(held)
            else:
                connection_pool.give(held)

    running = [threading.Thread(target=work, args=(seed,)) for seed in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(60)
    assert (conflicts, server.most) == ([], size)
    assert [connection_pool.take(False) for _ in range(size)]
    with pytest.raises(Unavailable):
        Pool.take(_make_impatient(connection_pool), False)


def _make_impatient(connection_pool: Pool) -> Pool:
    connection_pool._patience = 0.01
    return connection_pool
