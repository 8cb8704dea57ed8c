"""The first administrator of a database that has none."""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from gateway.sessions.dtos.catalog import MANAGER, SYSTEM_ADMINISTRATOR, USER
from gateway.settings import Settings
from gateway.transactions import unit_of_work
from gateway.users import keys
from gateway.users.administration import AdministrationError, Administrator
from models import Database
from models.users import user

_ACCOUNT = "Main"
_OWN = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - told, not listened on


class NoAdministrator(Exception):
    """There is no administrator, and none can be made. The message says what to do."""


@dataclass(frozen=True, slots=True)
class FirstUser:
    """The first administrator.

    :ivar password: the password, where it was made and is shown once; None where the settings gave it.
    :ivar api_key: the same for the API key.
    :ivar kept: the file that the made secrets were written to; None where they are shown.
    """

    email: str
    password: str | None
    api_key: str | None
    kept: Path | None = None

    def announcement(self, bind: str) -> str:
        """What the operator of a gateway that listens there is told, once."""
        made = "Delete that file when you have the secrets." if self.kept else "The secrets are shown only now."
        key = "$GATEWAY_BOOTSTRAP_API_KEY"
        if self.api_key:
            key = f"$(sed -n 's/^API_KEY=//p' {quote(str(self.kept))})" if self.kept else self.api_key
        return "\n".join(
            [
                "The database had no administrator. The first one is:",
                f"  e-mail    {self.email}",
                f"  password  {self._shown(self.password, 'PASSWORD')}",
                f"  API key   {self._shown(self.api_key, 'API_KEY')}",
                f"{made} Try it:" if self.password or self.api_key else "Try it:",
                f"  curl -H \"Authorization: Bearer {key}\" -d '{{displayName:Hi,channel:Chat}}' {_sessions_at(bind)}",
            ]
        )

    def _shown(self, made: str | None, name: str) -> str:
        if made is None:
            return f"(as GATEWAY_BOOTSTRAP_{name} says)"
        return f"{self.kept} ({name}=)" if self.kept else made


def _sessions_at(bind: str) -> str:
    """The address of sessions as curl takes it. A gateway that listens on every address does so on this machine's own."""
    if bind.startswith("unix:"):
        return f"--unix-socket {quote(bind.removeprefix('unix:'))} 'http://localhost/sessions?format=jsv'"
    host, _, port = bind.rpartition(":")
    return f"'http://{_OWN.get(host, host)}:{port}/sessions?format=jsv'"


def first_user(database: Database, settings: Settings, kept: Path | None = None) -> FirstUser | None:
    """Add an administrator where no enabled user is one, as the settings say or with secrets that are made; None where there is one.

    :param kept: a file that is written with the made secrets, in mode 600, in place of showing them.
    :raises NoAdministrator: when a user of that e-mail address exists already, or `kept` can't be written.
    """
    if _has_administrator(database):
        return None
    email = settings.bootstrap_email
    if _exists(database, email):
        if _has_administrator(database):
            # Another node of the same installation has made it since.
            return None
        raise NoAdministrator(
            f"No user is an administrator. '{email}' exists: run 'gateway user roles {email} --role {SYSTEM_ADMINISTRATOR}'."
        )
    made = FirstUser(
        email,
        None if settings.bootstrap_password else secrets.token_urlsafe(16),
        None if settings.bootstrap_api_key else keys.new_key(),
        kept,
    )
    if kept is not None and (made.password or made.api_key):
        _keep(kept, made)
    try:
        Administrator(database, time.time(), by="first start").add_user(
            email,
            roles=(USER, MANAGER, SYSTEM_ADMINISTRATOR),
            account_name=_ACCOUNT,
            password=made.password or settings.bootstrap_password,
            api_key=made.api_key or settings.bootstrap_api_key,
        )
    except AdministrationError:
        # Another node of the same installation may have started at the same time.
        if not _has_administrator(database):
            raise
        if kept is not None:
            kept.unlink(missing_ok=True)
        return None
    return made


def _keep(path: Path, made: FirstUser) -> None:
    lines = [f"EMAIL={made.email}"]
    lines += [f"PASSWORD={made.password}"] if made.password else []
    lines += [f"API_KEY={made.api_key}"] if made.api_key else []
    try:
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write("\n".join([*lines, ""]))
    except OSError as error:
        raise NoAdministrator(
            f"No user is an administrator, and {path} can't be written with a new one's secrets: {error.strerror}. "
            "Set GATEWAY_BOOTSTRAP_PASSWORD and GATEWAY_BOOTSTRAP_API_KEY, or run 'gateway user add'."
        ) from error


def _has_administrator(database: Database) -> bool:
    """Whether any enabled user is an administrator."""
    with unit_of_work(database, write=False) as unit:
        return user.anybody(unit, SYSTEM_ADMINISTRATOR)


def _exists(database: Database, email: str) -> bool:
    with unit_of_work(database, write=False) as unit:
        return user.by_email(unit, email) is not None
