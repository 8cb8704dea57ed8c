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


def make_field(declared: Any) -> AnyField:
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
        (only,) = (argument for argument in arguments if argument is not type(None))
        field = copy.copy(make_field(only))
        field.nullable = field.allow_none = True  # type: ignore[attr-defined]
        return field
    if isinstance(declared, list) and len(declared) == 1:
        return fields.List(make_field(declared[0]))
    if origin is list:
        return fields.List(make_field(arguments[0]))
    if isinstance(declared, dict) and len(declared) == 1:
        ((key, value),) = declared.items()
        return fields.Map(keys=make_field(key), values=make_field(value))
    if origin is dict:
        return fields.Map(keys=make_field(arguments[0]), values=make_field(arguments[1]))
    plain = _PLAIN.get(declared) if _is_hashable(declared) else None
    if plain is None:
        raise TypeError(
            f"{declared!r} is not a type of a contract: expected a field, a DTO, an enum, list[...], dict[..., ...] or one of "
            f"{', '.join(sorted(python_type.__name__ for python_type in _PLAIN if python_type is not Any))}"
        )
    return plain()


def _is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


_closed_types: dict[Any, type[Dto]] = {}


def close(generic: type[Dto], *arguments: Any) -> type[Dto]:
    """Return the generic DTO with its parameters replaced: ``close(ListResponse, SessionInfo)`` is ``ListResponse<SessionInfo>``.

    Calls with the same types return the same class.

    :param arguments: types as `make_field` takes them, one for each of the DTO's `Dto.parameters`. A `TypeParameter` among them leaves the
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
    substitutes = {parameter: make_field(argument) for parameter, argument in zip(parameters, arguments, strict=True)}
    key = generic, tuple(map(_make_signature, substitutes.values()))
    if key not in _closed_types:
        _closed_types[key] = _build_closed(generic, substitutes)
    return _closed_types[key]


def _build_closed(generic: type[Dto], substitutes: Mapping[str, AnyField]) -> type[Dto]:
    own_fields = {name: field for name, field in generic._declared_fields.items() if _is_own(generic, name)}
    members = {name: value for name, value in vars(generic).items() if name not in _NOT_COPIED}
    members |= {name: _substitute(field, substitutes) for name, field in own_fields.items()}
    namespace = generic.namespace() or next(filter(None, map(_find_namespace, substitutes.values())), "")
    members |= {"generic": (generic, tuple(substitutes.values())), "parameters": (), "dotnet_namespace": namespace}
    members["interfaces"] = tuple(_close_interface(interface, substitutes) for interface in generic.interfaces)
    bases = tuple(_close_base(base_class, substitutes) for base_class in generic.__bases__)
    metaclass: Any = type(generic)
    name = f"{generic.__name__}Of{''.join(map(type_name, substitutes.values()))}"
    return cast("type[Dto]", metaclass(name, bases, members))


def _find_namespace(field: AnyField) -> str:
    """Return the namespace of the service whose DTO a field holds; empty for other fields and for forward references."""
    if isinstance(field, fields.Nested) and isinstance(field.nested, type):
        return field.dto.shared_namespace()
    return ""


#: Attributes of a class that are not copied to its closed types.
_NOT_COPIED = frozenset(("__dict__", "__weakref__", "_declared_fields", "_hooks", "opts"))


def _is_own(generic: type[Dto], name: str) -> bool:
    inherited = (getattr(base_class, "_declared_fields", {}).get(name) for base_class in generic.__bases__)
    return all(generic._declared_fields[name] is not field for field in inherited)


def _close_base(base_class: type, substitutes: Mapping[str, AnyField]) -> type:
    if not issubclass(base_class, Dto) or not base_class.generic or "generic" not in base_class.__dict__:
        return base_class
    return close(base_class.generic[0], *(_substitute(argument, substitutes) for argument in base_class.generic[1]))


def _close_interface(interface: str | Interface, substitutes: Mapping[str, AnyField]) -> str | Interface:
    if isinstance(interface, str) or not interface.arguments:
        return interface
    arguments = tuple(_substitute(make_field(argument), substitutes) for argument in interface.arguments)
    return Interface(interface.name, arguments, interface.namespace)


def _substitute(field: AnyField, substitutes: Mapping[str, AnyField]) -> AnyField:
    """Return the field with its type parameters replaced."""
    if not any(True for _ in find_parameters(field)):
        return field
    substitute = copy.copy(substitutes.get(field.parameter, field) if isinstance(field, TypeParameter) else field)
    if isinstance(field, TypeParameter):
        # Metadata of a member belongs to its declaration.
        for name in ("description", "declared_name", "data_member", "api_member", "attributes", "ui"):
            setattr(substitute, name, getattr(field, name))
        substitute.validators = [*substitute.validators, *field.validators]
        substitute.metadata = field.metadata
        return substitute
    if isinstance(substitute, fields.Nested):
        generic, arguments = cast("Any", substitute.dto.generic)
        closed = close(generic, *(_substitute(argument, substitutes) for argument in arguments))
        substitute.nested = closed
        substitute.__dict__.pop("dto", None)
    elif isinstance(substitute, fields.List):
        substitute.inner = _substitute(substitute.inner, substitutes)
        substitute.only, substitute.exclude = None, ()
    elif isinstance(substitute, fields.Map):
        substitute.key_field = _substitute(cast("AnyField", substitute.key_field), substitutes)
        substitute.value_field = _substitute(cast("AnyField", substitute.value_field), substitutes)
        substitute.only, substitute.exclude = None, ()
    return substitute


def find_parameters(field: AnyField) -> Iterator[str]:
    """Return the open type parameters of a field's type."""
    if isinstance(field, TypeParameter):
        yield field.parameter
    elif isinstance(field, fields.List):
        yield from find_parameters(field.inner)
    elif isinstance(field, fields.Map):
        yield from find_parameters(cast("AnyField", field.key_field))
        yield from find_parameters(cast("AnyField", field.value_field))
    elif isinstance(field, fields.Nested) and (closed := _read_generic(field)):
        for argument in closed[1]:
            yield from find_parameters(argument)


