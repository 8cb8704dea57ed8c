"""Sessions with their members and their log."""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from itertools import compress, count, repeat
from operator import is_not, itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import peewee

from models.engine.caches import RecentOf
from models.engine.database import Unit
from models.engine.errors import Conflict, Full
from models.engine.packed import Packed
from models.engine.statements import Statement, param
from models.sessions.tables import Session, SessionLog, SessionMember

#: Longest text of each column, in characters, by attribute.
LENGTHS: Mapping[str, int] = {
    name: field.max_length for name, field in Session._meta.fields.items() if getattr(field, "max_length", None)
}

_HIDDEN = ("archived", "from_folded", "to_folded")
# Columns that need conversion come last: rows are built from the driver's columns in order.
_CONVERTED = ("ended", "was_missed", "customer_breadcrumb")
_COLUMNS = (
    *(name for name in Session._meta.sorted_field_names if name not in (*_HIDDEN, *_CONVERTED)),
    *_CONVERTED,
)

#: Members that a session may have, and lines of its log.
MOST_MEMBERS = 1000
MOST_LINES = 10_000

#: Lines and members that a session may have for its row to be kept in memory.
_MOST_KEPT = 200
#: Characters of console data that such a session may have. A thousand rows with the longest would take up to 260 MB.
_LONGEST_KEPT = 16 * 1024
#: Recently read sessions by id.
RECENT: RecentOf[str, SessionRow] = RecentOf(1000)


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

# PERF: a named tuple's own `_make` costs several times as much as making the tuple.
_new: Callable[[type, Iterable[Any]], Any] = tuple.__new__

_MEMBER = MemberRow._fields
MEMBER_COLUMNS = [getattr(SessionMember, name) for name in _MEMBER]
ALL = [getattr(Session, name) for name in _COLUMNS]
#: The columns that change with each change of a session, after its id.
STATE = [Session.id, Session.version, Session.date_last_modified]

_SESSION, _MEMBERS = Packed(ALL), Packed(MEMBER_COLUMNS)
_BY_ID = _SESSION.statement(lambda columns: Session.select(*columns).where(Session.id == param("id")))
_BY_ID_LOCKED = _SESSION.statement(
    lambda columns: Session.select(*columns).where(Session.id == param("id")).for_update()
)
_STATE = Statement(lambda: Session.select(Session.version, Session.date_last_modified).where(Session.id == param("id")))
_MEMBERS_OF = _MEMBERS.statement(
    lambda columns: (
        SessionMember.select(*columns).where(SessionMember.session_id == param("id")).order_by(SessionMember.position)
    )
)
_LOG = Statement(
    lambda: (
        SessionLog.select(SessionLog.date, SessionLog.message)
        .where(SessionLog.session_id == param("id"))
        .order_by(SessionLog.position)
    )
)


def _insert_member(*names: str) -> Statement:
    return Statement(lambda: SessionMember.insert({getattr(SessionMember, name): param(name) for name in names}))


#: Columns that are null for nearly all members. PERF: SQLite's driver is slow for None.
_RARE = ("avatar_url", "application_data", "call_sid")
_INSERT_MEMBER = _insert_member("session_id", "position", *_MEMBER)
_INSERT_USUAL_MEMBER = _insert_member("session_id", "position", *(name for name in _MEMBER if name not in _RARE))
_INSERT_LOG = Statement(
    lambda: SessionLog.insert(
        {
            getattr(SessionLog, name): param(name)
            for name in ("session_id", "position", "date", "message", "message_folded")
        }
    )
)


def fold(*texts: str | None) -> str:
    """Return the text that contains-filters search: case-folded texts, a line each."""
    return "\n".join(filter(None, texts)).casefold()


# A statement has the columns in their declared order, in whatever order they are passed.
_DECLARED = tuple(Session._meta.sorted_field_names)
_is_given = partial(is_not, None)


@lru_cache(maxsize=1024)
def _insert(names: tuple[str, ...]) -> tuple[Statement, Callable[[Mapping[str, Any]], tuple[Any, ...]]]:
    """Return the statement that inserts these columns, and a function that picks their values from a row."""
    declared = [name for name in _DECLARED if name in names]
    return Statement(lambda: Session.insert({getattr(Session, name): param(name) for name in declared})), itemgetter(
        *declared
    )


def insert(unit: Unit, values: Mapping[str, Any], members: Sequence[MemberRow], log: Iterable[LogRow]) -> SessionRow:
    """Store a new session; return the row as `get` would read it.

    :param values: the columns by name; omitted columns are null. ``id`` and the dates are required.
    Raises Duplicate for an id or a member's identity that exists already.
    """
    log = list(log)
    unit.spend(1 + len(members) + len(log))
    row = {**_DEFAULTS, **values}
    columns = {"version": row["version"], **values, **_compute_columns(row)}
    # PERF: null columns are omitted because SQLite's driver is slow for None.
    statement, pick = _insert(tuple(compress(columns, map(_is_given, columns.values()))))
    statement.run(unit, pick(columns))
    session_id = row["id"]
    _insert_members(unit, zip(repeat(session_id), count(), members, strict=False))
    # PERF: mostly it has one line.
    for position, line in enumerate(log):
        _INSERT_LOG.run(unit, _build_line(session_id, position, line))
    return _new(SessionRow, (*_pick_columns(row), list(members), log))


