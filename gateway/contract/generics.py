"""Generic DTOs: declared once with type parameters, closed with types.

class Page(Dto):
    parameters = ("T",)
    items = fields.List(TypeParameter("T"))

close(Page, Customer)               # Page<Customer>
close(Page, list[int])              # Page<List<int>>
"""

from __future__ import annotations

import copy
import datetime
import decimal
import types
import typing
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, cast

from marshmallow import fields as base

from gateway.contract import fields
from gateway.contract.dto import Dto, Interface
from gateway.contract.dto_field import AnyField, DtoField
from gateway.contract.enums import DtoEnum, DtoFlags


class TypeParameter(DtoField, base.Raw):
    """A field of a generic DTO whose type is a type parameter.

    :param parameter: one of the DTO's `Dto.parameters`.
    """

    def __init__(self, parameter: str, description: str = "", **kwargs: Any) -> None:
        super().__init__(description=description, **kwargs)
        self.parameter = parameter


class KeyValuePair(Dto):
    """.NET's own pair of a key and a value; `fields.Pair` closes it."""

    dotnet_namespace = "System.Collections.Generic"
    parameters = ("TKey", "TValue")
    named_by_wire = True
    is_value = True

    key = TypeParameter("TKey")
    value = TypeParameter("TValue")


#: The fields for Python's types.
_PLAIN: Mapping[Any, type[DtoField]] = {
    str: fields.String,
    bool: fields.Boolean,
    int: fields.Integer,
    float: fields.Double,
    bytes: fields.Binary,
    object: fields.Object,
    Any: fields.Object,
    decimal.Decimal: fields.Decimal,
    datetime.datetime: fields.DateTime,
    datetime.date: fields.Date,
    datetime.time: fields.Time,
    datetime.timedelta: fields.TimeSpan,
    uuid.UUID: fields.Guid,
}
_UNIONS = (types.UnionType, typing.Union)


def field_of(declared: Any) -> AnyField:
    """Return the field of a type.

    A type is a field, a DTO, an enum, one of Python's types, ``list[X]`` or ``[X]``, ``dict[K, V]`` or ``{K: V}``.
    ``X | None`` is a value that may be null.

    :raises TypeError: for anything else.
    """
    if isinstance(declared, base.Field):
        return declared
    if isinstance(declared, type) and issubclass(declared, Dto):
        return fields.Nested(declared)
    if isinstance(declared, type) and issubclass(declared, DtoFlags):
        return fields.Flags(declared)
    if isinstance(declared, type) and issubclass(declared, DtoEnum):
        return fields.Enum(declared)
    origin, arguments = typing.get_origin(declared), typing.get_args(declared)
    if origin in _UNIONS and len(arguments) == 2 and type(None) in arguments:
        (only,) = (each for each in arguments if each is not type(None))
        found = copy.copy(field_of(only))
        found.nullable = found.allow_none = True  # type: ignore[attr-defined]
        return found
    if isinstance(declared, list) and len(declared) == 1:
        return fields.List(field_of(declared[0]))
    if origin is list:
        return fields.List(field_of(arguments[0]))
    if isinstance(declared, dict) and len(declared) == 1:
        ((key, value),) = declared.items()
        return fields.Map(keys=field_of(key), values=field_of(value))
    if origin is dict:
        return fields.Map(keys=field_of(arguments[0]), values=field_of(arguments[1]))
    plain = _PLAIN.get(declared) if _is_hashable(declared) else None
    if plain is None:
        raise TypeError(
            f"{declared!r} is not a type of a contract: expected a field, a DTO, an enum, list[...], dict[..., ...] or one of "
            f"{', '.join(sorted(each.__name__ for each in _PLAIN if each is not Any))}"
        )
    return plain()


def _is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


_closed: dict[Any, type[Dto]] = {}


def close(generic: type[Dto], *arguments: Any) -> type[Dto]:
    """Return the generic DTO with its parameters replaced: ``close(ListResponse, SessionInfo)`` is ``ListResponse<SessionInfo>``.

    Calls with the same types return the same class.

    :param arguments: types as `field_of` takes them, one for each of the DTO's `Dto.parameters`. A `TypeParameter` among them leaves the
        DTO generic, for use in a generic DTO that contains it or inherits from it.
    :raises TypeError: when the DTO is not generic or is closed already, or the number of arguments is wrong.
    """
    if not (isinstance(generic, type) and issubclass(generic, Dto)):
        raise TypeError(f"{generic!r} is not a DTO")
    name = generic.__name__
    parameters = generic.__dict__.get("parameters", ())
    if not parameters:
        raise TypeError(f"{name} is not generic: it declares no parameters")
    if len(arguments) != len(parameters):
        raise TypeError(f"{name} takes {len(parameters)} types ({', '.join(parameters)}), not {len(arguments)}")
    given = {parameter: field_of(each) for parameter, each in zip(parameters, arguments, strict=True)}
    key = generic, tuple(map(_signature, given.values()))
    if key not in _closed:
        _closed[key] = _made(generic, given)
    return _closed[key]


def _made(generic: type[Dto], given: Mapping[str, AnyField]) -> type[Dto]:
    own = {name: field for name, field in generic._declared_fields.items() if _is_own(generic, name)}
    members = {name: each for name, each in vars(generic).items() if name not in _NOT_TAKEN}
    members |= {name: _substituted(field, given) for name, field in own.items()}
    namespace = generic.namespace() or next(filter(None, map(_shared_namespace, given.values())), "")
    members |= {"generic": (generic, tuple(given.values())), "parameters": (), "dotnet_namespace": namespace}
    members["interfaces"] = tuple(_interface(each, given) for each in generic.interfaces)
    bases = tuple(_closed_base(each, given) for each in generic.__bases__)
    metaclass: Any = type(generic)
    name = f"{generic.__name__}Of{''.join(map(type_name, given.values()))}"
    return cast("type[Dto]", metaclass(name, bases, members))


