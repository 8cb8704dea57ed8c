"""The metrics of a node in Prometheus' text.

Each worker counts in plain numbers (`gateway.counters`), reads its gauges on request, and writes both to its own file once a second
(`Board`). The worker that gets the request for ``/metrics`` adds the files up. A new worker takes over the file and the counts of a worker
that ended, so counters never fall and files do not accumulate.
"""

from __future__ import annotations

import atexit
import json
import os
import platform
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from gateway import counters
from gateway.counters import BOUNDS, Asked
from gateway.log_queue import LogQueue
from gateway.places import Places
from models import Database

#: The media type of the text.
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
#: Seconds between two writes of a worker's file.
EVERY = 1.0
#: Age of a file in seconds after which its worker counts as ended, and its gauges are ignored.
STALE = 10.0

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


class Described(NamedTuple):
    """A metric: what it is, and the names of its labels."""

    help: str
    labels: Sequence[str] = ()


#: Counters, without the ending ``_total``.
COUNTERS: Mapping[str, Described] = {
    "gateway_requests": Described("Requests that were responded to.", ("operation", "format", "status")),
    "gateway_received_bytes": Described("Bytes of request bodies.", ("operation",)),
    "gateway_sent_bytes": Described("Bytes of response bodies.", ("operation",)),
    "gateway_errors": Described("Errors that were sent, by class of error.", ("error",)),
    "gateway_unavailable": Described("Responses with status 503, by cause.", ("cause",)),
    "gateway_refused": Described("Requests that were refused before they reached an operation.", ("status",)),
    "gateway_audit_events": Described("Lines of the audit log, log-ins among them.", ("event",)),
    "gateway_streams": Described("Streamed responses that ended.", ("outcome",)),
    "gateway_transactions": Described("Transactions that ended.", ("kind", "outcome")),
    "gateway_transaction_repeats": Described("Transactions that were run again.", ("reason",)),
    "gateway_lock_waits": Described("Writers that waited for another writer of their process (SQLite).", ("outcome",)),
    "gateway_pool_waits": Described("Transactions that waited for a free connection.", ("outcome",)),
    "gateway_pool_wait_seconds": Described("Seconds that they waited."),
    "gateway_upstream_requests": Described("Requests to the old host, by status or by why it has none.", ("outcome",)),
    "gateway_upstream_repeats": Described("Requests to the old host that were sent again."),
    "gateway_shadow_calls": Described("Requests that handlers ran beside the old host.", ("operation", "outcome")),
    "gateway_worker_starts": Described("Workers that were started."),
    "gateway_events_published": Described("Server events that were stored."),
    "gateway_events_delivered": Described("Server events that were given to subscribers, once for each of them."),
    "gateway_events_dropped": Described("Server events that subscribers did not read in time."),
    "gateway_events_delayed": Described("Server events whose delay was measured."),
    "gateway_events_delay_seconds": Described("Seconds from the storing of these events until they were delivered."),
    "gateway_log_lines_dropped": Described("Log lines that could not be written."),
}
#: Gauges; each has the label ``worker``, too, unless it is in `OF_NODE`.
GAUGES: Mapping[str, Described] = {
    "gateway_requests_running": Described("Requests that have a place, by kind.", ("kind",)),
    "gateway_requests_waiting": Described("Requests that wait for a place, by kind.", ("kind",)),
    "gateway_places": Described("Places of each kind.", ("kind",)),
    "gateway_pool_connections": Described("Open connections to the database.", ("state",)),
    "gateway_pool_size": Described("Connections that may be open."),
    "gateway_pool_oldest_seconds": Described("Age of the oldest idle connection to a database server."),
    "gateway_connections": Described("Connections of clients."),
    "gateway_event_subscribers": Described("Open streams of server events."),
    "gateway_event_wakeups_connected": Described("1 while wake-ups are exchanged by Redis (GATEWAY_EVENTS_URL)."),
    "gateway_worker_memory_bytes": Described("Memory of a worker that is in RAM."),
    "gateway_worker_processor_seconds": Described("Processor time of a worker since its start."),
    "gateway_worker_threads": Described("Threads of a worker."),
    "gateway_worker_started_seconds": Described("When the worker was started, in seconds since 1970."),
    "gateway_sqlite_log_bytes": Described("Bytes of SQLite's write-ahead log."),
    "gateway_build_info": Described("1; the labels are the version.", ("version", "python", "service")),
}
#: Gauges that are the same in each worker.
OF_NODE = frozenset({"gateway_sqlite_log_bytes", "gateway_build_info"})
DURATIONS = "gateway_request_seconds"

#: By the name of a database's count: the metric, and whether the other parts of the key are its labels.
_OF_DATABASE = {
    "transactions": "gateway_transactions",
    "repeats": "gateway_transaction_repeats",
    "lock waits": "gateway_lock_waits",
    "connections": "gateway_pool_waits",
    "connection seconds": "gateway_pool_wait_seconds",
}


