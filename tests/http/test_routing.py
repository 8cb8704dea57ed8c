"""Routing: literals in any letter case, variables as they are."""

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import falcon
import pytest
from falcon import testing

from gateway import ANYONE, Events, Service, Users, fields
from gateway.contract.catalog import SIGNED_IN, Catalog
from gateway.contract.dto import Dto
from gateway.errors import CatalogError
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
    _, _, found_variables, uri_template = router.find(path)
    assert (uri_template, found_variables) == (template, variables)


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


def _make_handler(name: str) -> Callable[[Any, Any], str]:
    return lambda request, _: " ".join([name, *vars(request).values()])


def make_shop() -> Service:
    """A service whose routes overlap."""
    shop = Service("Shop")
    for number, (verbs, path) in enumerate(
        [
            ("POST", "/files/upload"),
            ("GET", "/files/{Path*}"),
            ("DELETE", "/files/{Folder}/{Path*}"),
            ("PUT", "/files/{Name}"),
            ("GET", "/things/{Id}"),
            ("DELETE", "/things/latest"),
            ("PATCH", "/THINGS/{Name}"),
        ]
    ):
        name = f"Op{number}"
        fields_of = {
            segment.strip("{}*").lower(): fields.String() for segment in path.split("/") if segment.startswith("{")
        }
        dto = type(name, (Dto,), {"__module__": __name__, "dotnet_namespace": "Shop", **fields_of})
        shop.operation(verbs, path, returns=str, access=ANYONE)(dto)
        shop.handles(dto)(_make_handler(name))
    return shop


@pytest.mark.parametrize(
    ("verb", "path", "response"),
    [
        ("POST", "/files/upload", "Op0"),
        ("POST", "/FILES/Upload", "Op0"),
        ("GET", "/files/upload", "Op1 upload"),
        ("GET", "/files/a/B/c", "Op1 a/B/c"),
        ("DELETE", "/files/a/B/c", "Op2 a B/c"),
        ("PUT", "/files/upload", "Op3 upload"),
        ("GET", "/things/latest", "Op4 latest"),
        ("GET", "/things/7", "Op4 7"),
        ("DELETE", "/things/LATEST", "Op5"),
        ("PATCH", "/things/Latest", "Op6 Latest"),
        ("POST", "/things/latest", ""),
        ("POST", "/files/a", ""),
    ],
)
def test_of_the_routes_of_a_path_those_count_that_take_the_verb(verb: str, path: str, response: str) -> None:
    with make_shop().client() as client:
        result = client.request(verb, path, headers={"Accept": "application/json"})
    assert (result.status_code, result.json if response else "") == ((200, response) if response else (405, ""))


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/files/upload", "DELETE GET HEAD POST PUT"),
        ("/files", "GET HEAD"),
        ("/files/a/b", "DELETE GET HEAD"),
        ("/things/latest", "DELETE GET HEAD PATCH"),
        ("/things/7", "GET HEAD PATCH"),
    ],
)
def test_the_verbs_of_all_routes_of_a_path_are_allowed(path: str, allowed: str) -> None:
    with make_shop().client() as client:
        refused = client.request("TRACE", path)
        assert refused.status_code == 405
        assert {*refused.headers["Allow"].split(", ")} == {*allowed.split(), "OPTIONS"}
        request, options = testing.create_req(path=path, method="OPTIONS"), falcon.Response()
        router: Any = client.app._router
        router.find(path, request)[1]["OPTIONS"](request, options)
        assert {*str(options.get_header("Allow")).split(", ")} == {*allowed.split()}


def test_a_path_beside_a_literal_may_be_that_of_a_variable(router: routing.CaselessRouter) -> None:
    assert router.find("/sessions/my/messages")[2:] == ({"v0": "my"}, "/sessions/{v0}/messages")


def _respond(number: str, request: Any, _: Any) -> str:
    return f"{number} {request.x} {request.y}"


def _make_service(*paths: str) -> Service:
    """A service with an operation at each path."""
    service, metaclass = Service("Paths"), cast("Any", type(Dto))
    for number, path in enumerate(paths):
        members = {name: fields.String() for name in ("x", "y")}
        dto = metaclass(f"At{number}", (Dto,), {"__module__": __name__, **members})
        service.get(path, returns=str, access=ANYONE)(dto)
        service.handles(dto)(partial(_respond, str(number)))
    return service


