"""Shadow calls: they run beside the old host, store nothing, delay nobody, and are compared by the contract."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from enum import auto
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway import ANYONE, Dto, Rows, Service, Upstream, counters, errors, fields
from gateway.cli import main
from gateway.contract.fields import DtoEnum
from gateway.http.testing import Client
from gateway.rows import new_id
from gateway.upstream import report, shadow
from gateway.upstream.comparing import IDS, TIMES, Response, find_differences
from gateway.upstream.report import Counts, Tally
from serializers.registry import default_registry
from tests.shop.models import Customer
from tests.upstream.hosts import Host, host, respond_document, respond_text


class Level(DtoEnum):
    Low = auto()
    High = auto()


class Thing(Dto):
    id = fields.String()
    name = fields.String()
    level = fields.Enum(Level)
    made = fields.DateTime()
    amount = fields.Decimal()
    tags = fields.List(fields.String())


class Things(Dto):
    results = fields.List(fields.Nested(Thing))


class Shop:
    """A service whose handlers return what tests choose."""

    def __init__(self, url: str, **options: Any) -> None:
        self.service = Service("Shop")
        self.response: Any = None
        self.calls: list[str] = []
        service = self.service

        @service.get("/things/{Id}", returns=Thing, access=ANYONE)
        class GetThing(Dto):
            id = fields.String()

        @service.get("/things", returns=Things, access=ANYONE)
        class ListThings(Dto):
            pass

        @service.post("/things", returns=Thing, access=ANYONE)
        class NewThing(Dto):
            name = fields.String()

        @service.post("/trials", returns=Thing, access=ANYONE, shadow_writes=True)
        class NewTrial(Dto):
            name = fields.String()

        for dto in (GetThing, ListThings, NewThing, NewTrial):
            service.handles(dto)(self.handle)
        service.use(Upstream(url, **options))

    def handle(self, request: Any, context: Any) -> Any:
        self.calls.append(context.verb)
        response = self.response(request) if callable(self.response) else self.response
        if isinstance(response, Exception):
            raise response
        return response


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "front.switches").write_text("* = shadow")
    with host() as running:
        yield running


def find_upstream(shop: Shop) -> Upstream:
    (upstream_part,) = (part for part in shop.service.parts if isinstance(part, Upstream))
    return upstream_part


def tally(shop: Shop, name: str) -> Tally:
    part = find_upstream(shop)
    part._shadows.finish()
    return part.counts.total[name]


def test_the_old_host_responds_and_both_responses_are_compared(old: Host, tmp_path: Path) -> None:
    old.respond = respond_document(
        {"Id": "1", "Name": "a", "Level": 1, "made": "/Date(1767323045000)/", "amount": 1.50, "unknown": 1}
    )
    shop = Shop(old.url)
    with shop.service.client() as client:
        for suffix in ("json", "jsv", "xml", "csv", "html"):
            shop.response = Thing.new(id="1", name="a", level="High", made="2026-01-02T03:04:05Z", amount="1.5")
            assert client.get(f"/things/1.{suffix}").json["Name"] == "a"
        counts = tally(shop, "GetThing")
    assert counts.calls == 5
    assert len(shop.calls) == 5


@pytest.mark.parametrize(
    ("there", "here", "paths"),
    [
        ({"name": "a", "tags": None}, {"name": "a"}, []),
        ({"name": "a"}, {"name": "b"}, ["name"]),
        ({"tags": ["a"]}, {"tags": ["a", "b"]}, ["tags[]"]),
        ({"level": "Low"}, {"level": "High"}, ["level"]),
        ({"level": "low"}, {"level": "Low"}, []),
        ({"made": "2026-01-02T03:04:05.000+01:00"}, {"made": "2026-01-02T02:04:05Z"}, []),
        ({"made": "2026-01-02T03:04:05Z"}, {"made": "2026-01-02T03:04:06Z"}, ["made"]),
        ({"amount": 1.10}, {"amount": "1.1"}, []),
    ],
)
def test_responses_are_compared_by_the_contract(old: Host, there: Any, here: Any, paths: list[str]) -> None:
    old.respond = respond_document(there)
    shop = Shop(old.url)
    operation = shop.service.catalog.find("GetThing")
    assert operation is not None
    shop.response = operation.bind_response(
        {name: value if isinstance(value, list) else str(value) for name, value in here.items()}
    )
    with shop.service.client() as client:
        client.get("/things/1")
        counts = tally(shop, "GetThing")
    assert [*counts.paths] == paths
    assert (counts.calls, counts.alike, counts.different) == (1, not paths, len(paths))


def test_a_failure_here_is_a_difference_and_no_failure_there(old: Host) -> None:
    old.respond = respond_document({"id": "1"})
    shop = Shop(old.url)
    shop.response = errors.NotFound("boom")
    with shop.service.client() as client:
        assert client.get("/things/1").status_code == 200
        assert tally(shop, "GetThing").paths == {"status": 1}
        shop.response = Thing.new(id="1")
        client.get("/things/1")
        assert tally(shop, "GetThing").alike == 1


def test_shadow_calls_write_only_if_the_operation_allows_it(old: Host) -> None:
    old.respond = respond_document({"id": "there", "name": "n", "made": "2026-01-01T00:00:00Z"})
    shop = Shop(old.url)
    shop.response = lambda request: Thing.new(id="here", name=request.name, made=None)
    with shop.service.client() as client:
        client.post("/things.jsv", body="{name:n}")
        client.post("/trials.jsv", body="{name:n}")
        client.post("/jsv/reply/NewTrial[]", body="[{name:n}]")
        assert tally(shop, "NewThing") == Tally(1, skipped=1)
        counts = tally(shop, "NewTrial")
    assert shop.calls == ["POST"]
    assert (counts.calls, counts.skipped, counts.paths) == (2, 1, {"made": 1})


def test_writes_of_a_shadow_call_are_rolled_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "front.switches").write_text("* = shadow")
    seen: list[int] = []
    with host(respond_document("done")) as old:
        service = Service("Shop")
        service.use(Rows("tests.shop.models", migrations="tests.shop.migrations"))

        @service.post("/names", returns=str, access=ANYONE, shadow_writes=True)
        class Write(Dto):
            name = fields.String()

        @service.handles(Write)
        def write(request: Write, context: Any) -> str:
            context.unit.change(Customer.insert(id=new_id(), created="2026-01-01T00:00:00.000000Z", name=request.name))
            seen.append(len(context.unit.all(Customer.select())))
            return "done"

        part = Upstream(old.url)
        service.use(part)
        with service.client() as client:
            client.post("/names.jsv", body="{name:x}")
            part._shadows.finish()
            assert part.counts.total == {"Write": Tally(1, alike=1)}
            with client.unit() as unit:
                assert (seen, len(unit.all(Customer.select()))) == ([1], 0)


def test_no_request_waits_for_a_shadow_call(old: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadow, "WAITING", 3)
    old.respond = respond_document({"id": "1"})
    shop, release, running = Shop(old.url), threading.Event(), threading.Event()

    def handle_slowly(_: Any) -> Any:
        running.set()
        assert release.wait(20)
        return Thing.new(id="1")

    shop.response = handle_slowly
    with shop.service.client() as client:
        client.get("/things/1")
        assert running.wait(20)
        for _ in range(6):
            assert client.get("/things/1").status_code == 200
        release.set()
        counts = tally(shop, "GetThing")
    assert (counts.calls, counts.alike, counts.dropped) == (7, 4, 3)


def test_large_bodies_are_skipped(old: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    old.respond = respond_text(b"x" * (shadow.LARGEST + 1))
    shop = Shop(old.url)
    with shop.service.client() as client:
        assert len(client.get("/things/1").content) == shadow.LARGEST + 1
        client.post("/trials", body=b"x" * (shadow.LARGEST + 1), headers={"Content-Type": "application/jsv"})
        assert tally(shop, "GetThing") == Tally(1, skipped=1)
        assert tally(shop, "NewTrial") == Tally(1, skipped=1)
    assert not shop.calls


def test_typed_responses_are_compared_too(old: Host) -> None:
    old.respond = respond_document({"id": "1", "name": "a"})
    shop = Shop(old.url, typed=True)
    shop.response = Thing.new(id="1", name="b")
    with shop.service.client() as client:
        assert client.get("/things/1.jsv").text == "{id:1,name:a}"
        assert tally(shop, "GetThing").paths == {"name": 1}


@pytest.mark.parametrize(
    ("masks", "paths"),
    [
        ((), {"id": 1}),
        (["id"], {"name": 1}),
        (["ID", "n*"], {}),
        ({"GetThing": [IDS], "NewThing": ["name"]}, {"name": 1}),
        ({"getthing": ["*"]}, {}),
    ],
)
def test_masks(old: Host, masks: Any, paths: dict[str, int]) -> None:
    old.respond = respond_document({"id": "1", "name": "a"})
    shop = Shop(old.url, masks=masks)
    shop.response = Thing.new(id="2", name="b")
    with shop.service.client() as client:
        client.get("/things/1")
        assert tally(shop, "GetThing").paths == paths


def test_masks_of_lists_and_times() -> None:
    shop = Shop("http://127.0.0.1:1")
    operation = shop.service.catalog.find("ListThings")
    old_response, new_response = (
        Response(200, [("Content-Type", "application/json")], json.dumps({"results": [{"id": "0"}, value]}).encode())
        for value in ({"id": "1", "made": "2026-01-01"}, {"id": "2", "made": "2026-01-02"})
    )
    registry = default_registry()
    assert [difference.path for difference in find_differences(operation, registry, old_response, new_response)] == [
        "results[1].id",
        "results[1].made",
    ]
    assert [
        difference.path
        for difference in find_differences(operation, registry, old_response, new_response, ["results.id"])
    ] == ["results[1].made"]
    assert find_differences(operation, registry, old_response, new_response, [IDS, TIMES]) == []


def test_errors_are_compared_by_code_message_and_fields() -> None:
    def error(code: str, field: str, stack: str = "") -> Response:
        value = {
            "responseStatus": {
                "errorCode": code,
                "message": "m",
                "stackTrace": stack,
                "errors": [{"errorCode": "E", "fieldName": field, "message": "n"}],
            }
        }
        return Response(400, [("Content-Type", "application/json")], json.dumps(value).encode())

    registry = default_registry()
    assert find_differences(None, registry, error("A", "Name", "x"), error("A", "name")) == []
    assert [difference.path for difference in find_differences(None, registry, error("A", "x"), error("B", "y"))] == [
        "responseStatus.errorCode",
        "responseStatus.errors[0].fieldName",
    ]


def test_metrics_count_calls_and_requests(old: Host) -> None:
    counters.requests.clear()
    counters.events.clear()
    old.respond = respond_document({"id": "1"})
    shop = Shop(old.url)
    shop.response = Thing.new(id="2")
    with shop.service.client() as client:
        client.get("/things/1")
        tally(shop, "GetThing")
    totals = counters.events.total()
    assert totals["gateway_shadow_calls", "GetThing", "different"] == 1
    assert totals["gateway_upstream_requests", "200"] == 1
    assert [*counters.requests.rows] == [("GetThing", "raw", 200)]


def test_all_processes_add_to_one_report(tmp_path: Path) -> None:
    path = tmp_path / "front.report"
    counts, other_counts = Counts(path), Counts(path)
    counts.count("A", "alike")
    other_counts.count("A", "different", ["name"])
    counts.save()
    other_counts.save()
    counts.count("A", "different", ["name"])
    counts.count("B", "skipped")
    counts.save()
    counts.save()
    assert report.read(path) == {"A": Tally(3, 1, 2, paths={"name": 2}), "B": Tally(1, skipped=1)}


def test_a_report_keeps_few_paths() -> None:
    counts = Tally()
    for number in range(100):
        counts.add(Tally(1, different=1, paths={f"field{number}": 1}))
    assert len(counts.paths) == report.MOST_PATHS + 1
    assert sum(counts.paths.values()) == 100


def test_the_command_prints_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["front", "report", *arguments])
        return done.exit_code, done.output

    assert "No shadow calls in front.report yet." in run()[1]
    counts = Counts(tmp_path / "front.report")
    counts.count("GetThing", "different", ["results[].name"])
    counts.count("GetThing", "alike")
    counts.save()
    assert run()[1].splitlines() == [
        "Operation  calls  alike  different  skipped  dropped  first differing fields",
        "GetThing       2      1          1        0        0  results[].name (1)",
    ]
    assert json.loads(run("--json")[1])["GetThing"]["paths"] == {"results[].name": 1}
    assert run("--reset")[0] == 0
    assert "No shadow calls" in run()[1]
    (tmp_path / "front.report").write_text("{")
    assert run()[0] == 1


def test_a_service_without_shadow_copies_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with host() as old:
        shop = Shop(old.url)
        shop.response = Thing.new(id="1")
        with shop.service.client() as client:
            assert isinstance(client, Client)
            assert client.get("/things/1").json == {"id": "1"}
        assert find_upstream(shop).counts.total == {}
        assert not (tmp_path / "front.report").exists()
