"""The use cases: one function an operation, from the bound request and its context to the answer.

A module binds its functions to their operations when it is imported; `load_services` imports them all, so that the catalog is whole.
"""

from __future__ import annotations

from importlib import import_module

MODULES = (
    "accounts",
    "customers",
    "messages",
    "new_session",
    "session_lists",
    "session_members",
    "sessions",
    "users",
)


def load_services() -> None:
    """Bind every use case to its operation. A second call does nothing."""
    for name in MODULES:
        import_module(f"{__name__}.{name}")
    import_module("gateway.users.authentication")
