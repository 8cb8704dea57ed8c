"""Differences between two contracts, one line each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

from gateway.contract.catalog import Access
from gateway.contract.typeinfo import Contract, EnumInfo, OperationInfo, Property, RecordInfo, TypeInfo, TypeRef


def find_differences(old: Contract, new: Contract) -> Iterator[str]:
    """Return added, removed and changed declarations: operations first, then types."""
    yield from _compare_names("operation", old.by_name, new.by_name, _compare_operations)
    yield from _compare_names("type", old.types, new.types, _compare_types)
    if old.by_name.keys() == new.by_name.keys() and [*old.by_name] != [*new.by_name]:
        yield "operations are in another order"


def _compare_names(kind: str, old: Mapping[str, Any], new: Mapping[str, Any], compare: Any) -> Iterator[str]:
    yield from (f"new {kind} {name}" for name in new if name not in old)
    yield from (f"{kind} {name} is gone" for name in old if name not in new)
    for name in new:
        if name in old and old[name] != new[name]:
            yield from compare(name, old[name], new[name])


def _compare_operations(name: str, old: OperationInfo, new: OperationInfo) -> Iterator[str]:
    for label, before, after in (
        ("routes", _format_routes(old), _format_routes(new)),
        ("verbs", " ".join(old.verbs), " ".join(new.verbs)),
        ("access", _format_access(old.access), _format_access(new.access)),
        ("returns", _format_type(old.returns), _format_type(new.returns)),
        ("tags", ", ".join(old.tags), ", ".join(new.tags)),
    ):
        if before != after:
            yield (
                f"{name}: {label} were {before or 'none'}, are {after or 'none'}"
                if label != "returns"
                else (f"{name}: returned {before}, returns {after}")
            )
    if old.ui != new.ui:
        yield f"{name}: its ui changed"


def _format_routes(operation: OperationInfo) -> str:
    return ", ".join(f"{' '.join(route.verbs)} {route.path}" for route in operation.routes)


def _format_access(access: Access) -> str:
    plain = replace(access, administrator="")
    values = [
        f"{field.name}={getattr(plain, field.name)}"
        for field in fields(plain)
        if getattr(plain, field.name) not in ((), False, "")
    ]
    return ", ".join(values) or "anyone"


def _compare_types(name: str, old: TypeInfo, new: TypeInfo) -> Iterator[str]:
    if isinstance(old, RecordInfo) and isinstance(new, RecordInfo):
        yield from _compare_records(name, old, new)
    elif isinstance(old, EnumInfo) and isinstance(new, EnumInfo):
        yield from _compare_enums(name, old, new)
    else:
        yield f"{name} is another kind of type"


def _compare_records(name: str, old: RecordInfo, new: RecordInfo) -> Iterator[str]:
    before = {field.name: field for field in old.properties}
    after = {field.name: field for field in new.properties}
    yield from _compare_names("property", _add_prefix(name, before), _add_prefix(name, after), _compare_fields)
    if before.keys() == after.keys() and [*before] != [*after]:
        yield f"{name}: properties are in another order"
    for label in ("namespace", "base", "parameters", "interfaces", "description", "attributes", "ui", "ordered"):
        if getattr(old, label) != getattr(new, label):
            yield f"{name}: its {label} changed"


def _add_prefix(name: str, properties: Mapping[str, Property]) -> Mapping[str, Property]:
    return {f"{name}.{field_name}": value for field_name, value in properties.items()}


def _compare_fields(name: str, old: Property, new: Property) -> Iterator[str]:
    before, after = _format_field_type(old), _format_field_type(new)
    if before != after:
        yield f"{name} was {before}, is {after}"
    for attribute in fields(Property):
        if attribute.name not in ("type", "nullable") and getattr(old, attribute.name) != getattr(new, attribute.name):
            yield f"{name}: its {attribute.name} changed"


def _format_field_type(field: Property) -> str:
    return _format_type(field.type) + ("" if field.nullable else ", never null")


def _compare_enums(name: str, old: EnumInfo, new: EnumInfo) -> Iterator[str]:
    before, after = dict(old.members), dict(new.members)
    yield from (f"new member {name}.{member} = {after[member]}" for member in after if member not in before)
    yield from (f"member {name}.{member} is gone" for member in before if member not in after)
    for member in after:
        if before.get(member, after[member]) != after[member]:
            yield f"{name}.{member} was {before[member]}, is {after[member]}"
    for label in ("namespace", "description", "flags", "numbered", "texts", "descriptions"):
        if getattr(old, label) != getattr(new, label):
            yield f"{name}: its {label} changed"


def _format_type(ref: TypeRef | None) -> str:
    if ref is None:
        return "nothing"
    arguments = f"<{', '.join(map(_format_type, ref.arguments))}>" if ref.arguments else ""
    return f"{ref.name}{arguments}{'?' if ref.nullable else ''}"
