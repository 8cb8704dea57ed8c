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
    describe_type,
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
    split_words,
)
from gateway.metadata.languages.scalars import get_scalars, is_value
from gateway.terminal import counted
from serializers.registry import default_registry

#: .NET's collections that are lists in documents, and those that are maps.
_LISTS = split_words(
    """
    List IList ICollection IEnumerable IReadOnlyList IReadOnlyCollection Collection ReadOnlyCollection ObservableCollection HashSet ISet
    SortedSet IReadOnlySet Queue Stack LinkedList ConcurrentBag ConcurrentQueue ImmutableList ImmutableArray ImmutableHashSet ArrayList
    """
)
_MAPS = split_words(
    """
    Dictionary IDictionary IReadOnlyDictionary SortedDictionary SortedList ConcurrentDictionary ReadOnlyDictionary ImmutableDictionary
    OrderedDictionary Hashtable
    """
)
_TEXT, _OBJECT = TypeRef("scalar", "String"), TypeRef("scalar", "Object")
#: .NET's types that documents write like another type.
_EQUIVALENTS: Mapping[str, TypeRef] = {
    "NameValueCollection": TypeRef("map", "Dictionary", (_TEXT, _TEXT)),
    "StringDictionary": TypeRef("map", "Dictionary", (_TEXT, _TEXT)),
    "ObjectDictionary": TypeRef("map", "Dictionary", (_TEXT, _OBJECT)),
    "SByte": TypeRef("scalar", "Int8"),
    "IntPtr": TypeRef("scalar", "Int64"),
    "MemoryStream": TypeRef("scalar", "Stream"),
    "RuntimeType": TypeRef("scalar", "Type"),
    "Version": _TEXT,
}
_SCALARS = frozenset(get_scalars("csharp"))
#: Interfaces that declare an operation's response, which the operation has already.
_MARKERS = frozenset(("IReturn", "IReturnVoid"))
#: Interfaces of ServiceStack's own that languages without namespaces declare.
_OWN_INTERFACES = split_words(
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
    return _Assembly(draft).build_contract()


@cache
def load_library() -> Mapping[str, RecordInfo]:
    """Return ServiceStack's own DTOs by name, as in `gateway.servicestack`."""
    return {name: describe_type(getattr(servicestack, name)) for name in servicestack.__all__}


def is_provided(info: TypeInfo) -> bool:
    """Return whether a type is one of `gateway.servicestack`."""
    return load_library().get(info.name) is info


class _Assembly:
    """Resolves the names of one document."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.losses: Losses = draft.losses
        self.declarations: dict[str, DraftRecord | DraftEnum] = {}
        self.new_names: dict[tuple[str, int], str] = {}
        self.routes: dict[tuple[str, str, bool], str] = {}
        for declaration in draft.types:
            self._declare(declaration)
        self.types: dict[str, TypeInfo] = {}

    def _declare(self, declaration: DraftRecord | DraftEnum) -> None:
        if isinstance(declaration, DraftRecord) and declaration.parameters:
            known_as = _normalize_query(TypeUse(declaration.name, tuple(map(TypeUse, declaration.parameters))))
            if known_as.name in _QUERIES and (len(declaration.parameters) > 1 or known_as.name != declaration.name):
                return
        is_pair = declaration.name == "KeyValuePair" and _count_parameters(declaration) == 2
        if f"{declaration.namespace}.".startswith("System.") or is_pair:
            # A .NET type, which `_convert_use` converts.
            return
        _check_name(declaration.name, declaration.position)
        other = self.declarations.get(declaration.name)
        if other is None:
            self.declarations[declaration.name] = declaration
        elif _count_parameters(other) != _count_parameters(declaration):
            self._rename(declaration, other)
        elif other.namespace != declaration.namespace:
            raise ImportFailed(
                f"{declaration.position}: two types are called {declaration.name}: {other.namespace}.{other.name} at {other.position} and "
                f"{declaration.namespace}.{declaration.name}. Clients tell types apart by their names: leave one of them out"
            )
        elif isinstance(other, DraftRecord) and isinstance(declaration, DraftRecord):
            self._join(other, declaration)

    def _join(self, other: DraftRecord, declaration: DraftRecord) -> None:
        """Merge a second declaration of a record: the same again, a part of it, or a nested type of the same name."""
        names = {member.name for member in other.members}
        more = [member for member in declaration.members if member.name not in names]
        if not more:
            return
        if names <= {member.name for member in declaration.members}:
            self.declarations[declaration.name] = declaration
            return
        self.losses.add("two types of one name: read as one, with the properties of both", declaration.name)
        other.members += more
        other.base = other.base or declaration.base
        other.interfaces += [interface for interface in declaration.interfaces if interface not in other.interfaces]

    def _rename(self, declaration: DraftRecord | DraftEnum, other: DraftRecord | DraftEnum) -> None:
        if not _count_parameters(declaration):
            # Operations have no type parameters, and clients know them by name: they keep it.
            self.declarations[declaration.name] = declaration
            declaration, other = other, declaration
        name = f"{declaration.name}{_count_parameters(declaration)}"
        if name in self.declarations:
            return
        self.losses.add(
            f"two types of one name and other parameters: the generic one is called {name}", declaration.name
        )
        self.new_names[declaration.name, _count_parameters(declaration)] = name
        declaration.name = name
        self.declarations[name] = declaration

    def build_contract(self) -> Contract:
        """Return the contract."""
        self._check_bases()
        for name, declaration in self.declarations.items():
            if isinstance(declaration, DraftEnum):
                self.types[name] = self._build_enum(declaration)
            elif not declaration.is_interface:
                self.types[name] = self._build_record(declaration)
        self._settle()
        operations = tuple(map(self._build_operation, self._list_requests()))
        contract = Contract(operations, self.types)
        roots = [ref for operation in operations for ref in (TypeRef("record", operation.name), operation.returns)]
        ordered = contract.reachable(roots)
        unused = [name for name in self.types if name not in ordered and not is_provided(self.types[name])]
        if operations:
            for name in unused:
                self.losses.add("a type that no operation leads to: declared, but not in metadata", name)
        return Contract(operations, ordered | contract.reachable(TypeRef("record", name) for name in unused))

    def _list_requests(self) -> list[DraftOperation]:
        requests: dict[str, DraftOperation] = {}
        for operation in self.draft.operations:
            if operation.request.lower() in requests:
                raise ImportFailed(f"{operation.position}: the operation {operation.request} is declared twice")
            request = self.types.get(operation.request)
            if not isinstance(request, RecordInfo):
                raise ImportFailed(f"{operation.position}: the request {operation.request} is not declared as a class")
            if request.parameters:
                self.losses.add("an operation whose request is generic: a base of other requests", operation.request)
                continue
            requests[operation.request.lower()] = operation
        return [*requests.values()]

    def _check_bases(self) -> None:
        for declaration in self.declarations.values():
            names = {declaration.name}
            current: DraftRecord | DraftEnum | None = declaration
            while isinstance(current, DraftRecord) and current.base is not None:
                if current.base.name in names:
                    raise ImportFailed(
                        f"{declaration.position}: {declaration.name} inherits from itself, through {', '.join(sorted(names))}"
                    )
                names.add(current.base.name)
                current = self.declarations.get(current.base.name)

    def _settle(self) -> None:
        """Take ServiceStack's types from the library, and mark members that a base has, too."""
        for name in [*self.types]:
            info = self.types[name]
            provided = load_library().get(name)
            if provided is not None and isinstance(info, RecordInfo) and _is_same(info, provided):
                if info.ui or info.attributes or any(field.ui or field.attributes for field in info.properties):
                    self.losses.add("attributes and data for user interfaces of ServiceStack's own types", name)
                self._adopt(name)
        for name, info in [*self.types.items()]:
            full_info = info if info.namespace else replace(info, namespace=self._get_default_namespace())
            self.types[name] = (
                self._mark_redeclared(full_info)
                if isinstance(full_info, RecordInfo) and not is_provided(full_info)
                else full_info
            )

    def _get_default_namespace(self) -> str:
        """Return the namespace for the types of a document without namespaces, and record the loss."""
        title = "".join(word[:1].upper() + word[1:] for word in self.draft.title.split() if word.isidentifier())
        name = title or "Imported"
        self.losses.add("namespaces, which the document does not say: all types are in one", name)
        return name

    def _mark_redeclared(self, info: RecordInfo) -> RecordInfo:
        above: set[str] = set()
        base = info.base
        while base is not None:
            parent = self.types[base.name]
            assert isinstance(parent, RecordInfo)
            above.update(field.name for field in parent.properties)
            base = parent.base
        if above.isdisjoint(field.name for field in info.properties):
            return info
        return replace(
            info, properties=tuple(replace(field, redeclared=field.name in above) for field in info.properties)
        )

    def _adopt(self, name: str) -> None:
        """Take a type, and the types that it uses, from the library."""
        provided_types = load_library()
        for type_name in Contract((), dict(provided_types)).reachable([TypeRef("record", name)]):
            self.types[type_name] = provided_types[type_name]

    # Types

    def _build_record(self, draft: DraftRecord) -> RecordInfo:
        parameters = draft.parameters
        base = None if draft.base is None else self._build_base(draft)
        members = [self._build_field(member, draft) for member in draft.members]
        self._check_members(draft, members)
        return RecordInfo(
            name=draft.name,
            namespace=draft.namespace,
            properties=tuple(members),
            base=base,
            parameters=parameters,
            interfaces=tuple(self._build_interfaces(draft)),
            description=" ".join(draft.description.split()),
            attributes=draft.attributes,
            ui=draft.ui,
            has_api=self._has_api(draft),
        )

    def _has_api(self, draft: DraftRecord) -> bool | None:
        """Return whether the description is an ``[Api]`` attribute; None if it is as usual: that of operations is one."""
        if not draft.description or draft.has_api is None:
            return None
        is_usual = draft.has_api == any(operation.request == draft.name for operation in self.draft.operations)
        return None if is_usual else draft.has_api

    def _check_members(self, draft: DraftRecord, members: list[Property]) -> None:
        names: dict[str, str] = {}
        for member in members:
            other = names.setdefault(member.wire.lower(), member.name)
            if other is not member.name:
                raise ImportFailed(
                    f"{draft.position}: {draft.name} has two properties that documents call {member.wire!r}: {other} and {member.name}"
                )

    def _build_base(self, draft: DraftRecord) -> TypeRef | None:
        use = draft.base
        assert use is not None
        query = _normalize_query(use)
        if query.name != use.name and use.name.startswith("QueryBase"):
            self.losses.add(f"{use.name}, as version 4 calls it: read as {query.name}", draft.name)
        use = query
        if use.name in _QUERIES and len(use.arguments) > 1:
            self.losses.add(f"{use.name} of two types: read as that of the second one", draft.name)
            use = replace(use, arguments=use.arguments[-1:])
        if use.name == "Object":
            return None
        base = self._resolve(use, draft.parameters, draft.position, f"{draft.name}, its base")
        if base.kind == "record":
            return base
        self.losses.add(f"the base {use}, which is not a class of the document", draft.name)
        return None

    def _build_interfaces(self, draft: DraftRecord) -> Iterator[InterfaceRef]:
        for use, namespace in draft.interfaces:
            if use.name in _MARKERS:
                continue
            declaration = self.declarations.get(use.name)
            arguments = tuple(
                self._resolve_item(argument, draft.parameters, draft.position, f"{draft.name}: {use.name}")
                for argument in use.arguments
            )
            if not use.name.isidentifier():
                raise ImportFailed(f"{draft.position}: {use.name!r} is not the name of an interface")
            if not namespace and use.name not in _OWN_INTERFACES:
                namespace = declaration.namespace or self._get_default_namespace() if declaration else ""
            namespace = namespace or SERVICESTACK
            if isinstance(declaration, DraftRecord) and declaration.members and declaration.namespace != SERVICESTACK:
                self.losses.add("properties of an interface", f"{use.name}")
            yield InterfaceRef(TypeRef("interface", use.name, arguments), namespace)

    def _build_enum(self, draft: DraftEnum) -> EnumInfo:
        names: set[str] = set()
        for name, _ in draft.members:
            if not name.isidentifier() or name in names:
                problem = "is twice in" if name in names else "is not the name of a member of"
                raise ImportFailed(f"{draft.position}: {name[:200]!r} {problem} the enum {draft.name}")
            names.add(name)
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

    def _build_field(self, member: DraftMember, owner: DraftRecord) -> Property:
        where = f"{owner.name}.{member.name}"
        if not member.name.isidentifier() or member.name.startswith("__"):
            raise ImportFailed(f"{owner.position}: {member.name[:200]!r} is not the name of a property")
        ref = self._resolve(member.type, owner.parameters, owner.position, where)
        data_member = member.data_member or DataMember()
        return Property(
            name=member.name,
            wire=data_member.name or camel_case(member.name),
            type=replace(ref, nullable=False),
            nullable=ref.nullable or not is_value(ref),
            description=member.description,
            data_member=member.data_member,
            api_member=member.api_member,
            attributes=member.attributes,
            ui=member.ui,
        )

    # Uses of types

    def _resolve(self, use: TypeUse, parameters: tuple[str, ...], position: str, where: str) -> TypeRef:
        ref = self._convert_use(use, parameters, position, where)
        return replace(ref, nullable=True) if use.nullable and not ref.nullable else ref

    def _resolve_item(self, use: TypeUse, parameters: tuple[str, ...], position: str, where: str) -> TypeRef:
        """Return the type of an item or an argument. There, only value types can be marked as nullable."""
        ref = self._resolve(use, parameters, position, where)
        return ref if is_value(ref) or not ref.nullable else replace(ref, nullable=False)

    def _convert_use(self, use: TypeUse, parameters: tuple[str, ...], position: str, where: str) -> TypeRef:
        name = use.name
        arguments = use.arguments
        if name in parameters and not arguments:
            return TypeRef("parameter", name)
        if name == "Nullable" and len(arguments) == 1:
            return replace(self._convert_use(arguments[0], parameters, position, where), nullable=True)
        name = self.new_names.get((name, len(arguments)), name)
        declaration = self.declarations.get(name)
        if isinstance(declaration, DraftRecord) and declaration.is_interface:
            self.losses.add("a value of an interface: any value", f"{where} ({name})")
            return _OBJECT
        if declaration is None and name == "Array" and len(arguments) == 1:
            item = self._resolve_item(arguments[0], parameters, position, where)
            return (
                TypeRef("scalar", "Byte[]") if item.name == "Byte" and not item.nullable else _make_list("Array", item)
            )
        if declaration is None and name in _LISTS:
            if name != "List":
                self.losses.add(f"{name} as a list", where)
            items = [self._resolve_item(argument, parameters, position, where) for argument in arguments] or [_OBJECT]
            return _make_list("List", items[0])
        if declaration is None and name in _MAPS:
            if name != "Dictionary":
                self.losses.add(f"{name} as a map", where)
            pair = tuple(self._resolve_item(argument, parameters, position, where) for argument in arguments)
            return TypeRef("map", "Dictionary", pair if len(pair) == 2 else (_TEXT, _OBJECT))
        if name == "KeyValuePair" and len(arguments) == 2:
            self.types.setdefault(name, describe_type(KeyValuePair))
            pair = tuple(self._resolve_item(argument, parameters, position, where) for argument in arguments)
            return TypeRef("record", name, pair)
        if declaration is None and not arguments and (name in _SCALARS or name in _EQUIVALENTS):
            if name in _EQUIVALENTS and name != "SByte":
                self.losses.add(f"{name} as {_EQUIVALENTS[name].name}", where)
            return _EQUIVALENTS.get(name) or TypeRef("scalar", name)
        if declaration is None:
            return self._resolve_undeclared(use, parameters, position, where)
        if not arguments and _count_parameters(declaration) and self.draft.is_erased:
            self.losses.add("types of a generic type that the document does not say: any values", where)
            arguments = tuple(TypeUse("Object") for _ in range(_count_parameters(declaration)))
        if len(arguments) != _count_parameters(declaration):
            raise ImportFailed(
                f"{position}: {where}: {name} takes {counted(_count_parameters(declaration), 'type')}, not {len(arguments)}"
            )
        kind: Any = "enum" if isinstance(declaration, DraftEnum) else "record"
        return TypeRef(
            kind, name, tuple(self._resolve_item(argument, parameters, position, where) for argument in arguments)
        )

    def _resolve_undeclared(self, use: TypeUse, parameters: tuple[str, ...], position: str, where: str) -> TypeRef:
        provided = load_library().get(use.name)
        if provided is not None and provided.parameters and not use.arguments and self.draft.is_erased:
            self.losses.add("types of a generic type that the document does not say: any values", where)
            use = replace(use, arguments=tuple(TypeUse("Object") for _ in provided.parameters))
        if provided is not None and len(provided.parameters) == len(use.arguments):
            self._adopt(use.name)
            arguments = tuple(self._resolve_item(argument, parameters, position, where) for argument in use.arguments)
            return TypeRef("record", use.name, arguments)
        if use.is_value and not use.arguments:
            self.losses.add(f"{use} is not declared in the document: its values are texts", where)
            return _TEXT
        self.losses.add(f"{use} is not declared in the document: any value", where)
        return _OBJECT

    # Operations

    def _build_operation(self, draft: DraftOperation) -> OperationInfo:
        request = self.types[draft.request]
        assert isinstance(request, RecordInfo)
        returns = None
        if draft.returns is not None:
            returns = self._resolve_item(draft.returns, (), draft.position, f"{draft.request}, its answer")
        access = draft.access
        if access is None:
            access = SIGNED_IN
            self.losses.add("access that the source does not state: signed in", draft.request)
        routes = tuple(self._build_routes(draft, request))
        # The pre-defined routes keep the verbs of routes that are left out.
        verbs = tuple(dict.fromkeys([*(verb for route in draft.routes for verb in route.verbs), *draft.verbs])) or (
            "POST",
        )
        return OperationInfo(request, routes, access, returns, draft.tags, verbs, draft.ui)

    def _build_routes(self, draft: DraftOperation, request: RecordInfo) -> Iterator[Route]:
        routes: set[Route] = set()
        field_names = {field.name.lower() for field in Contract((), self.types).all_properties(request)}
        for route in draft.routes:
            path = route.path if route.path.startswith("/") else f"/{route.path}"
            path = _DOUBLE_STARRED.sub(r"{\1*}", path.partition("?")[0])
            route = Route(route.verbs, path)
            if not all(variable.isidentifier() for variable in route.variables) or any(
                letter.isspace() for letter in path
            ):
                raise ImportFailed(f"{draft.position}: {route.path[:200]!r} is not the path of a route")
            for variable in route.variables:
                if variable.lower() not in field_names:
                    self.losses.add("a variable of a route without a property", f"{draft.request} {path}: {variable}")
            new_route = Route(route.verbs, path)
            if new_route not in routes and self._is_free(new_route, draft.request):
                routes.add(new_route)
                yield new_route

    def _is_free(self, route: Route, request: str) -> bool:
        """Return whether a route can be served and no other operation has it."""
        if has_misplaced_wildcard(route.path):
            self.losses.add("a route with a wildcard that is not its last segment: left out", f"{request} {route.path}")
            return False
        if problem := next(find_path_problems(route.path), ""):
            self.losses.add("a route whose path can't be served: left out", f"{request}: {problem}")
            return False
        if taken(route, own_places(), default_registry()):
            self.losses.add("a route of the server itself: left out", f"{request} {route.path}")
            return False
        for verb in route.verbs:
            other = self.routes.setdefault((verb, route_key(route.path), route.verbs == ANY), request)
            if other != request:
                self.losses.add("a route that another operation has: left out", f"{request} {route.path}: {other}")
                return False
        return True


def _normalize_query(use: TypeUse) -> TypeUse:
    """Return a base of AutoQuery requests with its name in the library; return any other base unchanged."""
    match = _QUERY.fullmatch(use.name) if use.arguments else None
    if match is None:
        return use
    return replace(use, name="QueryDb" if match[1] == "QueryBase" else match[1])


def _make_list(name: str, item: TypeRef) -> TypeRef:
    return TypeRef("list", name, (item,))


def _count_parameters(declaration: DraftRecord | DraftEnum) -> int:
    return len(declaration.parameters) if isinstance(declaration, DraftRecord) else 0


def _check_name(name: str, position: str) -> None:
    # Python normalizes identifiers: a name that changes could become another type's.
    is_plain = name.isidentifier() and unicodedata.normalize("NFKC", name) == name
    if not is_plain or keyword.iskeyword(name) or name in _RESERVED:
        problem = "is a keyword of Python" if keyword.iskeyword(name) else "is not the name of a type"
        raise ImportFailed(f"{position}: {name[:200]!r} {problem}; rename it in the source")


def _is_same(info: RecordInfo, provided: RecordInfo) -> bool:
    """Return whether a type has the same properties as the library's."""
    return (
        info.namespace in ("", SERVICESTACK)
        and info.parameters == provided.parameters
        and info.base == provided.base
        and [*map(_summarize_field, info.properties)] == [*map(_summarize_field, provided.properties)]
    )


def _summarize_field(field: Property) -> tuple[str, TypeRef, bool]:
    return field.name, field.type, field.nullable
