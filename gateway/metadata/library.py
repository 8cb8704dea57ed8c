"""The metadata documents, each rendered once for each state of the catalog and each view of it.

A view is the set of operations that a caller may see. Documents are kept by the inputs that they were made from; the least recently used
ones are evicted when there are too many.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from gateway.contract.catalog import Catalog, Operation
from gateway.contract.typeinfo import Contract, describe
from gateway.errors import NotFound
from gateway.metadata import documents, explorer, openapi, pages, swagger, types
from gateway.metadata.languages.options import Options
from serializers.base import Serializer
from serializers.html.style import STYLE_SOURCE
from serializers.page import Page
from serializers.registry import Registry

HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
JSON = "application/json; charset=utf-8"

#: How many documents are kept, and how many types beside them. Invented Host headers must neither fill the memory nor evict other
#: documents.
MOST_KEPT = 256
MOST_TYPES_KEPT = 64


@dataclass(frozen=True, slots=True)
class Document:
    """A rendered document: bytes, content type, and a weak ETag.

    :ivar policy: the Content-Security-Policy of a page.
    """

    body: bytes
    content_type: str
    etag: str
    policy: str = ""

    def at(self, base_url: str, account: str = "") -> Document:
        """Return the document with the service's URL in place of `pages.BASE_URL`.

        :param account: the signed-in user for a page's header.
        """
        digest = hashlib.sha256(f"{self.etag} {base_url} {account}".encode()).hexdigest()
        return replace(self, body=pages.fill_in(self.body, base_url, account), etag=_format_etag(digest))


@dataclass(frozen=True)
class View:
    """A part of the catalog and its description."""

    operations: tuple[Operation, ...]
    contract: Contract

    def find(self, name: str) -> Operation | None:
        """Return the operation with this name, in any letter case."""
        return next((operation for operation in self.operations if operation.name.lower() == name.lower()), None)


#: Pages use their own style sheet and icon, send forms to this service, and load nothing else.
POLICY = f"default-src 'none'; style-src {STYLE_SOURCE}; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"


class Library:
    """The documents of a catalog.

    :ivar title: the service's name.
    :ivar version: the service's version.
    :ivar channels: the name pattern of its event channels; None if it has no events.
    """

    def __init__(
        self,
        catalog: Catalog,
        registry: Registry,
        title: str,
        version: str,
        channels: tuple[str, ...] | None = None,
    ) -> None:
        self.catalog = catalog
        self.registry = registry
        self.title = title
        self.version = version
        self.channels = channels
        self.date = f"{get_last_change(catalog):%Y-%m-%d %H:%M:%S}"
        #: The state of each operation, by name, if an old host is behind the service.
        self.read_hosts: Callable[[], tuple[tuple[str, str], ...]] = tuple
        self._get_view = lru_cache(maxsize=16)(self._describe)
        self._get_document = lru_cache(maxsize=MOST_KEPT)(self._make)
        self._get_types = lru_cache(maxsize=MOST_TYPES_KEPT)(self._make)

    def render_index(self, names: frozenset[str] | None, base_url: str, account: str = "") -> Document:
        """``/metadata``."""
        return self._get_document(_build_index, names, self.read_hosts()).at(base_url, account)

    def render_front(
        self,
        names: frozenset[str] | None,
        rows: Sequence[Mapping[str, str]],
        unknown: Sequence[str],
        base_url: str,
        account: str = "",
    ) -> Document:
        """``/front``: the state of each operation.

        :param rows: for each operation its name, its state, and the host that responds.
        :param unknown: names in the file of switches that are not operations of the service.
        """
        visible_rows = [row for row in rows if names is None or row["operation"] in names]
        return _build_page(pages.render_front_page(visible_rows, unknown, self.title)).at(base_url, account)

    def render_operation(
        self,
        names: frozenset[str] | None,
        name: str,
        format_name: str,
        language: str,
        base_url: str,
        account: str = "",
    ) -> Document:
        """``/{format}/metadata?op=X&lang=Y``. Raises NotFound for an unknown operation or language."""
        if self._get_view(names).find(name) is None:
            raise NotFound(f"There is no operation '{name[:200]}'.")
        return self._get_document(_build_operation, names, name.lower(), format_name, language.lower()).at(
            base_url, account
        )

    def render_types_index(self, base_url: str, account: str = "") -> Document:
        """``/types``."""
        return self._get_document(_build_types_index, None).at(base_url, account)

    def render_types(
        self, names: frozenset[str] | None, language: str, parameters: Iterable[tuple[str, str | None]], base_url: str
    ) -> Document:
        """``/types/{language}``. Raises NotFound."""
        generator = types.find_language(language)
        accepted = {"version", *(option.lower() for option in generator.list_options())}
        # Unknown options do not change the document, so they are not part of its key.
        options = tuple(sorted((name.lower(), value or "") for name, value in parameters if name.lower() in accepted))
        return self._get_types(_build_types, names, generator.name, options, base_url)

    def build_types_metadata(self, names: frozenset[str] | None, base_url: str) -> Document:
        """``/types/metadata``."""
        return self._get_document(_build_types_metadata, names).at(base_url)

    def build_app_metadata(self, names: frozenset[str] | None, base_url: str) -> Document:
        """``/metadata/app.json``."""
        return self._get_document(_build_app_metadata, names).at(base_url)

    def build_operations_metadata(
        self, names: frozenset[str] | None, serializer: Serializer, content_type: str, base_url: str = ""
    ) -> Document:
        """``/operations/metadata``, in any format."""
        document = self._get_document(_build_operations_metadata, names, serializer, content_type)
        return document.at(base_url) if serializer.paged else document

    def openapi(self, names: frozenset[str] | None, base_url: str) -> Document:
        """``/openapi.json``."""
        return self._get_document(_build_openapi, names).at(base_url)

    def swagger(self, names: frozenset[str] | None, base_url: str) -> Document:
        """``/openapi?version=2``: Swagger 2.0."""
        document = self._get_document(_build_swagger, names).at(base_url)
        # A path must not be empty.
        return replace(document, body=document.body.replace(b'"basePath":""', b'"basePath":"/"', 1))

    def render_explorer(self, names: frozenset[str] | None, base_url: str, account: str = "") -> Document:
        """``/explorer``."""
        return self._get_document(_build_explorer, names).at(base_url, account)

    def render_events(self, names: frozenset[str] | None, base_url: str, account: str = "") -> Document:
        """``/explorer/events``."""
        return self._get_document(_build_events, names).at(base_url, account)

    def render_missing(self, reason: str, base_url: str, account: str = "") -> bytes:
        """Return the page for a 404."""
        return pages.fill_in(pages.render_missing_page(reason, self.title).encode(), base_url, account)

    def _describe(self, names: frozenset[str] | None) -> View:
        # In declared order, module by module, so that the order of imports has no effect.
        ordered = sorted(self.catalog, key=lambda operation: operation.dto.__module__)
        operations = tuple(operation for operation in ordered if names is None or operation.name in names)
        return View(operations, describe(operations))

    def _make(self, make: Callable[..., Document], names: frozenset[str] | None, *inputs: Any) -> Document:
        return make(self, self._get_view(names), *inputs)


def get_last_change(catalog: Catalog) -> datetime:
    """Return when the types of a catalog last changed: the date of the newest file that declares its operations. So generated types stay
    identical if the types have not changed."""
    files = {getattr(sys.modules[operation.dto.__module__], "__file__", None) for operation in catalog}
    times = [Path(file).stat().st_mtime for file in files if file is not None]
    return datetime.fromtimestamp(max(times, default=0), UTC)


def _build_page(text: str, policy: str = POLICY) -> Document:
    return _build_document(text.encode(), HTML, policy)


def _build_json(value: Any) -> Document:
    return _build_document((json.dumps(value, separators=(",", ":")) + "\n").encode(), JSON)


def _build_document(body: bytes, content_type: str, policy: str = "", date: str = "") -> Document:
    # Nodes do not start at the same second; documents that differ only in the date have the same ETag.
    undated_body = body.replace(date.encode(), b"", 1)
    return Document(body, content_type, _format_etag(hashlib.sha256(undated_body).hexdigest()), policy)


def _format_etag(digest: str) -> str:
    return f'W/"{digest[:24]}"'


def _list_sampled_formats(library: Library) -> list[str]:
    """Return the formats with their own pages."""
    return [serializer.name for serializer in library.registry if serializer.sampled]


def _build_index(library: Library, view: View, hosts: tuple[tuple[str, str], ...]) -> Document:
    return _build_page(
        pages.render_index_page(view.operations, _list_sampled_formats(library), library.title, dict(hosts)),
        explorer.build_policy(explorer.FIND),
    )


def _build_operation(library: Library, view: View, name: str, format_name: str, language: str) -> Document:
    operation, serializer = view.find(name), library.registry.by_name(format_name)
    assert operation is not None
    assert serializer is not None
    return _build_page(
        pages.render_operation_page(
            operation,
            view.contract,
            serializer,
            pages.BASE_URL,
            language,
            _list_sampled_formats(library),
            library.title,
        )
    )


def _build_types_index(library: Library, view: View) -> Document:
    del view
    return _build_page(pages.render_types_page(library.title, pages.BASE_URL))


def _build_types(
    library: Library, view: View, language: str, parameters: tuple[tuple[str, str], ...], base_url: str
) -> Document:
    options = Options.of(parameters, base_url, library.date, library.registry.dialect.version)
    return _build_document(types.generate(language, view.contract, options).encode(), TEXT, date=library.date)


def _build_types_metadata(library: Library, view: View) -> Document:
    del library
    return _build_json(documents.build_types_metadata(view.contract, pages.BASE_URL))


def _build_app_metadata(library: Library, view: View) -> Document:
    formats = {serializer.name: serializer.media_types[0] for serializer in library.registry}
    return _build_json(
        documents.build_app_metadata(
            view.contract, pages.BASE_URL, library.title, library.version, types.LANGUAGES, formats
        )
    )


def _build_operations_metadata(library: Library, view: View, serializer: Serializer, content_type: str) -> Document:
    page = Page("Operations", frame=pages.make_frame(library.title)) if serializer.paged else None
    body = serializer.encode(documents.build_operations_metadata(view.operations), page=page)
    return _build_document(body, content_type, POLICY if serializer.paged else "")


def _build_openapi(library: Library, view: View) -> Document:
    return _build_json(
        openapi.build_document(view.operations, library.registry, pages.BASE_URL, library.title, library.version)
    )


def _build_swagger(library: Library, view: View) -> Document:
    document = openapi.build_document(view.operations, library.registry, pages.BASE_URL, library.title, library.version)
    return _build_json(swagger.convert_document(document))


def _build_explorer(library: Library, view: View) -> Document:
    has_events = library.channels is not None
    page = explorer.render_page(view.operations, view.contract, library.title, has_events=has_events)
    return _build_page(page, explorer.build_policy())


def _build_events(library: Library, view: View) -> Document:
    page = explorer.render_events_page(view.operations, library.title, library.channels or ())
    return _build_page(page, explorer.build_policy(explorer.EVENTS))
