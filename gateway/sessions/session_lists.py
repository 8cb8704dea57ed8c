"""Lists of sessions: all visible ones with many filters, and those of the caller."""

from __future__ import annotations

from typing import Any

from gateway import Context, Streamed, close, lists
from gateway.contract.lists import ListResponse
from gateway.sessions import people
from gateway.sessions.callers import is_administrator, visible_accounts
from gateway.sessions.declared import service
from gateway.sessions.dtos.sessions import GetMySessions, GetMySessionsResponse, ListSessions, SessionInfo
from gateway.sessions.shown import list_visible_customers, show_to
from models.engine.listing import Order
from models.sessions import session_list
from models.sessions.session import fold

_PAGE = close(ListResponse, SessionInfo)
#: Maximum number of sessions of `GetMySessions` in memory. More are streamed.
MOST_OF_MINE = 1000


@service.handles(ListSessions)
def list_sessions(request: ListSessions, context: Context) -> Any:
    """Return the sessions that the caller sees and that pass every filter. Texts match in any letter case; days are UTC, both inclusive."""
    filters = {
        "visible_accounts": visible_accounts(context.principal),
        "archived": bool(request.search_archive),
        "account_ids": lists.drop_empty(request.account_ids),
        "customer_ids": list_visible_customers(lists.drop_empty(request.customer_ids), context),
        "endpoint_ids": lists.drop_empty(request.endpoint_ids),
        "ids": lists.drop_empty(request.specific_ids),
        "since": lists.parse_first_instant(request.start_date),
        "until": lists.parse_last_instant(request.end_date),
        "from_contains": fold(request.from_) or None,
        "to_contains": fold(request.to) or None,
        "log_contains": fold(request.log) or None,
        "parent_session_id": request.parent_session_id or None,
    }
    return lists.build_response(
        _PAGE, SessionInfo, request, context.unit, _get_rows(context), filters, by="date_created"
    )


def _get_rows(context: Context) -> lists.Rows:
    """Return the sessions as the caller sees them."""
    caller = context.principal
    if is_administrator(caller):
        return session_list
    return lists.Converted(session_list, lambda unit, rows: show_to(caller, unit, rows))


@service.handles(GetMySessions)
def list_mine(_request: GetMySessions, context: Context) -> Any:
    """Return all sessions that the caller is a member of and that have not ended, the newest first."""
    filters = {
        "visible_accounts": visible_accounts(context.principal),
        "archived": False,
        "ended": False,
        "member": people.get_identity(context.principal.email),
    }
    order, rows = Order("date_created"), _get_rows(context)
    sessions = rows.page(context.unit, filters, order, MOST_OF_MINE + 1, 0)
    if len(sessions) > MOST_OF_MINE:
        return Streamed(GetMySessionsResponse, lambda unit: rows.everything(unit, filters, order))
    return GetMySessionsResponse.new(sessions=sessions)
