""".NET's own XML serializer and HTTP client, with the C# types that the gateway generates: what ServiceStack's XML client is made of."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest

from tests.clients.test_clients import judge
from tests.metadata import dotnet
from tests.servers import Gateway

SOURCE = Path(__file__).parent / "dotnet" / "Checks.cs"

CHECKS = [
    "create_by_reply",
    "create_by_rest",
    "defaults",
    "names",
    "compressed",
    "expecting",
    "field_errors",
    "refused",
    "batch",
    "one_way",
    "change_and_end",
    "lists",
    "log_in_and_out",
]


def test_data_contracts(gateway: Gateway, tmp_path: Path, subtests: pytest.Subtests) -> None:
    types = tmp_path / "dtos.cs"
    with urllib.request.urlopen(f"{gateway.url}/types/csharp", timeout=60) as response:
        types.write_bytes(response.read())
    command, environment = dotnet.compile_program(tmp_path, types, SOURCE)
    judge(gateway, command, environment, CHECKS, subtests)
