"""What requests may hold fits the columns that it goes to."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.contract.dto import Dto
from gateway.sessions.dtos import accounts, customers, messaging, sessions
from gateway.transactions import unit_of_work
from models.engine import fields as columns
from models.sessions import tables
from models.users import user
from tests.sessions.conftest import People, World

SHORT = columns.SHORT


@pytest.mark.parametrize(
    ("dto", "table"),
    [
        (sessions.NewSession, tables.Session),
        (sessions.PatchSession, tables.Session),
        (sessions.HoldSession, tables.Session),
        (sessions.EndSession, tables.Session),
        (customers.NewCustomer, tables.Customer),
        (accounts.NewAccount, tables.Account),
        (accounts.PatchAccount, tables.Account),
        (messaging.SendMessage, tables.Message),
    ],
)
def test_fields_fit_the_columns_of_their_name(dto: type[Dto], table: Any) -> None:
    for name, field in dto.schema().fields.items():
        column = table._meta.fields.get(name)
        longest = getattr(column, "max_length", None)
        if longest is not None and hasattr(field, "length") and name not in ("session_id", "account_id"):
            assert field.length is not None, name
            assert field.length <= longest, name


def test_fields_fit_the_columns_of_another_name() -> None:
    def read_length(dto: type[Dto], name: str) -> int:
        return int(dto.schema().fields[name].length)  # type: ignore[attr-defined]

    for dto, name in (
        (sessions.AddConferenceMember, "destination"),
        (sessions.AddConferenceMember, "call_sid"),
        (sessions.InviteChatMember, "member_to_add"),
        (sessions.NewOutgoingSession, "caller_id"),
        (messaging.SendMessage, "to_address"),
    ):
        assert read_length(dto, name) <= SHORT
    addresses = sessions.NewSession.schema().fields["member_email_addresses"]
    assert addresses.item.length <= SHORT  # type: ignore[attr-defined]
    assert read_length(sessions.PatchSession, "console_data") <= columns.LONG


def test_letters_that_grow(world: World, people: People) -> None:
    """Letter case may make a text longer; nothing that a request may hold is too long for its column then."""
    grown = "\u0130" * 250
    world.call(people.root, "NewAccount", {"name": "\u00df" * SHORT})
    world.call(people.ada, "NewCustomer", {"name": "\u00df" * SHORT})
    address = f"{grown[:64]}@{grown[:60]}.{grown[:60]}.{grown[:60]}"
    row = world.call(people.ada, "NewSession", {"fromName": grown, "memberEmailAddresses": [address]})
    assert world.call(people.ada, "GetSession", {"sessionId": row.id}).members[1].display_name == address
    longest = world.add_user("long@example.org", [people.acme], "User", first_name="n" * SHORT)
    with unit_of_work(world.database) as unit:
        user.update(unit, longest.user_id, last_name="m" * SHORT)
    row = world.call(people.ada, "InviteChatMember", {"sessionId": row.id, "memberToAdd": longest.user_id})
    assert len(row.members[-1].display_name) == SHORT
