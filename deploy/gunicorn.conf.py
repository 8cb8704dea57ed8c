"""Configuration to run gunicorn directly: ``gunicorn -c deploy/gunicorn.conf.py 'gateway.wsgi:create()'``.

Settings and start are those of ``gateway serve``: the start waits for the database, and creates its first user. With preload_app off, each
worker opens its own database.
"""

import os
from typing import Any

from gateway import logs, wsgi
from gateway.errors import GatewayError
from gateway.serving import starting
from gateway.serving.application import end_new_workers_at_once, gunicorn_settings
from gateway.settings import Settings
from models import StorageError

# Only their owner may read databases and secrets.
os.umask(0o077)
_settings = Settings.from_environment()
logs.configure(_settings.log, queued=True)
end_new_workers_at_once()
globals().update({**gunicorn_settings(_settings), "preload_app": False})


def on_starting(server: Any) -> None:
    """Prepare the database before the first worker opens it."""
    del server
    try:
        database = starting.prepare(_settings, wsgi.load(_settings.service))
        if database is not None:
            database.dispose()
    except (GatewayError, StorageError) as error:
        raise SystemExit(f"gateway: {error}") from error
