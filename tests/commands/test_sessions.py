"""gateway sessions archive, export and import, as operators call them."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.commands import formats
from gateway.commands.formats import FORMATS
from gateway.sessions import transfer
from gateway.transactions import unit_of_work
from models import Database
from models.engine import ids
from models.engine.listing import Order
from models.sessions import session, session_list
from models.sessions.session import LENGTHS, LogRow
from serializers.base import Limits
from tests.models.conftest import create_member
from tests.servers import wait_until
from tests.sessions.conftest import People, World, people, shared_url, world

__all__ = ["people", "shared_url", "world"]

NAME = 'A "quoted", {braced} [name]:\r\nsecond line \N{GRINNING FACE} ü'


def environment(world: World) -> dict[str, str]:
    return {"GATEWAY_DATABASE_URL": world.url, "GATEWAY_SECRET": "secret-of-these-tests-0123456789abcdef"}


def run(world: World, *arguments: str, status: int = 0, **options: Any) -> Result:
    result = CliRunner().invoke(main, ["sessions", *arguments], env=environment(world), **options)
    assert result.exit_code == status, result.output
    return result


def every(database: Database) -> list[Any]:
    with unit_of_work(database, write=False) as unit:
        return list(session_list.everything(unit, {}, Order("id", descending=False)))


@pytest.fixture
def filled(world: World, people: People) -> World:
    """Sessions of every kind: texts that need quotes, members, customers, held, ended, archived."""
    customer = world.add_customer(people.acme, NAME)
    session_ids = [
        world.call(people.ada, "NewSession", {"displayName": f"{NAME} {n}", "customerId": customer}).id
        for n in range(7)
    ]
    world.call(people.ada, "NewSession", {"parentSessionId": session_ids[0], "withAddress": "team:1"})
    world.call(people.ada, "InviteChatMember", {"sessionId": session_ids[0], "memberToAdd": "x@example.org"})
    world.call(people.ada, "PatchSession", {"sessionId": session_ids[0], "consoleData": NAME * 3})
    world.call(people.ada, "HoldSession", {"sessionId": session_ids[1], "reason": "Transferring"})
    world.call(people.ada, "EndSession", {"sessionId": session_ids[2]})
    with unit_of_work(world.database) as unit:
        unit.execute(f"UPDATE sessions SET archived = 1 WHERE id = '{session_ids[2]}'")
    return world


@pytest.mark.parametrize("name", FORMATS)
def test_exported_sessions_are_imported(filled: World, people: People, tmp_path: Path, name: str) -> None:
    before = every(filled.database)
    target = tmp_path / f"sessions.{name}"
    assert "exported 8 sessions" in run(filled, "export", "--format", name, "--output", str(target)).output
    assert [path.name for path in tmp_path.glob("sessions.*")] == [target.name]
    with unit_of_work(filled.database) as unit:
        for table in ("sessions", "session_members", "session_log"):
            unit.execute(f"DELETE FROM {table} WHERE 1 = 1")
    assert "imported 8 sessions, 0 existed already" in run(filled, "import", str(target)).output
    assert [row._replace(version=1) for row in before] == every(filled.database)
    assert filled.call(people.ada, "ListSessions", {"searchArchive": True}).total_count == 1
    assert "imported 0 sessions, 8 existed already" in run(filled, "import", str(target)).output


@pytest.mark.parametrize("name", FORMATS)
def test_null_and_an_empty_text_stay_different(world: World, tmp_path: Path, name: str) -> None:
    odd = [
        "",
        None,
        " ",
        '"',
        '""',
        ",",
        "\r\n",
        "null",
        "[",
        "{}",
        "\x00",
        "\N{BOM}",
        "=1+1",
        "\N{GRINNING FACE}",
        "\\",
    ]
    texts = [column for column in LENGTHS if column not in ("id", "version") and not column.startswith("date_")]
    enums = ("channel", "direction", "dial_state", "call_state", "queue_state", "hold_reason")
    with unit_of_work(world.database) as unit:
        for number, text in enumerate(odd):
            values = {column: text for column in texts if column not in enums}
            people = [
                create_member(f"x{number}", display_name=text, call_sid=text, application_data={"key": text or ""})
            ]
            now = world.now()
            row = {**values, "id": ids.new_id(), "console_data": text, "date_created": now, "date_last_modified": now}
            session.insert(unit, row, people, [LogRow(now, text or "")])
    before = every(world.database)
    assert {row.display_name for row in before} == set(odd)
    target = tmp_path / f"sessions.{name}"
    run(world, "export", "--output", str(target), "--format", name)
    with unit_of_work(world.database) as unit:
        for table in ("sessions", "session_members", "session_log"):
            unit.execute(f"DELETE FROM {table} WHERE 1 = 1")
    run(world, "import", str(target))
    assert every(world.database) == before


def test_standard_output_and_input(filled: World) -> None:
    result = run(filled, "export")
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(records) == 8
    assert {record["displayName"] for record in records if "displayName" in record} == {f"{NAME} {n}" for n in range(7)}
    assert "0 sessions, 8 existed" in run(filled, "import", input=result.stdout).output
    assert len(run(filled, "export", "--since", "2026-11-23").stdout.splitlines()) == 8
    assert run(filled, "export", "--since", "2026-11-24").stdout == ""
    for wrong in ("yesterday", "2026-1-5", "20261123", "2026-W48-1", "2026-11-23T00:00:00Z"):
        assert "is not a day as YYYY-MM-DD" in run(filled, "export", "--since", wrong, status=2).output


@pytest.mark.parametrize("name", [*FORMATS, "CSV"])
def test_the_suffix_of_the_output_is_the_format(filled: World, tmp_path: Path, name: str) -> None:
    target = tmp_path / f"sessions.{name}"
    run(filled, "export", "--output", str(target))
    assert target.read_bytes() == run(filled, "export", "--format", name.lower()).stdout_bytes
    assert target.stat().st_mode & 0o777 == 0o600


def test_an_export_replaces_no_file(filled: World, tmp_path: Path) -> None:
    target = tmp_path / "sessions.csv"
    target.write_text("mine")
    run_of_export = run(filled, "export", "--output", str(target), status=1)
    assert run_of_export.stderr == f"gateway: {target} exists; choose another file, or add --overwrite to replace it\n"
    assert target.read_text() == "mine"
    run(filled, "export", "--output", str(target), "--overwrite")
    assert target.read_text().startswith("ParentSessionId,")
    odd = run(filled, "export", "--output", str(tmp_path / "sessions.xlsx"), status=1).stderr
    assert "names no format: use .jsonl, .csv, .jsv, or --format" in odd
    error_text = run(filled, "export", "--output", str(tmp_path / "none" / "x.csv"), status=1).stderr
    assert error_text.endswith("x.csv.part: No such file or directory\n")


def test_an_export_begins_with_the_days_first_instant(world: World) -> None:
    with unit_of_work(world.database) as unit:
        for moment in ("2026-11-22T23:59:59.999999Z", "2026-11-23T00:00:00.000000Z"):
            session.insert(unit, {"id": ids.new_id(), "date_created": moment, "date_last_modified": moment}, [], [])
    (line,) = run(world, "export", "--since", "2026-11-23").stdout.splitlines()
    assert json.loads(line)["dateCreated"] == "2026-11-23T00:00:00.000000Z"


def test_an_export_goes_on_where_it_ended(filled: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "BLOCK", 3)
    complete = tmp_path / "whole.csv"
    run(filled, "export", "--format", "csv", "--output", str(complete))
    target = tmp_path / "parts.csv"
    record = transfer._record
    seen = 0

    def interrupt(row: Any, archived: bool) -> Any:
        nonlocal seen
        seen += 1
        if seen == 5:
            raise KeyboardInterrupt
        return record(row, archived)

    monkeypatch.setattr(transfer, "_record", interrupt)
    run(filled, "export", "--format", "csv", "--output", str(target), status=1)
    assert not target.exists()
    part = target.with_name("parts.csv.part")
    part.write_bytes(part.read_bytes() + b"half a rec")
    monkeypatch.setattr(transfer, "_record", record)
    assert "other options" in run(filled, "export", "--format", "jsv", "--output", str(target), status=1).output
    assert "exported 8" in run(filled, "export", "--format", "csv", "--output", str(target)).output
    assert target.read_bytes() == complete.read_bytes()
    assert not list(tmp_path.glob("*.part*"))


#: An export that stops for ever after three blocks.
_STOPS = """
import itertools, time
from gateway.cli import main
from gateway.sessions import transfer
transfer.BLOCK = 2
export = transfer.export
def stops(*given):
    yield from itertools.islice(export(*given), 3)
    time.sleep(600)
