"""Which services have a page of their events, and what leads to it."""

from __future__ import annotations

import json
import re

from gateway import ANYONE, Dto, Events, Service, fields

NAMESPACE = "Tests.EventsPage"


class Room(Dto):
    id = fields.String()
    name = fields.String()


class GetRoom(Dto):
    room_id = fields.String()


class ListRooms(Dto):
    pass


def rooms(events: Events | None) -> Service:
    service = Service("Rooms")
    service.get("/rooms/{RoomId}", returns=Room, access=ANYONE)(GetRoom)
    service.get("/rooms", returns=list[Room], access=ANYONE)(ListRooms)
    service.handles(GetRoom)(lambda request, context: Room.new(id=request.room_id, name="Hall"))
    service.handles(ListRooms)(lambda request, context: [])
    if events is not None:
        service.use(events)
    return service


def test_a_service_with_events_has_a_page_of_them() -> None:
    service = rooms(Events(access=ANYONE, channels=("room:{RoomId}",)))
    with service.client() as client:
        page = client.get("/explorer/events").text
        assert "<code>room:{RoomId}</code>" in page
        (api,) = re.findall(r'id="api">(.*?)</script>', page)
        (kind,) = json.loads(api)["channels"]
        assert (kind["before"], kind["list"], kind["key"], kind["names"][0]) == ("room:", "/rooms", "id", "name")
        assert '<a href="/explorer/events">Watch events</a>' in client.get("/explorer").text
        page = client.get("/rooms/a b.html").text
        assert '<a href="/explorer/events#room:a%20b">Watch events</a>' in page


def test_a_service_without_events_has_none() -> None:
    with rooms(None).client() as client:
        assert client.get("/explorer/events").status_code == 404
        assert "Watch events" not in client.get("/explorer").text
        assert "Watch events" not in client.get("/rooms/a.html").text
