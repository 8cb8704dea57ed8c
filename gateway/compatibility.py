"""Profiles of old hosts: what ``GATEWAY_COMPATIBILITY`` sets at once, as defaults of other settings."""

from __future__ import annotations

from collections.abc import Mapping

_EVERY_HOST: Mapping[str, str] = {
    "GATEWAY_CSV": "envelope",
    "GATEWAY_ERRORS": "compatible",
    "GATEWAY_TOKEN_LIFETIME": "14d",
    "GATEWAY_REFRESH_LIFETIME": "365d",
}
#: Values that do not bind are dropped, as ServiceStack.Text's readers do.
_DROPPING: Mapping[str, str] = {**_EVERY_HOST, "GATEWAY_READING": "lenient"}
#: Hosts from 8.1 on read JSON with System.Text.Json, which refuses values that do not bind.
_REFUSING: Mapping[str, str] = {**_EVERY_HOST, "GATEWAY_READING": "compatible"}

#: The variables that each profile sets, by its name. A variable that the environment sets keeps that value.
PROFILES: Mapping[str, Mapping[str, str]] = {
    "servicestack-4.5": _DROPPING,
    "servicestack-5.8": _DROPPING,
    "servicestack-6": _DROPPING,
    "servicestack-8": _REFUSING,
    "servicestack-10": _REFUSING,
}