def _read_generic(field: fields.Nested) -> tuple[type[Dto], tuple[AnyField, ...]] | None:
    # A name or a function refers to a later declaration, which has no open parameters, or to a pair.
    reference = field.nested
    if not isinstance(reference, type) and not isinstance(field, fields.Pair):
        return None
    return field.dto.__dict__.get("generic")


def is_open(dto: type[Dto]) -> bool:
    """Return whether a DTO has open type parameters."""
    if dto.__dict__.get("parameters"):
        return True
    closed = dto.__dict__.get("generic")
    return closed is not None and any(True for argument in closed[1] for _ in find_parameters(argument))


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


def _make_signature(field: AnyField) -> Any:
    """Return a key that is equal for fields of the same type without further options."""
    has_options = field.validators or any(
        getattr(field, name, None) for name in ("description", "declared_name", "data_member", "api_member", "ui")
    )
    if has_options or (isinstance(field, fields.Nested) and not isinstance(field.nested, type)):
        return field
    nullable = getattr(field, "nullable", None)
    if isinstance(field, fields.Nested):
        return field.nested, nullable
    if isinstance(field, fields.List):
        return type(field), _make_signature(field.inner), nullable
    if isinstance(field, fields.Map):
        parts = cast("AnyField", field.key_field), cast("AnyField", field.value_field)
        return fields.Map, *map(_make_signature, parts), nullable
    if isinstance(field, fields.Enum):
        return field.enum, nullable
    if isinstance(field, TypeParameter):
        return TypeParameter, field.parameter, nullable
    return type(field), getattr(field, "bits", None), getattr(field, "dotnet", None), nullable
