"""DTOs of flows and endpoints."""

from __future__ import annotations

from enum import auto

from gateway import DtoEnum

NAMESPACE = "Voice.Api.Flows"


class FlowChannels(DtoEnum):
    Voice = auto()
    Chat = auto()
    Fax = auto()
