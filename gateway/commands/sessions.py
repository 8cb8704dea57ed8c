"""``gateway sessions``: archiving, deletion, export and import of sessions."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import click

from gateway.audit import Event
from gateway.calls import instant
from gateway.commands.databases import open_database
from gateway.commands.formats import FORMATS, RecordFormat
from gateway.contract import dates
from gateway.errors import GatewayError
from gateway.sessions import retention, transfer
from gateway.sessions.dtos.records import SessionRecord
from gateway.sessions.transfer import Position
from gateway.terminal import counted
from models import Database

_DAYS = {"d": 1, "w": 7, "y": 365}
_FORMAT = click.Choice(list(FORMATS))


class Age(click.ParamType[timedelta]):
    """A length of time: ``90d``, ``12w``, ``2y``."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the length, or fail with click's error and the expected form."""
        match = re.fullmatch(r"([0-9]{1,6})([dwy])", value)
        if match is None:
            self.fail(f"{value!r} is no age such as 90d, 12w or 2y", param, ctx)
        return timedelta(days=int(match[1]) * _DAYS[match[2]])


class Day(click.ParamType[date]):
    """A day: ``2026-11-26``."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day, or fail with click's error and the expected form."""
        try:
            return dates.parse_day(value)
        except ValueError:
            self.fail(f"{value!r} is not a day as YYYY-MM-DD", param, ctx)


@click.group()
def sessions() -> None:
    """Archive, purge, export and import sessions."""


@sessions.command()
@click.option("--older-than", required=True, type=Age(), help="Minimum age of a session: 90d, 12w, 2y.")
@click.option("--dry-run", is_flag=True, help="Change nothing; print how many sessions would be archived.")
def archive(older_than: timedelta, *, dry_run: bool) -> None:
    """Move old sessions out of the live list. Active sessions stay in it; searchArchive=true finds archived ones.

    \b
    Examples:
      gateway sessions archive --older-than 90d --dry-run
      gateway sessions archive --older-than 90d
    """
    database = open_database(changes=not dry_run)
    before = instant(datetime.now(UTC) - older_than)
    if dry_run:
        click.echo(f"{counted(transfer.count_old(database, before), 'session')} would be archived", err=True)
        return
    done = 0
    with _show_progress("archiving", transfer.count_old(database, before)) as advance:
        for count in transfer.archive(database, before):
            done += count
            advance(count)
    if done:
        retention.record(Event.SESSIONS_ARCHIVED, count=done, before=before)
    click.echo(f"archived {counted(done, 'session')}", err=True)


@sessions.command()
@click.option("--older-than", required=True, type=Age(), help="Minimum age of a session: 90d, 12w, 2y.")
@click.option("--dry-run", is_flag=True, help="Change nothing; print how many sessions would be deleted.")
def purge(older_than: timedelta, *, dry_run: bool) -> None:
    """Delete old sessions of the archive for good, with their members and logs. Sessions of the live list stay: archive them first.

    Messages of these sessions stay, and name no session any more.

    \b
    Examples:
      gateway sessions purge --older-than 2y --dry-run
      gateway sessions purge --older-than 2y
    """
    database = open_database(changes=not dry_run)
    before = instant(datetime.now(UTC) - older_than)
    expected = retention.count_purgeable(database, before)
    if dry_run:
        click.echo(f"{counted(expected, 'session')} would be deleted", err=True)
        return
    done = 0
    with _show_progress("deleting", expected) as advance:
        for count in retention.purge(database, before):
            done += count
            advance(count)
    if done:
        retention.record(Event.SESSIONS_PURGED, count=done, before=before)
    click.echo(f"deleted {counted(done, 'session')}", err=True)


@sessions.command()
@click.option(
    "--format", "format_name", type=_FORMAT, help="If omitted, the output's suffix decides; jsonl if it has none."
)
@click.option("--since", type=Day(), help="Only sessions created on this day or later, in UTC.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file, which must not exist; an interrupted export into it resumes.",
)
@click.option("--overwrite", is_flag=True, help="Replace the output if it exists.")
def export(format_name: str | None, since: date | None, output: Path | None, *, overwrite: bool) -> None:
    """Write all sessions, archived ones too, to a file or standard output.

    \b
    Examples:
      gateway sessions export --output sessions.csv
      gateway sessions export --since 2026-11-01 --format jsv
    """
    name = format_name or _choose_format(output)
    if output is not None and output.exists() and not overwrite:
        raise GatewayError(f"{output} exists; choose another file, or add --overwrite to replace it")
    database = open_database(changes=False)
    first = None if since is None else f"{since}T00:00:00.000000Z"
    record_format = FORMATS[name](SessionRecord)
    target = _Standard() if output is None else _Resumable(output, {"format": name, "since": first})
    with target, _show_progress("exporting", transfer.count(database, first)) as advance:
        advance(target.done)
        for block in transfer.export(database, first, target.last):
            target.write(record_format, block)
            advance(len(block))
    click.echo(f"exported {counted(target.done, 'session')}", err=True)


