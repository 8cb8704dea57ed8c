"""A plain description of a catalog's types, from which metadata pages, generated clients and OpenAPI are made.

Everything here is data: records with their own properties, enums, and the operations that use them. Types are identified by name, and
refer to each other by `TypeRef`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from gateway.contract import fields
from gateway.contract.dto import Dto, Interface
from gateway.contract.dto_field import ApiMember, Attribute, DataMember
from gateway.contract.enums import make_choice
from gateway.contract.generics import TypeParameter, make_field
from gateway.contract.naming import pascal_case
from gateway.contract.scalars import Scalar
from gateway.errors import CatalogError

if TYPE_CHECKING:
    from gateway.contract.catalog import Access, Operation, Route

Kind: TypeAlias = Literal["scalar", "enum", "list", "map", "record", "parameter", "interface"]

#: The .NET namespace of ServiceStack's own DTOs, which its client libraries contain.
SERVICESTACK = "ServiceStack"


@dataclass(frozen=True, slots=True)
class TypeRef:
    """One use of a type.

    :ivar name: the .NET name: of a scalar (``String``, ``Int32``), ``List``, ``Array``, ``Dictionary``, a record, an enum, an interface, or
        a type parameter.
    :ivar arguments: of a list its items' type, of a map its keys' and values', of a generic record its arguments.
    :ivar nullable: for an item or argument whose .NET type has no null: whether it has a mark for null (``int?``).
    """

    kind: Kind
    name: str
    arguments: tuple[TypeRef, ...] = ()
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Property:
    """A field of a record.

    :ivar name: the .NET name.
    :ivar wire: the name in documents.
    :ivar nullable: whether the value may be absent, if .NET's type alone does not show it (numbers, booleans, enums).
    :ivar redeclared: whether the record's base has a property of this name too.
    :ivar data_member: its ``[DataMember]``.
    :ivar api_member: its ``[ApiMember]``, without the description.
    :ivar attributes: its other .NET attributes.
    :ivar ui: opaque data for user interfaces.
    """

    name: str
    wire: str
    type: TypeRef
    nullable: bool = True
    description: str = ""
    longest: int | None = None
    redeclared: bool = False
    data_member: DataMember | None = None
    api_member: ApiMember | None = None
    attributes: tuple[Attribute, ...] = ()
    ui: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EnumInfo:
    """An enum and its members, by name and number, in declaration order.

    :ivar flags: whether values are sums of members.
    :ivar numbered: whether documents have the members' numbers.
    :ivar texts: the texts in documents of members that do not have their names there, by name.
    :ivar descriptions: descriptions of members, by name.
    """

    name: str
    namespace: str
    members: tuple[tuple[str, int], ...]
    description: str = ""
    flags: bool = False
    numbered: bool = False
    texts: Mapping[str, str] = field(default_factory=dict)
    descriptions: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_numeric(self) -> bool:
        """Whether documents have numbers."""
        return self.flags or self.numbered

    @property
    def counts(self) -> bool:
        """Whether the members' numbers just count from 0."""
        return all(number == index for index, (_, number) in enumerate(self.members))

    def text_of(self, name: str) -> str:
        """Return the text of a member in documents."""
        return self.texts.get(name, name)


@dataclass(frozen=True, slots=True)
class InterfaceRef:
    """An interface that a record implements."""

    type: TypeRef
    namespace: str = SERVICESTACK


@dataclass(frozen=True, slots=True)
class RecordInfo:
    """A DTO.

    :ivar properties: its own, in declaration order.
    :ivar base: the record whose properties it inherits.
    :ivar parameters: the names of its type parameters.
    :ivar interfaces: its .NET marker interfaces.
    :ivar ordered: whether its members have numbers, which set the order in XML.
    :ivar attributes: its other .NET attributes.
    :ivar ui: opaque data for user interfaces.
    :ivar has_api: whether the description is an ``[Api]`` attribute (`Dto.has_api`).
    """

    name: str
    namespace: str
    properties: tuple[Property, ...]
    base: TypeRef | None = None
    parameters: tuple[str, ...] = ()
    interfaces: tuple[InterfaceRef, ...] = ()
    description: str = ""
    ordered: bool = False
    attributes: tuple[Attribute, ...] = ()
    ui: Mapping[str, Any] = field(default_factory=dict)
    has_api: bool | None = None

    @property
    def is_contract(self) -> bool:
        """Return whether the record is a data contract: its members set names or numbers."""
        return self.ordered or any(member.data_member for member in self.properties)

    def number_of(self, member: Property) -> int | None:
        """Return the number of a data member."""
        if member.data_member is not None and member.data_member.order is not None:
            return member.data_member.order
        return self.properties.index(member) + 1 if self.ordered else None


