"""The report on shadow calls: a file to which all workers add their counts."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gateway import counters
from gateway.errors import ConfigurationError
from gateway.upstream.switches import lock, replace

#: Paths of differences that are counted separately for an operation; further ones are counted together.
MOST_PATHS = 20
OTHERS = "(other fields)"


@dataclass(slots=True)
class Tally:
    """The shadow calls of one operation.

    :ivar calls: requests that the old host handled.
    :ivar alike: those with equal responses.
    :ivar different: those with different responses, or an error here.
    :ivar skipped: those that the handler did not get: they write, or their bodies are too large.
    :ivar dropped: those that the handler did not get because too many others were waiting.
    :ivar paths: the first differing fields, and how often.
    """

    calls: int = 0
    alike: int = 0
    different: int = 0
    skipped: int = 0
    dropped: int = 0
    paths: dict[str, int] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Add the counts of another tally."""
        for name in ("calls", "alike", "different", "skipped", "dropped"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for path, count in other.paths.items():
            is_listed = path in self.paths or len(self.paths) < MOST_PATHS
            path_key = path if is_listed else OTHERS
            self.paths[path_key] = self.paths.get(path_key, 0) + count


Report = dict[str, Tally]


class Counts:
    """The counts of this process, and those that are not in the file yet. Thread-safe.

    :ivar total: the tallies of this process by operation, since its start.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.total: Report = {}
        self._unsaved: Report = {}
        self._lock = threading.Lock()

    def count(self, operation: str, outcome: str, paths: Iterable[str] = ()) -> None:
        """Count a call.

        :param outcome: ``alike``, ``different``, ``skipped`` or ``dropped``.
        """
        tally = Tally(calls=1, paths=dict(Counter(paths)))
        setattr(tally, outcome, 1)
        counters.count("gateway_shadow_calls", operation, outcome)
        with self._lock:
            for report in (self.total, self._unsaved):
                report.setdefault(operation, Tally()).add(tally)

    def save(self) -> None:
        """Add new counts to the file. Raises OSError; after an error they are added the next time."""
        with self._lock:
            unsaved, self._unsaved = self._unsaved, {}
        if not unsaved:
            return
        try:
            with lock(self.path):
                merged = read(self.path)
                for name, tally in unsaved.items():
                    merged.setdefault(name, Tally()).add(tally)
                replace(self.path, json.dumps({name: asdict(tally) for name, tally in merged.items()}, indent=1), 0o644)
        except (OSError, ConfigurationError):
            with self._lock:
                for name, tally in self._unsaved.items():
                    unsaved.setdefault(name, Tally()).add(tally)
                self._unsaved = unsaved
            raise


def read(path: Path) -> Report:
    """Return the report of a file; an empty one if the file does not exist. Raises ConfigurationError."""
    try:
        document: Mapping[str, Mapping[str, Any]] = json.loads(path.read_text("utf-8"))
        return {name: Tally(**counts) for name, counts in document.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"{path} is not a report: {error}") from error


def reset(path: Path) -> None:
    """Reset the report. Raises ConfigurationError."""
    try:
        with lock(path):
            path.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def format_lines(report: Report) -> list[str]:
    """Return the report as a table for people."""
    heads = ("Operation", "calls", "alike", "different", "skipped", "dropped", "first differing fields")
    rows = [heads]
    for name, tally in sorted(report.items()):
        paths = ", ".join(
            f"{path} ({count})" for path, count in sorted(tally.paths.items(), key=lambda entry: -entry[1])[:5]
        )
        counts = (tally.calls, tally.alike, tally.different, tally.skipped, tally.dropped)
        rows.append((name, *map(str, counts), paths))  # type: ignore[arg-type]
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(row[column].rjust(widths[column]) for column in range(1, 6)), row[6]]
        ).rstrip()
        for row in rows
    ]