@pytest.mark.parametrize(
    ("declared", "path", "expected"),
    [
        ("/api/{X}/items", "/api/one/items", "0 one None"),
        ("/API/{X}/{Y}", "/api/one/Two", "0 one Two"),
        ("/types/{X}/of", "/types/one/of", "0 one None"),
        ("/json/reply/{X}/more", "/json/reply/one/more", "0 one None"),
        ("/ends/", "/ends", "0 None None"),
        ("/ends/", "/ends/", "0 None None"),
        ("/ends/{X}/", "/Ends/one/", "0 one None"),
    ],
)
def test_paths_that_begin_like_the_servers_own_or_end_in_a_slash(declared: str, path: str, expected: str) -> None:
    with _make_service(declared).client() as client:
        assert client.get(path).json == expected
        assert client.get("/api/At0?x=a").json == "0 a None"
        assert client.get("/json/reply/At0?y=a").json == "0 None a"
        assert client.get("/types/csharp").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/{X}",
        "/json/reply/{X}",
        "/application/xml/oneway/{X}",
        "/types/{X}",
        "/types",
        "/Health",
        "/ready/",
        "/metadata",
        "/metadata/app",
        "/openapi",
        "/openapi.json",
        "/types/metadata.json",
        "/explorer",
        "/csv/metadata",
        "/operations/metadata",
    ],
)
def test_paths_of_the_server_itself_are_refused(path: str) -> None:
    with pytest.raises(CatalogError) as raised:
        _make_service("/fine", path, path.rstrip("/") + "/{Y}/y").client()
    assert str(raised.value) == f"At1: GET {path} is a path of the server itself; choose another path"


def test_every_path_of_the_server_is_named_at_once() -> None:
    with pytest.raises(CatalogError) as raised:
        _make_service("/health", "/ready").client()
    assert [line.partition(":")[0] for line in str(raised.value).splitlines()] == ["At0", "At1"]


def test_paths_of_events_and_users_are_refused_in_services_that_have_them() -> None:
    with _make_service("/event-stream", "/auth", "/login").client() as client:
        assert [client.get(path).json for path in ("/event-stream", "/auth", "/login")] == [
            f"{number} None None" for number in range(3)
        ]
    events, users = _make_service("/event-stream"), _make_service("/auth")
    for service in (events, users):
        service.use(Users())
    events.use(Events())
    for check in (events.client, events.check_paths):
        with pytest.raises(CatalogError, match="At0: GET /event-stream is a path of the server itself"):
            check()
    _make_service("/event-stream", "/").check_paths()
    with pytest.raises(CatalogError, match="are both at GET /auth"):
        users.client()


@pytest.mark.parametrize("path", ["/", "/docs", "/ui", "/ui/{X}", "/swagger-ui", "/metrics", "/login", "/logout"])
def test_an_operation_may_be_in_place_of_a_page(path: str) -> None:
    service = _make_service(path)
    service.use(Users())
    with service.client() as client:
        assert client.get(path.replace("{X}", "a")).json == f"0 {'a' if 'X' in path else None} None"


@pytest.mark.parametrize("path", ["/health", "/types/{X}", "/"])
def test_an_operation_may_have_another_verb_at_a_path_of_the_server(path: str) -> None:
    service, dto = (
        Service("Verbs"),
        cast("Any", type(Dto))("At0", (Dto,), {"__module__": __name__, "x": fields.String()}),
    )
    service.post(path, returns=str, access=ANYONE)(dto)
    service.handles(dto)(lambda request, _: f"posted {request.x}")
    with service.client() as client:
        assert client.post(path.replace("{X}", "csharp")).json.startswith("posted ")
        assert client.get("/").json["metadata"].endswith("/metadata")
        assert client.get("/health").json == {"status": "ok"}
        assert "class At0" in client.get("/types/csharp").text


_BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("path", "accept", "media_type"),
    [
        ("/report.csv", "", "text/csv"),
        ("/Report.CSV/", "*/*", "text/csv"),
        ("/report%2Ecsv", "*/*", "application/json"),
        ("/report.csv", _BROWSER, "text/csv"),
        ("/report.csv", "application/json", "application/json"),
        ("/report.csv", "application/jsv, */*", "application/jsv"),
        ("/report.csv?format=xml", "application/json", "application/xml"),
        ("/report.csv?format=html", "", "text/html"),
        ("/report.csv.jsv", _BROWSER, "application/jsv"),
        ("/of/one/feed.xml", "", "application/xml"),
        ("/of/one/feed.xml", _BROWSER, "application/xml"),
    ],
)
def test_a_declared_path_may_end_in_the_suffix_of_a_format(path: str, accept: str, media_type: str) -> None:
    with _make_service("/report.csv", "/of/{X}/feed.xml", "/report", "/of/{X}/{Y}").client() as client:
        response = client.get(path, headers={"Accept": accept} if accept else {})
        assert response.headers["Content-Type"].partition(";")[0] == media_type
        assert ("0 None None" if "report" in path.lower() else "1 one None") in response.text
        assert "2 None None" in client.get("/report.xml").text
        assert "3 one other" in client.get("/of/one/other.xml").text


def test_two_operations_are_not_told_apart_by_a_slash() -> None:
    with pytest.raises(CatalogError, match="are both at GET"):
        _make_service("/a/", "/a").client()
