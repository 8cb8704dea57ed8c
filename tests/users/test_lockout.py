"""Guessing is slowed down, then locked out; whoever guesses nothing never notices."""

from __future__ import annotations

import pytest

from gateway.calls import Credentials
from gateway.errors import NotAuthenticated, TooManyRequests
from gateway.users.authenticator import Authenticator
from gateway.users.lockout import KNOWN, LONGEST_DELAY, Limits, compute_delay

from .conftest import ADA, ADDRESS, ENGINES, EVE, PASSWORD, World, encode_basic

pytestmark = ENGINES

LIMITS = Limits()
MOST, WINDOW = LIMITS.attempts, LIMITS.window
ELSEWHERE = "198.51.100.1"


def guess(authenticator: Authenticator, name: str = ADA, password: str = "wrong", address: str = ADDRESS) -> None:
    with pytest.raises(NotAuthenticated):
        authenticator.log_in(name, password, address, permanent=False)


def log_in(authenticator: Authenticator, name: str = ADA, address: str = ADDRESS) -> None:
    assert authenticator.log_in(name, PASSWORD, address, permanent=False)[0].email_address == name


def expect_lockout(authenticator: Authenticator, name: str, address: str, password: str = PASSWORD) -> TooManyRequests:
    with pytest.raises(TooManyRequests) as caught:
        authenticator.log_in(name, password, address, permanent=False)
    return caught.value


def lock(authenticator: Authenticator, name: str = ADA, address: str = ADDRESS) -> None:
    for _ in range(MOST):
        guess(authenticator, name, address=address)


def test_guesses_lock_a_name_out_at_their_address(world: World, authenticator: Authenticator) -> None:
    for _ in range(MOST):
        guess(authenticator)
        world.now += 1
    error = expect_lockout(authenticator, ADA, ADDRESS)
    assert error.retry_after == WINDOW - MOST
    assert ADA not in error.message
    log_in(authenticator, EVE)


def test_guesses_lock_no_other_address_out(world: World, authenticator: Authenticator) -> None:
    for number in range(3 * MOST):
        guess(authenticator, address=f"192.0.2.{number}")
    log_in(authenticator, ADA, ELSEWHERE)
    assert world.slept[-1] == LONGEST_DELAY, "but they slow the name down"
    world.now += 1
    log_in(authenticator, ADA, ELSEWHERE)
    assert world.slept[-1] == 0, "until its address is known"


def test_unknown_names_are_locked_out_alike(authenticator: Authenticator) -> None:
    lock(authenticator, "ghost@example.org")
    expect_lockout(authenticator, "GHOST@example.org", ADDRESS)


def test_an_address_is_locked_out_that_guesses_at_many_names(world: World, authenticator: Authenticator) -> None:
    log_in(authenticator, ADA)
    for number in range(LIMITS.address_attempts):
        guess(authenticator, name=f"user{number}@example.org")
    expect_lockout(authenticator, EVE, ADDRESS)
    log_in(authenticator, EVE, ELSEWHERE)
    log_in(authenticator, ADA)
    world.now += WINDOW
    log_in(authenticator, EVE)


def test_an_address_is_known_for_30_days(world: World, authenticator: Authenticator) -> None:
    log_in(authenticator)
    world.now += KNOWN - 1
    for number in range(LIMITS.address_attempts):
        guess(authenticator, name=f"user{number}@example.org")
    log_in(authenticator)
    world.now += KNOWN
    for number in range(LIMITS.address_attempts):
        guess(authenticator, name=f"user{number}@example.org")
    expect_lockout(authenticator, ADA, ADDRESS)


def test_a_known_address_is_locked_out_after_guesses(world: World, authenticator: Authenticator) -> None:
    log_in(authenticator)
    lock(authenticator)
    expect_lockout(authenticator, ADA, ADDRESS)
    assert world.slept[-1] == LONGEST_DELAY


