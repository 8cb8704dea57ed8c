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
    inclusions, exclusions = [*include], [*exclude]
    included = {entry: _find_included(contract, entry) for entry in inclusions}
    excluded = {entry: _find_excluded(contract, entry) for entry in exclusions}
    candidates = set().union(*included.values()) if inclusions else contract.types.keys()
    names = candidates - set().union(*excluded.values())
    unknown = {
        option: tuple(_find_unknown(contract, matches))
        for option, matches in (("IncludeTypes", included), ("ExcludeTypes", excluded))
    }
    # In the order in which the operations refer to them: a page about an operation begins with its request.
    roots = [TypeRef("record", operation.name) for operation in contract.operations if operation.name in names]
    responses = {operation.name: operation.returns for operation in contract.operations}
    ordered = contract.reachable(ref for root in roots for ref in (root, responses[root.name])) | contract.types
    return Part({name: info for name, info in ordered.items() if name in names}, unknown)


def _find_included(contract: Contract, entry: str) -> set[str]:
    match _split(entry):
        case "tags", tags:
            return _find_reachable(contract, _list_roots(_find_tagged(contract, tags)))
        case "with all", name:
            operations = [operation for operation in contract.operations if operation.name.lower() == name]
            return _find_reachable(contract, _list_roots(operations)) | _find_reachable(
                contract, _find_type(contract, name)
            )
        case "users", name:
            targets = _find_type(contract, name)
            users = {
                operation.name
                for operation in contract.operations
                if targets & _find_reachable(contract, _list_roots([operation]))
            }
            return targets | users
        case "namespace", namespace:
            return {
                name
                for name, info in contract.types.items()
                if f"{info.namespace}.".lower().startswith(f"{namespace}.")
            }
        case _, name:
            return _find_type(contract, name)


def _find_excluded(contract: Contract, entry: str) -> set[str]:
    if entry in ("services", "types"):
        requests = contract.by_name.keys()
        return {name for name in contract.types if (name in requests) == (entry == "services")}
    match _split(entry):
        case "tags", tags:
            targets = {operation.name for operation in _find_tagged(contract, tags)}
        case "with all", name:
            targets = _find_type(contract, name)
        case _:
            return _find_included(contract, entry)
    others = [operation for operation in contract.operations if operation.name not in targets]
    shared_names = _find_reachable(contract, _list_roots(others), barred=targets)
    operations = [operation for operation in contract.operations if operation.name in targets]
    return (_find_reachable(contract, targets) | _find_reachable(contract, _list_roots(operations))) - shared_names


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


def _find_tagged(contract: Contract, tags: str) -> list[OperationInfo]:
    tag_names = {tag.strip() for tag in tags.split(",")}
    return [operation for operation in contract.operations if tag_names & {tag.lower() for tag in operation.tags}]


def _find_type(contract: Contract, name: str) -> set[str]:
    return {type_name for type_name in contract.types if type_name.lower() == name}


def _list_roots(operations: Iterable[OperationInfo]) -> Iterator[str]:
    """Yield the names of the types that operations refer to: their requests and responses."""
    for operation in operations:
        yield operation.name
        yield from () if operation.returns is None else list_names(operation.returns)


def _find_reachable(contract: Contract, roots: Iterable[str], barred: Collection[str] = ()) -> set[str]:
    """Return the names of the types that are reachable from the roots without passing `barred` types, roots included."""
    reached: set[str] = set()
    pending = [*roots]
    while pending:
        name = pending.pop()
        if name in contract.types and name not in reached and name not in barred:
            reached.add(name)
            pending += [referenced for ref in references(contract.types[name]) for referenced in list_names(ref)]
    return reached


def _find_unknown(contract: Contract, matches: Mapping[str, set[str]]) -> Iterator[str]:
    for entry, type_names in matches.items():
        if entry.startswith("{"):
            yield from (
                f"{{{tag.strip()}}}" for tag in entry[1:-1].split(",") if not _find_tagged(contract, tag.lower())
            )
        elif not type_names and entry not in ("services", "types"):
            yield entry


def add_properties(contract: Contract, *, status: bool, version: bool) -> Contract:
    """Return the contract with a status added to every response, or a version to every request, that neither has nor inherits one."""
    types = dict(contract.types)
    responses = (
        {operation.returns.name for operation in contract.operations if operation.returns is not None}
        if status
        else set()
    )
    requests = contract.by_name.keys() if version else set()
    for names, addition in ((responses, STATUS), (requests, VERSION)):
        for name in names:
            info = types.get(name)
            if not isinstance(info, RecordInfo) or names & {*_list_bases(contract.types, name)}:
                continue
            if all(field.name != addition.name for field in contract.all_properties(info)):
                types[name] = replace(info, properties=(*info.properties, addition))
    return Contract(contract.operations, types)


def sort_by_dependencies(types: dict[str, TypeInfo], last: Iterable[str]) -> list[TypeInfo]:
    """Return the types, each after those that it refers to; those in `last` (the requests) as late as possible."""
    order: dict[str, TypeInfo] = {}
    under_way: set[str] = set()

    def visit(name: str) -> None:
        if name not in types or name in under_way:
            return
        under_way.add(name)
        # The base of a type comes last before it.
        for ref in sorted(references(types[name]), key=lambda ref: _is_base(types[name], ref)):
            for dependency in list_names(ref):
                visit(dependency)
        order[name] = types[name]

    requests = set(last)
    # A request that is a base of other types can't come at the end.
    at_end = requests - {base for name in types.keys() - requests for base in _list_bases(types, name)}
    for name in types:
        for ref in references(types[name]) if name in at_end else ():
            for dependency in list_names(ref):
                visit(dependency)
        if name not in at_end:
            visit(name)
    for name in types:
        visit(name)
    ends = [info for name, info in order.items() if name in at_end]
    return [info for name, info in order.items() if name not in at_end] + ends


def _list_bases(types: dict[str, TypeInfo], name: str) -> Iterator[str]:
    """Yield the names of a type's base, the base's base, and so on."""
    info = types.get(name)
    if isinstance(info, RecordInfo) and info.base is not None:
        yield info.base.name
        yield from _list_bases(types, info.base.name)


def _is_base(info: TypeInfo, ref: TypeRef) -> bool:
    return isinstance(info, RecordInfo) and ref is info.base


def list_names(ref: TypeRef) -> list[str]:
    """Return all names in a type: its own, and those of its arguments."""
    return [ref.name, *(name for argument in ref.arguments for name in list_names(argument))]


def list_maps(ref: TypeRef) -> Iterator[TypeRef]:
    """Yield the maps in a type, itself included."""
    if ref.kind == "map":
        yield ref
    for argument in ref.arguments:
        yield from list_maps(argument)


def list_unique_members(info: EnumInfo) -> list[tuple[str, int]]:
    """Return an enum's members for languages that do not allow equal values: only the first of several with the same number."""
    if not info.is_numeric:
        return [*info.members]
    first_names = {number: name for name, number in reversed(info.members)}
    return [(name, number) for name, number in info.members if first_names[number] == name]


def sort_by_name(types: dict[str, TypeInfo]) -> list[TypeInfo]:
    """Return the types by namespace, then by name."""
    return sorted(types.values(), key=lambda info: (info.namespace, info.name))
