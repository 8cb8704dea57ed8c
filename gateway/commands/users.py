"""``gateway user``: users, passwords, API keys and roles."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TextIO

import click

from gateway.audit import Event
from gateway.commands.chosen import load_service
from gateway.commands.databases import open_database
from gateway.commands.output import json_option, print_json, print_line
from gateway.errors import ConfigurationError
from gateway.sessions import retention
from gateway.terminal import counted
from gateway.users import administration
from gateway.users.administration import Administrator, UserFacts
from gateway.users.part import Users, find_users

_RULE = "At least 8 characters, and not easy to guess."
#: The value of the option if it is given without one.
_PROMPT = "-"
_ON_COMMAND_LINE = (
    "A password on the command line is visible to other users of this machine. "
    "Leave it out to be asked for it or to send it by standard input, or use --password-file."
)


class _Role(click.ParamType[str]):
    """One of the service's roles."""

    name = "role"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the role, or fail with click's error, which lists all roles."""
        names = tuple(load_service().catalog.roles)
        if value not in names:
            self.fail(f"there is no role {value!r}; there are {', '.join(names) or 'none'}", param, ctx)
        return value


def _read_password(value: str | None, file: TextIO | None) -> str | None:
    """Return the password of the options: from the file, typed twice on a terminal, from standard input, or the option's value."""
    if file is not None:
        return file.readline().rstrip("\r\n")
    if value != _PROMPT:
        if value is not None:
            click.echo(_ON_COMMAND_LINE, err=True)
        return value
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _add_password_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options for a password."""
    by_file = click.option(
        "--password-file", type=click.File(encoding="utf-8"), help="Read the password from the first line of this file."
    )
    by_prompt = click.option(
        "--password",
        is_flag=False,
        flag_value=_PROMPT,
        metavar="[-]",
        help=f"{_RULE} Prompted for on a terminal, else read from standard input.",
    )
    return by_prompt(by_file(command))


@click.group()
def user() -> None:
    """Manage users, their passwords, roles and API keys.

    \b
    Examples:
      gateway user add ann@example.org --role User --password
      gateway user key ann@example.org --days 90
      gateway user roles ann@example.org --role User --role Manager
    """


def _get_users() -> Users:
    service = load_service()
    users = find_users(service)
    if users is None:
        raise ConfigurationError(f"{service.title} has no users: it does not use Users()")
    return users


def _get_administrator() -> Administrator:
    return _get_users().administrator(load_service(), open_database(changes=True))


@user.command()
@click.argument("email")
@_add_password_options
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
    """Add a user. Without a password, the user signs in by API key only.

    \b
    Examples:
      gateway user add ann@example.org --role User --password
      gateway user add robot@example.org --role User --api-key KEY
    """
    new_password = _read_password(password, password_file)
    user_id = _get_administrator().add_user(
        email,
        roles=roles or tuple(_get_users().default_roles),
        account_name=account_name,
        password=new_password,
        api_key=api_key,
    )
    print_line(f"added {email} ({user_id})")


@user.command("list")
@json_option
def list_users(*, as_json: bool) -> None:
    """List users, with roles and the last four characters of keys."""
    _get_users()
    database = open_database(changes=False)
    if as_json:
        print_json([_to_json(facts) for facts in administration.list_users(database)])
        return
    for line in administration.describe_users(database):
        print_line(line)


@user.command()
@click.argument("email")
@json_option
def show(email: str, *, as_json: bool) -> None:
    """Show one user: id, roles, accounts, keys and state."""
    _get_users()
    facts = administration.find_user(open_database(changes=False), email)
    if as_json:
        print_json(_to_json(facts))
        return
    keys = [f"{key.hint} until {key.expires}" if key.expires else key.hint for key in facts.keys]
    lines = {
        "e-mail": facts.email_address,
        "id": facts.id,
        "state": "disabled" if facts.disabled else "enabled",
        "roles": ", ".join(facts.roles) or "none",
        "accounts": ", ".join(facts.account_ids) or "none",
        "password": "set" if facts.has_password else "none",
        "API keys": ", ".join(keys) or "none",
        "created": facts.created,
    }
    for name, value in lines.items():
        print_line(f"{name:<9} {value}")


def _to_json(facts: UserFacts) -> dict[str, object]:
    return {
        "id": facts.id,
        "emailAddress": facts.email_address,
        "roles": facts.roles,
        "disabled": facts.disabled,
        "hasPassword": facts.has_password,
        "created": facts.created,
        "accountIds": facts.account_ids,
        "keys": [key._asdict() for key in facts.keys],
    }


@user.command()
@click.argument("email")
@click.option("--api-key", help="The key, of at least 20 characters; if omitted, a new key is printed once.")
@click.option("--days", type=click.IntRange(1, 36_500), help="Days until the key expires; omit for no expiry.")
@click.option("--revoke", metavar="END", help="Revoke the keys that end in these four characters; add no key.")
def key(email: str, api_key: str | None, days: int | None, revoke: str | None) -> None:
    """Add an API key, or revoke one."""
    administrator = _get_administrator()
    if revoke is not None:
        print_line(f"revoked: {administrator.revoke_keys(email, revoke)}")
        return
    new_key = administrator.add_key(email, api_key, days)
    print_line("added the key" if api_key else new_key)


@user.command()
@click.argument("email")
@click.option("--undo", is_flag=True, help="Enable the user again, as 'gateway user enable' does.")
def disable(email: str, *, undo: bool) -> None:
    """Disable a user: access tokens stop working within a minute, other credentials at once."""
    _set_disabled(email, disabled=not undo)


@user.command()
@click.argument("email")
def enable(email: str) -> None:
    """Enable a disabled user. The user signs in again; earlier log-ins stay invalid."""
    _set_disabled(email, disabled=False)


def _set_disabled(email: str, *, disabled: bool) -> None:
    _get_administrator().disable(email, disabled=disabled)
    print_line(f"{'disabled' if disabled else 'enabled'} {email}")


@user.command()
@click.argument("email")
@click.confirmation_option("--yes", prompt="Delete this user for good?", help="Do not ask for confirmation.")
def delete(email: str) -> None:
    """Delete a user with the API keys and log-ins. Sessions and messages of the user stay. 'disable' can be undone; this can't."""
    _get_administrator().delete(email)
    print_line(f"deleted {email}")


