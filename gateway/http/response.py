"""Falcon's response with its headers at hand, and spelled as HTTP/1.1 servers do."""

from __future__ import annotations

import falcon


class Response(falcon.Response):
    """A response on its way.

    :ivar fields: the headers by name in lower case, without cookies. A change of them is one of the response.
    :ivar data: the body's bytes; None without a body, or for a stream.
    """

    # PERF: Falcon's own slots: its methods take a call for each header, and a copy of all for a look.
    fields: dict[str, str] = falcon.Response._headers
    data: bytes | None = falcon.Response._data

    def _wsgi_headers(self, media_type: str | None = None) -> list[tuple[str, str]]:
        """The headers for the server. Some clients need the usual spelling of their names."""
        headers = super()._wsgi_headers(media_type)
        for index, (name, value) in enumerate(headers):
            headers[index] = _SPELLINGS[name], value
        return headers


class _Spellings(dict[str, str]):
    """Header names by Falcon's lower case. It has those that capitals at each word would spell wrong."""

    def __missing__(self, name: str) -> str:
        spelled = self[name] = name.title()
        return spelled


_SPELLINGS = _Spellings(
    {
        "etag": "ETag",
        "www-authenticate": "WWW-Authenticate",
        "x-autobatch-completed": "X-AutoBatch-Completed",
    }
)