class Sample(NamedTuple):
    """A number of a metric.

    :ivar labels: the values of its labels.
    """

    name: str
    labels: tuple[str, ...]
    value: float


#: A function that is called when metrics are requested, and returns counters and gauges.
Source = Callable[[], Iterable[Sample]]


class Snapshot(NamedTuple):
    """The numbers of one worker."""

    requests: dict[Asked, list[float]]
    counters: dict[tuple[str, ...], float]
    gauges: list[Sample]


class Board:
    """A folder with a file for each worker of a node.

    :param folder: an existing folder.
    :param slot: the worker's number: no other living worker has the same.
    """

    def __init__(self, folder: Path, slot: int) -> None:
        self.slot = slot
        self._folder = folder
        self._path = folder / f"{slot}.json"

    def write(self, snapshot: Snapshot) -> None:
        """Replace this worker's file."""
        document = {
            "time": time.time(),
            "requests": [[*key, row] for key, row in snapshot.requests.items()],
            "counters": [[*key, value] for key, value in snapshot.counters.items()],
            "gauges": snapshot.gauges,
        }
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(document))
        fresh.replace(self._path)

    def read_own(self) -> Snapshot:
        """Return what the slot's last worker wrote."""
        return _read(self._path) or Snapshot({}, {}, [])

    def others(self) -> Iterator[tuple[int, Snapshot]]:
        """Yield the slots and numbers of all other workers, living or ended."""
        for path in sorted(self._folder.glob("*.json")):
            if path != self._path and (snapshot := _read(path)) is not None:
                yield int(path.stem), snapshot


def _read(path: Path) -> Snapshot | None:
    try:
        document: Any = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    is_fresh = time.time() - document["time"] < STALE
    return Snapshot(
        {Asked(operation, format_, status): row for operation, format_, status, row in document["requests"]},
        {tuple(key): value for *key, value in document["counters"]},
        [Sample(name, tuple(labels), value) for name, labels, value in document["gauges"]] if is_fresh else [],
    )


