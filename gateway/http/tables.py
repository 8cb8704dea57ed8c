"""How a list is written in CSV: a row for each item, or ServiceStack's envelope, one row with the items in a cell.

People and spreadsheets want rows. ``CsvServiceClient`` of .NET reads one DTO from the first row, and finds no items in any other table.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Literal, TypeAlias

from gateway.http.negotiation import media_type
from gateway.http.request import Request
from serializers.shape import Record, Shape

#: ``auto`` writes the envelope for ServiceStack's clients and rows for others.
Tables: TypeAlias = Literal["auto", "rows", "envelope"]

#: The beginning of the User-Agent of ServiceStack's .NET clients: ``ServiceStack .NET Client 5.80``.
_CLIENT = "servicestack"


def table_shape(expected: Shape, request: Request, tables: Tables) -> Shape:
    """Return the shape for encoding a document: in an envelope a list's record has no rows."""
    if not request.negotiation.serializer.tabular or not isinstance(expected, Record) or expected.rows is None:
        return expected
    wanted = tables == "envelope" or (tables == "auto" and _is_csv_client(request))
    return _enveloped(expected) if wanted else expected


def _is_csv_client(request: Request) -> bool:
    """Return whether the request comes from ServiceStack's client for CSV, whose Accept header begins with CSV."""
    accept, agent = (str(request.env.get(name, "")).lower() for name in ("HTTP_ACCEPT", "HTTP_USER_AGENT"))
    return media_type(accept.partition(",")[0]) == "text/csv" and agent.startswith(_CLIENT)


@cache
def _enveloped(expected: Record) -> Record:
    return replace(expected, rows=None)
