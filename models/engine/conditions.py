"""Conditions of lists, and parameters for lists of values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import peewee

#: Makes a condition from the parameter for a value, or from the parameters for several values.
Condition = Callable[..., Any]

_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


def pad(values: Sequence[Any]) -> list[Any]:
    """Return values for the parameters of a statement (`name_parameters`), padded to one of a few sizes by repeating the last value."""
    count = len(values)
    for size in _SIZES:
        if size >= count:
            return [*values, *[values[-1]] * (size - count)]
    return list(values)


@lru_cache(maxsize=64)
def name_parameters(name: str, size: int) -> tuple[str, ...]:
    """Return the names of the parameters for a list of values: ``name[0]``, ``name[1]``, …; none of them is an identifier."""
    return tuple(f"{name}[{index}]" for index in range(size))


def contains(column: peewee.Field) -> Condition:
    """Return a condition: a case-folded column contains a text, which must be folded too."""
    return lambda parameter: peewee.fn.INSTR(column, parameter) > 0


def contains_in_start(start: peewee.Column, length: int, column: peewee.Field) -> Condition:
    """Return a condition as `contains` does, for a column whose beginning is in an index. Longer texts are read in the table.

    :param start: the column that has the first `length` characters.
    """
    table: Any = column.model.alias()
    longer_rows = table.select(peewee.SQL("1")).where(table.id == column.model.id)

    def condition(parameter: Any) -> Any:
        is_long = peewee.fn.CHAR_LENGTH(start) >= length
        in_table = longer_rows.where(peewee.fn.INSTR(getattr(table, column.name), parameter) > 0)
        return (peewee.fn.INSTR(start, parameter) > 0) | (is_long & peewee.fn.EXISTS(in_table))

    return condition


def within(column: Any) -> Condition:
    """Return a condition: the column is one of several values."""
    condition: Condition = column.in_
    return condition


def equals(column: Any) -> Condition:
    """Return a condition: the column is the value."""
    return lambda parameter: column == parameter


def at_least(column: peewee.Field) -> Condition:
    """Return a condition: the column is the value or more."""
    return lambda parameter: column >= parameter


def at_most(column: peewee.Field) -> Condition:
    """Return a condition: the column is the value or less."""
    return lambda parameter: column <= parameter
