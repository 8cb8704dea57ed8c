"""Who may do what."""

import pytest

from gateway.calls import Method, Principal, authorize
from gateway.contract.catalog import ANYONE, SIGNED_IN, Access
from gateway.errors import Forbidden, NotAuthenticated
from gateway.sessions.callers import visible_accounts

BOTH = Access(all_of=("User", "Manager"), administrator="SystemAdministrator")
EITHER = Access(any_of=("User", "Manager"), administrator="SystemAdministrator")
MIXED = Access(all_of=("User",), any_of=("Manager", "Customer"), administrator="SystemAdministrator")


def make_principal(*roles: str) -> Principal:
    return Principal("u1", "ada@example.org", "Ada", frozenset(roles), ("a1", "a2"), Method.KEY, "secret-id")


@pytest.mark.parametrize(
    ("access", "roles", "passes"),
    [
        (ANYONE, (), True),
        (SIGNED_IN, (), True),
        (BOTH, ("User", "Manager"), True),
        (BOTH, ("User",), False),
        (EITHER, ("Manager",), True),
        (EITHER, ("Customer",), False),
        (EITHER, ("user",), False),
        (MIXED, ("User", "Customer"), True),
        (MIXED, ("User",), False),
        (MIXED, ("Manager",), False),
        (MIXED, ("SystemAdministrator",), True),
    ],
)
def test_roles(access: Access, roles: tuple[str, ...], passes: bool) -> None:
    if passes:
        authorize(make_principal(*roles), access)
        return
    with pytest.raises(Forbidden, match="Invalid Role"):
        authorize(make_principal(*roles), access)


@pytest.mark.parametrize("access", [SIGNED_IN, BOTH, EITHER, MIXED])
def test_no_caller(access: Access) -> None:
    with pytest.raises(NotAuthenticated, match="Not Authenticated"):
        authorize(None, access)
    authorize(None, ANYONE)


def test_visible_accounts() -> None:
    assert visible_accounts(make_principal("User")) == ("a1", "a2")
    assert visible_accounts(make_principal("User", "SystemAdministrator")) is None


def test_a_login_session_is_in_no_text() -> None:
    assert "secret-id" not in repr(make_principal())
