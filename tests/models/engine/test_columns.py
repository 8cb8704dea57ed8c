"""Ids, column types and statements."""

from __future__ import annotations

import re
import time
from typing import Any

import peewee
import pytest

from models import Database, Unit
from models.engine import ids
from models.engine.fields import InstantField, JsonField
from models.engine.statements import Statement, insert_or_lock, param
from models.sessions.tables import Account
from models.users.tables import IdempotencyKey

NOW = "2026-11-23T08:15:30.123456Z"


class TestIds:
    """UUIDs of version 7."""

    def test_form(self) -> None:
        new_ids = [ids.new_id() for _ in range(1000)]
        assert len(set(new_ids)) == 1000
        assert all(re.fullmatch(r"[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}", new_id) for new_id in new_ids)
        assert len(new_ids[0]) == ids.LENGTH

    def test_sorted_by_time(self) -> None:
        first = ids.new_id()
        time.sleep(0.003)
        assert first < ids.new_id()

    def test_nobody_guesses_the_next(self) -> None:
        """Ids of one millisecond share no more than their time."""
        suffixes = [ids.new_id()[13:] for _ in range(200)]
        assert len({suffix[:3] for suffix in suffixes}) > 100
        assert len({suffix[-8:] for suffix in suffixes}) == 200


class TestFields:
    """The same on each engine."""

    @pytest.mark.parametrize(
        "text",
        [
            "2026-11-23T08:15:30.123456",
            "2026-11-23T08:15:30.123456+00:00",
            "2026-11-23 08:15:30.123456Z",
            "2026-11-23T08:15:30.123Z",
            "2026-11-23T08:15:30Z",
            "2026-11-23",
            "",
            "now",
            " 2026-11-23T08:15:30.123456Z",
            "2026-11-23T08:15:30.123456Z\n",
        ],
    )
    def test_instants_have_one_form(self, text: str) -> None:
        with pytest.raises(ValueError, match="no instant"):
            InstantField().db_value(text)

    def test_instants(self) -> None:
        assert InstantField().db_value(NOW) == NOW
        assert InstantField().db_value(None) is None

    @pytest.mark.parametrize("value", [None, {}, [], {"k": "v😀", "ü": '"'}, ["a", "b"], "text"])
    def test_json(self, value: Any) -> None:
        field = JsonField()
        assert field.python_value(field.db_value(value)) == value


class TestStatements:
    """Built once for each dialect, run with parameters."""

    def test_built_once(self, database: Database) -> None:
        builds = []

        def build() -> Any:
            builds.append(1)
            return Account.select(Account.name).where((Account.id == param("id")) & (Account.name != "fixed")).limit(3)

        statement = Statement(build)
        with database.unit_of_work() as unit:
            for number in range(3):
                assert statement.row(unit, id=str(number)) is None
                assert statement.rows(unit, id=str(number)) == []
        assert builds == [1]

    def test_values_are_never_part_of_the_text(self, unit: Unit) -> None:
        required_columns = {
            "name_folded": "x",
            "parent_account_id": None,
            "date_created": NOW,
            "date_last_modified": NOW,
        }
        columns = {**required_columns, "created_by": None, "last_modified_by": None}
        insert = Statement(
            lambda: Account.insert({getattr(Account, name): param(name) for name in ("id", "name", *columns)})
        )
        texts = ["'; DROP TABLE accounts; --", "%s %(x)s ? :1 \\", '"`']
        for text in texts:
            insert.execute(unit, id=text, name=text, **columns)
        find = Statement(lambda: Account.select(Account.name).where(Account.id == param("id")))
        assert [find.row(unit, id=text) for text in texts] == [(text,) for text in texts]
        assert [find.run(unit, (text,)).fetchone() for text in texts] == [(text,) for text in texts]

    def test_a_missing_value_is_an_error(self, unit: Unit) -> None:
        statement = Statement(
            lambda: Account.select().where((Account.id == param("id")) & (Account.name == param("name")))
        )
        with pytest.raises(KeyError):
            statement.rows(unit, id="x")

    def test_insert_or_lock(self, unit: Unit) -> None:
        statement = insert_or_lock(IdempotencyKey, ("user_id", "operation", "key", "date_created"))
        row = {"user_id": "u", "operation": "o", "date_created": NOW}
        assert statement.execute(unit, key="k", **row).rowcount == 1
        assert statement.execute(unit, key="k", **{**row, "date_created": "2026-01-01T00:00:00.000000Z"}).rowcount == 0
        assert statement.execute(unit, key="K", **row).rowcount == 1
        select = Statement(lambda: IdempotencyKey.select(peewee.fn.MIN(IdempotencyKey.date_created)))
        assert select.row(unit) == (NOW,)
