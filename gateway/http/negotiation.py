"""The format of a response: one pure function that never fails, so that every later error has a format.

The first that applies: a suffix on the path; ``?callback=`` (JSONP); ``?format=``; a pre-defined path (``/jsv/reply/NewSession``); the
Accept header; the request's own format; the default (docs/http.rst, "The format of a response").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from gateway.http.query import RawPairs, last_value
from serializers.base import Serializer
from serializers.registry import Registry

#: The second segment of a pre-defined path, after the format's name.
PREDEFINED = frozenset({"reply", "oneway", "metadata"})

#: The media type of JSONP.
JAVASCRIPT = "text/javascript"

#: A media type that browsers accept when they open a page, and other clients do not.
_OF_BROWSERS = "application/xhtml+xml"
_PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*("(?:\\.?|[^"\\])*(?:"|\Z)|[^;]*)')
_ESCAPED = re.compile(r'\\(["\\])')
# PERF: a named tuple's own constructor is a function in Python.
_new = tuple.__new__
_NO_IDENTIFIER = re.compile(r"[^A-Za-z0-9_.$]")


class Negotiation(NamedTuple):
    """The chosen format.

    :ivar path: the path to route, its suffix cut off.
    :ivar content_type: the response's Content-Type, with the client's spelling of the media type.
    :ivar chosen: whether the URL itself named the format (by suffix, query or pre-defined path).
    :ivar callback: the JSONP function that wraps a JSON response; empty for none.
    """

    path: str
    serializer: Serializer
    content_type: str
    chosen: bool
    callback: str = ""


def negotiate(
    path: str,
    query: RawPairs,
    accept: str | None,
    content_type: str | None,
    registry: Registry,
    *,
    raw_path: str = "",
    default: str = "json",
    jsonp: bool = False,
    declared: re.Pattern[str] | None = None,
) -> Negotiation:
    """Choose the format of a response.

    :param path: the decoded path.
    :param query: names and values of the query.
    :param content_type: the request's Content-Type, if it has a body.
    :param raw_path: the path as sent; a suffix whose dot is percent-encoded in it belongs to the last segment's value.
    :param default: the name of the default response format.
    :param jsonp: whether ``?callback=`` is honoured.
    :param declared: a pattern of the declared paths that end in a suffix, which is not cut off: it is the default format there.
    """
    stem, dot, ending = path.rstrip("/").rpartition(".")
    suffix = registry.by_suffix(ending) if dot and stem and not stem.endswith("/") else None
    if suffix is None or ("%" in raw_path and not raw_path.rstrip("/").lower().endswith(f".{ending.lower()}")):
        stem, suffix = path, None
    if suffix is not None and declared is not None and declared.fullmatch(path.rstrip("/")):
        return _at_declared(path, suffix, query, accept, content_type, registry, jsonp=jsonp)
    if jsonp and query and (callback := last_value(query, "callback")):
        wrapped = next((serializer for serializer in registry if serializer.javascript), None)
        if wrapped is not None and suffix in (None, wrapped):
            return _new(Negotiation, (stem, wrapped, JAVASCRIPT, False, _NO_IDENTIFIER.sub("_", callback)))
    addressed = suffix or (query and _format_parameter(query, registry)) or _predefined(path, registry)
    if addressed:
        return _new(Negotiation, (stem, addressed, _spelled(addressed, accept, content_type), True, ""))
    serializer, spelled = _preferred(accept, content_type, registry, default)
    return _new(Negotiation, (stem, serializer, spelled, False, ""))


def _at_declared(
    path: str,
    suffix: Serializer,
    query: RawPairs,
    accept: str | None,
    content_type: str | None,
    registry: Registry,
    *,
    jsonp: bool,
) -> Negotiation:
    """Choose the format at a declared path such as ``/report.csv``.

    ServiceStack's clients accept the one format that they read. Browsers accept pages everywhere, and want the file.
    """
    negotiation = negotiate("", query, accept, None, registry, default=suffix.name, jsonp=jsonp)
    if not negotiation.chosen and negotiation.serializer.paged:
        negotiation = negotiation._replace(serializer=suffix, content_type=_spelled(suffix, accept, content_type))
    return negotiation._replace(path=path)


@lru_cache(maxsize=512)
def media_type(content_type: str | None) -> str:
    """Return the media type of a Content-Type header, in lower case and without parameters."""
    return (content_type or "").partition(";")[0].strip().lower()


def parameters(header: str | None) -> dict[str, str]:
    """Return the parameters of a header such as Content-Type by name in lower case, without quotes; the first of two with the same name."""
    values: dict[str, str] = {}
    for name, value in _PARAMETER.findall(header or ""):
        quoted = value[:1] == '"'
        values.setdefault(name.lower(), _ESCAPED.sub(r"\1", value[1:].removesuffix('"')) if quoted else value.strip())
    return values


def _format_parameter(query: RawPairs, registry: Registry) -> Serializer | None:
    """Return the format that the query's ``format`` names: a format or a media type, without parameters, whole or cut at the first dot."""
    name = media_type(last_value(query, "format"))
    return _named(name, registry) or _named(name.partition(".")[0], registry) if name else None


