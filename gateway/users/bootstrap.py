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
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - shown, not listened on


class NoAdministrator(Exception):
    """There is no administrator, and none can be added. The message says what to do."""


@dataclass(frozen=True, slots=True)
class FirstUser:
    """The first administrator.

    :ivar password: a generated password, shown once; None if the settings have the password.
    :ivar api_key: a generated API key, likewise.
    :ivar secrets_file: the file with the generated secrets; None if they are shown.
    :ivar example: a request to try (`add_first_user`).
    """

    email: str
    password: str | None
    api_key: str | None
    secrets_file: Path | None = None
    example: str = ""

    def format_announcement(self, bind: str) -> str:
        """Return the text for the operator, which is shown once.

        :param bind: the address that the gateway listens on.
        """
        note = "Delete that file when you have the secrets." if self.secrets_file else "The secrets are shown only now."
        key = "$GATEWAY_BOOTSTRAP_API_KEY"
        if self.api_key:
            key = f"$(sed -n 's/^API_KEY=//p' {quote(str(self.secrets_file))})" if self.secrets_file else self.api_key
        return "\n".join(
            [
                "The database had no administrator. The first one is:",
                f"  e-mail    {self.email}",
                f"  password  {self._format_secret(self.password, 'PASSWORD')}",
                f"  API key   {self._format_secret(self.api_key, 'API_KEY')}",
                *self._format_example(key, bind, note if self.password or self.api_key else ""),
            ]
        )

    def _format_example(self, key: str, bind: str, note: str) -> Iterator[str]:
        if self.example:
            yield f"{note} Try it:".strip()
            yield f"  curl {_fill_example(self.example, key, bind)}"
        elif note:
            yield note

    def _format_secret(self, secret: str | None, name: str) -> str:
        if secret is None:
            return f"(as GATEWAY_BOOTSTRAP_{name} says)"
        return f"{self.secrets_file} ({name}=)" if self.secrets_file else secret


def _fill_example(example: str, key: str, bind: str) -> str:
    """Return an example with the key and with an address for curl: a loopback address if the gateway listens on all addresses."""
    option, at = "", "http://localhost"
    if bind.startswith("unix:"):
        option = f"--unix-socket {quote(bind.removeprefix('unix:'))} "
    else:
        host, _, port = bind.rpartition(":")
        at = f"http://{_LOOPBACK.get(host, host)}:{port}"
    return example.replace("{key}", key).replace("'{at}", f"{option}'{at}")


def add_first_user(
    administrator: Administrator,
    settings: Settings,
    secrets_file: Path | None = None,
    roles: Sequence[str] = (),
    example: str = "",
) -> FirstUser | None:
    """Add an administrator unless an enabled user is one; then return None. The secrets are those of the settings, or generated.

    :param administrator: adds the user.
    :param roles: the user's roles, in addition to the administrator's.
    :param example: a request to try: arguments of curl, with ``{key}`` for the key and ``'{at}`` for the beginning of a quoted address.
    :param secrets_file: a file that gets the generated secrets, with mode 600; None to show them.
    :raises NoAdministrator: when the e-mail address belongs to a user who is not an administrator, or `secrets_file` can't be written.
    """
    database, role = administrator.database, administrator.administrator
    if _has_administrator(database, role):
        return None
    email = settings.bootstrap_email
    if _exists(database, email):
        if _has_administrator(database, role):
            # Another node of the same installation has added the user since.
            return None
        raise NoAdministrator(
            f"No user is an administrator. '{email}' exists: run 'gateway user roles {email} --role {role}'."
        )
    first = FirstUser(
        email,
        None if settings.bootstrap_password else secrets.token_urlsafe(16),
        None if settings.bootstrap_api_key else keys.new_key(),
        secrets_file,
        example,
    )
    if secrets_file is not None and (first.password or first.api_key):
        _write_secrets(secrets_file, first)
    try:
        replace(administrator, by="first start").add_user(
            email,
            roles=(*roles, role),
            account_name=_ACCOUNT,
            password=first.password or settings.bootstrap_password,
            api_key=first.api_key or settings.bootstrap_api_key,
        )
    except AdministrationError as error:
        if secrets_file is not None:
            secrets_file.unlink(missing_ok=True)
        # Another node of the same installation may have started at the same time.
        if not _has_administrator(database, role):
            raise AdministrationError(
                f"the first administrator can't be added: {error}. "
                "Check GATEWAY_BOOTSTRAP_EMAIL, GATEWAY_BOOTSTRAP_PASSWORD and GATEWAY_BOOTSTRAP_API_KEY"
            ) from error
        return None
    return first


def _write_secrets(path: Path, first: FirstUser) -> None:
    lines = [f"EMAIL={first.email}"]
    lines += [f"PASSWORD={first.password}"] if first.password else []
    lines += [f"API_KEY={first.api_key}"] if first.api_key else []
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
    """Return whether any enabled user is an administrator."""
    with unit_of_work(database, write=False) as unit:
        return user.has_any(unit, role)


def _exists(database: Database, email: str) -> bool:
    with unit_of_work(database, write=False) as unit:
        return user.find_by_email(unit, email) is not None
