"""Passwords: what is stored, what a check costs, what is remembered."""

import threading
import time

import pytest

from gateway.errors import TooManyRequests
from gateway.users import passwords
from gateway.users.passwords import LONGEST, Passwords, decoy, new_hasher

from .conftest import CountingHasher


class Clock:
    """Stands still."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hasher() -> CountingHasher:
    return CountingHasher()


@pytest.fixture
def known(clock: Clock, hasher: CountingHasher) -> Passwords:
    return Passwords(clock, hasher)


def test_parameters_are_those_that_are_recommended() -> None:
    stored = new_hasher().hash("x")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert new_hasher().hash("x") != stored


def test_right_and_wrong(known: Passwords) -> None:
    stored = known.hash("Grüße \N{GRINNING FACE}")
    assert known.verify(stored, "Grüße \N{GRINNING FACE}")
    assert not known.verify(stored, "Grüße")
    assert not known.verify(None, "Grüße \N{GRINNING FACE}")
    assert not known.verify("no hash at all", "x")


@pytest.mark.parametrize(
    "password", ["\ud83d", "\0", "", "x" * (LONGEST + 1)], ids=["surrogate", "nul", "empty", "long"]
)
def test_odd_passwords_are_wrong_and_nothing_else(known: Passwords, password: str) -> None:
    assert not known.verify(known.hash("right"), password)


def test_a_long_password_is_not_the_one_that_it_begins_with(known: Passwords) -> None:
    stored = known.hash("x" * LONGEST)
    assert known.verify(stored, "x" * LONGEST)
    assert not known.verify(stored, "x" * LONGEST + "y")


def test_an_unknown_user_costs_a_check_with_the_same_parameters(known: Passwords, hasher: CountingHasher) -> None:
    stored = known.hash("right")
    known.verify(stored, "wrong")
    known.verify(None, "wrong")
    real, fake = hasher.checked
    assert real.split("$")[:4] == fake.split("$")[:4]
    assert [len(part) for part in real.split("$")] == [len(part) for part in fake.split("$")]


def test_an_unknown_user_takes_as_long() -> None:
    hasher = new_hasher()
    known = Passwords(time.time, hasher)
    stored = known.hash("right")

    def seconds(of: str | None) -> float:
        began = time.perf_counter()
        known.verify(of, "wrong")
        return time.perf_counter() - began

    pairs = [(seconds(stored), seconds(None)) for _ in range(3)]
    assert 0.5 < min(one for one, _ in pairs) / min(other for _, other in pairs) < 2


def test_no_password_is_the_decoys(hasher: CountingHasher) -> None:
    assert decoy(hasher) != decoy(hasher)
    assert not Passwords(time.time, hasher).verify(decoy(hasher), "")


def test_what_was_right_is_remembered_for_a_minute(known: Passwords, clock: Clock) -> None:
    stored = known.hash("right")
    assert not known.remembers(stored, "right")
    known.verify(stored, "right")
    clock.now += 59
    assert known.remembers(stored, "right")
    assert not known.remembers(stored, "wrong")
    assert not known.remembers(known.hash("right"), "right"), "another hash is another password"
    assert not known.remembers(None, "right")
    clock.now += 2
    assert not known.remembers(stored, "right")


def test_what_was_wrong_is_not_remembered(known: Passwords) -> None:
    stored = known.hash("right")
    known.verify(stored, "wrong")
    known.verify(None, "wrong")
    assert not known.remembers(stored, "wrong")
    assert not known._known._values


def test_the_password_itself_is_nowhere_in_memory(known: Passwords) -> None:
    known.verify(known.hash("very secret"), "very secret")
    assert "very secret" not in repr(vars(known))
    assert all(len(digest) == 32 for digest in known._known._values)


def test_the_line_is_bounded_and_refuses_at_once(clock: Clock, hasher: CountingHasher) -> None:
    known = Passwords(clock, hasher, in_line=2)
    with known.line(), known.line():
        with pytest.raises(TooManyRequests) as caught, known.line():
            pass
        assert caught.value.retry_after == 1
    with known.line():
        pass


def test_a_caller_has_at_most_a_quarter_of_the_line(clock: Clock, hasher: CountingHasher) -> None:
    known = Passwords(clock, hasher, in_line=8)
    with known.line("name ada", "address 1"), known.line("name bob", "address 1"):
        for refused in (("name eve", "address 1"), ("address 1",)):
            with pytest.raises(TooManyRequests), known.line(*refused):
                pass
        with known.line("name ada", "address 2"):
            with pytest.raises(TooManyRequests), known.line("name ada", "address 3"):
                pass
            with known.line("name eve", "address 3"):
                pass
    assert (known._waiting, known._by_caller) == (0, {})


def test_hashes_are_computed_one_at_a_time(clock: Clock) -> None:
    running, most = 0, 0

    class Slow(CountingHasher):
        def verify(self, hash: object, password: object) -> bool:  # type: ignore[override]
            nonlocal running, most
            running += 1
            most = max(most, running)
            time.sleep(0.01)
            running -= 1
            return False

    known = Passwords(clock, Slow(), in_line=8)
    threads = [threading.Thread(target=known.verify, args=(None, "x")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == passwords.AT_ONCE == 1


def test_who_waits_too_long_is_refused(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "PATIENCE", 0.01)
    entered, leave = threading.Event(), threading.Event()

    class Stuck(CountingHasher):
        def verify(self, hash: object, password: object) -> bool:  # type: ignore[override]
            entered.set()
            return leave.wait(10)

    known = Passwords(clock, Stuck())
    with pytest.raises(TooManyRequests):
        known.verify(None, "x")
    leave.set()
    assert entered.is_set()


def test_older_parameters_are_outdated(known: Passwords) -> None:
    assert known.outdated(CountingHasher(time_cost=2).hash("x"))
    assert not known.outdated(known.hash("x"))
