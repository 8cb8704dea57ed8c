"""Requests that schemathesis makes from the OpenAPI document, valid ones and others, at a real server: no answer may have a status, a
media type or a body that the document does not tell of, and none a status of 500."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.servers import API_KEY, Gateway

#: Random requests for each operation, beside the systematic ones, and the seconds in which there are any. More of both find more.
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "10")
SECONDS = os.environ.get("SCHEMATHESIS_SECONDS", "30")

#: What is not asked: that valid data be accepted, as no schema can say that an account must be there or a token genuine; that values of
#: another type be refused, as JSV and CSV have texts alone and ServiceStack reads numbers where texts are wanted; that wrong credentials
#: get 401, as after twenty of them everybody at the address is told to wait; that Allow names the verbs of one template alone, as
#: /auth/status takes those of /auth/{provider} too.
NOT_ASKED = "positive_data_acceptance,negative_data_rejection,ignored_auth,allow_header_conformance"


def create_session(gateway: Gateway) -> str:
    """The id of a new session."""
    headers = {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{gateway.url}/sessions", b'{"channel":"Chat"}', headers)
    with urllib.request.urlopen(request, timeout=20) as response:
        return str(json.load(response)["id"])


def test_schemathesis_finds_no_failure(gateway: Gateway, tmp_path: Path) -> None:
    hooks = {"SCHEMATHESIS_HOOKS": "tests.metadata.schemathesis_hooks", "SESSION": create_session(gateway)}
    root = str(Path(__file__).parents[2])
    command = ["run", f"{gateway.url}/openapi.json", f"--header=Authorization: Bearer {API_KEY}"]
    flags = [
        f"--max-examples={EXAMPLES}",
        f"--max-time={SECONDS}",
        "--phases=examples,coverage,fuzzing",
        "--generation-deterministic",
    ]
    result = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *command, *flags, f"--exclude-checks={NOT_ASKED}", "--no-color"],
        cwd=tmp_path,
        env={**os.environ, **hooks, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-2000:]
    # Nothing was left out for want of knowing a format.
    assert "validation skipped" not in result.stdout
    assert "Tested: " in result.stdout
