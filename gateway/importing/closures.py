"""Bases whose type argument is the inheriting class, as in ``class Node : Base<Node>``: Python needs the base before the class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gateway.contract.typeinfo import Contract, RecordInfo, TypeInfo, TypeRef
from gateway.importing.drafts import Losses
from gateway.metadata.languages.selection import list_names

_OBJECT = TypeRef("scalar", "Object")


def remove_cycles(contract: Contract, losses: Losses) -> Contract:
    """Return the contract with Object in place of base arguments that depend on the class that inherits from the base."""
    types = dict(contract.types)
    for name, info in contract.types.items():
        if isinstance(info, RecordInfo) and info.base is not None and info.base.arguments:
            arguments = tuple(
                _OBJECT if name in _find_needed(argument, types) else argument for argument in info.base.arguments
            )
            if arguments != info.base.arguments:
                losses.add(
                    "a base that is made of the class that inherits from it: any value", f"{name}: {info.base.name}"
                )
                types[name] = replace(info, base=replace(info.base, arguments=arguments))
    if types == contract.types:
        return contract
    operations = tuple(
        replace(operation, request=request) if isinstance(request := types[operation.name], RecordInfo) else operation
        for operation in contract.operations
    )
    return Contract(operations, types)


def _find_needed(ref: TypeRef, types: dict[str, TypeInfo]) -> set[str]:
    """Return the types that must exist before a type can be a base's argument."""
    names: set[str] = set()
    waiting = [*list_names(ref)]
    while waiting:
        name = waiting.pop()
        if name not in names:
            names.add(name)
            waiting += _list_bases(types.get(name))
    return names


def _list_bases(info: TypeInfo | None) -> Iterator[str]:
    if isinstance(info, RecordInfo) and info.base is not None:
        yield from list_names(info.base)
