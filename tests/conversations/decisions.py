"""Intended differences from the recorded host: the sentence of docs/http.rst for each, and a check that recognises it.

Most decisions explain a part of a difference only; a conversation is decided otherwise where several explain all of it together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.conversations.recording import PAGE, Answer, Conversation

SAME = "same"
UNEXPLAINED = "not explained"

Holds = Callable[[Conversation, Answer], bool]

FORMATS = {
    "application/json": "json",
    "text/json": "json",
    "application/jsv": "jsv",
    "text/jsv": "jsv",
    "text/x-jsv": "jsv",
    "application/x-jsv": "jsv",
    "application/xml": "xml",
    "text/xml": "xml",
    "text/csv": "csv",
    "application/csv": "csv",
    "text/html": "html",
    "application/x-msgpack": "msgpack",
    "application/msgpack": "msgpack",
}


@dataclass(frozen=True)
class Decision:
    """One decision.

    :ivar sentence: the sentence of docs/http.rst that states it.
    :ivar explains: names of the differences that it explains, see `recording.differences`.
    :ivar holds: returns whether the decision applies to a conversation and our response is as the sentence states.
    """

    name: str
    sentence: str
    explains: frozenset[str]
    holds: Holds


def verdict(conversation: Conversation, ours: Answer, differences: Iterable[str]) -> str:
    """``same``, the names of the decisions that explain all of the differences, or ``not explained``."""
    left = {each.partition(":")[0] for each in differences}
    if not left:
        return SAME
    used = []
    for decision in DECISIONS:
        if left & decision.explains and decision.holds(conversation, ours):
            used.append(decision.name)
            left -= decision.explains
    return UNEXPLAINED if left else ", ".join(used)


def _accepted(conversation: Conversation) -> list[tuple[str, float]]:
    """Media types of Accept with their weights."""
    found = []
    for part in conversation.header("Accept").split(","):
        name, *parameters = (each.strip() for each in part.split(";"))
        weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        found.append((name.lower(), float(weight) if re.fullmatch(r"[0-9.]+", weight) else 1.0))
    return found


def _addressed(conversation: Conversation) -> bool:
    """Whether the address names a format of ours."""
    path, _, query = conversation.target.partition("?")
    by_query = re.search(r"(?:^|&)format=(?:json|jsv|xml|csv|html|text/csv)\b", query, re.IGNORECASE)
    by_suffix = re.search(r"\.(?:json|jsv|xml|csv|html|msgpack)/?$", path, re.IGNORECASE)
    return bool(by_query or by_suffix or re.match(r"/(?:json|jsv|xml|csv|html|msgpack)/", path))


def _own(conversation: Conversation) -> str:
    return FORMATS.get(conversation.header("Content-Type").partition(";")[0].strip().lower(), "")


def _format(answer: Answer) -> str:
    return FORMATS.get(answer.media_type, "")


def _differ(conversation: Conversation, ours: Answer) -> bool:
    """Whether both have a document, in different formats."""
    there = conversation.answer
    return bool(there.body and ours.body) and FORMATS.get(there.media_type) != FORMATS.get(ours.media_type)


def _fallback(conversation: Conversation, ours: Answer) -> bool:
    if not conversation.answer.body and conversation.header("Accept") == "":
        return conversation.answer.status == 200 and _format(ours) == "json"
    named = [name for name, _ in _accepted(conversation) if name in FORMATS or (name.endswith("/*") and name != "*/*")]
    expected = _own(conversation) if _own(conversation) not in ("", "html") else "json"
    return _differ(conversation, ours) and not named and not _addressed(conversation) and _format(ours) == expected


def _weighed(conversation: Conversation, ours: Answer) -> bool:
    if not _differ(conversation, ours):
        return False
    named = [(FORMATS[name], weight) for name, weight in _accepted(conversation) if name in FORMATS]
    if not named or _addressed(conversation):
        return conversation.header("Accept") == "text/*" and _format(ours) == "json"
    best = {name for name, weight in named if weight == max(weight for _, weight in named)}
    order = [_own(conversation), "json", "jsv", "xml", "csv", "html", "msgpack"]
    return _format(ours) == min(best, key=order.index)


def _spelled(conversation: Conversation, ours: Answer) -> bool:
    spelled = [name for name, _ in _accepted(conversation)]
    spelled.append(conversation.header("Content-Type").partition(";")[0].strip().lower())
    return (
        bool(conversation.answer.body) and ours.media_type in spelled and _format(ours) == _format(conversation.answer)
    )


def _suffixed(conversation: Conversation, ours: Answer) -> bool:
    suffix = conversation.target.partition("?")[0].rstrip("/").rpartition(".")[2]
    return suffix.lower() == _format(ours)


def _asked(conversation: Conversation, ours: Answer) -> bool:
    return "format=text/csv" in conversation.target and ours.media_type == "text/csv"


def _has(*phrases: str, status: int = 0) -> Holds:
    """Whether our answer has a status and one of some phrases."""

    def holds(_: Conversation, ours: Answer) -> bool:
        text = ours.text.replace("&#39;", "'").replace("&#x27;", "'")
        return (not status or ours.status == status) and any(each in text for each in phrases)

    return holds


def _page(conversation: Conversation, ours: Answer) -> bool:
    there = conversation.answer
    return ours.document == PAGE and there.status == ours.status and there.media_type == "text/plain"


def _bare(text: str) -> str:
    """An error's text without what is said of no errors."""
    for phrase in (',"errors":[]', ",errors:[]", "<Errors />", '<Errors i:nil="true" />'):
        text = text.replace(phrase, "")
    return text


