"""The state of each operation, which selects the old host or the handler here: a file that is reread when it changes.

    # A comment
    * = old
    NewSession = shadow
    GetSession = percent 10

``*`` means all operations without a line. In ``shadow``, the old host responds, and the handler here also runs.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import structlog

from gateway.errors import ConfigurationError

#: Seconds between two checks of the file.
_LOOK = 0.25
_EVERY = "*"
_LINE = re.compile(r"(\*|\w+)\s*(?:=|\s)\s*(\S.*)")
_KINDS = ("old", "shadow", "percent", "new")
_WANTED = "old, shadow, percent N (0 to 100) or new"

log = structlog.get_logger("gateway")


class State(NamedTuple):
    """The state of an operation.

    :ivar kind: ``old``, ``shadow``, ``percent`` or ``new``.
    :ivar percent: the percentage of requests that are handled here.
    """

    kind: str
    percent: int = 0

    def __str__(self) -> str:
        return f"percent {self.percent}" if self.kind == "percent" else self.kind


OLD, SHADOW, NEW = State("old"), State("shadow"), State("new", 100)


def parse_state(text: str) -> State:
    """Read a state. Raises ValueError."""
    kind, *rest = text.lower().split() or [""]
    if kind == "percent" and len(rest) == 1 and rest[0].removesuffix("%").isdecimal():
        number = int(rest[0].removesuffix("%"))
        if number <= 100:
            return State(kind, number)
    elif kind in _KINDS and kind != "percent" and not rest:
        return State(kind, 100 if kind == "new" else 0)
    raise ValueError(f"'{text}' is not a state; write {_WANTED}")


def parse(text: str) -> dict[str, State]:
    """Return the states of a file by operation, in lower case. Raises ValueError with the line."""
    return {name.lower(): state for name, state in _statements(text)}


def _statements(text: str) -> Iterator[tuple[str, State]]:
    """Yield the operations of a file, as they are written there, and their states. Raises ValueError with the line."""
    for number, line in enumerate(text.splitlines(), 1):
        statement = line.partition("#")[0].strip()
        if not statement:
            continue
        match = _LINE.fullmatch(statement)
        if match is None:
            raise ValueError(f"line {number}: '{statement}' is not a line such as 'NewSession = shadow'")
        try:
            yield match[1], parse_state(match[2])
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from None


class Switches:
    """The current states of operations in the file. Thread-safe.

    :param path: the file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        #: The operations of the front, by name in lower case.
        self.operations: Mapping[str, str] = {}
        self._states: Mapping[str, State] = {}
        self._written: Mapping[str, str] = {}
        self._seen: tuple[int, int, int] | None = None
        self._next_look = 0.0
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def check(self) -> None:
        """Read the file. Raises ConfigurationError, with the wrong line, when it can't be read."""
        try:
            statements = [*_statements(self.path.read_text("utf-8"))]
        except FileNotFoundError:
            statements = []
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{self.path}: {error}") from error
        self._written = {name.lower(): name for name, _ in statements}
        self._states = {name.lower(): state for name, state in statements}

    def of(self, name: str, usual: State) -> State:
        """Return the state of an operation.

        :param usual: its state if the file has none.
        """
        if time.monotonic() >= self._next_look:
            self._look()
        states = self._states
        return states.get(name.lower()) or states.get(_EVERY, usual)

    def takes(self, name: str, state: State) -> bool:
        """Return whether the handler here gets this request: in ``percent N``, N of every hundred."""
        if state.kind != "percent":
            return state.kind == "new"
        with self._lock:
            self._counts[name] += 1
            count = self._counts[name]
        return count * state.percent // 100 > (count - 1) * state.percent // 100

    def unknown(self) -> list[str]:
        """Return the names in the file that are not operations, as they are written there."""
        return sorted(name for key, name in self._written.items() if key not in self.operations and key != _EVERY)

    def _look(self) -> None:
        with self._lock:
            if time.monotonic() < self._next_look:
                return
            self._next_look = time.monotonic() + _LOOK
        try:
            status = self.path.stat()
            seen = status.st_mtime_ns, status.st_size, status.st_ino
        except OSError:
            seen = None
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self.check()
            states = {self.operations.get(key, self._written[key]): str(state) for key, state in self._states.items()}
            log.info("switches", file=str(self.path), states=states)
            if unknown := self.unknown():
                log.warning("switches that name no operation", file=str(self.path), names=unknown)
        except ConfigurationError as error:
            # The previous states stay in force.
            log.warning("switches that can't be read", reason=str(error))


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Prevent other processes from changing a file within the context."""
    descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def change(path: Path, name: str, new_state: State) -> None:
    """Set the state of an operation in the file, which is created if necessary. Comments and other lines stay.

    :raises ConfigurationError: when the file can't be read or written.
    """
    try:
        with lock(path):
            text = path.read_text("utf-8") if path.exists() else f"# What handles each operation: {_WANTED}\n"
            parse(text)
            mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
            lines = [line for line in text.splitlines() if not _is_about(line, name)]
            replace(path, "\n".join([*lines, f"{name} = {new_state}", ""]), mode)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _is_about(line: str, name: str) -> bool:
    match = _LINE.fullmatch(line.partition("#")[0].strip())
    return match is not None and match[1].lower() == name.lower()


def write_operations(path: Path, handled: Mapping[str, bool]) -> None:
    """Write down the operations of the front that reads this file of switches, for `gateway front set`.

    :param handled: by operation, whether it has a handler here.
    """
    # A front that must not write beside the file forwards nevertheless.
    with suppress(OSError):
        replace(_operations_file(path), json.dumps(handled, indent=1), 0o644)


def read_operations(path: Path) -> Mapping[str, bool] | None:
    """Return the operations that the last front with this file of switches had, and whether each has a handler; None if there was none."""
    try:
        handled = json.loads(_operations_file(path).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return handled if isinstance(handled, dict) else None


def _operations_file(path: Path) -> Path:
    return path.with_name(f".{path.name}.operations")


def replace(path: Path, text: str, mode: int) -> None:
    """Replace a file atomically."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, mode)
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    temporary.replace(path)
