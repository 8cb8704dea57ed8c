"""Event streams of two processes on one database: what ServiceStack's clients are sent, and to whom it is sent."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from webtest import TestRequest

from gateway.errors import MalformedRequest, TooManyRequests, Unavailable
from gateway.events import streams
from gateway.events.subscriber import QUEUE
from gateway.instants import now
from models import connect
from models.engine import backup
from models.events import ROWS, outbox, subscriptions
from tests.events.conftest import URL, Nodes
from tests.servers import wait_until

on_servers = pytest.mark.parametrize("nodes", ["sqlite", "mariadb"], indirect=True)


def test_the_first_frame_contains_the_urls_of_the_subscription(nodes: Nodes) -> None:
    first = nodes.one.listen(nodes.ada, "home", "news").next()
    key = first.body["id"]
    assert (first.channel, first.selector) == ("", "cmd.onConnect")
    assert first.body == {
        "id": key,
        "unRegisterUrl": f"{URL}/event-unregister?id={key}",
        "heartbeatUrl": f"{URL}/event-heartbeat?id={key}",
        "updateSubscriberUrl": f"{URL}/event-subscribers/{key}",
        "heartbeatIntervalMs": 10_000,
        "idleTimeoutMs": 30_000,
        "userId": "ada",
        "displayName": "Ada",
        "isAuthenticated": True,
        "channels": "home,news",
        "createdAt": first.body["createdAt"],
    }
    assert nodes.one.listen(nodes.bob).next().body["channels"] == "*"


@on_servers
def test_an_event_reaches_channel_and_user_once_in_every_process(nodes: Nodes) -> None:
    ada = nodes.one.listen(nodes.ada, "home", "news")
    bob = nodes.two.listen(nodes.bob, "home")
    elsewhere = nodes.two.listen(nodes.ada, "attic")
    nodes.one.say("1", room="home", user="bob")
    nodes.two.say("2", room="news")
    nodes.one.say("3", user="BOB@example.org")
    nodes.two.say("4")
    seen = [(message.channel, message.body["text"]) for message in ada.events(3)]
    assert seen == [("home", "1"), ("news", "2"), ("", "4")]
    seen = [(message.channel, message.body["text"]) for message in bob.events(3)]
    assert seen == [("home", "1"), ("", "3"), ("", "4")]
    assert [message.body["text"] for message in elsewhere.events(1)] == ["4"]
    assert all(stream.is_silent(0.2) for stream in (ada, bob, elsewhere))


@on_servers
def test_streams_go_on_after_a_restore(nodes: Nodes, tmp_path: Path) -> None:
    copy, owners = tmp_path / "copy.db", [ROWS]
    nodes.two.listen(nodes.bob, "home")
    backup.save(nodes.database, owners, copy)
    ada = nodes.one.listen(nodes.ada, "home")
    nodes.one.say("1", room="home")
    nodes.one.say("2", room="home")
    last = ada.events(2)[-1].id
    backup.restore(nodes.database, owners, copy, replace=True)
    assert nodes.subscriptions() == 2
    nodes.two.say("3", room="home")
    (event,) = ada.events(1)
    assert event.body["text"] == "3"
    assert event.id > last
    resumed = nodes.two.listen(nodes.ada, "home", last_id=last)
    assert [message.body["text"] for message in resumed.events(1)] == ["3"]
    # The subscriptions in the copy have ended.
    elsewhere = connect(f"sqlite:///{tmp_path}/elsewhere.db")
    backup.restore(elsewhere, owners, copy)
    with elsewhere.unit_of_work(write=False) as unit:
        assert subscriptions.list_all(unit) == []
    elsewhere.dispose()


def test_a_read_of_many_events_is_followed_by_a_longer_pause(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a hundred events in a second do not cause a hundred reads of every process."""
    ada = nodes.one.listen(nodes.ada, "home")
    ada.until("cmd.onJoin")
    for name in ("TICK", "BUSY_TICK"):
        monkeypatch.setattr(streams, name, 3600.0)
    held: Any = nodes.one.broker._streams
    for count in (1, 10):
        with nodes.database.unit_of_work() as unit:
            for _ in range(count):
                outbox.insert(unit, date=now(), kind="event", selector="a.b", channels='["home"]', body="{}")
        held.wake()
        ada.events(count)
        wait_until(lambda count=count: held._gap == pytest.approx(count * streams.GAP), "the pause")  # type: ignore[misc]


