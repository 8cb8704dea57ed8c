"""Conversion of a document's declarations to a `Contract`: names are resolved, and losses are recorded."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from gateway.contract import servicestack
from gateway.contract.catalog import ANY, SIGNED_IN, Route, has_misplaced_wildcard, route_key
from gateway.contract.dto_field import DataMember
from gateway.contract.generics import KeyValuePair
from gateway.contract.mistakes import find_path_problems
from gateway.contract.naming import camel_case
from gateway.contract.typeinfo import (
    SERVICESTACK,
    Contract,
    EnumInfo,
    InterfaceRef,
    OperationInfo,
    Property,
    RecordInfo,
    TypeInfo,
    TypeRef,
    info_of,
)
from gateway.http.app import own_places
from gateway.http.routing import taken
from gateway.importing.drafts import (
    Draft,
    DraftEnum,
    DraftMember,
    DraftOperation,
    DraftRecord,
    ImportFailed,
    Losses,
    TypeUse,
    words,
)
from gateway.metadata.languages.scalars import is_value, scalars_of
from gateway.terminal import counted
from serializers.registry import default_registry

#: .NET's collections that are lists in documents, and those that are maps.
_LISTS = words(
    """
    List IList ICollection IEnumerable IReadOnlyList IReadOnlyCollection Collection ReadOnlyCollection ObservableCollection HashSet ISet
    SortedSet IReadOnlySet Queue Stack LinkedList ConcurrentBag ConcurrentQueue ImmutableList ImmutableArray ImmutableHashSet ArrayList
    """
)
_MAPS = words(
    """
    Dictionary IDictionary IReadOnlyDictionary SortedDictionary SortedList ConcurrentDictionary ReadOnlyDictionary ImmutableDictionary
    OrderedDictionary Hashtable
    """
)
_TEXT, _OBJECT = TypeRef("scalar", "String"), TypeRef("scalar", "Object")
#: .NET's types that documents write like another type.
_SPELLED: Mapping[str, TypeRef] = {
    "NameValueCollection": TypeRef("map", "Dictionary", (_TEXT, _TEXT)),
    "StringDictionary": TypeRef("map", "Dictionary", (_TEXT, _TEXT)),
    "ObjectDictionary": TypeRef("map", "Dictionary", (_TEXT, _OBJECT)),
    "SByte": TypeRef("scalar", "Int8"),
    "IntPtr": TypeRef("scalar", "Int64"),
    "MemoryStream": TypeRef("scalar", "Stream"),
    "RuntimeType": TypeRef("scalar", "Type"),
    "Version": _TEXT,
}
_SCALARS = frozenset(scalars_of("csharp"))
#: Interfaces that declare an operation's response, which the operation has already.
_MARKERS = frozenset(("IReturn", "IReturnVoid"))
#: Interfaces of ServiceStack's own that languages without namespaces declare.
_OWN_INTERFACES = words(
    """
    IGet IPost IPut IPatch IDelete IOptions IMeta IHasSessionId IHasBearerToken IHasVersion ICreateDb IUpdateDb IPatchDb IDeleteDb ISaveDb
    """
)
#: Names that a class in a module of declarations can't have.
_RESERVED = frozenset(("NAMESPACE",))
#: Bases without values; only their last type argument matters.
_QUERIES = frozenset(("QueryDb", "QueryData"))
#: A wildcard as newer hosts write it.
_DOUBLE_STARRED = re.compile(r"{\*{1,2}(\w+)}")
#: Names of AutoQuery bases in languages without overloaded names, and on hosts of version 4: ``QueryDb2<From, Into>``, ``QueryBase<T>``.
_QUERY = re.compile(r"(QueryDb|QueryData|QueryBase)(?:_?[12])?")


def assemble(draft: Draft) -> Contract:
    """Return the contract of a document, and add losses to those of the draft.

    :raises ImportFailed: when the document contradicts itself.
    """
    return _Assembly(draft).contract()


@cache
def library() -> Mapping[str, RecordInfo]:
    """Return ServiceStack's own DTOs by name, as in `gateway.servicestack`."""
    return {name: info_of(getattr(servicestack, name)) for name in servicestack.__all__}


def is_provided(info: TypeInfo) -> bool:
    """Return whether a type is one of `gateway.servicestack`."""
    return library().get(info.name) is info


