"""Records with a `View`: the titles of records, the labels of their fields, and which fields are links."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from serializers.dialect import Dialect
from serializers.html import cells
from serializers.page import Page
from serializers.plain import member_of, plain
from serializers.shape import ListOf, Record, Reference, View

_WORD = re.compile(r"[A-Z]+(?![^\W\d_A-Z])|[A-Z]?[^\W\d_A-Z]+|\d+")
#: Maximum items of a list of plain values that a cell of a row shows; a longer list is collapsed.
_MOST_SHOWN = 5
#: Maximum characters of the name of a record that is collapsed in a cell.
_LONGEST_NAME = 60
#: Writes the value of a member as HTML.
Write = Callable[[Any], str]


def make_label(wire_name: str) -> str:
    """Return the label of a field: ``From address`` for ``fromAddress``, ``Account ID`` for ``accountId``."""
    words = [word if len(word) > 1 and word.isupper() else word.lower() for word in _WORD.findall(wire_name)]
    words = [_CAPITALS.get(word, word) for word in words]
    return " ".join(words)[:1].upper() + " ".join(words)[1:] if words else wire_name


_CAPITALS = {"id": "ID", "ids": "IDs", "url": "URL", "sid": "SID", "uri": "URI", "api": "API"}


def is_time(wire_name: str) -> bool:
    """Return whether a name is that of a point in time."""
    return re.search(r"(?i:date|time|created|modified|updated)|(?:At|On)$", wire_name) is not None


def title_of(row: Any, record: Record, view: View) -> str:
    """Return the name of a record: the first of its title fields that is not empty."""
    for name in view.title:
        value = member_of(row, record, name)
        if value not in (None, ""):
            return str(value)[:200]
    return ""


class Links:
    """The links of a record's members.

    :param linked: the members that name the record and its id link to the record.
    """

    def __init__(self, record: Record, page: Page, *, linked: bool) -> None:
        self._record, self._page = record, page
        self._paths = {name: _find_path(name, page.addresses) for name in record.fields}
        self._owner = page.owners.get(record.name) if linked else None
        view = record.view
        self._names = view.title if view else ()
        self._own_id = page.owners[record.name][1] if record.name in page.owners else ""

    def address(self, row: Any, name: str) -> str:
        """Return the address that a member of a row links to; empty for none."""
        if self._owner and name in (self._own_id, *self._names):
            path, key = self._owner
            return self._page.at(path, member_of(row, self._record, key))
        if name == self._own_id:
            return ""
        if path := self._paths[name]:
            value = member_of(row, self._record, name)
            return "" if isinstance(value, (list, tuple)) else self._page.at(path, value)
        if name.endswith("Name") and (path := self._paths.get(f"{name[:-4]}Id", "")):
            return self._page.at(path, member_of(row, self._record, f"{name[:-4]}Id"))
        return ""

    def item_path(self, name: str) -> str:
        """Return the path of the items of a list of ids; empty for other members."""
        return self._paths[name] if isinstance(self._record.fields[name], ListOf) else ""


def _find_path(name: str, addresses: Mapping[str, str]) -> str:
    """Return the path of the object that an id names: ``parentSessionId`` names a session, and so does each of ``sessionIds``."""
    for id_name in (name, name.removesuffix("s")):
        folded = id_name.lower()
        for key, path in addresses.items():
            if folded == key or (folded.endswith(key) and id_name[-len(key)].isupper()):
                return path
    return ""


def make_writers(
    record: Record, page: Page, dialect: Dialect, *, linked: bool, folded: bool, brief: bool = False
) -> Mapping[str, Write]:
    """Return functions from a row to the HTML of each of its members; the HTML is empty if the member is null.

    :param linked: the members that name a record link to it.
    :param folded: nested values are collapsed.
    :param brief: points in time are shown to the minute.
    """
    links = Links(record, page, linked=linked)
    return {
        name: _make_writer(name, record, page, dialect, links, folded=folded, brief=brief) for name in record.fields
    }


def _make_writer(
    name: str, record: Record, page: Page, dialect: Dialect, links: Links, *, folded: bool, brief: bool
) -> Write:
    shape = record.fields[name]
    shape = shape.record if isinstance(shape, Reference) else shape
    view = shape.view if isinstance(shape, Record) else None
    item_path = links.item_path(name)

    def write(row: Any) -> str:
        value = member_of(row, record, name)
        if value is None:
            return ""
        if item_path and value:
            return ", ".join(_link(cells.text(item), page.at(item_path, item)) for item in value)
        plain_value = plain(value, shape, dialect)
        if (
            folded
            and isinstance(plain_value, list)
            and 0 < len(plain_value) <= _MOST_SHOWN
            and not any(map(_is_nested, plain_value))
        ):
            return ", ".join(map(cells.text, plain_value))
        if isinstance(plain_value, (dict, list)):
            if not folded:
                return cells.cell(plain_value)
            title = title_of(value, shape, view) if isinstance(shape, Record) and view is not None else ""
            return cells.folded(plain_value, f"{title[:_LONGEST_NAME]}…" if len(title) > _LONGEST_NAME else title)
        return _link(cells.text(plain_value, brief=brief), links.address(row, name)) if plain_value != "" else ""

    return write


def _is_nested(value: Any) -> bool:
    return value is None or isinstance(value, (dict, list))


def _link(content: str, address: str) -> str:
    return f'<a href="{escape(address)}">{content}</a>' if address and content else content
