"""DTOs: the records of the contract, declared as marshmallow schemas."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any, ClassVar, Self, TypeVar

import marshmallow
from marshmallow import fields as base

from gateway.contract.dto_field import AnyField, Attribute, DtoField
from gateway.contract.naming import camel_case, pascal_case
from gateway.contract.view import View
from gateway.errors import CatalogError


class Instance(SimpleNamespace):
    """A DTO's values, read as attributes. It has every declared field; absent values are null, or `DtoField.initial`."""

    #: The DTO that made the instance.
    __dto__: ClassVar[type[Dto] | None] = None

    def __getattr__(self, name: str) -> Any:
        # Called for missing attributes only: tells the type checker that attributes are dynamic.
        raise AttributeError(name)


class Dto(marshmallow.Schema):
    """The base class of DTOs. Wire names are .NET's camelCase; unknown members are ignored at every depth.

    A module of DTOs sets its .NET namespace in ``NAMESPACE``; a class may override it in `dotnet_namespace`. A generic DTO without
    one, such as `gateway.ListResponse`, is in that of the package of its first argument, or else of its first argument.
    """

    class Meta:
        unknown = marshmallow.EXCLUDE

    dotnet_namespace: ClassVar[str] = ""
    #: Whether members in XML have the declared order instead of the ordinal one.
    ordered: ClassVar[bool] = False
    #: Attributes that XML omits if they are null; others are written as ``i:nil``.
    omitted: ClassVar[tuple[str, ...]] = ()
    #: The attribute whose items are a table's rows, for responses that are pages of a list.
    rows: ClassVar[str | None] = None
    #: Names of the type's parameters (``T``), for generic DTOs.
    parameters: ClassVar[tuple[str, ...]] = ()
    #: The generic DTO that this one closes, and its arguments, each as a field.
    generic: ClassVar[tuple[type[Dto], tuple[AnyField, ...]] | None] = None
    #: .NET marker interfaces, which generated types name: ServiceStack's own by their names.
    interfaces: ClassVar[tuple[str | Interface, ...]] = ()
    #: Further .NET attributes.
    attributes: ClassVar[tuple[Attribute, ...]] = ()
    #: Whether the description is an ``[Api]`` attribute of .NET, too; None for that of operations only.
    has_api: ClassVar[bool | None] = None
    #: Opaque data for user interfaces (``icon``, ``formLayout``), which metadata contains.
    ui: ClassVar[Mapping[str, Any]] = {}
    #: XML has the wire names of the members, as for .NET's own types.
    named_by_wire: ClassVar[bool] = False
    #: How pages for people show the DTO and lists of it.
    view: ClassVar[View | None] = None
    #: A struct of .NET: ``?jsconfig=edv`` omits it if all its members have the defaults of their types.
    is_value: ClassVar[bool] = False
    #: Other names of fields, for variables in a path: name to wire name.
    aliases: ClassVar[Mapping[str, str]] = {}

    def on_bind_field(self, field_name: str, field_obj: base.Field[Any]) -> None:
        """Set the field's wire name."""
        if isinstance(field_obj, DtoField):
            field_obj.data_key = field_obj.wire_name(field_name)
        else:
            field_obj.data_key = camel_case(pascal_case(field_name))

    @classmethod
    def type_name(cls) -> str:
        """Return the .NET name, without type arguments."""
        return cls.generic[0].__name__ if cls.generic else cls.__name__

    @classmethod
    def namespace(cls) -> str:
        """Return the .NET namespace."""
        return str(cls.__dict__.get("dotnet_namespace") or getattr(sys.modules[cls.__module__], "NAMESPACE", ""))

    @classmethod
    def shared_namespace(cls) -> str:
        """Return the .NET namespace for types that several modules share: the ``NAMESPACE`` of the package, if it has one."""
        package = sys.modules.get(cls.__module__.rpartition(".")[0])
        return getattr(package, "NAMESPACE", "") or cls.namespace()

    @classmethod
    def summary(cls) -> str:
        """Return the first paragraph of the class's docstring on one line: the operation's description."""
        text = cls.__dict__.get("__doc__") or ""
        return " ".join(text.strip().split("\n\n")[0].split())

    @classmethod
    def parent(cls) -> type[Dto] | None:
        """Return the DTO whose fields this one inherits."""
        bases = (candidate for candidate in cls.__bases__ if issubclass(candidate, Dto) and candidate is not Dto)
        return next((candidate for candidate in bases if candidate.schema().fields or candidate.is_declared()), None)

    @classmethod
    def is_declared(cls) -> bool:
        """Return whether the class is a type of the contract: it or its module has a .NET namespace."""
        return bool(cls.namespace())

    @classmethod
    @cache
    def schema(cls) -> Self:
        """Return the shared instance of the schema.

        :raises CatalogError: when the declaration contradicts itself.
        """
        try:
            return cls()
        except ValueError as error:
            raise CatalogError(f"{cls.__name__} has an invalid declaration: {error}") from None

    @classmethod
    def own_fields(cls) -> Iterator[tuple[str, base.Field[Any]]]:
        """Return attribute names and fields that the class itself declares, in order, including redeclared fields of its base."""
        parent = cls.parent()
        inherited = parent._declared_fields if parent else {}
        for name, field in cls.schema().fields.items():
            if cls._declared_fields[name] is not inherited.get(name):
                yield name, field

    @classmethod
    def wire_fields(cls) -> Iterator[tuple[str, base.Field[Any]]]:
        """Return attribute names and fields in wire order: fields of the class, then of its base; data members with a number last."""
        fields = dict(cls.own_fields())
        parent = cls.parent()
        if parent:
            fields |= {name: field for name, field in parent.wire_fields() if name not in fields}
        yield from sorted(fields.items(), key=lambda member: _order(member[1]))

    @classmethod
    def instance(cls, values: Mapping[str, Any]) -> Instance:
        """Return an instance with these values by attribute name; other fields are null, or the default of their .NET type."""
        return cls._make_type()(**{**cls._list_initial_values(), **values})

    @classmethod
    def new(cls, **values: Any) -> Instance:
        """Return `instance` with the values as keywords. Raises TypeError for an unknown name."""
        unknown = values.keys() - cls._list_initial_values().keys()
        if unknown:
            raise TypeError(f"{cls.__name__} has no {', '.join(sorted(unknown))}")
        return cls.instance(values)

    @classmethod
    @cache
    def _make_type(cls) -> type[Instance]:
        """Return the type of the DTO's instances, which has a reference to the DTO."""
        return type(cls.__name__, (Instance,), {"__dto__": cls})

    @classmethod
    @cache
    def _list_initial_values(cls) -> Mapping[str, Any]:
        return {name: getattr(field, "initial", None) for name, field in cls.schema().fields.items()}


DtoType = TypeVar("DtoType", bound=type[Dto])


@dataclass(frozen=True, slots=True)
class Interface:
    """A .NET interface that a DTO implements.

    :ivar arguments: of a generic one, as `gateway.contract.generics.close` takes them.
    :ivar namespace: its namespace; generated types declare interfaces that are not ServiceStack's.
    """

    name: str
    arguments: tuple[Any, ...] = ()
    namespace: str = "ServiceStack"


def _order(field: AnyField) -> int:
    member = field.data_member if isinstance(field, DtoField) else None
    return -1 if member is None or member.order is None else member.order