class Meter:
    """The numbers of one process, and of the other workers of its node.

    :param sources: they are read when metrics are requested.
    :param version: labels of ``gateway_build_info``: the gateway's version and the service's title.
    """

    def __init__(self, sources: Sequence[Source] = (), version: tuple[str, str] = ("", "")) -> None:
        self._sources: list[Source] = [*sources, _read_process]
        self._build = Sample("gateway_build_info", (version[0], platform.python_version(), version[1]), 1)
        self._board: Board | None = None
        self._before = Snapshot({}, {}, [])
        self._writing = threading.Lock()

    def add(self, source: Source) -> None:
        """Read another source, too."""
        self._sources.append(source)

    def join(self, board: Board) -> None:
        """Publish this process's numbers on a board from now on. Counts from before a fork belong to the parent."""
        counters.requests.clear()
        counters.events.clear()
        counters.count("gateway_worker_starts")
        self._before = board.read_own()
        self._writing = threading.Lock()
        self._board = board
        atexit.register(self.write)
        threading.Thread(target=self._publish, args=(board,), name="metrics", daemon=True).start()

    def write(self) -> None:
        """Write this process's numbers to the board, if there is one."""
        self._write(self._take_snapshot())

    def _write(self, snapshot: Snapshot) -> None:
        board = self._board
        if board is not None:
            with suppress(OSError), self._writing:  # a full disk costs metrics and nothing else
                board.write(snapshot)

    def text(self) -> bytes:
        """Return the metrics of all workers in Prometheus' text."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Families(self._build_families()))
        return generate_latest(registry)

    def _publish(self, board: Board) -> None:
        while self._board is board:
            self.write()
            time.sleep(EVERY)

    def _take_snapshot(self) -> Snapshot:
        counts: dict[tuple[str, ...], float] = {}
        gauges = [self._build]
        for key, value in counters.events.total().items():
            _add(counts, key, value)
        for sample in (reading for source in self._sources for reading in source()):
            if sample.name in COUNTERS:
                _add(counts, (sample.name, *sample.labels), sample.value)
            else:
                gauges.append(sample)
        requests = counters.requests.total()
        _add_snapshot(requests, counts, self._before)
        return Snapshot(requests, counts, gauges)

    def _build_families(self) -> list[Metric]:
        snapshot = self._take_snapshot()
        # Numbers that were shown once are not lost if the worker ends.
        self._write(snapshot)
        requests, counts = snapshot.requests, snapshot.counters
        slot = 0 if self._board is None else self._board.slot
        gauges = {slot: snapshot.gauges}
        for number, worker_snapshot in self._board.others() if self._board is not None else ():
            _add_snapshot(requests, counts, worker_snapshot)
            gauges[number] = [gauge for gauge in worker_snapshot.gauges if gauge.name not in OF_NODE]
        for key, row in requests.items():
            operation = key.operation
            _add(counts, ("gateway_requests", operation, key.format, str(key.status)), sum(row[: len(BOUNDS) + 1]))
            _add(counts, ("gateway_received_bytes", operation), row[-2])
            _add(counts, ("gateway_sent_bytes", operation), row[-1])
        return [*_build_counters(counts), _build_histogram(requests), *_build_gauges(gauges)]


class _Families:
    """A collector for prometheus-client that returns ready-made families."""

    def __init__(self, families: list[Metric]) -> None:
        self._build_families = families

    def collect(self) -> Iterable[Metric]:
        return self._build_families


def _add(counts: dict[tuple[str, ...], float], key: tuple[str, ...], value: float) -> None:
    counts[key] = counts.get(key, 0) + value


def _add_snapshot(requests: dict[Asked, list[float]], counts: dict[tuple[str, ...], float], snapshot: Snapshot) -> None:
    for key, value in snapshot.counters.items():
        _add(counts, key, value)
    for request_key, row in snapshot.requests.items():
        earlier_row = requests.get(request_key)
        requests[request_key] = (
            row if earlier_row is None else [earlier + later for earlier, later in zip(earlier_row, row, strict=True)]
        )


def _build_counters(counts: Mapping[tuple[str, ...], float]) -> Iterator[Metric]:
    families = {
        name: CounterMetricFamily(name, counter.help, labels=counter.labels) for name, counter in COUNTERS.items()
    }
    for (name, *labels), value in sorted(counts.items()):
        if name in families:
            families[name].add_metric(labels, value)
    for name, counter in COUNTERS.items():
        if not counter.labels and not families[name].samples:
            families[name].add_metric([], 0)
    yield from families.values()


def _build_histogram(requests: Mapping[Asked, Sequence[float]]) -> Metric:
    family = HistogramMetricFamily(DURATIONS, "Seconds of requests; of streams to their end.", labels=("operation",))
    rows: dict[str, list[float]] = {}
    for key, row in requests.items():
        earlier_row = rows.get(key.operation)
        rows[key.operation] = (
            list(row)
            if earlier_row is None
            else [earlier + later for earlier, later in zip(earlier_row, row, strict=True)]
        )
    for operation, row in sorted(rows.items()):
        buckets, number = [], 0.0
        for bound, more in zip((*map(str, BOUNDS), "+Inf"), row[: len(BOUNDS) + 1], strict=True):
            number += more
            buckets.append((bound, number))
        family.add_metric([operation], buckets, row[-3])
    return family


def _build_gauges(samples_by_slot: Mapping[int, Iterable[Sample]]) -> Iterator[Metric]:
    families = {
        name: GaugeMetricFamily(name, gauge.help, labels=[*gauge.labels, *([] if name in OF_NODE else ["worker"])])
        for name, gauge in GAUGES.items()
    }
    for slot, samples in sorted(samples_by_slot.items()):
        for name, labels, value in samples:
            if name in families:
                families[name].add_metric([*labels, *([] if name in OF_NODE else [str(slot)])], value)
    yield from families.values()


def make_database_source(database: Database) -> Source:
    """Return the source of a database's numbers."""

    def read() -> Iterator[Sample]:
        for key, value in database.counts.total().items():
            name, *labels = key
            yield Sample(_OF_DATABASE[name], tuple(labels), value)
        connections = database.connections
        yield Sample("gateway_pool_connections", ("idle",), connections.idle)
        yield Sample("gateway_pool_connections", ("in use",), connections.open - connections.idle)
        yield Sample("gateway_pool_oldest_seconds", (), connections.oldest)
        yield Sample("gateway_pool_size", (), connections.most)
        log = database.log_size()
        if log is not None:
            yield Sample("gateway_sqlite_log_bytes", (), log)

    return read


def make_places_source(places: Places) -> Source:
    """Return the source of the numbers of requests that run and wait."""

    def read() -> Iterator[Sample]:
        for kind, (number, running, waiting) in places.numbers().items():
            yield Sample("gateway_places", (kind,), number)
            yield Sample("gateway_requests_running", (kind,), running)
            yield Sample("gateway_requests_waiting", (kind,), waiting)

    return read


def make_events_source(numbers: Callable[[], Mapping[str, float]]) -> Source:
    """Return the source of the numbers of server events.

    :param numbers: returns them by the metric's name without ``gateway_``.
    """

    def read() -> Iterator[Sample]:
        for name, value in numbers().items():
            yield Sample(f"gateway_{name}", (), value)

    return read


def _read_process() -> Iterator[Sample]:
    """Yield the numbers of this process that the operating system provides."""
    yield Sample("gateway_worker_threads", (), threading.active_count())
    yield Sample("gateway_worker_processor_seconds", (), time.process_time())
    if isinstance(sys.stderr, LogQueue):
        yield Sample("gateway_log_lines_dropped", (), sys.stderr.dropped)
    with suppress(OSError, ValueError, IndexError):
        yield Sample("gateway_worker_memory_bytes", (), int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE)
    with suppress(OSError, ValueError, IndexError):
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        yield Sample(
            "gateway_worker_started_seconds", (), time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / _TICKS
        )
