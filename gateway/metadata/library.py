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
        return replace(self, body=pages.filled(self.body, base_url, account), etag=_etag(digest))


@dataclass(frozen=True)
class View:
    """A part of the catalog and its description."""

    operations: tuple[Operation, ...]
    contract: Contract

    def find(self, name: str) -> Operation | None:
        """Return the operation with this name, in any letter case."""
        return next((each for each in self.operations if each.name.lower() == name.lower()), None)


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
        self.date = f"{changed(catalog):%Y-%m-%d %H:%M:%S}"
        #: The state of each operation, by name, if an old host is behind the service.
        self.answering: Callable[[], tuple[tuple[str, str], ...]] = tuple
        self._view = lru_cache(maxsize=16)(self._describe)
        self._kept = lru_cache(maxsize=MOST_KEPT)(self._make)
        self._kept_types = lru_cache(maxsize=MOST_TYPES_KEPT)(self._make)

    def index(self, names: frozenset[str] | None, base_url: str, account: str = "") -> Document:
        """``/metadata``."""
        return self._kept(_index, names, self.answering()).at(base_url, account)

    def front(
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
        shown = [each for each in rows if names is None or each["operation"] in names]
        return _page(pages.front_page(shown, unknown, self.title)).at(base_url, account)

    def operation(
        self,
        names: frozenset[str] | None,
        name: str,
        format_name: str,
        language: str,
        base_url: str,
        account: str = "",
    ) -> Document:
        """``/{format}/metadata?op=X&lang=Y``. Raises NotFound for an unknown operation or language."""
        if self._view(names).find(name) is None:
            raise NotFound(f"There is no operation '{name[:200]}'.")
        return self._kept(_operation, names, name.lower(), format_name, language.lower()).at(base_url, account)

    def types_index(self, base_url: str, account: str = "") -> Document:
        """``/types``."""
        return self._kept(_types_index, None).at(base_url, account)

    def types(
        self, names: frozenset[str] | None, language: str, given: Iterable[tuple[str, str | None]], base_url: str
    ) -> Document:
        """``/types/{language}``. Raises NotFound."""
        known = types.language(language)
        accepted = {"version", *(each.lower() for each in known.options_of())}
        # Unknown options are left out, so that they do not make another document.
        options = tuple(sorted((name.lower(), value or "") for name, value in given if name.lower() in accepted))
        return self._kept_types(_types, names, known.name, options, base_url)

    def types_metadata(self, names: frozenset[str] | None, base_url: str) -> Document:
        """``/types/metadata``."""
        return self._kept(_types_metadata, names).at(base_url)

    def app_metadata(self, names: frozenset[str] | None, base_url: str) -> Document:
        """``/metadata/app.json``."""
        return self._kept(_app_metadata, names).at(base_url)

    def operations_metadata(
        self, names: frozenset[str] | None, serializer: Serializer, content_type: str, base_url: str = ""
    ) -> Document:
        """``/operations/metadata``, in any format."""
        found = self._kept(_operations_metadata, names, serializer, content_type)
        return found.at(base_url) if serializer.paged else found

    def openapi(self, names: frozenset[str] | None, base_url: str) -> Document:
        """``/openapi.json``."""
        return self._kept(_openapi, names).at(base_url)

    def swagger(self, names: frozenset[str] | None, base_url: str) -> Document:
        """``/openapi?version=2``: Swagger 2.0."""
        found = self._kept(_swagger, names).at(base_url)
        # A path must not be empty.
        return replace(found, body=found.body.replace(b'"basePath":""', b'"basePath":"/"', 1))

    def explorer(self, names: frozenset[str] | None, base_url: str, account: str = "") -> Document:
        """``/explorer``."""
        return self._kept(_explorer, names).at(base_url, account)

    def events(self, names: frozenset[str] | None, base_url: str, account: str = "") -> Document:
        """``/explorer/events``."""
        return self._kept(_events, names).at(base_url, account)

    def missing(self, reason: str, base_url: str, account: str = "") -> bytes:
        """Return the page for a 404."""
        return pages.filled(pages.missing_page(reason, self.title).encode(), base_url, account)

    def _describe(self, names: frozenset[str] | None) -> View:
        # In declared order, module by module, so that the order of imports has no effect.
        ordered = sorted(self.catalog, key=lambda each: each.dto.__module__)
        operations = tuple(each for each in ordered if names is None or each.name in names)
        return View(operations, describe(operations))

    def _make(self, make: Callable[..., Document], names: frozenset[str] | None, *what: Any) -> Document:
        return make(self, self._view(names), *what)


def changed(catalog: Catalog) -> datetime:
    """Return when the types of a catalog last changed: the date of the newest file that declares its operations. So generated types stay
    identical if the types have not changed."""
    files = {getattr(sys.modules[each.dto.__module__], "__file__", None) for each in catalog}
    times = [Path(each).stat().st_mtime for each in files if each is not None]
    return datetime.fromtimestamp(max(times, default=0), UTC)


def _page(text: str, policy: str = POLICY) -> Document:
    return _document(text.encode(), HTML, policy)


def _json(value: Any) -> Document:
    return _document((json.dumps(value, separators=(",", ":")) + "\n").encode(), JSON)


def _document(body: bytes, content_type: str, policy: str = "", date: str = "") -> Document:
    # Nodes do not start at the same second; documents that differ only in the date have the same ETag.
    told = body.replace(date.encode(), b"", 1)
    return Document(body, content_type, _etag(hashlib.sha256(told).hexdigest()), policy)


def _etag(digest: str) -> str:
    return f'W/"{digest[:24]}"'


def _sampled(library: Library) -> list[str]:
    """Return the formats with their own pages."""
    return [each.name for each in library.registry if each.sampled]


def _index(library: Library, view: View, answering: tuple[tuple[str, str], ...]) -> Document:
    return _page(
        pages.index_page(view.operations, _sampled(library), library.title, dict(answering)),
        explorer.policy(explorer.FIND),
    )


def _operation(library: Library, view: View, name: str, format_name: str, language: str) -> Document:
    operation, serializer = view.find(name), library.registry.by_name(format_name)
    assert operation is not None
    assert serializer is not None
    return _page(
        pages.operation_page(
            operation, view.contract, serializer, pages.BASE_URL, language, _sampled(library), library.title
        )
    )


def _types_index(library: Library, view: View) -> Document:
    del view
    return _page(pages.types_page(library.title, pages.BASE_URL))


def _types(library: Library, view: View, language: str, given: tuple[tuple[str, str], ...], base_url: str) -> Document:
    options = Options.of(given, base_url, library.date, library.registry.dialect.version)
    return _document(types.generate(language, view.contract, options).encode(), TEXT, date=library.date)


def _types_metadata(library: Library, view: View) -> Document:
    del library
    return _json(documents.types_metadata(view.contract, pages.BASE_URL))


def _app_metadata(library: Library, view: View) -> Document:
    formats = {each.name: each.media_types[0] for each in library.registry}
    return _json(
        documents.app_metadata(view.contract, pages.BASE_URL, library.title, library.version, types.LANGUAGES, formats)
    )


def _operations_metadata(library: Library, view: View, serializer: Serializer, content_type: str) -> Document:
    page = Page("Operations", frame=pages.frame(library.title)) if serializer.paged else None
    body = serializer.encode(documents.operations_metadata(view.operations), page=page)
    return _document(body, content_type, POLICY if serializer.paged else "")


def _openapi(library: Library, view: View) -> Document:
    return _json(openapi.document(view.operations, library.registry, pages.BASE_URL, library.title, library.version))


def _swagger(library: Library, view: View) -> Document:
    made = openapi.document(view.operations, library.registry, pages.BASE_URL, library.title, library.version)
    return _json(swagger.document(made))


def _explorer(library: Library, view: View) -> Document:
    has_events = library.channels is not None
    page = explorer.page(view.operations, view.contract, library.title, has_events=has_events)
    return _page(page, explorer.policy())


def _events(library: Library, view: View) -> Document:
    page = explorer.events_page(view.operations, library.title, library.channels or ())
    return _page(page, explorer.policy(explorer.EVENTS))
