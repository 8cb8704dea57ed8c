"""Falcon's resources for the metadata documents (`gateway.metadata`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote

import falcon

from gateway.calls import Principal
from gateway.contract.catalog import Operation
from gateway.errors import (
    FieldError,
    Forbidden,
    NotAuthenticated,
    NotFound,
    NotSupported,
    ServiceError,
    ValidationFailed,
)
from gateway.http import conditional
from gateway.http.admission import Admission
from gateway.http.auth import Gate
from gateway.http.request import Request
from gateway.http.surroundings import Surroundings, may_call
from gateway.metadata.library import HTML, Document, Library
from gateway.origins import without_default_port
from serializers.html.frame import account_of

Answer = Callable[[Request], Document]


@dataclass(frozen=True, slots=True)
class Visibility:
    """The visibility of operations on metadata pages.

    :ivar permitted_only: callers see only the operations that they may call; otherwise all callers see all operations, because
        clients are generated without credentials.
    :ivar admission: how many documents are made at once.
    :ivar surroundings: makes the headers of pages.
    """

    library: Library
    gate: Gate
    admission: Admission
    surroundings: Surroundings
    permitted_only: bool = False

    def names(self, request: Request) -> frozenset[str] | None:
        """Return the operations that the caller sees; None for all of them."""
        if not self.permitted_only:
            return None
        caller = self._caller(request)
        return frozenset(operation.name for operation in self.library.catalog if may_call(caller, operation.access))

    def account(self, request: Request) -> str:
        """Return the signed-in user for the header of a page."""
        return account_of(self.surroundings.frame(request))

    def hides(self, operation: Operation, request: Request) -> bool:
        """Return whether the caller must not know of an operation."""
        return self.permitted_only and not may_call(self._caller(request), operation.access)

    def refusal(self, name: str, operation: Operation | None, request: Request) -> ServiceError:
        """Return the error for the name of an unknown or a hidden operation: a client can't tell the two apart.

        :param operation: the hidden one.
        """
        if self.permitted_only:
            caller, refusal = self.gate.identify(request)
            if caller is None:
                return refusal or NotAuthenticated()
            if operation is not None:
                with suppress(NotAuthenticated, Forbidden):  # for the line in the audit log
                    self.gate.admit(operation, request)
        return NotSupported(f"The operation '{name}' does not exist for this service")

    def tell(self, request: Request, response: falcon.Response, document: Document) -> None:
        """Write a document to Falcon's response, or 304 if the client has it."""
        self.vary(response)
        response.set_header("ETag", document.etag)
        if document.policy:
            response.set_header("Content-Security-Policy", document.policy)
        if conditional.unchanged(request, document.etag):
            response.status = falcon.HTTP_304
            return
        response.content_type = document.content_type
        response.data = document.body

    def vary(self, response: falcon.Response) -> None:
        """Set the header Vary if the response depends on the caller."""
        if self.permitted_only:
            response.append_header("Vary", "Authorization, Cookie, X-Api-Key, X-ss-id")

    def _caller(self, request: Request) -> Principal | None:
        return self.gate.identify(request)[0]


class DocumentResource:
    """A route with a cached document."""

    def __init__(self, visibility: Visibility, document: Answer) -> None:
        self._visibility = visibility
        self._document = document

    def on_get(self, request: Request, response: falcon.Response) -> None:
        """Respond with the document, or 304 if the client has it."""
        with self._visibility.admission.document(request):
            document = self._document(request)
        self._visibility.tell(request, response, document)

    on_head = on_get


class OperationPageResource:
    """``/{format}/metadata?op=X&lang=Y``: a page about one operation; without ``op``, all of them."""

    def __init__(self, visibility: Visibility, format_name: str) -> None:
        self._visibility = visibility
        self._format = format_name

    def on_get(self, request: Request, response: falcon.Response) -> None:
        """Respond with the page, or a 404 page for an unknown operation or language."""
        library, name = self._visibility.library, request.query_value("op")
        try:
            with self._visibility.admission.document(request):
                names, account = self._visibility.names(request), self._visibility.account(request)
                if name:
                    language = request.query_value("lang")
                    page = library.render_operation(names, name, self._format, language, base_url(request), account)
                else:
                    page = library.render_index(names, base_url(request), account)
        except NotFound as error:
            self._visibility.vary(response)
            response.status = falcon.HTTP_404
            response.content_type = HTML
            response.data = library.render_missing(error.message, base_url(request), self._visibility.account(request))
        else:
            self._visibility.tell(request, response, page)

    on_head = on_get


class TypesResource:
    """``/types/{language}``, with the options of ServiceStack's tools in the query."""

    def __init__(self, visibility: Visibility) -> None:
        self._visibility = visibility

    def on_get(self, request: Request, response: falcon.Response, language: str) -> None:
        """Respond with the types in a language. Raises NotFound."""
        visibility = self._visibility
        with visibility.admission.document(request):
            names = visibility.names(request)
            document = visibility.library.render_types(names, language, request.pairs, base_url(request))
        visibility.tell(request, response, document)

    on_head = on_get


