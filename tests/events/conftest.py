"""Processes of one service on one database, in one process of the tests: each application has its own subscribers."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp

from gateway import Credentials, Principal
from gateway.events import broker
from gateway.events.broker import Broker
from gateway.http.app import App
from gateway.settings import Settings
from models import Database, connect
from models.engine import migrations
from tests.databases import new_database
from tests.events.reading import Stream
from tests.events.service import Rights, chat

URL = "http://localhost"


@dataclass
class Node:
    """A process."""

    app: App
    stack: ExitStack

    @property
    def broker(self) -> Broker:
        assert isinstance(self.app.subscribers, Broker)
        return self.app.subscribers

    def client(self, token: str = "ada") -> TestApp:
        client = TestApp(self.app)
        client.authorization = ("Bearer", token)
        return client

    def say(self, text: str, token: str = "ada", **values: Any) -> None:
        self.client(token).post_json("/say.json", {"text": text, **values})

    def listen(self, caller: Principal, *channels: str, last_id: int | None = None, size: int | None = None) -> Stream:
        """A new subscriber's end of its connection.

        :param size: bytes that the connection takes while nobody reads.
        """
        credentials = Credentials(authorization=f"Bearer {caller.user_id}")
        subscription = self.broker.subscribe(caller, credentials, channels, last_id, URL)
        near_end, far_end = socket.socketpair()
        self.stack.callback(near_end.close)
        if size is not None:
            far_end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)
        subscription.take(far_end)
        return Stream(near_end)


@dataclass
class Nodes:
    """Two processes, and who calls them."""

    one: Node
    two: Node
    rights: Rights
    database: Database

    @property
    def ada(self) -> Principal:
        return self.rights.users["ada"]

    @property
    def bob(self) -> Principal:
        return self.rights.users["bob"]

    @property
    def mallory(self) -> Principal:
        return self.rights.users["mallory"]

    def subscriptions(self) -> int:
        with self.database.unit_of_work(write=False) as unit:
            return int(unit.execute("SELECT COUNT(*) FROM event_subscriptions").fetchone()[0])


@contextmanager
def two_nodes(url: str, monkeypatch: pytest.MonkeyPatch, **values: Any) -> Iterator[Nodes]:
    """Two processes of the service on a database, with these settings."""
    # The tests publish after they have subscribed.
    monkeypatch.setattr(broker, "BELIEVED", 0.0)
    monkeypatch.setattr(broker, "_KNOWN_TO_ALL", 0.0)
    rights = Rights(
        {
            "ada": Principal.of("ada", roles=["Clerk"], email="ada@example.org", display_name="Ada"),
            "bob": Principal.of("bob", email="Bob@example.org", display_name="Bob"),
            "mallory": Principal.of("mallory"),
        }
    )
    settings = replace(Settings.defaults(), events_per_user=4, events_subscribers=6, **values)
    with ExitStack() as stack:
        nodes_of_service = []
        for _ in range(2):
            database = connect(url, connections=8)
            stack.callback(database.dispose)
            service = chat(rights)
            migrations.apply(database, service.rows)
            node = Node(service.application(settings, database), stack)
            stack.callback(node.broker.stop)
            nodes_of_service.append(node)
        yield Nodes(nodes_of_service[0], nodes_of_service[1], rights, database)


@pytest.fixture
def nodes(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nodes]:
    """Two processes of the service, on SQLite or on the kind of server that the test names."""
    url = f"sqlite:///{tmp_path}/rows.db"
    kind = getattr(request, "param", "sqlite")
    if kind != "sqlite":
        url = new_database(request.getfixturevalue(kind))
    with two_nodes(url, monkeypatch) as two:
        yield two
