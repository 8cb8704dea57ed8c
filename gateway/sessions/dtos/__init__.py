"""The contract of the sessions API: requests, responses and enums, exactly as in the API's documentation."""

from __future__ import annotations

#: Of the types that are declared for every service: lists and their requests.
NAMESPACE = "Voice.Api"
