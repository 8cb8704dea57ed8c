"""Lists of sessions. A page's ids and versions are read first, then the sessions that are not in memory: their columns, their members and
their log lines by one statement each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from operator import itemgetter
from typing import Any

import peewee

from models.engine.conditions import (
    at_least,
    at_most,
    contains,
    contains_in_start,
    equals,
    name_parameters,
    pad,
    within,
)
from models.engine.database import Unit
from models.engine.listing import BLOCK, Listing, Order, measure_text
from models.engine.packed import Packed
from models.engine.statements import Statement, param
from models.sessions.session import (
    ALL,
    STATE,
    LogRow,
    MemberRow,
    SessionRow,
    build_log_rows,
    build_member_rows,
    build_session_row,
    find_recent,
    keep_recent,
)
from models.sessions.tables import FROM_START, START, TO_START, Session, SessionLog, SessionMember


def _has_line(parameter: Any) -> Any:
    lines = SessionLog.select(peewee.SQL("1")).where(
        SessionLog.session_id == Session.id, peewee.fn.INSTR(SessionLog.message_folded, parameter) > 0
    )
    return peewee.fn.EXISTS(lines)


def _has_member(parameter: Any) -> Any:
    ids = SessionMember.select(SessionMember.session_id).where(SessionMember.identity == parameter)
    return Session.id.in_(ids)


_OF_ACCOUNTS = within(peewee.fn.COALESCE(Session.account_id, ""))
_BESIDE_SOME = {"visible_accounts": _OF_ACCOUNTS, "account_ids": _OF_ACCOUNTS}
_UNSORTED = {"archived": equals(peewee.fn.COALESCE(Session.archived, 0))}
_BESIDE_FEW = {**_BESIDE_SOME, **_UNSORTED}

#: The filters and their conditions. Texts of contains-filters must be folded (`models.sessions.session.fold`).
_listing = partial(
    Listing,
    Session,
    one={
        "archived": equals(Session.archived),
        "ended": equals(Session.ended),
        "since": at_least(Session.date_created),
        "until": at_most(Session.date_created),
        "from_contains": contains(Session.from_folded),
        "to_contains": contains(Session.to_folded),
        "log_contains": _has_line,
        "parent_session_id": equals(Session.parent_session_id),
        "member": _has_member,
    },
    several={
        "visible_accounts": within(Session.account_id),
        "account_ids": within(Session.account_id),
        "customer_ids": within(Session.customer_id),
        "endpoint_ids": within(Session.endpoint_id),
        "ids": within(Session.id),
        "logged": within(Session.id),
    },
    narrow={
        "customer_ids": _BESIDE_SOME,
        "endpoint_ids": _BESIDE_SOME,
        "parent_session_id": _BESIDE_SOME,
        "ids": _BESIDE_FEW,
        "logged": _BESIDE_FEW,
        "member": _BESIDE_FEW,
    },
    covered={
        "from_contains": contains_in_start(FROM_START, START, Session.from_folded),
        "to_contains": contains_in_start(TO_START, START, Session.to_folded),
    },
    indexed=("archived", "visible_accounts", "since", "until"),
    rare=("customer_ids", "endpoint_ids", "account_ids", "visible_accounts"),
    beside_few=_UNSORTED,
)
LISTING = _listing(ALL)
#: The same lists, but only the columns that show whether a session in memory is current.
_STATES = _listing(STATE, counted=False)


#: Members, or log lines, that are read at once for several sessions.
MOST_CHILDREN = 5000
_EVERY = 2**31

#: Makes rows from columns.
Rows = Callable[[Iterable[Any]], list[Any]]

_SESSION = itemgetter(0)
_WITHOUT_SESSION = {len(row._fields): itemgetter(*range(1, len(row._fields) + 1)) for row in (MemberRow, LogRow)}


@cache
def _build_children(model: Any, names: tuple[str, ...]) -> Packed:
    return Packed([model.session_id, *(getattr(model, name) for name in names)])


@cache
def _build_children_query(model: Any, names: tuple[str, ...], size: int) -> Statement:
    ids = [*map(param, name_parameters("id", size))]
    return _build_children(model, names).statement(
        lambda columns: (
            model.select(*columns)
            .where(model.session_id.in_(ids))
            .order_by(model.session_id, model.position)
            .limit(param("limit"))
        )
    )


def _read_by_session(
    unit: Unit, model: Any, names: tuple[str, ...], ids: Sequence[str], rows: Rows
) -> dict[str, list[Any]] | None:
    """Return the rows of each session, in order; None if several sessions have more than `MOST_CHILDREN` together."""
    padded_ids = pad(ids)
    limit = MOST_CHILDREN + 1 if len(ids) > 1 else _EVERY
    results = _build_children_query(model, names, len(padded_ids)).run(unit, [*padded_ids, limit]).fetchall()
    children = [*_build_children(model, names).rows(unit, results)]
    if len(ids) > 1 and len(children) > MOST_CHILDREN:
        return None
    unit.spend(len(children), sum([measure_text(row[-1]) for row in children]) if model is SessionLog else 0)
    # PERF: sessions come one after the other, so all rows are made at once and split where the next session begins.
    child_rows = rows(map(_WITHOUT_SESSION[len(names)], children))
    children_by_session: dict[str, list[Any]] = {session_id: [] for session_id in ids}
    end = 0
    for session_id, count in Counter(map(_SESSION, children)).items():
        begin, end = end, end + count
        children_by_session[session_id] = child_rows[begin:end]
    return children_by_session


def _read_sessions(unit: Unit, rows: Sequence[Any]) -> Iterator[SessionRow]:
    for begin in range(0, len(rows), BLOCK):
        yield from _add_children(unit, rows[begin : begin + BLOCK])


def _read_recent(unit: Unit, states: Sequence[Any]) -> list[SessionRow]:
    """Return the sessions with these columns `STATE`. Those that are not in memory are read."""
    rows = find_recent(unit, states)
    unit.spend(sum([1 + len(row.members) + len(row.log) for row in rows.values()]))
    missing = [state[0] for state in states if state[0] not in rows]
    for block in LISTING.of_ids(unit, missing):
        block_sessions = {row.id: row for row in _add_children(unit, block)}
        keep_recent(unit, block_sessions.values())
        rows |= block_sessions
    return [rows[state[0]] for state in states]


def _add_children(unit: Unit, rows: Sequence[Any]) -> Iterator[SessionRow]:
    """Yield the sessions of at most `BLOCK` rows; those with long logs are read a few at a time."""
    ids = [row[0] for row in rows]
    members = _read_by_session(unit, SessionMember, MemberRow._fields, ids, build_member_rows)
    log = None if members is None else _read_by_session(unit, SessionLog, LogRow._fields, ids, build_log_rows)
    if members is None or log is None:
        half = len(rows) // 2
        yield from _add_children(unit, rows[:half])
        yield from _add_children(unit, rows[half:])
        return
    for row in rows:
        yield build_session_row(row, members[row[0]], log[row[0]])


#: Rows from the beginning of a list whose logs are searched session by session. For more rows that takes too long.
NEAR = 50_000
#: Sessions at which a search of all logs ends. A text that more sessions have is found soon in any list.
MOST_LOGGED = 10_000
#: How many of these one statement takes.
_SOME = 1000

_WITH_LINE = Statement(
    lambda: (
        SessionLog.select(SessionLog.session_id)
        .where(peewee.fn.INSTR(SessionLog.message_folded, param("text")) > 0)
        .distinct()
        .limit(param("limit"))
    )
)


def _find_edge(unit: Unit, filters: Mapping[str, Any], order: Order) -> str | None:
    """Return the date of the last of `NEAR` rows that pass all filters except the log's; None if there are fewer."""
    descending = order.descending or order.column != "date_created"
    keys = LISTING.keys(unit, {**filters, "log_contains": None}, Order("date_created", descending), 1, NEAR - 1)
    return keys[0][1] if keys else None