def _errors_there(conversation: Conversation, ours: Answer) -> bool:
    return conversation.answer.status == ours.status and _bare(conversation.answer.text) == _bare(ours.text)


def _empty_there(*statuses: int) -> Holds:
    return lambda conversation, ours: not conversation.answer.body and ours.status in statuses


def _nowhere(conversation: Conversation, ours: Answer) -> bool:
    return ours.status == 404 and (conversation.method == "HEAD" or "There is nothing at this address." in ours.text)


def _wrong_verb(conversation: Conversation, ours: Answer) -> bool:
    return ours.status == 405 and bool(ours.header("Allow")) and conversation.answer.status in (400, 404, 405)


def _sniffed(conversation: Conversation, ours: Answer) -> bool:
    return ours.status == 200 and _own(conversation) in ("", "html") and conversation.body[:1] in (b"{", b"<")


def _by_type(conversation: Conversation, ours: Answer) -> bool:
    return ours.status == 200 and conversation.name.endswith("/otherct")


def _xml_read(conversation: Conversation, ours: Answer) -> bool:
    return ours.status == 200 and _own(conversation) == "xml"


def _posted(conversation: Conversation, ours: Answer) -> bool:
    return conversation.method == "POST" and "Could not find method named Post" in conversation.answer.text + (
        "Could not find method named Post" if conversation.answer.document == PAGE else ""
    )


def _codes(text: str) -> list[str]:
    """The error codes in a document, in order, whatever its format."""
    return re.findall(r"[eE]rrorCode[\">:]+([A-Za-z]+)", text)


def _declared_names(conversation: Conversation, ours: Answer) -> bool:
    """The failures have the same codes; how their fields are called, and what stands beside the status, differs."""
    there = conversation.answer
    codes = _codes(ours.text)
    return len(codes) > 1 and _codes(there.text) == codes and there.status == ours.status


def _other_verb(conversation: Conversation, ours: Answer) -> bool:
    return conversation.method in ("TRACE", "FOO") and ours.status in (400, 405)


def _table_statuses(conversation: Conversation, ours: Answer) -> bool:
    return any(each in conversation.target for each in ("/teapot", "/custom", "/httpresult"))


def _counted(conversation: Conversation, ours: Answer) -> bool:
    return ours.header("X-AutoBatch-Completed").isdigit() and not conversation.answer.header("X-AutoBatch-Completed")


def _compressed(conversation: Conversation, ours: Answer) -> bool:
    accepted = conversation.header("Accept-Encoding")
    wanted = "gzip" in accepted and "gzip;q=0" not in accepted and len(ours.body) > 1024
    return ours.header("Content-Encoding") == ("gzip" if wanted else "")


def _query(*parts: str) -> Holds:
    return lambda conversation, ours: ours.status == 200 and any(part in conversation.target for part in parts)


def _jsv_layout(conversation: Conversation, ours: Answer) -> bool:
    return ours.status == 200 and _own(conversation) == "jsv" and conversation.body[:2] in (b"{\n", b'{"')


def _known_spelling(conversation: Conversation, ours: Answer) -> bool:
    return ours.status == 200 and conversation.header("Content-Type") == "text/x-jsv"


def _without_role(conversation: Conversation, ours: Answer) -> bool:
    return ours.status == conversation.answer.status == 403 and not conversation.answer.body


def _worded(conversation: Conversation, ours: Answer) -> bool:
    there, here = conversation.answer.error, ours.error
    return bool(there) and ours.status == conversation.answer.status and there["errorCode"] == here["errorCode"]


