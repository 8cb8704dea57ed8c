"""The service that a command uses: ``gateway types shop:shop python``, or GATEWAY_SERVICE."""

from __future__ import annotations

from gateway import settings
from gateway.service import Service


def load_service() -> Service:
    """Return the service that the command line or the environment names.

    :raises ConfigurationError: when there is none.
    :raises CatalogError: when it contradicts itself.
    """
    from gateway import wsgi

    service = wsgi.load(settings.find_service_name())
    service.check()
    return service
