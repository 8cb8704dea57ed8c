"""traceparent, as W3C Trace Context has it."""

from __future__ import annotations

import pytest

from gateway import tracing

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    "header", [f"00-{TRACE}-{PARENT}-01", f" 00-{TRACE}-{PARENT}-01\t", f"cc-{TRACE}-{PARENT}-01-more"]
)
def test_a_valid_header_is_taken_up(header: str) -> None:
    assert tracing.trace_id(header) == TRACE


@pytest.mark.parametrize(
    "header",
    [
        "",
        "00",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{TRACE}-{PARENT}",
        f"00-{TRACE}-{PARENT}-01\n",
    ],
)
def test_another_header_is_ignored(header: str) -> None:
    assert tracing.trace_id(header) == ""
