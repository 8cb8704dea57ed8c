"""The presentation of a DTO on HTML pages: declared with it, or derived from its fields."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.contract import fields
from gateway.contract.dto_field import AnyField
from gateway.contract.naming import words
from gateway.errors import CatalogError
from serializers import shape

#: Default title fields of a record, the best one first.
_TITLES = ("displayName", "name", "title", "subject", "fullName", "emailAddress", "email", "label")
#: The default maximum of columns of a list.
_MOST_COLUMNS = 8
_SUFFIX = re.compile(r"(?<=[a-z])(?:Info|Dto|Response|Result|Model|Record)$")
_ID = re.compile(r"(?:^id|Ids?|Sid)$")
_NESTED = (fields.Nested, fields.List, fields.Map)


@dataclass(frozen=True, slots=True)
class View:
    """How HTML pages show a DTO. Fields are given by attribute name; omitted values are derived from the fields.

    ``view = View("Order", title=["number"], columns=["number", "customer_name", "total"], sorted_by="date_created")``

    :ivar noun: the word for one record; by default the type's name in words, without ``Info`` or ``Dto``.
    :ivar plural: the word for several; by default the English plural of the noun.
    :ivar title: the fields that may be a record's title; the first one with a value is used.
    :ivar columns: the columns of lists, at most 12. A switch shows the others.
    :ivar first: the fields that the page of one record shows first; by default the columns.
    :ivar sorted_by: the field that lists are sorted by, in descending order, if a request names none.
    :ivar closed_by: the Boolean field that is true when a record can no longer be changed: its page then links to no changes.
    """

    noun: str = ""
    plural: str = ""
    title: Sequence[str] = ()
    columns: Sequence[str] = ()
    first: Sequence[str] = ()
    sorted_by: str = ""
    closed_by: str = ""


def make_view(name: str, declared: View | None, members: Mapping[str, tuple[str, AnyField]]) -> shape.View:
    """Return the view of a DTO by wire names.

    :param name: the DTO's name.
    :param members: by wire name, attribute name and field.
    :raises CatalogError: when the declared view names no field.
    """
    declared = declared or View()
    noun = declared.noun or _make_noun(name)
    wires = {attribute: wire for wire, (attribute, _) in members.items()}
    ids = tuple(wire for wire in members if _ID.search(wire))
    title = _find_wires(name, declared.title, wires) or tuple(wire for wire in (*_TITLES, "id") if wire in members)
    columns = _find_wires(name, declared.columns, wires) or _choose_columns(members, title, ids)
    first = _find_wires(name, declared.first, wires) or columns
    sorted_by = _find_wires(name, [declared.sorted_by] if declared.sorted_by else (), wires)
    closed_by = _find_wires(name, [declared.closed_by] if declared.closed_by else (), wires)
    last = tuple(wire for wire in ids if wire not in columns or wire == "id")
    return shape.View(
        noun, declared.plural or make_plural(noun), title, columns, first, last, "".join(sorted_by), "".join(closed_by)
    )


def _find_wires(dto: str, attributes: Sequence[str], wires: Mapping[str, str]) -> tuple[str, ...]:
    for attribute in attributes:
        if attribute not in wires:
            raise CatalogError(f"the view of {dto} names {attribute!r}, which is not a field of it")
    return tuple(wires[attribute] for attribute in attributes)


def _choose_columns(
    members: Mapping[str, tuple[str, AnyField]], title: tuple[str, ...], ids: tuple[str, ...]
) -> tuple[str, ...]:
    plain = [wire for wire, (_, field) in members.items() if wire not in ids and not isinstance(field, _NESTED)]
    title_columns = [wire for wire in title[:1] if wire in members]
    return tuple(dict.fromkeys([*title_columns, *plain]))[:_MOST_COLUMNS]


def _make_noun(name: str) -> str:
    text = words(_SUFFIX.sub("", name))
    return text[:1] + text[1:].lower()


def make_plural(noun: str) -> str:
    """Return the English plural of a noun."""
    if re.search(r"[^aeiou]y$", noun):
        return f"{noun[:-1]}ies"
    if re.search(r"[^s]s$", noun):
        return noun
    return f"{noun}es" if re.search(r"(?:ss|x|z|ch|sh)$", noun) else f"{noun}s"
