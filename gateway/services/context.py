"""What a use case gets beside the request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.errors import NotAuthenticated
from gateway.security.principal import Principal
from models import Unit


def instant(moment: datetime) -> str:
    """A point in time as the API writes it: ISO 8601, UTC, always six digits and ``Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True, slots=True)
class Context:
    """The surroundings of one call.

    :ivar unit: the open unit of work; it is committed when the answer is ready, and rolled back when anything fails.
    :ivar caller: who calls, where somebody is signed in.
    :ivar now: when the call began, as the API writes instants.
    """

    unit: Unit
    caller: Principal | None
    now: str

    @property
    def principal(self) -> Principal:
        """The signed-in caller. Raises NotAuthenticated where nobody is."""
        if self.caller is None:
            raise NotAuthenticated
        return self.caller
