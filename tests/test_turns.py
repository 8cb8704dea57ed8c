"""Turns: how many requests of one kind of sender have a thread, and who is next."""

from __future__ import annotations

import pytest

from gateway import turns
from gateway.turns import LONGEST_REST, EarlyLeave, Turns


def made(at_once: int) -> tuple[Turns[str], list[str]]:
    """Turns, and what they started so far."""
    started: list[str] = []
    return Turns(started.append, at_once), started


def test_so_many_run_at_once_and_the_others_in_order() -> None:
    of, started = made(2)
    for each in "abcd":
        of.enter(each)
    assert started == ["a", "b"]
    of.leave()
    assert started == ["a", "b", "c"]
    of.leave()
    of.leave()
    of.leave()
    of.enter("e")
    of.enter("f")
    of.enter("g")
    assert started == [*"abcdef"]


def test_a_turn_ends_early_and_only_once() -> None:
    of, started = made(1)
    for each in "abc":
        of.enter(each)
    with EarlyLeave(of, lambda: False):
        turns.leave()
        assert started == ["a", "b"]
        turns.leave()
    assert started == ["a", "b"]


def test_a_turn_ends_with_its_block_after_a_failure_too() -> None:
    of, started = made(1)
    of.enter("a")
    of.enter("b")
    with pytest.raises(ZeroDivisionError), EarlyLeave(of, lambda: False):
        raise ZeroDivisionError
    assert started == ["a", "b"]
    turns.leave()
    assert started == ["a", "b"]


def test_turns_rest_for_as_long_as_they_computed_while_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([1.0, 1.02, 2.0, 9.0, 10.0, 11.0])
    rests: list[float] = []
    monkeypatch.setattr("gateway.turns.time.thread_time", lambda: next(clock))
    monkeypatch.setattr("gateway.turns.time.sleep", rests.append)
    of, _ = made(1)
    for _ in range(2):
        of.enter("a")
        with EarlyLeave(of, lambda: True):
            pass
    assert rests == [pytest.approx(0.02), LONGEST_REST]
    of.enter("a")
    with EarlyLeave(of, lambda: True):
        turns.leave()
    assert len(rests) == 2


def test_turns_may_start_turns() -> None:
    inner, started = made(1)
    outer: Turns[str] = Turns(inner.enter, 2)
    for each in "abc":
        outer.enter(each)
    assert started == ["a"]
    inner.leave()
    assert started == ["a", "b"]
    inner.leave()
    outer.leave()
    assert started == ["a", "b", "c"]
