"""Limits of the requests to an old host."""

from __future__ import annotations

from dataclasses import dataclass

#: Concurrent requests to the old host in a process. The other threads are left for operations that are handled here.
CONNECTIONS = 64


@dataclass(frozen=True)
class Timeouts:
    """Time limits.

    :ivar connect: seconds until a connection is made, in all attempts together.
    :ivar read: seconds until the head of a response is complete, and seconds that the host may be silent in its body.
    """

    connect: float = 5.0
    read: float = 60.0


#: The file of switches, in the working directory of the server.
SWITCHES = "front.switches"

#: The report of shadow calls, in the same folder.
REPORT = "front.report"