TypeInfo: TypeAlias = RecordInfo | EnumInfo


@dataclass(frozen=True, slots=True)
class OperationInfo:
    """An operation: its request record, routes, access rule and response.

    :ivar ui: opaque data for user interfaces.
    """

    request: RecordInfo
    routes: tuple[Route, ...]
    access: Access
    returns: TypeRef | None
    tags: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    ui: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The operation's name."""
        return self.request.name

    @property
    def verb(self) -> str:
        """The verb of a client that knows only the operation: its only verb, or that of its interface, or POST."""
        if len(self.verbs) == 1:
            return self.verbs[0]
        interface_verbs = {
            interface.type.name[1:].upper()
            for interface in self.request.interfaces
            if interface.namespace == SERVICESTACK
        }
        return next((verb for verb in self.verbs if verb in interface_verbs), "POST")


@dataclass(frozen=True)
class Contract:
    """Operations and every type that they use.

    :ivar types: by name, requests included, in the order in which the operations refer to them.
    """

    operations: tuple[OperationInfo, ...]
    types: dict[str, TypeInfo] = field(default_factory=dict)

    @cached_property
    def by_name(self) -> dict[str, OperationInfo]:
        """The operations by name."""
        return {operation.name: operation for operation in self.operations}

    def has_api(self, info: RecordInfo) -> bool:
        """Return whether a record has the attribute ``[Api]``, with its description."""
        return bool(info.description) and (info.name in self.by_name if info.has_api is None else info.has_api)

    def record(self, name: str) -> RecordInfo:
        """Return the record with this name."""
        return cast("RecordInfo", self.types[name])

    def all_properties(self, record: RecordInfo) -> Iterator[Property]:
        """Yield a record's properties in wire order: its own, then its base's, with the base's type parameters replaced."""
        yield from record.properties
        if record.base is not None:
            parent = self.record(record.base.name)
            arguments = dict(zip(parent.parameters, record.base.arguments, strict=True))
            own_names = {member.wire for member in record.properties}
            for member in self.all_properties(parent):
                if member.wire not in own_names:
                    yield dataclasses.replace(member, type=replace(member.type, arguments))

    def reachable(self, roots: Iterable[TypeRef | None]) -> dict[str, TypeInfo]:
        """Return the types that are reachable from the roots, roots included, each before the types of its properties."""
        types: dict[str, TypeInfo] = {}
        for root in roots:
            self._reach(root, types)
        return types

    def _reach(self, ref: TypeRef | None, types: dict[str, TypeInfo]) -> None:
        if ref is None:
            return
        if ref.name in self.types and ref.name not in types:
            info = types[ref.name] = self.types[ref.name]
            for reference in references(info):
                self._reach(reference, types)
        for argument in ref.arguments:
            self._reach(argument, types)


def references(info: TypeInfo) -> Iterator[TypeRef]:
    """Yield the types that a type refers to: its base, then its properties' types."""
    if isinstance(info, RecordInfo):
        if info.base is not None:
            yield info.base
        yield from (member.type for member in info.properties)
        yield from (argument for interface in info.interfaces for argument in interface.type.arguments)


def replace(ref: TypeRef, arguments: dict[str, TypeRef]) -> TypeRef:
    """Return the type with its parameters replaced."""
    if ref.kind == "parameter":
        return arguments.get(ref.name, ref)
    return TypeRef(ref.kind, ref.name, tuple(replace(argument, arguments) for argument in ref.arguments), ref.nullable)


def describe(operations: Iterable[Operation]) -> Contract:
    """Return the description of the given operations and of the types that they use."""
    return _Describer().contract(operations)


def describe_type(dto: type[Dto]) -> RecordInfo:
    """Return the description of a DTO, whether or not an operation uses it."""
    describer = _Describer()
    return cast("RecordInfo", describer.types[describer.describe_open(dto)])


def check_types(operations: Iterable[Operation]) -> Iterator[str]:
    """Yield the faults of the types that operations use: equal names, and generic types that are not closed."""
    describer = _Describer()
    for operation in operations:
        try:
            describer.describe_dto(operation.dto)
            if operation.response is not None:
                describer.describe_response(operation.response)
        except CatalogError as error:
            yield f"{operation.name}: {error}"


