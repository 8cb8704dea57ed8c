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


def parse_api_member(attribute: Attribute, position: str, losses: Losses) -> tuple[ApiMember | None, str]:
    """Return the values of an ``[ApiMember]``, None if it has only a description; and its description."""
    raw_values = {_API[name]: value for name, value in attribute.values.items() if name in _API}
    for name in attribute.values:
        if name not in _API and name != "Description":
            losses.add(f"{name} of [ApiMember]", position)
    values: dict[str, Any] = {
        name: bool(value) if name == "is_required" else str(value) for name, value in raw_values.items()
    }
    member = ApiMember(**values)
    return (None if member == ApiMember() else member), str(attribute.values.get("Description", ""))


def parse_data_member(raw_values: Mapping[str, Any], position: str) -> DataMember:
    """Return a ``[DataMember]`` from its values by name, in any letter case.

    :raises ImportFailed: when its name is not valid.
    """
    values = {name.lower(): value for name, value in raw_values.items()}
    name, order = values.get("name"), values.get("order")
    if not isinstance(name, str | None):
        raise ImportFailed(f"{position}: the name of a data member must be a text")
    if isinstance(order, bool) or not isinstance(order, int | None):
        raise ImportFailed(f"{position}: the order of a data member must be a whole number")
    try:
        # .NET writes -1 for none.
        return DataMember(name or "", None if order == -1 else order, bool(values.get("isrequired", False)))
    except ValueError as error:
        raise ImportFailed(f"{position}: {error}") from None


_TYPE_ARGUMENT = re.compile(r"(?:typeof|GetType)\s*\(\s*(.*?)\s*\)|typeof\s*<\s*(.*?)\s*>", re.DOTALL)


class UnspeakableType(Exception):
    """A type that no attribute of a declaration can name, such as a generic one."""


def parse_type_argument(text: str) -> TypeName:
    """Return the type in an attribute's argument: ``typeof(Acme.Coupon)``, or a name alone.

    :raises UnspeakableType: when it is not a plain name.
    """
    match = _TYPE_ARGUMENT.fullmatch(text.strip())
    name = (match[1] or match[2] or "") if match else text.strip()
    try:
        return TypeName(name.removeprefix("global::").replace("+", "."))
    except ValueError:
        raise UnspeakableType(name) from None


#: Requirements that ``[ValidateRequest]`` sets for callers, and separate attributes with the same meaning.
_DEMAND = re.compile(r"(\w+)(?:\((.*)\))?", re.DOTALL)
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


def find_access(attributes: Iterable[Attribute]) -> Access | None:
    """Return the access rule in an operation's attributes; None if they have none."""
    rule: dict[str, Any] = {}
    is_signed_in = False
    for name, arguments in _list_demands(attributes):
        if name in _SIGNED_IN:
            is_signed_in = True
        elif name == "isadmin":
            rule["all_of"] = (*rule.get("all_of", ()), "Admin")
        elif name == "apikey":
            rule["api_key"] = True
        elif name in _FIELDS:
            rule[_FIELDS[name]] = (*rule.get(_FIELDS[name], ()), *arguments)
    return Access(**rule) if rule or is_signed_in else None


def _list_demands(attributes: Iterable[Attribute]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for attribute in attributes:
        name = attribute.name.lower()
        texts = tuple(str(value) for value in (*attribute.arguments, *attribute.values.values()))
        if name == "validaterequest":
            for text in texts:
                if match := _DEMAND.fullmatch(text.strip().strip("[]")):
                    arguments = re.findall(r"[`'\"]([^`'\"]+)[`'\"]", match[2] or "")
                    yield match[1].lower(), tuple(arguments)
        else:
            yield name.removeprefix("validate"), texts
