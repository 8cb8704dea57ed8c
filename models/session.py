"""Sessions with their members and their log."""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import peewee

from models.database import Unit
from models.errors import Conflict
from models.statements import Statement, param
from models.tables import Session, SessionLog, SessionMember

#: Longest text of each column, in characters, by attribute.
LENGTHS: Mapping[str, int] = {
    name: field.max_length for name, field in Session._meta.fields.items() if getattr(field, "max_length", None)
}

_HIDDEN = ("archived", "from_folded", "to_folded")
_COLUMNS = tuple(name for name in Session._meta.sorted_field_names if name not in _HIDDEN)
_ENDED = _COLUMNS.index("ended")
_MISSED = _COLUMNS.index("was_missed")
_BREADCRUMB = _COLUMNS.index("customer_breadcrumb")


class BreadcrumbRow(NamedTuple):
    """A customer above a session's customer, or the customer itself; the root comes first."""

    id: str
    name: str


class LogRow(NamedTuple):
    """A line of a session's log."""

    date: str
    message: str


class MemberRow(NamedTuple):
    """A member of a session."""

    identity: str
    endpoint_id: str | None
    display_name: str | None
    is_original_member: bool
    avatar_url: str | None
    application_data: dict[str, str] | None
    call_state: str | None
    role: str | None
    call_sid: str | None
    muted: bool


if TYPE_CHECKING:
    SessionRow = Any
else:
    #: A session: every column as an attribute, with ``members`` and ``log``.
    SessionRow = namedtuple("SessionRow", (*_COLUMNS, "members", "log"))

_MEMBER = tuple(MemberRow._fields)
MEMBER_COLUMNS = [getattr(SessionMember, name) for name in _MEMBER]
ALL = [getattr(Session, name) for name in _COLUMNS]

_BY_ID = Statement(lambda: Session.select(*ALL).where(Session.id == param("id")))
_BY_ID_LOCKED = Statement(lambda: Session.select(*ALL).where(Session.id == param("id")).for_update())
_MEMBERS = Statement(
    lambda: (
        SessionMember.select(*MEMBER_COLUMNS)
        .where(SessionMember.session_id == param("id"))
        .order_by(SessionMember.position)
    )
)
_LOG = Statement(
    lambda: (
        SessionLog.select(SessionLog.date, SessionLog.message)
        .where(SessionLog.session_id == param("id"))
        .order_by(SessionLog.position)
    )
)
_INSERT = Statement(
    lambda: Session.insert({getattr(Session, name): param(name) for name in Session._meta.sorted_field_names})
)
_INSERT_MEMBER = Statement(
    lambda: SessionMember.insert(
        {getattr(SessionMember, name): param(name) for name in ("session_id", "position", *_MEMBER)}
    )
)
_INSERT_LOG = Statement(
    lambda: SessionLog.insert(
        {
            getattr(SessionLog, name): param(name)
            for name in ("session_id", "position", "date", "message", "message_folded")
        }
    )
)


def fold(*texts: str | None) -> str:
    """What contains-filters look into: texts without letter case, a line each."""
    return "\n".join(text for text in texts if text).casefold()


def insert(unit: Unit, values: Mapping[str, Any], members: Sequence[MemberRow], log: Iterable[LogRow]) -> SessionRow:
    """Store a new session; the row as `get` would read it.

    :param values: the columns by name; what is left out is null. ``id`` and the dates must be there.
    Raises Duplicate for an id or a member's identity that is there already.
    """
    log = list(log)
    row = {**_NEW, **values}
    crumbs = row["customer_breadcrumb"]
    stored = {
        **row,
        "customer_breadcrumb": None if crumbs is None else json.dumps(crumbs),
        "archived": False,
        "from_folded": fold(row["from_address"], row["from_name"], row["from_phone_number"]),
        "to_folded": fold(row["to_address"], row["destination"]),
    }
    _INSERT.execute(unit, **stored)
    for position, member in enumerate(members):
        _insert_member(unit, row["id"], position, member)
    for position, line in enumerate(log):
        _insert_log(unit, row["id"], position, line)
    return SessionRow(**row, members=list(members), log=log)


_NEW: Mapping[str, Any] = {**dict.fromkeys(_COLUMNS), "version": 1, "ended": False, "was_missed": False}


def _insert_member(unit: Unit, session_id: str, position: int, member: MemberRow) -> None:
    data = member.application_data
    values = member._asdict() | {"application_data": None if data is None else json.dumps(data)}
    _INSERT_MEMBER.execute(unit, session_id=session_id, position=position, **values)