def test_events_of_a_rolled_back_transaction_are_never_sent(nodes: Nodes) -> None:
    ada = nodes.two.listen(nodes.ada, "home")
    nodes.one.client().post_json("/say.json", {"text": "lost", "room": "home", "fail": True}, status=500)
    nodes.one.say("kept", room="home")
    assert [message.body["text"] for message in ada.events(1)] == ["kept"]


def test_each_subscriber_sees_what_it_may_see_now(nodes: Nodes) -> None:
    clerk = nodes.one.listen(nodes.ada, "home")
    other = nodes.one.listen(nodes.bob, "home")
    nobody = nodes.one.listen(nodes.mallory, "home")
    nodes.two.say("hi", room="home", secret="s")
    assert clerk.events(1)[0].body == {"text": "hi", "room": "home", "secret": "s"}
    assert other.events(1)[0].body == {"text": "hi", "room": "home"}
    assert nobody.is_silent()


@on_servers
def test_subscribers_are_notified_of_joins_changes_and_leaves(nodes: Nodes) -> None:
    ada = nodes.one.listen(nodes.ada, "home")
    assert ada.until("cmd.onJoin").body["userId"] == "ada"
    bob = nodes.two.listen(nodes.bob, "home", "news")
    key = bob.next().body["id"]
    join = ada.until("cmd.onJoin")
    assert (join.channel, join.body["userId"], join.body["channels"]) == ("home", "bob", "home,news")
    # The id is the subscriber's own secret: who knows it may end the subscription.
    assert "id" not in join.body
    nodes.one.client("bob").post_json(
        f"/event-subscribers/{key}.json", {"subscribeChannels": ["attic"], "unsubscribeChannels": ["news"]}
    )
    assert ada.until("cmd.onUpdate").body["channels"] == "home,attic"
    assert bob.until("cmd.onUpdate").body["channels"] == "home,attic"
    nodes.one.say("up here", room="attic")
    nodes.one.say("old", room="news")
    nodes.one.say("home", room="home")
    assert [message.body["text"] for message in bob.events(2)] == ["up here", "home"]
    response = nodes.one.client("bob").post(f"/event-unregister?id={key}").json
    assert response["userId"] == "bob"
    assert bob.ends()
    leave = ada.until("cmd.onLeave")
    assert (leave.channel, leave.body["userId"]) == ("home", "bob")
    nodes.one.client("bob").post(f"/event-unregister?id={key}", status=404)


def test_a_null_is_no_channel(nodes: Nodes) -> None:
    client, bob = nodes.one.client("bob"), nodes.one.listen(nodes.bob, "home")
    key = bob.next().body["id"]
    client.post_json(
        f"/event-subscribers/{key}.json", {"subscribeChannels": [None, "attic"], "unsubscribeChannels": [None]}
    )
    assert bob.until("cmd.onUpdate").body["channels"] == "home,attic"
    subscribers = client.post_json("/json/reply/GetEventSubscribers", {"channels": [None, "attic"]}).json
    assert [subscriber["userId"] for subscriber in subscribers] == ["bob"]


