"""What a service refuses of its own declarations, and what it makes of the callers that its own function knows."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest

from gateway import ANYONE, SIGNED_IN, Access, Credentials, Dto, Principal, Service, Users, errors, fields
from gateway.calls import Method
from gateway.settings import Settings

NAMESPACE = "Services.Tests"


def authenticate_clerk(_: Credentials) -> Principal:
    return Principal.of("ada", roles=["Clerk"])


def declare(service: Service, **options: Any) -> Service:
    """The service with one operation."""
    dto = type("Thing", (Dto,), {"__module__": __name__})
    service.post("/things", **options)(dto)
    service.handles(dto)(lambda *_: None)
    return service


@pytest.mark.parametrize(
    ("service", "options", "told"),
    [
        (Service("Shop"), {"access": SIGNED_IN}, "Thing needs a caller who is signed in, and the service knows none"),
        (Service("Shop", roles=["Clerk"]), {"role": "Clerk"}, "Thing needs a caller who is signed in"),
        (
            Service("Shop", authenticate=authenticate_clerk),
            {"access": SIGNED_IN, "idempotent": True},
            "Thing can't be idempotent: the service remembers no keys without Users()",
        ),
        (
            Service("Shop", authenticate=authenticate_clerk),
            {"role": "Boss"},
            "Thing needs the role Boss, which does not exist",
        ),
    ],
)
def test_what_is_refused_at_start(service: Service, options: dict[str, Any], told: str) -> None:
    with pytest.raises(errors.CatalogError, match=f"(?m)^{told}"):
        declare(service, **options).application(Settings.from_environment())


def test_what_goes() -> None:
    declare(Service("Shop"), access=ANYONE).check()
    declare(Service("Shop", authenticate=authenticate_clerk), access=SIGNED_IN).check()
    with_users = Service("Shop")
    with_users.use(Users())
    declare(with_users, access=SIGNED_IN, idempotent=True).check()


def test_a_module_without_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was typed into an interpreter."""
    monkeypatch.setitem(sys.modules, "typed", types.ModuleType("typed"))
    service = Service("Typed")
    dto = type("Thing", (Dto,), {"__module__": "typed", "__annotations__": {}})
    service.post("/things", access=ANYONE)(dto)
    service.handles(dto)(lambda *_: None)
    with service.client() as client:
        assert client.get("/metadata").status_code == 200


def test_one_signs_callers_in() -> None:
    with pytest.raises(errors.CatalogError, match="authenticates callers twice"):
        Service("Shop", authenticate=authenticate_clerk).use(Users())


@pytest.mark.parametrize(
    ("shown", "method"),
    [
        (Credentials(api_key="k"), Method.KEY),
        (Credentials(authorization="Bearer t"), Method.OTHER),
        (Credentials(authorization="Bearer t", cookie="a=b"), Method.OTHER),
        (Credentials(cookie="a=b"), Method.COOKIE),
        (Credentials(), Method.OTHER),
    ],
)
def test_how_a_caller_proved_who_it_is(shown: Credentials, method: Method) -> None:
    """Browsers send cookies by themselves, so what changes something is refused to pages of other sites."""
    service = declare(Service("Shop", authenticate=authenticate_clerk), access=SIGNED_IN)
    assert service._callers is not None
    caller = service._callers(Settings.from_environment(), None).authenticate(shown)  # type: ignore[arg-type]
    assert caller is not None
    assert caller.method is method


def authenticate(credentials: Credentials) -> Principal | None:
    """Ada by a good key, token, session or cookie, and Bob by a key of his; other keys are refused."""
    if "good" in (credentials.api_key, credentials.bearer, credentials.session_id, credentials.cookies.get("ticket")):
        return Principal.of("ada")
    if credentials.api_key == "bobs":
        return Principal.of("bob")
    if credentials.api_key:
        raise errors.NotAuthenticated
    return None


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-Api-Key": "good"}, 204),
        ({"X-Api-Key": "good", "Authorization": "Bearer good"}, 204),
        ({"X-Api-Key": "good", "Cookie": "theme=dark"}, 204),
        ({"X-Api-Key": "good", "Cookie": "ticket=good"}, 204),
        ({"X-Api-Key": "junk"}, 401),
        ({"X-Api-Key": "junk", "Authorization": "Bearer good"}, 401),
        ({"X-Api-Key": "bobs", "Authorization": "Bearer good"}, 401),
        ({"X-Api-Key": "junk", "X-ss-id": "good"}, 401),
        ({"X-Api-Key": "junk", "Cookie": "ticket=good"}, 401),
        ({"Authorization": "Bearer good"}, 401),
    ],
)
def test_an_api_key_counts_that_signs_the_caller_in(headers: dict[str, str], status: int) -> None:
    service = declare(Service("Shop", authenticate=authenticate), access=Access(api_key=True))
    with service.client() as client:
        assert client.request("POST", "/things", headers=headers).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Cookie": "ticket=good"}, 403),
        ({"Cookie": "ticket=good", "Authorization": "Bearer junk"}, 403),
        ({"Cookie": "ticket=good", "X-ss-id": "junk"}, 403),
        ({"Cookie": "ticket=good", "X-Api-Key": "junk"}, 403),
        ({"Cookie": "ticket=good", "Authorization": "Bearer good"}, 204),
        ({"Cookie": "theme=dark", "X-ss-id": "good"}, 204),
    ],
)
def test_pages_of_other_sites_change_nothing_by_a_cookie(headers: dict[str, str], status: int) -> None:
    """Credentials that are wrong do not make those of a cookie better."""
    service = declare(Service("Shop", authenticate=authenticate), access=SIGNED_IN)
    with service.client() as client:
        headers = {**headers, "Sec-Fetch-Site": "cross-site"}
        assert client.request("POST", "/things", headers=headers).status_code == status


def test_an_operation_without_verbs_and_route_takes_every_verb() -> None:
    service = Service("Shop")

    @service.operation(returns=str, access=ANYONE)
    class Echo(Dto):
        text = fields.String("What comes back")

    service.handles(Echo)(lambda request, _: str(request.text))
    with service.client() as client:
        for verb in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            assert client.request(verb, "/json/reply/Echo", params={"text": "a"}).json == "a"
        assert client.call(Echo, text="b") == "b"
        for page in (
            "/metadata",
            "/json/metadata?op=Echo",
            "/explorer",
            "/openapi.json",
            "/types/metadata.json",
            "/types/csharp",
        ):
            assert "Echo" in client.get(page).text
        assert client.get("/json/metadata?op=Echo").text.count("POST /api/Echo") == 1
