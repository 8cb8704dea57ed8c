"""Falcon's resources for event streams: ``/event-stream``, ``/event-heartbeat``, ``/event-unregister``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

import falcon

from gateway.calls import Principal, Subscribers, Subscription, authorize
from gateway.errors import FieldError, ValidationFailed
from gateway.http.admission import Admission
from gateway.http.auth import Gate
from gateway.http.metadata import base_url
from gateway.http.request import Request
from gateway.places import Place

#: In the WSGI environment: the server takes over connections (True).
TAKES = "gateway.takes_connections"
#: In the WSGI environment: the `gateway.calls.Subscription` to which the server hands over the connection after it has sent the head.
TAKER = "gateway.taker"
#: In the WSGI environment: the request is so small that it does not count towards the replacement of a worker (True).
LIGHT = "gateway.light"

EVENT_STREAM = "text/event-stream"
_ID = re.compile(r"[0-9]{1,18}")


class StreamResource:
    """``/event-stream?channels=a,b``: events as they come."""

    def __init__(self, subscribers: Subscribers, gate: Gate, admission: Admission) -> None:
        self._subscribers = subscribers
        self._gate = gate
        self._admission = admission

    def on_get(self, request: Request, response: falcon.Response) -> None:
        """Subscribe. Raises ServiceError."""
        caller, refusal = self._gate.identify(request)
        if refusal is not None:
            raise refusal
        authorize(caller, self._subscribers.access)
        _set_head(response)
        # The head has no length, because the events follow the application's output.
        response.stream = ()
        if request.method == "HEAD":
            return
        if request.env.get(TAKES):
            request.env[TAKER] = self._subscribe(request, caller)
            return
        # A thread waits for this client; other requests need the remaining ones.
        place = self._admission.stream(request)
        try:
            response.stream = _Placed(self._subscribe(request, caller), place)
        except BaseException:
            place.release()
            raise

    on_head = on_get

    def _subscribe(self, request: Request, caller: Principal | None) -> Subscription:
        return self._subscribers.subscribe(
            caller, request.credentials, _channels(request), _last_id(request), base_url(request)
        )


class HeartbeatResource:
    """``/event-heartbeat?id=``: the client is still connected."""

    def __init__(self, subscribers: Subscribers) -> None:
        self._subscribers = subscribers

    def on_post(self, request: Request, response: falcon.Response) -> None:
        """Keep the subscriber. Raises NotFound."""
        request.env[LIGHT] = True
        self._subscribers.heartbeat(_id(request))
        response.content_type = "text/plain; charset=utf-8"
        response.data = b""

    on_get = on_post


class UnregisterResource:
    """``/event-unregister?id=``: the client leaves."""

    def __init__(self, subscribers: Subscribers) -> None:
        self._subscribers = subscribers

    def on_post(self, request: Request, response: falcon.Response) -> None:
        """End the subscription, and respond with its description. Raises NotFound."""
        request.env[LIGHT] = True
        response.content_type = "application/json; charset=utf-8"
        response.data = json.dumps(self._subscribers.unsubscribe(_id(request)), separators=(",", ":")).encode()

    on_get = on_post


#: The classes of the resources, by route.
RESOURCES: Mapping[str, type] = {
    "/event-stream": StreamResource,
    "/event-heartbeat": HeartbeatResource,
    "/event-unregister": UnregisterResource,
}


def routes(subscribers: Subscribers, gate: Gate, admission: Admission) -> Iterator[tuple[str, object]]:
    """Yield every route and its resource."""
    yield "/event-stream", StreamResource(subscribers, gate, admission)
    yield "/event-heartbeat", HeartbeatResource(subscribers)
    yield "/event-unregister", UnregisterResource(subscribers)


class _Placed:
    """The blocks of a stream that has a place."""

    def __init__(self, subscription: Subscription, place: Place) -> None:
        self._blocks = subscription.blocks()
        self._place = place

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._blocks)

    def close(self) -> None:
        """End the stream, and release the place."""
        try:
            self._blocks.close()
        finally:
            self._place.release()


def _set_head(response: falcon.Response) -> None:
    response.content_type = EVENT_STREAM
    response.set_header("Cache-Control", "no-store")
    # With this header nginx passes on every event at once.
    response.set_header("X-Accel-Buffering", "no")


def _channels(request: Request) -> list[str]:
    given = [value or "" for name, value in request.pairs if name.lower() in ("channels", "channel")]
    return [name for text in given for name in text.split(",")]


def _last_id(request: Request) -> int | None:
    """Return the id of the last event that the client has; None if it sends none, or one in another server's format."""
    given = request.env.get("HTTP_LAST_EVENT_ID") or request.query_value("lasteventid")
    return int(given) if given and _ID.fullmatch(given.strip()) else None


def _id(request: Request) -> str:
    subscriber_id = request.query_value("id")
    if not subscriber_id:
        raise ValidationFailed("EventSubscriber", [FieldError("NotEmpty", "id", "'id' must not be empty.")])
    return subscriber_id
