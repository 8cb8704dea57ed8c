"""The programs of docs/events.rst print what happens. That in C# is not run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import textwrap
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.test_browser import _served
from tests.clients.test_clients import HERE, INSTALLED, needs, typescript
from tests.live.sessions import create
from tests.metadata.conftest import Browser, chromium
from tests.servers import API_KEY, EMAIL, FIRST_USER, PASSWORD, Gateway, _gateways, end, wait_until

PAGE = (HERE.parents[1] / "docs" / "events.rst").read_text()

#: A page that keeps what a program prints, and finds the library as a bundler does.
_AROUND = """<!DOCTYPE html><title>program</title>
<script type="importmap">{{"imports": {{"@servicestack/client": "/servicestack-client.mjs"}}}}</script>
<script>window.lines = []; console.log = (...words) => window.lines.push(words.join(" "))</script>
<script type="module" src="/{program}"></script>
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the pages."""
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def port(pages: Path) -> Iterator[int]:
    """The port of the pages."""
    yield from _served(pages)


@pytest.fixture(scope="module")
def cors_gateway(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that the pages may call."""
    for make in _gateways(tmp_path_factory.mktemp("called")):
        gateway = make(**FIRST_USER, GATEWAY_CORS_ORIGINS=f"http://127.0.0.1:{port}")
        gateway.start()
        yield gateway


@pytest.fixture(scope="module")
def browser(cors_gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium, ended before the gateway, to which it keeps connections."""
    yield from chromium(tmp_path_factory.mktemp("profile"))


def ask(gateway: Gateway, path: str) -> bytes:
    request = urllib.request.Request(gateway.url + path, headers={"Authorization": f"Bearer {API_KEY}"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return bytes(response.read())


def program(gateway: Gateway, language: str) -> str:
    """The page's program in a language, for this gateway and the account of its first user."""
    (block,) = re.findall(rf"^\.\. code-block:: {language}\n\n((?:    .*\n|\n)+)", PAGE, re.MULTILINE)
    account = json.loads(ask(gateway, "/accounts.json"))["items"][0]["id"]
    for example, replacement in {
        "https://api.example.org": gateway.url,
        "account:ID": f"account:{account}",
        "Bearer KEY": f"Bearer {API_KEY}",
        "ann@example.org": EMAIL,
        "PASSWORD": PASSWORD,
    }.items():
        block = block.replace(example, replacement)
    return textwrap.dedent(block)


@pytest.mark.parametrize(
    ("language", "command", "first", "then"),
    [
        ("bash", ["bash", "-c"], "data: cmd.onConnect {", "@session.created {"),
        ("python", [sys.executable, "-c"], f"cmd.onConnect {EMAIL}", "session.created Hi"),
    ],
    ids=["curl", "python"],
)
def test_a_program(
    cors_gateway: Gateway, language: str, command: list[str], first: str, then: str, tmp_path: Path
) -> None:
    needs("curl", "bash")
    output = tmp_path / "output.txt"
    with output.open("wb") as file:
        # A shell that is replaced by curl ends with it.
        text = re.sub(r"^curl", "exec curl -s", program(cors_gateway, language))
        process = subprocess.Popen([*command, text], stdout=file, stderr=file, stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: first in output.read_text(), "the first line", process)
        create(cors_gateway, "Hi")
        wait_until(lambda: then in output.read_text(), "the session", process)
    finally:
        end(process)


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("javascript", [f"cmd.onConnect {EMAIL}", "session.created Hi"]),
        ("typescript", [f"connected as {EMAIL}", "session.created Hi", "a new session of Main"]),
    ],
)
def test_a_program_in_a_browser(
    browser: Browser, cors_gateway: Gateway, port: int, pages: Path, language: str, lines: list[str]
) -> None:
    """Without its types the program in TypeScript is JavaScript, and has none of its own."""
    typescript("2")
    installed = INSTALLED / "typescript2" / "node_modules" / "@servicestack" / "client" / "dist"
    shutil.copy(installed / "servicestack-client.mjs", pages)
    (pages / "dtos.mjs").write_bytes(ask(cors_gateway, "/types/mjs"))
    (pages / f"{language}.mjs").write_text(program(cors_gateway, language).replace('"./dtos"', '"./dtos.mjs"'))
    (pages / f"{language}.html").write_text(_AROUND.format(program=f"{language}.mjs"))
    # The program in TypeScript signs in by itself, the other one has the cookies of a log-in.
    browser.get(f"http://127.0.0.1:{port}/dtos.mjs")
    log_in = """
        const [url, form, done] = arguments
        fetch(url, { method: "POST", credentials: "include", body: new URLSearchParams(form) }).then(got => done(got.status))
    """
    form = {"userName": EMAIL, "password": PASSWORD}
    status = browser.execute_async_script(log_in, f"{cors_gateway.url}/auth/credentials", form)  # type: ignore[no-untyped-call]
    assert status == 200
    browser.get(f"http://127.0.0.1:{port}/{language}.html")

    def read_lines() -> list[str]:
        return list(browser.execute_script("return window.lines"))  # type: ignore[no-untyped-call]

    wait_until(lambda: lines[0] in read_lines(), "the first line")
    create(cors_gateway, "Hi")
    wait_until(lambda: set(lines) <= set(read_lines()), f"the lines {lines}")


def test_the_program_that_is_not_run_has_the_same_parts(cors_gateway: Gateway) -> None:
    text = program(cors_gateway, "csharp")
    for part in ("ServerEventsClient", "OnConnect", "OnMessage", "EventStreamRequestFilter", "Connect()"):
        assert part in text
