"""The first user of an empty database."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from shlex import quote

from gateway.dtos.catalog import MANAGER, SYSTEM_ADMINISTRATOR, USER
from gateway.security import keys
from gateway.security.administration import AdministrationError, Administrator
from gateway.settings import Settings
from gateway.units import unit_of_work
from models import Database, user

_EMAIL = "admin@example.org"
_ACCOUNT = "Main"
_OWN = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - told, not listened on


@dataclass(frozen=True, slots=True)
class FirstUser:
    """The first user, with the secrets that are shown once; None for those that the settings gave."""

    email: str
    password: str | None
    api_key: str | None

    def announcement(self, bind: str) -> str:
        """What the operator of a gateway that listens there is told, once."""
        given = "(as GATEWAY_BOOTSTRAP_{} says)"
        key = self.api_key or "$GATEWAY_BOOTSTRAP_API_KEY"
        return "\n".join(
            [
                "The database had no users. The first one is (shown only now):",
                f"  e-mail    {self.email}",
                f"  password  {self.password or given.format('PASSWORD')}",
                f"  API key   {self.api_key or given.format('API_KEY')}",
                "Try it:",
                f"  curl -H \"Authorization: Bearer {key}\" -d '{{displayName:Hi,channel:Chat}}' {_sessions_at(bind)}",
            ]
        )


def _sessions_at(bind: str) -> str:
    """The address of sessions as curl takes it. A gateway that listens on every address does so on this machine's own."""
    if bind.startswith("unix:"):
        return f"--unix-socket {quote(bind.removeprefix('unix:'))} 'http://localhost/sessions?format=jsv'"
    host, _, port = bind.rpartition(":")
    return f"'http://{_OWN.get(host, host)}:{port}/sessions?format=jsv'"


def first_user(database: Database, settings: Settings) -> FirstUser | None:
    """Add the first user to an empty database, as the settings say or with secrets of its own; None where there are users."""
    if _anybody(database):
        return None
    email = settings.bootstrap_email or _EMAIL
    password = settings.bootstrap_password or secrets.token_urlsafe(16)
    api_key = settings.bootstrap_api_key or keys.new_key()
    try:
        Administrator(database, time.time(), by="first start").add_user(
            email,
            roles=(USER, MANAGER, SYSTEM_ADMINISTRATOR),
            account_name=_ACCOUNT,
            password=password,
            api_key=api_key,
        )
    except AdministrationError:
        # Another node of the same installation may have started at the same time.
        if _anybody(database):
            return None
        raise
    return FirstUser(
        email,
        None if settings.bootstrap_password else password,
        None if settings.bootstrap_api_key else api_key,
    )


def _anybody(database: Database) -> bool:
    with unit_of_work(database, write=False) as unit:
        return user.anybody(unit)
