"""``?jsconfig=``: the dialect of one response, as its client wants it (``?jsconfig=inv,dh:iso8601,tc:snakecase``).

`serializers.dialect` has the options. The compiled writers of dialects that clients asked for last are kept.
"""

from __future__ import annotations

from functools import lru_cache

from gateway.http.request import Request
from serializers.base import Serializer
from serializers.dialect import Dialect

#: Formats in a dialect of a client's that are kept, and compiled writers that each of them keeps. Any client may ask for any dialect.
_FORMATS_KEPT = 32
_WRITERS_KEPT = 16


def serializer_of(request: Request) -> Serializer:
    """What writes the response: the negotiated format, in the dialect that the client wants where it can have another."""
    serializer = request.negotiation.serializer
    if not request.query_string or not serializer.configurable:
        return serializer
    options = request.query_value("jsconfig")
    return _spelled(serializer, serializer.dialect.changed_by(options)) if options else serializer


@lru_cache(maxsize=_FORMATS_KEPT)
def _spelled(serializer: Serializer, dialect: Dialect) -> Serializer:
    return serializer.spelled(dialect, kept=_WRITERS_KEPT)
