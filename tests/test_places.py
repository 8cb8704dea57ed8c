"""Places: how many requests of a kind run at once, and who is next."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from gateway.errors import TooManyRequests, Unavailable
from gateway.places import LONGEST_REST, Kind, Places, Share
from tests.servers import wait_until

QUICK = Share(places=2, per_caller=1, waiting=2, patience=0.05)


def make_places(share: Share) -> Places:
    return Places(dict.fromkeys(Kind, share))


def test_a_caller_has_its_part_and_another_the_rest() -> None:
    places = make_places(QUICK)
    with places.place(Kind.LIST, "ada"):
        with pytest.raises(TooManyRequests, match="1 lists and searches") as caught:
            places.place(Kind.LIST, "ada").__enter__()
        assert caught.value.retry_after >= 1
        with places.place(Kind.LIST, "bob"), pytest.raises(Unavailable):
            places.place(Kind.LIST, "eve").__enter__()
        with places.place(Kind.LIST, "bob"):
            pass


def test_kinds_have_places_of_their_own() -> None:
    places = make_places(Share(places=1, per_caller=1, waiting=0, patience=0.05))
    with places.place(Kind.LIST, "ada"), places.place(Kind.BATCH, "ada"), places.place(Kind.STREAM, "ada"):
        places.place(Kind.READ, "ada").__enter__()


def test_a_place_that_is_kept_is_free_when_it_is_released_and_only_once() -> None:
    places = make_places(QUICK)
    with places.place(Kind.LIST, "ada") as place:
        place.keep()
    with pytest.raises(TooManyRequests):
        places.place(Kind.LIST, "ada").__enter__()
    place.release()
    place.release()
    with places.place(Kind.LIST, "ada"), places.place(Kind.LIST, "bob"), pytest.raises(Unavailable):
        places.place(Kind.LIST, "eve").__enter__()


def test_a_place_that_is_kept_is_free_after_a_failure() -> None:
    places = make_places(QUICK)
    with pytest.raises(ZeroDivisionError), places.place(Kind.LIST, "ada") as place:  # noqa: PT012
        place.keep()
        raise ZeroDivisionError
    with places.place(Kind.LIST, "ada"):
        pass


def test_only_so_many_of_one_caller_wait() -> None:
    places = make_places(Share(places=1, per_caller=1, waiting=2, patience=10))
    first_place = places.place(Kind.BATCH, "ada").__enter__()
    with ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(_pass_through, places, Kind.BATCH, "ada", []) for _ in range(2)]
        wait_until(lambda: len(places._queues[Kind.BATCH]._waiting) == 2, "two that wait")
        with pytest.raises(TooManyRequests):
            places.place(Kind.BATCH, "ada").__enter__()
        first_place.release()
        assert [result.result(10) for result in waiting] == [None, None]


def test_a_free_place_goes_to_the_caller_with_the_fewest_and_then_to_the_first() -> None:
    places = make_places(Share(places=3, per_caller=3, waiting=None, patience=10))
    running = [places.place(Kind.READ, "ada").__enter__() for _ in range(3)]
    order: list[str] = []
    with ThreadPoolExecutor(4) as threads:
        waiting: list[Future[None]] = []
        for caller in ("ada", "ada", "bob", "eve"):
            waiting.append(threads.submit(_pass_through, places, Kind.READ, caller, order))
            wait_until(lambda: len(places._queues[Kind.READ]._waiting) == len(waiting), "one more that waits")
        running[0].release()
        for result in waiting:
            result.result(10)
    assert order == ["bob", "eve", "ada", "ada"]


def test_no_more_than_there_are_places_run_at_once_and_all_get_one() -> None:
    places = make_places(Share(places=3, per_caller=2, waiting=None, patience=30))
    lock, now, most, by = threading.Lock(), [0], [0], {"ada": 0, "bob": 0}
    most_by = dict(by)

    def run(caller: str) -> None:
        with places.place(Kind.LIST, caller):
            with lock:
                now[0] += 1
                by[caller] += 1
                most[0] = max(most[0], now[0])
                most_by[caller] = max(most_by[caller], by[caller])
            threading.Event().wait(0.001)
            with lock:
                now[0] -= 1
                by[caller] -= 1

    with ThreadPoolExecutor(16) as threads:
        for result in [threads.submit(run, caller) for caller in ("ada", "ada", "bob") * 50]:
            result.result(30)
    assert most[0] <= 3
    assert max(most_by.values()) <= 2
    queue = places._queues[Kind.LIST]
    assert (queue._free, dict(queue._running), queue._waiting) == (3, {}, [])


def test_a_place_knows_how_long_it_was_waited_for() -> None:
    places = make_places(Share(places=1, per_caller=1, waiting=None, patience=10))
    first_place = places.place(Kind.READ, "ada")
    assert first_place.waited == 0
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(places.place, Kind.READ, "bob")
        wait_until(lambda: len(places._queues[Kind.READ]._waiting) == 1, "one that waits")
        first_place.release()
        second_place = waiting.result(10)
    assert second_place.waited > 0
    second_place.release()


def _pass_through(places: Places, kind: Kind, caller: str, order: list[str]) -> None:
    with places.place(kind, caller):
        order.append(caller)


def test_long_requests_pause_while_short_ones_run(monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []
    monkeypatch.setattr("gateway.places.time.sleep", rests.append)
    places = make_places(QUICK)
    with places.place(Kind.LIST, "ada"):
        places.pause(0.01)
        assert rests == []
        with places.place(Kind.WRITE, "bob"), places.place(Kind.BATCH, "ada"):
            places.pause(0.01)
        places.pause(0.01)
        assert rests == [0.02, 0.01]
        places.pause(60)
        assert rests[-1] == LONGEST_REST
        monkeypatch.setattr("gateway.places.RECENT", 0)
        places.pause(0.01)
    assert len(rests) == 3


def test_requests_that_change_one_thing_leave_places_to_others() -> None:
    places = make_places(Share(places=4, per_caller=4, waiting=None, patience=0.05, per_resource=2))
    with places.place(Kind.WRITE, "ada") as first_place, places.place(Kind.WRITE, "bob") as second_place:
        first_place.change("session 1")
        second_place.change("session 1")
        with pytest.raises(Unavailable, match="the same thing") as caught:
            _change(places, "eve", "session 1")
        assert caught.value.retry_after == 1
        with places.place(Kind.WRITE, "eve") as other_place, places.place(Kind.WRITE, "eve"):
            other_place.change("session 2")
        second_place.release()
        _change(places, "eve", "session 1")
    queue = places._queues[Kind.WRITE]
    assert (queue._free, dict(queue._running), dict(queue._running_on)) == (4, {}, {})


def test_a_request_that_waits_for_what_it_changes_leaves_its_place_to_others() -> None:
    places = make_places(Share(places=2, per_caller=2, waiting=None, patience=10, per_resource=1))
    queue = places._queues[Kind.WRITE]
    with places.place(Kind.WRITE, "ada") as first_place, ThreadPoolExecutor(2) as threads:
        first_place.change("session 1")
        waiting = [threads.submit(_change, places, "bob", "session 1") for _ in range(2)]
        wait_until(lambda: len(queue._waiting) == 2, "two that wait")
        _change(places, "eve", "session 2")
        first_place.release()
        assert [result.result(10) for result in waiting] == [None, None]
    assert (queue._free, dict(queue._running), dict(queue._running_on)) == (2, {}, {})


def test_nobody_waits_for_what_a_lock_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once no request that changes a thing has ended for a while, others for the same thing are refused at once."""
    monkeypatch.setattr("gateway.places.STUCK", 0.1)
    places = make_places(Share(places=4, per_caller=4, waiting=None, patience=60, per_resource=1))
    with ThreadPoolExecutor(2) as threads, places.place(Kind.WRITE, "ada") as holding:
        holding.change("session 1")
        waiting = [threads.submit(_change, places, "bob", "session 1") for _ in range(2)]
        for result in waiting:
            with pytest.raises(Unavailable, match="change the same thing"):
                result.result(30)
        with pytest.raises(Unavailable, match="change the same thing"):
            _change(places, "eve", "session 1")
        _change(places, "eve", "session 2")
    _change(places, "eve", "session 1")
    assert places._queues[Kind.WRITE]._progress == {}


