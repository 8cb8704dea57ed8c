"""The contract of the sessions API: requests, answers and enums, exactly as the API's own pages describe them."""

from __future__ import annotations

#: Of the types that are declared for every service: lists and their requests.
NAMESPACE = "Voice.Api"
