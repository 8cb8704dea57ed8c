"""What was read last, for readers who can tell that nobody changed it since."""

from __future__ import annotations

import threading
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(dict[Key, Value]):
    """A dict of at most `most` values; what was kept first goes first. Values are shared: nobody may change them."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self._keeping = threading.Lock()

    def keep(self, key: Key, value: Value) -> None:
        """Keep a value."""
        with self._keeping:
            self[key] = value
            if len(self) > self._most:
                del self[next(iter(self))]
