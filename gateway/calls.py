"""What a use case gets beside the request, and what it gives back where the answer is too long to hold.

A handler is ``handler(request, context) -> result``. The result's attributes are the fields of the answer's DTO by attribute name (a row
of `models`, or ``SomeInfo.new(...)``); None is no answer. A handler of a list that was asked for with ``all=true`` gives back a `Streamed`
instead: what can be refused was refused by then, and nothing was read yet. Whoever sends it opens a unit of work of its own and keeps it
open until the last item is sent or the client has left:

    with unit_of_work(database, write=False) as unit:
        answer = result.open(unit)      # answer.items is an iterator, to be consumed once and in time
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from gateway import audit
from gateway.contract.dto import Dto, Instance
from gateway.errors import NotAuthenticated
from gateway.principals import Principal
from gateway.users.authenticator import NONE, Authenticator, Credentials
from gateway.users.sessions import LoginChange
from models import Unit


def instant(moment: datetime) -> str:
    """A point in time as the API writes it: ISO 8601, UTC, always six digits and ``Z``."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def now() -> str:
    """`instant` of this moment."""
    return datetime.now(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def version_name(row: Any) -> str:
    """What a version of a stored row is known by outside: a client that says it has seen that very one."""
    return f"{row.id}-{row.version}"


@dataclass(slots=True)
class Context:
    """The surroundings of one call.

    :ivar unit: the open unit of work; it is committed when the answer is ready, and rolled back when anything fails.
    :ivar caller: who calls, where somebody is signed in.
    :ivar now: when the call began, as the API writes instants.
    :ivar expected: the versions that the client may have seen (If-Match), each as `version_name`; None is any.
    :ivar idempotency_key: the client's name for this call, where it has one (Idempotency-Key).
    :ivar verb: how the operation was called.
    :ivar authenticator: signs users in and out.
    :ivar credentials: what the request showed of its sender.
    :ivar login: what the call did to its client's login, for a handler to set.
    :ivar recorded: lines for the audit log, each a call that writes it; they are written when the call is committed.
    """

    unit: Unit
    caller: Principal | None
    now: str
    expected: frozenset[str] | None = None
    idempotency_key: str | None = None
    verb: str = "POST"
    authenticator: Authenticator | None = None
    credentials: Credentials = NONE
    login: LoginChange | None = None
    recorded: list[Callable[..., None]] = field(default_factory=list)

    def record(self, event: audit.Event, target: str, **facts: object) -> None:
        """Note a line for the audit log.

        :param target: the id of what the caller changed.
        :param facts: what else is worth knowing. Never a secret.
        """
        self.recorded.append(partial(audit.record, event, target=target, user=self.principal.user_id, **facts))

    def write_records(self, **facts: object) -> None:
        """Write the lines that were noted, each with these facts too."""
        for write in self.recorded:
            write(**facts)

    @property
    def principal(self) -> Principal:
        """The signed-in caller. Raises NotAuthenticated where nobody is."""
        if self.caller is None:
            raise NotAuthenticated
        return self.caller


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer whose rows are read while they are sent.

    :ivar returns: the answer's DTO; `Dto.rows` names the attribute that the rows go to.
    :ivar read: the rows, in order, from an open unit of work.
    :ivar total_count: how many rows there are, by what was stored when the list was asked for; 0 where nobody wants to know, None where
        the answer has no totals.
    """

    returns: type[Dto]
    read: Callable[[Unit], Iterator[Any]]
    total_count: int | None = None

    @property
    def total_pages(self) -> int | None:
        """Everything is one page."""
        return None if self.total_count is None else min(self.total_count, 1)

    def open(self, unit: Unit) -> Instance:
        """The answer with an iterator for its rows."""
        assert self.returns.rows is not None
        totals: dict[str, Any] = {}
        if self.total_count is not None:
            totals = {"total_count": self.total_count, "total_pages": self.total_pages, "has_more_pages": False}
        return self.returns.new(**{self.returns.rows: self.read(unit)}, **totals)