def test_subscribers_are_not_notified_of_those_whom_they_may_not_know(nodes: Nodes) -> None:
    ada = nodes.one.listen(nodes.ada, "home")
    mallory = nodes.one.listen(nodes.mallory, "home")
    # One knows of oneself.
    assert mallory.until("cmd.onJoin").body["userId"] == "mallory"
    nodes.one.listen(nodes.bob, "home")
    user_ids = [ada.until("cmd.onJoin").body["userId"] for _ in range(2)]
    assert user_ids == ["ada", "bob"]
    subscribers = nodes.two.client().get("/event-subscribers.json?channels=home,news").json
    assert [subscriber["userId"] for subscriber in subscribers] == ["ada", "bob"]
    assert subscribers[0]["channels"] == "home"
    assert subscribers[0].keys() == {"userId", "displayName", "isAuthenticated", "createdAt", "channels"}
    assert nodes.two.client().get("/json/reply/GetEventSubscribers?channels=attic").json == []


def test_a_client_that_closes_its_connection_has_left(nodes: Nodes) -> None:
    ada = nodes.one.listen(nodes.ada, "home")
    bob = nodes.two.listen(nodes.bob, "home")
    bob.next()
    bob.connection.close()
    assert ada.until("cmd.onLeave").body["userId"] == "bob"
    assert nodes.subscriptions() == 1


def test_any_process_responds_to_a_heartbeat(nodes: Nodes) -> None:
    ada = nodes.one.listen(nodes.ada, "home")
    key = ada.next().body["id"]
    for node, verb in ((nodes.one, "GET"), (nodes.two, "POST")):
        response = node.client("nobody").request(f"/event-heartbeat?id={key}", method=verb)
        assert (response.status_int, response.body) == (200, b"")
        assert ada.until("cmd.onHeartbeat").body["id"] == key
    for node in (nodes.one, nodes.two):
        problem = node.client().post("/event-heartbeat.json?id=nobody", status=404).json["responseStatus"]
        assert problem["message"] == "Subscription 'nobody' does not exist"
    nodes.one.client().post("/event-heartbeat.json", status=400)


