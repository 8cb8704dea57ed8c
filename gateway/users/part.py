"""Users as a part of a service: who signs in, by what, and the operations for it."""

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
    """Users with passwords and API keys, who sign in by cookie and token: ``service.use(Users())``.

    The operations Authenticate, GetAccessToken and ConvertSessionToToken come with it, ``gateway user``, and the tables. Roles are the
    service's own.

    :ivar default_roles: roles of a user that ``gateway user add`` adds without a role.
    :ivar first_roles: roles of the first user, beside that of the service's administrator.
    :ivar account_named: the id of the account of a name, made where there is none; None where users have no accounts.
    :ivar example: what the first user may try, as arguments of curl, see `gateway.users.bootstrap.first_user`.
    """

    default_roles: Sequence[str] = ()
    first_roles: Sequence[str] = ()
    account_named: AccountNamed | None = None
    example: str = ""

    #: Their tables.
    rows = user_rows.ROWS

    def install(self, service: Service) -> None:
        """Declare the operations, and sign the service's callers in. Raises CatalogError when somebody does that already."""
        service.sign_in(self.callers, Keys)
        # OPTIONS, the fourth verb of these routes, is answered for every route without calling an operation.
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
        """Who signs callers in, by the rows of a database."""
        return Authenticator(
            database,
            [settings.signing_secret(), settings.previous_secret],
            # Who waits for a hash keeps a thread but no processor; some threads are always left to requests of other kinds.
            in_line=max(1, settings.threads * 3 // 4),
            lifetimes=Lifetimes(settings.token_lifetime, settings.refresh_lifetime),
            limits=Limits(
                settings.login_attempts, settings.login_address_attempts, settings.login_window, settings.login_exempt
            ),
        )

    def administrator(self, service: Service, database: Database) -> Administrator:
        """Who changes the users of a service in a database, now."""
        catalog = service.catalog
        return Administrator(database, time.time(), tuple(catalog.roles), catalog.administrator, self.account_named)

    def first_user(
        self, service: Service, database: Database, settings: Settings, kept: Path | None = None
    ) -> bootstrap.FirstUser | None:
        """Add an administrator where there is none (`gateway.users.bootstrap.first_user`). Raises NoAdministrator."""
        administrator = self.administrator(service, database)
        return bootstrap.first_user(administrator, settings, kept, self.first_roles, self.example)


def users_of(service: Service) -> Users | None:
    """The users of a service; None where it has none."""
    return next((each for each in service.parts if isinstance(each, Users)), None)
