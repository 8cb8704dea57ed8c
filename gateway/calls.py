"""The call of a handler: its context, its results, and the protocols of callers, events and old hosts.

A handler is ``handler(request, context) -> result``. The result has the fields of the response's DTO as attributes: it is a row of
`models`, or ``SomeInfo.new(...)``. None is a response without content.

For a list with ``all=true`` a handler returns a `Streamed`: the request is checked, but no row is read. The sender opens another unit of
work, and closes it after the last row, or when the client leaves:

    with transactions.unit(write=False) as unit:
        response = result.open(unit)    # response.items is an iterator, to be read once, before the unit ends
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from socket import socket
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NamedTuple, Protocol, runtime_checkable

from gateway import audit, replies
from gateway.contract.catalog import Access, Catalog, Operation
from gateway.contract.dto import Dto, Instance
from gateway.errors import NotAuthenticated, PermissionMissing, RoleMissing
from gateway.replies import Content, Headers, Reply
from gateway.tracing import Tracer
from models import Unit

if TYPE_CHECKING:
    from serializers.registry import Registry


def instant(moment: datetime) -> str:
    """Return a point in time as the API writes it: ISO 8601 in UTC, with six digits and ``Z``."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def format_version(row: Any) -> str:
    """Return the ETag of a row's version, without quotes."""
    return f"{row.id}-{row.version}"


class Method(Enum):
    """The kind of credentials that signed the caller in."""

    PASSWORD = "password"  # noqa: S105 - the name of a method
    KEY = "key"
    TOKEN = "token"  # noqa: S105 - the name of a method
    COOKIE = "cookie"
    #: A login session, named by the X-ss-id header in place of a cookie.
    SESSION = "session"
    #: Other credentials, which a service's own function reads.
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in caller.

    :ivar account_ids: the ids of the user's accounts, the main account first.
    :ivar session_id: the login session of the request; empty for other credentials.
    :ivar renewed: the login session is permanent and was extended, so its cookies are sent again.
    :ivar permissions: the caller's permissions, in addition to its roles.
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
        """Return a caller, for the function that ``authenticate=`` names.

        :param roles: names of roles that the service declares.
        """
        name = display_name or user_id
        return cls(user_id, email, name, frozenset(roles), (), Method.OTHER, permissions=frozenset(permissions))


def authorize(principal: Principal | None, access: Access) -> None:
    """Check that a caller may call an operation.

    :raises NotAuthenticated: when the caller is not signed in, or lacks the API key that the rule demands.
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
    permissions = principal.permissions
    if not permissions.issuperset(access.permissions) or (
        access.any_permission and permissions.isdisjoint(access.any_permission)
    ):
        raise PermissionMissing


class Credentials(NamedTuple):
    """The credentials of a request, as sent. Their ``repr`` has no secrets.

    :ivar authorization: the Authorization header.
    :ivar api_key: the X-Api-Key header.
    :ivar session_id: the X-ss-id header.
    :ivar cookie: the Cookie header.
    :ivar address: the address of the client.
    """

    authorization: str | None = None
    api_key: str | None = None
    session_id: str | None = None
    cookie: str = ""
    address: str = ""

    @property
    def cookies(self) -> Mapping[str, str]:
        """Return the cookies by name; the first of several with the same name."""
        by_name: dict[str, str] = {}
        for name, value in parse_cookies(self.cookie):
            by_name.setdefault(name, value)
        return by_name

    @property
    def bearer(self) -> str:
        """Return the token or key of ``Authorization: Bearer``; empty for other schemes."""
        scheme, _, value = (self.authorization or "").strip().partition(" ")
        return value.strip() if scheme.lower() == "bearer" else ""

    def __repr__(self) -> str:
        return f"Credentials(address={self.address!r})"


#: The credentials of a request that has none.
NONE = Credentials()


def parse_cookies(line: str) -> Iterator[tuple[str, str]]:
    """Yield the names and values of a Cookie header. Parts that are not cookies are skipped; clients that split Set-Cookie send them."""
    for part in line.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            yield name.strip(), value.strip().strip('"')


class Cookie(NamedTuple):
    """A cookie for the client.

    :ivar seconds: lifetime; None until the browser closes, 0 to delete the cookie.
    :ivar path: the path under which the client sends it; empty for all paths of the service.
    :ivar http_only: whether it is hidden from scripts of pages.
    :ivar same_site: whether browsers send it with requests from pages of other sites; ``None`` needs https.
    """

    name: str
    value: str
    seconds: int | None = None
    path: str = ""
    http_only: bool = True
    same_site: Literal["Lax", "Strict", "None"] = "Lax"


class Callers(Protocol):
    """Authenticates the callers of requests."""

    def authenticate(self, credentials: Credentials) -> Principal | None:
        """Return the caller; None without credentials, or with expired cookies only.

        Raises NotAuthenticated for wrong credentials, Forbidden for expired or revoked ones, and TooManyRequests.
        """
        ...

    def renewal(self, caller: Principal) -> Sequence[Cookie]:
        """Return the cookies to send again because the caller's login session was extended."""
        ...


