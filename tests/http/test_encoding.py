"""Documents that are kept: those of stored rows that did not change, alone and in lists."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from webtest import TestApp

from gateway import ANYONE, Context, Dto, Instance, Service, fields
from gateway.http.encoding import Documents, StoredWriter
from gateway.settings import Settings
from models.engine.caches import Recent

NAMESPACE = "Encoding.Tests"
Row = namedtuple("Row", ["id", "text", "version"])


class Note(Dto):
    """A note"""

    id = fields.String()
    text = fields.String()


class Priced(Dto):
    """A note with a number instead of a text"""

    id = fields.String()
    text = fields.Decimal()


class Numbered(Note):
    """A note whose version its clients see"""

    version = fields.Integer()


def make_page_type(item: type[Dto]) -> type[Dto]:
    """A page of a DTO."""

    class Page(Dto):
        items = fields.List(fields.Nested(item))
        rows = "items"

    return Page


def make_app(read: Callable[[], Any], returns: type[Dto], verb: str = "GET") -> TestApp:
    """A service with one operation, at /do."""
    service = Service("Encoding")

    class Do(Dto):
        name = fields.String()

    service.operation(verb, "/do", returns=returns, access=ANYONE)(Do)

    @service.handles(Do)
    def do(_request: Instance, _context: Context) -> Any:
        return read()

    return TestApp(service.application(Settings.from_environment()))


def read_texts(client: TestApp, verb: str = "GET") -> list[str]:
    """The texts of the first note of the second to the fifth response."""
    documents = [client.request("/do.json", method=verb).json for _ in range(5)]
    return [document["items"][0]["text"] if "items" in document else document["text"] for document in documents[1:]]


class Turns:
    """Returns a value with a later text at every second call."""

    def __init__(self, make: Callable[[str], Any]) -> None:
        self.make = make
        self.calls = 0

    def __call__(self) -> Any:
        self.calls += 1
        return self.make(f"t{self.calls // 2}")


CHANGED = ["t1", "t1", "t2", "t2"]


@pytest.mark.parametrize("wrap", [False, True], ids=["alone", "in a list"])
class TestKept:
    """What is kept, and what is written anew."""

    def make_client(self, make: Callable[[str], Any], returns: type[Dto], *, wrap: bool, verb: str = "GET") -> TestApp:
        make_result = (lambda text: SimpleNamespace(items=[make(text), make(text)])) if wrap else make
        return make_app(Turns(make_result), make_page_type(returns) if wrap else returns, verb)

    def test_another_tuple_of_the_same_version_is_written_anew(self, wrap: bool) -> None:
        client = self.make_client(lambda text: Row("a", text, 1), Note, wrap=wrap)
        assert read_texts(client) == CHANGED

    def test_another_object_of_the_same_version_is_written_anew(self, wrap: bool) -> None:
        """Callers may be shown different attributes of one version."""
        client = self.make_client(lambda text: SimpleNamespace(id="a", text=text, version=1), Note, wrap=wrap)
        assert read_texts(client) == CHANGED

    def test_an_equal_tuple_of_another_text_is_written_anew(self, wrap: bool) -> None:
        client = self.make_client(lambda text: Row("a", Decimal(f"1.0{'0' * int(text[1:])}"), 1), Priced, wrap=wrap)
        bodies = [client.get("/do.json").text for _ in range(5)]
        assert [body.partition('"text":')[2].split("}")[0] for body in bodies] == [
            "1.0",
            "1.00",
            "1.00",
            "1.000",
            "1.000",
        ]

    def test_a_later_version_is_written_anew(self, wrap: bool) -> None:
        client = self.make_client(
            lambda text: SimpleNamespace(id="a", text=text, version=int(text[1:])), Note, wrap=wrap
        )
        assert read_texts(client) == CHANGED

    def test_a_declared_version_is_not_that_of_a_stored_row(self, wrap: bool) -> None:
        client = self.make_client(lambda text: SimpleNamespace(id="a", text=text, version=1), Numbered, wrap=wrap)
        assert read_texts(client) == CHANGED

    @pytest.mark.parametrize("version", [None, "1"])
    def test_a_row_without_a_number_as_version_is_written_anew(self, wrap: bool, version: Any) -> None:
        client = self.make_client(lambda text: SimpleNamespace(id="a", text=text, version=version), Note, wrap=wrap)
        assert read_texts(client) == CHANGED

    def test_what_an_operation_writes_is_written_anew(self, wrap: bool) -> None:
        client = self.make_client(
            lambda text: SimpleNamespace(id="a", text=text, version=1), Note, wrap=wrap, verb="POST"
        )
        assert read_texts(client, "POST") == CHANGED


def test_a_session_is_the_same_alone_and_in_a_list(client: TestApp) -> None:
    session_id = client.post_json("/sessions", {"displayName": "one"}).json["id"]
    for _ in range(3):
        alone, listed = client.get(f"/sessions/{session_id}.jsv").text, client.get("/sessions.jsv").text
    assert alone in listed
    assert client.get("/sessions.json").json["items"] == [client.get(f"/sessions/{session_id}.json").json]
    client.patch_json(f"/sessions/{session_id}", {"consoleData": "changed"})
    for _ in range(3):
        assert client.get("/sessions.json").json["items"] == [client.get(f"/sessions/{session_id}.json").json]
        assert client.get("/sessions.json").json["items"][0]["consoleData"] == "changed"


def test_the_writers_of_all_formats_share_one_bound() -> None:
    documents: Documents = Recent(3)

    def write_json(row: Row) -> bytes:
        return f"json {row.text}".encode()

    def write_xml(row: Row) -> bytes:
        return f"xml {row.text}".encode()

    as_json, as_xml = StoredWriter(write_json, documents), StoredWriter(write_xml, documents)
    rows = [Row(id_, f"text {id_}", 1) for id_ in "abc"]
    for row in rows:
        for _ in range(2):
            assert (as_json(row), as_xml(row)) == (write_json(row), write_xml(row))
    assert len(documents) == 3
