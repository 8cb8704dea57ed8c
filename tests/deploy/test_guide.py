"""The steps of the guide work as they are written."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pymysql
import pytest

from gateway.cli import main
from models import connect
from models.engine import backup, migrations
from tests.databases import OWNERS
from tests.models.conftest import add

ROOT = Path(__file__).parents[2]
DEPLOYMENT, OPERATING = ((ROOT / "docs" / f"{name}.rst").read_text() for name in ("deployment", "operating"))


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a language."""
    found = re.findall(rf"^\.\. code-block:: {language}\n\n((?:    .*\n|\n)+)", page, re.MULTILINE)
    return [re.sub(r"^    ", "", each, flags=re.MULTILINE) for each in found]


@pytest.mark.parametrize("engine", ["mariadb", "mysql"])
def test_the_guides_user_has_every_right_that_is_needed(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server = str(request.getfixturevalue(engine))
    (sql,) = blocks(DEPLOYMENT, "sql")
    # The tests' server is reached by its address, and serves others who may use the guide's names.
    sql = re.sub(r"\bgateway\b", "guide", sql).replace("'localhost'", "'%'").replace("PASSWORD'", "pass-of-the-guide'")
    port = urlsplit(server).port or 0
    with pymysql.connect(host="127.0.0.1", port=port, user="root") as root:
        for statement in filter(str.strip, sql.split(";")):
            root.cursor().execute(statement)
        try:
            database = connect(f"mysql://guide:pass-of-the-guide@127.0.0.1:{port}/guide")
            migrations.apply(database, OWNERS)
            with database.unit_of_work() as unit:
                add(unit, "ann")
            backup.save(database, OWNERS, tmp_path / "copy.db")
            backup.restore(database, OWNERS, tmp_path / "copy.db", replace=True)
            for owner in reversed(OWNERS):
                migrations.downgrade(database, OWNERS, migrations.Target(owner.owner, 0))
            database.dispose()
        finally:
            root.cursor().execute("DROP DATABASE guide")
            root.cursor().execute("DROP USER 'guide'@'%'")


def test_files_that_the_guide_installs_exist() -> None:
    named = re.findall(r"\bdeploy/[\w./-]+\w", DEPLOYMENT + OPERATING)
    assert len(named) > 8
    assert [each for each in named if not (ROOT / each).exists()] == []


def test_commands_of_the_guides_exist() -> None:
    """Each with its options."""
    lines = [line for page in (DEPLOYMENT, OPERATING) for block in blocks(page, "sh") for line in block.splitlines()]
    called = [
        re.sub(r"^.*?\bgateway (?=[a-z])", "", each) for each in lines if re.search(r"(^|bin/)gateway [a-z]", each)
    ]
    assert len(called) >= 7
    for each in called:
        words = shlex.split(each, comments=True)
        command = main.commands[words[0]]
        if hasattr(command, "commands"):
            command = command.commands[words[1]]
        known = {name for parameter in command.params for name in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, each


def test_questions_to_the_log_are_answered(tmp_path: Path) -> None:
    """By the commands of the guide, in a log that has other lines, too."""
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed")
    request = {
        "event": "request",
        "method": "GET",
        "session_id": "ID",
        "user": "U",
        "timestamp": "2026-11-27T09:00:00Z",
    }
    written = [
        request,
        {**request, "method": "DELETE", "operation": "EndSession", "status": 204, "address": "10.0.0.9"},
        {**request, "timestamp": "2026-11-27T10:10:00Z", "level": "warning", "operation": "ListSessions", "ms": 1200},
        {"logger": "gateway.audit", "level": "warning", "event": "log-in failed"},
        {**request, "user": "ID"},
    ]
    lines = ["The database had no administrator. The first one is:", *map(json.dumps, written)]
    (tmp_path / "gateway.log").write_text("\n".join(lines))
    (block,) = [each for each in blocks(OPERATING, "sh") if "jq" in each]
    commands = re.findall(r"^jq .*(?:\n +.*)*", block, re.MULTILINE)
    found = [
        subprocess.run(["sh", "-c", each], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=True).stdout
        for each in commands
    ]
    ended, slow, user, refused = ([json.loads(line) for line in each.splitlines()] for each in found)
    assert ended == [["2026-11-27T09:00:00Z", "EndSession", 204, "U", "10.0.0.9"]]
    assert slow == [["2026-11-27T10:10:00Z", "ListSessions", 1200, None, None, None]]
    assert [each["user"] for each in user] == ["ID"]
    assert [each["event"] for each in refused] == ["log-in failed"]