def _no_cookies(conversation: Conversation, ours: Answer) -> bool:
    return not any(name.lower() == "set-cookie" for name, _ in ours.headers)


def _logged_in(conversation: Conversation, ours: Answer) -> bool:
    cookies = {value.partition("=")[0] for name, value in ours.headers if name.lower() == "set-cookie"}
    return ours.status == 200 and cookies == {"ss-id", "ss-pid", "ss-opt"}


def _without_provider(conversation: Conversation, ours: Answer) -> bool:
    return b'"provider"' not in conversation.body and conversation.target == "/auth" and _logged_in(conversation, ours)


def _said_who(conversation: Conversation, ours: Answer) -> bool:
    return conversation.method == "GET" and conversation.target == "/auth" and "userName" in ours.text


def _stays(conversation: Conversation, ours: Answer) -> bool:
    redirects = conversation.answer.status == 302 or "External Redirects" in conversation.answer.text
    return redirects and not ours.header("Location")


def _first_failure(conversation: Conversation, ours: Answer) -> bool:
    return "ValidationException" in conversation.answer.text and ours.error.get("errorCode") == "NotEmpty"


def _by_key_header(conversation: Conversation, ours: Answer) -> bool:
    return bool(conversation.header("X-Api-Key")) and ours.status == 200


def _other_origin(conversation: Conversation, ours: Answer) -> bool:
    return ours.status == 403 and conversation.header("Origin") == "null"


def _msgpack(conversation: Conversation, ours: Answer) -> bool:
    there = conversation.answer
    # That host has no such format, and answers as if none was named.
    return _format(ours) == "msgpack" and (there.status == 404 or "format=x-msgpack" in conversation.target)


def _nobody(conversation: Conversation, ours: Answer) -> bool:
    log_in_failed = "Invalid Username or Password" in ours.text
    challenged = ours.header("WWW-Authenticate").startswith('Basic realm="') or log_in_failed
    return ours.status == 401 and challenged and conversation.answer.status >= 300


def _not_by_get(conversation: Conversation, ours: Answer) -> bool:
    return ours.status == conversation.answer.status == 405 and "Use POST to sign in." in ours.text


_FORMAT = frozenset({"media type", "document", "Content-Disposition"})
_WHOLE = frozenset({"status", "media type", "document", "Content-Disposition", "WWW-Authenticate", "Location"})
_DOCUMENT = frozenset({"document"})

