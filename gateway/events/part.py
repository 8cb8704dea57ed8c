"""Server events as a part of a service: ``service.use(Events())``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.calls import Callers, Context
from gateway.contract.catalog import ANYONE, SIGNED_IN, Access
from gateway.contract.documents import Documents
from gateway.contract.dto import Dto, Instance
from gateway.errors import FieldError, ValidationFailed
from gateway.events.broker import Broker, Limits, is_wanted
from gateway.events.counters import Counters
from gateway.events.delivery import Knows, Shows
from gateway.events.dtos import GetEventSubscribers, UpdateEventSubscriber, UpdateEventSubscriberResponse
from gateway.events.publishing import Outbox
from gateway.events.streams import Times
from gateway.events.wakeups import RedisWakeups, Wakeups
from gateway.redis_address import parse
from gateway.service import Service
from gateway.settings import Settings
from models import Database, Unit
from models import events as event_rows

_TAGS = ("events",)


@dataclass(frozen=True, slots=True)
class Events:
    """A part that sends server events: handlers publish with ``context.events``, clients subscribe at ``/event-stream``.

    It adds the operations GetEventSubscribers and UpdateEventSubscriber, and tables.

    :ivar access: the callers that may subscribe: `gateway.ANYONE` or `gateway.SIGNED_IN`.
    :ivar shows: functions by DTO, called with the caller, a unit of work that reads, and the DTO. Each returns what the caller may see: the
        DTO, a reduced DTO, or None. It is called whenever an event is delivered. A DTO without a function is visible to all subscribers
        that the event addresses.
    :ivar channels: names of channels, for the explorer: ``account:{AccountId}`` is a channel of each account, where ``{AccountId}`` is the
        variable of a route that reads an account.
    :ivar knows: returns whether a caller may know of another subscriber, by its ``user_id`` and ``account_ids``; None if all subscribers
        may know of all others in the same channel.
    """

    access: Access = SIGNED_IN
    shows: Mapping[type[Dto], Shows] = field(default_factory=dict)
    knows: Knows | None = None
    channels: Sequence[str] = ()

    #: The names of the operations.
    operations = (GetEventSubscribers.__name__, UpdateEventSubscriber.__name__)
    #: Their tables.
    rows = event_rows.ROWS

    def install(self, service: Service) -> None:
        """Declare the operations and send the service's events. Raises CatalogError when another part sends events."""
        service.send_events(self)
        service.operation("GET", "/event-subscribers", returns=list[dict[str, str]], access=self.access, tags=_TAGS)(
            GetEventSubscribers
        )
        # SECURITY: only the subscriber itself knows the id.
        service.operation(
            "POST", "/event-subscribers/{Id}", returns=UpdateEventSubscriberResponse, access=ANYONE, tags=_TAGS
        )(UpdateEventSubscriber)
        service.handles(GetEventSubscribers)(_list)
        service.handles(UpdateEventSubscriber)(_update)

    def subscribers(
        self, settings: Settings, database: Database, callers: Callers | None, documents: Documents
    ) -> Broker:
        """Return the sender of an application's events."""
        return Broker(
            database,
            callers,
            documents,
            self.access,
            self.shows,
            self.knows,
            Limits(settings.events_per_user, settings.events_subscribers),
            Times(settings.events_heartbeat, settings.events_idle),
            RedisWakeups(parse(settings.events_url)) if settings.events_url else Wakeups(),
        )

    def publisher(self, unit: Unit, documents: Documents) -> Outbox:
        """Return a publisher for use outside of an application."""
        return Outbox(unit if is_wanted(unit) else None, documents, Counters())


def _get_broker(context: Context) -> Broker:
    assert isinstance(context.subscribers, Broker)
    return context.subscribers


def _list(request: Any, context: Context) -> list[dict[str, str]]:
    """List the subscribers of these channels."""
    channels = [name.strip() for text in request.channels or () for name in (text or "").split(",") if name.strip()]
    return _get_broker(context).subscribers(context.unit, context.caller, channels)


def _update(request: Any, context: Context) -> Instance:
    """Change the channels. Raises NotFound, MalformedRequest, ValidationFailed."""
    if not request.id:
        failure = FieldError("NotEmpty", "id", "'Id' must not be empty.", {"PropertyName": "Id"})
        raise ValidationFailed(UpdateEventSubscriber.__name__, [failure])
    broker = _get_broker(context)
    broker.update(
        context.unit,
        request.id,
        *([*(channels or ())] for channels in (request.subscribe_channels, request.unsubscribe_channels)),
    )
    # Notifications about other subscribers are delivered like events.
    context.publisher = context.events
    return UpdateEventSubscriberResponse.new()
