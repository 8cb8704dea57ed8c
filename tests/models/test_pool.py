"""The pool by itself, with connections that only count."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest

from models import Unavailable, pool
from models.pool import Held, Pool


class Connection:
    """One that can be closed."""

    def __init__(self) -> None:
        self.closed = False
        self.dead = False

    def close(self) -> None:
        self.closed = True


class Server:
    """Counts its connections."""

    def __init__(self) -> None:
        self.made: list[Connection] = []
        self.away = False

    def connect(self, held: Held) -> None:
        if self.away:
            raise OSError("away")
        held.connection = Connection()
        self.made.append(held.connection)

    @property
    def open(self) -> int:
        return sum(not each.closed for each in self.made)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def make(server: Server) -> Callable[..., Pool]:
    def make(size: int = 3, patience: float = 0.05, alive: Any = lambda connection: not connection.dead) -> Pool:
        return Pool(server.connect, alive, size, patience)

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
    monkeypatch.setattr(pool, "IDLE", 0)
    assert use(made, False) is not first
    assert first.closed
    assert server.open == 1


def test_renewed_in_its_place(server: Server, make: Callable[..., Pool]) -> None:
    made = make(size=1)
    use(made, False)
    held = made.take(False)
    before = held.connection
    assert not held.fresh
    made.renew(held)
    assert before.closed
    assert held.fresh
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
            if id(held) in busy or server.open > size:
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
    assert wrong == []
    assert [made.take(False) for _ in range(size)]
    with pytest.raises(Unavailable):
        Pool.take(_impatient(made), False)


def _impatient(made: Pool) -> Pool:
    made._patience = 0.01
    return made
