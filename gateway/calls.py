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
from models import Unit

if TYPE_CHECKING:
    from serializers.registry import Registry


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
    :ivar path: the path under which the client sends it; empty for every path of the service.
    :ivar http_only: scripts of pages can't read it.
    :ivar same_site: whether browsers send it with requests of other sites' pages; ``None`` needs https.
    """

    name: str
    value: str
    seconds: int | None = None
    path: str = ""
    http_only: bool = True
    same_site: Literal["Lax", "Strict", "None"] = "Lax"


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


@runtime_checkable
class Remembering(Protocol):
    """Callers who are remembered for a while."""

    def recheck(self, credentials: Credentials) -> Principal | None:
        """`Callers.authenticate` without what is remembered of the credentials: the sender as it is stored now."""
        ...


class Publisher(Protocol):
    """What a handler publishes events with.

    :ivar wanted: whether anybody listens, or has listened of late; otherwise nothing is stored.
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
        """Send an event to subscribers, once the operation is committed. What is rolled back is not sent.

        :param selector: a name with a dot, such as ``session.created``.
        :param body: what is sent: an instance of a DTO, a text, number, list or dict; None for nothing.
        :param channel: who gets it: the subscribers of this channel, or of one of these.
        :param user: who gets it, too: the subscribers who are this user, by id or e-mail address, or one of these. Where neither channel
            nor user is given, every subscriber gets it.
        :param dto: the DTO that a body is written as which is no instance of one, such as a row.
        :raises ValueError: when the selector has no dot, or the selector or a channel has characters that clients can't read.
        :raises TypeError: when the body can't be written.
        """
        ...


class _Silent:
    """Publishes nothing: nobody can subscribe."""

    wanted = False

    def publish(self, selector: str, body: Any = None, **_more: Any) -> None:
        """Do nothing."""


SILENT = _Silent()


class Subscription(Protocol):
    """A subscriber whose connection is still to be handed over. One of its methods is called, once."""

    def take(self, connection: socket) -> None:
        """Send events on a connection from now on, and close it at the end. The head of the response has been sent."""
        ...

    def blocks(self) -> Iterator[bytes]:
        """The events as blocks of bytes, for servers that keep their connections: a thread waits in it as long as the client listens."""
        ...

    def abandon(self) -> None:
        """Forget the subscriber: the client has left."""
        ...


class Subscribers(Protocol):
    """Who sends events.

    :ivar access: who may subscribe.
    """

    @property
    def access(self) -> Access: ...

    @property
    def holds_connections(self) -> bool:
        """Whether this process has subscribers."""
        ...

    def numbers(self) -> Mapping[str, float]:
        """What is counted of events in this process, by name."""
        ...

    def publisher(self, unit: Unit) -> Publisher:
        """What publishes events with a unit of work."""
        ...

    def committed(self) -> None:
        """A unit of work with events was committed."""
        ...

    def subscribe(
        self, caller: Principal | None, credentials: Credentials, channels: Sequence[str], last_id: int | None, url: str
    ) -> Subscription:
        """A new subscriber.

        :param last_id: the id of the last event that the client has; None for one that wants new ones only.
        :param url: the service's address as the client sees it.
        :raises MalformedRequest: for names that are no channels.
        :raises TooManyRequests: when the caller has as many subscribers as it may.
        :raises Unavailable: when there are as many as there may be.
        """
        ...

    def heartbeat(self, subscription_id: str) -> None:
        """The subscriber's client is there. Raises NotFound."""
        ...

    def unsubscribe(self, subscription_id: str) -> Mapping[str, Any]:
        """End a subscriber; what is known of it. Raises NotFound."""
        ...

    def stop(self) -> None:
        """Take leave of every subscriber, and take no further ones."""
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


class Way(Enum):
    """Where a request is answered: by a handler here, or by an old host, as it came or by the contract (`gateway.upstream`)."""

    HERE = "here"
    RAW = "raw"
    TYPED = "typed"


class Arrival(NamedTuple):
    """How a request came to the front of an old host.

    :ivar request_id: the request's id.
    :ivar peer: the address of the connection's other end.
    :ivar forwarded_for: X-Forwarded-For as it came from a trusted proxy; empty from another peer.
    :ivar prefix: the path under which the client reaches the service, without a slash at its end.
    """

    request_id: str
    peer: str = ""
    forwarded_for: str = ""
    prefix: str = ""


class Standing(NamedTuple):
    """Who answers an operation.

    :ivar state: ``old``, ``shadow``, ``percent N`` or ``new``.
    :ivar answered_by: the same as a reader understands it.
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
    """Copies a request and its response while they pass."""

    def start(self, start_response: Callable[..., Any]) -> Callable[..., Any]:
        """Return a start_response that copies the head."""
        ...

    def blocks(self, blocks: Iterable[bytes]) -> Iterable[bytes]:
        """Return a response's body that is copied while it is sent."""
        ...


