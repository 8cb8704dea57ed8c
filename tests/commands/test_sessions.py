"""gateway sessions archive, export and import, as operators call them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.commands.formats import FORMATS
from gateway.services import transfer
from gateway.units import unit_of_work
from models import Database, session, session_list
from models.listing import Order
from tests.services.conftest import People, World, people, shared_url, world

__all__ = ["people", "shared_url", "world"]

NAME = 'A "quoted", {braced} [name]:\r\nsecond line \N{GRINNING FACE} ü'


def run(world: World, *arguments: str, status: int = 0, **options: Any) -> Result:
    environment = {"GATEWAY_DATABASE_URL": world.url, "GATEWAY_SECRET": "secret-of-these-tests-0123456789abcdef"}
    result = CliRunner().invoke(main, ["sessions", *arguments], env=environment, **options)
    assert result.exit_code == status, result.output
    return result


def every(database: Database) -> list[Any]:
    with unit_of_work(database, write=False) as unit:
        return list(session_list.everything(unit, {}, Order("id", descending=False)))


@pytest.fixture
def filled(world: World, people: People) -> World:
    """Sessions of every kind: texts that need quotes, members, customers, held, ended, archived."""
    customer = world.add_customer(people.acme, NAME)
    made = [
        world.call(people.ada, "NewSession", {"displayName": f"{NAME} {n}", "customerId": customer}).id
        for n in range(7)
    ]
    world.call(people.ada, "NewSession", {"parentSessionId": made[0], "withAddress": "team:1"})
    world.call(people.ada, "InviteChatMember", {"sessionId": made[0], "memberToAdd": "x@example.org"})
    world.call(people.ada, "PatchSession", {"sessionId": made[0], "consoleData": NAME * 3})
    world.call(people.ada, "HoldSession", {"sessionId": made[1], "reason": "Transferring"})
    world.call(people.ada, "EndSession", {"sessionId": made[2]})
    with unit_of_work(world.database) as unit:
        unit.execute(f"UPDATE sessions SET archived = 1 WHERE id = '{made[2]}'")
    return world


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_exported_is_imported(filled: World, people: People, tmp_path: Path, name: str) -> None:
    before = every(filled.database)
    target = tmp_path / f"sessions.{name}"
    assert "exported 8 sessions" in run(filled, "export", "--format", name, "--output", str(target)).output
    assert [each.name for each in tmp_path.glob("sessions.*")] == [target.name]
    with unit_of_work(filled.database) as unit:
        for table in ("sessions", "session_members", "session_log"):
            unit.execute(f"DELETE FROM {table} WHERE 1 = 1")
    assert "imported 8 sessions, 0 were there already" in run(filled, "import", str(target)).output
    assert [each._replace(version=1) for each in before] == every(filled.database)
    assert filled.call(people.ada, "ListSessions", {"searchArchive": True}).total_count == 1
    assert "imported 0 sessions, 8 were there already" in run(filled, "import", str(target)).output


def test_standard_output_and_input(filled: World) -> None:
    result = run(filled, "export")
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(records) == 8
    assert {each["displayName"] for each in records if "displayName" in each} == {f"{NAME} {n}" for n in range(7)}
    assert "0 sessions, 8 were" in run(filled, "import", input=result.stdout).output
    assert run(filled, "export", "--since", "2026-11-24").stdout == ""


def test_an_export_goes_on_where_it_ended(filled: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "BLOCK", 3)
    whole = tmp_path / "whole.csv"
    run(filled, "export", "--format", "csv", "--output", str(whole))
    target = tmp_path / "parts.csv"
    record = transfer._record
    seen = 0

    def ends(row: Any, archived: bool) -> Any:
        nonlocal seen
        seen += 1
        if seen == 5:
            raise KeyboardInterrupt
        return record(row, archived)

    monkeypatch.setattr(transfer, "_record", ends)
    run(filled, "export", "--format", "csv", "--output", str(target), status=1)
    assert not target.exists()
    part = target.with_name("parts.csv.part")
    part.write_bytes(part.read_bytes() + b"half a rec")
    monkeypatch.setattr(transfer, "_record", record)
    assert "other options" in run(filled, "export", "--format", "jsv", "--output", str(target), status=1).output
    assert "exported 8" in run(filled, "export", "--format", "csv", "--output", str(target)).output
    assert target.read_bytes() == whole.read_bytes()
    assert not list(tmp_path.glob("*.part*"))


def test_an_import_says_which_record_is_wrong(filled: World, tmp_path: Path) -> None:
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


def test_archive(world: World, people: People) -> None:
    old, touched, dead, new = (world.call(people.ada, "NewSession").id for _ in range(4))
    world.call(people.ada, "EndSession", {"sessionId": old})
    with unit_of_work(world.database) as unit:
        unit.execute(f"UPDATE sessions SET date_created = '2020-01-01T00:00:00.000000Z' WHERE id <> '{new}'")
        unit.execute(f"UPDATE sessions SET date_last_modified = date_created WHERE id = '{dead}'")
        unit.execute(f"UPDATE sessions SET date_last_modified = '2099-01-01T00:00:00.000000Z' WHERE id = '{touched}'")
    assert "archived 2 sessions" in run(world, "archive", "--older-than", "90d").output
    assert "archived 0 sessions" in run(world, "archive", "--older-than", "90d").output
    live = world.call(people.ada, "ListSessions").items
    archived = world.call(people.ada, "ListSessions", {"searchArchive": "true"}).items
    assert {each.id for each in live} == {touched, new}
    assert {each.id for each in archived} == {old, dead}
    assert dead not in {each.id for each in world.call(people.ada, "GetMySessions").sessions}
    assert world.call(people.ada, "GetSession", {"sessionId": old}).ended
    assert "is no age" in run(world, "archive", "--older-than", "soon", status=2).output


def test_blocks_follow_each_other(filled: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "BLOCK", 2)
    records = [each for block in transfer.export(filled.database, None, None) for each in block]
    assert len(records) == 8
    assert [each.archived for each in records] == [False] * 7 + [True]
    for index, each in enumerate(records):
        rest = [found.id for block in transfer.export(filled.database, None, transfer.place(each)) for found in block]
        assert rest == [found.id for found in records[index + 1 :]]
    with unit_of_work(filled.database, write=False) as unit:
        assert session.get(unit, records[0].id) is not None
