"""A pytest plugin: a fixture for the tests of services. It is available wherever the gateway is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
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
    """Yield a function that makes clients of a service, ``service_client(shop, as_="ada")``; close them when the test ends."""
    with ExitStack() as opened:

        def make(service: Service, as_: Principal | str | None = None) -> Client:
            return opened.enter_context(service.client(as_))

        yield make


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark of tests that replay recorded conversations."""
    config.addinivalue_line(
        "markers",
        "conversations(file): run the test for each conversation of a file that 'gateway front --record' wrote",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each conversation of a file: ``@pytest.mark.conversations("old.jsonl")``, with a parameter ``conversation``.

    A file's path is relative to the test's folder.
    """
    mark = metafunc.definition.get_closest_marker("conversations")
    if mark is None:
        return
    from gateway.upstream import replaying

    conversations = replaying.tests(Path(metafunc.definition.path).parent / mark.args[0])
    names = [f"{number} {replaying.title(test.conversation)}" for number, test in enumerate(conversations, 1)]
    metafunc.parametrize("conversation", conversations, ids=names)
