"""The DTOs of a recorded ServiceStack 5.8 host, whose generated types stand in tests/corpora/types: the product's, in one namespace, and
with values where that host's types had no null."""

from __future__ import annotations

import copy
from typing import Any, cast

from gateway.contract import fields
from gateway.contract.catalog import ANYONE, Catalog
from gateway.contract.dto import Dto
from gateway.contract.typeinfo import Contract, describe
from gateway.sessions.dtos import customers, entities, sessions

NAMESPACE = "Evo.ServiceModel"

_ENUMS = ("dial_state", "call_state", "queue_state", "channel", "hold_reason", "direction")


def _redeclare(dto: type[Dto], *bases: type[Dto], values: tuple[str, ...] = (), **instead: Any) -> type[Dto]:
    """The DTO declared again.

    :param values: fields that are never null.
    :param instead: fields that are others there.
    """
    members: dict[str, Any] = {}
    for name, own_field in dto.own_fields():
        field = members[name] = instead.get(name) or copy.copy(own_field)
        # That host had none of the product's rules.
        field.validators = []
        if name in values:
            field.allow_none = False
    members |= {"__module__": __name__, "__doc__": dto.__doc__, "dotnet_namespace": NAMESPACE}
    metaclass: Any = type(dto)
    return cast("type[Dto]", metaclass(dto.__name__, bases or (Dto,), members))


EntityInfo = _redeclare(entities.EntityInfo)
CustomerBreadcrumb = _redeclare(customers.CustomerBreadcrumb)
SessionLogInfo = _redeclare(sessions.SessionLogInfo)
SessionMemberInfo = _redeclare(sessions.SessionMemberInfo, values=("is_original_member", "call_state", "role", "muted"))
SessionInfo = _redeclare(
    sessions.SessionInfo,
    EntityInfo,
    values=(*_ENUMS, "ended"),
    customer_breadcrumb=fields.List(
        fields.Nested(CustomerBreadcrumb), "The customer breadcrumb this session is associated with"
    ),
    log=fields.List(fields.Nested(SessionLogInfo), "The log entries for this session"),
    members=fields.List(fields.Nested(SessionMemberInfo), "The members of this session"),
)
NewSession = _redeclare(
    sessions.NewSession,
    member_email_addresses=fields.List(fields.String(), "User email addresses to add as members"),
)
GetSession = _redeclare(sessions.GetSession)


class EndSession(Dto):
    """End a session"""

    session_id = fields.String("The ID of the session")


def contract() -> Contract:
    """The recorded host's contract, as far as its types are compared."""
    catalog = Catalog()
    catalog.operation("POST", "/sessions", returns=SessionInfo, access=ANYONE)(NewSession)
    catalog.operation("GET", "/sessions/{SessionId}", returns=SessionInfo, access=ANYONE)(GetSession)
    catalog.operation("DELETE", "/sessions/{SessionId}", access=ANYONE)(EndSession)
    return describe(catalog)
