"""Rates: token buckets that all workers of a node share."""

from __future__ import annotations

import os

import pytest

from gateway import rates
from gateway.errors import TooManyRequests
from gateway.rates import Rate, Rates, parse


class Clock:
    """A clock that stands still until it is set."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def count_admitted(buckets: Rates, calls: int, caller: str = "ada", name: str = "read") -> int:
    for number in range(calls):
        try:
            buckets.count(name, caller)
        except TooManyRequests:
            return number
    return calls


def test_as_many_as_the_rate_come_at_once_and_then_one_by_one() -> None:
    clock = Clock()
    buckets = Rates({"read": Rate(10, 60)}, clock)
    assert count_admitted(buckets, 100) == 10
    with pytest.raises(TooManyRequests) as caught:
        buckets.count("read", "ada")
    assert caught.value.retry_after == 6
    clock.now += caught.value.retry_after
    assert count_admitted(buckets, 100) == 1
    clock.now += 600
    assert count_admitted(buckets, 100) == 10


def test_a_caller_does_not_use_up_what_another_has_nor_one_class_that_of_another() -> None:
    buckets = Rates({"read": Rate(5, 1), "write": Rate(3, 1)}, Clock())
    assert count_admitted(buckets, 100) == 5
    assert count_admitted(buckets, 100, "bob") == 5
    assert count_admitted(buckets, 100, name="write") == 3
    assert count_admitted(buckets, 100, name="list") == 100


def test_workers_share_the_buckets() -> None:
    buckets = Rates({"read": Rate(100, 3600)})
    children = []
    for _ in range(3):
        child = os.fork()
        if child == 0:
            os._exit(count_admitted(buckets, 60) % 256)
        children.append(child)
    used = sum(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children) + count_admitted(buckets, 200)
    assert 100 <= used < 200


def test_a_full_table_forgets_callers_that_have_waited_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "_BUCKETS", 8)
    clock = Clock()
    buckets = Rates({"read": Rate(2, 1)}, clock)
    for number in range(100):
        assert count_admitted(buckets, 5, f"caller {number}") == 2
        clock.now += 0.01


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("read=100/s", {"read": Rate(100, 1)}),
        (" list=10/s , login=20/m,write=7/h,", {"list": Rate(10, 1), "login": Rate(20, 60), "write": Rate(7, 3600)}),
    ],
)
def test_a_setting_is_read(text: str, expected: dict[str, Rate]) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    "text", ["100/s", "read=0/s", "read=1/d", "reads=1/s", "read=1/s;write=1/s", "read=1/s,read=2/s", "read=-1/s"]
)
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="CLASS=COUNT/UNIT"):
        parse(text)