class _Assembly:
    """Resolves the names of one document."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.losses: Losses = draft.losses
        self.declared: dict[str, DraftRecord | DraftEnum] = {}
        self.renamed: dict[tuple[str, int], str] = {}
        self.routes: dict[tuple[str, str, bool], str] = {}
        for each in draft.types:
            self._declare(each)
        self.types: dict[str, TypeInfo] = {}

    def _declare(self, each: DraftRecord | DraftEnum) -> None:
        if isinstance(each, DraftRecord) and each.parameters:
            known_as = _query(TypeUse(each.name, tuple(map(TypeUse, each.parameters))))
            if known_as.name in _QUERIES and (len(each.parameters) > 1 or known_as.name != each.name):
                return
        is_pair = each.name == "KeyValuePair" and _arity(each) == 2
        if f"{each.namespace}.".startswith("System.") or is_pair:
            # A .NET type, which `_of` converts.
            return
        _check_name(each.name, each.place)
        known = self.declared.get(each.name)
        if known is None:
            self.declared[each.name] = each
        elif _arity(known) != _arity(each):
            self._rename(each, known)
        elif known.namespace != each.namespace:
            raise ImportFailed(
                f"{each.place}: two types are called {each.name}: {known.namespace}.{known.name} at {known.place} and "
                f"{each.namespace}.{each.name}. Clients tell types apart by their names: leave one of them out"
            )
        elif isinstance(known, DraftRecord) and isinstance(each, DraftRecord):
            self._join(known, each)

    def _join(self, known: DraftRecord, each: DraftRecord) -> None:
        """Merge a second declaration of a record: the same again, a part of it, or a nested type of the same name."""
        names = {member.name for member in known.members}
        more = [member for member in each.members if member.name not in names]
        if not more:
            return
        if names <= {member.name for member in each.members}:
            self.declared[each.name] = each
            return
        self.losses.add("two types of one name: read as one, with the properties of both", each.name)
        known.members += more
        known.base = known.base or each.base
        known.interfaces += [interface for interface in each.interfaces if interface not in known.interfaces]

    def _rename(self, each: DraftRecord | DraftEnum, known: DraftRecord | DraftEnum) -> None:
        if not _arity(each):
            # Operations have no type parameters, and clients know them by name: they keep it.
            self.declared[each.name] = each
            each, known = known, each
        name = f"{each.name}{_arity(each)}"
        if name in self.declared:
            return
        self.losses.add(f"two types of one name and other parameters: the generic one is called {name}", each.name)
        self.renamed[each.name, _arity(each)] = name
        each.name = name
        self.declared[name] = each

    def contract(self) -> Contract:
        """Return the contract."""
        self._check_bases()
        for name, each in self.declared.items():
            if isinstance(each, DraftEnum):
                self.types[name] = self._enum(each)
            elif not each.is_interface:
                self.types[name] = self._record(each)
        self._settle()
        operations = tuple(map(self._operation, self._requests()))
        found = Contract(operations, self.types)
        roots = [ref for each in operations for ref in (TypeRef("record", each.name), each.returns)]
        ordered = found.reachable(roots)
        unused = [name for name in self.types if name not in ordered and not is_provided(self.types[name])]
        if operations:
            for name in unused:
                self.losses.add("a type that no operation leads to: declared, but not in metadata", name)
        return Contract(operations, ordered | found.reachable(TypeRef("record", name) for name in unused))

    def _requests(self) -> list[DraftOperation]:
        found: dict[str, DraftOperation] = {}
        for each in self.draft.operations:
            if each.request.lower() in found:
                raise ImportFailed(f"{each.place}: the operation {each.request} is declared twice")
            request = self.types.get(each.request)
            if not isinstance(request, RecordInfo):
                raise ImportFailed(f"{each.place}: the request {each.request} is not declared as a class")
            if request.parameters:
                self.losses.add("an operation whose request is generic: a base of other requests", each.request)
                continue
            found[each.request.lower()] = each
        return [*found.values()]

    def _check_bases(self) -> None:
        for each in self.declared.values():
            seen = {each.name}
            current: DraftRecord | DraftEnum | None = each
            while isinstance(current, DraftRecord) and current.base is not None:
                if current.base.name in seen:
                    raise ImportFailed(
                        f"{each.place}: {each.name} inherits from itself, through {', '.join(sorted(seen))}"
                    )
                seen.add(current.base.name)
                current = self.declared.get(current.base.name)

    def _settle(self) -> None:
        """Take ServiceStack's types from the library, and mark members that a base has, too."""
        for name in [*self.types]:
            info = self.types[name]
            provided = library().get(name)
            if provided is not None and isinstance(info, RecordInfo) and _is_same(info, provided):
                if info.ui or info.attributes or any(each.ui or each.attributes for each in info.properties):
                    self.losses.add("attributes and data for user interfaces of ServiceStack's own types", name)
                self._adopt(name)
        for name, info in [*self.types.items()]:
            found = info if info.namespace else replace(info, namespace=self._default_namespace())
            self.types[name] = (
                self._marked(found) if isinstance(found, RecordInfo) and not is_provided(found) else found
            )

    def _default_namespace(self) -> str:
        """Return the namespace for the types of a document without namespaces, and record the loss."""
        title = "".join(word[:1].upper() + word[1:] for word in self.draft.title.split() if word.isidentifier())
        name = title or "Imported"
        self.losses.add("namespaces, which the document does not say: all types are in one", name)
        return name

    def _marked(self, info: RecordInfo) -> RecordInfo:
        above: set[str] = set()
        base = info.base
        while base is not None:
            parent = self.types[base.name]
            assert isinstance(parent, RecordInfo)
            above.update(each.name for each in parent.properties)
            base = parent.base
        if above.isdisjoint(each.name for each in info.properties):
            return info
        return replace(info, properties=tuple(replace(each, redeclared=each.name in above) for each in info.properties))

    def _adopt(self, name: str) -> None:
        """Take a type, and the types that it uses, from the library."""
        known = library()
        for each in Contract((), dict(known)).reachable([TypeRef("record", name)]):
            self.types[each] = known[each]

    # Types

    def _record(self, draft: DraftRecord) -> RecordInfo:
        parameters = draft.parameters
        base = None if draft.base is None else self._base(draft)
        members = [self._property(each, draft) for each in draft.members]
        self._check_members(draft, members)
        return RecordInfo(
            name=draft.name,
            namespace=draft.namespace,
            properties=tuple(members),
            base=base,
            parameters=parameters,
            interfaces=tuple(self._interfaces(draft)),
            description=" ".join(draft.description.split()),
            attributes=draft.attributes,
            ui=draft.ui,
        )

    def _check_members(self, draft: DraftRecord, members: list[Property]) -> None:
        seen: dict[str, str] = {}
        for each in members:
            other = seen.setdefault(each.wire.lower(), each.name)
            if other is not each.name:
                raise ImportFailed(
                    f"{draft.place}: {draft.name} has two properties that documents call {each.wire!r}: {other} and {each.name}"
                )

    def _base(self, draft: DraftRecord) -> TypeRef | None:
        use = draft.base
        assert use is not None
        query = _query(use)
        if query.name != use.name and use.name.startswith("QueryBase"):
            self.losses.add(f"{use.name}, as version 4 calls it: read as {query.name}", draft.name)
        use = query
        if use.name in _QUERIES and len(use.arguments) > 1:
            self.losses.add(f"{use.name} of two types: read as that of the second one", draft.name)
            use = replace(use, arguments=use.arguments[-1:])
        if use.name == "Object":
            return None
        found = self._resolve(use, draft.parameters, draft.place, f"{draft.name}, its base")
        if found.kind == "record":
            return found
        self.losses.add(f"the base {use}, which is not a class of the document", draft.name)
        return None

    def _interfaces(self, draft: DraftRecord) -> Iterator[InterfaceRef]:
        for use, namespace in draft.interfaces:
            if use.name in _MARKERS:
                continue
            known = self.declared.get(use.name)
            arguments = tuple(
                self._item(each, draft.parameters, draft.place, f"{draft.name}: {use.name}") for each in use.arguments
            )
            if not use.name.isidentifier():
                raise ImportFailed(f"{draft.place}: {use.name!r} is not the name of an interface")
            if not namespace and use.name not in _OWN_INTERFACES:
                namespace = known.namespace or self._default_namespace() if known else ""
            namespace = namespace or SERVICESTACK
            if isinstance(known, DraftRecord) and known.members and known.namespace != SERVICESTACK:
                self.losses.add("properties of an interface", f"{use.name}")
            yield InterfaceRef(TypeRef("interface", use.name, arguments), namespace)

    def _enum(self, draft: DraftEnum) -> EnumInfo:
        seen: set[str] = set()
        for name, _ in draft.members:
            if not name.isidentifier() or name in seen:
                what = "is twice in" if name in seen else "is not the name of a member of"
                raise ImportFailed(f"{draft.place}: {name[:200]!r} {what} the enum {draft.name}")
            seen.add(name)
        return EnumInfo(
            draft.name,
            draft.namespace,
            tuple(draft.members),
            " ".join(draft.description.split()),
            draft.flags,
            draft.numbered,
            {} if draft.flags else draft.texts,
            draft.descriptions,
        )

    def _property(self, member: DraftMember, owner: DraftRecord) -> Property:
        place = f"{owner.name}.{member.name}"
        if not member.name.isidentifier() or member.name.startswith("__"):
            raise ImportFailed(f"{owner.place}: {member.name[:200]!r} is not the name of a property")
        ref = self._resolve(member.type, owner.parameters, owner.place, place)
        told = member.data_member or DataMember()
        return Property(
            name=member.name,
            wire=told.name or camel_case(member.name),
            type=replace(ref, nullable=False),
            nullable=ref.nullable or not is_value(ref),
            description=member.description,
            data_member=member.data_member,
            api_member=member.api_member,
            attributes=member.attributes,
            ui=member.ui,
        )

    # Uses of types

    def _resolve(self, use: TypeUse, parameters: tuple[str, ...], place: str, where: str) -> TypeRef:
        ref = self._of(use, parameters, place, where)
        return replace(ref, nullable=True) if use.nullable and not ref.nullable else ref

    def _item(self, use: TypeUse, parameters: tuple[str, ...], place: str, where: str) -> TypeRef:
        """Return the type of an item or an argument. There, only value types can be marked as nullable."""
        ref = self._resolve(use, parameters, place, where)
        return ref if is_value(ref) or not ref.nullable else replace(ref, nullable=False)

    def _of(self, use: TypeUse, parameters: tuple[str, ...], place: str, where: str) -> TypeRef:
        name = use.name
        arguments = use.arguments
        if name in parameters and not arguments:
            return TypeRef("parameter", name)
        if name == "Nullable" and len(arguments) == 1:
            return replace(self._of(arguments[0], parameters, place, where), nullable=True)
        name = self.renamed.get((name, len(arguments)), name)
        declared = self.declared.get(name)
        if isinstance(declared, DraftRecord) and declared.is_interface:
            self.losses.add("a value of an interface: any value", f"{where} ({name})")
            return _OBJECT
        if declared is None and name == "Array" and len(arguments) == 1:
            item = self._item(arguments[0], parameters, place, where)
            return TypeRef("scalar", "Byte[]") if item.name == "Byte" and not item.nullable else _list("Array", item)
        if declared is None and name in _LISTS:
            if name != "List":
                self.losses.add(f"{name} as a list", where)
            items = [self._item(each, parameters, place, where) for each in arguments] or [_OBJECT]
            return _list("List", items[0])
        if declared is None and name in _MAPS:
            if name != "Dictionary":
                self.losses.add(f"{name} as a map", where)
            pair = tuple(self._item(each, parameters, place, where) for each in arguments)
            return TypeRef("map", "Dictionary", pair if len(pair) == 2 else (_TEXT, _OBJECT))
        if name == "KeyValuePair" and len(arguments) == 2:
            self.types.setdefault(name, info_of(KeyValuePair))
            pair = tuple(self._item(each, parameters, place, where) for each in arguments)
            return TypeRef("record", name, pair)
        if declared is None and not arguments and (name in _SCALARS or name in _SPELLED):
            if name in _SPELLED and name != "SByte":
                self.losses.add(f"{name} as {_SPELLED[name].name}", where)
            return _SPELLED.get(name) or TypeRef("scalar", name)
        if declared is None:
            return self._undeclared(use, parameters, place, where)
        if not arguments and _arity(declared) and self.draft.is_erased:
            self.losses.add("types of a generic type that the document does not say: any values", where)
            arguments = tuple(TypeUse("Object") for _ in range(_arity(declared)))
        if len(arguments) != _arity(declared):
            raise ImportFailed(
                f"{place}: {where}: {name} takes {counted(_arity(declared), 'type')}, not {len(arguments)}"
            )
        kind: Any = "enum" if isinstance(declared, DraftEnum) else "record"
        return TypeRef(kind, name, tuple(self._item(each, parameters, place, where) for each in arguments))

    def _undeclared(self, use: TypeUse, parameters: tuple[str, ...], place: str, where: str) -> TypeRef:
        provided = library().get(use.name)
        if provided is not None and provided.parameters and not use.arguments and self.draft.is_erased:
            self.losses.add("types of a generic type that the document does not say: any values", where)
            use = replace(use, arguments=tuple(TypeUse("Object") for _ in provided.parameters))
        if provided is not None and len(provided.parameters) == len(use.arguments):
            self._adopt(use.name)
            arguments = tuple(self._item(each, parameters, place, where) for each in use.arguments)
            return TypeRef("record", use.name, arguments)
        if use.is_value and not use.arguments:
            self.losses.add(f"{use} is not declared in the document: its values are texts", where)
            return _TEXT
        self.losses.add(f"{use} is not declared in the document: any value", where)
        return _OBJECT

    # Operations

    def _operation(self, draft: DraftOperation) -> OperationInfo:
        request = self.types[draft.request]
        assert isinstance(request, RecordInfo)
        returns = None
        if draft.returns is not None:
            returns = self._item(draft.returns, (), draft.place, f"{draft.request}, its answer")
        access = draft.access
        if access is None:
            access = SIGNED_IN
            self.losses.add("access that the source does not state: signed in", draft.request)
        routes = tuple(self._routes(draft, request))
        # The verbs of routes that are left out stay: the pre-defined routes have them.
        verbs = tuple(dict.fromkeys([*(verb for each in draft.routes for verb in each.verbs), *draft.verbs])) or (
            "POST",
        )
        return OperationInfo(request, routes, access, returns, draft.tags, verbs, draft.ui)

    def _routes(self, draft: DraftOperation, request: RecordInfo) -> Iterator[Route]:
        seen: set[Route] = set()
        known = {each.name.lower() for each in Contract((), self.types).all_properties(request)}
        for route in draft.routes:
            path = route.path if route.path.startswith("/") else f"/{route.path}"
            path = _DOUBLE_STARRED.sub(r"{\1*}", path.partition("?")[0])
            route = Route(route.verbs, path)
            if not all(each.isidentifier() for each in route.variables) or any(each.isspace() for each in path):
                raise ImportFailed(f"{draft.place}: {route.path[:200]!r} is not the path of a route")
            for each in route.variables:
                if each.lower() not in known:
                    self.losses.add("a variable of a route without a property", f"{draft.request} {path}: {each}")
            found = Route(route.verbs, path)
            if found not in seen and self._is_free(found, draft.request):
                seen.add(found)
                yield found

    def _is_free(self, route: Route, request: str) -> bool:
        """Return whether a route can be served and no other operation has it."""
        if has_misplaced_wildcard(route.path):
            self.losses.add("a route with a wildcard that is not its last segment: left out", f"{request} {route.path}")
            return False
        if problem := next(find_path_problems(route.path), ""):
            self.losses.add("a route whose path can't be served: left out", f"{request}: {problem}")
            return False
        if taken(route, own_places(), default_registry()):
            self.losses.add("a route that the server itself has: left out", f"{request} {route.path}")
            return False
        for verb in route.verbs:
            other = self.routes.setdefault((verb, route_key(route.path), route.verbs == ANY), request)
            if other != request:
                self.losses.add("a route that another operation has: left out", f"{request} {route.path}: {other}")
                return False
        return True


