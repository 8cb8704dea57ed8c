"""What a use case gets beside the request and what it gives back, and by which protocols requests reach callers and transactions.

A handler is ``handler(request, context) -> result``. The result's attributes are the fields of the answer's DTO by attribute name (a row
of `models`, or ``SomeInfo.new(...)``); None is no answer. A handler of a list that was asked for with ``all=true`` gives back a `Streamed`
instead: what can be refused was refused by then, and nothing was read yet. Whoever sends it opens a unit of work of its own and keeps it
open until the last item is sent or the client has left:

    with transactions.unit(write=False) as unit:
        answer = result.open(unit)      # answer.items is an iterator, to be consumed once and in time
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from typing import Any, NamedTuple, Protocol

from gateway import audit
from gateway.contract.catalog import Access, Catalog, Operation
from gateway.contract.dto import Dto, Instance
from gateway.errors import NotAuthenticated, PermissionMissing, RoleMissing
from models import Unit


def instant(moment: datetime) -> str:
    """A point in time as the API writes it: ISO 8601, UTC, always six digits and ``Z``."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def now() -> str:
    """`instant` of this moment."""
    return datetime.now(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def version_name(row: Any) -> str:
    """What a version of a stored row is known by outside: a client that says it has seen that very one."""
    return f"{row.id}-{row.version}"


class Method(Enum):
    """How a caller proved who it is."""

    PASSWORD = "password"  # noqa: S105 - the name of a method
    KEY = "key"
    TOKEN = "token"  # noqa: S105 - the name of a method
    COOKIE = "cookie"
    #: A login session, named by the X-ss-id header in place of a cookie.
    SESSION = "session"
    #: Whatever a service's own function looks at.
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in user, as far as requests need to know.

    :ivar account_ids: the user's accounts, the first one the user's own.
    :ivar session_id: the login session that the request showed; empty where it showed other credentials.
    :ivar renewed: that session outlasts the browser and lasts anew, so its cookies should too.
    :ivar permissions: what the caller may do beside what its roles allow.
    """

    user_id: str
    email: str
    display_name: str
    roles: frozenset[str]
    account_ids: tuple[str, ...]
    method: Method
    session_id: str = field(default="", repr=False)
    renewed: bool = False
    permissions: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        user_id: str,
        *,
        roles: Iterable[str] = (),
        permissions: Iterable[str] = (),
        email: str = "",
        display_name: str = "",
    ) -> Principal:
        """A caller that a service's own function knows.

        :param roles: names of roles that the service declares.
        """
        name = display_name or user_id
        return cls(user_id, email, name, frozenset(roles), (), Method.OTHER, permissions=frozenset(permissions))


def authorize(principal: Principal | None, access: Access) -> None:
    """Let the caller pass.

    :raises NotAuthenticated: when nobody is signed in, or without the API key that is demanded.
    :raises RoleMissing: when the caller lacks a role.
    :raises PermissionMissing: when the caller lacks a permission.
    """
    if not access.signed_in:
        return
    if principal is None:
        raise NotAuthenticated
    if access.api_key and principal.method is not Method.KEY:
        raise NotAuthenticated("This operation needs an API key.")
    if access.administrator in principal.roles:
        return
    if not principal.roles.issuperset(access.all_of) or (access.any_of and principal.roles.isdisjoint(access.any_of)):
        raise RoleMissing
    held = principal.permissions
    if not held.issuperset(access.permissions) or (access.any_permission and held.isdisjoint(access.any_permission)):
        raise PermissionMissing


class Credentials(NamedTuple):
    """What a request shows of its sender, as sent. Its text never shows secrets.

    :ivar authorization: the Authorization header.
    :ivar api_key: the X-Api-Key header.
    :ivar session_id: the X-ss-id header.
    :ivar cookie: the Cookie header.
    :ivar address: where the request comes from.
    """

    authorization: str | None = None
    api_key: str | None = None
    session_id: str | None = None
    cookie: str = ""
    address: str = ""

    @property
    def cookies(self) -> Mapping[str, str]:
        """The cookies, of several with one name the first."""
        found: dict[str, str] = {}
        for name, value in cookies(self.cookie):
            found.setdefault(name, value)
        return found

    @property
    def bearer(self) -> str:
        """What the Authorization header bears; empty where it has another scheme."""
        scheme, _, value = (self.authorization or "").strip().partition(" ")
        return value.strip() if scheme.lower() == "bearer" else ""

    def __repr__(self) -> str:
        return f"Credentials(address={self.address!r})"


#: What a request without credentials shows.
NONE = Credentials()


def cookies(line: str) -> Iterator[tuple[str, str]]:
    """Names and values of a Cookie header; what is no cookie is passed over, as clients that split Set-Cookie at commas send it."""
    for part in line.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            yield name.strip(), value.strip().strip('"')


class Cookie(NamedTuple):
    """A cookie for the client.

    :ivar seconds: how long it is good; None until the browser ends, 0 for one that the client should forget.
    """

    name: str
    value: str
    seconds: int | None = None


class Callers(Protocol):
    """Who knows the senders of requests."""

    def authenticate(self, credentials: Credentials) -> Principal | None:
        """The sender; None where there are no credentials, or only such as may be passed over.

        Raises NotAuthenticated where they are wrong, Forbidden where they are no longer good, and TooManyRequests.
        """
        ...

    def renewal(self, caller: Principal) -> Sequence[Cookie]:
        """The cookies that last anew because a caller was here."""
        ...


class Once(Protocol):
    """Who remembers calls that are done once (Idempotency-Key)."""

    def call(self, catalog: Catalog, operation: Operation, values: Mapping[str, Any], context: Context) -> Any:
        """The result of a call, or of the first one under its key. Raises what the call raises, ValidationFailed, Conflict,
        IdempotencyKeyReused and NotFound."""
        ...

    def release(self, operation: Operation, context: Context) -> None:
        """Forget a call that failed after a part of its unit of work was committed."""
        ...


@dataclass(slots=True)
class Context:
    """The surroundings of one call.

    :ivar unit: the open unit of work; it is committed when the answer is ready, and rolled back when anything fails.
    :ivar caller: who calls, where somebody is signed in.
    :ivar now: when the call began, as the API writes instants.
    :ivar expected: the versions that the client may have seen (If-Match), each as `version_name`; None is any.
    :ivar idempotency_key: the client's name for this call, where it has one (Idempotency-Key).
    :ivar verb: how the operation was called.
    :ivar callers: who knows the senders of requests.
    :ivar credentials: what the request showed of its sender.
    :ivar cookies: cookies for the client.
    :ivar recorded: lines for the audit log, each a call that writes it; they are written when the call is committed.
    """

    unit: Unit
    caller: Principal | None
    now: str
    expected: frozenset[str] | None = None
    idempotency_key: str | None = None
    verb: str = "POST"
    callers: Callers | None = None
    credentials: Credentials = NONE
    cookies: list[Cookie] = field(default_factory=list)
    recorded: list[Callable[..., None]] = field(default_factory=list)

    def record(self, event: audit.Event, target: str, **facts: object) -> None:
        """Note a line for the audit log.

        :param target: the id of what the caller changed.
        :param facts: what else is worth knowing. Never a secret.
        """
        self.recorded.append(partial(audit.record, event, target=target, user=self.principal.user_id, **facts))

    def write_records(self, **facts: object) -> None:
        """Write the lines that were noted, each with these facts too."""
        for write in self.recorded:
            write(**facts)

    @property
    def principal(self) -> Principal:
        """The signed-in caller. Raises NotAuthenticated where nobody is."""
        if self.caller is None:
            raise NotAuthenticated
        return self.caller


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer whose rows are read while they are sent.

    :ivar returns: the answer's DTO; `Dto.rows` names the attribute that the rows go to.
    :ivar read: the rows, in order, from an open unit of work.
    :ivar total_count: how many rows there are, by what was stored when the list was asked for; 0 where nobody wants to know, None where
        the answer has no totals.
    """

    returns: type[Dto]
    read: Callable[[Unit], Iterator[Any]]
    total_count: int | None = None

    @property
    def total_pages(self) -> int | None:
        """Everything is one page."""
        return None if self.total_count is None else min(self.total_count, 1)

    def open(self, unit: Unit) -> Instance:
        """The answer with an iterator for its rows."""
        assert self.returns.rows is not None
        totals: dict[str, Any] = {}
        if self.total_count is not None:
            totals = {"total_count": self.total_count, "total_pages": self.total_pages, "has_more_pages": False}
        return self.returns.new(**{self.returns.rows: self.read(unit)}, **totals)
