"""Passwords: what is stored, what a check costs, what is remembered."""

import threading
import time

import pytest

from gateway.errors import TooManyRequests
from gateway.users import passwords
from gateway.users.passwords import LONGEST, Passwords, make_decoy, new_hasher

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
def checker(clock: Clock, hasher: CountingHasher) -> Passwords:
    return Passwords(clock, hasher)


def test_parameters_are_those_that_are_recommended() -> None:
    stored = new_hasher().hash("x")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert new_hasher().hash("x") != stored


def test_right_and_wrong(checker: Passwords) -> None:
    stored = checker.hash("Grüße \N{GRINNING FACE}")
    assert checker.verify(stored, "Grüße \N{GRINNING FACE}")
    assert not checker.verify(stored, "Grüße")
    assert not checker.verify(None, "Grüße \N{GRINNING FACE}")
    assert not checker.verify("no hash at all", "x")


@pytest.mark.parametrize(
    "password", ["\ud83d", "\0", "", "x" * (LONGEST + 1)], ids=["surrogate", "nul", "empty", "long"]
)
def test_odd_passwords_are_wrong_and_nothing_else(checker: Passwords, password: str) -> None:
    assert not checker.verify(checker.hash("right"), password)


def test_a_long_password_is_not_the_one_that_it_begins_with(checker: Passwords) -> None:
    stored = checker.hash("x" * LONGEST)
    assert checker.verify(stored, "x" * LONGEST)
    assert not checker.verify(stored, "x" * LONGEST + "y")


def test_an_unknown_user_costs_a_check_with_the_same_parameters(checker: Passwords, hasher: CountingHasher) -> None:
    stored = checker.hash("right")
    checker.verify(stored, "wrong")
    checker.verify(None, "wrong")
    real, fake = hasher.checked
    assert real.split("$")[:4] == fake.split("$")[:4]
    assert [len(part) for part in real.split("$")] == [len(part) for part in fake.split("$")]


def test_an_unknown_user_takes_as_long() -> None:
    hasher = new_hasher()
    checker = Passwords(time.time, hasher)
    stored = checker.hash("right")

    def measure(of: str | None) -> float:
        began = time.perf_counter()
        checker.verify(of, "wrong")
        return time.perf_counter() - began

    pairs = [(measure(stored), measure(None)) for _ in range(3)]
    assert 0.5 < min(one for one, _ in pairs) / min(other for _, other in pairs) < 2


def test_no_password_matches_the_decoy(hasher: CountingHasher) -> None:
    assert make_decoy(hasher) != make_decoy(hasher)
    assert not Passwords(time.time, hasher).verify(make_decoy(hasher), "")


def test_a_right_password_is_remembered_for_a_minute(checker: Passwords, clock: Clock) -> None:
    stored = checker.hash("right")
    assert not checker.remembers(stored, "right")
    checker.verify(stored, "right")
    clock.now += 59
    assert checker.remembers(stored, "right")
    assert not checker.remembers(stored, "wrong")
    assert not checker.remembers(checker.hash("right"), "right"), "another hash is another password"
    assert not checker.remembers(None, "right")
    clock.now += 2
    assert not checker.remembers(stored, "right")


def test_a_wrong_password_is_not_remembered(checker: Passwords) -> None:
    stored = checker.hash("right")
    checker.verify(stored, "wrong")
    checker.verify(None, "wrong")
    assert not checker.remembers(stored, "wrong")
    assert not checker._known._values


def test_the_password_itself_is_nowhere_in_memory(checker: Passwords) -> None:
    checker.verify(checker.hash("very secret"), "very secret")
    assert "very secret" not in repr(vars(checker))
    assert all(len(digest) == 32 for digest in checker._known._values)


def test_the_line_is_bounded_and_refuses_at_once(clock: Clock, hasher: CountingHasher) -> None:
    checker = Passwords(clock, hasher, in_line=2)
    with checker.wait_in_line(), checker.wait_in_line():
        with pytest.raises(TooManyRequests) as caught, checker.wait_in_line():
            pass
        assert caught.value.retry_after == 1
    with checker.wait_in_line():
        pass


def test_a_caller_has_at_most_a_quarter_of_the_line(clock: Clock, hasher: CountingHasher) -> None:
    checker = Passwords(clock, hasher, in_line=8)
    with checker.wait_in_line("name ada", "address 1"), checker.wait_in_line("name bob", "address 1"):
        for callers in (("name eve", "address 1"), ("address 1",)):
            with pytest.raises(TooManyRequests), checker.wait_in_line(*callers):
                pass
        with checker.wait_in_line("name ada", "address 2"):
            with pytest.raises(TooManyRequests), checker.wait_in_line("name ada", "address 3"):
                pass
            with checker.wait_in_line("name eve", "address 3"):
                pass
    assert (checker._waiting, checker._by_caller) == (0, {})


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

    checker = Passwords(clock, Slow(), in_line=8)
    threads = [threading.Thread(target=checker.verify, args=(None, "x")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == passwords.AT_ONCE == 1


def test_a_request_that_waits_too_long_is_refused(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "PATIENCE", 0.01)
    entered, leave = threading.Event(), threading.Event()

    class Stuck(CountingHasher):
        def verify(self, hash: object, password: object) -> bool:  # type: ignore[override]
            entered.set()
            return leave.wait(10)

    checker = Passwords(clock, Stuck())
    with pytest.raises(TooManyRequests):
        checker.verify(None, "x")
    leave.set()
    assert entered.is_set()


def test_older_parameters_are_outdated(checker: Passwords) -> None:
    assert checker.is_outdated(CountingHasher(time_cost=2).hash("x"))
    assert not checker.is_outdated(checker.hash("x"))
