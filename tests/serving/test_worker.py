"""What the worker takes from inside gunicorn."""

from __future__ import annotations

import inspect
from pathlib import Path

import gunicorn
import pytest
from gunicorn.http import errors, wsgi
from gunicorn.http.body import ChunkedReader, LengthReader
from gunicorn.http.message import Message
from gunicorn.http.parser import Parser
from gunicorn.http.unreader import Unreader
from gunicorn.workers import gthread

from gateway.serving.worker import Worker


@pytest.mark.parametrize(
    ("owner", "names"),
    [
        (
            gthread.ThreadWorker,
            "accept set_accept_enabled enqueue_req handle handle_request handle_error finish_request murder_keepalived"
            " wait_for_and_dispatch_events _cap_keepalive _keepalive_after init_process",
        ),
        (gthread.TConn, "init close"),
        (gthread.PollableMethodQueue, "defer"),
        (gthread, "STOP_KEEPALIVE_LINGER"),
        (Parser, "finish_body"),
        (Unreader, "unread take_buffered"),
        (wsgi, "create"),
        (wsgi.Response, "start_response write close force_close should_close"),
        (Message, "force_close should_close"),
        (
            errors,
            "ParseException ForbiddenProxyRequest LimitRequestLine ExpectationFailed LimitRequestHeaders UnsupportedTransferCoding"
            " InvalidResponseHeader InvalidResponseHeaderName ConfigurationProblem",
        ),
    ],
)
def test_names_inside_gunicorn_exist(owner: object, names: str) -> None:
    assert [name for name in names.split() if not hasattr(owner, name)] == []


@pytest.mark.parametrize(
    ("owner", "names"),
    [
        (gthread.ThreadWorker, "tpool poller method_queue nr_conns _accepting"),
        (gthread.TConn, "data_ready parser timeout"),
        (Message, "_expected_100_continue must_close"),
        (wsgi.Response, "headers_sent chunked response_length"),
        (ChunkedReader, "parser"),
        (LengthReader, "length"),
    ],
)
def test_attributes_inside_gunicorn_exist(owner: type, names: str) -> None:
    made = inspect.getsource(owner.__init__)  # type: ignore[misc]
    assert [name for name in names.split() if f"self.{name} =" not in made] == []


@pytest.mark.parametrize(
    "name",
    [name for name, each in vars(Worker).items() if inspect.isfunction(each) and hasattr(gthread.ThreadWorker, name)],
)
def test_methods_take_what_gunicorn_passes(name: str) -> None:
    ours = inspect.signature(getattr(Worker, name)).parameters
    theirs = inspect.signature(getattr(gthread.ThreadWorker, name)).parameters
    if name != "__init__":
        assert len(ours) == len(theirs)


def test_gunicorn_is_a_version_that_is_tested() -> None:
    setup = (Path(__file__).parents[2] / "setup.cfg").read_text()
    major, minor, _ = gunicorn.__version__.split(".")
    assert f"    gunicorn >=27.0.1,<{major}.{int(minor) + 1}\n" in setup
