"""Which types a document has, and in what order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from gateway.contract.typeinfo import Contract, Property, RecordInfo, TypeInfo, TypeRef, references

#: What ``AddResponseStatus`` adds to answers, and ``AddImplicitVersion`` to requests.
STATUS = Property("ResponseStatus", "responseStatus", TypeRef("record", "ResponseStatus"))
VERSION = Property("Version", "version", TypeRef("scalar", "Int32"), nullable=False)


def select(contract: Contract, include: Iterable[str], exclude: Iterable[str]) -> dict[str, TypeInfo]:
    """The types that `include` names, or all of them, without those that `exclude` names.

    ``Name`` is that type alone, ``Name.*`` an operation with all that it uses (or a type with all that it uses), ``{tag}`` every
    operation with that tag with all that they use. Names are matched in any letter case; ``List`1`` is ``List``.
    """
    wanted = [each.partition("`")[0].lower() for each in include]
    refused = {each.partition("`")[0].lower() for each in exclude}
    found = _included(contract, wanted) if wanted else dict(contract.types)
    return {name: info for name, info in found.items() if name.lower() not in refused}


def _included(contract: Contract, wanted: list[str]) -> dict[str, TypeInfo]:
    roots: list[TypeRef | None] = []
    alone = {each for each in wanted if not each.endswith(".*")}
    for operation in contract.operations:
        tagged = any(f"{{{tag.lower()}}}" in alone for tag in operation.tags)
        if tagged or f"{operation.name.lower()}.*" in wanted:
            roots += [TypeRef("record", operation.name), operation.returns]
    roots += [TypeRef("record", name) for name in contract.types if f"{name.lower()}.*" in wanted]
    found = contract.reachable(roots)
    return found | {name: info for name, info in contract.types.items() if name.lower() in alone}


def with_additions(contract: Contract, *, status: bool, version: bool) -> Contract:
    """The contract with a status in every answer, or a version in every request, that has none."""
    types = dict(contract.types)
    answers = {each.returns.name for each in contract.operations if each.returns is not None} if status else set()
    requests = contract.by_name.keys() if version else set()
    for names, added in ((answers, STATUS), (requests, VERSION)):
        for name in names:
            info = types.get(name)
            if isinstance(info, RecordInfo) and all(each.name != added.name for each in info.properties):
                types[name] = replace(info, properties=(*info.properties, added))
    return Contract(contract.operations, types)


def dependencies_first(types: dict[str, TypeInfo], last: Iterable[str]) -> list[TypeInfo]:
    """The types, each after those it names; those named in `last` (the requests) as late as they can be."""
    found: dict[str, TypeInfo] = {}
    under_way: set[str] = set()

    def visit(name: str) -> None:
        if name not in types or name in under_way:
            return
        under_way.add(name)
        # What a type inherits from stands closest before it.
        for ref in sorted(references(types[name]), key=lambda ref: _is_base(types[name], ref)):
            for each in names_in(ref):
                visit(each)
        found[name] = types[name]

    requests = set(last)
    # A request that others inherit from can't wait.
    at_end = requests - {base for name in types.keys() - requests for base in _bases(types, name)}
    for name in types:
        for ref in references(types[name]) if name in at_end else ():
            for each in names_in(ref):
                visit(each)
        if name not in at_end:
            visit(name)
    for name in types:
        visit(name)
    ends = [info for name, info in found.items() if name in at_end]
    return [info for name, info in found.items() if name not in at_end] + ends


def _bases(types: dict[str, TypeInfo], name: str) -> Iterator[str]:
    """The names of what a type inherits from."""
    info = types.get(name)
    if isinstance(info, RecordInfo) and info.base is not None:
        yield info.base.name
        yield from _bases(types, info.base.name)


def _is_base(info: TypeInfo, ref: TypeRef) -> bool:
    return isinstance(info, RecordInfo) and ref is info.base


def names_in(ref: TypeRef) -> list[str]:
    """Every name in a type: its own, and its arguments'."""
    return [ref.name, *(name for each in ref.arguments for name in names_in(each))]


def by_name(types: dict[str, TypeInfo]) -> list[TypeInfo]:
    """The types by namespace, then by name."""
    return sorted(types.values(), key=lambda info: (info.namespace, info.name))