transfer.export = stops
main()
"""


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_that_was_killed_goes_on(filled: World, tmp_path: Path, name: str) -> None:
    complete, target = tmp_path / f"whole.{name}", tmp_path / f"killed.{name}"
    run(filled, "export", "--format", name, "--output", str(complete))
    command = [sys.executable, "-c", _STOPS, "sessions", "export", "--format", name, "--output", str(target)]
    process = subprocess.Popen(command, env={**os.environ, **environment(filled)}, stderr=subprocess.DEVNULL)
    state = target.with_name(f"{target.name}.part.state")
    wait_until(lambda: state.exists() and json.loads(state.read_text())["done"] == 6, "three blocks", process)
    process.kill()
    process.wait()
    assert not target.exists()
    assert "exported 8" in run(filled, "export", "--format", name, "--output", str(target)).output
    assert target.read_bytes() == complete.read_bytes()


@pytest.mark.parametrize("name", FORMATS)
def test_an_import_that_was_killed_goes_on(
    filled: World, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks of it are stored, whole; the rest comes when it is repeated."""
    before = every(filled.database)
    complete = tmp_path / f"whole.{name}"
    run(filled, "export", "--format", name, "--output", str(complete))
    with unit_of_work(filled.database) as unit:
        for table in ("sessions", "session_members", "session_log"):
            unit.execute(f"DELETE FROM {table} WHERE 1 = 1")
    code = "from gateway.sessions import transfer; transfer.BLOCK = 2; from gateway.cli import main; main()"
    command = [sys.executable, "-c", code, "sessions", "import", "--format", name]
    process = subprocess.Popen(
        command, env={**os.environ, **environment(filled)}, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdin is not None
    process.stdin.write(complete.read_bytes()[:-40])
    process.stdin.flush()
    wait_until(lambda: filled.count("sessions") == 6, "three blocks", process)
    process.kill()
    process.wait()
    process.stdin.close()
    assert "imported 2 sessions, 6 existed already" in run(filled, "import", str(complete)).output
    assert every(filled.database) == [row._replace(version=1) for row in before]


def test_bars_are_for_terminals(filled: World, tmp_path: Path) -> None:
    def read_terminal(*arguments: str) -> str:
        reading_end, writing_end = pty.openpty()
        command = [sys.executable, "-m", "gateway", "sessions", *arguments]
        subprocess.run(command, env={**os.environ, **environment(filled)}, stderr=writing_end, check=True)
        os.close(writing_end)
        text = b""
        with contextlib.suppress(OSError), open(reading_end, "rb", buffering=0) as terminal:
            while block := terminal.read(4096):
                text += block
        return text.decode()

    target = str(tmp_path / "sessions.csv")
    assert re.search(r"exporting  \[#+\]  100%", read_terminal("export", "--format", "csv", "--output", target))
    assert re.search(r"importing  \[#+\]  100%", read_terminal("import", target))
    assert re.search(r"archiving  \[", read_terminal("archive", "--older-than", "1d"))
    assert run(filled, "export", "--output", target, "--overwrite").output == "exported 8 sessions\n"


def test_an_import_names_the_invalid_record(filled: World, tmp_path: Path) -> None:
    lines = run(filled, "export").stdout.splitlines()
    good = json.loads(lines[0]) | {"id": "new"}
    for bad, words in (
        ({**good, "id": None}, "record 2: a session has an id"),
        ({**good, "id": "n2", "channel": "Telex"}, "record 2: 'Telex' is an Invalid value for 'channel'"),
        ({**good, "id": "n2", "displayName": "x" * 256}, "record 2: display_name has more than 255"),
        ({**good, "id": "n2", "dateCreated": "yesterday"}, "record 2:"),
        ({**good, "id": "n2", "members": [{"identity": "a"}, {"identity": "a"}]}, "record 2: a member is there once"),
        ({**good, "id": "n2", "members": [{}]}, "record 2: a member has an identity"),
    ):
        text = json.dumps(good) + "\n" + json.dumps(bad) + "\n"
        assert words in run(filled, "import", input=text, status=1).output
    assert "record 2 can't be read" in run(filled, "import", input=json.dumps(good) + "\n{nonsense\n", status=1).output
    assert filled.count("sessions") == 8


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda text: text[:-40], "record 8 can't be read: fewer cells"),
        (lambda text: text + b"a,b\r\n", "record 9 can't be read: fewer cells"),
        (lambda text: text[:-2] + b",more\r\n", "record 8 can't be read: more cells"),
        (lambda text: text + b'"never closed\r\n', "record 9 can't be read: a quote is not closed"),
        (lambda text: text + b'a"b,c\r\n"', "record 9 can't be read: a quote inside a cell"),
        (lambda text: text + b"\xff\r\n", "record 9 can't be read: 'utf-8'"),
        (lambda text: b'a"' + text, "the header can't be read"),
    ],
)
def test_a_table_that_is_damaged(
    filled: World, damage: Callable[[bytes], bytes], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = run(filled, "export", "--format", "csv").stdout_bytes
    assert words in run(filled, "import", "--format", "csv", input=damage(table), status=1).output
    assert filled.count("sessions") == 8
    for name in ("csv", "jsv"):
        monkeypatch.setattr(formats, "_LIMITS", Limits(bytes=200))
        long = b'"' + b"x\r\n" * 100
        assert "is longer than 200 bytes" in run(filled, "import", "--format", name, input=long, status=1).output


def test_archive(world: World, people: People) -> None:
    old, touched, dead, new = (world.call(people.ada, "NewSession").id for _ in range(4))
    world.call(people.ada, "EndSession", {"sessionId": old})
    with unit_of_work(world.database) as unit:
        unit.execute(f"UPDATE sessions SET date_created = '2020-01-01T00:00:00.000000Z' WHERE id <> '{new}'")
        unit.execute(f"UPDATE sessions SET date_last_modified = date_created WHERE id = '{dead}'")
        unit.execute(f"UPDATE sessions SET date_last_modified = '2099-01-01T00:00:00.000000Z' WHERE id = '{touched}'")
    assert "2 sessions would be archived" in run(world, "archive", "--older-than", "90d", "--dry-run").output
    assert "archived 2 sessions" in run(world, "archive", "--older-than", "90d").output
    assert "archived 0 sessions" in run(world, "archive", "--older-than", "90d").output
    live = world.call(people.ada, "ListSessions").items
    archived = world.call(people.ada, "ListSessions", {"searchArchive": "true"}).items
    assert {row.id for row in live} == {touched, new}
    assert {row.id for row in archived} == {old, dead}
    assert dead not in {row.id for row in world.call(people.ada, "GetMySessions").sessions}
    assert world.call(people.ada, "GetSession", {"sessionId": old}).ended
    assert "is no age" in run(world, "archive", "--older-than", "soon", status=2).output


def test_blocks_follow_each_other(filled: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "BLOCK", 2)
    records = [record for block in transfer.export(filled.database, None, None) for record in block]
    assert len(records) == 8
    assert [record.archived for record in records] == [False] * 7 + [True]
    for index, record in enumerate(records):
        rest = [
            record.id
            for block in transfer.export(filled.database, None, transfer.get_position(record))
            for record in block
        ]
        assert rest == [record.id for record in records[index + 1 :]]
    with unit_of_work(filled.database, write=False) as unit:
        assert session.get(unit, records[0].id) is not None