class _Describer:
    """Walks DTOs and describes each type that they use, once."""

    def __init__(self) -> None:
        self.types: dict[str, TypeInfo] = {}
        self._classes: dict[str, type[Any]] = {}
        #: The namespace of the current DTO, for enums without a namespace.
        self._namespace = ""

    def contract(self, operations: Iterable[Operation]) -> Contract:
        """Describe these operations."""
        infos = tuple(self._describe_operation(operation) for operation in operations)
        return Contract(infos, self.types)

    def _describe_operation(self, operation: Operation) -> OperationInfo:
        assert operation.access is not None
        self.describe_dto(operation.dto, _choose_verb_interface(operation))
        returns = None if operation.response is None else self.describe_response(operation.response)
        request = cast("RecordInfo", self.types[operation.name])
        return OperationInfo(
            request, operation.routes, operation.access, returns, operation.tags, operation.verbs, operation.ui
        )

    def describe_dto(self, dto: type[Dto], interfaces: tuple[str, ...] = ()) -> TypeRef:
        """Return a reference to a DTO, and collect the DTO and the types that it uses."""
        open_dto, arguments = dto.__dict__.get("generic") or (dto, ())
        name = open_dto.__name__
        if not arguments and dto.__dict__.get("parameters"):
            raise CatalogError(f"{name} is generic and is not closed: use close({name}, ...)")
        if self._is_new(open_dto):
            # A placeholder for recursive references while the properties are walked.
            self.types[name] = EnumInfo(name, "", ())
            record = self.types[name] = self._describe_record(open_dto, interfaces, dto.namespace())
            if problems := [*_find_problems(record, open_dto)]:
                raise CatalogError("; ".join(problems))
        elif dto is not open_dto:
            self._check_namespace(open_dto, dto.namespace())
        return TypeRef("record", name, tuple(self._describe_item(argument) for argument in arguments))

    def _check_namespace(self, generic: type[Dto], namespace: str) -> None:
        """Refuse a generic DTO without a namespace whose arguments have two. Raises CatalogError."""
        existing = self.types[generic.__name__].namespace
        if not generic.namespace() and existing not in ("", dotnet_namespace(namespace)):
            raise CatalogError(
                f"{generic.__name__} is in two namespaces, by what it is closed with: {existing} and {namespace}. "
                "Give the package of these modules a NAMESPACE."
            )

    def describe_open(self, dto: type[Dto]) -> str:
        """Collect a DTO that may be open, and the types that it uses; return its name."""
        self.types[dto.__name__] = EnumInfo(dto.__name__, "", ())
        self.types[dto.__name__] = self._describe_record(dto, (), dto.namespace())
        return dto.__name__

    def describe_response(self, response: Any) -> TypeRef:
        """Return a reference to a response type, and collect the types that it uses."""
        return self._describe_field(response)

    def _is_new(self, kind: type[Any]) -> bool:
        """Return whether a class is new. Raises CatalogError when another class with its name is known.

        Two classes for the same DTO of ServiceStack count as one: the clients' libraries contain it, and the first class describes both.
        """
        existing = self._classes.setdefault(kind.__name__, kind)
        is_own = SERVICESTACK == dotnet_namespace(existing.namespace()) == dotnet_namespace(kind.namespace())
        if (
            existing is not kind
            and not is_own
            and (existing.__module__, existing.__qualname__) != (kind.__module__, kind.__qualname__)
        ):
            raise CatalogError(
                f"two types are called {kind.__name__}: {_locate(existing)} and {_locate(kind)}. Clients tell types apart by their names."
            )
        return kind.__name__ not in self.types

    def _describe_record(self, dto: type[Dto], interfaces: tuple[str, ...], namespace: str) -> RecordInfo:
        around, self._namespace = self._namespace, namespace
        try:
            return self._describe_members(dto, interfaces, namespace)
        finally:
            self._namespace = around

    def _describe_members(self, dto: type[Dto], interfaces: tuple[str, ...], namespace: str) -> RecordInfo:
        parent = dto.parent()
        inherited = () if parent is None else parent.interfaces
        own_interfaces = dto.__dict__.get("interfaces")
        if own_interfaces is None:
            own_interfaces = tuple(interface for interface in interfaces if interface not in inherited)
        inherited_fields = {} if parent is None else parent.schema().fields
        return RecordInfo(
            name=dto.__name__,
            namespace=dotnet_namespace(namespace),
            base=self.describe_dto(parent) if parent else None,
            properties=tuple(
                self._describe_property(name, field, redeclared=name in inherited_fields)
                for name, field in dto.own_fields()
            ),
            parameters=dto.parameters if "parameters" in dto.__dict__ else (),
            interfaces=tuple(map(self._describe_interface, own_interfaces)),
            description=dto.summary(),
            ordered=dto.ordered,
            attributes=tuple(dto.__dict__.get("attributes", ())),
            ui=dto.__dict__.get("ui", {}),
            has_api=dto.__dict__.get("has_api"),
        )

    def _describe_interface(self, declared: str | Interface) -> InterfaceRef:
        if isinstance(declared, str):
            return InterfaceRef(TypeRef("interface", declared))
        arguments = tuple(self._describe_item(make_field(argument)) for argument in declared.arguments)
        return InterfaceRef(TypeRef("interface", declared.name, arguments), declared.namespace)

    def _describe_property(self, name: str, declared: Any, *, redeclared: bool) -> Property:
        return Property(
            name=declared.dotnet_name(name) if isinstance(declared, fields.DtoField) else pascal_case(name),
            wire=str(declared.data_key),
            type=self._describe_field(declared),
            nullable=declared.allow_none,
            description=getattr(declared, "description", ""),
            longest=getattr(declared, "length", None),
            redeclared=redeclared,
            data_member=getattr(declared, "data_member", None),
            api_member=getattr(declared, "api_member", None),
            attributes=getattr(declared, "attributes", ()),
            ui=getattr(declared, "ui", {}),
        )

    def _describe_item(self, declared: Any) -> TypeRef:
        """Return the type of an item or an argument."""
        reference = self._describe_field(declared)
        return dataclasses.replace(reference, nullable=True) if getattr(declared, "nullable", None) else reference

    def _describe_field(self, declared: Any) -> TypeRef:
        match declared:
            case TypeParameter():
                return TypeRef("parameter", declared.parameter)
            case fields.Nested():
                return self.describe_dto(declared.dto)
            case fields.Array():
                return TypeRef("list", "Array", (self._describe_item(declared.item),))
            case fields.List():
                return TypeRef("list", "List", (self._describe_item(declared.item),))
            case fields.Map():
                return TypeRef(
                    "map",
                    "Dictionary",
                    (self._describe_item(declared.key_field), self._describe_item(declared.value_field)),
                )
            case fields.Enum() | fields.Flags():
                return self._describe_enum(cast("type[fields.DtoEnum | fields.DtoFlags]", declared.enum))
            case fields.Integer():
                return TypeRef("scalar", f"Int{declared.bits}")
            case Scalar():
                return TypeRef("scalar", declared.dotnet)
            case _:
                return _SCALARS[type(declared)]

    def _describe_enum(self, enum: type[fields.DtoEnum | fields.DtoFlags]) -> TypeRef:
        name = enum.__name__
        if self._is_new(enum):
            choice = make_choice(enum)
            self.types[name] = EnumInfo(
                name,
                dotnet_namespace(enum.namespace() or self._namespace),
                tuple(choice.members.items()),
                enum.summary(),
                choice.flags,
                choice.numbered,
                choice.texts,
                enum.descriptions(),
            )
        return TypeRef("enum", name)


