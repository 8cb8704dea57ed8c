"""Conversations are recorded without secrets, replayed, and told apart; each can be a test."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway import ANYONE, Dto, Service, Upstream, errors, fields
from gateway.cli import main
from gateway.http.testing import Client
from gateway.upstream import recording, replaying
from gateway.upstream.cleaning import Cleaner
from gateway.upstream.replaying import Checked
from tests.upstream.hosts import Host, Received, host, respond_document, respond_text, serving

WIRE = Path(__file__).parents[1] / "corpora" / "wire.jsonl.gz"
SECRET = "s3cret-of-the-caller-42"


class Store:
    """A service that keeps things and log-ins in memory, with ids and tokens of its own."""

    def __init__(self, prefix: str, name: str = "") -> None:
        self.service = service = Service("Store")
        things: dict[str, str] = {}

        class Thing(Dto):
            id = fields.String()
            name = fields.String()

        class LogIn(Dto):
            bearer_token = fields.String()

        @service.post("/log-in", returns=LogIn, access=ANYONE)
        class Enter(Dto):
            password = fields.String()

        @service.post("/things", returns=Thing, access=ANYONE)
        class NewThing(Dto):
            name = fields.String()

        @service.get("/things/{Id}", returns=Thing, access=ANYONE)
        class GetThing(Dto):
            id = fields.String()

        @service.handles(Enter)
        def enter(request: Enter, context: Any) -> Any:
            context.set_cookie("ss-id", f"{prefix}-session")
            return LogIn.new(bearer_token=f"{prefix}-token")

        @service.handles(NewThing)
        def make(request: NewThing, context: Any) -> Any:
            credentials = context.credentials.bearer, context.credentials.cookies.get("ss-id")
            if credentials != (f"{prefix}-token", f"{prefix}-session"):
                raise errors.NotAuthenticated
            key = f"{prefix}-{len(things)}"
            things[key] = request.name
            return Thing.new(id=key, name=request.name)

        @service.handles(GetThing)
        def read(request: GetThing, _: object) -> Any:
            if request.id not in things:
                raise errors.NotFound(f"no {request.id}")
            return Thing.new(id=request.id, name=name or things[request.id])


def make_front() -> Service:
    store, front = Store("any").service, Service("Front")
    front.catalog.operations.update(store.catalog.operations)
    front.catalog._folded.update(store.catalog._folded)
    return front


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GATEWAY_SERVICE", raising=False)
    return tmp_path


@pytest.fixture
def recorded(folder: Path) -> Path:
    """A file with a log-in, a thing that is made, and the same thing read."""
    path = folder / "old.jsonl"
    with Store("first").service.client() as old, serving(old.app) as url:
        front = make_front()
        front.use(Upstream(url, record=path))
        with front.client() as client:
            log_in_response = client.post("/log-in", json={"password": SECRET})
            headers = {
                "Authorization": f"Bearer {log_in_response.json['bearerToken']}",
                "Cookie": "ss-id=first-session",
            }
            response = client.post("/things.jsv", body="{name:Ann}", headers=headers)
            assert response.status_code == 200
            assert client.get("/things/first-0", headers=headers).json == {"id": "first-0", "name": "Ann"}
            assert client.get("/things/none").status_code == 404
    return path


def test_conversations_are_kept_without_secrets(recorded: Path) -> None:
    recorded_text = recorded.read_text()
    assert recorded.stat().st_mode & 0o777 == 0o600
    for secret in (SECRET, "first-session", "first-token"):
        assert secret not in recorded_text
    lines = [json.loads(line) for line in recorded_text.splitlines()]
    assert [line["check"] for line in lines] == ["Enter", "NewThing", "GetThing", "GetThing"]
    assert {"client", "check", "method", "path", "http", "headers", "body", "body_encoding", "status"} < {*lines[0]}
    assert lines[1]["path"] == "/things.jsv"
    assert lines[1]["body"] == "{name:Ann}"
    assert lines[1]["headers"][0] == ["Host", "{{host}}"]
    headers = dict(map(tuple, lines[1]["headers"]))
    assert headers["Authorization"].startswith("Bearer {{hidden:")
    assert headers["Cookie"].startswith("ss-id={{hidden:")
    assert lines[1]["response"]["body"] == "{id:first-0,name:Ann}"
    assert json.loads(lines[0]["response"]["body"])["bearerToken"] == headers["Authorization"].removeprefix("Bearer ")


def read_password(recorded: Path) -> dict[str, str]:
    """The secret that a replay can't learn from responses."""
    line = json.loads(recorded.read_text().splitlines()[0])
    return {json.loads(line["body"])["password"].strip("{}"): SECRET}


