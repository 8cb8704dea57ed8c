"""granian's worker: how it stops."""

from __future__ import annotations

import os
import socket
from contextlib import closing

import pytest

from gateway.serving.granian_worker import _stop_accepting


def test_a_worker_that_stops_accepts_by_no_descriptor() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    address = listener.getsockname()
    with listener, closing(socket.socket(fileno=os.dup(listener.fileno()))) as of_granian:
        _stop_accepting(listener)
        for each in (listener, of_granian):
            with pytest.raises(BlockingIOError):
                each.accept()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)
