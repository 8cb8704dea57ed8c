"""Counting of a document's items and names while it is read.

A reader counts each item and name with a `Tally` and stops at the first above a limit. Names are counted per request: per
document, or per item of an outermost list, which may be a batch. The names of the whole batch have a limit as well.
"""

from __future__ import annotations

import re

from serializers.base import Limits
from serializers.errors import DecodeError

#: The names that the items of an outermost list may have together, as a multiple of the limit of one item.
REQUESTS = 100

_EMPTY = re.compile(r"[\[{][ \t\r\n]*+[\]}]")


class Tally:
    """The remainder of a document's limits.

    :ivar items: items that lists may still have.
    :ivar lists: the number of open lists.
    :ivar names: names that the objects of this request may still have.
    """

    __slots__ = ("_all_names", "_names_before", "items", "limits", "lists", "names")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.items = limits.items
        self.names = limits.names
        self._all_names = limits.names * REQUESTS
        self.lists = 0
        self._names_before = 0

    def begin_list(self) -> None:
        """Count the beginning of a list."""
        if not self.lists:
            self._names_before = self.names
        self.lists += 1

    def end_list(self) -> None:
        """Count the end of the innermost list."""
        self.lists -= 1
        if not self.lists:
            self.names = self._names_before

    def add_item(self) -> str:
        """Count the next item of the innermost list. Return an error message if it exceeds the limit, else an empty text."""
        self.items -= 1
        if self.lists <= 1:
            self.names = self.limits.names
        return "" if self.items >= 0 else f"more than {self.limits.items} items"

    def add_name(self, count: int = 1) -> str:
        """Count names of an object. Return an error message if they exceed a limit, else an empty text."""
        self.names -= count
        self._all_names -= count
        if self.names < 0:
            return f"more than {self.limits.names} names"
        return "" if self._all_names >= 0 else f"more than {self.limits.names * REQUESTS} names in all"

    def add_mark(self, text: str, position: int) -> str:
        """Count the first item or name after an opening bracket or brace, if there is one. Return as `add_item` and `add_name`."""
        if _EMPTY.match(text, position):
            return ""
        return self.add_item() if text[position] == "[" else self.add_name()

    def copy(self) -> Tally:
        """Return a copy of this tally."""
        other = Tally(self.limits)
        other.become(self)
        return other

    def become(self, other: Tally) -> None:
        """Copy the state of another tally."""
        for name in self.__slots__:
            setattr(self, name, getattr(other, name))

    def may_be_passed(self, text: str) -> bool:
        """Return whether a text of JSON or JSV may exceed what is left. The check is quick, and true in doubt."""
        room = min(self.items, self.names)
        return len(text) > room and text.count(",") + text.count("[") + text.count("{") > room


def marks_outside(quoted: str) -> re.Pattern[str]:
    """Return a pattern whose matches end with the next bracket, brace or comma outside of quoted texts, or at the end."""
    plain = r'[^"\[\]{},]*+'
    return re.compile(rf"{plain}(?:{quoted}{plain})*+([\[\]{{}},]|\Z)", re.DOTALL)


def measure(text: str, marks: re.Pattern[str], tally: Tally, depth: int) -> None:
    """Count the items and names of a text of JSON or JSV by its marks (`marks_outside`), well-formed or not.

    :param depth: maximum levels of nesting.
    :raises DecodeError: at the first level, item or name above a limit.
    """
    lists: list[bool] = []
    for match in marks.finditer(text):
        mark = match[1]
        problem = ""
        if mark == ",":
            problem = tally.add_item() if not lists or lists[-1] else tally.add_name()
        elif mark in ("[", "{"):
            is_list = mark == "["
            if is_list:
                tally.begin_list()
            lists.append(is_list)
            problem = "nested too deeply" if len(lists) > depth else tally.add_mark(text, match.end() - 1)
        elif mark and lists and lists.pop():
            tally.end_list()
        if problem:
            raise DecodeError.at(problem, text, match.end() - 1)
    # The reader refuses a list or object that is not closed.
    for is_list in lists:
        if is_list:
            tally.end_list()
