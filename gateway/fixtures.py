"""A pytest plugin: a fixture for the tests of services. It is there wherever the gateway is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from gateway.calls import Principal
    from gateway.http.testing import Client
    from gateway.service import Service


class ServiceClient(Protocol):
    """Makes clients of services."""

    def __call__(self, service: Service, as_: Principal | str | None = None) -> Client:
        """Return a client that is closed when the test ends (`gateway.Service.client`)."""
        ...


@pytest.fixture
def service_client() -> Iterator[ServiceClient]:
    """Makes clients of a service, ``service_client(shop, as_="ada")``, and closes them when the test ends."""
    with ExitStack() as opened:

        def make(service: Service, as_: Principal | str | None = None) -> Client:
            return opened.enter_context(service.client(as_))

        yield make
