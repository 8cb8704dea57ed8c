"""Which requests run at once, and how often a caller may call, by operation and caller."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from gateway.addresses import find_client_network
from gateway.contract.catalog import Operation
from gateway.http.auth import credentials
from gateway.http.request import Request
from gateway.places import Kind, Place, Places, build_shares
from gateway.rates import Rates

#: In the WSGI environment: the place of a request whose response has not been sent yet.
PLACE = "gateway.place"

#: Bytes of a request's or response's body from which a request counts as large: it shares its places with batches, and keeps its place
#: until its response is sent.
LARGE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Admission:
    """Lets requests run, or refuses them."""

    places: Places = field(
        default_factory=lambda: Places(
            build_shares(16, writes=12, lists=4, streams=4, per_caller=16, streams_per_caller=2)
        )
    )
    rates: Rates = field(default_factory=lambda: Rates({}))

    def place(
        self, operation: Operation, request: Request, *, batch: bool = False, large: bool = False
    ) -> Place | None:
        """Take a place for a request. Operations that anyone may call need none: log-ins wait for their hash elsewhere.

        :param large: whether the body is large (`is_large`).
        :raises TooManyRequests: when the caller has as many as it may, for too long.
        :raises Unavailable: when other callers have them all for too long.
        """
        assert operation.access is not None
        if not operation.access.signed_in and not batch:
            return None
        if batch or large:
            kind = Kind.BATCH
        elif operation.writes:
            kind = Kind.WRITE
        else:
            kind = Kind.LIST if operation.lists else Kind.READ
        return self.places.place(kind, request.caller_id or caller_of(request))

    def body(self, operation: Operation, request: Request) -> AbstractContextManager[Place | None]:
        """Take the place that a large body is read in before the operation runs."""
        return (self.place(operation, request, large=True) if is_large(request) else None) or nullcontext()

    def stream(self, request: Request) -> Place:
        """Return the place that a list is streamed in."""
        return self.places.place(Kind.STREAM, caller_of(request))

    def document(self, request: Request) -> Place:
        """Count a request for a document about the service, and return the place in which it is made. Raises TooManyRequests."""
        request.credentials = credentials(request)
        if self.rates:
            self.rates.count("read", caller_of(request))
        return self.places.place(Kind.DOCUMENT, caller_of(request))

    def count(self, operation: Operation, request: Request) -> None:
        """Count a call. Raises TooManyRequests."""
        if self.rates:
            self.rates.count(rate_class(operation), caller_of(request))


def rate_class(operation: Operation) -> str:
    """Return the class of an operation's calls, one of `gateway.rates.CLASSES`."""
    assert operation.access is not None
    if operation.lists:
        return "list"
    if not operation.writes:
        return "read"
    return "write" if operation.access.signed_in else "login"


def caller_of(request: Request) -> str:
    """Return the caller for limits: the user or, without one, the address. An IPv6 network of 64 bits is one address."""
    return request.caller_id or f"address {find_client_network(request.credentials.address)}"


def is_large(request: Request) -> bool:
    """Return whether a request's body has more than `LARGE` bytes, or may have more."""
    length = request.env.get("CONTENT_LENGTH")
    if length:
        return len(length) > 6 or int(length) > LARGE
    # A body that was received completely is short.
    return "HTTP_TRANSFER_ENCODING" in request.env and not 0 < len(request.begun) < LARGE
