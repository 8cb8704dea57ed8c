"""What tests install beside them, once, and keep between runs."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path


def kept(folder: Path, wanted: str, install: Callable[[Path], None]) -> Path:
    """The folder with what is installed into it, anew where something else is wanted than the last time."""
    mark = folder / "installed"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        # Tests run in several processes, and one of them installs.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.exists() or mark.read_text() != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            install(folder)
            mark.write_text(wanted)
    return folder
