"""The shapes of DTOs: what the serializers know of them.

Two shapes come from each DTO. The *document shape* says every field's type and is what answers are written by. The *wire shape* has
the same structure with texts for all scalars and is what requests are read by: values are bound afterwards, by the schema's fields, so
that all that fail are reported together (docs/http.rst, "Bodies in").
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeGuard, cast

from marshmallow import fields as base

from gateway.contract import fields
from gateway.contract.dto import Dto
from gateway.contract.naming import pascal_case
from gateway.contract.scalars import Scalar
from serializers import shape, xml

DATA_CONTRACT = "http://schemas.datacontract.org/2004/07/"

Leaf = Callable[[base.Field[Any]], shape.Shape]


def xml_namespace(dotnet_namespace: str) -> str:
    """The XML namespace of a .NET namespace; one that is an address already stands as it is."""
    return dotnet_namespace if "://" in dotnet_namespace else DATA_CONTRACT + dotnet_namespace


@cache
def document_shape(dto: type[Dto]) -> shape.Record:
    """The shape of a DTO with the types of its fields."""
    return _record(dto, _scalar, (), document_shape)


@cache
def wire_shape(dto: type[Dto]) -> shape.Record:
    """The shape of a DTO with texts for its scalars."""
    return _record(dto, _text, (), wire_shape)


def _record(
    dto: type[Dto], leaf: Leaf, enclosing: tuple[type[Dto], ...], whole: Callable[[type[Dto]], shape.Record]
) -> shape.Record:
    path = (*enclosing, dto)
    parent = dto.parent()
    members = {str(field.data_key): (name, field) for name, field in dto.wire_fields()}
    return shape.Record(
        name=dto.__name__,
        fields={wire: _shape(field, leaf, path, whole) for wire, (_, field) in members.items()},
        base=whole(parent) if parent else None,
        namespace=xml_namespace(dto.namespace()),
        names={
            wire: getattr(field, "declared_name", "") or pascal_case(name) for wire, (name, field) in members.items()
        },
        attributes={wire: name for wire, (name, _) in members.items()},
        omitted=frozenset(wire for wire, (name, _) in members.items() if name in dto.omitted),
        ordered=dto.ordered,
        rows=str(dto.schema().fields[dto.rows].data_key) if dto.rows else None,
        xml_name=_xml_name(dto),
    )


def _xml_name(dto: type[Dto]) -> str:
    # Only a DTO that closes a generic one itself has its name; one that inherits from it has its own.
    if "generic" not in dto.__dict__ or not dto.generic:
        return dto.__name__
    generic, arguments = dto.generic
    return xml.generic_name(generic.__name__, *map(document_shape, arguments))


def _shape(field: base.Field[Any] | None, leaf: Leaf, path: tuple[type[Dto], ...], whole: Any) -> shape.Shape:
    if isinstance(field, fields.Nested):
        nested = cast("type[Dto]", type(field.schema))
        return shape.Reference(nested.__name__) if nested in path else _record(nested, leaf, path, whole)
    if isinstance(field, fields.List):
        return shape.ListOf(_shape(field.item, leaf, path, whole))
    if isinstance(field, fields.Map):
        return shape.MapOf(_shape(field.value_field, leaf, path, whole), key=_shape(field.key_field, leaf, path, whole))
    assert field is not None
    return leaf(field)


def declared_path(record: shape.Record, path: str) -> str:
    """The .NET spelling of a path of wire names: ``members[0].role`` is ``Members[0].Role``. Unknown names stay as they are.

    :param record: the shape of the document that the path leads into.
    """
    enclosing = {record.name: record}
    current: shape.Shape | None = record
    steps = []
    for step in path.split("."):
        name, bracket, index = step.partition("[")
        steps.append((current.declared_name(name) if _has(current, name) else name) + bracket + index)
        current = current.fields[name] if _has(current, name) else None
        while isinstance(current, shape.ListOf):
            current = current.item
        if isinstance(current, shape.Reference):
            current = enclosing.get(current.name)
        if isinstance(current, shape.Record):
            enclosing[current.name] = current
    return ".".join(steps)


def _has(current: shape.Shape | None, name: str) -> TypeGuard[shape.Record]:
    return isinstance(current, shape.Record) and name in current.fields


def _text(_field: base.Field[Any]) -> shape.Shape:
    return shape.Text()


@cache
def _choice(enum: type[fields.DtoEnum], namespace: str) -> shape.Choice:
    return shape.Choice(enum.numbers(), name=enum.__name__, namespace=namespace)


def _scalar(field: base.Field[Any]) -> shape.Shape:
    if isinstance(field, fields.Enum):
        return _choice(cast("type[fields.DtoEnum]", field.enum), xml_namespace(field.enum.namespace()))
    if isinstance(field, fields.Integer):
        return shape.Integer(field.bits)
    if isinstance(field, Scalar):
        return field.shape
    return _SCALARS[type(field)]


_SCALARS: dict[type[base.Field[Any]], shape.Shape] = {
    fields.String: shape.Text(),
    fields.Boolean: shape.Boolean(),
}
