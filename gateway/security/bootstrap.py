"""The first user of an empty database."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from gateway.dtos.catalog import MANAGER, SYSTEM_ADMINISTRATOR, USER
from gateway.security import administration, keys
from gateway.settings import Settings
from models import Database, user

_EMAIL = "admin@example.org"
_ACCOUNT = "Main"


@dataclass(frozen=True, slots=True)
class FirstUser:
    """The first user, with the secrets that are shown once; None for those that the settings gave."""

    email: str
    password: str | None
    api_key: str | None

    def announcement(self, address: str) -> str:
        """What the operator is told, once."""
        secret = "(as GATEWAY_BOOTSTRAP_{} says)"
        key = self.api_key or "$GATEWAY_BOOTSTRAP_API_KEY"
        return "\n".join(
            [
                "The database had no users. The first one is (shown only now):",
                f"  e-mail    {self.email}",
                f"  password  {self.password or secret.format('PASSWORD')}",
                f"  API key   {self.api_key or secret.format('API_KEY')}",
                "Try it:",
                f"  curl -H 'Authorization: Bearer {key}' -d '{{displayName:Hi,channel:Chat}}' 'http://{address}/sessions?format=jsv'",
            ]
        )


def first_user(database: Database, settings: Settings) -> FirstUser | None:
    """Add the first user to an empty database, as the settings say or with secrets of its own; None where there are users."""
    with database.unit_of_work(write=False) as unit:
        if user.anybody(unit):
            return None
    email = settings.bootstrap_email or _EMAIL
    password = settings.bootstrap_password or secrets.token_urlsafe(16)
    api_key = settings.bootstrap_api_key or keys.new_key()
    administration.add_user(
        database,
        email,
        roles=(USER, MANAGER, SYSTEM_ADMINISTRATOR),
        account_name=_ACCOUNT,
        password=password,
        api_key=api_key,
    )
    return FirstUser(
        email,
        None if settings.bootstrap_password else password,
        None if settings.bootstrap_api_key else api_key,
    )
