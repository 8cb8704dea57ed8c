"""A JSON document that is read by path, so that errors have positions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from gateway.importing.drafts import ImportFailed

_KINDS = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it is.

    :ivar path: as ``$.types[3].name``.
    """

    value: Any
    path: str

    def fail(self, message: str) -> ImportFailed:
        """Return an error at this position."""
        return ImportFailed(f"{self.path}: {message}")

    def _as(self, kind: type, wanted: str) -> Any:
        if not isinstance(self.value, kind) or (kind is int and isinstance(self.value, bool)):
            raise self.fail(f"expected {wanted}, got {_KINDS.get(type(self.value), 'something else')}")
        return self.value

    def object(self) -> Mapping[str, Any]:
        """Return the object. Raises ImportFailed when the value is not one."""
        return cast("Mapping[str, Any]", self._as(dict, "an object"))

    def find(self, name: str) -> Node | None:
        """Return a member that is not null, in the document's letter case or in .NET's."""
        found = self.object()
        for spelled in (name, name[:1].upper() + name[1:]):
            if found.get(spelled) is not None:
                return Node(found[spelled], f"{self.path}.{spelled}")
        return None

    def member(self, name: str) -> Node:
        """Return a member. Raises ImportFailed when it is absent or null."""
        found = self.find(name)
        if found is None:
            raise self.fail(f"{name!r} is missing")
        return found

    def text(self, name: str, default: str | None = "") -> str:
        """Return the text of a member, or `default` if it is absent; a `default` of None raises ImportFailed instead."""
        found = self.find(name)
        if found is None and default is not None:
            return default
        return cast("str", (found or self.member(name))._as(str, "a text"))

    def flag(self, name: str) -> bool:
        """Return whether a member is true; false if it is absent."""
        found = self.find(name)
        return found is not None and bool(found._as(bool, "true or false"))

    def number(self, name: str) -> int | None:
        """Return the integer of a member; None if it is absent."""
        found = self.find(name)
        return None if found is None else cast("int", found._as(int, "a whole number"))

    def items(self, name: str) -> Iterator[Node]:
        """Return the items of a member that is a list; none if it is absent."""
        found = self.find(name)
        for place, each in enumerate(() if found is None else found._as(list, "a list")):
            assert found is not None
            yield Node(each, f"{found.path}[{place}]")

    def texts(self, name: str) -> list[str]:
        """Return the texts of a member that is a list of texts."""
        return [each._as(str, "a text") for each in self.items(name)]


def parse(text: str, source: str) -> Node:
    """Parse a document.

    :raises ImportFailed: with line and column, when the text is not JSON.
    """
    try:
        return Node(json.loads(text, parse_constant=_refuse), "$")
    except json.JSONDecodeError as error:
        raise ImportFailed(f"{source}: line {error.lineno}, column {error.colno}: not JSON: {error.msg}") from None
    except RecursionError:
        raise ImportFailed(f"{source}: lists and objects are nested too deeply") from None
    except ValueError as error:
        raise ImportFailed(f"{source}: not JSON: {error}") from None


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a number")
