"""Shapes of DTOs, for the serializers.

Each DTO has two shapes. The *document shape* has every field's type; responses are written with it. The *wire shape* has the same structure
with texts for all scalars; requests are read with it. The schema's fields bind the values afterwards, so that all failures are reported
together (docs/http.rst, "Request bodies").
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache, partial
from typing import Any, TypeGuard, cast

from gateway.contract import fields
from gateway.contract.dto import Dto
from gateway.contract.dto_field import AnyField
from gateway.contract.enums import make_choice
from gateway.contract.naming import xml_namespace
from gateway.contract.scalars import Scalar
from gateway.contract.view import make_view
from serializers import shape, xml
from serializers.dialect import Dialect

#: The dialect with .NET's names.
DECLARED = Dialect(names="declared")

Leaf = Callable[[AnyField], shape.Shape]


class _Shapes:
    """One record for each DTO, shared by all records that contain it. A cycle of DTOs is closed by a reference to an unfinished record."""

    def __init__(self, leaf: Leaf) -> None:
        self._leaf = leaf
        self._records: dict[type[Dto], shape.Record] = {}
        self._under_way: set[type[Dto]] = set()
        self._lock = threading.RLock()

    def get_record(self, dto: type[Dto]) -> shape.Record:
        """Return the record of a DTO."""
        record = self._records.get(dto)
        if record is None:
            with self._lock:
                record = self._records.get(dto) or self._build(dto)
        return record

    def _build(self, dto: type[Dto]) -> shape.Record:
        self._under_way.add(dto)
        try:
            record = self._records[dto] = self._build_record(dto)
        finally:
            self._under_way.discard(dto)
        return record

    def _build_record(self, dto: type[Dto]) -> shape.Record:
        parent = dto.parent()
        members = {str(field.data_key): (name, field) for name, field in dto.wire_fields()}
        return shape.Record(
            name=dto.__name__,
            fields={wire: self.get_shape(field) for wire, (_, field) in members.items()},
            base=self.get_record(parent) if parent else None,
            namespace=xml_namespace(dto.namespace()),
            names={wire: declared_name(name, field) for wire, (name, field) in members.items()},
            attributes={wire: name for wire, (name, _) in members.items()},
            omitted=frozenset(wire for wire, (name, _) in members.items() if name in dto.omitted),
            ordered=dto.ordered,
            orders={wire: order for wire, (_, field) in members.items() if (order := order_of(field)) is not None},
            verbatim=frozenset(wire for wire, (_, field) in members.items() if is_verbatim(field)),
            element_names={wire: wire for wire in members} if dto.named_by_wire else {},
            rows=str(dto.schema().fields[dto.rows].data_key) if dto.rows else None,
            is_value=dto.is_value,
            xml_name=_make_outline(dto).xml_name,
            view=make_view(dto.__name__, dto.view, members),
        )

    def get_shape(self, field: AnyField | None) -> shape.Shape:
        """Return the shape of a field."""
        if isinstance(field, fields.Nested):
            dto = field.dto
            # A record needs its base's record, so it must also wait if the base's is unfinished.
            if self._under_way.isdisjoint(dto.__mro__):
                return self.get_record(dto)
            return shape.Reference(partial(self.get_record, dto))
        if isinstance(field, fields.List):
            return shape.ListOf(self.get_shape(field.item))
        if isinstance(field, fields.Map):
            return shape.MapOf(self.get_shape(field.value_field), key=self.get_shape(field.key_field))
        assert field is not None
        return self._leaf(field)


@cache
def _make_outline(dto: type[Dto]) -> shape.Record:
    """Return a record without fields, with a DTO's name and namespace in XML, from which names of generic types are made."""
    name = dto.__name__
    # Only a DTO that closes a generic one directly has such a name; a DTO that inherits from it has its own name.
    if "generic" in dto.__dict__ and dto.generic:
        generic, arguments = dto.generic
        name = xml.generic_name(generic.__name__, *map(_outline_type, arguments))
    return shape.Record(dto.__name__, {}, namespace=xml_namespace(dto.namespace()), xml_name=name)


def _outline_type(field: Any) -> shape.Shape:
    if isinstance(field, fields.Nested):
        return _make_outline(field.dto)
    if isinstance(field, fields.List):
        return shape.ListOf(_outline_type(field.item))
    if isinstance(field, fields.Map):
        return shape.MapOf(_outline_type(field.value_field), key=_outline_type(field.key_field))
    return _get_scalar_shape(field)


def declared_name(attribute: str, field: AnyField) -> str:
    """Return the name of a member in .NET's documents: the data member's name, or the .NET name."""
    if not isinstance(field, fields.DtoField):
        return str(field.data_key)
    member_name = field.data_member.name if field.data_member else ""
    return member_name or field.dotnet_name(attribute)


def is_verbatim(field: AnyField) -> bool:
    """Return whether a data member sets the name."""
    return isinstance(field, fields.DtoField) and field.data_member is not None and bool(field.data_member.name)


def order_of(field: AnyField) -> int | None:
    """Return the number of a data member that has one."""
    member = field.data_member if isinstance(field, fields.DtoField) else None
    return member.order if member else None


def declared_path(record: shape.Record, path: str, dialect: Dialect = DECLARED) -> str:
    """Return the .NET spelling of a path of wire names: ``members[0].role`` is ``Members[0].Role``. Unknown names stay as they are.

    :param record: the shape of the document that the path refers to.
    :param dialect: the dialect of the path's names.
    """
    current: shape.Shape | None = record
    steps = []
    for step in path.split("."):
        name, bracket, index = step.partition("[")
        steps.append((dialect.speller(current)(name) if _has(current, name) else name) + bracket + index)
        current = current.fields[name] if _has(current, name) else None
        while isinstance(current, shape.ListOf):
            current = current.item
        if isinstance(current, shape.Reference):
            current = current.record
    return ".".join(steps)


def _has(current: shape.Shape | None, name: str) -> TypeGuard[shape.Record]:
    return isinstance(current, shape.Record) and name in current.fields


def _get_text_shape(field: AnyField) -> shape.Shape:
    return field.wire if isinstance(field, Scalar) else shape.Text()


def _get_scalar_shape(field: AnyField) -> shape.Shape:
    if isinstance(field, fields.Enum):
        return make_choice(cast("type[fields.DtoEnum]", field.enum))
    if isinstance(field, fields.Integer):
        return shape.Integer(field.bits)
    if isinstance(field, Scalar):
        return field.shape
    return _SCALARS[type(field)]


_SCALARS: dict[type[AnyField], shape.Shape] = {
    fields.String: shape.Text(),
    fields.Boolean: shape.Boolean(),
}
_DOCUMENTS = _Shapes(_get_scalar_shape)
_WIRE = _Shapes(_get_text_shape)


def document_shape(dto: type[Dto]) -> shape.Record:
    """Return the shape of a DTO with the types of its fields."""
    return _DOCUMENTS.get_record(dto)


def field_shape(field: AnyField) -> shape.Shape:
    """Return the shape of a field's values, with the types of their fields."""
    return _DOCUMENTS.get_shape(field)


def wire_field_shape(field: AnyField) -> shape.Shape:
    """Return the shape of a field's values, with texts for scalars."""
    return _WIRE.get_shape(field)


def wire_shape(dto: type[Dto]) -> shape.Record:
    """Return the shape of a DTO with texts for its scalars."""
    return _WIRE.get_record(dto)