@runtime_checkable
class Remembering(Protocol):
    """Callers whose credentials are cached for a while."""

    def recheck(self, credentials: Credentials) -> Principal | None:
        """Authenticate without the cache: return the caller as currently stored (`Callers.authenticate`)."""
        ...


class Publisher(Protocol):
    """Publishes the events of a handler.

    :ivar wanted: whether there are subscribers, or were until recently; otherwise events are not stored.
    """

    @property
    def wanted(self) -> bool: ...

    def publish(
        self,
        selector: str,
        body: Any = None,
        *,
        channel: str | Iterable[str] | None = None,
        user: str | Iterable[str] | None = None,
        dto: type[Dto] | None = None,
    ) -> None:
        """Send an event to subscribers when the operation is committed. A rollback discards it.

        :param selector: a name with a dot, such as ``session.created``.
        :param body: the content: an instance of a DTO, a text, number, list or dict; None for no content.
        :param channel: one channel or several, whose subscribers get the event.
        :param user: one user or several, by id or e-mail address, whose subscribers get the event too. Without a channel and a user all
            subscribers get it.
        :param dto: the DTO of a body that is not an instance of a DTO, such as a row.
        :raises ValueError: when the selector has no dot, or the selector or a channel has characters that clients can't read.
        :raises TypeError: when the body can't be written.
        """
        ...


class _Silent:
    """Publishes nothing: the service has no events."""

    wanted = False

    def publish(self, selector: str, body: Any = None, **_more: Any) -> None:
        """Do nothing."""


SILENT = _Silent()


class Blocks(Protocol):
    """The bytes of a response as they come."""

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None:
        """End the response, whether its blocks have begun or not."""
        ...


class Subscription(Protocol):
    """A subscriber whose connection has not been handed over yet. The server calls one of its methods, once."""

    def take(self, connection: socket) -> None:
        """Send events on a connection from now on, and close it at the end. The head of the response has been sent."""
        ...

    def blocks(self) -> Blocks:
        """Return the events as blocks of bytes, for servers that keep their connections: a thread waits in it while the client listens."""
        ...

    def abandon(self) -> None:
        """Forget the subscriber: the client has left."""
        ...