_INSERT, _in_order = _insert(_DECLARED)


def insert_many(
    unit: Unit, sessions: Sequence[tuple[Mapping[str, Any], Sequence[MemberRow], Sequence[LogRow]]]
) -> None:
    """Store new sessions, each with the arguments of `insert`, by one statement for each table. Raises Duplicate."""
    if not sessions:
        return
    rows = [{**row, **_compute_columns(row)} for values, _, _ in sessions for row in [{**_DEFAULTS, **values}]]
    members = [(values["id"], *entry) for values, members, _ in sessions for entry in enumerate(members)]
    lines = [_build_line(values["id"], *entry) for values, _, log in sessions for entry in enumerate(log)]
    unit.spend(len(rows) + len(members) + len(lines))
    _INSERT.run_many(unit, [*map(_in_order, rows)])
    _insert_members(unit, members)
    _INSERT_LOG.run_many(unit, lines)


def _compute_columns(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a new session that are stored in another form than they are read, or that only filters read."""
    crumbs = row["customer_breadcrumb"]
    return {
        "customer_breadcrumb": None if crumbs is None else json.dumps(crumbs),
        # PERF: int(), because SQLite's driver takes long for True and False.
        "archived": int(row["archived"]),
        "ended": int(row["ended"]),
        "was_missed": int(row["was_missed"]),
        "from_folded": fold(row["from_address"], row["from_name"], row["from_phone_number"]),
        "to_folded": fold(row["to_address"], row["destination"]),
    }


_DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(_COLUMNS),
    "version": 1,
    "archived": False,
    "ended": False,
    "was_missed": False,
}


_pick_columns = itemgetter(*_COLUMNS)


def _insert_members(unit: Unit, members: Iterable[tuple[str, int, MemberRow]]) -> None:
    """Store members, each given with the id of its session and its position."""
    usual_rows: list[tuple[Any, ...]] = []
    other_rows: list[tuple[Any, ...]] = []
    for session_id, position, member in members:
        identity, endpoint, name, original, avatar, data, state, role, sid, muted = member
        if avatar is None and data is None and sid is None:
            usual_rows.append((session_id, position, identity, endpoint, name, int(original), state, role, int(muted)))
        else:
            text = None if data is None else json.dumps(data)
            values = identity, endpoint, name, int(original), avatar, text, state, role, sid, int(muted)
            other_rows.append((session_id, position, *values))
    _INSERT_USUAL_MEMBER.run_many(unit, usual_rows)
    _INSERT_MEMBER.run_many(unit, other_rows)


def _build_line(session_id: str, position: int, line: LogRow) -> tuple[Any, ...]:
    return (session_id, position, line.date, line.message, line.message.casefold())


def get(
    unit: Unit, session_id: str, *, account_ids: Sequence[str] | None = None, for_update: bool = False
) -> SessionRow | None:
    """Return the session with its members and log; None if it does not exist or belongs to none of the accounts.

    :param account_ids: accounts whose sessions the caller may see; None for all.
    :param for_update: lock the row until the unit of work ends.
    """
    is_locked = for_update and unit.dialect != "sqlite"
    row = (
        _read_row(unit, session_id, _BY_ID_LOCKED if is_locked else _BY_ID)
        if unit.writes
        else _read_recent(unit, session_id)
    )
    # MySQL ignores trailing blanks when it compares ids.
    if row is None or row.id != session_id or (account_ids is not None and row.account_id not in account_ids):
        return None
    return row


def _read_recent(unit: Unit, session_id: str) -> SessionRow | None:
    """Return the session, from memory if its version is unchanged.

    PERF: clients read one session repeatedly, and a query for its version is fast. Only rows of reading units are cached, since those of a
    writing unit may be rolled back.
    """
    recent = RECENT.on(unit.database)
    row = recent.get(session_id)
    if row is not None and _STATE.peek(unit, (session_id,)).fetchone() == (row.version, row.date_last_modified):
        return row
    row = _read_row(unit, session_id, _BY_ID)
    if row is not None and _is_small(row):
        recent.keep(row.id, row)
    return row


def _is_small(row: SessionRow) -> bool:
    """Return whether a session takes little enough memory to be kept there."""
    return len(row.log) + len(row.members) <= _MOST_KEPT and len(row.console_data or "") <= _LONGEST_KEPT


def find_recent(unit: Unit, states: Iterable[Sequence[Any]]) -> dict[str, SessionRow]:
    """Return the sessions whose rows in memory are current, by id.

    :param states: the columns `STATE` of sessions as a reading unit read them.
    """
    recent = RECENT.on(unit.database)
    current: dict[str, SessionRow] = {}
    for session_id, version, date_last_modified in states:
        row = recent.get(session_id)
        if row is not None and row.version == version and row.date_last_modified == date_last_modified:
            current[session_id] = row
    return current


def keep_recent(unit: Unit, rows: Iterable[SessionRow]) -> None:
    """Keep sessions in memory that a reading unit has read."""
    recent = RECENT.on(unit.database)
    for row in rows:
        if _is_small(row):
            recent.keep(row.id, row)


def _read_row(unit: Unit, session_id: str, statement: Statement) -> SessionRow | None:
    id_only = (session_id,)
    result = statement.run(unit, id_only).fetchone()
    if result is None:
        return None
    (columns,) = _SESSION.rows(unit, [result])
    members = build_member_rows(_MEMBERS.rows(unit, _MEMBERS_OF.run(unit, id_only)))
    log = build_log_rows(_LOG.run(unit, id_only))
    if unit.budget is not None and not unit.writes:
        unit.spend(1 + len(members) + len(log))
    return build_session_row(columns, members, log)


def build_session_row(columns: Sequence[Any], members: list[MemberRow], log: list[LogRow]) -> SessionRow:
    """Return the row made of a session's columns, which are in the order of `ALL`."""
    crumbs = columns[-1]
    breadcrumb = None if crumbs is None else [*_parse_breadcrumb(crumbs)]
    return _new(SessionRow, (*columns[:-3], columns[-3] == 1, columns[-2] == 1, breadcrumb, members, log))


@lru_cache(maxsize=1024)
def _parse_breadcrumb(text: str) -> tuple[BreadcrumbRow, ...]:
    return tuple(BreadcrumbRow(*crumb) for crumb in json.loads(text))


def build_log_rows(results: Iterable[Sequence[Any]]) -> list[LogRow]:
    """Return rows made of the columns of log lines."""
    return [*map(_new, repeat(LogRow), results)]


def build_member_rows(results: Iterable[Sequence[Any]]) -> list[MemberRow]:
    """Return rows made of the columns of members."""
    return [
        _new(
            MemberRow,
            (identity, endpoint, name, original == 1, avatar, _parse_json(data), state, role, sid, muted == 1),
        )
        for identity, endpoint, name, original, avatar, data, state, role, sid, muted in results
    ]


def _parse_json(text: str | None) -> Any:
    return None if text is None else json.loads(text)


@lru_cache(maxsize=256)
def _update(names: frozenset[str]) -> Statement:
    changes = {getattr(Session, name): param(f"new {name}") for name in sorted(names)}
    return Statement(
        lambda: Session.update({**changes, Session.version: Session.version + 1}).where(
            Session.id == param("id"), Session.version == param("expected")
        )
    )


def update(
    unit: Unit, session: SessionRow, changes: Mapping[str, Any], line: LogRow, *, last: bool = False
) -> SessionRow:
    """Change columns of a session that was read in this unit of work, and add a line to its log; return the changed row.

    :param last: whether the session ends. If its log is full, that is stored without a line.
    :raises Conflict: when another writer changed it since it was read.
    :raises Full: when the log has `MOST_LINES` lines.
    """
    is_full = len(session.log) >= MOST_LINES
    if is_full and not last:
        raise Full(f"The session's log has {MOST_LINES:,} lines, which is the maximum. Start another session.")
    statement = _update(frozenset(changes))
    parameters = {f"new {name}": value for name, value in changes.items()}
    if statement.execute(unit, **parameters, id=session.id, expected=session.version).rowcount != 1:
        raise Conflict(f"the session {session.id} was changed by somebody else")
    if not is_full:
        _INSERT_LOG.run(unit, _build_line(session.id, len(session.log), line))
    log = session.log if is_full else [*session.log, line]
    return session._replace(**changes, version=session.version + 1, log=log)


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
    """Add a member at the end.

    :raises Duplicate: when the identity is a member already.
    :raises Full: when the session has `MOST_MEMBERS` members.
    """
    if len(session.members) >= MOST_MEMBERS:
        raise create_full_error()
    last = _LAST_POSITION.row(unit, id=session.id)[0]
    _insert_members(unit, [(session.id, 0 if last is None else last + 1, member)])
    return session._replace(members=[*session.members, member])


def create_full_error() -> Full:
    """Return the error for a session with too many members."""
    return Full(f"A session has at most {MOST_MEMBERS:,} members.")


def remove_member(unit: Unit, session: SessionRow, identity: str) -> SessionRow:
    """Remove the member with this identity, if there is one."""
    _DELETE_MEMBER.execute(unit, id=session.id, identity=identity)
    return session._replace(members=[member for member in session.members if member.identity != identity])


def set_member_states(unit: Unit, session: SessionRow, call_state: str) -> SessionRow:
    """Set the call state of all members."""
    _MEMBER_STATES.execute(unit, id=session.id, call_state=call_state)
    return session._replace(members=[member._replace(call_state=call_state) for member in session.members])
