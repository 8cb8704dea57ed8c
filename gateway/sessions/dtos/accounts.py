"""Accounts: what users, customers and sessions belong to."""

from __future__ import annotations

from gateway import SIGNED_IN, Dto, View, close, fields, rules
from gateway.contract.lists import ListResponse, list_request
from gateway.sessions.declared import SYSTEM_ADMINISTRATOR, service
from gateway.sessions.dtos.entities import EntityInfo

NAMESPACE = "Voice.Api.Accounts"


class AccountInfo(EntityInfo):
    view = View(
        "Account", columns=["name", "parent_account_id", "date_created", "date_last_modified"], sorted_by="date_created"
    )

    name = fields.String("The name of the account")
    parent_account_id = fields.String("The ID of the account that this one is part of")
    ancestor_ids = fields.List(fields.String(), "The IDs of the accounts above this one, the topmost first")


@service.get("/accounts", returns=close(ListResponse, AccountInfo), access=SIGNED_IN, tags=["accounts"])
class ListAccounts(list_request(AccountInfo)):  # type: ignore[misc]
    """List accounts"""

    name_filter = fields.String("Return only accounts whose name contains this text")


@service.get("/accounts/{AccountId}", returns=AccountInfo, access=SIGNED_IN, tags=["accounts"])
class GetAccount(Dto):
    """Get an account"""

    account_id = fields.String("The ID of the account", rules=[rules.not_empty()])


@service.post("/accounts", returns=AccountInfo, role=SYSTEM_ADMINISTRATOR, tags=["accounts"], idempotent=True)
class NewAccount(Dto):
    """Create a new account"""

    name = fields.String("The name of the account", length=255, rules=[rules.not_empty()])
    parent_account_id = fields.String("The account that this one is part of", length=64)


@service.patch(
    "/accounts/{AccountId}", returns=AccountInfo, role=SYSTEM_ADMINISTRATOR, tags=["accounts"], idempotent=True
)
class PatchAccount(Dto):
    """Change an account; fields that are left out stay as they are"""

    account_id = fields.String("The ID of the account", rules=[rules.not_empty()])
    name = fields.String("The name of the account", length=255)
    parent_account_id = fields.String("The account that this one is part of", length=64)
