"""Users as a part of a service: their tables, log-in, and the operations for log-in."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.contract.catalog import ANYONE, SIGNED_IN
from gateway.service import Service
from gateway.settings import Settings
from gateway.users import authentication, bootstrap
from gateway.users.administration import AccountNamed, Administrator
from gateway.users.authenticator import Authenticator
from gateway.users.dtos import (
    Authenticate,
    AuthenticateResponse,
    ConvertSessionToToken,
    ConvertSessionToTokenResponse,
    GetAccessToken,
    GetAccessTokenResponse,
)
from gateway.users.idempotency import Keys
from gateway.users.lockout import Limits
from gateway.users.tokens import Lifetimes
from models import Database
from models import users as user_rows

_TAGS = ("authentication",)


@dataclass(frozen=True, slots=True)
class Users:
    """A part with users, passwords and API keys, and log-in by cookie or token: ``service.use(Users())``.

    It adds the operations Authenticate, GetAccessToken and ConvertSessionToToken, tables, and ``gateway user``. The service
    declares the roles.

    :ivar default_roles: roles of users that ``gateway user add`` creates without ``--role``.
    :ivar first_roles: roles of the first user, in addition to the service's administrator role.
    :ivar account_named: a function that returns the id of an account by name, and adds a missing one; None if users have no accounts.
    :ivar example: a request for the first user to try, as arguments of curl (`gateway.users.bootstrap.add_first_user`).
    """

    default_roles: Sequence[str] = ()
    first_roles: Sequence[str] = ()
    account_named: AccountNamed | None = None
    example: str = ""

    #: The tables.
    rows = user_rows.ROWS

    def install(self, service: Service) -> None:
        """Declare the operations, and sign callers in. Raises CatalogError when the service signs callers in already."""
        service.sign_in(self.callers, Keys)
        # OPTIONS, the fourth verb of these routes, works for every route without an operation.
        service.operation(
            "GET POST DELETE",
            "/auth",
            also=[("GET POST DELETE", "/auth/{provider}")],
            returns=AuthenticateResponse,
            access=ANYONE,
            tags=_TAGS,
            signs_in=True,
        )(Authenticate)
        service.operation(
            "POST", "/access-token", returns=GetAccessTokenResponse, access=ANYONE, tags=_TAGS, signs_in=True
        )(GetAccessToken)
        service.operation(
            "GET POST",
            "/session-to-token",
            returns=ConvertSessionToTokenResponse,
            access=SIGNED_IN,
            tags=_TAGS,
            signs_in=True,
        )(ConvertSessionToToken)
        service.handles(Authenticate)(authentication.authenticate)
        service.handles(GetAccessToken)(authentication.refresh)
        service.handles(ConvertSessionToToken)(authentication.convert)

    def callers(self, settings: Settings, database: Database) -> Authenticator:
        """Return the object that authenticates callers with the users of a database."""
        return Authenticator(
            database,
            [settings.read_signing_secret(), settings.previous_secret],
            # A request that waits for a hash occupies a thread but no processor; other requests always have some threads.
            in_line=max(1, settings.threads * 3 // 4),
            lifetimes=Lifetimes(settings.token_lifetime, settings.refresh_lifetime),
            limits=Limits(
                settings.login_attempts, settings.login_address_attempts, settings.login_window, settings.login_exempt
            ),
        )

    def administrator(self, service: Service, database: Database) -> Administrator:
        """Return an administrator of the service's users in a database, with the current time."""
        catalog = service.catalog
        return Administrator(database, time.time(), tuple(catalog.roles), catalog.administrator, self.account_named)

    def first_user(
        self, service: Service, database: Database, settings: Settings, secrets_file: Path | None = None
    ) -> bootstrap.FirstUser | None:
        """Add an administrator if there is none (`gateway.users.bootstrap.add_first_user`). Raises NoAdministrator."""
        administrator = self.administrator(service, database)
        return bootstrap.add_first_user(administrator, settings, secrets_file, self.first_roles, self.example)


def find_users(service: Service) -> Users | None:
    """Return the users part of a service; None if it has none."""
    return next((part for part in service.parts if isinstance(part, Users)), None)
