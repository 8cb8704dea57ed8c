"""Lists of sessions: everybody's by many filters, and the caller's own."""

from __future__ import annotations

from typing import Any

from gateway.contract.dto import Instance, close
from gateway.dtos.catalog import catalog
from gateway.dtos.common import ListResponse
from gateway.dtos.sessions import GetMySessions, GetMySessionsResponse, ListSessions, SessionInfo
from gateway.services import lists, people
from gateway.services.context import Context
from models import session_list
from models.listing import Order
from models.session import fold

#: Sessions that `GetMySessions` answers, the newest: nobody takes part in more at once.
MOST_OF_MINE = 1000


@catalog.handles(ListSessions)
def list_sessions(request: Instance, context: Context) -> Any:
    """The sessions that the caller sees and that pass every filter. Texts are found in any letter case; days are UTC, both inclusive."""
    filters = {
        "visible_accounts": context.principal.visible_accounts,
        "archived": bool(request.search_archive),
        "account_ids": lists.given(request.account_ids),
        "customer_ids": lists.given(request.customer_ids),
        "endpoint_ids": lists.given(request.endpoint_ids),
        "ids": lists.given(request.specific_ids),
        "since": lists.first_instant(request.start_date),
        "until": lists.last_instant(request.end_date),
        "from_contains": fold(request.from_) or None,
        "to_contains": fold(request.to) or None,
        "log_contains": fold(request.log) or None,
        "parent_session_id": request.parent_session_id or None,
    }
    returns = close(ListResponse, SessionInfo)
    return lists.answer(returns, SessionInfo, request, context.unit, session_list, filters, by="date_created")


@catalog.handles(GetMySessions)
def list_mine(_request: Instance, context: Context) -> Instance:
    """The sessions that the caller is a member of and that have not ended, the newest first."""
    filters = {
        "visible_accounts": context.principal.visible_accounts,
        "archived": False,
        "ended": False,
        "member": people.identity_of(context.principal.email),
    }
    found = session_list.page(context.unit, filters, Order("date_created"), MOST_OF_MINE)
    return GetMySessionsResponse.new(sessions=found)
