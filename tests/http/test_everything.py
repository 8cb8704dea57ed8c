"""``all=true``: a list without pages, sent while it is read, in every format."""

from __future__ import annotations

from typing import Any

import pytest
from webtest import TestApp

from gateway.contract.generics import close
from gateway.contract.lists import ListResponse
from gateway.contract.shapes import document_shape
from gateway.sessions.dtos.sessions import SessionInfo
from models import Database
from models.engine.listing import BLOCK
from serializers.registry import default_registry
from tests.models.conftest import add

FORMATS = [serializer for serializer in default_registry() if serializer.readable]
LIST = document_shape(close(ListResponse, SessionInfo))
#: More than are read at once.
COUNT = BLOCK + 7


@pytest.fixture
def filled(client: TestApp, database: Database) -> TestApp:
    """Sessions of one instant: the order is that of their ids."""
    with database.unit_of_work() as unit:
        for number in range(COUNT):
            now = "2026-11-23T08:15:30.123456Z"
            add(unit, "ada", "bob", log=["a", "b"], display_name=f"{number:04}", date_created=now)
    return client


@pytest.mark.parametrize("serializer", FORMATS, ids=lambda serializer: serializer.name)
@pytest.mark.parametrize("query", ["", "&sortField=displayName&sortOrder=Ascend", "&simplifiedPaging=true"])
def test_it_is_one_big_page(filled: TestApp, serializer: Any, query: str) -> None:
    def read(more: str) -> Any:
        response = filled.get(f"/sessions?format={serializer.name}&{more}{query}", status=200)
        assert response.content_type == serializer.media_types[0]
        return serializer.decode(response.body, LIST)

    complete_list, page = read("all=true"), read("countPerPage=1000")
    assert len(complete_list["items"]) == COUNT
    assert complete_list["items"] == page["items"]
    assert complete_list.get("totalCount") == page.get("totalCount")
    assert not complete_list.get("hasMorePages")


@pytest.mark.parametrize("name", [serializer.name for serializer in default_registry()])
def test_a_long_page_that_is_written_in_blocks_is_the_document_that_is_written_at_once(
    filled: TestApp, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_blocks = filled.get(f"/sessions?format={name}&countPerPage=1000")
    monkeypatch.setattr("gateway.http.encoding.BLOCK_ROWS", COUNT)
    at_once = filled.get(f"/sessions?format={name}&countPerPage=1000")
    assert in_blocks.body == at_once.body
    assert in_blocks.headers["Content-Type"] == at_once.headers["Content-Type"]
