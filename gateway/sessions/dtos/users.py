"""DTOs of users and their roles."""

from __future__ import annotations

from gateway import Dto, View, close, fields, rules
from gateway.contract.lists import ListResponse, filter_of, list_request
from gateway.sessions.declared import MANAGER, SYSTEM_ADMINISTRATOR, service

NAMESPACE = "Voice.Api.Authentication"

_ADMINISTRATORS = (SYSTEM_ADMINISTRATOR, MANAGER)


class UserInfo(Dto):
    view = View(
        "User",
        title=["name", "email_address"],
        columns=["name", "email_address", "roles", "account_names"],
    )

    id = fields.String("The ID of the user")
    is_authenticated = fields.Boolean("Is somebody signed in?")
    first_name = fields.String("The user's first name")
    last_name = fields.String("The user's last name")
    name = fields.String("The user's whole name")
    avatar_url = fields.String("The address of the user's picture")
    email_address = fields.String("The user's e-mail address")
    roles = fields.List(fields.String(), "The user's roles")
    account_ids = fields.List(fields.String(), "The IDs of the user's accounts, the user's own first")
    account_names = fields.List(fields.String(), "The names of the user's accounts, in the same order")


@service.get("/users", returns=close(ListResponse, UserInfo), any_role=_ADMINISTRATORS, tags=["users"])
class ListUsers(list_request(UserInfo)):  # type: ignore[misc]
    """List users"""

    account_ids = filter_of("Return only users of these accounts")
    email_filter = fields.String("Return only users whose e-mail address contains this text")


@service.post("/users", returns=UserInfo, any_role=_ADMINISTRATORS, tags=["users"], idempotent=True)
class NewUser(Dto):
    """Create a new user"""

    account_id = fields.String("The account of the user (defaults to the caller's first account)", length=64)
    email_address = fields.String(
        "The user's e-mail address, which no other user may have",
        length=255,
        rules=[rules.not_empty(), rules.email()],
    )
    first_name = fields.String("The user's first name", length=255)
    last_name = fields.String("The user's last name", length=255)
    password = fields.String("The user's password; without one the user signs in by API key or token")


@service.patch("/users/{UserId}", returns=UserInfo, any_role=_ADMINISTRATORS, tags=["users"], idempotent=True)
class PatchUser(Dto):
    """Change a user; fields that are left out stay as they are"""

    user_id = fields.String("The ID of the user", rules=[rules.not_empty()])
    account_ids = filter_of("The user's accounts, the user's own first")
    first_name = fields.String("The user's first name", length=255)
    last_name = fields.String("The user's last name", length=255)
    new_password = fields.String("A new password for the user")
    roles = filter_of("The user's roles (only a SystemAdministrator may change them)")