class Subscribers(Protocol):
    """Sends events to subscribers.

    :ivar access: the access rule of subscriptions.
    """

    @property
    def access(self) -> Access: ...

    @property
    def holds_connections(self) -> bool:
        """Return whether this process has subscribers."""
        ...

    def numbers(self) -> Mapping[str, float]:
        """Return the counters of events in this process, by name."""
        ...

    def publisher(self, unit: Unit) -> Publisher:
        """Return what publishes events with a unit of work."""
        ...

    def committed(self) -> None:
        """Note that a unit of work with events was committed."""
        ...

    def subscribe(
        self, caller: Principal | None, credentials: Credentials, channels: Sequence[str], last_id: int | None, url: str
    ) -> Subscription:
        """Add a subscriber, and return its subscription.

        :param last_id: the id of the last event that the client has; None for new events only.
        :param url: the URL of the service as the client sees it.
        :raises MalformedRequest: when a name is not one of a channel.
        :raises TooManyRequests: when the caller has the maximum of subscribers.
        :raises Unavailable: when the process has the maximum of subscribers.
        """
        ...

    def heartbeat(self, subscription_id: str) -> None:
        """Note that the subscriber's client is connected. Raises NotFound."""
        ...

    def unsubscribe(self, subscription_id: str) -> Mapping[str, Any]:
        """End a subscription, and return its data. Raises NotFound."""
        ...

    def stop(self) -> None:
        """End all subscriptions, and refuse new ones."""
        ...


class Once(Protocol):
    """Remembers calls with an Idempotency-Key, so that each is done once."""

    def call(self, catalog: Catalog, operation: Operation, values: Mapping[str, Any], context: Context) -> Any:
        """Return the result of a call, or of the first call under its key. Raises what the call raises, ValidationFailed, Conflict,
        IdempotencyKeyReused and NotFound."""
        ...

    def release(self, operation: Operation, context: Context) -> None:
        """Forget a call that failed after a part of its unit of work was committed."""
        ...


class Way(Enum):
    """What handles a request: a handler here, or an old host, raw or by the contract (`gateway.upstream`)."""

    HERE = "here"
    RAW = "raw"
    TYPED = "typed"


class Arrival(NamedTuple):
    """How a request came to the front of an old host.

    :ivar request_id: the request's id.
    :ivar peer: the address of the peer of the connection.
    :ivar forwarded_for: X-Forwarded-For as it came from a trusted proxy; empty from another peer.
    :ivar prefix: the path under which the client reaches the service, without a slash at its end.
    """

    request_id: str
    peer: str = ""
    forwarded_for: str = ""
    prefix: str = ""


class Standing(NamedTuple):
    """What handles an operation.

    :ivar state: ``old``, ``shadow``, ``percent N`` or ``new``.
    :ivar answered_by: the same in words, for people.
    """

    operation: str
    state: str
    answered_by: str


class Forwarded(Protocol):
    """A request that is forwarded by the contract.

    :ivar passed: headers of the old host's response for the caller.
    """

    passed: list[tuple[str, str]]


class Witness(Protocol):
    """Copies a request and its response while they are forwarded."""

    def start(self, start_response: Callable[..., Any]) -> Callable[..., Any]:
        """Return a start_response that copies the head."""
        ...

    def blocks(self, blocks: Iterable[bytes]) -> Iterable[bytes]:
        """Return a response's body that is copied while it is sent."""
        ...


