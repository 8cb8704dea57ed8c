"""The service that a command is about: ``gateway types shop:shop python``, or GATEWAY_SERVICE."""

from __future__ import annotations

from gateway import settings
from gateway.service import Service


def chosen_service() -> Service:
    """The service of the command line or the environment.

    :raises ConfigurationError: when there is none.
    :raises CatalogError: when it contradicts itself.
    """
    from gateway import wsgi

    service = wsgi.load(settings.service_name())
    service.check()
    return service
