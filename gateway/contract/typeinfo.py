"""A plain description of a catalog's types: what metadata pages, generated clients and OpenAPI are made from.

Everything here is data: records with their own properties, enums, and the operations that use them. Types are told apart by name, and
refer to each other by `TypeRef`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeAlias, cast

from marshmallow import fields as base

from gateway.contract import fields
from gateway.contract.catalog import Access, Operation, Route
from gateway.contract.dto import Dto, TypeParameter
from gateway.contract.naming import pascal_case
from gateway.contract.scalars import Scalar

Kind: TypeAlias = Literal["scalar", "enum", "list", "map", "record", "parameter"]

#: The .NET namespace of ServiceStack's own DTOs, which its client libraries bring along.
SERVICESTACK = "ServiceStack"


@dataclass(frozen=True, slots=True)
class TypeRef:
    """One use of a type.

    :ivar name: the .NET name: of a scalar (``String``, ``Int32``), ``List``, ``Dictionary``, a record, an enum, or a type parameter.
    :ivar arguments: of a list its items' type, of a map its keys' and values', of a generic record its arguments.
    """

    kind: Kind
    name: str
    arguments: tuple[TypeRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Property:
    """A field of a record.

    :ivar name: the .NET name.
    :ivar wire: the name in documents.
    :ivar nullable: whether the value may be absent, where .NET's type alone does not say so (numbers, booleans, enums).
    """

    name: str
    wire: str
    type: TypeRef
    nullable: bool = True
    description: str = ""
    longest: int | None = None


@dataclass(frozen=True, slots=True)
class EnumInfo:
    """An enum and its members, by name and number, in declaration order."""

    name: str
    namespace: str
    members: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class RecordInfo:
    """A DTO.

    :ivar properties: its own, in declaration order.
    :ivar base: the record whose properties it inherits.
    :ivar parameters: the names of its type parameters.
    :ivar interfaces: its .NET marker interfaces.
    :ivar ordered: its members have numbers, which XML keeps to.
    """

    name: str
    namespace: str
    properties: tuple[Property, ...]
    base: TypeRef | None = None
    parameters: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    description: str = ""
    ordered: bool = False


TypeInfo: TypeAlias = RecordInfo | EnumInfo


@dataclass(frozen=True, slots=True)
class OperationInfo:
    """An operation: its request record, where it is and who may call it, and what it answers."""

    request: RecordInfo
    routes: tuple[Route, ...]
    access: Access
    returns: TypeRef | None
    tags: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The operation's name."""
        return self.request.name

    @property
    def verb(self) -> str:
        """The verb that a client uses which knows only the operation: POST where there is a choice."""
        return self.verbs[0] if len(self.verbs) == 1 else "POST"


@dataclass(frozen=True)
class Contract:
    """Operations and every type that they use.

    :ivar types: by name, requests included, in the order in which the operations lead to them.
    """

    operations: tuple[OperationInfo, ...]
    types: dict[str, TypeInfo] = field(default_factory=dict)

    @cached_property
    def by_name(self) -> dict[str, OperationInfo]:
        """The operations by name."""
        return {operation.name: operation for operation in self.operations}

    def record(self, name: str) -> RecordInfo:
        """The record of that name."""
        return cast("RecordInfo", self.types[name])

    def all_properties(self, record: RecordInfo) -> Iterator[Property]:
        """A record's properties in wire order: its own, then its base's, with the base's type parameters replaced."""
        yield from record.properties
        if record.base is not None:
            parent = self.record(record.base.name)
            given = dict(zip(parent.parameters, record.base.arguments, strict=True))
            for each in self.all_properties(parent):
                yield Property(
                    each.name, each.wire, replace(each.type, given), each.nullable, each.description, each.longest
                )

    def reachable(self, roots: Iterable[TypeRef | None]) -> dict[str, TypeInfo]:
        """The types that the roots lead to, themselves included, each before what its properties name."""
        found: dict[str, TypeInfo] = {}
        for root in roots:
            self._reach(root, found)
        return found

    def _reach(self, ref: TypeRef | None, found: dict[str, TypeInfo]) -> None:
        if ref is None:
            return
        if ref.name in self.types and ref.name not in found:
            info = found[ref.name] = self.types[ref.name]
            for each in references(info):
                self._reach(each, found)
        for argument in ref.arguments:
            self._reach(argument, found)


def references(info: TypeInfo) -> Iterator[TypeRef]:
    """What a type names: its base, then its properties' types."""
    if isinstance(info, RecordInfo):
        if info.base is not None:
            yield info.base
        yield from (each.type for each in info.properties)


