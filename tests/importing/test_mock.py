"""A mock answers every operation in every format, repeats what the request says, validates, and keeps requests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.http.testing import Client
from gateway.importing.mock import FileRecorder, build_service
from gateway.importing.sources import Imported
from tests.importing import contracts
from tests.importing.test_metadata_json import document, operation, prop, record
from tests.servers import end, free_port, wait_until


def make_mock(name: str) -> Imported:
    """A contract of the tests', or of another product."""
    if name in contracts.OTHERS:
        return contracts.read(contracts.OTHERS[name].read_text(), name)
    contract = contracts.describe_every_kind() if name == "every" else contracts.describe_sessions()
    return contracts.read_json(contracts.build_metadata(contract))


@pytest.mark.parametrize("name", ["every", "sessions", *contracts.OTHERS])
def test_every_operation_and_document(name: str) -> None:
    imported = make_mock(name)
    with build_service(imported).client() as client:
        for operation in imported.contract.operations:
            verb = "POST" if "POST" in operation.verbs else operation.verbs[0]
            for suffix in (".json", ".jsv", ".xml", ".csv", ".html"):
                response = client.request(verb, f"/api/{operation.name}{suffix}")
                broken = response.status_code == 400 and "must" in response.text
                expected = 204 if operation.returns is None else 200
                assert response.status_code == expected or broken, (operation.name, suffix, response.text)
            assert client.get(f"/json/metadata?op={operation.name}").status_code == 200
        for path in (
            "/metadata",
            "/openapi.json",
            "/openapi?version=2",
            "/explorer",
            "/metadata/app.json",
            "/types/rust",
        ):
            assert client.get(path).status_code == 200, path
        ours = client.get("/types/metadata.json").json
        assert len(ours["operations"]) == len(imported.contract.operations)


SHOP = document(
    operation(
        "NewOrder",
        prop(
            "Name",
            "String",
            attributes=[{"name": "Validate", "args": [{"name": "Validator", "type": "String", "value": "NotEmpty"}]}],
        ),
        prop("Count", "Nullable`1", "Int32"),
        prop("Kind", "Nullable`1", "Kind"),
        prop("Password", "String"),
        returnType={"name": "NewOrderResponse"},
    ),
    types=[
        record("NewOrderResponse", prop("Result", "Order"), prop("ResponseStatus", "ResponseStatus")),
        record(
            "Order",
            prop("Id", "String"),
            prop("Name", "String"),
            prop("Count", "Int32"),
            prop("Kind", "Kind"),
            prop("Parent", "Order"),
        ),
        {"name": "Kind", "namespace": "N", "isEnum": True, "enumNames": ["Small", "Large"]},
    ],
)


@pytest.fixture
def client_of(request: pytest.FixtureRequest) -> Callable[..., Client]:
    def make(**options: Any) -> Client:
        client = build_service(contracts.read_json(SHOP), **options).client()
        request.addfinalizer(client.close)
        return client

    return make


def test_samples_repeat_values_of_the_request(client_of: Callable[..., Client]) -> None:
    client = client_of()
    response = client.post("/api/NewOrder", json={"name": "Ada", "count": 7, "kind": "Large"}).json
    assert response == {"result": {"id": "String", "name": "Ada", "count": 7, "kind": "Large"}}
    assert client.post("/api/NewOrder", json={"name": "Ada"}).json["result"]["kind"] == "Small"


def test_broken_rules(client_of: Callable[..., Client]) -> None:
    response = client_of().post("/api/NewOrder.jsv", body=b"{name:,kind:Huge}")
    assert response.status_code == 400
    assert "fieldName:Name" in response.text
    assert "fieldName:Kind" in response.text


def test_a_seed_varies_and_repeats(client_of: Callable[..., Client]) -> None:
    def ask(seed: int, name: str) -> Any:
        return client_of(seed=seed).post("/api/NewOrder", json={"name": name}).json

    assert ask(1, "Ada") == ask(1, "Ada")
    assert ask(1, "Ada") != ask(2, "Ada")
    assert ask(1, "Ada")["result"]["id"] != ask(1, "Bob")["result"]["id"]
    assert ask(2, "Ada")["result"]["name"] == "Ada"


def test_requests_are_kept_without_secrets(client_of: Callable[..., Client], tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    client = client_of(recorder=FileRecorder(path))
    client.post("/api/NewOrder", json={"name": "Ädä", "password": "hush"})
    client.post("/api/NewOrder", json={"name": ""})
    client.post("/api/NewOrder", json={"name": "Bob", "count": 2})
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["request"] for line in lines] == [{"name": "Ädä"}, {"name": "Bob", "count": 2}]
    assert {(line["verb"], line["operation"]) for line in lines} == {("POST", "NewOrder")}
    assert path.stat().st_mode & 0o077 == 0


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    source = tmp_path / "shop.json"
    source.write_text(json.dumps(SHOP))
    result = CliRunner().invoke(main, ["mock", str(source), "--record", str(tmp_path / "no" / "file")])
    assert result.exit_code == 1
    assert "can't be written" in result.output


def test_the_command_serves(tmp_path: Path) -> None:
    source = tmp_path / "shop.json"
    source.write_text(json.dumps(SHOP))
    port = free_port()
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": os.environ["PATH"], "GATEWAY_WORKERS": "1"}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "mock", str(source), "--port", str(port)],
            cwd=tmp_path,
            env=environment,
            stderr=log,
        )
    try:
        url = f"http://127.0.0.1:{port}/api/NewOrder?name=Ada&format=csv"

        def is_ready() -> bool:
            try:
                with urllib.request.urlopen(urllib.request.Request(url, b""), timeout=5) as response:
                    return b"Ada" in response.read()
            except OSError:
                return False

        wait_until(is_ready, "the mock answers", process)
    finally:
        assert end(process) == 0
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".db"] == []
