"""The steps of the guide work as they are written."""

from __future__ import annotations

import re
import shlex
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