def test_exempt_networks_are_only_slowed_down(world: World) -> None:
    exempt = world.authenticator(limits=Limits(exempt=("192.0.2.0/24", "2001:db8::1")))
    log_in(exempt, EVE)
    for number in range(LIMITS.address_attempts):
        guess(exempt, name=f"user{number % 5}@example.org")
    lock(exempt)
    for address in (ADDRESS, f"::ffff:{ADDRESS}"):
        log_in(exempt, ADA, address)
    assert world.slept[-1] == LONGEST_DELAY, "who guesses from there is slowed down, though users signed in from there"
    lock(exempt, EVE, "2001:db8::1")
    log_in(exempt, EVE, "2001:db8::1")
    lock(exempt, EVE, "2001:db8::2")
    expect_lockout(exempt, EVE, "2001:db8::2")


def test_limits_are_settings(world: World) -> None:
    few = world.authenticator(limits=Limits(attempts=2, address_attempts=3, window=60))
    guess(few)
    guess(few)
    expect_lockout(few, ADA, ADDRESS)
    guess(few, EVE)
    expect_lockout(few, "new@example.org", ADDRESS)
    world.now += 60
    log_in(few)


def test_another_worker_counts_the_same(world: World) -> None:
    for _ in range(MOST):
        guess(world.authenticator())
    expect_lockout(world.authenticator(), ADA, ADDRESS)


def test_the_lock_ends_as_failures_age(world: World, authenticator: Authenticator) -> None:
    lock(authenticator)
    world.now += expect_lockout(authenticator, ADA, ADDRESS).retry_after
    log_in(authenticator)


def test_attempts_while_locked_out_count_nothing_and_hash_nothing(world: World, authenticator: Authenticator) -> None:
    lock(authenticator)
    hashed, counted = len(world.hasher.checked), world.count("login_failures")
    expect_lockout(authenticator, ADA, ADDRESS, "wrong")
    assert (len(world.hasher.checked), world.count("login_failures")) == (hashed, counted)


def test_success_forgets_the_failures_of_the_user_but_not_of_the_address(world: World) -> None:
    few = world.authenticator(limits=Limits(attempts=3, address_attempts=5))
    for _ in range(2):
        guess(few)
    log_in(few)
    for _ in range(2):
        guess(few)
    log_in(few)
    guess(few, EVE)
    expect_lockout(few, EVE, ADDRESS)


def test_delays_grow_and_are_bounded(world: World, authenticator: Authenticator) -> None:
    for _ in range(12):
        guess(authenticator)
    assert world.slept == [0, 0, 0, 0, 0, 0.1, 0.2, 0.4, 0.8, 1, 1, 1]
    assert max(compute_delay(count) for count in (*range(100), 10_000)) == LONGEST_DELAY


def test_a_client_that_sends_its_password_with_every_request_is_not_locked_out(
    world: World, authenticator: Authenticator
) -> None:
    """Guesses from its own address lock out new log-ins, not whoever was right within the last minute."""
    credentials = Credentials(authorization=encode_basic(ADA, PASSWORD), address=ADDRESS)
    assert authenticator.authenticate(credentials)
    lock(authenticator)
    assert authenticator.authenticate(credentials)
    expect_lockout(authenticator, ADA, ADDRESS)
    world.now += 61
    with pytest.raises(TooManyRequests):
        authenticator.authenticate(credentials)


def test_old_failures_and_addresses_are_swept(world: World, authenticator: Authenticator) -> None:
    guess(authenticator)
    log_in(authenticator)
    world.now += WINDOW
    guess(authenticator, name=EVE)
    assert world.count("login_failures") == 3
    world.now += KNOWN
    log_in(authenticator, EVE)
    assert world.count("known_addresses") == 1


def test_neither_names_nor_addresses_are_stored(world: World, authenticator: Authenticator) -> None:
    guess(authenticator)
    log_in(authenticator, EVE)
    stored = [*world.rows("login_failures"), *world.rows("known_addresses")]
    assert len(stored) == 4
    assert all(ADA not in row and EVE not in row and ADDRESS not in row for row in stored)


@pytest.mark.parametrize("name", ["", "\ud83d", "x" * 5000, "'; DROP TABLE users --", "\0"])
def test_odd_names_are_wrong_and_nothing_else(authenticator: Authenticator, name: str) -> None:
    guess(authenticator, name=name, password="x", address="no address at all")