def _find_problems(record: RecordInfo, dto: type[Dto]) -> Iterator[str]:
    """Yield the faults of a record's properties."""
    wires = [str(field.data_key).lower() for _, field in dto.wire_fields()]
    for wire in sorted({wire for wire in wires if wires.count(wire) > 1}):
        yield f"{record.name} has two fields whose name in documents is '{wire}'"
    used = {name for ref in references(record) for name in _find_parameters(ref)}
    for name in sorted(used.difference(record.parameters)):
        yield f"the type parameter {name} of {record.name} is none of its own: it declares {record.parameters or 'none'}"


def _find_parameters(ref: TypeRef) -> Iterator[str]:
    if ref.kind == "parameter":
        yield ref.name
    for argument in ref.arguments:
        yield from _find_parameters(argument)


def _locate(kind: type[Any]) -> str:
    namespace = kind.namespace()
    return (
        f"{namespace}.{kind.__name__} in {kind.__module__}" if namespace else f"{kind.__module__}.{kind.__qualname__}"
    )


_SCALARS = {
    fields.String: TypeRef("scalar", "String"),
    fields.Boolean: TypeRef("scalar", "Boolean"),
}


def dotnet_namespace(declared: str) -> str:
    """Return a .NET namespace; DTOs that declare an XML namespace in its place are ServiceStack's own."""
    return SERVICESTACK if "://" in declared else declared


def _choose_verb_interface(operation: Operation) -> tuple[str, ...]:
    """Return the marker interface of an operation's verb, if it has exactly one verb."""
    return (f"I{operation.verbs[0].capitalize()}",) if len(operation.verbs) == 1 else ()
