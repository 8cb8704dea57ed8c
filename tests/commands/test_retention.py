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
from tests.models.conftest import member
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
    lines = [LogRow(created, f"Session created by {each}") for each in identities]
    with unit_of_work(world.database) as unit:
        session.insert(unit, row, [member(each) for each in identities], lines)
    return str(row["id"])


def listed(world: World, *, archived: bool) -> set[str]:
    with unit_of_work(world.database, write=False) as unit:
        found = session_list.everything(unit, {"archived": archived}, Order("id", descending=False))
        return {each.id for each in found}


OLD, NEW = "2020-01-01T00:00:00.000000Z", "2026-11-01T00:00:00.000000Z"


def test_old_sessions_of_the_archive_are_purged(world: World) -> None:
    old = {store(world, OLD, "ann", "bob", archived=True) for _ in range(3)}
    live, newer = store(world, OLD, "ann"), store(world, NEW, "ann", archived=True, parent_session_id=min(old))
    assert "3 sessions would be deleted" in run(world, "sessions", "purge", "--older-than", "2y", "--dry-run").output
    assert old < listed(world, archived=True)
    printed = run(world, "sessions", "purge", "--older-than", "2y").output
    assert "deleted 3 sessions" in printed
    assert listed(world, archived=True) == {newer}
    assert live in listed(world, archived=False)
    with unit_of_work(world.database, write=False) as unit:
        for table in ("session_members", "session_log"):
            assert unit.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] == 2
        found = session.get(unit, newer)
        assert found is not None
        assert found.parent_session_id is None
    (line,) = (json.loads(each) for each in printed.splitlines() if "sessions purged" in each)
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
        gone = user.insert(unit, email_address=EMAIL, account_ids=[], roles=["User"], now=OLD)
    named = store(world, NEW, EMAIL, "bob@example.org", from_address=EMAIL, from_name=f"Ann <{EMAIL}>")
    other = store(world, NEW, "bob@example.org")
    made = store(world, NEW, "bob@example.org", created_by=gone.id)

    document = json.loads(run(world, "user", "export", EMAIL).stdout)
    assert document["user"]["emailAddress"] == EMAIL
    assert {each["id"] for each in document["sessions"]} == {named, made}
    assert EMAIL in {each["identity"] for each in document["members"]}
    assert "password" not in json.dumps(document).replace("hasPassword", "")

    assert "2 sessions name" in run(world, "user", "erase", EMAIL, "--dry-run").output
    run(world, "user", "erase", EMAIL, input="n\n", status=1)
    run(world, "user", "export", EMAIL)
    printed = run(world, "user", "erase", EMAIL, "--yes").output
    assert '"user erased"' in printed
    assert '"user deleted"' in printed
    assert "there is no user" in run(world, "user", "export", EMAIL, status=1).output
    with unit_of_work(world.database, write=False) as unit:
        found, untouched = session.get(unit, named), session.get(unit, other)
        assert found is not None
        assert untouched is not None
        assert EMAIL not in repr(found)
        assert (found.from_address, found.from_name, found.version) == ("erased", "Ann <erased>", 2)
        assert {each.identity for each in found.members} == {f"erased {gone.id}", "bob@example.org"}
        assert next(each.message for each in found.log) == "Session created by erased"
        assert untouched.version == 1
        assert retention.sessions_of(unit, "", EMAIL) == []
        text = "SELECT from_folded FROM sessions WHERE id = " + ("?" if unit.dialect == "sqlite" else "%s")
        assert EMAIL not in unit.execute(text, (named,)).fetchone()[0]
