"""``gateway serve``: gunicorn, with the settings that fit this application."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gunicorn import glogging
from gunicorn.app.base import BaseApplication

from gateway.errors import ConfigurationError
from gateway.http.app import App
from gateway.places import THREADS_PER_PLACE
from gateway.serving.listening import SOCKET_UMASK
from gateway.serving.worker import CONNECTIONS
from gateway.settings import Settings
from models import Database

#: The class of gunicorn's workers, by the server that runs in them.
WORKERS: Mapping[str, str] = {
    "gunicorn": "gateway.serving.worker.Worker",
    "granian": "gateway.serving.granian_worker.Worker",
}

#: Requests after which a worker is replaced: some seconds of the highest load.
REQUESTS: Mapping[str, int] = {"gunicorn": 20_000, "granian": 100_000}


def check_server(settings: Settings) -> None:
    """Raise ConfigurationError when the package of the chosen server is not installed."""
    if find_spec(settings.server) is None:
        raise ConfigurationError(
            f"GATEWAY_SERVER: {settings.server} is not installed. Install it with pip install 'sessions-gateway[{settings.server}]'."
        )


def gunicorn_settings(settings: Settings) -> Mapping[str, Any]:
    """Return gunicorn's settings, by gunicorn's names. ``deploy/gunicorn.conf.py`` uses the same.

    :raises ConfigurationError: when the server that runs in the workers is not installed.
    """
    check_server(settings)
    shared_memory = Path("/dev/shm")  # noqa: S108 - where heartbeat files cost no disk
    return {
        "bind": [settings.bind, *([settings.metrics_bind] if settings.metrics_bind else [])],
        "umask": SOCKET_UMASK,
        "workers": settings.workers,
        # Threads beyond the setting only wait for a place, see gateway.places.
        "threads": settings.threads * THREADS_PER_PLACE,
        "worker_class": WORKERS[settings.server],
        "worker_connections": CONNECTIONS,
        "preload_app": True,
        # nginx keeps its connections to the gateway for the same time; see deploy/nginx.
        "keepalive": 75,
        "timeout": 30,
        "graceful_timeout": 30,
        "max_requests": REQUESTS[settings.server],
        "max_requests_jitter": REQUESTS[settings.server] // 10,
        # Only gateway.http.forwarded reads the headers of proxies.
        "forwarded_allow_ips": "",
        "secure_scheme_headers": {},
        "worker_tmp_dir": str(shared_memory) if shared_memory.is_dir() else None,
        # ServiceStack clients put complete DTOs into queries.
        "limit_request_line": 8190,
        # A header must not set SCRIPT_NAME or PATH_INFO.
        "forwarder_headers": "",
        "control_socket_disable": True,
        "logger_class": "gateway.serving.application.Logger",
        "pre_fork": number_worker,
        "on_exit": remove_metrics,
    }


def number_worker(arbiter: Any, worker: Any) -> None:
    """Give a new worker a number that no living worker has, and the folder of the node's metrics."""
    if not hasattr(arbiter, "metrics_folder"):
        arbiter.metrics_folder = tempfile.mkdtemp(prefix="gateway-metrics-", dir=arbiter.cfg.worker_tmp_dir)
    slots = {living_worker.slot for living_worker in arbiter.WORKERS.values()}
    worker.slot = next(slot for slot in itertools.count() if slot not in slots)
    worker.metrics_folder = arbiter.metrics_folder


def remove_metrics(arbiter: Any) -> None:
    """Remove the folder of the node's metrics."""
    shutil.rmtree(getattr(arbiter, "metrics_folder", ""), ignore_errors=True)


def end_new_workers_at_once() -> None:
    """Let a signal end a worker that was just forked and has no signal handlers yet.

    Such a worker would handle the signal with its master's handlers and continue; the master would wait `graceful_timeout`
    seconds for it. Call this once, before gunicorn starts.
    """
    ending = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT}

    def hold() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, ending)

    def release() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ending)

    def begin_anew() -> None:
        for number in ending:
            signal.signal(number, lambda *_: os._exit(0))
        release()

    os.register_at_fork(before=hold, after_in_parent=release, after_in_child=begin_anew)


#: Seconds that a thread runs while another waits for the interpreter. Python's default of 5 ms adds up if a short request waits several
#: times for long lists.
SWITCH_INTERVAL = 0.0005


#: New objects between two garbage collections. A page of a list has tens of thousands, none of which is garbage yet.
YOUNG = 10_000


class Logger(glogging.Logger):  # type: ignore[misc]
    """gunicorn's log, written by the gateway's logging."""

    def setup(self, cfg: Any) -> None:
        """Send gunicorn's lines to the root logger instead of its own handlers."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn around one application.

    :param listener: the socket to serve, which becomes gunicorn's; None for the address in GATEWAY_BIND.
    :param metrics: the socket of GATEWAY_METRICS_BIND, likewise.
    """

    def __init__(
        self,
        app: App,
        database: Database | None,
        settings: Settings,
        listener: socket.socket | None = None,
        metrics: socket.socket | None = None,
    ) -> None:
        bind = settings.bind if listener is None else f"fd://{listener.detach()}"
        self._bind = [bind, *([] if metrics is None else [f"fd://{metrics.detach()}"])]
        self._app = app
        self._database = database
        self._settings = settings
        super().__init__()

    def run(self) -> None:
        """Serve until a signal ends it."""
        # SIGUSR2 starts this command again: without this, python -m gateway would run the file without its package.
        sys.argv[:] = sys.orig_argv[1:]
        end_new_workers_at_once()
        # PERF: the application's objects are never garbage. Collections that include them hold the interpreter for up to 50 ms each.
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG)
        super().run()

    def load_config(self) -> None:
        """Give gunicorn its settings."""
        for name, value in gunicorn_settings(self._settings).items():
            self.cfg.set(name, value)
        self.cfg.set("bind", self._bind)
        self.cfg.set("post_fork", self._after_fork)

    def load(self) -> App:
        """Return the application that workers call."""
        return self._app

    def _after_fork(self, _arbiter: Any, _worker: Any) -> None:
        # A connection must not be shared between processes.
        if self._database is not None:
            self._database.dispose()
        sys.setswitchinterval(SWITCH_INTERVAL)
