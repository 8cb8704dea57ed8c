"""Read users without their secrets, with the ids of their accounts: one user, or a list."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from models.engine.conditions import contains, name_parameters, pad, within
from models.engine.database import Unit
from models.engine.listing import Listing, Order
from models.engine.statements import Statement, param
from models.users.tables import User, UserAccount


class UserRow(NamedTuple):
    """A user without secrets.

    :ivar account_ids: the user's own account first.
    """

    id: str
    email_address: str
    first_name: str | None
    last_name: str | None
    avatar_url: str | None
    roles: Sequence[str]
    disabled: bool
    credentials_version: int
    account_ids: Sequence[str]


_COLUMNS = (
    User.id,
    User.email_address,
    User.first_name,
    User.last_name,
    User.avatar_url,
    User.roles,
    User.disabled,
    User.credentials_version,
)


def _is_member_of(places: Any) -> Any:
    return User.id.in_(UserAccount.select(UserAccount.user_id).where(UserAccount.account_id.in_(places)))


#: The filters and their conditions. `email_contains` must be case-folded.
LISTING = Listing(
    User,
    _COLUMNS,
    one={"email_contains": contains(User.email_folded)},
    several={"visible_accounts": _is_member_of, "account_ids": _is_member_of, "ids": within(User.id)},
)


@cache
def _select_accounts(size: int) -> Statement:
    ids = [*map(param, name_parameters("id", size))]
    return Statement(
        lambda: (
            UserAccount.select(UserAccount.user_id, UserAccount.account_id)
            .where(UserAccount.user_id.in_(ids))
            .order_by(UserAccount.user_id, UserAccount.position)
        )
    )


def get(unit: Unit, user_id: str) -> UserRow | None:
    """Return the user, or None."""
    return next(iter(page(unit, {"ids": [user_id]}, Order("id"), 1)), None)


def page(unit: Unit, filters: Mapping[str, Any], order: Order, limit: int, offset: int = 0) -> list[UserRow]:
    """Return at most `limit` users after `offset`."""
    return _add_accounts(unit, LISTING.page(unit, filters, order, limit, offset))


def count(unit: Unit, filters: Mapping[str, Any], most: int | None = None) -> int:
    """Count the users, up to `most`."""
    return LISTING.count(unit, filters, most)


def is_sorted_by_index(order: Order) -> bool:
    """Return whether an index has the rows in this order."""
    return LISTING.is_sorted_by_index(order)


def read_blocks(unit: Unit, filters: Mapping[str, Any], order: Order) -> Iterator[list[UserRow]]:
    """Yield all users, in blocks of a hundred."""
    for block in LISTING.blocks(unit, filters, order):
        yield _add_accounts(unit, block)


def _add_accounts(unit: Unit, rows: Sequence[Any]) -> list[UserRow]:
    if not rows:
        return []
    ids = pad([row[0] for row in rows])
    accounts: dict[str, list[str]] = {row[0]: [] for row in rows}
    for user_id, account_id in _select_accounts(len(ids)).run(unit, ids):
        accounts[user_id].append(account_id)
    return [_create_row(row, accounts[row[0]]) for row in rows]


def _create_row(columns: Sequence[Any], account_ids: Sequence[str]) -> UserRow:
    user_id, email, first, last, avatar, roles, disabled, version = columns
    return UserRow(user_id, email, first, last, avatar, json.loads(roles), bool(disabled), version, account_ids)
