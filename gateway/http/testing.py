"""A client for the tests of a service: it calls the application without a server. ``service.client()`` makes one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import falcon
from falcon import testing

from gateway.calls import Principal
from gateway.contract.catalog import Catalog, Operation
from gateway.contract.dto import Dto
from gateway.contract.responses import ErrorResponse
from gateway.contract.shapes import wire_shape
from gateway.errors import CallFailed, CatalogError, FieldError
from gateway.http.app import App
from gateway.http.request import Request
from models import Database, Unit
from serializers import json

#: In the WSGI environment: the caller that the client acts as.
_CALLER = "gateway.testing.caller"
#: In the WSGI environment: takes the status and headers of a response without a Content-Type.
_UNTYPED = "gateway.testing.untyped"

_Start = Callable[..., Any]


def _typed(app: App) -> Callable[[dict[str, Any], _Start], Iterable[bytes]]:
    """Return the application for Falcon, whose WSGI check requires a Content-Type in all responses but 204 and 304, even in redirects."""

    def call(env: dict[str, Any], start_response: _Start) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            untyped = env.get(_UNTYPED)
            if untyped is None or status[:3] in ("204", "304"):
                return start_response(status, headers, *error)
            if all(name.lower() != "content-type" for name, _ in headers):
                untyped.append((status, headers))
                headers = [*headers, ("Content-Type", "")]
            return start_response(status, headers, *error)

        return app(env, start)

    return call


class _Acting:
    """Middleware that signs in the caller of the client. Credentials are then ignored."""

    def process_request(self, request: Request, response: falcon.Response) -> None:
        """Sign in the caller, if the client has one."""
        caller = request.env.get(_CALLER)
        if caller is not None:
            request.authentication = caller, None


class Client(testing.TestClient):
    """Calls one application: by path, as ``client.get("/customers", params={"page": 2})``, or by DTO with `call`.

    ``get``, ``post``, ``put``, ``patch``, ``delete`` and ``request`` are Falcon's: they take ``params``, ``json``, ``body``, ``headers``
    and ``cookies``, and return a result with ``status_code``, ``json``, ``text``, ``content``, ``headers`` and ``cookies``.

    :ivar database: the rows, in a SQLite file that is deleted with the client; None for a service without tables.
    """

    def __init__(
        self,
        app: App,
        catalog: Catalog,
        database: Database | None,
        caller: Principal | None,
        close: Callable[[], None],
    ) -> None:
        super().__init__(app)
        self.database = database
        self._application = app
        self._catalog = catalog
        self._caller = caller
        self._close = close

    @classmethod
    def of(
        cls,
        app: App,
        catalog: Catalog,
        database: Database | None,
        as_: Principal | str | None,
        close: Callable[[], None],
    ) -> Self:
        """Create the client of an application that is used by no other caller.

        :param close: called when the client is closed.
        """
        app.add_middleware(_Acting())
        return cls(app, catalog, database, _principal(as_), close)

    def acting_as(self, as_: Principal | str | None) -> Client:
        """Return a client of the same application and database, with another caller. It need not be closed."""
        return Client(self._application, self._catalog, self.database, _principal(as_), _nothing)

    def simulate_request(self, *args: Any, **kwargs: Any) -> testing.Result:
        """Send one request as the client's caller (`falcon.testing.simulate_request`)."""
        untyped: list[tuple[str, list[tuple[str, str]]]] = []
        kwargs["extras"] = {**(kwargs.get("extras") or {}), _CALLER: self._caller, _UNTYPED: untyped}
        result = testing.simulate_request(_typed(self._application), *args, **kwargs)
        return testing.Result([result.content], *untyped[-1]) if untyped else result

    def request(self, *args: Any, **kwargs: Any) -> testing.Result:
        """Send one request: ``client.request("GET", "/customers")``."""
        return self.simulate_request(*args, **kwargs)

    def call(self, dto: type[Dto], /, **values: Any) -> Any:
        """Call an operation by the first of its verbs, in JSON, and return its decoded response.

        :param dto: the operation's request DTO.
        :param values: its fields by attribute name. A value that the field can't encode, of another type for instance, is sent unchanged.
        :returns: an object with the fields of the DTO that the operation returns; a list, text, number or bytes if it returns
            those; None for no response (204); bytes for a response that is not JSON, such as a file.
        :raises CallFailed: when the response is an error.
        :raises CatalogError: when the DTO is not an operation of the service.
        :raises TypeError: when a name is not a field of the DTO.
        """
        operation = self._catalog.find(dto.__name__)
        if operation is None or operation.dto is not dto:
            raise CatalogError(f"{dto.__name__} is not an operation of this service")
        verb = "POST" if "POST" in operation.verbs else operation.verbs[0]
        result = self.simulate_request(
            verb,
            f"/api/{operation.name}",
            body=json.serializer.encode(_members(dto, values)),
            headers={"Content-Type": "application/json", "Accept": "application/json"},
        )
        return _answer(operation, result)

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        """Open a unit of work that reads and writes the service's rows, like a handler's ``context.unit``.

        :raises CatalogError: when the service has no tables.
        """
        if self.database is None:
            raise CatalogError("this service has no tables: add them with use(Rows(…))")
        with self.database.unit_of_work() as unit:
            yield unit

    def close(self) -> None:
        """Close the database and delete its folder."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _nothing() -> None:
    """Do nothing: another client closes the application."""


def _principal(as_: Principal | str | None) -> Principal | None:
    return Principal.of(as_) if isinstance(as_, str) else as_


def _members(dto: type[Dto], values: dict[str, Any]) -> dict[str, Any]:
    """Return the members of a request document by wire name."""
    request = dto.new(**values)
    members = {}
    for name, value in values.items():
        field = dto.schema().fields[name]
        try:
            members[str(field.data_key)] = field.serialize(name, request)
        except (AttributeError, LookupError, TypeError, ValueError):
            members[str(field.data_key)] = value
    return members


def _answer(operation: Operation, result: testing.Result) -> Any:
    if result.status_code >= 400:
        raise _failure(operation, result)
    if not result.content:
        return None
    if operation.response is None or (result.content_type or "").partition(";")[0] != "application/json":
        return result.content
    return operation.read_kept(result.text)


def _failure(operation: Operation, result: testing.Result) -> CallFailed:
    try:
        document: Any = ErrorResponse.schema().load(json.loads(result.text, wire_shape(ErrorResponse)))
        status = ErrorResponse.instance(document).response_status
    except ValueError:
        status = None
    if not status:
        return CallFailed(operation.name, result.status_code, "", result.text)
    errors = [
        FieldError(failure.error_code or "", failure.field_name or "", failure.message or "", failure.meta or {})
        for failure in status.errors or ()
    ]
    return CallFailed(operation.name, result.status_code, status.error_code or "", status.message or "", errors)
