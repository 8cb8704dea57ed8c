"""DTOs: the records of the contract, declared as marshmallow schemas."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import cache
from types import SimpleNamespace
from typing import Any, ClassVar, Self, TypeVar, cast

import marshmallow
from marshmallow import fields as base

from gateway.contract import fields
from gateway.contract.naming import camel_case, pascal_case


class Instance(SimpleNamespace):
    """A DTO's values, read as attributes; every declared field is there, null where nothing was given."""

    def __getattr__(self, name: str) -> Any:
        # Only called for what is not there: tells the type checker that attributes are dynamic.
        raise AttributeError(name)


class Dto(marshmallow.Schema):
    """The base of every DTO. Wire names are .NET's camelCase; unknown members are ignored at every depth.

    A module of DTOs names its .NET namespace once, in ``NAMESPACE``; a class may name its own in `dotnet_namespace`.
    """

    class Meta:
        unknown = marshmallow.EXCLUDE

    dotnet_namespace: ClassVar[str] = ""
    #: Members of the DTO in XML stand as declared, not by the alphabet.
    ordered: ClassVar[bool] = False
    #: Attributes that XML leaves out where they are null; of others it says that they are.
    omitted: ClassVar[tuple[str, ...]] = ()
    #: The attribute whose items are a table's rows, for answers that are pages of a list.
    rows: ClassVar[str | None] = None
    #: Names of the type's parameters (``T``), for generic DTOs.
    parameters: ClassVar[tuple[str, ...]] = ()
    #: The generic DTO that this one closes, and its arguments.
    generic: ClassVar[tuple[type[Dto], tuple[type[Dto], ...]] | None] = None
    #: .NET marker interfaces, which generated types name.
    interfaces: ClassVar[tuple[str, ...]] = ()
    #: Other names, of variables in a path, under which fields are given: name to wire name.
    aliases: ClassVar[Mapping[str, str]] = {}

    def on_bind_field(self, field_name: str, field_obj: base.Field[Any]) -> None:
        """Give the field its wire name."""
        declared = getattr(field_obj, "declared_name", "") or pascal_case(field_name)
        field_obj.data_key = camel_case(declared)

    @classmethod
    def type_name(cls) -> str:
        """The .NET name, without type arguments."""
        return cls.generic[0].__name__ if cls.generic else cls.__name__

    @classmethod
    def namespace(cls) -> str:
        """The .NET namespace."""
        return str(cls.__dict__.get("dotnet_namespace") or getattr(sys.modules[cls.__module__], "NAMESPACE", ""))

    @classmethod
    def summary(cls) -> str:
        """The first paragraph of the class's docstring on one line: the operation's description."""
        text = cls.__dict__.get("__doc__") or ""
        return " ".join(text.strip().split("\n\n")[0].split())

    @classmethod
    def parent(cls) -> type[Dto] | None:
        """The DTO whose fields this one inherits."""
        parent = cast("type[Dto]", cls.__mro__[1])
        return parent if parent is not Dto and parent.schema().fields else None

    @classmethod
    @cache
    def schema(cls) -> Self:
        """The one instance that everybody shares."""
        return cls()

    @classmethod
    def own_fields(cls) -> Iterator[tuple[str, base.Field[Any]]]:
        """Attribute name and field of what the class itself declares, in order."""
        inherited = cls.__mro__[1].schema().fields if cls.parent() else {}  # type: ignore[attr-defined]
        for name, field in cls.schema().fields.items():
            if name not in inherited:
                yield name, field

    @classmethod
    def wire_fields(cls) -> Iterator[tuple[str, base.Field[Any]]]:
        """Attribute name and field in wire order: own fields first, then the base's."""
        yield from cls.own_fields()
        parent = cls.parent()
        if parent:
            yield from parent.wire_fields()

    @classmethod
    def instance(cls, values: Mapping[str, Any]) -> Instance:
        """The DTO with these values by attribute name; other fields are null."""
        return Instance(**{**cls._nulls(), **values})

    @classmethod
    def new(cls, **values: Any) -> Instance:
        """`instance` with the values as keywords. Raises TypeError for a name that is no field."""
        unknown = values.keys() - cls._nulls().keys()
        if unknown:
            raise TypeError(f"{cls.__name__} has no {', '.join(sorted(unknown))}")
        return cls.instance(values)

    @classmethod
    @cache
    def _nulls(cls) -> Mapping[str, None]:
        return dict.fromkeys(cls.schema().fields)


DtoType = TypeVar("DtoType", bound=type[Dto])


class TypeParameter(fields.DtoField, base.Raw):
    """In a generic DTO, a value of the type that a closing of it names."""

    def __init__(self, parameter: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.parameter = parameter


@cache
def close(generic: type[Dto], *arguments: type[Dto]) -> type[Dto]:
    """The generic DTO with its parameters replaced: ``close(ListResponse, SessionInfo)`` is ``ListResponse<SessionInfo>``."""
    if len(arguments) != len(generic.parameters):
        raise TypeError(f"{generic.__name__} takes {len(generic.parameters)} arguments")
    given = dict(zip(generic.parameters, arguments, strict=True))
    members: dict[str, Any] = {name: _closed(field, given) for name, field in generic._declared_fields.items()}
    members |= {"__module__": generic.__module__, "__doc__": generic.__doc__, "generic": (generic, arguments)}
    members |= {"dotnet_namespace": generic.namespace(), "rows": generic.rows, "interfaces": generic.interfaces}
    name = generic.__name__ + "Of" + "".join(argument.__name__ for argument in arguments)
    metaclass: Any = type(generic)
    return cast("type[Dto]", metaclass(name, generic.__bases__, members))


def _closed(field: base.Field[Any], given: Mapping[str, type[Dto]]) -> base.Field[Any]:
    if isinstance(field, TypeParameter):
        return fields.Nested(given[field.parameter], field.description)
    if isinstance(field, fields.List):
        return fields.List(_closed(field.item, given), field.description, rules=field.validators)
    return field
