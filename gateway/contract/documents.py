"""Write and read values as JSON, in the dialect of a service, outside of requests and responses."""

from __future__ import annotations

from functools import cache
from typing import Any

from gateway.contract.dto import Dto, Instance
from gateway.contract.generics import make_field
from gateway.contract.shapes import field_shape, wire_field_shape
from serializers.base import Serializer


class Documents:
    """Writes DTOs and other values, and reads DTOs again.

    :param serializer: JSON in the dialect of the service.
    """

    def __init__(self, serializer: Serializer) -> None:
        self._serializer = serializer
        self._writer = cache(lambda dto: serializer.writer(field_shape(make_field(dto))))

    def write(self, value: Any, dto: type[Dto] | None = None) -> str:
        """Return a value as JSON on one line.

        :param dto: the DTO as which another value is encoded.
        :raises TypeError: when it can't be written.
        """
        dto = dto or get_dto(value)
        try:
            document = self._serializer.encode(value) if dto is None else self._writer(dto)(value)
        except (AttributeError, ValueError) as error:
            raise TypeError(f"{value!r:.80} can't be written{f' as {dto.__name__}' if dto else ''}: {error}") from error
        return document.decode()

    def read(self, document: str, dto: type[Dto]) -> Instance:
        """Read a DTO that `write` wrote."""
        field = make_field(dto)
        instance: Any = field.deserialize(self._serializer.decode(document.encode(), wire_field_shape(field)))
        assert isinstance(instance, Instance)
        return instance


def get_dto(value: Any) -> type[Dto] | None:
    """Return the DTO of which a value is an instance; None for other values."""
    return value.__dto__ if isinstance(value, Instance) else None
