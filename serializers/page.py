"""What surrounds a document on a page for people: the header, the links, and of a list its filters, order and pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Frame:
    """The header of all pages of a service. Addresses are as the browser sees them.

    :ivar service: the service's name.
    :ivar home: the address of the first page.
    :ivar links: label to address.
    :ivar caller: the name of the signed-in user; empty for none.
    :ivar sign_in: the address of the log-in page; empty where the service has none, or somebody is signed in.
    :ivar sign_out: where the form that signs the user out is sent to; empty where nothing can be signed out.
    :ivar after: the address of the page that follows.
    """

    service: str
    home: str = "/"
    links: Mapping[str, str] = field(default_factory=dict)
    caller: str = ""
    sign_in: str = ""
    sign_out: str = ""
    after: str = ""


#: The name in a query string that makes a page show all columns of a list, and its value.
COLUMNS, ALL_COLUMNS = "_columns", "all"


@dataclass(frozen=True, slots=True)
class Control:
    """A filter of a list: a control of a form.

    :ivar name: the name in the query string.
    :ivar label: what people read.
    :ivar value: the value of this page's request.
    :ivar kind: the type of an ``input``: ``text``, ``date`` or ``number``.
    :ivar choices: values and labels of a ``select``; empty for an ``input``.
    :ivar about: a description.
    :ivar rare: it is folded away while it has no value.
    :ivar problem: why the value is refused; empty for an accepted value.
    """

    name: str
    label: str
    value: str = ""
    kind: str = "text"
    choices: tuple[tuple[str, str], ...] = ()
    about: str = ""
    rare: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list's filters, order and pages.

    :ivar path: the address without a query string.
    :ivar pairs: names and values of the query string.
    :ivar controls: the filters.
    :ivar sort_field: wire name of the member that the rows are sorted by; empty where it is not known.
    :ivar ascending: the order is ascending.
    :ivar sortable: column heads sort.
    :ivar number: the number of the page; 0 for a list without pages.
    :ivar capped: there are more rows than the list counts.
    """

    path: str
    pairs: tuple[tuple[str, str], ...] = ()
    controls: tuple[Control, ...] = ()
    sort_field: str = ""
    ascending: bool = False
    sortable: bool = False
    number: int = 0
    capped: bool = False

    @property
    def is_filtered(self) -> bool:
        """Whether a filter has a value."""
        return any(each.value for each in self.controls)

    @property
    def has_all_columns(self) -> bool:
        """Whether this page shows all columns."""
        return any(name.lower() == COLUMNS and value.lower() == ALL_COLUMNS for name, value in self.pairs)

    def address(self, **changes: str) -> str:
        """The address of the list with other values in its query string; an empty value removes the name."""
        changed = {name.lower() for name in changes}
        pairs = [(name, value) for name, value in self.pairs if value and name.lower() not in changed]
        pairs += [(name, value) for name, value in changes.items() if value]
        query = "&".join(f"{quote(name)}={quote(value, safe='')}" for name, value in pairs)
        return f"{self.path}?{query}" if query else self.path

    def kept(self) -> list[tuple[str, str]]:
        """The pairs that the form of the filters sends on: those that are neither filters nor the number of the page."""
        filters = {each.name.lower() for each in self.controls} | {"page"}
        return [(name, value) for name, value in self.pairs if value and name.lower() not in filters]


@dataclass(frozen=True, slots=True)
class Page:
    """What surrounds a document.

    :ivar title: the title of a page for people; empty for the document's own.
    :ivar links: a page's links to the document's other forms, label to address.
    :ivar hold: called with the bytes of each row that a format keeps until it has read all rows; it raises when they are too many.
    :ivar lead: a sentence before the document.
    :ivar frame: the header.
    :ivar listing: of a list, its filters, order and pages.
    :ivar root: the path under which the service is served; what `addresses` and `actions` begin with.
    :ivar addresses: where the objects are that ids name: the name of an id in lower case (``sessionid``) to a path with ``{}`` for the id.
    :ivar owners: where the records of a type are: the type's name to such a path and the wire name of the member that is the id.
    :ivar actions: what can be done with the document: label to an address, which may have ``{}`` for the record's id.
    :ivar related: lists about a record: label to such an address.
    """

    title: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    hold: Callable[[int], None] | None = None
    lead: str = ""
    frame: Frame | None = None
    listing: Listing | None = None
    root: str = ""
    addresses: Mapping[str, str] = field(default_factory=dict)
    owners: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    actions: Mapping[str, str] = field(default_factory=dict)
    related: Mapping[str, str] = field(default_factory=dict)

    def leading(self, paths: Mapping[str, str], record_id: Any) -> dict[str, str]:
        """Labels and addresses of links; without those that need an id where there is none.

        :param paths: label to a path, or to one with ``{}`` for the record's id.
        """
        addresses = {
            label: self.at(path, record_id) if "{}" in path else self.root + path for label, path in paths.items()
        }
        return {label: address for label, address in addresses.items() if address}

    def at(self, path: str, value: Any) -> str:
        """An address with an id in it; empty where the path has no place for it, or there is no id."""
        text = str(value)
        if value is None or text in ("", ".", ".."):
            return ""
        return self.root + path.replace("{}", quote(text, safe=""))
