"""``gateway user``: who may sign in, and how."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TextIO

import click

from gateway.commands.chosen import chosen_service
from gateway.errors import ConfigurationError
from gateway.settings import Settings
from gateway.terminal import printable
from gateway.users import administration
from gateway.users.administration import Administrator
from gateway.users.part import Users, users_of
from models import Database

_RULE = "At least 8 characters, and not easy to guess."
#: The option's value where it has none.
_ASKED = "-"
_ON_COMMAND_LINE = (
    "A password on the command line is visible to other users of this machine. "
    "Leave it out to be asked for it or to send it by standard input, or use --password-file."
)


class _Role(click.ParamType[str]):
    """One of the service's roles."""

    name = "role"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the role, or fail with click's error that names them all."""
        names = tuple(chosen_service().catalog.roles)
        if value not in names:
            self.fail(f"there is no role {value!r}; there are {', '.join(names) or 'none'}", param, ctx)
        return value


def _password(value: str | None, file: TextIO | None) -> str | None:
    """The password of the options: of the file, typed twice on a terminal, the first line of standard input, or the option's own value."""
    if file is not None:
        return file.readline().rstrip("\r\n")
    if value != _ASKED:
        if value is not None:
            click.echo(_ON_COMMAND_LINE, err=True)
        return value
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _with_password(command: Callable[..., None]) -> Callable[..., None]:
    """The options that tell a password."""
    by_file = click.option(
        "--password-file", type=click.File(encoding="utf-8"), help="Read the password from the first line of this file."
    )
    asked = click.option(
        "--password",
        is_flag=False,
        flag_value=_ASKED,
        metavar="[-]",
        help=f"{_RULE} Prompted for on a terminal, else read from standard input.",
    )
    return asked(by_file(command))


@click.group()
def user() -> None:
    """Manage users, their passwords, roles and API keys."""


def _database() -> Database:
    from gateway import logs, wsgi

    settings = Settings.from_environment()
    logs.configure(settings.log)
    return wsgi.open_database(settings)


def _echo(text: str) -> None:
    click.echo(printable(text))


def _users() -> Users:
    service = chosen_service()
    users = users_of(service)
    if users is None:
        raise ConfigurationError(f"{service.title} keeps no users: it does not use Users()")
    return users


def _administrator() -> Administrator:
    return _users().administrator(chosen_service(), _database())


@user.command()
@click.argument("email")
@_with_password
@click.option("--role", "roles", multiple=True, type=_Role(), help="May be repeated.  [default: the service's]")
@click.option(
    "--account",
    "account_name",
    default="Main",
    show_default=True,
    help="The user's account; created if no account has this name.",
)
@click.option("--api-key", help="Also add this API key, of at least 20 characters.")
def add(
    email: str,
    password: str | None,
    password_file: TextIO | None,
    roles: tuple[str, ...],
    account_name: str,
    api_key: str | None,
) -> None:
    """Add a user. Without a password, the user signs in by API key only."""
    given = _password(password, password_file)
    added = _administrator().add_user(
        email, roles=roles or tuple(_users().default_roles), account_name=account_name, password=given, api_key=api_key
    )
    _echo(f"added {email} ({added})")


@user.command("list")
def list_users() -> None:
    """List users, with roles and the last four characters of keys."""
    _users()
    for line in administration.describe_users(_database()):
        _echo(line)


@user.command()
@click.argument("email")
@click.option("--api-key", help="The key, of at least 20 characters; if omitted, a new key is printed once.")
@click.option("--days", type=click.IntRange(1, 36_500), help="Days until the key expires; omit for no expiry.")
@click.option("--revoke", metavar="END", help="Revoke the keys that end in these four characters; add no key.")
def key(email: str, api_key: str | None, days: int | None, revoke: str | None) -> None:
    """Add an API key, or revoke one."""
    administrator = _administrator()
    if revoke is not None:
        _echo(f"revoked: {administrator.revoke_keys(email, revoke)}")
        return
    made = administrator.add_key(email, api_key, days)
    _echo("added the key" if api_key else made)


@user.command()
@click.argument("email")
@click.option("--undo", is_flag=True, help="Enable the user again.")
def disable(email: str, *, undo: bool) -> None:
    """Disable a user: access tokens stop working within a minute, other credentials at once."""
    _administrator().disable(email, disabled=not undo)
    _echo(f"{'enabled' if undo else 'disabled'} {email}")


@user.command()
@click.argument("email")
@_with_password
def password(email: str, password: str | None, password_file: TextIO | None) -> None:
    """Change a password and sign the user out; API keys stay valid."""
    given = _password(password or _ASKED, password_file)
    _administrator().set_password(email, given or "")
    _echo(f"changed the password of {email}")


@user.command()
@click.argument("email")
@click.option("--role", "roles", multiple=True, type=_Role(), help="May be repeated.")
def roles(email: str, roles: tuple[str, ...]) -> None:
    """Replace a user's roles. Without --role, the user has no roles."""
    voided = _administrator().set_roles(email, roles)
    _echo(f"{email} has the roles {', '.join(roles)}" if roles else f"{email} has no roles")
    if voided:
        _echo("The password is no longer valid: a user with fewer rights set it. Set a new one: gateway user password")