def test_who_waits_for_others_that_go_on_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request that ends shows that no lock holds the next ones."""
    monkeypatch.setattr("gateway.places.STUCK", 1.0)
    places = make_places(Share(places=4, per_caller=4, waiting=None, patience=60, per_resource=1))

    def change() -> None:
        with places.place(Kind.WRITE, "ada") as place:
            place.change("session 1")
            threading.Event().wait(0.3)

    with ThreadPoolExecutor(6) as threads:
        for result in [threads.submit(change) for _ in range(6)]:
            result.result(30)


def _change(places: Places, caller: str, resource: str) -> None:
    with places.place(Kind.WRITE, caller) as place:
        place.change(resource)


def test_places_that_become_free_go_to_all_that_may_run() -> None:
    places = make_places(Share(places=3, per_caller=1, waiting=None, patience=10, per_resource=1))
    first_place = places.place(Kind.WRITE, "ada").__enter__()
    first_place.change("session 1")
    queue = places._queues[Kind.WRITE]
    both = threading.Barrier(2)

    def pass_through(caller: str, resource: str) -> None:
        with places.place(Kind.WRITE, caller) as place:
            place.change(resource)
            both.wait(10)

    with ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(pass_through, "ada", "session 2"), threads.submit(pass_through, "bob", "session 1")]
        wait_until(lambda: len(queue._waiting) == 2, "two that wait")
        first_place.release()
        assert [result.result(10) for result in waiting] == [None, None]
    assert (queue._free, dict(queue._running), dict(queue._running_on)) == (3, {}, {})


def test_a_caller_has_fewer_places_while_others_call(monkeypatch: pytest.MonkeyPatch) -> None:
    places = make_places(Share(places=4, per_caller=4, waiting=None, patience=10, per_caller_of_many=1))
    alone = [places.place(Kind.READ, "ada").__enter__() for _ in range(3)]
    with ThreadPoolExecutor(2) as threads, places.place(Kind.WRITE, "bob"):
        for place in alone[1:]:
            place.release()
        waiting = threads.submit(_pass_through, places, Kind.READ, "ada", [])
        wait_until(lambda: len(places._queues[Kind.READ]._waiting) == 1, "one that waits")
        with places.place(Kind.READ, "bob"):
            pass
        assert not waiting.done()
        alone[0].release()
        assert waiting.result(10) is None
    monkeypatch.setattr("gateway.places.RECENT", 0)
    for _ in range(4):
        places.place(Kind.READ, "ada").__enter__()


def test_a_caller_whose_requests_wait_rests_while_others_call(monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []
    clock = iter([1.0, 2.0])
    places = make_places(Share(places=4, per_caller=4, waiting=None, patience=10, per_caller_of_many=1))
    with places.place(Kind.READ, "bob"):
        pass
    with places.place(Kind.READ, "ada"):
        pass
    monkeypatch.setattr("gateway.places.time.sleep", rests.append)
    monkeypatch.setattr("gateway.places.time.thread_time", lambda: next(clock))
    with ThreadPoolExecutor(1) as threads, places.place(Kind.READ, "bob"):
        with places.place(Kind.READ, "ada"):
            waiting = threads.submit(_pass_through, places, Kind.READ, "ada", [])
            while not places._queues[Kind.READ]._waiting:
                threading.Event().wait(0.001)
            clock = iter([2.03, 7.0, 7.0, 1.0])
        assert rests == [pytest.approx(0.03)]
        waiting.result(10)
    assert len(rests) == 1


def test_a_caller_with_its_part_is_refused_as_the_one_who_calls_too_often() -> None:
    places = make_places(Share(places=4, per_caller=2, waiting=None, patience=0.05, per_caller_of_many=1))
    with (
        places.place(Kind.BATCH, "ada"),
        places.place(Kind.LIST, "bob"),
        pytest.raises(TooManyRequests, match="1 batches"),
    ):
        places.place(Kind.BATCH, "ada").__enter__()
