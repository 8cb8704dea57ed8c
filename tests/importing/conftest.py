"""Which tests there are."""

from __future__ import annotations

from tests.importing import contracts

# CI skips nothing, and these documents are not everywhere.
collect_ignore = [] if contracts.OTHERS else ["test_others.py"]
