"""Start of the server, for the commands that serve."""

from __future__ import annotations

from dataclasses import replace

import click

from gateway import logs
from gateway.service import Service
from gateway.settings import Settings


def run(settings: Settings, service: Service, *, opens: bool = False) -> None:
    """Serve until a signal ends the process.

    :param opens: open the service in a browser.
    :raises CatalogError: when the service contradicts itself.
    :raises ConfigurationError: when the database can't be used.
    """
    from gateway import wsgi
    from gateway.serving import application as serving
    from gateway.serving import listening, starting

    serving.check_server(settings)
    wsgi.checked_exporter()
    logs.configure(settings.log, queued=True)
    service.check()
    listener = listening.listen(settings.bind)
    metrics = listening.listen_for_metrics(settings.metrics_bind)
    with listening.Starting(listener, wsgi.refusal(settings)) as meanwhile:
        database = starting.prepare(settings, service, meanwhile.begin)
        app = wsgi.build(settings, database, None if database is None else wsgi.probed(settings), service)
        if database is not None:
            database.dispose()
    if opens:
        # The listener is open: the browser's connection waits until a worker accepts it.
        click.launch(f"{listening.format_url(settings.bind)}/")
    serving.Server(app, database, settings, listener, metrics).run()


def run_events(settings: Settings, service: Service) -> None:
    """Serve the event streams of a service at GATEWAY_EVENTS_BIND in one gunicorn worker, until a signal ends the process.

    Its metrics are at the same address, because GATEWAY_METRICS_BIND is that of ``gateway serve``.

    :raises CatalogError: when the service contradicts itself, or sends no events.
    :raises ConfigurationError: when the database or the address can't be used.
    """
    from gateway import wsgi
    from gateway.serving import application as serving
    from gateway.serving import listening, starting

    logs.configure(settings.log, queued=True)
    service.check()
    events = service.only_events()
    event_settings = replace(settings, bind=settings.events_bind, server="gunicorn", workers=1, metrics_bind="")
    listener = listening.listen(event_settings.bind, "GATEWAY_EVENTS_BIND")
    with listening.Starting(listener, wsgi.refusal(event_settings)) as meanwhile:
        # The message about the first user contains the address of the service.
        database = starting.prepare(settings, service, meanwhile.begin)
        app = wsgi.build(event_settings, database, None if database is None else wsgi.probed(event_settings), events)
        if database is not None:
            database.dispose()
    serving.Server(app, database, event_settings, listener).run()