def test_the_same_service_has_no_differences(recorded: Path) -> None:
    with Store("second").service.client() as client:
        replay = replaying.Replay(replaying.make_caller(client.app), read_password(recorded))
        assert [replay.run(conversation).lines() for conversation in recording.load(recorded)] == [[], [], [], []]


def test_differences_are_reported(recorded: Path) -> None:
    with Store("second", name="Bob").service.client() as client:
        replay = replaying.Replay(replaying.make_caller(client.app), read_password(recorded))
        outcomes = [replay.run(conversation) for conversation in recording.load(recorded)]
    assert [outcome.lines() for outcome in outcomes] == [[], [], ['name: "Ann" recorded, "Bob" now'], []]


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["replay", *arguments])
    return done.exit_code, done.output


def test_the_command_replays_against_a_server(recorded: Path) -> None:
    with Store("other", name="Bob").service.client() as client, serving(client.app) as url:
        ((name, value),) = read_password(recorded).items()
        secret = ("--secret", f"{name}={value}")
        status, output = run(str(recorded), "--against", url, *secret)
        assert status == 1
        assert [line for line in output.splitlines() if "request_id=" not in line] == [
            "3  GET /things/first-0",
            '    name: "Ann" recorded, "Bob" now',
            "3 alike, 1 different, 0 not sent",
        ]
        assert run(str(recorded), "--against", url, *secret, "--mask", "name")[0] == 0


def test_the_command_names_missing_secrets(folder: Path) -> None:
    path = folder / "wire.jsonl"
    path.write_bytes(gzip.decompress(WIRE.read_bytes()).splitlines(keepends=True)[0])
    with host(respond_document({"a": 1})) as old:
        status, output = run(str(path), "--against", old.url)
        assert status == 1
        assert "not sent: {{basic:user}} is not known; give it with --secret" in output
        (folder / "secret.txt").write_text("Basic abc\n")
        assert run(str(path), "--against", old.url, "--secret", "basic:user=@secret.txt")[0] == 0
        assert run(str(path), "--against", old.url, "--header", "Authorization: Bearer x")[0] == 0
        assert [request.header("Authorization") for request in old.received] == ["Basic abc", "Bearer x"]
    assert run(str(path), "--against", "http://127.0.0.1:1", "--secret", "basic:user=x")[1].endswith(
        "0 alike, 1 different, 0 not sent\n"
    )
    (folder / "bad.jsonl").write_text('{"method": 1}\n')
    assert run("bad.jsonl", "--against", "http://x")[0] == 1


def test_every_recorded_client_request_is_read() -> None:
    path = WIRE.with_suffix("")
    lines = gzip.decompress(WIRE.read_bytes()).decode().splitlines()
    assert len([recording._parse_conversation(json.loads(line)) for line in lines]) == len(lines) > 100
    assert path.name == "wire.jsonl"


@pytest.fixture(scope="module")
def store() -> Iterator[Client]:
    with Store("again").service.client() as client:
        yield client


@pytest.mark.conversations("store.jsonl")
def test_each_conversation_of_a_file_is_a_test(conversation: Checked, store: Client) -> None:
    conversation.check(store, secrets={"hidden:password": SECRET})


def test_such_a_test_fails_where_the_response_differs() -> None:
    first, second, third, _ = replaying.tests(Path(__file__).with_name("store.jsonl"))
    with Store("again", name="Bob").service.client() as client:
        first.check(client, secrets={"hidden:password": SECRET})
        second.check(client)
        with pytest.raises(
            AssertionError, match='GET /things/first-0: the response differs\nname: "Ann" recorded, "Bob" now'
        ):
            third.check(client)


