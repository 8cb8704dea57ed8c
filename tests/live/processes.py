"""The processes of a gateway."""

from __future__ import annotations

import os
from pathlib import Path

from tests.servers import Gateway


def list_workers(gateway: Gateway) -> list[int]:
    """Return the process ids of a gateway's workers."""
    assert gateway.process is not None
    master = gateway.process.pid
    return [int(process_id) for process_id in Path(f"/proc/{master}/task/{master}/children").read_text().split()]


def get_resident(process: int) -> int:
    """Return the resident memory of a process, in bytes."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
