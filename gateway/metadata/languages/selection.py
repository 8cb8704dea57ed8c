"""Select the types of a document, and sort them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from gateway.contract.typeinfo import (
    Contract,
    EnumInfo,
    OperationInfo,
    Property,
    RecordInfo,
    TypeInfo,
    TypeRef,
    references,
)

#: The properties that ``AddResponseStatus`` adds to responses, and ``AddImplicitVersion`` to requests.
STATUS = Property("ResponseStatus", "responseStatus", TypeRef("record", "ResponseStatus"))
VERSION = Property("Version", "version", TypeRef("scalar", "Int32"), nullable=False)


@dataclass(frozen=True, slots=True)
class Part:
    """The types that a document has.

    :ivar unknown: entries of options that match no type, as they were written, by option.
    """

    types: dict[str, TypeInfo]
    unknown: Mapping[str, tuple[str, ...]]


def select(contract: Contract, include: Iterable[str], exclude: Iterable[str]) -> Part:
    """Return the types that `include` names, or all of them, without those that `exclude` names.

    ``Name`` is that type alone, ``Name.*`` an operation or a type with all that it uses, ``*.Name`` that type and the requests of all
    operations that use it, ``Namespace/*`` the types of a namespace and of those within it, ``{tag,tag}`` the operations with one of
    these tags with all that they use. Excluding a type with all that it uses keeps types that other operations use. ServiceStack's
    ``services`` and ``types`` exclude all requests, or all other types. Names match in any letter case; ``List`1`` is ``List``.
    """
    named, excluded = [*include], [*exclude]
    found = {entry: _included(contract, entry) for entry in named}
    refused = {entry: _excluded(contract, entry) for entry in excluded}
    wanted = set().union(*found.values()) if named else contract.types.keys()
    kept = wanted - set().union(*refused.values())
    unknown = {
        option: tuple(_unknown(contract, matches))
        for option, matches in (("IncludeTypes", found), ("ExcludeTypes", refused))
    }
    # In the order in which the operations refer to them: a page about an operation begins with its request.
    roots = [TypeRef("record", each.name) for each in contract.operations if each.name in kept]
    answers = {each.name: each.returns for each in contract.operations}
    ordered = contract.reachable(ref for root in roots for ref in (root, answers[root.name])) | contract.types
    return Part({name: info for name, info in ordered.items() if name in kept}, unknown)


def _included(contract: Contract, entry: str) -> set[str]:
    match _split(entry):
        case "tags", tags:
            return _reached(contract, _roots(_tagged(contract, tags)))
        case "with all", name:
            operations = [each for each in contract.operations if each.name.lower() == name]
            return _reached(contract, _roots(operations)) | _reached(contract, _alone(contract, name))
        case "users", name:
            targets = _alone(contract, name)
            users = {each.name for each in contract.operations if targets & _reached(contract, _roots([each]))}
            return targets | users
        case "namespace", namespace:
            return {
                name
                for name, info in contract.types.items()
                if f"{info.namespace}.".lower().startswith(f"{namespace}.")
            }
        case _, name:
            return _alone(contract, name)


def _excluded(contract: Contract, entry: str) -> set[str]:
    if entry in ("services", "types"):
        requests = contract.by_name.keys()
        return {name for name in contract.types if (name in requests) == (entry == "services")}
    match _split(entry):
        case "tags", tags:
            targets = {each.name for each in _tagged(contract, tags)}
        case "with all", name:
            targets = _alone(contract, name)
        case _:
            return _included(contract, entry)
    others = [each for each in contract.operations if each.name not in targets]
    used = _reached(contract, _roots(others), barred=targets)
    operations = [each for each in contract.operations if each.name in targets]
    return (_reached(contract, targets) | _reached(contract, _roots(operations))) - used


def _split(entry: str) -> tuple[str, str]:
    """Return the kind of an entry, and the name in it in lower case."""
    plain = entry.lower()
    if plain.startswith("{"):
        return "tags", plain[1:-1]
    if plain.endswith("/*"):
        return "namespace", plain[:-2]
    if plain.endswith(".*"):
        return "with all", plain[:-2].partition("`")[0]
    if plain.startswith("*."):
        return "users", plain[2:].partition("`")[0]
    return "alone", plain.partition("`")[0]


def _tagged(contract: Contract, tags: str) -> list[OperationInfo]:
    wanted = {tag.strip() for tag in tags.split(",")}
    return [each for each in contract.operations if wanted & {tag.lower() for tag in each.tags}]


def _alone(contract: Contract, name: str) -> set[str]:
    return {each for each in contract.types if each.lower() == name}


def _roots(operations: Iterable[OperationInfo]) -> Iterator[str]:
    """Yield the names of the types that operations refer to: their requests and responses."""
    for each in operations:
        yield each.name
        yield from () if each.returns is None else names_in(each.returns)


def _reached(contract: Contract, roots: Iterable[str], barred: Collection[str] = ()) -> set[str]:
    """Return the names of the types that are reachable from the roots without passing `barred` types, roots included."""
    found: set[str] = set()
    pending = [*roots]
    while pending:
        name = pending.pop()
        if name in contract.types and name not in found and name not in barred:
            found.add(name)
            pending += [each for ref in references(contract.types[name]) for each in names_in(ref)]
    return found


def _unknown(contract: Contract, matches: Mapping[str, set[str]]) -> Iterator[str]:
    for entry, found in matches.items():
        if entry.startswith("{"):
            yield from (f"{{{tag.strip()}}}" for tag in entry[1:-1].split(",") if not _tagged(contract, tag.lower()))
        elif not found and entry not in ("services", "types"):
            yield entry


def with_additions(contract: Contract, *, status: bool, version: bool) -> Contract:
    """Return the contract with a status added to every response, or a version to every request, that neither has nor inherits one."""
    types = dict(contract.types)
    answers = {each.returns.name for each in contract.operations if each.returns is not None} if status else set()
    requests = contract.by_name.keys() if version else set()
    for names, added in ((answers, STATUS), (requests, VERSION)):
        for name in names:
            info = types.get(name)
            if not isinstance(info, RecordInfo) or names & {*_bases(contract.types, name)}:
                continue
            if all(each.name != added.name for each in contract.all_properties(info)):
                types[name] = replace(info, properties=(*info.properties, added))
    return Contract(contract.operations, types)


def dependencies_first(types: dict[str, TypeInfo], last: Iterable[str]) -> list[TypeInfo]:
    """Return the types, each after those that it refers to; those in `last` (the requests) as late as possible."""
    found: dict[str, TypeInfo] = {}
    under_way: set[str] = set()

    def visit(name: str) -> None:
        if name not in types or name in under_way:
            return
        under_way.add(name)
        # The base of a type comes last before it.
        for ref in sorted(references(types[name]), key=lambda ref: _is_base(types[name], ref)):
            for each in names_in(ref):
                visit(each)
        found[name] = types[name]

    requests = set(last)
    # A request that is a base of other types can't come at the end.
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
    """Yield the names of a type's base, the base's base, and so on."""
    info = types.get(name)
    if isinstance(info, RecordInfo) and info.base is not None:
        yield info.base.name
        yield from _bases(types, info.base.name)


def _is_base(info: TypeInfo, ref: TypeRef) -> bool:
    return isinstance(info, RecordInfo) and ref is info.base


def names_in(ref: TypeRef) -> list[str]:
    """Return all names in a type: its own, and those of its arguments."""
    return [ref.name, *(name for each in ref.arguments for name in names_in(each))]


def maps_in(ref: TypeRef) -> Iterator[TypeRef]:
    """Yield the maps in a type, itself included."""
    if ref.kind == "map":
        yield ref
    for each in ref.arguments:
        yield from maps_in(each)


def unique(info: EnumInfo) -> list[tuple[str, int]]:
    """Return an enum's members for languages that do not allow equal values: only the first of several with the same number."""
    if not info.is_numeric:
        return [*info.members]
    found = {number: name for name, number in reversed(info.members)}
    return [(name, number) for name, number in info.members if found[number] == name]


def by_name(types: dict[str, TypeInfo]) -> list[TypeInfo]:
    """Return the types by namespace, then by name."""
    return sorted(types.values(), key=lambda info: (info.namespace, info.name))