class Front(Protocol):
    """A front of an old host: it forwards requests that have no handler here.

    :ivar everything: paths that no operation has are forwarded too.
    :ivar pages: the pages about the service are those of the front, not of the old host.
    """

    @property
    def everything(self) -> bool:
        """Return whether paths that no operation has are forwarded."""
        ...

    @property
    def pages(self) -> bool:
        """Return whether the front has its own pages."""
        ...

    def close(self) -> None:
        """Close the idle connections to the old host."""
        ...

    @property
    def connections(self) -> int:
        """The maximum number of requests that a process sends to the old host at once."""
        ...

    @property
    def patience(self) -> float:
        """Seconds that a request to the old host may take until its response begins."""
        ...

    @property
    def callers(self) -> Callers:
        """Identifies the callers of forwarded operations."""
        ...

    def standing(self, catalog: Catalog) -> Sequence[Standing]:
        """Return the current state of each operation of a catalog."""
        ...

    def unknown(self, catalog: Catalog) -> Sequence[str]:
        """Return the names in the file of switches that are not operations."""
        ...

    def typed(self, catalog: Catalog) -> Catalog:
        """Return the operations with handlers that call the old host."""
        ...

    def way(self, operation: Operation, verb: str) -> Way:
        """Choose where this request to an operation is handled."""
        ...

    def witness(self, operation: Operation | None, way: Way, environment: dict[str, Any]) -> Witness | None:
        """Return an object that copies a request handled this way; None if no copy is needed."""
        ...

    def shadow_with(self, application: Callable[..., Iterable[bytes]], registry: Registry) -> None:
        """Also run handlers in this application, which stores none of their changes."""
        ...

    def trace_with(self, tracer: Tracer) -> None:
        """Make spans of the requests to the old host from now on."""
        ...

    def call(self, environment: Mapping[str, Any], arrival: Arrival) -> AbstractContextManager[Forwarded]:
        """Make the handlers that this thread calls within the block forward this request."""
        ...

    def forward(
        self,
        operation: Operation | None,
        environment: Mapping[str, Any],
        arrival: Arrival,
        start_response: Callable[..., Any],
    ) -> Iterable[bytes]:
        """Forward a request as it came, and return the response as it comes. Raises ServiceError before the response has started."""
        ...


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """An uploaded file in a form.

    :ivar field: the name of the form's field.
    :ivar name: the file's name, without folders and control characters; empty if the client sent none.
    :ivar type: the content type that the client sent; empty if it sent none.
    :ivar size: bytes.
    :ivar stream: the content, positioned at its beginning. It is closed when the call ends.
    """

    field: str
    name: str
    type: str
    size: int
    stream: BinaryIO