def _search_logs(unit: Unit, filters: Mapping[str, Any], order: Order) -> list[str] | None:
    """Search all logs; return the ids of the rows that pass all filters, in order. None if too many logs have the text."""
    rows = _WITH_LINE.rows(unit, text=filters["log_contains"], limit=MOST_LOGGED)
    if len(rows) == MOST_LOGGED:
        return None
    ids = [row[0] for row in rows]
    keys: list[Any] = []
    for begin in range(0, len(ids), _SOME):
        block_filters = {**filters, "log_contains": None, "logged": ids[begin : begin + _SOME]}
        keys += LISTING.keys(unit, block_filters, order, _SOME)
    keys.sort(key=lambda row: (row[1], row[0]), reverse=order.descending)
    return [row[0] for row in keys]


def _read_columns(
    listing: Listing, unit: Unit, filters: Mapping[str, Any], order: Order, limit: int, offset: int
) -> list[Any]:
    if filters.get("log_contains") is None or (edge := _find_edge(unit, filters, order)) is None:
        return listing.page(unit, filters, order, limit, offset)
    if order.column == "date_created":
        near_filters = {**filters, "since" if order.descending else "until": edge}
        rows = listing.page(unit, near_filters, order, limit, offset)
        if len(rows) == limit:
            return rows
    ids = _search_logs(unit, filters, order)
    if ids is None:
        return listing.page(unit, filters, order, limit, offset)
    return [row for block in listing.of_ids(unit, ids[offset : offset + limit]) for row in block]


def page(unit: Unit, filters: Mapping[str, Any], order: Order, limit: int, offset: int = 0) -> list[SessionRow]:
    """Return at most `limit` sessions after `offset`, with their members and log."""
    if unit.writes:
        return [*_read_sessions(unit, _read_columns(LISTING, unit, filters, order, limit, offset))]
    states = _read_columns(_STATES, unit, filters, order, limit, offset)
    if len(states) <= BLOCK:
        return _read_recent(unit, states)
    # A long page would evict everything else from memory.
    ids = [state[0] for state in states]
    return [row for block in LISTING.of_ids(unit, ids) for row in _add_children(unit, block)]


def count(unit: Unit, filters: Mapping[str, Any], most: int | None = None) -> int:
    """Count the sessions, up to `most`."""
    order = Order("date_created")
    if filters.get("log_contains") is not None and _find_edge(unit, filters, order) is not None:
        ids = _search_logs(unit, filters, order)
        if ids is not None:
            return len(ids) if most is None else min(len(ids), most)
    return LISTING.count(unit, filters, most)


def is_sorted_by_index(order: Order) -> bool:
    """Return whether an index has the rows in this order."""
    return LISTING.is_sorted_by_index(order)


def everything(unit: Unit, filters: Mapping[str, Any], order: Order) -> Iterator[SessionRow]:
    """Yield all sessions with their members and log, read in blocks."""
    ids = None
    if filters.get("log_contains") is not None and _find_edge(unit, filters, order) is not None:
        ids = _search_logs(unit, filters, order)
    blocks = LISTING.blocks(unit, filters, order) if ids is None else LISTING.of_ids(unit, ids)
    for block in blocks:
        yield from _read_sessions(unit, block)
