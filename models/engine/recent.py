"""What was read last, for readers who can tell that nobody changed it since."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(OrderedDict[Key, Value]):
    """A dict of at most `most` values; what was kept first goes first. Values are shared: nobody may change them.

    A value is kept when its key comes for the second time: what many ask for once must not push out what is asked for often.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self._once: set[Key] = set()
        self._keeping = threading.Lock()

    def keep(self, key: Key, value: Value) -> None:
        """Keep a value, unless its key comes for the first time."""
        with self._keeping:
            if key in self or key in self._once:
                self._once.discard(key)
                self[key] = value
                if len(self) > self._most:
                    self.popitem(last=False)
                return
            if len(self._once) >= self._most:
                self._once.clear()
            self._once.add(key)
