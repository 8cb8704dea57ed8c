"""An imported contract in the hands of unmodified clients: types of the mock are compiled, and every operation is called.

The clients send the answers back to the mock as members of a last request, where they must equal what the mock answered.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.cli import main
from tests.commands.test_new import ROOT
from tests.metadata import tools
from tests.servers import end, free_port, wait_until

CLIENTS = Path(__file__).parent / "clients"
SOURCE = CLIENTS / "observatory.cs"
#: What clients ask, by operation; `Keep` comes last.
REQUESTS: dict[str, Any] = {
    "CreateStar": {"name": "Vega", "spectrum": [[1, 2], [3]], "weather": "Rain"},
    "GetStar": {"id": 7},
    "ChangeStar": {"id": 8, "rank": 3},
    "ReplaceStar": {"id": 9, "filters": 9},
    "DropStar": {"id": 10},
    "FindStars": {"take": 5, "nameStartsWith": "V"},
    "GetChart": {},
    "ReadFile": {"path": "of/the/sky.txt"},
    "GetPhoto": {"id": 11},
    "NameStars": {"since": "2026-01-02T03:04:05Z", "within": "PT1M"},
}


VERBS = {
    "ChangeStar": "PATCH",
    "ReplaceStar": "PUT",
    "DropStar": "DELETE",
    **dict.fromkeys(("GetStar", "FindStars", "GetChart", "ReadFile", "GetPhoto"), "GET"),
}


@dataclass(frozen=True)
class Mock:
    """A running ``gateway mock`` of the contract.

    :ivar record: what it was asked.
    """

    url: str
    record: Path

    def get(self, path: str) -> bytes:
        """A document."""
        with urllib.request.urlopen(self.url + path, timeout=30) as response:
            return bytes(response.read())

    def call(self, operation: str, values: dict[str, Any]) -> Any:
        """The answer of an operation, which is the same for the same request."""
        verb = VERBS.get(operation, "POST")
        path = f"/api/{operation}.json"
        data = None if verb == "GET" else json.dumps(values).encode()
        if data is None:
            path += f"?{urllib.parse.urlencode(values)}"
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=verb)
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.loads(response.read() or b"null")

    def write_types(self, language: str, path: Path) -> Path:
        """Write the types of a language."""
        path.write_bytes(self.get(f"/types/{language}"))
        return path

    def take_requests(self) -> list[dict[str, Any]]:
        """The requests that it got since the last time."""
        lines = [json.loads(line) for line in self.record.read_text().splitlines()]
        self.record.write_text("")
        return lines


@pytest.fixture(scope="module")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mock]:
    folder, port = tmp_path_factory.mktemp("mock"), free_port()
    server = Mock(f"http://127.0.0.1:{port}", folder / "requests.jsonl")
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "gateway",
        "mock",
        SOURCE,
        "--port",
        str(port),
        "--seed",
        "3",
        "--record",
        server.record,
    ]
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "GATEWAY_WORKERS": "1"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stderr=log)

    def is_ready() -> bool:
        try:
            return bool(server.get("/types/csharp"))
        except OSError:
            return False

    try:
        wait_until(is_ready, "the mock answers", process)
        yield server
    finally:
        assert end(process) == 0


def check(mock: Mock, client: str, *missing: str) -> None:
    """Compare what a client's program asked with what it should, and the answers that it sent back with the samples.

    :param missing: operations that the client can't call.
    """
    *requests, keep = mock.take_requests()
    expected = {name: values for name, values in REQUESTS.items() if name not in missing}
    assert {request["operation"]: request["request"] for request in requests} == expected
    kept_request = keep["request"]
    responses = {name: mock.call(name, values) for name, values in expected.items()}
    changed_stars = [responses[name] for name in ("CreateStar", "ChangeStar", "ReplaceStar") if name in expected]
    stars = [*changed_stars, *responses["FindStars"]["results"]]
    photo, names = responses["GetPhoto"], responses["NameStars"]
    values = {
        "star": responses["GetStar"],
        "stars": stars,
        "chart": responses["GetChart"],
        "photo": photo,
        "names": names,
    }
    mock.call("Keep", {"client": client, "text": responses["ReadFile"], **values})
    assert kept_request == mock.take_requests()[-1]["request"]


def test_typescript(mock: Mock, tmp_path: Path) -> None:
    folder = tools.make_npm_folder(tmp_path)
    mock.write_types("typescript", folder / "dtos.ts")
    shutil.copy(CLIENTS / "calls.ts", folder)
    tsc = ["npx", "tsc", "--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck"]
    tools.run(*tsc, "calls.ts", cwd=folder)
    tools.run("node", "calls.js", cwd=folder, env={**os.environ, "URL": mock.url})
    check(mock, "typescript")


def test_python(mock: Mock, tmp_path: Path) -> None:
    interpreter = tools.install_python()
    mock.write_types("python", tmp_path / "dtos.py")
    shutil.copy(CLIENTS / "calls.py", tmp_path)
    tools.run(interpreter, "calls.py", cwd=tmp_path, env={**os.environ, "URL": mock.url})
    check(mock, "python")


def test_java(mock: Mock, tmp_path: Path) -> None:
    libraries = tools.install_jars()
    sources = [mock.write_types("java", tmp_path / "dtos.java"), CLIENTS / "Calls.java"]
    tools.javac(tmp_path, *sources)
    command = ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{tmp_path}:{libraries}", "Calls"]
    tools.run(*command, cwd=tmp_path, env={**os.environ, "URL": mock.url})
    # HttpURLConnection knows no PATCH.
    check(mock, "java", "ChangeStar")


def test_the_package_is_up_to_date_after_the_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (["--package", "sky"], ["--package", "sky", "--check"]):
        result = CliRunner().invoke(main, ["import", str(SOURCE), *words])
        assert result.exit_code == 0, result.output
    assert "nothing changed" in result.output
