"""``gateway user``: who may sign in."""

from __future__ import annotations

import click

from gateway.dtos.catalog import ROLES, USER
from gateway.settings import Settings
from models import Database


@click.group()
def user() -> None:
    """Who may sign in."""


def _database() -> Database:
    from gateway import wsgi

    return wsgi.open_database(Settings.from_environment())


@user.command()
@click.argument("email")
@click.option("--password", help="Without one the user signs in by API key only.")
@click.option(
    "--role", "roles", multiple=True, type=click.Choice(ROLES), help="May be given several times; User by default."
)
@click.option(
    "--account", "account_name", default="Main", show_default=True, help="Made where there is none of that name."
)
@click.option("--api-key", help="A key of at least 20 characters.")
def add(email: str, password: str | None, roles: tuple[str, ...], account_name: str, api_key: str | None) -> None:
    """Add a user."""
    from gateway.security import administration

    added = administration.add_user(
        _database(), email, roles=roles or (USER,), account_name=account_name, password=password, api_key=api_key
    )
    click.echo(f"added {added.email} ({added.user_id})")


@user.command("list")
def list_users() -> None:
    """Every user, with roles and keys."""
    from gateway.security import administration

    for line in administration.describe_users(_database()):
        click.echo(line)


@user.command()
@click.argument("email")
@click.option("--api-key", help="A key of at least 20 characters; without it one is made and shown once.")
def key(email: str, api_key: str | None) -> None:
    """Give a user an API key."""
    from gateway.security import administration

    made = administration.add_key(_database(), email, api_key)
    click.echo("added the key" if api_key else made)
