"""A database that does not respond is tried by one request at a time."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from models import Unavailable, connect
from models.engine.breaker import SLOW, Breaker


class Clock:
    """A clock that stands still until it is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def fail(breaker: Breaker, clock: Clock, seconds: float) -> None:
    with pytest.raises(OSError, match="gone"), breaker.attempt():  # noqa: PT012
        clock.now += seconds
        raise OSError("gone")


def test_after_a_wait_in_vain_one_probes_and_others_are_refused_at_once() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    fail(breaker, clock, SLOW)
    with breaker.attempt(), pytest.raises(Unavailable) as error_info, breaker.attempt():
        pass
    assert error_info.value.retry_after > 0
    # The probe got through, so that all may.
    with breaker.attempt(), breaker.attempt():
        pass


def test_a_probe_that_fails_leaves_it_to_the_next() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    fail(breaker, clock, SLOW)
    fail(breaker, clock, 0)
    with breaker.attempt(), pytest.raises(Unavailable), breaker.attempt():
        pass


def test_a_quick_refusal_is_seen_by_each() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    fail(breaker, clock, SLOW / 2)
    with breaker.attempt(), breaker.attempt():
        pass


def test_requests_do_not_wait_for_a_server_that_says_nothing() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        database = connect(f"mysql://x:y@127.0.0.1:{silent.getsockname()[1]}/z", connections=8, patience=1)

        def wait() -> float:
            start = time.monotonic()
            with pytest.raises(Unavailable), database.unit_of_work(write=False):
                pass
            return time.monotonic() - start

        wait()
        probe = threading.Thread(target=wait)
        probe.start()
        time.sleep(0.2)
        with ThreadPoolExecutor(20) as threads:
            waits = [future.result() for future in [threads.submit(wait) for _ in range(20)]]
        probe.join()
        database.dispose()
    assert sorted(waits)[10] < SLOW