def test_a_subscriber_is_removed_when_its_heartbeats_end(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = nodes.one.listen(nodes.ada, "home")
    browser = nodes.one.listen(nodes.bob, "home")
    key = ada.next().body["id"]
    nodes.one.client().post(f"/event-heartbeat?id={key}")
    ada.until("cmd.onHeartbeat")
    held = nodes.one.broker._streams
    subscriber = held.audience.get(key)
    assert subscriber is not None
    subscriber.pulse -= 31
    now = time.monotonic()
    for turn in range(streams.TURN):
        held._call(lambda turn=turn: held._run_second(now + turn))  # type: ignore[misc]
    assert ada.ends()
    # A browser's own EventSource sends none.
    nodes.one.say("still there", room="home")
    assert browser.events(1)


@on_servers
def test_a_client_that_reconnects_gets_the_missed_events(nodes: Nodes) -> None:
    ada = nodes.one.listen(nodes.ada, "home")
    nodes.one.say("1", room="home")
    last = ada.events(1)[0].id
    ada.connection.close()
    for text in "234":
        nodes.two.say(text, room="home")
    nodes.two.listen(nodes.bob, "home").next()
    again = nodes.two.listen(nodes.ada, "home", last_id=last)
    assert again.next().selector == "cmd.onConnect"
    nodes.one.say("5", room="home")
    seen = again.events(4)
    assert [message.body["text"] for message in seen] == ["2", "3", "4", "5"]
    assert [message.id for message in seen] == sorted({message.id for message in seen})
    assert again.is_silent(0.2)


def test_an_id_beyond_the_newest_means_the_newest(nodes: Nodes) -> None:
    nodes.one.listen(nodes.bob, "home").next()
    nodes.one.say("old", room="home")
    ada = nodes.one.listen(nodes.ada, "home", last_id=10**17)
    ada.next()
    nodes.one.say("new", room="home")
    assert [message.body["text"] for message in ada.events(1)] == ["new"]


def test_the_subscriptions_of_a_process_that_was_killed_end(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = nodes.one.listen(nodes.ada, "home")
    nodes.two.listen(nodes.bob, "home").next()
    reader = nodes.two.broker._streams.reader_id
    monkeypatch.setattr(nodes.two.broker._streams, "_note", lambda: None)
    with nodes.database.unit_of_work() as unit:
        unit.execute(f"UPDATE event_readers SET date_seen = '2026-11-27T00:00:00.000000Z' WHERE id = '{reader}'")
    held = nodes.one.broker._streams
    held._call(held._note)
    held.wake()
    assert ada.until("cmd.onLeave").body["userId"] == "bob"
    assert nodes.subscriptions() == 1


def test_other_rights_or_none_end_the_stream(nodes: Nodes) -> None:
    ada = nodes.one.listen(nodes.ada, "home")
    bob = nodes.one.listen(nodes.bob, "home")
    held = nodes.one.broker._streams

    def look() -> None:
        for turn in range(streams.TURN):
            held._call(lambda turn=turn: held._rechecks.look(held._wheel[turn]))  # type: ignore[misc]

    ada.next()
    look()
    nodes.one.say("still there", room="home")
    assert ada.events(1)
    nodes.rights.users["ada"] = replace(nodes.ada, roles=frozenset())
    del nodes.rights.users["bob"]

    def ended() -> bool:
        look()
        return len(held.audience) == 0

    wait_until(ended, "the streams end")
    assert ada.ends()
    assert bob.ends()


def test_a_slow_reader_is_ended_and_resumes(nodes: Nodes) -> None:
    ada = nodes.one.listen(nodes.ada, "home", size=4096)
    first = ada.next().id
    for number in range(QUEUE + 200):
        with nodes.database.unit_of_work() as unit:
            nodes.two.broker.publisher(unit).publish("chat.said", {"text": str(number)}, channel="home")
        if number == 0:
            nodes.two.broker.committed()
    nodes.one.broker.committed()
    wait_until(lambda: nodes.one.broker.counters.dropped > 0, "the stream ends")
    seen = []
    try:
        while True:
            seen.append(ada.next())
    except EOFError:
        pass
    texts = [message.body["text"] for message in seen if message.selector == "chat.said"]
    assert texts == [str(number) for number in range(len(texts))]
    assert len(texts) < QUEUE + 200
    again = nodes.two.listen(nodes.ada, "home", last_id=seen[-1].id if seen else first)
    more = again.events(QUEUE + 200 - len(texts))
    assert [message.body["text"] for message in more] == [str(number) for number in range(len(texts), QUEUE + 200)]


def test_a_process_that_ends_sends_good_bye(nodes: Nodes) -> None:
    ada = nodes.one.listen(nodes.ada, "home")
    nodes.one.say("last", room="home")
    assert ada.events(1)
    nodes.one.broker.stop()
    assert ada.until("cmd.onGoodbye").id > 0
    assert ada.ends()
    assert nodes.subscriptions() == 0
    # A browser gives up after an error, and connects again after a stream that ends.
    again = nodes.one.listen(nodes.ada, "home", last_id=1)
    assert again.connection.recv(100) == b"retry: 500\n\n"
    assert again.ends()
    assert nodes.subscriptions() == 0


def test_limits(nodes: Nodes) -> None:
    for _ in range(4):
        nodes.one.listen(nodes.ada, "home")
    with pytest.raises(TooManyRequests, match="You have 4 event streams, which is the maximum"):
        nodes.two.listen(nodes.ada, "home")
    for _ in range(2):
        nodes.two.listen(nodes.bob, "home")
    with pytest.raises(Unavailable, match="There are 6 event streams"):
        nodes.two.listen(nodes.bob, "home")


def test_half_of_a_character_is_in_no_frame(nodes: Nodes) -> None:
    """JSON writes it with an escape; a channel has none."""
    client, bob = nodes.one.client("bob"), nodes.one.listen(nodes.bob, "home")
    key = bob.next().body["id"]
    body = b'{"subscribeChannels":["\\ud800"]}'
    path = f"/event-subscribers/{key}.json"
    problem = client.post(path, body, content_type="application/json", status=400).json["responseStatus"]
    assert "is not a channel" in problem["message"]
    document = b'{"text":"\\ud800","room":"home"}'
    client.post("/say.json", document, content_type="application/json")
    nodes.two.say("next", room="home")
    assert [message.body["text"] for message in bob.events(2)] == ["\ud800", "next"]


def test_an_event_that_can_not_be_delivered_holds_up_no_other(nodes: Nodes) -> None:
    """As one that another version has written."""
    ada = nodes.one.listen(nodes.ada, "home")
    last = ada.next().id
    with nodes.database.unit_of_work() as unit:
        for kind, body in (
            ("presence", '[{"id":"x","subject":{},"channels":null,"new":1}]'),
            ("event", "{"),
            ("odd", ""),
        ):
            outbox.insert(
                unit, date=now(), kind=kind, selector="a.b", type="Said", body=body, channels='["home"]', users="[]"
            )
    nodes.one.say("next", room="home")
    again = nodes.two.listen(nodes.ada, "home", last_id=last)
    for stream in (ada, again):
        assert [message.body["text"] for message in stream.events(1)] == ["next"]


def test_a_view_that_fails_holds_up_no_other(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a failure that passes, nobody has got the event before."""
    failures: list[Exception] = [ZeroDivisionError(), Unavailable("away", None)]
    ada, bob = nodes.one.listen(nodes.ada, "home"), nodes.one.listen(nodes.bob, "home")
    bob.until("cmd.onJoin")
    dto, view = nodes.one.broker._streams._delivery._shows["Said"]

    def fail(caller: Any, unit: Any, message: Any) -> Any:
        if caller.user_id == "bob" and failures:
            raise failures.pop(0)
        return view(caller, unit, message)

    monkeypatch.setitem(nodes.one.broker._streams._delivery._shows, "Said", (dto, fail))
    monkeypatch.setattr(streams, "PAUSE", 0.05)
    for text in ("1", "2", "3"):
        nodes.one.say(text, room="home")
    assert [message.body["text"] for message in bob.events(2)] == ["2", "3"]
    assert [message.body["text"] for message in ada.events(3)] == ["1", "2", "3"]
    assert ada.is_silent(0.1)
    assert failures == []


@pytest.mark.parametrize("channel", ["a b", "a@b", "x" * 256, "a\nb", "\ud800"])
def test_invalid_channels(nodes: Nodes, channel: str) -> None:
    with pytest.raises(MalformedRequest, match="is not a channel"):
        nodes.one.listen(nodes.ada, channel)


def test_counters(nodes: Nodes) -> None:
    ada = nodes.one.listen(nodes.ada, "home")
    nodes.one.say("1", room="home")
    ada.events(1)
    counters = nodes.one.broker.counters
    wait_until(lambda: counters.delay_count == 1, "the delay is counted")
    assert (counters.subscribers, counters.published, counters.delivered, counters.dropped) == (1, 1, 1, 0)
    assert counters.delay_sum >= 0


def test_a_server_that_keeps_its_connections_reads_blocks(nodes: Nodes) -> None:
    def open_stream(token: str) -> Any:
        environ = TestRequest.blank("/event-stream?channels=home", headers={"Authorization": f"Bearer {token}"}).environ
        statuses: list[str] = []
        result = nodes.one.app(environ, lambda status, _headers: statuses.append(status))
        return statuses[0], result

    status, response = open_stream("ada")
    assert status.startswith("200")
    blocks = iter(response)
    assert next(blocks).startswith(b"id: ")
    nodes.two.say("hi", room="home")
    while b"chat.said" not in next(blocks):
        pass
    response.close()
    wait_until(lambda: nodes.subscriptions() == 0, "the subscriber has left")
    # One whose client leaves before anything is sent is forgotten, too.
    _, response = open_stream("bob")
    response.close()
    wait_until(lambda: nodes.subscriptions() == 0, "the subscriber has left")
    # A thread waits for each of them, and requests need the others.
    streams = [open_stream("ada") for _ in range(2)]
    assert open_stream("ada")[0].startswith("429")
    for _, response in streams:
        response.close()