def _choose_format(path: Path | None) -> str:
    """Return the format that a file's suffix names; jsonl if it has none. Raises GatewayError for another suffix."""
    suffix = "" if path is None else path.suffix[1:].lower()
    if suffix and suffix not in FORMATS:
        suffixes = ", ".join(f".{suffix_name}" for suffix_name in FORMATS)
        raise GatewayError(f"the suffix of {path} names no format: use {suffixes}, or --format")
    return suffix or "jsonl"


@sessions.command("import")
@click.option("--format", "format_name", type=_FORMAT, help="If omitted, the file's suffix decides, else jsonl.")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path), default="-")
def import_(format_name: str | None, path: Path) -> None:
    """Store sessions that `gateway sessions export` wrote. Stored sessions are not changed, so an import may be repeated.

    \b
    Examples:
      gateway sessions import sessions.csv
      gateway sessions export | ssh other gateway sessions import
    """
    suffix = path.suffix[1:].lower()
    records = FORMATS[format_name or (suffix if suffix in FORMATS else "jsonl")](SessionRecord)
    database = open_database(changes=True)
    if path == Path("-"):
        counts = _load(database, records, sys.stdin.buffer, 0)
    else:
        with path.open("rb") as file:
            counts = _load(database, records, file, path.stat().st_size)
    click.echo(f"imported {counted(counts.stored, 'session')}, {counts.known} existed already", err=True)


def _load(database: Database, records: RecordFormat, file: IO[bytes], size: int) -> transfer.Counts:
    counts, read = transfer.Counts(), 0
    with _show_progress("importing", size) as advance:
        for now in transfer.load(database, records.read(file)):
            counts = now
            if size:
                advance(file.tell() - read)
                read = file.tell()
    return counts


@contextmanager
def _show_progress(label: str, length: int) -> Iterator[Any]:
    """Show a progress bar, if standard error is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _count: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield bar.update


class _Standard:
    """Export to standard output, which can't be resumed."""

    last: Position | None = None
    done = 0

    def __enter__(self) -> _Standard:
        return self

    def __exit__(self, *_error: object) -> None:
        sys.stdout.buffer.flush()

    def write(self, record_format: RecordFormat, block: Sequence[Any]) -> None:
        """Write some records."""
        sys.stdout.buffer.write(record_format.write(block, first=self.done == 0))
        self.done += len(block)


class _Resumable:
    """A file that is complete or absent: records are written to ``NAME.part``, and ``NAME.part.state`` records how much is safe on disk.

    :ivar last: the key of the last record that is safe.
    :ivar done: the number of safe records.
    """

    def __init__(self, path: Path, options: dict[str, Any]) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._state = path.with_name(path.name + ".part.state")
        self._options = options
        self.last: Position | None = None
        self.done = 0

    def __enter__(self) -> _Resumable:
        state = self._read_state()
        self._file = self._part.open("r+b" if state else "wb")
        if state:
            self.last, self.done = Position(*state["last"]), state["done"]
            self._file.truncate(state["bytes"])
            self._file.seek(0, os.SEEK_END)
        return self

    def _read_state(self) -> Any:
        if not (self._part.exists() and self._state.exists()):
            return None
        state = json.loads(self._state.read_text())
        if state["options"] != self._options:
            raise GatewayError(f"{self._part} was started with other options: remove it, or use the same options")
        return state

    def write(self, record_format: RecordFormat, block: Sequence[Any]) -> None:
        """Write some records, and record that they are safe."""
        self._file.write(record_format.write(block, first=self.done == 0))
        self._file.flush()
        os.fsync(self._file.fileno())
        self.done += len(block)
        self.last = transfer.get_position(block[-1])
        state = {"options": self._options, "bytes": self._file.tell(), "last": self.last, "done": self.done}
        temporary = self._state.with_name(self._state.name + ".new")
        temporary.write_text(json.dumps(state))
        temporary.replace(self._state)

    def __exit__(self, kind: object, *_error: object) -> None:
        self._file.close()
        if kind is None:
            self._part.replace(self._path)
            self._state.unlink(missing_ok=True)