def _query(use: TypeUse) -> TypeUse:
    """Return a base of AutoQuery requests with its name in the library; return any other base unchanged."""
    found = _QUERY.fullmatch(use.name) if use.arguments else None
    if found is None:
        return use
    return replace(use, name="QueryDb" if found[1] == "QueryBase" else found[1])


def _list(name: str, item: TypeRef) -> TypeRef:
    return TypeRef("list", name, (item,))


def _arity(each: DraftRecord | DraftEnum) -> int:
    return len(each.parameters) if isinstance(each, DraftRecord) else 0


def _check_name(name: str, place: str) -> None:
    # Python normalizes identifiers: a name that changes could become another type's.
    is_plain = name.isidentifier() and unicodedata.normalize("NFKC", name) == name
    if not is_plain or keyword.iskeyword(name) or name in _RESERVED:
        what = "is a keyword of Python" if keyword.iskeyword(name) else "is not the name of a type"
        raise ImportFailed(f"{place}: {name[:200]!r} {what}; rename it in the source")


def _is_same(info: RecordInfo, provided: RecordInfo) -> bool:
    """Return whether a type has the same properties as the library's."""
    return (
        info.namespace in ("", SERVICESTACK)
        and info.parameters == provided.parameters
        and info.base == provided.base
        and [*map(_outline, info.properties)] == [*map(_outline, provided.properties)]
    )


def _outline(each: Property) -> tuple[str, TypeRef, bool]:
    return each.name, each.type, each.nullable
