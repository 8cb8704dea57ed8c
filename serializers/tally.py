"""How readers count what a document holds, while they read it.

A reader takes one item or name after the other from a `Tally` and stops at the first that is too many. Names are those of
one request: of a document, or of each item of an outermost list, which may be a batch. What a batch may have in all is
bounded as well.
"""

from __future__ import annotations

import re

from serializers.base import Limits
from serializers.errors import DecodeError

#: The names that the items of an outermost list may have together, as a multiple of what each may have.
REQUESTS = 100

_EMPTY = re.compile(r"[\[{][ \t\r\n]*+[\]}]")


class Tally:
    """What is left of a document's limits.

    :ivar items: items that lists may still have.
    :ivar lists: lists that are open.
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
        """A list begins."""
        if not self.lists:
            self._names_before = self.names
        self.lists += 1

    def end_list(self) -> None:
        """The innermost list ends."""
        self.lists -= 1
        if not self.lists:
            self.names = self._names_before

    def add_item(self) -> str:
        """Count the next item of the innermost list. Return what is wrong if it is one too many, else an empty text."""
        self.items -= 1
        if self.lists <= 1:
            self.names = self.limits.names
        return "" if self.items >= 0 else f"more than {self.limits.items} items"

    def add_name(self, count: int = 1) -> str:
        """Count names of an object. Return what is wrong if they are too many, else an empty text."""
        self.names -= count
        self._all_names -= count
        if self.names < 0:
            return f"more than {self.limits.names} names"
        return "" if self._all_names >= 0 else f"more than {self.limits.names * REQUESTS} names in all"

    def add_mark(self, text: str, position: int) -> str:
        """Count the first item or name behind an opening bracket or brace, if there is one; as `add_item` and `add_name`."""
        if _EMPTY.match(text, position):
            return ""
        return self.add_item() if text[position] == "[" else self.add_name()

    def copy(self) -> Tally:
        """Return another tally that has the same left."""
        other = Tally(self.limits)
        other.become(self)
        return other

    def become(self, other: Tally) -> None:
        """Have the same left as another tally."""
        for name in self.__slots__:
            setattr(self, name, getattr(other, name))

    def may_be_passed(self, text: str) -> bool:
        """Whether a text of JSON or JSV may have more items or names than are left: a quick bound that errs on the safe side."""
        room = min(self.items, self.names)
        return len(text) > room and text.count(",") + text.count("[") + text.count("{") > room


def marks_outside(quoted: str) -> re.Pattern[str]:
    """A pattern whose matches end with the next bracket, brace or comma outside of quoted texts, or at the end."""
    plain = r'[^"\[\]{},]*+'
    return re.compile(rf"{plain}(?:{quoted}{plain})*+([\[\]{{}},]|\Z)", re.DOTALL)


def measure(text: str, marks: re.Pattern[str], tally: Tally, depth: int) -> None:
    """Count the items and names of a text of JSON or JSV by its marks (`marks_outside`), well-formed or not.

    :param depth: the levels of nesting that it may have.
    :raises DecodeError: at the first level, item or name that is too many.
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
    # What is not closed here is refused by the reader.
    for is_list in lists:
        if is_list:
            tally.end_list()
