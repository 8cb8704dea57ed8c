"""Parsing of ``[ApiMember]`` and ``[DataMember]`` from all kinds of sources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gateway.contract.catalog import Access
from gateway.contract.dto_field import ApiMember, Attribute, DataMember, TypeName
from gateway.importing.drafts import ImportFailed, Losses

_API = {
    "Name": "name",
    "DataType": "data_type",
    "Format": "format",
    "ParameterType": "parameter_type",
    "IsRequired": "is_required",
}


def api_member(attribute: Attribute, place: str, losses: Losses) -> tuple[ApiMember | None, str]:
    """Return the values of an ``[ApiMember]``, None if it has only a description; and its description."""
    told = {_API[name]: value for name, value in attribute.values.items() if name in _API}
    for name in attribute.values:
        if name not in _API and name != "Description":
            losses.add(f"{name} of [ApiMember]", place)
    values: dict[str, Any] = {
        name: bool(value) if name == "is_required" else str(value) for name, value in told.items()
    }
    member = ApiMember(**values)
    return (None if member == ApiMember() else member), str(attribute.values.get("Description", ""))


def data_member(told: Mapping[str, Any], place: str) -> DataMember:
    """Return a ``[DataMember]`` from its values by name, in any letter case.

    :raises ImportFailed: when its name is not valid.
    """
    values = {name.lower(): value for name, value in told.items()}
    name, order = values.get("name"), values.get("order")
    if not isinstance(name, str | None):
        raise ImportFailed(f"{place}: the name of a data member must be a text")
    if isinstance(order, bool) or not isinstance(order, int | None):
        raise ImportFailed(f"{place}: the order of a data member must be a whole number")
    try:
        # .NET writes -1 for none.
        return DataMember(name or "", None if order == -1 else order, bool(values.get("isrequired", False)))
    except ValueError as error:
        raise ImportFailed(f"{place}: {error}") from None


_TYPE_ARGUMENT = re.compile(r"(?:typeof|GetType)\s*\(\s*(.*?)\s*\)|typeof\s*<\s*(.*?)\s*>", re.DOTALL)


class UnspeakableType(Exception):
    """A type that no attribute of a declaration can name, such as a generic one."""


def type_argument(text: str) -> TypeName:
    """Return the type in an attribute's argument: ``typeof(Acme.Coupon)``, or a name alone.

    :raises UnspeakableType: when it is not a plain name.
    """
    found = _TYPE_ARGUMENT.fullmatch(text.strip())
    name = (found[1] or found[2] or "") if found else text.strip()
    try:
        return TypeName(name.removeprefix("global::").replace("+", "."))
    except ValueError:
        raise UnspeakableType(name) from None


#: Requirements that ``[ValidateRequest]`` sets for callers, and separate attributes with the same meaning.
_ASKED = re.compile(r"(\w+)(?:\((.*)\))?", re.DOTALL)
_FIELDS = {
    "hasrole": "all_of",
    "hasroles": "all_of",
    "requiredrole": "all_of",
    "requiresanyrole": "any_of",
    "hasanyrole": "any_of",
    "haspermission": "permissions",
    "haspermissions": "permissions",
    "requiredpermission": "permissions",
    "requiresanypermission": "any_permission",
    "hasanypermission": "any_permission",
}
_SIGNED_IN = frozenset(("isauthenticated", "authenticate", "requiredauthenticate"))


def access_of(attributes: Iterable[Attribute]) -> Access | None:
    """Return the access rule in an operation's attributes; None if they have none."""
    found: dict[str, Any] = {}
    is_told = False
    for name, arguments in _demands(attributes):
        if name in _SIGNED_IN:
            is_told = True
        elif name == "isadmin":
            found["all_of"] = (*found.get("all_of", ()), "Admin")
        elif name == "apikey":
            found["api_key"] = True
        elif name in _FIELDS:
            found[_FIELDS[name]] = (*found.get(_FIELDS[name], ()), *arguments)
    return Access(**found) if found or is_told else None


def _demands(attributes: Iterable[Attribute]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for each in attributes:
        name = each.name.lower()
        texts = tuple(str(value) for value in (*each.arguments, *each.values.values()))
        if name == "validaterequest":
            for text in texts:
                if found := _ASKED.fullmatch(text.strip().strip("[]")):
                    given = re.findall(r"[`'\"]([^`'\"]+)[`'\"]", found[2] or "")
                    yield found[1].lower(), tuple(given)
        else:
            yield name.removeprefix("validate"), texts
