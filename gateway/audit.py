"""The audit log: who did what to whom, from where, in which request. docs/audit.rst explains every event."""

from __future__ import annotations

import threading
from enum import Enum

import structlog

from gateway import counters

LOGGER = "gateway.audit"

log = structlog.get_logger(LOGGER)


class Event(Enum):
    """An event of the audit log; the value is the line's ``event``."""

    LOG_IN = "password verified"
    LOG_IN_FAILED = "log-in failed"
    LOG_IN_LOCKED_OUT = "log-in locked out"
    LOG_OUT = "logged out"
    CREDENTIALS_REFUSED = "credentials refused"
    ACCESS_DENIED = "access denied"
    TOKEN_ISSUED = "token issued"  # noqa: S105 - the name of an event
    TOKEN_REFRESHED = "token refreshed"  # noqa: S105 - the name of an event
    REFRESH_REFUSED = "refresh refused"
    REFRESH_REUSED = "refresh token reused"
    USER_ADDED = "user added"
    USER_CHANGED = "user changed"
    USER_DISABLED = "user disabled"
    USER_ENABLED = "user enabled"
    USER_DELETED = "user deleted"
    PASSWORD_CHANGED = "password changed"  # noqa: S105 - the name of an event
    PASSWORD_VOIDED = "password voided"  # noqa: S105 - the name of an event
    ROLES_CHANGED = "roles changed"
    KEY_ADDED = "key added"
    KEYS_REVOKED = "keys revoked"
    ACCOUNT_ADDED = "account added"
    ACCOUNT_CHANGED = "account changed"
    CUSTOMER_ADDED = "customer added"
    SESSIONS_ARCHIVED = "sessions archived"
    SESSIONS_PURGED = "sessions purged"
    USER_ERASED = "user erased"
    USER_EXPORTED = "user exported"


#: Events that are warnings: many of them deserve an operator's attention.
_WARNINGS = frozenset(
    {
        Event.LOG_IN_FAILED,
        Event.LOG_IN_LOCKED_OUT,
        Event.CREDENTIALS_REFUSED,
        Event.ACCESS_DENIED,
        Event.REFRESH_REFUSED,
        Event.REFRESH_REUSED,
    }
)


class _Source(threading.local):
    """The source of the request that this thread handles; empty until it is known.

    :ivar address: the client's address.
    :ivar user: the id of the signed-in user.
    """

    request_id: str = ""
    address: str = ""
    user: str = ""


#: PERF: each request sets the attributes one by one.
source = _Source()


def record(event: Event, *, target: str | None = None, user: str | None = None, **facts: object) -> None:
    """Write a line to the audit log.

    :param target: the id of the user, account or customer that the event is about.
    :param user: the id of the acting user, if that is not the signed-in user.
    :param facts: further fields. Do not pass secrets.
    """
    counters.count("gateway_audit_events", event.value)
    write = log.warning if event in _WARNINGS else log.info
    write(
        event.value,
        logger=LOGGER,
        request_id=source.request_id or None,
        address=source.address or None,
        user=user or source.user or None,
        target=target,
        **facts,
    )
