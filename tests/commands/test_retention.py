"""gateway sessions purge, gateway user erase and export, as operators call them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.transactions import unit_of_work
from models.engine import ids
from models.engine.listing import Order
from models.sessions import retention, session, session_list
from models.sessions.session import LogRow
from models.users import user
from tests.models.conftest import create_member
from tests.sessions.conftest import People, World, people, shared_url, world

__all__ = ["people", "shared_url", "world"]


def run(world: World, *arguments: str, status: int = 0, **options: Any) -> Result:
    environment = {
        "GATEWAY_DATABASE_URL": world.url,
        "GATEWAY_LOG": "json",
        "GATEWAY_SECRET": "secret-of-these-tests-0123456789abcdef",
    }
    result = CliRunner().invoke(main, arguments, env=environment, **options)
    assert result.exit_code == status, result.output
    return result


def store(world: World, created: str, *identities: str, archived: bool = False, **values: Any) -> str:
    row = {"id": ids.new_id(), "date_created": created, "date_last_modified": created, "archived": archived, **values}
    lines = [LogRow(created, f"Session created by {identity}") for identity in identities]
    with unit_of_work(world.database) as unit:
        session.insert(unit, row, [create_member(identity) for identity in identities], lines)
    return str(row["id"])


def list_ids(world: World, *, archived: bool) -> set[str]:
    with unit_of_work(world.database, write=False) as unit:
        rows = session_list.everything(unit, {"archived": archived}, Order("id", descending=False))
        return {row.id for row in rows}


OLD, NEW = "2020-01-01T00:00:00.000000Z", "2026-11-01T00:00:00.000000Z"


def test_old_sessions_of_the_archive_are_purged(world: World) -> None:
    old = {store(world, OLD, "ann", "bob", archived=True) for _ in range(3)}
    live, newer = store(world, OLD, "ann"), store(world, NEW, "ann", archived=True, parent_session_id=min(old))
    assert "3 sessions would be deleted" in run(world, "sessions", "purge", "--older-than", "2y", "--dry-run").output
    assert old < list_ids(world, archived=True)
    output = run(world, "sessions", "purge", "--older-than", "2y").output
    assert "deleted 3 sessions" in output
    assert list_ids(world, archived=True) == {newer}
    assert live in list_ids(world, archived=False)
    with unit_of_work(world.database, write=False) as unit:
        for table in ("session_members", "session_log"):
            assert unit.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] == 2
        row = session.get(unit, newer)
        assert row is not None
        assert row.parent_session_id is None
    (line,) = (json.loads(line) for line in output.splitlines() if "sessions purged" in line)
    assert (line["count"], line["user"], line["logger"]) == (3, "command line", "gateway.audit")
    assert "deleted 0 sessions" in run(world, "sessions", "purge", "--older-than", "2y").output


def test_purging_goes_on_in_blocks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.sessions.retention.BLOCK", 2)
    for _ in range(5):
        store(world, OLD, archived=True)
    assert "deleted 5 sessions" in run(world, "sessions", "purge", "--older-than", "2y").output


EMAIL = "gone@example.org"


def test_a_user_is_exported_and_erased(world: World, people: People) -> None:
    with unit_of_work(world.database) as unit:
        user_row = user.insert(unit, email_address=EMAIL, account_ids=[], roles=["User"], now=OLD)
    by_address = store(world, NEW, EMAIL, "bob@example.org", from_address=EMAIL, from_name=f"Ann <{EMAIL}>")
    other = store(world, NEW, "bob@example.org")
    by_creator = store(world, NEW, "bob@example.org", created_by=user_row.id)

    document = json.loads(run(world, "user", "export", EMAIL).stdout)
    assert document["user"]["emailAddress"] == EMAIL
    assert {row["id"] for row in document["sessions"]} == {by_address, by_creator}
    assert EMAIL in {row["identity"] for row in document["members"]}
    assert "password" not in json.dumps(document).replace("hasPassword", "")

    assert "2 sessions name" in run(world, "user", "erase", EMAIL, "--dry-run").output
    run(world, "user", "erase", EMAIL, input="n\n", status=1)
    run(world, "user", "export", EMAIL)
    output = run(world, "user", "erase", EMAIL, "--yes").output
    assert '"user erased"' in output
    assert '"user deleted"' in output
    assert "there is no user" in run(world, "user", "export", EMAIL, status=1).output
    with unit_of_work(world.database, write=False) as unit:
        erased, untouched = session.get(unit, by_address), session.get(unit, other)
        assert erased is not None
        assert untouched is not None
        assert EMAIL not in repr(erased)
        assert (erased.from_address, erased.from_name, erased.version) == ("erased", "Ann <erased>", 2)
        assert {row.identity for row in erased.members} == {f"erased {user_row.id}", "bob@example.org"}
        assert next(row.message for row in erased.log) == "Session created by erased"
        assert untouched.version == 1
        assert retention.list_sessions_of(unit, "", EMAIL) == []
        text = "SELECT from_folded FROM sessions WHERE id = " + ("?" if unit.dialect == "sqlite" else "%s")
        assert EMAIL not in unit.execute(text, (by_address,)).fetchone()[0]