DECISIONS = [
    Decision("GET", "GET is refused, because passwords do not belong in URLs.", _DOCUMENT, _not_by_get),
    Decision("first failure", "A value breaks a rule 400 the first failure's", _DOCUMENT, _first_failure),
    Decision("page", "HTML: a page that works without scripts, for errors too.", _FORMAT, _page),
    Decision(
        "fallback",
        "Otherwise the format of the request body; without a body, JSON (``GATEWAY_DEFAULT_FORMAT``). The gateway never returns 406.",
        _FORMAT,
        _fallback,
    ),
    Decision(
        "weights",
        "The ``Accept`` header with its weights (RFC 9110). At equal weight an exact type precedes a wildcard,"
        " then the type of the request body precedes others, then the order above applies.",
        _FORMAT,
        _weighed,
    ),
    Decision(
        "spellings",
        "``application/jsv``, ``text/jsv``, ``text/x-jsv`` and ``application/x-jsv`` are one format, and the response uses the"
        " client's spelling; the same applies to ``text/xml`` and ``text/json``.",
        frozenset({"media type"}),
        _spelled,
    ),
    Decision(
        "spellings of bodies",
        "``application/jsv``, ``text/jsv``, ``text/x-jsv`` and ``application/x-jsv`` are one format",
        _DOCUMENT,
        _known_spelling,
    ),
    Decision(
        "suffix",
        "A suffix on the last segment of the path, in any letter case: ``/sessions.jsv``, ``/sessions/12.xml``.",
        _WHOLE,
        _suffixed,
    ),
    Decision(
        "format",
        "``?format=`` with a format's name or a media type; anything after the first dot is ignored",
        _FORMAT,
        _asked,
    ),
    Decision(
        "unforeseen",
        "An internal error 500 InternalServerError",
        _DOCUMENT,
        _has("InternalServerError", status=500),
    ),
    Decision(
        "malformed",
        "A body that cannot be parsed is refused with position, line and column.",
        frozenset({"status", "document", "Content-Disposition"}),
        _has("can't be read", status=400),
    ),
    Decision(
        "bind",
        "A value that cannot be converted is refused with an error for its field, in every format and part of the request.",
        frozenset({"status", "document", "Content-Disposition"}),
        _has("is an Invalid value for", status=400),
    ),
    Decision(
        "unread type",
        "else 415 with a list of the accepted media types.",
        _WHOLE,
        _has("is not read here", status=415),
    ),
    Decision(
        "first character",
        "``text/plain``, no type or an unknown one, and a form that begins with ``{``, ``[`` or ``<`` (as ``curl -d`` sends): the"
        " format that the URL names; else JSON or XML by the first character",
        _DOCUMENT,
        _sniffed,
    ),
    Decision("content type", "By Content-Type: JSON, JSV, XML, CSV", frozenset({"status", "document"}), _by_type),
    Decision(
        "XML",
        "XML with a DTD or entities is refused; its members may have any order and namespace.",
        frozenset({"status", "document"}),
        _xml_read,
    ),
    Decision(
        "JSV layout",
        "JSV may extend over several lines, and its names may be quoted.",
        _DOCUMENT,
        _jsv_layout,
    ),
    Decision(
        "lists",
        'Lists in a query string: ``a,b``, ``[a,b]``, ``["a","b"]``, repeated names, names that end in ``[]``.',
        _DOCUMENT,
        _query("Ids[]="),
    ),
    Decision("records", "Records: ``{id:1,name:x}``, or JSON.", _DOCUMENT, _query("Crumb=%7B%22")),
    Decision(
        "declared names",
        "It names fields as the DTO declares them, with an item's index (``Members[0].Role``). The document contains nothing but the"
        " ResponseStatus.",
        _DOCUMENT,
        _declared_names,
    ),
    Decision("errors", "``errors`` is always present.", _DOCUMENT, _errors_there),
    Decision(
        "POST",
        "``/{format}/reply/{Operation}`` and ``/{format}/oneway/{Operation}`` for every operation, with its verbs or POST.",
        _WHOLE,
        _posted,
    ),
    Decision("nowhere", "The entity does not exist, or the caller may not see it 404 NotFound", _WHOLE, _nowhere),
    Decision("verb", "The route does not allow the verb 405 MethodNotAllowed", _WHOLE, _wrong_verb),
    Decision(
        "other verbs",
        "Unknown verbs are refused.",
        _WHOLE,
        _other_verb,
    ),
    Decision(
        "HEAD",
        "``HEAD`` responds like GET without a body; ``OPTIONS`` responds 200 with ``Allow``.",
        _WHOLE,
        lambda conversation, ours: conversation.method == "HEAD" and not ours.body,
    ),
    Decision(
        "401",
        "The caller is not signed in, or the credentials are wrong 401 Unauthorized",
        _WHOLE,
        _nobody,
    ),
    Decision(
        "statuses",
        "The sessions API returns 200, 204 without content, or a status of the table below.",
        frozenset({"status", "document", "Content-Disposition"}),
        _table_statuses,
    ),
    Decision("counted", "``X-AutoBatch-Completed`` has its length.", frozenset({"X-AutoBatch-Completed"}), _counted),
    Decision(
        "gzip",
        "Responses over 1 kB are compressed with gzip if ``Accept-Encoding`` names it.",
        frozenset({"Content-Encoding"}),
        _compressed,
    ),
    Decision("msgpack", "``msgpack`` is available if its package is installed.", _WHOLE, _msgpack),
    Decision("provider", "The default provider is ``credentials``.", _WHOLE | {"cookies"}, _without_provider),
    Decision(
        "who", "``GET /auth`` returns the signed-in user, or 401, and starts no login session.", _DOCUMENT, _said_who
    ),
    Decision(
        "redirects", "Requests for other formats are not redirected, and ``continue`` is ignored.", _WHOLE, _stays
    ),
    Decision("X-Api-Key", "``X-Api-Key``, ``X-ss-id``, cookies.", _WHOLE, _by_key_header),
    Decision(
        "origins",
        "``GATEWAY_CORS_ORIGINS`` lists the web origins whose pages may call the API; by default there are none.",
        _WHOLE,
        _other_origin,
    ),
    Decision("no cookies", "Cookies are set by log-ins only.", frozenset({"cookies"}), _no_cookies),
    Decision(
        "cookies",
        "returns an ``AuthenticateResponse`` and the cookies ``ss-id``, ``ss-pid`` and ``ss-opt``.",
        frozenset({"cookies"}),
        _logged_in,
    ),
    Decision("403", "The caller lacks a role 403 Invalid Role", _WHOLE, _without_role),
    Decision("words", "Clients should check the error codes; messages are for people.", _DOCUMENT, _worded),
]
