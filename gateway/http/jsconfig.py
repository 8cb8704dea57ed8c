"""``?jsconfig=``: the dialect of one response, as its client requests it (``?jsconfig=inv,dh:iso8601,tc:snakecase``).

`serializers.dialect` has the options. The compiled writers of the most recently requested dialects are cached.
"""

from __future__ import annotations

from functools import lru_cache

from gateway.http.request import Request
from serializers.base import Serializer
from serializers.dialect import Dialect

#: Maximum number of cached formats in requested dialects, and of compiled writers of each. Any client may request any dialect.
_FORMATS_KEPT = 32
_WRITERS_KEPT = 16


def serializer_of(request: Request) -> Serializer:
    """Return the serializer of the response: the negotiated format, in the requested dialect if the format has dialects."""
    serializer = request.negotiation.serializer
    if not request.query_string or not serializer.configurable:
        return serializer
    options = request.query_value("jsconfig")
    return _spelled(serializer, serializer.dialect.changed_by(options)) if options else serializer


@lru_cache(maxsize=_FORMATS_KEPT)
def _spelled(serializer: Serializer, dialect: Dialect) -> Serializer:
    return serializer.spelled(dialect, kept=_WRITERS_KEPT)
