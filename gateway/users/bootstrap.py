"""The first administrator of a database that has none."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote

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
    :ivar example: a request that the user may try, as `first_user` has it.
    """

    email: str
    password: str | None
    api_key: str | None
    kept: Path | None = None
    example: str = ""

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
                *self._tried(key, bind, made if self.password or self.api_key else ""),
            ]
        )

    def _tried(self, key: str, bind: str, made: str) -> Iterator[str]:
        if self.example:
            yield f"{made} Try it:".strip()
            yield f"  curl {_placed(self.example, key, bind)}"
        elif made:
            yield made

    def _shown(self, made: str | None, name: str) -> str:
        if made is None:
            return f"(as GATEWAY_BOOTSTRAP_{name} says)"
        return f"{self.kept} ({name}=)" if self.kept else made


def _placed(example: str, key: str, bind: str) -> str:
    """An example with the key and an address as curl takes it. A gateway that listens on every address does so on this machine's own."""
    option, at = "", "http://localhost"
    if bind.startswith("unix:"):
        option = f"--unix-socket {quote(bind.removeprefix('unix:'))} "
    else:
        host, _, port = bind.rpartition(":")
        at = f"http://{_OWN.get(host, host)}:{port}"
    return example.replace("{key}", key).replace("'{at}", f"{option}'{at}")


def first_user(
    administrator: Administrator,
    settings: Settings,
    kept: Path | None = None,
    roles: Sequence[str] = (),
    example: str = "",
) -> FirstUser | None:
    """Add an administrator where no enabled user is one, as the settings say or with secrets that are made; None where there is one.

    :param administrator: adds the user.
    :param roles: the user's roles beside the administrator's.
    :param example: a request that the user may try: arguments of curl, with ``{key}`` for the key and ``'{at}`` where a quoted
        address begins.
    :param kept: a file that is written with the made secrets, in mode 600, in place of showing them.
    :raises NoAdministrator: when a user of that e-mail address exists already, or `kept` can't be written.
    """
    database, role = administrator.database, administrator.administrator
    if _has_administrator(database, role):
        return None
    email = settings.bootstrap_email
    if _exists(database, email):
        if _has_administrator(database, role):
            # Another node of the same installation has made it since.
            return None
        raise NoAdministrator(
            f"No user is an administrator. '{email}' exists: run 'gateway user roles {email} --role {role}'."
        )
    made = FirstUser(
        email,
        None if settings.bootstrap_password else secrets.token_urlsafe(16),
        None if settings.bootstrap_api_key else keys.new_key(),
        kept,
        example,
    )
    if kept is not None and (made.password or made.api_key):
        _keep(kept, made)
    try:
        replace(administrator, by="first start").add_user(
            email,
            roles=(*roles, role),
            account_name=_ACCOUNT,
            password=made.password or settings.bootstrap_password,
            api_key=made.api_key or settings.bootstrap_api_key,
        )
    except AdministrationError as error:
        if kept is not None:
            kept.unlink(missing_ok=True)
        # Another node of the same installation may have started at the same time.
        if not _has_administrator(database, role):
            raise AdministrationError(
                f"the first administrator can't be added: {error}. "
                "Check GATEWAY_BOOTSTRAP_EMAIL, GATEWAY_BOOTSTRAP_PASSWORD and GATEWAY_BOOTSTRAP_API_KEY"
            ) from error
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


def _has_administrator(database: Database, role: str) -> bool:
    """Whether any enabled user is an administrator."""
    with unit_of_work(database, write=False) as unit:
        return user.anybody(unit, role)


def _exists(database: Database, email: str) -> bool:
    with unit_of_work(database, write=False) as unit:
        return user.by_email(unit, email) is not None
