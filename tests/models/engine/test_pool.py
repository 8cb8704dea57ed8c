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


def use(made: Pool, writes: bool) -> Connection:
    held = made.take(writes)
    held.writes = writes
    made.give(held)
    return held.connection  # type: ignore[no-any-return]


def test_each_kind_has_its_own_while_there_is_room(server: Server, make: Callable[..., Pool]) -> None:
    made = make(size=2)
    reader, writer = use(made, False), use(made, True)
    assert reader is not writer
    assert [use(made, kind) for kind in (False, True, False)] == [reader, writer, reader]
    assert server.open == 2


def test_without_room_the_other_kinds_is_taken(server: Server, make: Callable[..., Pool]) -> None:
    made = make(size=1)
    assert use(made, False) is use(made, True)
    assert server.open == 1


def test_the_last_one_is_used_first(make: Callable[..., Pool]) -> None:
    made = make()
    first, second = made.take(False), made.take(False)
    made.give(first)
    made.give(second)
    assert made.take(False) is second


def test_all_in_use(make: Callable[..., Pool]) -> None:
    made = make(size=2)
    held = [made.take(False), made.take(True)]
    with pytest.raises(Unavailable):
        made.take(False)
    made.give(held[0])
    assert made.take(True) is held[0]


def test_a_failure_to_connect_takes_no_place(server: Server, make: Callable[..., Pool]) -> None:
    made = make(size=1)
    server.away = True
    for _ in range(3):
        with pytest.raises(OSError, match="away"):
            made.take(False)
    server.away = False
    use(made, False)


def test_what_is_dropped_is_closed_and_replaced(server: Server, make: Callable[..., Pool]) -> None:
    made = make(size=1)
    held = made.take(False)
    made.drop(held)
    assert held.connection.closed
    assert use(made, False) is not held.connection
    assert server.open == 1


def test_only_what_rested_for_long_is_asked(
    server: Server, make: Callable[..., Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(size=1)
    first = use(made, False)
    first.dead = True
    assert use(made, False) is first
    monkeypatch.setattr(pool, "CHECKED", 0)
    assert use(made, False) is not first
    assert first.closed
    assert server.open == 1


def test_what_is_broken_is_not_used_again(server: Server, make: Callable[..., Pool]) -> None:
    made = make(size=1)
    held = made.take(False)
    held.broken = True
    made.give(held)
    assert held.connection.closed
    assert made.take(False) is not held
    assert server.open == 1


def test_what_is_too_old_is_replaced(server: Server, make: Callable[..., Pool]) -> None:
    made = make(size=1, age=1000)
    held = made.take(True)
    assert 800 <= held.until - held.born <= 1200
    made.give(held)
    assert made.take(True) is held
    held.until = held.born
    made.give(held)
    assert made.take(True) is not held
    assert held.connection.closed
    assert server.open == 1


def test_ages_differ(make: Callable[..., Pool]) -> None:
    made = make(size=20)
    assert len({held.until - held.born for held in [made.take(True) for _ in range(20)]}) > 1


def test_whoever_opens_may_want_it_back_earlier(server: Server, make: Callable[..., Pool]) -> None:
    made = make(size=1)
    connect = server.connect

    def second_choice(held: Held) -> None:
        connect(held)
        held.until = held.born

    server.connect = second_choice  # type: ignore[method-assign]
    made = Pool(second_choice, server, 1, 0.05)
    held = made.take(False)
    made.give(held)
    assert made.take(False) is held
    held.until = 1.0
    made.give(held)
    assert made.take(False) is not held


def test_a_server_that_is_retired(server: Server, make: Callable[..., Pool]) -> None:
    """Its connections are of no use, those that rest and those in use; others' are."""
    made = make()
    resting, in_use = made.take(False), made.take(False)
    server.host = "two"
    other = made.take(True)
    other.writes = True
    made.give(resting)
    made.give(other)
    made.retire("one")
    assert made.take(True) is other
    server.host = "one"
    assert made.take(False) is not resting
    made.give(in_use)
    assert made.take(False) is not in_use
    assert in_use.connection.closed


def test_what_waits_for_a_silent_server_is_ended(
    server: Server, make: Callable[..., Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make()
    server.others = True
    assert made._watch is not None
    monkeypatch.setattr(watch, "LONG", 0)
    rested = made.take(False)
    made.give(rested)
    made._watch.look()
    assert server.asked == []
    held = made.take(False)
    assert held is rested
    made._watch.look()
    assert server.asked == ["one"]
    assert server.aborted == []
    server.away = True
    made._watch.look()
    assert server.aborted == [held]
    made.give(held)
    server.away = False
    assert made.take(False) is not held


def test_a_silent_server_without_another_is_not_tried_at_once(
    server: Server, make: Callable[..., Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Units whose wait was ended do not wait again, each for a connection of its own; then one tries. Another server is used by all."""
    monkeypatch.setattr(breaker, "REST", 0.05)
    made = make()
    server.others = True
    made.abandon("one")
    made.take(False)
    server.others = False
    made.abandon("one")
    with pytest.raises(Unavailable):
        made.take(False)

    def take_another() -> None:
        server.while_connecting = lambda: None
        with pytest.raises(Unavailable):
            made.take(False)

    time.sleep(0.1)
    server.while_connecting = take_another
    made.take(False)
    made.take(False)


def test_what_takes_no_time_is_not_asked(server: Server, make: Callable[..., Pool]) -> None:
    made = make()
    made.take(False)
    assert made._watch is not None
    made._watch.look()
    assert server.asked == []


def test_the_watch_looks_until_the_pool_is_closed(
    server: Server, make: Callable[..., Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "LONG", 0)
    monkeypatch.setattr(watch, "TICK", 0.001)
    made = make()
    made.take(False)
    asked = threading.Event()

    def responds(host: str) -> bool:
        asked.set()
        raise OSError(host)

    assert made._watch is not None
    made._watch._responds = responds
    assert asked.wait(10)
    asked.clear()
    assert asked.wait(10)
    made.close()
    assert made._watch._thread is not None
    made._watch._thread.join(10)
    assert not made._watch._thread.is_alive()


def test_renewed_in_its_place(server: Server, make: Callable[..., Pool]) -> None:
    made = make(size=1)
    use(made, False)
    held = made.take(False)
    before = held.connection
    assert not held.fresh
    made.renew(held)
    assert before.closed
    now: bool = held.fresh
    assert now
    made.give(held)
    assert server.open == 1


def test_closed(server: Server, make: Callable[..., Pool]) -> None:
    made = make()
    held = made.take(False)
    use(made, True)
    assert made.close() is True
    assert server.open == 1
    made.give(held)
    assert server.open == 0


@pytest.mark.parametrize("size", [1, 2, 5])
def test_many_threads(server: Server, make: Callable[..., Pool], size: int) -> None:
    """Never more than there is room for, never one for two, and none lost."""
    made, busy, wrong = make(size=size, patience=30), set(), []
    threads = 12

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(300):
            held = made.take(chance.random() < 0.5)
            if id(held) in busy:
                wrong.append(1)
            busy.add(id(held))
            held.writes = chance.random() < 0.5
            busy.discard(id(held))
            if chance.random() < 0.05:
                made.drop(held)
            else:
                made.give(held)

    running = [threading.Thread(target=work, args=(seed,)) for seed in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(60)
    assert (wrong, server.most) == ([], size)
    assert [made.take(False) for _ in range(size)]
    with pytest.raises(Unavailable):
        Pool.take(_impatient(made), False)


def _impatient(made: Pool) -> Pool:
    made._patience = 0.01
    return made
