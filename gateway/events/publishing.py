"""Storage of events in the outbox."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gateway.contract.documents import Documents, get_dto
from gateway.contract.dto import Dto
from gateway.events.counters import Counters
from gateway.events.delivery import Kind, Presence
from gateway.events.frames import check_selector, is_channel, list_names, names_to_json, to_json
from gateway.instants import now
from models import Unit
from models.events import outbox

#: Maximum number of subscriptions' changes in one row.
_BLOCK = 200


class Outbox:
    """Publishes with one unit of work: `gateway.calls.Publisher`.

    :param unit: None to check events without storing them, because there was no subscriber recently.
    """

    def __init__(self, unit: Unit | None, documents: Documents, counters: Counters) -> None:
        self._unit = unit
        self._documents = documents
        self._counters = counters
        self.wanted = unit is not None

    def publish(
        self,
        selector: str,
        body: Any = None,
        *,
        channel: str | Iterable[str] | None = None,
        user: str | Iterable[str] | None = None,
        dto: type[Dto] | None = None,
    ) -> None:
        """Store an event (`gateway.calls.Publisher.publish`)."""
        selector = check_selector(selector)
        channels, users = list_names(channel or ()), list_names(user or ())
        everyone = channel is None and user is None
        invalid_names = [name for name in channels if not is_channel(name)]
        if invalid_names:
            raise ValueError(
                f"{invalid_names[0][:255]!r} is not a channel: use 1 to 255 characters without blanks, commas and @, such as orders"
            )
        if self._unit is None or not (channels or users or everyone):
            return
        body_dto = dto or get_dto(body)
        outbox.insert(
            self._unit,
            date=now(),
            kind=Kind.EVENT,
            selector=selector,
            type=None if body_dto is None else body_dto.__name__,
            body=None if body is None else self._documents.write(body, body_dto),
            channels="null" if everyone else names_to_json(channels),
            # Users are found by id, or by e-mail address in lower case.
            users=names_to_json([user.lower() if "@" in user else user for user in users]),
        )
        self._counters.published += 1


def store_presence(unit: Unit, changes: Sequence[Presence]) -> None:
    """Store changes of subscriptions."""
    for block in _split_blocks(changes):
        body = to_json([change.to_document() for change in block])
        outbox.insert(unit, date=now(), kind=Kind.PRESENCE, selector="", body=body)


def store_pulses(unit: Unit, subscription_ids: Iterable[str]) -> None:
    """Store heartbeats of clients."""
    for block in _split_blocks([*subscription_ids]):
        outbox.insert(unit, date=now(), kind=Kind.PULSE, selector="", body=to_json(block))


def _split_blocks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), _BLOCK):
        yield items[start : start + _BLOCK]
