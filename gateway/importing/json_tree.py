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

    def _require(self, kind: type, description: str) -> Any:
        if not isinstance(self.value, kind) or (kind is int and isinstance(self.value, bool)):
            raise self.fail(f"expected {description}, got {_KINDS.get(type(self.value), 'something else')}")
        return self.value

    def get_object(self) -> Mapping[str, Any]:
        """Return the object. Raises ImportFailed when the value is not one."""
        return cast("Mapping[str, Any]", self._require(dict, "an object"))

    def find(self, name: str) -> Node | None:
        """Return a member that is not null, in the document's letter case or in .NET's."""
        members = self.get_object()
        for key in (name, name[:1].upper() + name[1:]):
            if members.get(key) is not None:
                return Node(members[key], f"{self.path}.{key}")
        return None

    def get_member(self, name: str) -> Node:
        """Return a member. Raises ImportFailed when it is absent or null."""
        node = self.find(name)
        if node is None:
            raise self.fail(f"{name!r} is missing")
        return node

    def get_text(self, name: str, default: str | None = "") -> str:
        """Return the text of a member, or `default` if it is absent; a `default` of None raises ImportFailed instead."""
        node = self.find(name)
        if node is None and default is not None:
            return default
        return cast("str", (node or self.get_member(name))._require(str, "a text"))

    def get_flag(self, name: str) -> bool:
        """Return whether a member is true; false if it is absent."""
        node = self.find(name)
        return node is not None and bool(node._require(bool, "true or false"))

    def get_number(self, name: str) -> int | None:
        """Return the integer of a member; None if it is absent."""
        node = self.find(name)
        return None if node is None else cast("int", node._require(int, "a whole number"))

    def get_items(self, name: str) -> Iterator[Node]:
        """Return the items of a member that is a list; none if it is absent."""
        node = self.find(name)
        for index, value in enumerate(() if node is None else node._require(list, "a list")):
            assert node is not None
            yield Node(value, f"{node.path}[{index}]")

    def get_texts(self, name: str) -> list[str]:
        """Return the texts of a member that is a list of texts."""
        return [node._require(str, "a text") for node in self.get_items(name)]


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
