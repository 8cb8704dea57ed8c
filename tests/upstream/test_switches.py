"""What handles an operation: the file of switches, the command that changes it, and the pages that show it."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from gateway import ANYONE, Dto, Service, Upstream, errors, fields
from gateway.cli import main
from gateway.upstream import switches
from gateway.upstream.switches import NEW, OLD, SHADOW, State, Switches
from tests.servers import GatewayFactory, wait_until
from tests.upstream.hosts import Host, host, respond_document

SHOP = """
from gateway import ANYONE, Dto, Service, fields

shop = Service("Shop")

@shop.get("/hello/{Name}", returns=str, access=ANYONE)
class Hello(Dto):
    name = fields.String()

@shop.get("/bye", returns=str)
class Bye(Dto):
    pass

@shop.handles(Hello)
def hello(request, context):
    return f"new {request.name}"
"""


def shop(url: str, **options: Any) -> Service:
    service = Service("Shop")

    @service.get("/hello/{Name}", returns=str, access=ANYONE)
    class Hello(Dto):
        name = fields.String()

    @service.get("/bye", returns=str)
    class Bye(Dto):
        pass

    @service.handles(Hello)
    def hello(request: Hello, _: object) -> str:
        return f"new {request.name}"

    service.use(Upstream(url, **options))
    return service


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(switches, "_LOOK", 0.0)
    monkeypatch.delenv("GATEWAY_SERVICE", raising=False)
    return tmp_path / "front.switches"


@pytest.fixture
def old() -> Iterator[Host]:
    with host(respond_document("old")) as running:
        yield running


def test_the_file_is_read_again_when_it_changes(file: Path, old: Host) -> None:
    with shop(old.url).client() as client:
        responses = [client.get("/hello/Ada").json]
        for text in ("hello = old # for now\n", "* = old\nHELLO new\n", "*=old", "# nothing\n\n", "Hello = shadow\n"):
            file.write_text(text)
            responses.append(client.get("/hello/Ada").json)
        file.unlink()
        responses.append(client.get("/hello/Ada").json)
        assert client.get("/bye").json == "old"
    assert responses == ["new Ada", "old", "new Ada", "old", "new Ada", "old", "new Ada"]


def test_the_previous_states_apply_while_the_file_is_invalid(file: Path, old: Host) -> None:
    file.write_text("Hello = old")
    with shop(old.url).client() as client:
        assert client.get("/hello/Ada").json == "old"
        file.write_text("Hello = sometimes")
        assert client.get("/hello/Ada").json == "old"
        file.write_text("Hello = new")
        assert client.get("/hello/Ada").json == "new Ada"
    file.write_text("Hello = percent 101")
    with pytest.raises(errors.ConfigurationError, match="line 1: 'percent 101' is not a state"):
        shop(old.url).client()


@pytest.mark.parametrize("percent", [0, 1, 10, 50, 99, 100])
def test_a_percentage_is_kept_in_every_hundred(file: Path, old: Host, percent: int) -> None:
    file.write_text(f"Hello = percent {percent}")
    switches_of_file = Switches(file)
    for _ in range(3):
        assert sum(switches_of_file.takes("Hello", switches_of_file.of("Hello", OLD)) for _ in range(100)) == percent


def test_requests_are_divided(file: Path, old: Host) -> None:
    file.write_text("Hello = percent 25")
    with shop(old.url).client() as client:
        assert Counter(client.get("/hello/Ada").json for _ in range(20)) == {"old": 15, "new Ada": 5}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("old", OLD),
        ("SHADOW", SHADOW),
        ("new", NEW),
        ("percent 7", State("percent", 7)),
        ("percent 7%", State("percent", 7)),
    ],
)
def test_states(text: str, expected: State) -> None:
    assert switches.parse_state(text) == expected


@pytest.mark.parametrize(
    "text", ["", "percent", "percent x", "percent -1", "percent 101", "old 3", "both", "percent 1 2"]
)
def test_invalid_states(text: str) -> None:
    with pytest.raises(ValueError, match="not a state"):
        switches.parse_state(text)


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["front", *arguments])
    return done.exit_code, done.output


UNCHECKED = "hello is not checked: name the service, or start 'gateway front' in this folder first.\n"


def test_the_command_changes_one_line(file: Path) -> None:
    file.write_text("# mine\nHello = old\nBye = new # why\n")
    file.chmod(0o640)
    assert run("set", "hello", "percent", "10") == (0, f"{UNCHECKED}hello = percent 10\n")
    assert file.read_text() == "# mine\nBye = new # why\nhello = percent 10\n"
    assert file.stat().st_mode & 0o777 == 0o640
    assert run("set", "*", "shadow")[0] == 0
    assert switches.parse(file.read_text()) == {"bye": NEW, "hello": State("percent", 10), "*": SHADOW}
    assert [path.name for path in file.parent.iterdir() if path.name.endswith(".tmp")] == []


def test_the_command_makes_the_file_for_every_reader(file: Path) -> None:
    before = os.umask(0o077)
    try:
        assert run("set", "Hello", "old")[0] == 0
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("set", "Hello", "maybe"), "'maybe' is not a state; write old, shadow, percent N (0 to 100) or new."),
        (("set", "He llo", "old"), "'He llo' is not the name of an operation."),
        (("set", "Hello"), "Missing argument"),
        (("set", "Nope", "old", "shop_of_switches:shop"), "Shop has no operation 'Nope'. 'gateway routes' lists them."),
        (("set", "helo", "old", "shop_of_switches:shop"), "Shop has no operation 'helo'. Did you mean Hello?"),
        (("set", "Bye", "new", "shop_of_switches:shop"), "Bye has no handler here"),
    ],
)
def test_states_that_cannot_be_set(file: Path, arguments: tuple[str, ...], message: str) -> None:
    (file.parent / "shop_of_switches.py").write_text(SHOP)
    status, output = run(*arguments)
    os.environ.pop("GATEWAY_SERVICE", None)
    assert status == 2
    assert message in output
    assert not file.exists()


def test_the_command_knows_the_operations_of_the_last_front(file: Path) -> None:
    switches.write_operations(file, {"GetHello": True, "GetHalls": True, "Bye": False})
    assert run("set", "gethello", "percent", "10") == (0, "GetHello = percent 10\n")
    for name, message in {
        "GetHallo": "The front has no operation 'GetHallo'. Did you mean GetHello or GetHalls?",
        "hall": "Did you mean GetHalls?",
        "Bye": "Bye has no handler here",
    }.items():
        status, output = run("set", name, "new")
        assert (status, message in output) == (2, True)
    assert run("set", "bye", "old") == (0, "Bye = old\n")
    switches.write_operations(file, {})
    assert "The front has no operation 'GetHello'" in run("set", "GetHello", "old")[1]


def test_a_front_that_may_not_write_its_operations_starts_nevertheless(tmp_path: Path) -> None:
    missing = tmp_path / "missing" / "front.switches"
    switches.write_operations(missing, {"Hello": True})
    assert switches.read_operations(missing) is None
    (tmp_path / ".front.switches.operations").write_text("not JSON")
    assert switches.read_operations(tmp_path / "front.switches") is None


def test_the_log_names_operations_as_they_are_declared(file: Path, old: Host) -> None:
    file.write_text("hello = old\nGone = old\n* = new\n")
    with shop(old.url).client() as client, capture_logs() as lines:
        client.get("/hello/Ada")
    assert [line["states"] for line in lines if line["event"] == "switches"] == [
        {"Hello": "old", "Gone": "old", "*": "new"}
    ]
    assert [line["names"] for line in lines if line["event"] == "switches that name no operation"] == [["Gone"]]


def test_masks_name_operations(file: Path, old: Host) -> None:
    with pytest.raises(errors.CatalogError, match=r"Upstream\(masks=…\) names Helo, which is not an operation"):
        shop(old.url, masks={"Helo": ["@ids"]}).client()


def test_the_command_refuses_a_file_that_is_wrong(file: Path) -> None:
    file.write_text("what is this")
    status, output = run("set", "Hello", "old")
    assert status == 1 or "not a line" in output
    assert file.read_text() == "what is this"


def test_the_pages_show_where_operations_are_handled(file: Path, old: Host) -> None:
    file.write_text("Hello = percent 10\nGone = old")
    with shop(old.url, typed=["Bye"]).client() as client:
        rows = client.get("/front").json
        assert rows == [
            {"operation": "Bye", "state": "old", "answeredBy": "old host, typed; no handler here"},
            {"operation": "Hello", "state": "percent 10", "answeredBy": "here 10 of 100 requests, else old host, raw"},
        ]
        page = client.get("/front.html")
        assert page.headers["content-type"].startswith("text/html")
        assert "here 10 of 100 requests" in page.text
        assert "Gone" in page.text
        assert "here 10 of 100 requests" in client.get("/metadata").text
        file.write_text("Hello = old")
        client.get("/hello/Ada")
        assert "here 10 of 100" not in client.get("/metadata").text
    with Service("Plain").client() as plain:
        assert plain.get("/front").status_code == 404


def test_every_worker_follows(make_gateway: GatewayFactory, old: Host) -> None:
    front = make_gateway(GATEWAY_WORKERS="2")
    (front.folder / "shop_of_front.py").write_text(SHOP)
    front.start("gateway", "front", old.url, "shop_of_front:shop")

    def read_responses() -> set[str]:
        texts = set()
        for _ in range(12):
            with urllib.request.urlopen(f"{front.url}/hello/Ada", timeout=10) as response:
                texts.add(response.read().decode())
        return texts

    assert read_responses() == {'"new Ada"'}
    front.command("front", "set", "Hello", "old", "shop_of_front:shop")
    wait_until(lambda: read_responses() == {'"old"'}, "the switch")
    front.command("front", "set", "Hello", "new", "shop_of_front:shop")
    wait_until(lambda: read_responses() == {'"new Ada"'}, "the switch")


def test_a_front_with_the_contract_of_the_old_host(make_gateway: GatewayFactory, old: Host) -> None:
    with shop(old.url).client() as client:
        contract = client.get("/types/metadata.json")
    front = make_gateway(GATEWAY_WORKERS="1")
    (front.folder / "contract.json").write_text(contract.text)
    front.start("gateway", "front", old.url, "--contract", "contract.json")
    with urllib.request.urlopen(f"{front.url}/hello/Ada", timeout=10) as response:
        assert response.read() == b'"old"'
    with urllib.request.urlopen(f"{front.url}/front", timeout=10) as response:
        assert b"old host, raw; no handler here" in response.read()
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{front.url}/elsewhere", timeout=10)
    assert switches.read_operations(front.folder / "front.switches") == {"Bye": False, "Hello": False}
