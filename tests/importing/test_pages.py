"""Metadata pages: as text that a browser copies, and as HTML."""

from __future__ import annotations

import pytest

from gateway.contract.catalog import Access, Route
from gateway.contract.typeinfo import Contract, TypeRef
from gateway.importing.drafts import ImportFailed
from gateway.sessions.service import service
from tests.importing import contracts
from tests.importing.test_languages import LOST, find_differences

PAGE = contracts.CORPUS.parent / "newsession-page.txt"


def describe_new_session() -> Contract:
    """The operation of the page, as the sessions API declares it."""
    contract = contracts.remove_lengths(contracts.describe_sessions())
    roots = [TypeRef("record", "NewSession"), TypeRef("record", "SessionInfo")]
    return Contract((contract.by_name["NewSession"],), contract.reachable(roots))


def test_the_page_of_the_original() -> None:
    imported = contracts.read(PAGE.read_text())
    assert imported.kind == "metadata page with types in Java"
    assert {difference for difference, _ in find_differences(describe_new_session(), imported.contract)} == {
        "namespace"
    }
    assert [*imported.contract.types] == [*describe_new_session().types]
    (operation,) = imported.contract.operations
    assert operation.routes == (Route(("POST",), "/sessions"),)
    assert operation.access == Access(all_of=("User",))
    assert operation.returns == TypeRef("record", "SessionInfo")
    assert [*imported.losses.lines()] == [
        "1 x namespaces, which the document does not say: all types are in one: Imported"
    ]
    declared_contract = contracts.declare(imported.contract)
    assert contracts.make_comparable(declared_contract) == contracts.make_comparable(imported.contract)


@pytest.mark.parametrize("format_name", ["jsv", "xml"])
@pytest.mark.parametrize("language", [language for language in LOST if language != "mjs"])
def test_the_pages_of_the_sessions_api(language: str, format_name: str) -> None:
    with service.client() as client:
        text = client.get(f"/{format_name}/metadata?op=NewSession&lang={language}").text
    imported = contracts.read(text)
    assert {difference for difference, _ in find_differences(describe_new_session(), imported.contract)} <= LOST[
        language
    ]
    (operation,) = imported.contract.operations
    assert (operation.routes, operation.returns) == ((Route(("POST",), "/sessions"),), TypeRef("record", "SessionInfo"))
    assert operation.access == Access(all_of=("User",))


def test_an_operation_without_a_response() -> None:
    with service.client() as client:
        text = client.get("/json/metadata?op=EndSession&lang=csharp").text
    (operation,) = contracts.read(text).contract.operations
    assert operation.returns is None
    assert operation.routes[0].path == "/sessions/{SessionId}"


@pytest.mark.parametrize(
    "text",
    [
        "<!doctype html><html><head><title>Log in</title></head><body><form><input name=password></form></body></html>",
        "<html><body><script>export class A { constructor() { } }</script></body></html>",
    ],
)
def test_a_page_without_types(text: str) -> None:
    with pytest.raises(ImportFailed, match=r"has no types: .* a log-in page"):
        contracts.read(text)
