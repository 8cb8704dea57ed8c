"""The surroundings of a document on a page for people: header and links; for a list also its filters, order and pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Frame:
    """The header of all pages of a service. Addresses are those that the browser uses.

    :ivar service: the service's name.
    :ivar home: the address of the first page.
    :ivar links: label to address.
    :ivar caller: the name of the signed-in user; empty for none.
    :ivar sign_in: the address of the log-in page; empty if the service has none, or a user is signed in.
    :ivar sign_out: the address that the sign-out form is posted to; empty if signing out is not possible.
    :ivar after: the address of the page after signing out.
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
    :ivar label: the name for people.
    :ivar value: the value of this page's request.
    :ivar kind: the type of an ``input``: ``text``, ``date`` or ``number``.
    :ivar choices: values and labels of a ``select``; empty for an ``input``.
    :ivar about: a description.
    :ivar rare: the control is collapsed while it has no value.
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
    :ivar sort_field: wire name of the member that the rows are sorted by; empty if unknown.
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
        """Return whether a filter has a value."""
        return any(control.value for control in self.controls)

    @property
    def has_all_columns(self) -> bool:
        """Return whether this page shows all columns."""
        return any(name.lower() == COLUMNS and value.lower() == ALL_COLUMNS for name, value in self.pairs)

    def address(self, **changes: str) -> str:
        """Return the address of the list with other values in its query string; an empty value removes the name."""
        changed = {name.lower() for name in changes}
        pairs = [(name, value) for name, value in self.pairs if value and name.lower() not in changed]
        pairs += [(name, value) for name, value in changes.items() if value]
        query = "&".join(f"{quote(name)}={quote(value, safe='')}" for name, value in pairs)
        return f"{self.path}?{query}" if query else self.path

    def list_hidden_pairs(self) -> list[tuple[str, str]]:
        """Return the pairs that the filter form resends: those that are neither filters nor the number of the page."""
        filters = {control.name.lower() for control in self.controls} | {"page"}
        return [(name, value) for name, value in self.pairs if value and name.lower() not in filters]


@dataclass(frozen=True, slots=True)
class Page:
    """The surroundings of a document.

    :ivar title: the title of a page for people; empty for the document's own.
    :ivar links: a page's links to the document in other formats, label to address.
    :ivar hold: called with the size of each row that a format keeps until it has read all rows; it raises when the sum is too large.
    :ivar lead: a sentence before the document.
    :ivar frame: the header.
    :ivar listing: the filters, order and pages of a list; None for other documents.
    :ivar root: the path under which the service is served; the prefix of the paths below.
    :ivar addresses: paths of objects by the name of their id in lower case: ``sessionid`` to a path with ``{}`` for the id.
    :ivar owners: paths of records by the name of their type: such a path, and the wire name of the member that is the id.
    :ivar actions: links to what can be done with the document: label to a path, which may have ``{}`` for the record's id.
    :ivar related: links to lists about a record: label to such a path.
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
        """Return labels and addresses of links; without an id, those that need one are omitted.

        :param paths: label to a path, or to one with ``{}`` for the record's id.
        """
        addresses = {
            label: self.at(path, record_id) if "{}" in path else self.root + path for label, path in paths.items()
        }
        return {label: address for label, address in addresses.items() if address}

    def at(self, path: str, value: Any) -> str:
        """Return an address with an id in it; empty if there is no id, or a path cannot hold it."""
        text = str(value)
        if value is None or text in ("", ".", ".."):
            return ""
        return self.root + path.replace("{}", quote(text, safe=""))
