"""Objects to plain values by their shape, for the formats that compile no writer of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serializers.errors import EncodeError
from serializers.shape import Anything, ListOf, MapOf, Record, Reference, Shape


def plain(value: Any, shape: Shape) -> Any:
    """Lists and dicts of an object's fields, in the order of the shape; nulls of records are left out.

    Records are objects (`Record.attributes`) or dicts by wire name. Raises EncodeError.
    """
    if value is None:
        return None
    try:
        if isinstance(shape, Reference):
            shape = shape.record
        if isinstance(shape, Record):
            members = ((name, member_of(value, shape, name), field) for name, field in shape.fields.items())
            return {name: plain(item, field) for name, item, field in members if item is not None}
        if isinstance(shape, ListOf):
            if isinstance(value, (str, bytes, Mapping)):
                raise EncodeError(f"a {type(value).__name__} is not a list")
            return [plain(item, shape.item) for item in value]
        if isinstance(shape, MapOf):
            return {key: plain(item, shape.value) for key, item in value.items() if item is not None}
    except (AttributeError, TypeError) as error:
        raise EncodeError(f"the value is not of its shape: {error}") from error
    except RecursionError:
        raise EncodeError("the value is nested too deeply") from None
    if isinstance(value, (list, tuple, Mapping)) and not isinstance(shape, Anything):
        raise EncodeError(f"a {type(value).__name__} is not a single value")
    return value


def member_of(value: Any, shape: Record, name: str) -> Any:
    """A member of a record that is an object or a dict by wire name."""
    if isinstance(value, Mapping):
        return value.get(name)
    return getattr(value, shape.attributes.get(name, name))