@user.command()
@click.argument("email")
@click.option("--dry-run", is_flag=True, help="Change nothing; print what would be erased.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def erase(email: str, *, dry_run: bool, yes: bool) -> None:
    """Delete a user, and take the user's address out of the sessions API's rows.

    Sessions stay, with 'erased' in place of the address: in members, names, addresses and logs. Messages of the address are deleted.
    Tables of other services, copies of the database and log files keep what they have.

    \b
    Examples:
      gateway user erase ann@example.org --dry-run
      gateway user erase ann@example.org --yes
    """
    administrator = _get_administrator()
    database, facts = administrator.database, administration.find_user(administrator.database, email)
    session_rows = retention.find_sessions(database, facts.id, facts.email_address) if _has_sessions() else []
    print_line(
        f"{counted(len(session_rows), 'session')} {'names' if len(session_rows) == 1 else 'name'} {facts.email_address}"
    )
    if dry_run:
        return
    if not yes:
        click.confirm("Erase this user for good?", abort=True)
    messages = retention.erase(database, session_rows, facts.id, facts.email_address) if _has_sessions() else 0
    administrator.delete(email)
    retention.record(Event.USER_ERASED, target=facts.id, sessions=len(session_rows), messages=messages)
    print_line(f"erased {email}: {counted(len(session_rows), 'session')}, {counted(messages, 'message')}")


@user.command("export")
@click.argument("email")
def export_user(email: str) -> None:
    """Print everything that is stored about a user, as JSON: the user, and the sessions and messages that name the user.

    \b
    Examples:
      gateway user export ann@example.org > ann.json
    """
    _get_users()
    database = open_database(changes=False)
    facts = administration.find_user(database, email)
    document: dict[str, object] = {"user": _to_json(facts)}
    if _has_sessions():
        session_rows = retention.find_sessions(database, facts.id, facts.email_address)
        document |= retention.export(database, session_rows, facts.email_address)
    retention.record(Event.USER_EXPORTED, target=facts.id)
    print_json(document)


def _has_sessions() -> bool:
    return any(rows.owner == "sessions" for rows in load_service().rows)


@user.command()
@click.argument("email")
@_add_password_options
def password(email: str, password: str | None, password_file: TextIO | None) -> None:
    """Change a password and sign the user out; API keys stay valid."""
    new_password = _read_password(password or _PROMPT, password_file)
    _get_administrator().set_password(email, new_password or "")
    print_line(f"changed the password of {email}")


@user.command()
@click.argument("email")
@click.option("--role", "roles", multiple=True, type=_Role(), help="A role that the user gets; may be repeated.")
@click.option("--none", "clear", is_flag=True, help="Remove all roles.")
def roles(email: str, roles: tuple[str, ...], *, clear: bool) -> None:
    """Show a user's roles, or replace them with those of --role.

    \b
    Examples:
      gateway user roles ann@example.org
      gateway user roles ann@example.org --role User --role Manager
      gateway user roles ann@example.org --none
    """
    if roles and clear:
        raise click.UsageError("--role and --none exclude each other.")
    if not roles and not clear:
        _get_users()
        roles = tuple(administration.find_user(open_database(changes=False), email).roles)
        print_line(_describe_roles(email, roles))
        return
    voided = _get_administrator().set_roles(email, roles)
    print_line(_describe_roles(email, roles))
    if voided:
        print_line(
            "The password is no longer valid: a user with fewer rights set it. Set a new one: gateway user password"
        )


def _describe_roles(email: str, roles: tuple[str, ...]) -> str:
    return f"{email} has the roles {', '.join(roles)}" if roles else f"{email} has no roles"
