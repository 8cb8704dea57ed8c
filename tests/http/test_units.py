"""Requests whose unit of work the database throws out: two that lock two sessions in opposite order, on MariaDB."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from webtest import TestApp

from gateway.calls import Context
from gateway.contract import fields
from gateway.contract.catalog import SIGNED_IN, Catalog
from gateway.contract.dto import Dto, Instance
from gateway.http.app import Options, create_app
from gateway.sessions import sessions
from gateway.settings import Settings
from gateway.users.authenticator import Authenticator
from gateway.users.idempotency import Keys
from models import Database, Unavailable, Unit, connect
from models.engine import migrations
from models.sessions import session
from models.sessions.session import LogRow
from serializers.registry import default_registry
from tests.databases import OWNERS, new_database
from tests.models.conftest import add, read_stored
from tests.sessions_api import first_user

from .conftest import API_KEY

NAMESPACE = "Tests"


class Done(Dto):
    """What was done"""

    name = fields.String("Whose it was")
    tries = fields.Integer("How often it was begun")


class ChangeTwo(Dto):
    """Append a line to one session, then to another"""

    name = fields.String("What the lines say")
    first = fields.String("A session")
    second = fields.String("Another one")


class Service:
    """The operation, and how often each request of it was begun. The first two to come hold their first lock until both do."""

    def __init__(self) -> None:
        self.tries: Counter[str] = Counter()
        self.both = threading.Barrier(2)
        self.catalog = Catalog()
        self.catalog.operation("POST", "/two", returns=Done, access=SIGNED_IN, idempotent=True)(ChangeTwo)
        self.catalog.handles(ChangeTwo)(self.change)

    def change(self, request: Instance, context: Context) -> Any:
        """The use case."""
        self.tries[request.name] += 1
        for number, session_id in enumerate((request.first, request.second)):
            row = sessions.lock_session(session_id, context)
            if number == 0 and self.tries[request.name] == 1 and not self.both.broken:
                self.both.wait(10)
            session.update(context.unit, row, {}, LogRow(context.now, request.name))
        return Done.new(name=request.name, tries=self.tries[request.name])


@pytest.fixture
def database(mariadb: str) -> Iterator[Database]:
    """A fresh database of MariaDB."""
    connected = connect(new_database(mariadb))
    migrations.apply(connected, OWNERS)
    yield connected
    connected.dispose()


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def send(
    service: Service, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Post something as the first user; the answer."""
    first_user(database, settings)
    app = create_app(
        service.catalog,
        default_registry(),
        database,
        Authenticator(database, [settings.read_signing_secret()]),
        Options(once=Keys(database)),
    )

    def send(path: str, body: Any, key: str = "") -> Any:
        client = TestApp(app)
        client.authorization = ("Bearer", API_KEY)
        return client.post_json(path, body, headers={"Idempotency-Key": key} if key else {}, status="*")

    return send


@pytest.fixture
def pair(database: Database) -> list[str]:
    """Two sessions."""
    return [database.run(add).id for _ in range(2)]


def read_lines(database: Database, *session_ids: str) -> list[list[str]]:
    def read(unit: Unit) -> list[list[str]]:
        return [[line.message for line in read_stored(unit, session_id).log] for session_id in session_ids]

    return database.run(read, write=False)


def run_both(work: Callable[[int], Any]) -> list[Any]:
    with ThreadPoolExecutor(2) as threads:
        return [*threads.map(work, range(2))]


def make_body(name: str, first: str, second: str) -> dict[str, str]:
    return {"name": name, "first": first, "second": second}


@pytest.mark.parametrize("key", ["", "key-"], ids=["plain", "with keys"])
def test_both_are_done_once(
    service: Service, send: Callable[..., Any], database: Database, pair: list[str], key: str
) -> None:
    orders = [pair, pair[::-1]]
    keys = [key and f"{key}{number}" for number in range(2)]
    responses = run_both(lambda number: send("/two", make_body(f"n{number}", *orders[number]), keys[number]))
    assert [response.status_int for response in responses] == [200, 200]
    assert sorted(service.tries.values()) == [1, 2]
    assert sorted(response.json["tries"] for response in responses) == [1, 2]
    for messages in read_lines(database, *pair):
        assert sorted(messages) == ["made", "n0", "n1"]
    if key:
        repeated = [send("/two", make_body(f"n{number}", *orders[number]), keys[number]) for number in range(2)]
        assert [response.json for response in repeated] == [response.json for response in responses]
        assert sum(service.tries.values()) == 3


def test_each_request_of_a_batch_is_a_unit(
    service: Service, send: Callable[..., Any], database: Database, pair: list[str]
) -> None:
    """What came before the one that was thrown out is not done again."""
    orders = [pair, pair[::-1]]
    other_pairs = [[database.run(add).id for _ in range(2)] for _ in range(2)]
    service.tries.update(["n0.0", "n1.0", "n0.2", "n1.2"])

    def post(number: int) -> Any:
        places = [other_pairs[number], orders[number], other_pairs[number]]
        bodies = [make_body(f"n{number}.{index}", *order) for index, order in enumerate(places)]
        return send("/json/reply/ChangeTwo[]", bodies, key=f"k{number}")

    responses = run_both(post)
    assert [response.status_int for response in responses] == [200, 200]
    assert [[document["name"] for document in response.json] for response in responses] == [
        [f"n{number}.{index}" for index in range(3)] for number in range(2)
    ]
    assert sorted(service.tries[f"n{number}.1"] for number in range(2)) == [1, 2]
    for messages in read_lines(database, *pair):
        assert sorted(messages) == ["made", "n0.1", "n1.1"]
    for number in range(2):
        assert read_lines(database, *other_pairs[number]) == [["made", f"n{number}.0", f"n{number}.2"]] * 2


def test_a_database_that_throws_out_whatever_comes(
    service: Service, send: Callable[..., Any], database: Database, pair: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def raise_unavailable(*_: object, **__: object) -> None:
        raise Unavailable("thrown out", again=True)

    service.both.abort()
    monkeypatch.setattr(session, "update", raise_unavailable)
    response = send("/two", make_body("n", *pair))
    assert response.status_int == 503
    assert int(response.headers["Retry-After"]) > 0
    assert service.tries["n"] == 5
    assert read_lines(database, *pair) == [["made"], ["made"]]