def _shared_namespace(field: AnyField) -> str:
    """Return the namespace of the service whose DTO a field holds; empty for other fields and for forward references."""
    if isinstance(field, fields.Nested) and isinstance(field.nested, type):
        return field.dto.shared_namespace()
    return ""


#: Attributes of a class that are not copied to its closed types.
_NOT_TAKEN = frozenset(("__dict__", "__weakref__", "_declared_fields", "_hooks", "opts"))


def _is_own(generic: type[Dto], name: str) -> bool:
    inherited = (getattr(each, "_declared_fields", {}).get(name) for each in generic.__bases__)
    return all(generic._declared_fields[name] is not each for each in inherited)


def _closed_base(each: type, given: Mapping[str, AnyField]) -> type:
    if not issubclass(each, Dto) or not each.generic or "generic" not in each.__dict__:
        return each
    return close(each.generic[0], *(_substituted(argument, given) for argument in each.generic[1]))


def _interface(each: str | Interface, given: Mapping[str, AnyField]) -> str | Interface:
    if isinstance(each, str) or not each.arguments:
        return each
    arguments = tuple(_substituted(field_of(argument), given) for argument in each.arguments)
    return Interface(each.name, arguments, each.namespace)


def _substituted(field: AnyField, given: Mapping[str, AnyField]) -> AnyField:
    """Return the field with its type parameters replaced."""
    if not any(True for _ in parameters_in(field)):
        return field
    found = copy.copy(given.get(field.parameter, field) if isinstance(field, TypeParameter) else field)
    if isinstance(field, TypeParameter):
        # Metadata of a member belongs to its declaration.
        for name in ("description", "declared_name", "data_member", "api_member", "attributes", "ui"):
            setattr(found, name, getattr(field, name))
        found.validators = [*found.validators, *field.validators]
        found.metadata = field.metadata
        return found
    if isinstance(found, fields.Nested):
        generic, arguments = cast("Any", found.dto.generic)
        closed = close(generic, *(_substituted(each, given) for each in arguments))
        found.nested = closed
        found.__dict__.pop("dto", None)
    elif isinstance(found, fields.List):
        found.inner = _substituted(found.inner, given)
        found.only, found.exclude = None, ()
    elif isinstance(found, fields.Map):
        found.key_field = _substituted(cast("AnyField", found.key_field), given)
        found.value_field = _substituted(cast("AnyField", found.value_field), given)
        found.only, found.exclude = None, ()
    return found


def parameters_in(field: AnyField) -> Iterator[str]:
    """Return the open type parameters of a field's type."""
    if isinstance(field, TypeParameter):
        yield field.parameter
    elif isinstance(field, fields.List):
        yield from parameters_in(field.inner)
    elif isinstance(field, fields.Map):
        yield from parameters_in(cast("AnyField", field.key_field))
        yield from parameters_in(cast("AnyField", field.value_field))
    elif isinstance(field, fields.Nested) and (closed := _generic_of(field)):
        for each in closed[1]:
            yield from parameters_in(each)


def _generic_of(field: fields.Nested) -> tuple[type[Dto], tuple[AnyField, ...]] | None:
    # A name or a function refers to a later declaration, which has no open parameters, or to a pair.
    named = field.nested
    if not isinstance(named, type) and not isinstance(field, fields.Pair):
        return None
    return field.dto.__dict__.get("generic")


def is_open(dto: type[Dto]) -> bool:
    """Return whether a DTO has open type parameters."""
    if dto.__dict__.get("parameters"):
        return True
    closed = dto.__dict__.get("generic")
    return closed is not None and any(True for each in closed[1] for _ in parameters_in(each))


def type_name(field: AnyField) -> str:
    """Return a type's name for use in another name: ``ListOfString``."""
    if isinstance(field, fields.Nested):
        return field.dto.__name__
    if isinstance(field, fields.List):
        return f"{type(field).__name__}Of{type_name(field.inner)}"
    if isinstance(field, fields.Map):
        return f"MapOf{type_name(cast('AnyField', field.key_field))}{type_name(cast('AnyField', field.value_field))}"
    if isinstance(field, fields.Enum):
        return str(field.enum.__name__)
    if isinstance(field, TypeParameter):
        return field.parameter
    return str(getattr(field, "dotnet", type(field).__name__)).replace("[]", "s")


def _signature(field: AnyField) -> Any:
    """Return a key that is equal for fields of the same type without further options."""
    says = field.validators or any(
        getattr(field, name, None) for name in ("description", "declared_name", "data_member", "api_member", "ui")
    )
    if says or (isinstance(field, fields.Nested) and not isinstance(field.nested, type)):
        return field
    nullable = getattr(field, "nullable", None)
    if isinstance(field, fields.Nested):
        return field.nested, nullable
    if isinstance(field, fields.List):
        return type(field), _signature(field.inner), nullable
    if isinstance(field, fields.Map):
        parts = cast("AnyField", field.key_field), cast("AnyField", field.value_field)
        return fields.Map, *map(_signature, parts), nullable
    if isinstance(field, fields.Enum):
        return field.enum, nullable
    if isinstance(field, TypeParameter):
        return TypeParameter, field.parameter, nullable
    return type(field), getattr(field, "bits", None), getattr(field, "dotnet", None), nullable
