"""Guessing is slowed down, then locked out; whoever guesses nothing never notices."""

from __future__ import annotations

import pytest

from gateway.errors import NotAuthenticated, TooManyRequests
from gateway.security.authenticator import Authenticator, Credentials
from gateway.security.lockout import LONGEST_DELAY, MOST, WINDOW, delay

from .conftest import ADA, ADDRESS, ENGINES, EVE, PASSWORD, World, basic

pytestmark = ENGINES


def guess(authenticator: Authenticator, name: str = ADA, password: str = "wrong", address: str = ADDRESS) -> None:
    with pytest.raises(NotAuthenticated):
        authenticator.log_in(name, password, address, permanent=False)


def locked(authenticator: Authenticator, name: str, address: str, password: str = PASSWORD) -> TooManyRequests:
    with pytest.raises(TooManyRequests) as caught:
        authenticator.log_in(name, password, address, permanent=False)
    return caught.value


def test_a_user_is_locked_out_wherever_the_guesses_come_from(world: World, authenticator: Authenticator) -> None:
    for number in range(MOST):
        guess(authenticator, address=f"192.0.2.{number}")
        world.now += 1
    error = locked(authenticator, ADA, "198.51.100.1")
    assert error.retry_after == WINDOW - MOST
    assert ADA not in error.message
    assert authenticator.log_in(EVE, PASSWORD, "198.51.100.1", permanent=False)


def test_an_address_is_locked_out_whomever_it_guesses_at(authenticator: Authenticator) -> None:
    for number in range(MOST):
        guess(authenticator, name=f"user{number}@example.org")
    locked(authenticator, ADA, ADDRESS)
    assert authenticator.log_in(ADA, PASSWORD, "198.51.100.1", permanent=False)


def test_names_that_nobody_has_are_locked_out_alike(authenticator: Authenticator) -> None:
    for number in range(MOST):
        guess(authenticator, name="ghost@example.org", address=f"192.0.2.{number}")
    locked(authenticator, "GHOST@example.org", "198.51.100.1")


def test_another_worker_counts_the_same(world: World) -> None:
    for number in range(MOST):
        guess(world.authenticator(), address=f"192.0.2.{number}")
    locked(world.authenticator(), ADA, "198.51.100.1")


def test_the_lock_ends_as_failures_age(world: World, authenticator: Authenticator) -> None:
    for number in range(MOST):
        guess(authenticator, address=f"192.0.2.{number}")
    world.now += locked(authenticator, ADA, "198.51.100.1").retry_after
    assert authenticator.log_in(ADA, PASSWORD, "198.51.100.1", permanent=False)


def test_attempts_while_locked_out_count_nothing_and_hash_nothing(world: World, authenticator: Authenticator) -> None:
    for number in range(MOST):
        guess(authenticator, address=f"192.0.2.{number}")
    hashed, counted = len(world.hasher.checked), world.count("login_failures")
    locked(authenticator, ADA, "198.51.100.1", "wrong")
    assert (len(world.hasher.checked), world.count("login_failures")) == (hashed, counted)


def test_success_forgets_the_users_failures_but_not_the_addresss(world: World, authenticator: Authenticator) -> None:
    for _ in range(MOST - 1):
        guess(authenticator)
    authenticator.log_in(ADA, PASSWORD, ADDRESS, permanent=False)
    assert world.count("login_failures") == MOST - 1
    world.now += 61
    guess(authenticator, name=EVE)
    locked(authenticator, ADA, ADDRESS)


def test_a_network_of_version_6_is_one_address(authenticator: Authenticator) -> None:
    for number in range(MOST):
        guess(authenticator, name=f"user{number}@example.org", address=f"2001:db8::{number}")
    locked(authenticator, ADA, "2001:db8::ffff")
    assert authenticator.log_in(ADA, PASSWORD, "2001:db8:0:1::1", permanent=False)


def test_delays_grow_and_are_bounded(world: World, authenticator: Authenticator) -> None:
    for _ in range(12):
        guess(authenticator)
    assert world.slept == [0, 0, 0, 0, 0, 0.1, 0.2, 0.4, 0.8, 1, 1, 1]
    assert max(delay(count) for count in range(100)) == LONGEST_DELAY


def test_a_client_that_sends_its_password_all_the_time_goes_on(world: World, authenticator: Authenticator) -> None:
    """Somebody else's guesses lock out new log-ins, not whoever was right within the last minute."""
    shown = Credentials(authorization=basic(ADA, PASSWORD))
    assert authenticator.authenticate(shown)
    for number in range(MOST):
        guess(authenticator, address=f"192.0.2.{number}")
    assert authenticator.authenticate(shown)
    locked(authenticator, ADA, ADDRESS)
    world.now += 61
    with pytest.raises(TooManyRequests):
        authenticator.authenticate(shown)


def test_old_failures_are_swept(world: World, authenticator: Authenticator) -> None:
    guess(authenticator)
    world.now += WINDOW
    guess(authenticator, name=EVE)
    assert world.count("login_failures") == 2


def test_neither_names_nor_addresses_are_stored(world: World, authenticator: Authenticator) -> None:
    guess(authenticator)
    stored = world.rows("login_failures")
    assert len(stored) == 2
    assert all(ADA not in each and ADDRESS not in each for each in stored)


@pytest.mark.parametrize("name", ["", "\ud83d", "x" * 5000, "'; DROP TABLE users --", "\0"])
def test_odd_names_are_wrong_and_nothing_else(authenticator: Authenticator, name: str) -> None:
    guess(authenticator, name=name, password="x", address="no address at all")
