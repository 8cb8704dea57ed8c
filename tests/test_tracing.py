"""traceparent, as W3C Trace Context has it."""

from __future__ import annotations

import pytest

from gateway import tracing

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    "header", [f"00-{TRACE}-{PARENT}-01", f" 00-{TRACE}-{PARENT}-01\t", f"cc-{TRACE}-{PARENT}-01-more"]
)
def test_a_valid_header_is_taken_up_and_passed_on(header: str) -> None:
    found = tracing.parse(header, "vendor=1")
    assert found is not None
    assert (found.trace_id, found.parent_id, found.flags) == (TRACE, PARENT, "01")
    headers = found.headers()
    again = tracing.parse(headers["traceparent"])
    assert again is not None
    assert (again.trace_id, again.flags, headers["tracestate"]) == (TRACE, "01", "vendor=1")
    # The request that is passed on is a step of its own.
    assert again.parent_id != PARENT


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
    assert tracing.parse(header) is None


def test_a_state_that_is_too_long_or_not_printable_is_not_passed_on() -> None:
    for state in ("x" * 3000, "a=\x00"):
        found = tracing.parse(f"00-{TRACE}-{PARENT}-01", state)
        assert found is not None
        assert "tracestate" not in found.headers()
