"""Unmodified client libraries against a running gateway: one folder a client, whose program prints a JSON line for each check."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import venv
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.servers import API_KEY, EMAIL, PASSWORD, Gateway, GatewayFactory

HERE = Path(__file__).parent
#: Where clients are installed; kept between runs.
INSTALLED = HERE.parents[1] / "build" / "clients"

POOR_KEY = "key-of-nobody-0123456789abcdef0123456789"

#: Display names that have to come back whole.
NAMES = [
    "plain",
    " blanks at both ends ",
    "quotes \" and '",
    "commas, and; semicolons",
    "{braces} [brackets] (parentheses)",
    "a:colon",
    "back\\slash/slash",
    "line\nbreak and\r\nanother",
    "tab\tinside",
    "null",
    "true",
    "007",
    "<b>&amp;</b>",
    "100% +plus",
    "Zoë Ünïcödé",
    "日本語 текст العربية",
    "emoji 😀👩‍👩‍👧",
]

CHECKS = [
    "create_by_api",
    "create_by_reply",
    "create_by_rest",
    "defaults",
    "names",
    "field_errors",
    "not_authenticated",
    "forbidden",
    "not_found",
    "api_key",
    "batch",
    "one_way",
    "change_and_end",
    "lists",
    "log_in_and_out",
]


def run(*command: str | Path, cwd: Path) -> None:
    """Run a step of an installation; its output only where it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def needs(*programs: str) -> None:
    """Skip where a program is missing."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def python() -> list[str | Path]:
    """The command of the Python client."""
    folder = INSTALLED / "python"
    if not (folder / "installed").exists():
        venv.create(folder, with_pip=True, clear=True)
        run(folder / "bin" / "pip", "install", "--quiet", "-r", HERE / "python" / "requirements.txt", cwd=HERE)
        (folder / "installed").touch()
    return [folder / "bin" / "python", HERE / "python" / "checks.py"]


def typescript(version: str) -> list[str | Path]:
    """The command of the TypeScript client of one major version, in Node."""
    needs("node", "npm")
    source, folder = HERE / "typescript", INSTALLED / f"typescript{version}"
    lock = source / version / "package-lock.json"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "installed").exists() or (folder / "package-lock.json").read_bytes() != lock.read_bytes():
        for name in ("package.json", "package-lock.json"):
            shutil.copy(source / version / name, folder / name)
        run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=folder)
        (folder / "installed").touch()
    shutil.copy(source / "checks.mjs", folder / "checks.mjs")
    return ["node", folder / "checks.mjs"]


def java() -> list[str | Path]:
    """The command of the Java client, with the DTOs of the API's own page."""
    needs("java", "javac", "mvn")
    folder = INSTALLED / "java"
    classes, libraries = folder / "classes", folder / "libraries"
    folder.mkdir(parents=True, exist_ok=True)
    if not libraries.exists():
        command = ["mvn", "--batch-mode", "--quiet", "dependency:copy-dependencies", f"-DoutputDirectory={libraries}"]
        run(*command, "-f", HERE / "java" / "pom.xml", cwd=folder)
    classes.mkdir(exist_ok=True)
    page = (HERE.parent / "corpora" / "newsession-page.txt").read_text()
    source = page[page.index("import java.math") : page.index("To override the Content-type")]
    (folder / "dtos.java").write_text(source)
    sources = [folder / "dtos.java", HERE / "java" / "Checks.java"]
    run("javac", "-encoding", "UTF-8", "-nowarn", "-cp", f"{libraries}/*", "-d", classes, *sources, cwd=folder)
    return ["java", "-Dfile.encoding=UTF-8", "-cp", f"{classes}:{libraries}/*", "Checks"]


CLIENTS: dict[str, Callable[[], list[str | Path]]] = {
    "python": python,
    "typescript 2": lambda: typescript("2"),
    "typescript 1": lambda: typescript("1"),
    "java": java,
}


#: What one client alone can do; npm's has its server events in a browser (test_browser.py).
MORE_CHECKS = {"java": ["server_events"]}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_library(gateway: Gateway, client: str, subtests: pytest.Subtests) -> None:
    judge(gateway, CLIENTS[client](), os.environ, [*CHECKS, *MORE_CHECKS.get(client, ())], subtests)


@pytest.mark.parametrize("client", ["python", "typescript 2", "java"])
def test_a_client_library_behind_a_front(
    gateway: Gateway, make_gateway: GatewayFactory, client: str, subtests: pytest.Subtests
) -> None:
    front = make_gateway(GATEWAY_SECRET="secret-of-these-tests-0123456789abcdef")
    front.start("gateway", "front", gateway.url, "--everything")
    gateway.url = front.url
    judge(gateway, CLIENTS[client](), os.environ, [*CHECKS, *MORE_CHECKS.get(client, ())], subtests)


def judge(
    gateway: Gateway,
    command: list[str | Path],
    environment: Mapping[str, str],
    checks: list[str],
    subtests: pytest.Subtests,
) -> None:
    """Run a client's program: all of these checks, in this order, find nothing."""
    gateway.command("user", "add", "nobody@example.org", "--role", "Customer", "--api-key", POOR_KEY)
    variables = {
        "URL": gateway.url,
        "EMAIL": EMAIL,
        "PASSWORD": PASSWORD,
        "KEY": API_KEY,
        "POOR_KEY": POOR_KEY,
        "NAMES": json.dumps(NAMES),
    }
    done = subprocess.run(
        command, env={**environment, **variables}, capture_output=True, text=True, timeout=180, encoding="utf-8"
    )
    problems = {line["check"]: line["problem"] for line in map(json.loads, done.stdout.splitlines())}
    assert list(problems) == checks, done.stderr[-3000:]
    for check, problem in problems.items():
        with subtests.test(check):
            assert problem is None, problem