@dataclass(slots=True)
class Context:
    """The context of one call: transaction, caller, response.

    :ivar unit: the open unit of work; it is committed when the response is encoded, and rolled back after any error.
    :ivar caller: the signed-in caller; None for an anonymous call.
    :ivar now: the time when the call began, in the API's format.
    :ivar expected: the versions of If-Match, each as `format_version`; None for any.
    :ivar idempotency_key: the Idempotency-Key; None without one.
    :ivar verb: the HTTP method.
    :ivar callers: authenticates callers.
    :ivar credentials: the credentials of the request.
    :ivar cookies: cookies for the client.
    :ivar recorded: functions that write lines to the audit log; they are called after the commit.
    :ivar reply: the status, headers and cookies that the handler set; None for none.
    :ivar files: the uploaded files of an operation that is declared with ``files=True``.
    :ivar subscribers: sends events; None for a service without `gateway.Events`.
    :ivar publisher: the publisher of this call's events; None if there are none.
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
    reply: Reply | None = None
    files: Sequence[UploadedFile] = ()
    subscribers: Subscribers | None = None
    publisher: Publisher | None = None

    @property
    def events(self) -> Publisher:
        """The publisher of events: ``context.events.publish("order.paid", order, channel="orders")``. A service without `gateway.Events`
        publishes nothing."""
        if self.subscribers is None:
            return SILENT
        if self.publisher is None:
            self.publisher = self.subscribers.publisher(self.unit)
        return self.publisher

    @property
    def status(self) -> int | None:
        """The status of the response. None: 200, or 204 without a result.

        Setting it does not roll back: the transaction is committed and the result is sent, except with 204, 205 and 304, which have no
        body. To fail, raise ``errors.status(...)``. A status outside 200 to 599 raises ValueError. A batch always returns 200.
        """
        return None if self.reply is None else self.reply.status

    @status.setter
    def status(self, status: int) -> None:
        self._reply().status = replies.check_status(status)

    @property
    def headers(self) -> Headers:
        """The headers that the handler adds to the response: ``context.headers["X-Total"] = "3"``. A batch omits them."""
        return self._reply().headers

    def set_cookie(
        self,
        name: str,
        value: str,
        seconds: int | None = None,
        *,
        path: str = "",
        http_only: bool = True,
        same_site: Literal["Lax", "Strict", "None"] = "Lax",
    ) -> None:
        """Send a cookie with the response; it is Secure if the client uses https.

        :param seconds: lifetime; None until the browser closes, 0 to delete the cookie.
        :param path: the path under which the client sends it; empty for all paths of the service.
        :param http_only: whether it is hidden from scripts of pages.
        :param same_site: whether browsers send it with requests from pages of other sites.
        :raises ValueError: when the name, value or path has characters that are not allowed in cookies.
        """
        replies.check_cookie(name, value)
        replies.check_cookie_path(path)
        self.cookies.append(Cookie(name, value, seconds, path, http_only, same_site))

    def send(
        self,
        data: bytes | bytearray | memoryview | Iterable[bytes] | BinaryIO,
        *,
        content_type: str = "",
        file_name: str = "",
        inline: bool = False,
    ) -> Content:
        """Return a result that is sent unchanged in every format: ``return context.send(image, content_type=...)``.

        :param data: the bytes, or blocks of them, or a file that is open for reading bytes. Blocks and files are read while they are sent,
            after the transaction has ended, and then closed.
        :param content_type: if empty, it is guessed from the file name.
        :param file_name: the name under which clients store the content.
        :param inline: whether browsers show it instead of storing it.
        :raises ValueError: when the content type is invalid, or the file name has control characters.
        :raises TypeError: when the data is a text, or cannot be read.
        """
        return replies.content(data, content_type, file_name, inline=inline)

    def redirect(self, url: str, status: int = 302) -> Content:
        """Redirect the client to another URL: ``return context.redirect("/orders/3")``.

        :param url: a path, or a URL of any host. Check it if it comes from the client.
        :param status: 301, 302, 303, 307 or 308.
        :raises ValueError: when the URL has control characters, or the status is not one of these.
        """
        if status not in replies.REDIRECTS:
            raise ValueError(f"{status!r} is not the status of a redirect: those are 301, 302, 303, 307 and 308.")
        reply = self._reply()
        reply.headers["Location"] = replies.location(url)
        reply.status = status
        return Content(b"")

    def _reply(self) -> Reply:
        if self.reply is None:
            self.reply = Reply()
        return self.reply

    def record(self, event: audit.Event, target: str, **facts: object) -> None:
        """Add a line to the audit log, written when the call is committed.

        :param target: the id of the changed entity.
        :param facts: further fields. Do not pass secrets.
        """
        self.recorded.append(partial(audit.record, event, target=target, user=self.principal.user_id, **facts))

    def write_records(self, **facts: object) -> None:
        """Write the lines that `record` collected, each with these further fields."""
        for write in self.recorded:
            write(**facts)

    @property
    def principal(self) -> Principal:
        """The signed-in caller. Raises NotAuthenticated for an anonymous call."""
        if self.caller is None:
            raise NotAuthenticated
        return self.caller


@dataclass(frozen=True, slots=True)
class Streamed:
    """A response whose rows are read while they are sent.

    :ivar returns: the response's DTO; `Dto.rows` names the attribute that the rows go to.
    :ivar read: returns the rows, in order, from an open unit of work.
    :ivar total_count: the number of rows when the request arrived; 0 if the client wants no totals, None if the response has none.
    """

    returns: type[Dto]
    read: Callable[[Unit], Iterator[Any]]
    total_count: int | None = None

    @property
    def total_pages(self) -> int | None:
        """The number of pages: one."""
        return None if self.total_count is None else min(self.total_count, 1)

    def open(self, unit: Unit) -> Instance:
        """Return the response, with an iterator for its rows."""
        assert self.returns.rows is not None
        totals: dict[str, Any] = {}
        if self.total_count is not None:
            totals = {"total_count": self.total_count, "total_pages": self.total_pages, "has_more_pages": False}
        return self.returns.new(**{self.returns.rows: self.read(unit)}, **totals)
