"""Forms as bodies: names and texts, percent-encoded or in parts."""

from __future__ import annotations

import io

import falcon

from gateway.errors import MalformedRequest
from gateway.http import bodies
from gateway.http.negotiation import media_type
from gateway.http.request import Request, pairs

Pairs = list[tuple[str, str | None]]


def form(request: Request, data: bytes) -> Pairs | None:
    """Names and texts of a body that is a form, in order; None of another one. Raises MalformedRequest.

    A form that begins like a document is a document: ``curl -d`` says of everything that it is a form.
    """
    kind = media_type(request.content_type)
    if kind == bodies.MULTIPART and data:
        return _parts(request, data)
    if kind == bodies.FORM and bodies.sniff(data) is None:
        return list(pairs(data.removeprefix(bodies.BOM).decode("latin-1")))
    return None


def _parts(request: Request, data: bytes) -> Pairs:
    """A part that is a file counts by its content."""
    handler = falcon.media.MultipartFormHandler()
    try:
        parts = handler.deserialize(io.BytesIO(data), request.content_type or "", len(data))
        return [(part.name or "", part.stream.read().decode("utf-8", "replace")) for part in parts]
    except falcon.HTTPError as error:
        raise MalformedRequest(f"The multipart body can't be read: {error.description or error.title}") from error
