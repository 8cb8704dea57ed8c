"""``gateway serve``: gunicorn, with the settings that fit this application."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gunicorn import glogging
from gunicorn.app.base import BaseApplication

from gateway.http.app import App
from gateway.settings import Settings
from models import Database


def gunicorn_settings(settings: Settings) -> Mapping[str, Any]:
    """gunicorn's settings, by its own names. ``deploy/gunicorn.conf.py`` uses the same."""
    shared_memory = Path("/dev/shm")  # noqa: S108 - where heartbeat files cost no disk
    return {
        "bind": settings.bind,
        "workers": settings.workers,
        "threads": settings.threads,
        "worker_class": "gthread",
        "preload_app": True,
        # nginx keeps its connections to us for as long; see deploy/nginx.
        "keepalive": 75,
        "timeout": 30,
        "graceful_timeout": 30,
        "max_requests": 20_000,
        "max_requests_jitter": 2_000,
        # Whose X-Forwarded-Proto says that the client spoke https.
        "forwarded_allow_ips": ",".join(settings.trusted_proxies),
        "worker_tmp_dir": str(shared_memory) if shared_memory.is_dir() else None,
        # ServiceStack clients put whole DTOs into queries.
        "limit_request_line": 8190,
        "control_socket_disable": True,
        "logger_class": "gateway.serving.Logger",
    }


class Logger(glogging.Logger):  # type: ignore[misc]
    """gunicorn's log, written by ours."""

    def setup(self, cfg: Any) -> None:
        """Send gunicorn's lines to the root logger instead of handlers of its own."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn around one application."""

    def __init__(self, app: App, database: Database, settings: Settings) -> None:
        self._app = app
        self._database = database
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Give gunicorn its settings."""
        for name, value in gunicorn_settings(self._settings).items():
            self.cfg.set(name, value)
        self.cfg.set("post_fork", self._after_fork)

    def load(self) -> App:
        """The application that workers call."""
        return self._app

    def _after_fork(self, _arbiter: Any, _worker: Any) -> None:
        # A connection must not be shared between processes.
        self._database.dispose()
