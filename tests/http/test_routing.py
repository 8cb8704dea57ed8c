"""Routing: literals in any letter case, variables as they are."""

import pytest

from gateway.contract.catalog import SIGNED_IN, Catalog
from gateway.contract.dto import Dto
from gateway.http import routing


class Resource:
    def on_get(self, request: object, response: object) -> None: ...


@pytest.fixture
def router() -> routing.CaselessRouter:
    router = routing.CaselessRouter()
    for path in ("/sessions", "/sessions/my", "/sessions/{v0}", "/sessions/{v0}/messages"):
        router.add_route(path, Resource())
    return router


@pytest.mark.parametrize(
    ("path", "template", "variables"),
    [
        ("/SESSIONS", "/sessions", {}),
        ("/Sessions/My", "/sessions/my", {}),
        ("/sessions/Abc", "/sessions/{v0}", {"v0": "Abc"}),
        ("/sessions/MESSAGES", "/sessions/{v0}", {"v0": "MESSAGES"}),
        ("/sessions/Abc/Messages", "/sessions/{v0}/messages", {"v0": "Abc"}),
    ],
)
def test_letter_case(router: routing.CaselessRouter, path: str, template: str, variables: dict[str, str]) -> None:
    _, _, found, uri_template = router.find(path)
    assert (uri_template, found) == (template, variables)


@pytest.mark.parametrize("path", ["/", "/session", "/sessions/a/b", "/sessions/my/messages/x"])
def test_unknown_paths(router: routing.CaselessRouter, path: str) -> None:
    assert router.find(path) is None


def test_a_verb_of_its_own_beats_any() -> None:
    catalog = Catalog()

    @catalog.operation("ANY", "/messages", access=SIGNED_IN)
    class Send(Dto):
        pass

    @catalog.operation("GET", "/Messages", access=SIGNED_IN)
    class Read(Dto):
        pass

    ((path, verbs),) = routing.table(catalog)
    assert path == "/messages"
    assert verbs["GET"][0].dto is Read
    assert verbs["POST"][0].dto is Send


def test_templates_number_their_variables() -> None:
    assert routing.template("/Sessions/{SessionId}/members/{memberId}") == (
        "/sessions/{v0}/members/{v1}",
        ("SessionId", "memberId"),
    )