class RootResource:
    """``/``: browsers are redirected to the page of operations; other clients get links."""

    def on_get(self, request: Request, response: falcon.Response) -> None:
        """Redirect a browser; respond with links to another client."""
        if request.negotiation.serializer.paged:
            raise falcon.HTTPFound(f"{request.prefix}/metadata")
        links = {name: f"{base_url(request)}{path}" for name, path in _LINKS.items()}
        response.content_type = request.negotiation.content_type
        response.data = request.negotiation.serializer.encode(links)

    on_head = on_get


class Redirect:
    """A path of one of ServiceStack's pages, which has another path here.

    :param path: the path of the page.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def on_get(self, request: Request, response: falcon.Response) -> None:
        """Redirect to the page."""
        raise falcon.HTTPFound(f"{request.prefix}{self._path}")

    on_head = on_get


class UiRedirect:
    """``/ui/{Operation}``: ServiceStack's page that calls an operation; ours is the explorer.

    :param has_events: ``/ui/events`` is the page of events.
    """

    def __init__(self, *, has_events: bool) -> None:
        self._has_events = has_events

    def on_get(self, request: Request, response: falcon.Response, name: str) -> None:
        """Redirect to the operation in the explorer, which shows the list of operations for an unknown name."""
        if self._has_events and name.lower() == "events":
            raise falcon.HTTPFound(f"{request.prefix}/explorer/events")
        raise falcon.HTTPFound(f"{request.prefix}/explorer#{quote(name, safe='')}")

    on_head = on_get


#: Paths of pages of ServiceStack and other servers, and of the same pages here.
_REDIRECTS = {"/swagger-ui": "/explorer", "/ui": "/explorer", "/docs": "/metadata"}

_LINKS = {
    "metadata": "/metadata",
    "types": "/types",
    "openapi": "/openapi.json",
    "explorer": "/explorer",
    "api": "/api",
}


def base_url(request: Request) -> str:
    """Return the URL of the service as the client sees it."""
    shown, scheme = request.env.get, request.scheme
    # SECURITY: the header comes from the client; a value that is not a host must not get into documents.
    host = without_default_port(scheme, shown("HTTP_HOST", "")) or without_default_port(
        scheme, f"{shown('SERVER_NAME', '')}:{shown('SERVER_PORT', '')}"
    )
    return f"{scheme}://{host or 'localhost'}{request.prefix}"


def routes(visibility: Visibility) -> Iterator[tuple[str, object]]:
    """Yield the routes of the documents and their resources, for the composition root to mount."""
    library, names = visibility.library, visibility.names

    def document(make: Answer) -> DocumentResource:
        return DocumentResource(visibility, make)

    account = visibility.account
    yield (
        "/metadata",
        document(lambda request: library.render_index(names(request), base_url(request), account(request))),
    )
    for serializer in library.registry:
        yield f"/{serializer.name}/metadata", OperationPageResource(visibility, serializer.name)
    yield "/types", document(lambda request: library.render_types_index(base_url(request), account(request)))
    yield "/types/metadata", document(lambda request: library.build_types_metadata(names(request), base_url(request)))
    yield "/types/{language}", TypesResource(visibility)
    yield "/metadata/app", document(lambda request: library.build_app_metadata(names(request), base_url(request)))
    yield "/operations/metadata", document(lambda request: _operations(visibility, request))
    yield "/openapi", document(lambda request: _openapi(library, names(request), request))
    yield (
        "/explorer",
        document(lambda request: library.render_explorer(names(request), base_url(request), account(request))),
    )
    if library.channels is not None:
        yield (
            "/explorer/events",
            document(lambda request: library.render_events(names(request), base_url(request), account(request))),
        )


def redirects(library: Library) -> Iterator[tuple[str, object]]:
    """Yield ``/`` and the routes that lead to documents, with their resources. A service may have its own routes there."""
    own = {
        route.path.strip("/").partition("/")[0].lower()
        for operation in library.catalog
        for route in operation.routes
        if "GET" in route.verbs
    }
    resources = {
        "/": RootResource(),
        **{path: Redirect(target) for path, target in _REDIRECTS.items()},
        "/ui/{name}": UiRedirect(has_events=library.channels is not None),
    }
    yield from ((path, resource) for path, resource in resources.items() if path.split("/")[1] not in own)


def _openapi(library: Library, names: frozenset[str] | None, request: Request) -> Document:
    """Return OpenAPI 3.1, or Swagger 2.0 for ``?version=2``. Raises ValidationFailed for any other version."""
    version = request.query_value("version").strip()
    if version in ("2", "2.0"):
        return library.swagger(names, base_url(request))
    if version not in ("", "3", "3.1", "3.1.0"):
        message = f"'version' must be 2.0 or 3.1. You entered '{version[:20]}'."
        raise ValidationFailed("openapi", [FieldError("Invalid", "version", message)])
    return library.openapi(names, base_url(request))


def _operations(visibility: Visibility, request: Request) -> Document:
    negotiation = request.negotiation
    return visibility.library.build_operations_metadata(
        visibility.names(request), negotiation.serializer, negotiation.content_type, base_url(request)
    )
