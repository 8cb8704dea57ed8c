"""Bulk processing of sessions: archive by age, export, import. It works in blocks, so it needs little memory and can be resumed.

These are not operations: operators call them on the command line, and see every account.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from gateway import Instance
from gateway.contract.catalog import Operation
from gateway.errors import GatewayError, ValidationFailed
from gateway.lists import parse_instant
from gateway.sessions import published
from gateway.sessions.declared import service
from gateway.sessions.dtos.records import SessionRecord
from gateway.transactions import run_unit, unit_of_work
from models import Database, Unit
from models.engine.listing import Order
from models.sessions import session, session_archive, session_list
from models.sessions.session import LENGTHS, BreadcrumbRow, LogRow, MemberRow

#: Sessions in one unit of work.
BLOCK = 200

_OLDEST_FIRST = Order("date_created", descending=False)
# Records are converted like requests, but are not operations.
_RECORDS = Operation(SessionRecord, routes=(), response=None, access=None)
_NO_COLUMNS = ("members", "log", "archived")
_COLUMNS = tuple(name for name in SessionRecord.schema().fields if name not in _NO_COLUMNS)
_DATES = ("date_created", "date_last_modified", "date_completed")
_LONGEST_OF_MEMBER = 255


class ImportFailed(GatewayError):
    """A record that can't be stored. The records before its block are stored."""


class Position(NamedTuple):
    """The position of an export: live sessions come before archived ones, oldest first."""

    archived: bool
    date_created: str
    id: str


@dataclass(slots=True)
class Counts:
    """The numbers of records that an import has stored and skipped so far."""

    stored: int = 0
    known: int = 0


def count_old(database: Database, before: str) -> int:
    """Return how many sessions `archive` would archive."""
    with unit_of_work(database, write=False) as unit:
        return session_archive.count_old(unit, before)


def archive(database: Database, before: str) -> Iterator[int]:
    """Archive the sessions created before an instant that have ended or were not changed since; yield the number of each block."""
    count = BLOCK
    while count == BLOCK:
        count = run_unit(database, True, lambda unit: _archive(unit, before))
        yield count


def _archive(unit: Unit, before: str) -> int:
    session_ids = session_archive.archive_old(unit, before, BLOCK)
    events = service.publisher(unit)
    for session_id in session_ids if events.wanted else ():
        published.publish_with(events, published.ARCHIVED, session.get(unit, session_id))
    return len(session_ids)


def count(database: Database, since: str | None) -> int:
    """Return how many sessions `export` would write."""
    with unit_of_work(database, write=False) as unit:
        return session_list.count(unit, {"since": since})


def export(database: Database, since: str | None, after: Position | None) -> Iterator[list[Instance]]:
    """Yield every session as a `SessionRecord`, in blocks.

    :param since: an instant; sessions created before it are omitted.
    :param after: the position after which the export begins: the end of an earlier one.
    """
    # In one transaction: otherwise a session that is archived meanwhile would be exported twice.
    with unit_of_work(database, write=False) as unit:
        for archived in (False, True):
            if after is not None and after.archived > archived:
                continue
            begin = after if after is not None and after.archived == archived else None
            rows = _read_rows(unit, archived, since, begin)
            while block := [_record(row, archived) for row in islice(rows, BLOCK)]:
                yield block


def get_position(record: Instance) -> Position:
    """Return the position of an export after a record."""
    return Position(record.archived, record.date_created, record.id)


def _read_rows(unit: Unit, archived: bool, since: str | None, begin: Position | None) -> Iterator[Any]:
    filters = {"archived": archived, "since": begin.date_created if begin else since}
    for row in session_list.everything(unit, filters, _OLDEST_FIRST):
        if begin is None or (row.date_created, row.id) > (begin.date_created, begin.id):
            yield row


def _record(row: Any, archived: bool) -> Instance:
    values = {name: getattr(row, name) for name in (*_COLUMNS, "members", "log")}
    return SessionRecord.instance({**values, "archived": archived})


def load(database: Database, records: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[Counts]:
    """Store records by wire name, each with its number; yield the counts after each block.

    Sessions whose id exists already are unchanged. Raises ImportFailed for a record that breaks a rule.
    """
    counts = Counts()
    numbered = iter(records)
    while block := list(islice(numbered, BLOCK)):
        loaded = {record.id: (number, record) for number, record in map(_bind, block)}
        stored = run_unit(database, True, partial(_store_new, loaded))
        counts = Counts(counts.stored + stored, counts.known + len(block) - stored)
        yield counts


def _store_new(loaded: Mapping[str, tuple[int, Instance]], unit: Unit) -> int:
    stored_ids = session_archive.filter_known(unit, list(loaded))
    fresh = [entry for session_id, entry in loaded.items() if session_id not in stored_ids]
    session.insert_many(unit, [_build_columns(number, record) for number, record in fresh])
    return len(fresh)


def _bind(numbered: tuple[int, Mapping[str, Any]]) -> tuple[int, Instance]:
    number, values = numbered
    try:
        record = _RECORDS.load(values)
    except ValidationFailed as error:
        raise ImportFailed(f"record {number}: " + "; ".join(error.message for error in error.errors)) from error
    problem = next(_find_problems(record), None)
    if problem:
        raise ImportFailed(f"record {number}: {problem}")
    return number, record


def _find_problems(record: Instance) -> Iterator[str]:
    if not record.id or not record.date_created:
        yield "a session has an id and a dateCreated"
    for name, longest in LENGTHS.items():
        if len(getattr(record, name, None) or "") > longest:
            yield f"{name} has more than {longest} characters"
    members = record.members or []
    for member in members:
        if not member.identity:
            yield "a member has an identity"
        if any(len(text) > _LONGEST_OF_MEMBER for text in vars(member).values() if isinstance(text, str)):
            yield f"a member's texts have at most {_LONGEST_OF_MEMBER} characters"
    if len({member.identity for member in members}) < len(members):
        yield "a member is there once"


def _build_columns(number: int, record: Instance) -> tuple[Mapping[str, Any], list[MemberRow], list[LogRow]]:
    """Return a session to store, with its members and its log. Raises ImportFailed."""
    values = {name: _convert(getattr(record, name)) for name in _COLUMNS}
    try:
        dates = {name: parse_instant(values[name]) for name in _DATES}
        log = [LogRow(parse_instant(line.date) or record.date_created, line.message or "") for line in record.log or ()]
    except ValueError as error:
        raise ImportFailed(f"record {number}: {error}") from error
    crumbs = record.customer_breadcrumb
    more = {
        "date_last_modified": dates["date_last_modified"] or dates["date_created"],
        "customer_breadcrumb": None if crumbs is None else [BreadcrumbRow(crumb.id, crumb.name) for crumb in crumbs],
        "ended": bool(record.ended),
        "was_missed": bool(record.was_missed),
        "archived": bool(record.archived),
    }
    return {**values, **dates, **more}, _build_members(record.members or ()), log


def _build_members(members: Sequence[Instance]) -> list[MemberRow]:
    rows = [MemberRow(*(_convert(getattr(member, name)) for name in MemberRow._fields)) for member in members]
    return [row._replace(is_original_member=bool(row.is_original_member), muted=bool(row.muted)) for row in rows]


def _convert(value: Any) -> Any:
    """Return a value to store: members of enums by name."""
    return str(value) if isinstance(value, str) else value
