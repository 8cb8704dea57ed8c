"""A lock that is taken in turns."""

from __future__ import annotations

import threading

from models.engine.turns import Turns
from tests.servers import wait_until


def test_it_goes_to_the_thread_that_has_waited_longest() -> None:
    turns, order = Turns(), []

    def take(name: int) -> None:
        assert turns.acquire(10)
        order.append(name)
        turns.release()

    assert turns.acquire(0)
    threads = [threading.Thread(target=take, args=(number,)) for number in range(5)]
    running_threads: list[threading.Thread] = []
    for thread in threads:
        thread.start()
        running_threads.append(thread)
        wait_until(lambda: len(turns._waiting) == len(running_threads), "one more that waits")
    turns.release()
    # This thread would be the quickest.
    assert turns.acquire(10)
    order.append(99)
    turns.release()
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3, 4, 99]


def test_a_wait_that_times_out_leaves_no_trace() -> None:
    turns = Turns()
    assert turns.acquire(0)
    assert not turns.acquire(0.01)
    turns.release()
    assert turns.acquire(0)