def replace(ref: TypeRef, given: dict[str, TypeRef]) -> TypeRef:
    """The type with its parameters replaced."""
    if ref.kind == "parameter":
        return given.get(ref.name, ref)
    return TypeRef(ref.kind, ref.name, tuple(replace(each, given) for each in ref.arguments))


def describe(operations: Iterable[Operation]) -> Contract:
    """The description of some operations and of what they use."""
    return _Describer().contract(operations)


class _Describer:
    """Walks DTOs and notes every type that it meets, once."""

    def __init__(self) -> None:
        self.types: dict[str, TypeInfo] = {}

    def contract(self, operations: Iterable[Operation]) -> Contract:
        """Describe these operations."""
        found = tuple(self._operation(each) for each in operations)
        return Contract(found, self.types)

    def _operation(self, operation: Operation) -> OperationInfo:
        assert operation.access is not None
        self.of_dto(operation.dto, _verb_interface(operation))
        returns = self.of_dto(operation.returns) if operation.returns else None
        if returns is not None and operation.returns_list:
            returns = TypeRef("list", "List", (returns,))
        request = cast("RecordInfo", self.types[operation.name])
        return OperationInfo(request, operation.routes, operation.access, returns, operation.tags, operation.verbs)

    def of_dto(self, dto: type[Dto], interfaces: tuple[str, ...] = ()) -> TypeRef:
        """The reference to a DTO; the DTO and what it uses are noted."""
        open_dto, arguments = dto.__dict__.get("generic") or (dto, ())
        name = open_dto.__name__
        if name not in self.types:
            # Holds the place while the properties are walked, which may lead back here.
            self.types[name] = EnumInfo(name, "", ())
            self.types[name] = self._record(open_dto, interfaces)
        return TypeRef("record", name, tuple(self.of_dto(each) for each in arguments))

    def _record(self, dto: type[Dto], interfaces: tuple[str, ...]) -> RecordInfo:
        parent = dto.parent()
        declared = tuple(dto.__dict__.get("interfaces", ()))
        inherited = () if parent is None else parent.interfaces
        return RecordInfo(
            name=dto.__name__,
            namespace=dotnet_namespace(dto.namespace()),
            base=self.of_dto(parent) if parent else None,
            properties=tuple(self._property(name, each) for name, each in dto.own_fields()),
            parameters=dto.parameters if "parameters" in dto.__dict__ else (),
            interfaces=declared or tuple(each for each in interfaces if each not in inherited),
            description=dto.summary(),
            ordered=dto.ordered,
        )

    def _property(self, name: str, declared: base.Field[Any]) -> Property:
        return Property(
            name=getattr(declared, "declared_name", "") or pascal_case(name),
            wire=str(declared.data_key),
            type=self._field(declared),
            nullable=declared.allow_none,
            description=getattr(declared, "description", ""),
            longest=getattr(declared, "length", None),
        )

    def _field(self, declared: Any) -> TypeRef:
        match declared:
            case TypeParameter():
                return TypeRef("parameter", declared.parameter)
            case fields.Nested():
                return self.of_dto(declared.dto)
            case fields.List():
                return TypeRef("list", "List", (self._field(declared.item),))
            case fields.Map():
                return TypeRef(
                    "map", "Dictionary", (self._field(declared.key_field), self._field(declared.value_field))
                )
            case fields.Enum():
                return self._enum(cast("type[fields.DtoEnum]", declared.enum))
            case fields.Integer():
                return TypeRef("scalar", f"Int{declared.bits}")
            case Scalar():
                return TypeRef("scalar", declared.dotnet)
            case _:
                return _SCALARS[type(declared)]

    def _enum(self, enum: type[fields.DtoEnum]) -> TypeRef:
        name = enum.__name__
        self.types.setdefault(name, EnumInfo(name, dotnet_namespace(enum.namespace()), tuple(enum.numbers().items())))
        return TypeRef("enum", name)


_SCALARS = {
    fields.String: TypeRef("scalar", "String"),
    fields.Boolean: TypeRef("scalar", "Boolean"),
}


def dotnet_namespace(declared: str) -> str:
    """A .NET namespace; DTOs that declare an XML namespace in its place are ServiceStack's own."""
    return SERVICESTACK if "://" in declared else declared


def _verb_interface(operation: Operation) -> tuple[str, ...]:
    """The marker interface of an operation's verb, where it has just one."""
    return (f"I{operation.verbs[0].capitalize()}",) if len(operation.verbs) == 1 else ()
