"""Turns: how many requests of one kind of sender have a thread, and who is next."""

from __future__ import annotations

import pytest

from gateway import turns
from gateway.turns import CREDIT, LONGEST_REST, MOST_DEBT, CallerTurns, Counted, EarlyLeave, Turns


def make_turns(at_once: int) -> tuple[Turns[str], list[str]]:
    """Turns, and what they started so far."""
    started: list[str] = []
    return Turns(started.append, at_once), started


def test_so_many_run_at_once_and_the_others_in_order() -> None:
    queue, started = make_turns(2)
    for item in "abcd":
        queue.enter(item)
    assert started == ["a", "b"]
    queue.leave()
    assert started == ["a", "b", "c"]
    queue.leave()
    queue.leave()
    queue.leave()
    queue.enter("e")
    queue.enter("f")
    queue.enter("g")
    assert started == [*"abcdef"]


def test_a_turn_ends_early_and_only_once() -> None:
    queue, started = make_turns(1)
    for item in "abc":
        queue.enter(item)
    with EarlyLeave(queue, lambda: False):
        turns.leave()
        assert started == ["a", "b"]
        turns.leave()
    assert started == ["a", "b"]


def test_a_turn_ends_with_its_block_after_a_failure_too() -> None:
    queue, started = make_turns(1)
    queue.enter("a")
    queue.enter("b")
    with pytest.raises(ZeroDivisionError), EarlyLeave(queue, lambda: False):
        raise ZeroDivisionError
    assert started == ["a", "b"]
    turns.leave()
    assert started == ["a", "b"]


def test_turns_rest_for_as_long_as_they_computed_while_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([1.0, 1.02, 2.0, 9.0, 10.0, 11.0])
    rests: list[float] = []
    monkeypatch.setattr("gateway.turns.time.thread_time", lambda: next(clock))
    monkeypatch.setattr("gateway.turns.time.sleep", rests.append)
    queue, _ = make_turns(1)
    for _ in range(2):
        queue.enter("a")
        with EarlyLeave(queue, lambda: True):
            pass
    assert rests == [pytest.approx(0.02), LONGEST_REST]
    queue.enter("a")
    with EarlyLeave(queue, lambda: True):
        turns.leave()
    assert len(rests) == 2


class Clock:
    """The clocks of `gateway.turns`: sleeping lets time pass, and computing lets the processor's time pass too."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.computed = 1000.0, 0.0
        self.rests: list[float] = []
        for name, clock in (("monotonic", lambda: self.now), ("thread_time", lambda: self.computed)):
            monkeypatch.setattr(f"gateway.turns.time.{name}", clock)
        monkeypatch.setattr("gateway.turns.time.sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        self.rests.append(seconds)
        self.now += seconds

    def compute(self, seconds: float) -> None:
        self.now += seconds
        self.computed += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def make_caller_turns(share: float, *, others_call: bool = True) -> tuple[CallerTurns[str], list[str]]:
    started: list[str] = []
    return CallerTurns(started.append, 3, share, lambda: others_call), started


@pytest.mark.parametrize(
    ("share", "others_call", "seconds", "started"),
    [
        (0.5, True, 0, "abc"),
        (0.5, True, CREDIT / 4, "abc"),
        (0.5, True, CREDIT / 2 + 0.001, "a"),
        (0.25, True, CREDIT / 4 + 0.001, "a"),
        (0.25, True, CREDIT / 8, "abc"),
        (0.5, False, 60, "abc"),
    ],
)
def test_a_caller_over_its_share_has_one_turn(
    clock: Clock, share: float, others_call: bool, seconds: float, started: str
) -> None:
    queue, started_items = make_caller_turns(share, others_call=others_call)
    queue.spend(seconds)
    for item in "abcd":
        queue.enter(item)
    assert started_items == [*started]
    assert queue.waiting == 4 - len(started)


def test_time_that_passes_settles_what_was_taken(clock: Clock) -> None:
    queue, started = make_caller_turns(0.5)
    queue.enter("a")
    queue.spend(0.3)
    for item in "bcd":
        queue.enter(item)
    clock.now += 0.6 - CREDIT - 0.001
    queue.wake()
    assert started == ["a"]
    clock.now += 0.002
    queue.wake()
    assert started == ["a", "b"]


def test_turns_that_wait_do_not_begin_all_at_once(clock: Clock) -> None:
    """Each is expected to take as long as those before it."""
    queue, started = make_caller_turns(0.5)
    for item in "abcd":
        queue.enter(item)
    for _ in range(30):
        queue.spend(0.03)
    assert started == ["a", "b", "c"]
    for _ in range(3):
        queue.leave()
    assert started == ["a", "b", "c", "d"]
    for item in "efgh":
        queue.enter(item)
    for number in range(2, 5):
        clock.now += MOST_DEBT
        queue.wake()
        assert len(started) == 3 + min(number, 3)


def test_a_long_request_is_settled_soon(clock: Clock) -> None:
    queue, _ = make_caller_turns(0.5)
    queue.spend(3600)
    clock.now += MOST_DEBT - CREDIT - 0.001
    assert queue.is_over_share
    clock.now += 0.002
    assert not queue.is_over_share


@pytest.mark.parametrize("share", [0.5, 0.25])
def test_turns_that_follow_each_other_take_the_share(clock: Clock, share: float) -> None:
    queue, started = make_caller_turns(share)
    for number in range(101):
        queue.enter(str(number))
    began, number = clock.now, 0
    while number < 100:
        with Counted(queue):
            clock.compute(0.01)
        number += 1
    assert started == [str(number) for number in range(101)]
    assert (clock.now - began) * share == pytest.approx(clock.computed, abs=CREDIT)


def test_a_rest_has_an_end(clock: Clock) -> None:
    queue, _ = make_caller_turns(0.5)
    queue.enter("a")
    with Counted(queue):
        clock.compute(10)
    assert clock.rests == [LONGEST_REST]


@pytest.mark.parametrize(("share", "others_call"), [(0.5, False), (1.0, True)])
def test_nothing_is_counted_where_it_does_not_matter(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, share: float, others_call: bool
) -> None:
    monkeypatch.delattr("gateway.turns.time.thread_time")
    queue, started = make_caller_turns(share, others_call=others_call)
    for item in "abcd":
        queue.enter(item)
    with Counted(queue):
        clock.now += 1
    assert started == [*"abcd"]
    assert clock.rests == []


def test_turns_may_start_turns() -> None:
    inner, started = make_turns(1)
    outer: Turns[str] = Turns(inner.enter, 2)
    for item in "abc":
        outer.enter(item)
    assert started == ["a"]
    inner.leave()
    assert started == ["a", "b"]
    inner.leave()
    outer.leave()
    assert started == ["a", "b", "c"]
