"""What the worker takes from inside granian."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

granian = pytest.importorskip("granian", reason="granian is not installed")

from granian import _futures, _granian  # noqa: E402
from granian.http import HTTP1Settings  # noqa: E402
from granian.server import mp  # noqa: E402

from gateway.serving.application import WORKERS  # noqa: E402
from gateway.settings import SERVERS  # noqa: E402


@pytest.mark.parametrize(
    ("owner", "names"),
    [
        (_granian.WSGIWorker, "serve_mtr serve_mtr_uds"),
        (_granian.WorkerSignal, "add_cb set"),
        (_granian, "SocketHolder"),
        (_futures, "_new_cbscheduler"),
    ],
)
def test_names_inside_granian_exist(owner: object, names: str) -> None:
    assert [name for name in names.split() if not hasattr(owner, name)] == []


def test_settings_of_http_exist() -> None:
    assert {"header_read_timeout", "max_buffer_size"} <= set(inspect.signature(HTTP1Settings).parameters)


def test_the_worker_is_made_as_granian_makes_it() -> None:
    """Its arguments have no names; granian's own call shows their order."""
    source = inspect.getsource(mp.MPServer._spawn_wsgi_worker)
    arguments = source.partition("WSGIWorker(")[2].partition(")\n")[0]
    assert [each.strip() for each in arguments.split(",") if each.strip()] == [
        "worker_id",
        "sock",
        "ipc",
        "runtime_threads",
        "runtime_blocking_threads",
        "blocking_threads",
        "blocking_threads_idle_timeout",
        "backpressure",
        "http_mode",
        "http1_settings",
        "http2_settings",
        "static_path",
        "*ssl_ctx",
        "metrics",
    ]


def test_granian_is_a_version_that_is_tested() -> None:
    setup = (Path(__file__).parents[2] / "setup.cfg").read_text()
    major, minor, _ = granian.__version__.split(".")
    assert f"    granian >=2.8.9,<{major}.{int(minor) + 1}\n" in setup


def test_each_server_has_a_worker() -> None:
    assert set(WORKERS) == set(SERVERS)
