"""A service with its server events alone, as `gateway events` serves it."""

from __future__ import annotations

import pytest

from gateway import ANYONE, Dto, Events, Principal, Service
from gateway.errors import CatalogError

NAMESPACE = "Tests.OnlyEvents"


@pytest.fixture
def service() -> Service:
    shop = Service("Shop", authenticate=lambda credentials: Principal.of("ada") if credentials.bearer else None)
    shop.use(Events())

    @shop.get("/orders", access=ANYONE)
    class Orders(Dto):
        pass

    shop.handles(Orders)(lambda _request, _context: None)
    return shop


def test_the_addresses_of_events_and_no_others(service: Service) -> None:
    with service.only_events().client("ada") as client:
        assert client.get("/event-subscribers.json").json == []
        assert client.request("HEAD", "/event-stream").status_code == 200
        assert client.post("/event-heartbeat?id=x").status_code == 404
        assert client.post("/event-subscribers/x", json={"subscribeChannels": ["a"]}).status_code == 404
        assert client.get("/health").status_code == 200
        for path in ("/orders", "/", "/metadata", "/types/csharp", "/openapi.json", "/explorer", "/auth"):
            response = client.get(path)
            assert response.status_code == 404, path
            assert "This process serves server events only" in response.json["responseStatus"]["message"]
        assert "does not exist" in client.get("/json/reply/Orders").json["responseStatus"]["message"]
    # The service itself has everything.
    with service.client("ada") as client:
        assert client.get("/orders").status_code == 204
        assert client.get("/metadata").status_code == 200


def test_a_service_without_events() -> None:
    with pytest.raises(CatalogError, match=r"^Shop sends no events: add use\(Events\(\)\)$"):
        Service("Shop").only_events()