def _insert_log(unit: Unit, session_id: str, position: int, line: LogRow) -> None:
    _INSERT_LOG.execute(
        unit,
        session_id=session_id,
        position=position,
        date=line.date,
        message=line.message,
        message_folded=line.message.casefold(),
    )


def get(
    unit: Unit, session_id: str, *, account_ids: Sequence[str] | None = None, for_update: bool = False
) -> SessionRow | None:
    """The session with its members and log; None where it does not exist or is of none of the accounts.

    :param account_ids: accounts whose sessions may be seen; None is all.
    :param for_update: nobody else may change it until the unit of work ends.
    """
    locked = for_update and unit.dialect != "sqlite"
    found = (_BY_ID_LOCKED if locked else _BY_ID).row(unit, id=session_id)
    if found is None or (account_ids is not None and found[_ACCOUNT] not in account_ids):
        return None
    members = [member_row(each) for each in _MEMBERS.rows(unit, id=session_id)]
    log = [LogRow._make(each) for each in _LOG.rows(unit, id=session_id)]
    return session_row(found, members, log)


_ACCOUNT = _COLUMNS.index("account_id")


def session_row(columns: Sequence[Any], members: list[MemberRow], log: list[LogRow]) -> SessionRow:
    """The row of a session's columns, in the order in which `ALL` has them."""
    values = [*columns, members, log]
    values[_ENDED] = bool(values[_ENDED])
    values[_MISSED] = bool(values[_MISSED])
    crumbs = values[_BREADCRUMB]
    if crumbs is not None:
        values[_BREADCRUMB] = [BreadcrumbRow(*crumb) for crumb in json.loads(crumbs)]
    return SessionRow._make(values)


def member_row(columns: Sequence[Any]) -> MemberRow:
    """The row of a member's columns."""
    identity, endpoint, name, original, avatar, data, state, role, sid, muted = columns
    data = None if data is None else json.loads(data)
    return MemberRow(identity, endpoint, name, bool(original), avatar, data, state, role, sid, bool(muted))


@lru_cache(maxsize=256)
def _update(names: frozenset[str]) -> Statement:
    changes = {getattr(Session, name): param(name) for name in sorted(names)}
    return Statement(
        lambda: Session.update({**changes, Session.version: Session.version + 1}).where(
            Session.id == param("id"), Session.version == param("expected")
        )
    )


def update(unit: Unit, session: SessionRow, changes: Mapping[str, Any], line: LogRow) -> SessionRow:
    """Change columns of a session that was read in this unit of work, and add a line to its log; the row as it stands then.

    Raises Conflict when another writer changed it since it was read.
    """
    statement = _update(frozenset(changes))
    if statement.execute(unit, **changes, id=session.id, expected=session.version).rowcount != 1:
        raise Conflict(f"the session {session.id} was changed by somebody else")
    _insert_log(unit, session.id, len(session.log), line)
    return session._replace(**changes, version=session.version + 1, log=[*session.log, line])


_LAST_POSITION = Statement(
    lambda: SessionMember.select(peewee.fn.MAX(SessionMember.position)).where(SessionMember.session_id == param("id"))
)
_DELETE_MEMBER = Statement(
    lambda: SessionMember.delete().where(
        SessionMember.session_id == param("id"), SessionMember.identity == param("identity")
    )
)
_MEMBER_STATES = Statement(
    lambda: SessionMember.update({SessionMember.call_state: param("call_state")}).where(
        SessionMember.session_id == param("id")
    )
)


def add_member(unit: Unit, session: SessionRow, member: MemberRow) -> SessionRow:
    """Add a member at the end. Raises Duplicate when the identity is a member already."""
    last = _LAST_POSITION.row(unit, id=session.id)[0]
    _insert_member(unit, session.id, 0 if last is None else last + 1, member)
    return session._replace(members=[*session.members, member])


def remove_member(unit: Unit, session: SessionRow, identity: str) -> SessionRow:
    """Remove a member; nothing happens where there is none of that identity."""
    _DELETE_MEMBER.execute(unit, id=session.id, identity=identity)
    return session._replace(members=[each for each in session.members if each.identity != identity])


def set_member_states(unit: Unit, session: SessionRow, call_state: str) -> SessionRow:
    """Give every member the same call state."""
    _MEMBER_STATES.execute(unit, id=session.id, call_state=call_state)
    return session._replace(members=[each._replace(call_state=call_state) for each in session.members])
