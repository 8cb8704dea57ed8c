"""Errors between bytes and values.

SerializerError(ValueError)
+-- DecodeError    the document is malformed, or not of the expected shape
|   +-- LimitPassed    it exceeds a limit
+-- EncodeError    the value is not of its shape
"""

from __future__ import annotations

from collections.abc import Iterable


class SerializerError(ValueError):
    """The root of this package's errors."""


class DecodeError(SerializerError):
    """A document that can't be read.

    :ivar message: the fault, without the position.
    :ivar position: offset of the first wrong character, counted from 0.
    :ivar line: its line, counted from 1.
    :ivar column: its column, counted from 1.
    :ivar path: the wire path of the wrong value (``members[0].role``); empty for a malformed text.
    """

    def __init__(self, message: str, position: int = 0, line: int = 1, column: int = 1, path: str = "") -> None:
        super().__init__(message, position, line, column, path)
        self.message = message
        self.position = position
        self.line = line
        self.column = column
        self.path = path

    @classmethod
    def at(cls, message: str, text: str, position: int, path: str = "") -> DecodeError:
        """Return the error at a position of a text, with line and column."""
        line = text.count("\n", 0, position) + 1
        column = position - text.rfind("\n", 0, position)
        return cls(message, position, line, column, path)

    def __str__(self) -> str:
        return f"{self.message} (line {self.line}, column {self.column})"


class LimitPassed(DecodeError):
    """A document that exceeds a limit."""


class EncodeError(SerializerError):
    """A value that its shape does not describe, or that the format cannot hold."""


def wire_path(steps: Iterable[str | int]) -> str:
    """Return the path of a value for clients: ``members[0].role`` for the steps ``members``, ``0``, ``role``."""
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{step}" if path else step
    return path


class Mismatch(Exception):
    """A value that does not fit its shape. The reader, which has the text of the document, catches it.

    :ivar keys: the steps to the value, as the document spells them.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self._names: list[str | int] = []
        self._keys: list[str | int] = []

    def inside(self, name: str | int, key: str | int) -> Mismatch:
        """Add the step from the record, list or map that holds the value, and return this error."""
        self._names.append(name)
        self._keys.append(key)
        return self

    @property
    def path(self) -> str:
        """The wire path."""
        return wire_path(reversed(self._names))

    @property
    def keys(self) -> list[str | int]:
        return self._keys[::-1]