class Front(Protocol):
    """Who stands before an old host, and forwards to it what is not answered here.

    :ivar everything: paths that no operation has are forwarded too.
    :ivar pages: the pages about the service are those of the front, not of the old host.
    """

    @property
    def everything(self) -> bool:
        """Whether paths that no operation has are forwarded."""
        ...

    @property
    def pages(self) -> bool:
        """Whether the front has pages of its own."""
        ...

    def close(self) -> None:
        """Close the connections to the old host that rest."""
        ...

    @property
    def connections(self) -> int:
        """Requests that a process has with the old host at once."""
        ...

    @property
    def patience(self) -> float:
        """Seconds that a request to the old host may take until its response begins."""
        ...

    @property
    def callers(self) -> Callers:
        """Who tells the callers of forwarded operations apart."""
        ...

    def standing(self, catalog: Catalog) -> Sequence[Standing]:
        """Who answers each operation of a catalog now."""
        ...

    def unknown(self, catalog: Catalog) -> Sequence[str]:
        """Names in the file of switches that are no operations."""
        ...

    def typed(self, catalog: Catalog) -> Catalog:
        """The operations with handlers that ask the old host."""
        ...

    def way(self, operation: Operation, verb: str) -> Way:
        """Where a request to an operation is answered, this time."""
        ...

    def witness(self, operation: Operation | None, way: Way, environment: dict[str, Any]) -> Witness | None:
        """Return what copies a request that is answered in this way; None where nobody wants a copy."""
        ...

    def shadow_with(self, application: Callable[..., Iterable[bytes]], registry: Registry) -> None:
        """Run handlers beside the old host in this application, in which nothing that they write is stored."""
        ...

    def call(self, environment: Mapping[str, Any], arrival: Arrival) -> AbstractContextManager[Forwarded]:
        """Let the handlers that this thread calls meanwhile forward this request."""
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
    """A file that the client sent in a form.

    :ivar field: the name of the form's field.
    :ivar name: the file's name, without folders and control characters; empty where the client gave none.
    :ivar type: the content type that the client gave; empty where it gave none.
    :ivar size: bytes.
    :ivar stream: the content, open at its beginning. It is closed when the call ends.
    """

    field: str
    name: str
    type: str
    size: int
    stream: BinaryIO


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
    :ivar reply: what the handler set of its response; None where it set nothing.
    :ivar files: the uploaded files, of an operation that is declared with ``files=True``.
    :ivar subscribers: who sends events; None for a service without `gateway.Events`.
    :ivar publisher: what has published events; None where the call has published none.
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
        """What publishes events: ``context.events.publish("order.paid", order, channel="orders")``. A service without `gateway.Events`
        publishes nothing."""
        if self.subscribers is None:
            return SILENT
        if self.publisher is None:
            self.publisher = self.subscribers.publisher(self.unit)
        return self.publisher

    @property
    def status(self) -> int | None:
        """The status of the response; None where the result decides: 200, or 204 for no result.

        Setting it changes nothing else: the transaction is committed and the result is sent, but not with 204, 205 and 304, which have no
        body. To fail, raise ``errors.status(...)``. Setting one that is not 200 to 599 raises ValueError. A batch is always 200.
        """
        return None if self.reply is None else self.reply.status

    @status.setter
    def status(self, status: int) -> None:
        self._reply().status = replies.check_status(status)

    @property
    def headers(self) -> Headers:
        """The headers that the handler adds to the response: ``context.headers["X-Total"] = "3"``. A batch has none of them."""
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
        """Send a cookie with the response; it is Secure where the client uses https.

        :param seconds: how long it is good; None until the browser ends, 0 for one that the client should forget.
        :param path: the path under which the client sends it; empty for every path of the service.
        :param http_only: scripts of pages can't read it.
        :param same_site: whether browsers send it with requests of other sites' pages.
        :raises ValueError: when the name, value or path has characters that cookies can't hold.
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
        """Return a result that is sent as it is, whatever format the client asked for: ``return context.send(image, content_type=...)``.

        :param data: the bytes, or blocks of them, or a file that is open for reading bytes. Blocks and files are read while they are sent,
            after the transaction has ended, and closed then.
        :param content_type: guessed from the file name where it is empty.
        :param file_name: the name under which clients store it.
        :param inline: browsers show it, rather than store it.
        :raises ValueError: when the content type is none, or the file name has control characters.
        :raises TypeError: when the data is a text, or cannot be read.
        """
        return replies.content(data, content_type, file_name, inline=inline)

    def redirect(self, url: str, status: int = 302) -> Content:
        """Lead the client to another URL: ``return context.redirect("/orders/3")``.

        :param url: a path, or a URL of any host. Check it where it comes from the client.
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
