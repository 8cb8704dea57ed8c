"""The numbers of several workers, added up by one."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway import counters, metrics
from gateway.metrics import Board, Meter, Sample, Snapshot

ASKED = counters.Asked("GetThing", "json", 200)


@pytest.fixture(autouse=True)
def fresh_counters() -> Iterator[None]:
    counters.requests.clear()
    counters.events.clear()
    yield
    counters.requests.clear()
    counters.events.clear()


def make_meter(folder: Path, slot: int) -> Meter:
    """A meter on a board that is not written by itself."""
    meter = Meter([lambda: [Sample("gateway_pool_size", (), 7)]])
    meter._board = Board(folder, slot)
    return meter


def read_values(meter: Meter, name: str) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(meter.text().decode())
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    return {tuple(sample.labels.values()): sample.value for sample in samples}


def write_as_other(folder: Path, slot: int, requests: int, starts: int = 1) -> None:
    """What another worker has written."""
    row = [requests] + [0.0] * len(counters.BOUNDS) + [0.5, 10, 20]
    Board(folder, slot).write(
        Snapshot({ASKED: row}, {("gateway_worker_starts",): starts}, [Sample("gateway_pool_size", (), 5)])
    )


def test_workers_are_added_up(tmp_path: Path) -> None:
    write_as_other(tmp_path, 1, 40)
    write_as_other(tmp_path, 2, 2)
    meter = make_meter(tmp_path, 0)
    counters.requests.add(ASKED, 0.02, 1, 2)
    assert read_values(meter, "gateway_requests_total") == {("json", "GetThing", "200"): 43}
    assert read_values(meter, "gateway_sent_bytes_total") == {("GetThing",): 42}
    assert read_values(meter, "gateway_request_seconds_sum") == {("GetThing",): pytest.approx(1.02)}
    assert read_values(meter, "gateway_worker_starts_total") == {(): 2}
    assert read_values(meter, "gateway_pool_size") == {("0",): 7, ("1",): 5, ("2",): 5}


def test_the_next_worker_of_a_slot_goes_on_counting(tmp_path: Path) -> None:
    write_as_other(tmp_path, 1, 40)
    counters.count("gateway_audit_events", "user added")  # the parent's
    meter = Meter()
    meter.join(Board(tmp_path, 1))
    counters.requests.add(ASKED, 40.0, 0, 0)
    for _ in range(2):
        meter.write()
    meter._board = None  # its thread ends
    snapshot = Board(tmp_path, 1).read_own()
    assert sum(snapshot.requests[ASKED][: len(counters.BOUNDS) + 1]) == 41
    assert snapshot.counters[("gateway_worker_starts",)] == 2
    assert ("gateway_audit_events", "user added") not in snapshot.counters


def test_gauges_of_a_worker_that_has_ended_are_gone_and_its_counts_stay(tmp_path: Path) -> None:
    write_as_other(tmp_path, 1, 40)
    path = tmp_path / "1.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "time": time.time() - metrics.STALE - 1}))
    meter = make_meter(tmp_path, 0)
    assert read_values(meter, "gateway_pool_size") == {("0",): 7}
    assert read_values(meter, "gateway_requests_total") == {("json", "GetThing", "200"): 40}


def test_a_file_that_can_not_be_read_or_written_costs_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "1.json").write_text("{")
    meter = make_meter(tmp_path, 0)
    assert read_values(meter, "gateway_pool_size") == {("0",): 7}
    meter._board = Board(tmp_path / "gone", 0)
    meter.write()
    assert read_values(meter, "gateway_pool_size") == {("0",): 7}


def test_every_counter_and_gauge_is_described_once() -> None:
    text = Meter().text().decode()
    for name in (*(f"{counter}_total" for counter in metrics.COUNTERS), *metrics.GAUGES, metrics.DURATIONS):
        assert text.count(f"# HELP {name} ") == 1