def _named(name: str, registry: Registry) -> Serializer | None:
    return registry.by_name(name) or registry.by_media_type(name)


def _predefined(path: str, registry: Registry) -> Serializer | None:
    """Return the format in a pre-defined path: ``/msgpack/reply/X``, ``/x-msgpack/reply/X`` or ``/application/x-msgpack/reply/X``."""
    segments = path.split("/", 4)
    if len(segments) > 2 and segments[2].lower() in PREDEFINED:
        return registry.by_name(segments[1])
    if len(segments) > 3 and segments[3].lower() in PREDEFINED:
        return registry.by_media_type(f"{segments[1]}/{segments[2]}")
    return None


@lru_cache(maxsize=512)
def _spelled(serializer: Serializer, accept: str | None, content_type: str | None) -> str:
    """Return the response's Content-Type: the client's spelling of the format's media type, from Accept or from its body."""
    named = [spelling for spelling, weight in _ranges(accept or "") if weight > 0]
    for spelling in (*named, media_type(content_type)):
        if spelling in serializer.media_types:
            return _content_type(serializer, spelling)
    return serializer.content_type


def _content_type(serializer: Serializer, spelling: str) -> str:
    _, semicolon, parameters = serializer.content_type.partition(";")
    return spelling + semicolon + parameters


@lru_cache(maxsize=512)
def _preferred(
    accept: str | None, content_type: str | None, registry: Registry, default: str
) -> tuple[Serializer, str]:
    """Choose the format by Accept: by weight, then named ones first, then the request's own type, then in the registry's order."""
    own = registry.by_media_type(media_type(content_type))
    ranges = list(_ranges(accept or ""))
    candidates = [
        (-weight, not named, serializer is not own, order, spelling, serializer)
        for order, serializer in enumerate(registry)
        for weight, named, spelling in [_acceptance(serializer, ranges)]
        if weight > 0
    ]
    if candidates and not _anything(ranges):
        best = min(candidates, key=lambda candidate: candidate[:4])
        if best[5].paged:
            # A client that accepts the format of its body gets it, except browsers: Java's client lists HTML first in all requests.
            names = {media_range for media_range, _ in ranges}
            sent = [candidate for candidate in candidates if candidate[5] is own and own.readable]
            best = sent[0] if sent and _OF_BROWSERS not in names else best
        return best[5], _content_type(best[5], best[4]) if best[4] else _spelled(best[5], None, content_type)
    readable_own = own if own is not None and own.readable else None
    fallback = readable_own or registry.by_name(default) or registry.preferred
    return fallback, _spelled(fallback, accept, content_type)


def _anything(ranges: list[tuple[str, float]]) -> bool:
    """Return whether the client accepts anything without preference."""
    return all(media_range == "*/*" for media_range, _ in ranges)


def _acceptance(serializer: Serializer, ranges: list[tuple[str, float]]) -> tuple[float, bool, str]:
    """Return a format's weight under RFC 9110, 12.5.1 (the most specific range counts), whether it is named, and its spelling there."""
    weights = dict(reversed(ranges))
    named = [(weights[spelling], spelling) for spelling in serializer.media_types if spelling in weights]
    if named:
        weight, spelling = max(named, key=lambda pair: pair[0])
        return weight, True, spelling
    families = {spelling.partition("/")[0] + "/*": spelling for spelling in reversed(serializer.media_types)}
    within = [(weights[family], spelling) for family, spelling in families.items() if family in weights]
    if within:
        weight, spelling = max(within, key=lambda pair: pair[0])
        return weight, False, spelling
    return weights.get("*/*", 0.0), False, ""


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    """Yield the media ranges of an Accept header with their weights. Malformed ranges are skipped; an invalid weight counts as 1."""
    for part in accept.split(","):
        name, *parameters = part.split(";")
        name = name.strip().lower()
        if name == "*":
            # Java's default header has it.
            name = "*/*"
        if name.count("/") == 1:
            yield name, _weight(parameters)


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                weight = float(value)
            except ValueError:
                return 1.0
            return min(max(weight, 0.0), 1.0) if weight == weight else 1.0
    return 1.0
