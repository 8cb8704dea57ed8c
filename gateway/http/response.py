"""Falcon's response with direct access to its headers, which are spelled as HTTP/1.1 servers do."""

from __future__ import annotations

import falcon


class Response(falcon.Response):
    """A response that the gateway sends.

    :ivar fields: the headers by name in lower case, without cookies. Changes to it change the response.
    :ivar data: the body's bytes; None without a body, or for a stream.
    """

    # PERF: these are Falcon's own slots: its methods need a call for each header, and copy all headers for a lookup.
    fields: dict[str, str] = falcon.Response._headers
    data: bytes | None = falcon.Response._data

    def _wsgi_headers(self, media_type: str | None = None) -> list[tuple[str, str]]:
        """Return the headers for the server. Some clients need the usual spelling of their names."""
        fields = self.fields
        headers = list(zip(map(_SPELLINGS.__getitem__, fields), fields.values(), strict=True))
        if self._extra_headers:
            # Cookies are not among the fields.
            headers += ((_SPELLINGS[name], value) for name, value in self._extra_headers)
        return headers


class _Spellings(dict[str, str]):
    """Header names by Falcon's lower-case names. It contains those that a capital at each word would misspell."""

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
