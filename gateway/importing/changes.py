"""Differences between two contracts, one line each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

from gateway.contract.catalog import Access
from gateway.contract.typeinfo import Contract, EnumInfo, OperationInfo, Property, RecordInfo, TypeInfo, TypeRef


def differences(old: Contract, new: Contract) -> Iterator[str]:
    """Return added, removed and changed declarations: operations first, then types."""
    yield from _named("operation", old.by_name, new.by_name, _operations)
    yield from _named("type", old.types, new.types, _types)
    if old.by_name.keys() == new.by_name.keys() and [*old.by_name] != [*new.by_name]:
        yield "operations are in another order"


def _named(what: str, old: Mapping[str, Any], new: Mapping[str, Any], compare: Any) -> Iterator[str]:
    yield from (f"new {what} {name}" for name in new if name not in old)
    yield from (f"{what} {name} is gone" for name in old if name not in new)
    for name in new:
        if name in old and old[name] != new[name]:
            yield from compare(name, old[name], new[name])


def _operations(name: str, old: OperationInfo, new: OperationInfo) -> Iterator[str]:
    for label, before, after in (
        ("routes", _routes(old), _routes(new)),
        ("verbs", " ".join(old.verbs), " ".join(new.verbs)),
        ("access", _access(old.access), _access(new.access)),
        ("returns", _type(old.returns), _type(new.returns)),
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


def _routes(operation: OperationInfo) -> str:
    return ", ".join(f"{' '.join(each.verbs)} {each.path}" for each in operation.routes)


def _access(access: Access) -> str:
    plain = replace(access, administrator="")
    told = [
        f"{each.name}={getattr(plain, each.name)}"
        for each in fields(plain)
        if getattr(plain, each.name) not in ((), False, "")
    ]
    return ", ".join(told) or "anyone"


def _types(name: str, old: TypeInfo, new: TypeInfo) -> Iterator[str]:
    if isinstance(old, RecordInfo) and isinstance(new, RecordInfo):
        yield from _records(name, old, new)
    elif isinstance(old, EnumInfo) and isinstance(new, EnumInfo):
        yield from _enums(name, old, new)
    else:
        yield f"{name} is another kind of type"


def _records(name: str, old: RecordInfo, new: RecordInfo) -> Iterator[str]:
    before = {each.name: each for each in old.properties}
    after = {each.name: each for each in new.properties}
    yield from _named("property", _prefixed(name, before), _prefixed(name, after), _properties)
    if before.keys() == after.keys() and [*before] != [*after]:
        yield f"{name}: properties are in another order"
    for label in ("namespace", "base", "parameters", "interfaces", "description", "attributes", "ui", "ordered"):
        if getattr(old, label) != getattr(new, label):
            yield f"{name}: its {label} changed"


def _prefixed(name: str, found: Mapping[str, Property]) -> Mapping[str, Property]:
    return {f"{name}.{each}": value for each, value in found.items()}


def _properties(name: str, old: Property, new: Property) -> Iterator[str]:
    before, after = _property_type(old), _property_type(new)
    if before != after:
        yield f"{name} was {before}, is {after}"
    for each in fields(Property):
        if each.name not in ("type", "nullable") and getattr(old, each.name) != getattr(new, each.name):
            yield f"{name}: its {each.name} changed"


def _property_type(each: Property) -> str:
    return _type(each.type) + ("" if each.nullable else ", never null")


def _enums(name: str, old: EnumInfo, new: EnumInfo) -> Iterator[str]:
    before, after = dict(old.members), dict(new.members)
    yield from (f"new member {name}.{each} = {after[each]}" for each in after if each not in before)
    yield from (f"member {name}.{each} is gone" for each in before if each not in after)
    for each in after:
        if before.get(each, after[each]) != after[each]:
            yield f"{name}.{each} was {before[each]}, is {after[each]}"
    for label in ("namespace", "description", "flags", "numbered", "texts", "descriptions"):
        if getattr(old, label) != getattr(new, label):
            yield f"{name}: its {label} changed"


def _type(ref: TypeRef | None) -> str:
    if ref is None:
        return "nothing"
    arguments = f"<{', '.join(map(_type, ref.arguments))}>" if ref.arguments else ""
    return f"{ref.name}{arguments}{'?' if ref.nullable else ''}"
