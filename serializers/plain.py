"""Convert objects to plain values by their shape, for the formats without compiled writers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serializers import scalars
from serializers import shape as shapes
from serializers.dialect import DEFAULT, Dialect
from serializers.errors import EncodeError
from serializers.shape import Anything, ListOf, MapOf, Record, Reference, Shape

#: Scalars that dialects spell differently.
_SPELLED_SHAPES = (shapes.Instant, shapes.Duration, shapes.Guid)


def plain(value: Any, shape: Shape, dialect: Dialect = DEFAULT) -> Any:
    """Return lists and dicts of an object's fields, in the order of the shape; nulls of records are omitted.

    Records are objects (`Record.attributes`) or dicts by wire name. Raises EncodeError.

    :param dialect: spells names, and values that have more than one spelling; by default these values are unchanged.
    """
    if value is None:
        return None
    try:
        if isinstance(shape, Reference):
            shape = shape.record
        if isinstance(shape, Record):
            members = ((name, member_of(value, shape, name), field) for name, field in shape.fields.items())
            spell = dialect.speller(shape)
            return {spell(name): plain(item, field, dialect) for name, item, field in members if item is not None}
        if isinstance(shape, ListOf):
            if isinstance(value, (str, bytes, Mapping)):
                raise EncodeError(f"a {type(value).__name__} is not a list")
            return [plain(item, shape.item, dialect) for item in value]
        if isinstance(shape, MapOf):
            entries = ((key, item) for key, item in value.items() if item is not None)
            return {plain(key, shape.key, dialect): plain(item, shape.value, dialect) for key, item in entries}
    except (AttributeError, TypeError) as error:
        raise EncodeError(f"the value is not of its shape: {error}") from error
    except RecursionError:
        raise EncodeError("the value is nested too deeply") from None
    if isinstance(value, (list, tuple, Mapping)) and not isinstance(shape, Anything):
        raise EncodeError(f"a {type(value).__name__} is not a single value")
    # Members of enums may have other texts than their names in any dialect.
    is_spelled = isinstance(shape, shapes.Choice) or (dialect != DEFAULT and isinstance(shape, _SPELLED_SHAPES))
    return _spell(value, shape, dialect) if is_spelled else value


def _spell(value: Any, shape: Shape, dialect: Dialect) -> Any:
    text = scalars.jsv_writer(shape, dialect)(value)
    is_number = isinstance(shape, (shapes.Choice, shapes.Instant)) and scalars.INTEGER.fullmatch(text)
    return int(text) if is_number else text


def member_of(value: Any, shape: Record, name: str) -> Any:
    """Return a member of a record that is an object or a dict by wire name."""
    if isinstance(value, Mapping):
        return value.get(name)
    return getattr(value, shape.attributes.get(name, name))
