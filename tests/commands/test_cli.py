"""What every command shares: help with examples, errors on one line, completion; and the options of ``gateway serve``."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner, Result

from gateway import cli, logs, settings
from gateway.cli import main
from gateway.serving import application, listening
from tests.servers import free_port

SECRET = "secret-of-these-tests-0123456789abcdef"


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, arguments, env=environment)


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


COMMANDS = dict(commands(main))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help(path: tuple[str, ...]) -> None:
    """Help has a sentence about the command, and about each option that its name does not explain."""
    done = run(*path, "--help")
    assert done.exit_code == 0
    assert COMMANDS[path].help
    unexplained = {"--format", "--version", "--as"}
    for option in COMMANDS[path].params:
        if isinstance(option, click.Option) and unexplained.isdisjoint(option.opts):
            assert option.help, option.name


@pytest.mark.parametrize(
    "path", [path for path, command in COMMANDS.items() if "Example" in (command.help or "")], ids=" ".join
)
def test_examples_name_commands_and_options_that_exist(path: tuple[str, ...]) -> None:
    _, _, examples = (COMMANDS[path].help or "").partition("Example")
    lines = [line.split() for line in re.findall(r"(?<=\s)gateway (.*)", examples)]
    assert lines
    for words in lines:
        command: click.Command = main
        while isinstance(command, click.Group) and words and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        assert command is not main
        options = {name for parameter in command.params for name in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options


def test_a_server_imports_no_other_commands() -> None:
    """They import half as much again."""
    code = "import sys, gateway.cli; print(*(each for each in sys.modules if each.startswith('gateway.')))"
    imported = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "gateway.commands.serving" in imported
    assert not {"gateway.importing", "gateway.commands.contract", "gateway.commands.users"} & {*imported}


def test_completion() -> None:
    complete = BashComplete(main, {}, "gateway", "_GATEWAY_COMPLETE")
    assert "gateway" in complete.source()
    assert "serve" in {item.value for item in complete.get_completions([], "ser")}
    assert "--port" in {item.value for item in complete.get_completions(["serve"], "--")}


def test_json_of_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    routes = json.loads(run("routes", "--json").stdout)
    assert {"path": "/sessions", "verbs": ["POST"], "operation": "NewSession", "access": "User"} in routes
    assert "NewSession" in json.loads(run("check", "--json").stdout)["operations"]
    settings = json.loads(run("check-config", "--json", GATEWAY_SECRET=SECRET).stdout)
    assert (settings["GATEWAY_THREADS"], settings["GATEWAY_SECRET"]) == ("16", "(hidden)")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("GATEWAY_BIND", "127.0.0.1:80000", "must be an address and port up to 65535, or unix:PATH"),
        ("GATEWAY_BIND", "127.0.0.1", "must be an address and port"),
        ("GATEWAY_DATABASE_URL", "sqlite:///:memory:", "an SQLite database is a file"),
        ("GATEWAY_DATABASE_URL", "postgresql://a/b", "the scheme 'postgresql' is none of sqlite, mysql, mariadb"),
        ("GATEWAY_THREADS", "many", "Not a valid integer."),
    ],
)
@pytest.mark.parametrize("command", ["serve", "check-config"])
def test_a_mistaken_setting(name: str, value: str, words: str, command: str) -> None:
    done = run(command, **{name: value, "GATEWAY_SECRET": SECRET})
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"gateway: {name}: ")
    assert words in line


def test_several_mistaken_settings() -> None:
    done = run("check-config", GATEWAY_BIND="nowhere", GATEWAY_THREADS="many", GATEWAY_SECRET=SECRET)
    heading, *lines = done.stderr.splitlines()
    assert heading == "gateway: settings that can't be used:"
    assert sorted(lines) == [
        "GATEWAY_BIND: must be an address and port up to 65535, or unix:PATH",
        "GATEWAY_THREADS: Not a valid integer.",
    ]


def test_mysql_without_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "find_spec", lambda name: None if name == "pymysql" else name)
    done = run("check-config", GATEWAY_DATABASE_URL="mysql://h/x", GATEWAY_SECRET=SECRET)
    assert done.exit_code == 1
    assert "GATEWAY_DATABASE_URL: needs the driver PyMySQL: pip install 'sessions-gateway[mysql]'" in done.stderr


@pytest.mark.parametrize("content", ["no database, but a text " * 99, None], ids=["text", "folder"])
def test_serve_with_a_file_that_is_not_a_database(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "gateway.db"
    path.write_text(content) if content else path.mkdir()
    bind = f"127.0.0.1:{free_port()}"
    done = run("serve", GATEWAY_DATABASE_URL=f"sqlite:///{path}", GATEWAY_BIND=bind, GATEWAY_SECRET=SECRET)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"gateway: {path}: The database can't be used")
    assert done.stderr.count("\n") == 1


def test_an_operating_systems_error_is_one_line(tmp_path: Path) -> None:
    done = run("convert", "--from", "json", "--to", "jsv", str(tmp_path))
    assert done.exit_code == 2
    file = tmp_path / "x.json"
    file.write_text("{}")
    cli.main.commands["convert"].callback, callback = _failing, cli.main.commands["convert"].callback
    try:
        done = run("convert", "--from", "json", "--to", "jsv", str(file))
    finally:
        cli.main.commands["convert"].callback = callback
    assert done.exit_code == 1
    assert done.stderr == "gateway: /x: No space left on device\n"


def _failing(**_: Any) -> None:
    raise OSError(28, "No space left on device", "/x")


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """What ``gateway serve`` serves and opens, without a server that runs."""
    seen: list[Any] = []

    class Server:
        def __init__(
            self, app: Any, database: Any, settings: Any, listener: socket.socket, metrics: object = None
        ) -> None:
            self._seen = settings.bind, listener

        def run(self) -> None:
            bind, listener = self._seen
            seen.append((bind, listener.getsockname()[1]))
            listener.close()

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(application, "Server", Server)
    monkeypatch.setattr(logs, "configure", lambda *_, **__: None)
    monkeypatch.setattr(click, "launch", lambda url: seen.append(url))
    return seen


def test_serve_on_a_port(served: list[Any], tmp_path: Path) -> None:
    port = free_port()
    done = run("serve", "--port", str(port), GATEWAY_BIND="127.0.0.1:1")
    assert done.exit_code == 0, done.output
    assert served == [(f"127.0.0.1:{port}", port)]
    assert f"http://127.0.0.1:{port}/sessions" in done.stdout
    assert (tmp_path / "gateway.db").stat().st_mode & 0o777 == 0o600
    # CliRunner's output is not a terminal.
    assert (tmp_path / "gateway.db.first-user").stat().st_mode & 0o777 == 0o600
    with socket.create_server(("127.0.0.1", port)):
        busy = run("serve", "--port", str(port))
    assert busy.exit_code == 1
    assert busy.stderr.startswith(f"gateway: GATEWAY_BIND: 127.0.0.1:{port} is in use")
    assert busy.stderr.count("\n") == 1


def test_events_on_a_port(served: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    done = run("events", "--port", str(port), GATEWAY_BIND="127.0.0.1:1", GATEWAY_METRICS_BIND="127.0.0.1:2")
    assert done.exit_code == 0, done.output
    assert served == [(f"127.0.0.1:{port}", port)]
    # A first user calls the service.
    assert "http://127.0.0.1:1/sessions" in done.stdout
    with socket.create_server(("127.0.0.1", port)):
        busy = run("events", GATEWAY_EVENTS_BIND=f"127.0.0.1:{port}")
    assert busy.exit_code == 1
    assert busy.stderr.startswith(f"gateway: GATEWAY_EVENTS_BIND: 127.0.0.1:{port} is in use")
    (tmp_path / "quiet_service.py").write_text("from gateway import Service\nquiet = Service('Quiet')\n")
    monkeypatch.syspath_prepend(tmp_path)
    silent = run("events", GATEWAY_SERVICE="quiet_service:quiet", GATEWAY_EVENTS_BIND=f"127.0.0.1:{port}")
    assert (silent.exit_code, silent.stderr) == (1, "gateway: Quiet sends no events: add use(Events())\n")


def test_serve_opens_a_browser(served: list[Any]) -> None:
    port = free_port()
    assert run("serve", "--open", GATEWAY_BIND=f"0.0.0.0:{port}").exit_code == 0
    assert served[0] == f"http://127.0.0.1:{port}/"
    assert len(served) == 2


def test_a_first_administrator_that_can_not_be_added(served: list[Any], tmp_path: Path) -> None:
    done = run("serve", GATEWAY_BIND=f"127.0.0.1:{free_port()}", GATEWAY_BOOTSTRAP_EMAIL="nobody")
    assert done.exit_code == 1
    assert "GATEWAY_BOOTSTRAP_EMAIL" in done.stderr
    assert "'nobody' is not an e-mail address" in done.stderr
    assert done.stderr.count("\n") == 1
    # No secrets stay behind of a user who does not exist.
    assert not (tmp_path / "gateway.db.first-user").exists()
    assert served == []


@pytest.mark.parametrize(
    ("bind", "with_port", "url"),
    [
        ("127.0.0.1:8000", "127.0.0.1:9", "http://127.0.0.1:8000"),
        ("0.0.0.0:80", "0.0.0.0:9", "http://127.0.0.1:80"),
        ("[::]:80", "[::]:9", "http://[::1]:80"),
        ("unix:/run/gateway.sock", "127.0.0.1:9", "http://localhost"),
        ("fd://3", "127.0.0.1:9", "http://localhost"),
    ],
)
def test_addresses(bind: str, with_port: str, url: str) -> None:
    assert listening.replace_port(bind, 9) == with_port
    assert listening.format_url(bind) == url