@pytest.mark.parametrize(
    "body",
    [
        '{"userName":"u","password":"%s","n":1}',
        '{ "Password" : "%s" }',
        "{userName:u,password:%s,n:1}",
        '{password:"%s"}',
        "<Enter><Password>%s</Password></Enter>",
        '<Enter xmlns:i="x"><i:newPassword a="b">%s</i:newPassword></Enter>',
        "userName=u&password=%s&x=1",
        'x\r\nContent-Disposition: form-data; name="password"\r\n\r\n%s\r\n--x--\r\n',
        "UserName,Password\r\nu,%s\r\n",
        '{"apiKey":"%s"}',
        '{"refreshToken":"%s"}',
        '{"access_token":"%s"}',
        '{"clientSecret":"%s"}',
        '{"echo":"the caller %s"}',
    ],
)
def test_secrets_are_hidden_in_bodies_of_every_format(body: str) -> None:
    cleaning = Cleaner().start_conversation()
    cleaning.learn_header("X-Api-Key", SECRET)
    cleaning.learn_text(body % SECRET)
    clean_text = cleaning.clean_text(body % SECRET)
    assert SECRET not in clean_text
    assert "{{hidden:" in clean_text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", f"Bearer {SECRET}"),
        ("Authorization", "Basic " + b64encode(f"u:{SECRET}".encode()).decode()),
        ("Proxy-Authorization", SECRET),
        ("Cookie", f"a={SECRET}; ss-id={SECRET}"),
        ("Set-Cookie", f"ss-pid={SECRET}; Path=/; HttpOnly"),
        ("X-Api-Key", SECRET),
        ("X-ss-id", SECRET),
        ("X-Auth-Token", SECRET),
    ],
)
def test_secrets_of_headers_are_hidden_wherever_they_are_repeated(name: str, value: str) -> None:
    cleaning = Cleaner().start_conversation()
    cleaning.learn_header(name, value)
    assert SECRET not in cleaning.clean_header(name, value)
    assert SECRET not in cleaning.clean_text(f'{{"seen":"{SECRET}"}}')
    assert "{{hidden:" in cleaning.clean_header(name, value)


def test_equal_secrets_have_equal_names_of_one_record_only() -> None:
    cleaner, other_cleaner = Cleaner(), Cleaner()
    assert cleaner.name(SECRET) == cleaner.name(SECRET) != other_cleaner.name(SECRET)


@pytest.fixture
def recording_client(folder: Path) -> Iterator[tuple[Client, Host]]:
    with host() as old:
        service = make_front()
        service.use(Upstream(old.url, record="r.jsonl", everything=True))
        with service.client() as client:
            yield client, old


def test_compressed_bodies_are_kept_plain_and_unknown_ones_left_out(
    recording_client: tuple[Client, Host], folder: Path
) -> None:
    client, old = recording_client
    old.respond = respond_text(
        gzip.compress(b'{"token":"%s"}' % SECRET.encode()),
        headers=("Content-Type: application/json", "Content-Encoding: gzip"),
    )
    client.get("/things/1", params={"apiKey": SECRET})
    old.respond = respond_text(b"whatever", headers=("Content-Type: application/json", "Content-Encoding: br"))
    client.get("/elsewhere")
    old.respond = respond_text(b"\xff\x00")
    client.get("/elsewhere")
    assert SECRET not in (folder / "r.jsonl").read_text()
    first, second, third = (json.loads(line) for line in (folder / "r.jsonl").read_text().splitlines())
    assert first["response"]["body"].startswith('{"token":"{{hidden:')
    assert first["path"].startswith("/things/1?apiKey={{hidden:")
    assert (second["response"]["body"], second["response"]["body_encoding"]) == (None, "omitted")
    assert (third["response"]["body"], third["response"]["body_encoding"]) == ("/wA=", "base64")


def test_log_lines_have_no_secrets(recording_client: tuple[Client, Host], capfd: pytest.CaptureFixture[str]) -> None:
    client, old = recording_client

    def leave(_: Received, sock: Any) -> bool:
        return False

    old.respond = leave
    client.post(
        "/log-in", json={"password": SECRET}, headers={"Authorization": f"Bearer {SECRET}", "Cookie": f"ss-id={SECRET}"}
    )
    assert SECRET not in "".join(capfd.readouterr())
