"""Sessions of a running gateway."""

from __future__ import annotations

import json
import urllib.request

from tests.servers import API_KEY, Gateway


def create(gateway: Gateway, name: str = "Hi", path: str = "/sessions") -> str:
    """Create a session; return its id."""
    request = urllib.request.Request(
        f"{gateway.url}{path}",
        json.dumps({"displayName": name}).encode(),
        {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return str(json.load(response)["id"])


def names(gateway: Gateway, *session_ids: str) -> list[str]:
    """Return the stored names of sessions."""
    display_names = []
    for session_id in session_ids:
        request = urllib.request.Request(
            f"{gateway.url}/sessions/{session_id}.json", headers={"Authorization": f"Bearer {API_KEY}"}
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            display_names.append(json.load(response)["displayName"])
    return display_names
