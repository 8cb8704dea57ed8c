"""Conversations with a real ServiceStack 5.8 host, and how one of ours is held beside the recorded one.

``corpora/transcripts.jsonl.gz`` has a request and its answer in each line. Session ids are cut out of it, and pages are ``(html)``.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

CORPUS = Path(__file__).parents[1] / "corpora" / "transcripts.jsonl.gz"
#: The address of the recorded host.
RECORDED_HOST = "127.0.0.1:21000"
PAGE = "(html)"
#: What an answer to a log-in has; the values are each host's own.
MADE_ANEW = frozenset({"userId", "sessionId", "userName", "displayName", "bearerToken"})

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str:
        """The header's value, its name in any letter case; empty where it is missing."""
        return next((value for given, value in self.headers if given.lower() == name.lower()), "")

    @property
    def media_type(self) -> str:
        """The media type, without parameters."""
        return self.header("Content-Type").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as a text."""
        return self.body.decode(errors="replace")

    @property
    def document(self) -> Any:
        """The body by value, member for member in its order; pages are all alike."""
        if self.media_type.endswith("json") and self.body and not self.is_cut:
            found = json.loads(self.body, object_pairs_hook=list)
            names = {each[0] for each in found if isinstance(each, tuple)}
            return names & MADE_ANEW if "sessionId" in names else found
        if self.media_type == "text/javascript":
            name, _, argument = self.text.removesuffix(")").partition("(")
            return [name, json.loads(argument)]
        if self.media_type.endswith("jsv") and "sessionId:" in self.text:
            return {name for name in MADE_ANEW if f"{name}:" in self.text}
        return PAGE if self.media_type == "text/html" and self.body else self.text

    @property
    def is_cut(self) -> bool:
        """Whether only the beginning of the body was recorded."""
        return self.text.endswith("…")

    @property
    def error(self) -> Mapping[str, Any]:
        """The ResponseStatus of an answer in JSON; empty where there is none."""
        if not self.media_type.endswith("json") or not self.body:
            return {}
        value = json.loads(self.body)
        return value.get("responseStatus") or {} if isinstance(value, dict) else {}


@dataclass(frozen=True)
class Conversation:
    """A recorded request and its answer.

    :ivar variant: ``open`` where anybody may make sessions, ``role`` where the role User may.
    """

    name: str
    variant: str
    method: str
    target: str
    headers: Headers
    body: bytes
    answer: Answer

    @property
    def group(self) -> str:
        """What the conversation is about: the first part of its name."""
        return self.name.partition("/")[0]

    @property
    def key(self) -> str:
        """The name that no other conversation has."""
        return f"{self.variant} {self.name}"

    def header(self, name: str) -> str:
        """The request's header, its name in any letter case, all of its values; empty where it is missing."""
        return ", ".join(value for given, value in self.headers if given.lower() == name.lower())


def conversations() -> Iterator[Conversation]:
    """All of them, in the order of the recording."""
    for line in gzip.decompress(CORPUS.read_bytes()).decode().splitlines():
        row = json.loads(line)
        asked, told = row["request"], row["response"]
        yield Conversation(
            row["name"],
            row["variant"],
            asked["method"],
            asked["path"],
            [(name, value) for name, value in asked["headers"]],
            _whole(row["name"], asked.get("body", "")).encode(),
            Answer(told["status"], [(name, value) for name, value in told["headers"]], told.get("body", "").encode()),
        )


def _whole(name: str, body: str) -> str:
    """The body as it was sent: of the one of a megabyte, only the beginning was recorded."""
    return f'{body.ljust(1_000_000, "x")}"}}' if name == "body/large-1MB" else body


def ask(app: Any, conversation: Conversation, secrets: Mapping[str, str]) -> Answer:
    """The answer of a WSGI application to a recorded request.

    :param secrets: what stands here for what stood in the recording: cookies, tokens, names of users.
    """
    path, _, query = conversation.target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": conversation.method,
        "RAW_URI": conversation.target,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": _filled(query, secrets),
        "SCRIPT_NAME": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
    }
    for name, value in conversation.headers:
        variable = name.upper().replace("-", "_")
        if variable not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            variable = f"HTTP_{variable}"
        filled = _credentials(value, secrets) if name.lower() == "authorization" else _filled(value, secrets)
        # A header that stands twice is one, parted by a comma (RFC 9110, 5.3).
        environ[variable] = f"{environ[variable]}, {filled}" if variable in environ else filled
    body = _filled(conversation.body.decode(), secrets).encode()
    if body or "CONTENT_LENGTH" in environ:
        environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = io.BytesIO(body)
    seen: list[tuple[str, Headers]] = []
    blocks = app(environ, lambda status, headers, *_: seen.append((status, headers)))
    read = b"".join(blocks)
    status, headers = seen[0]
    if read and ("content-encoding", "gzip") in [(name.lower(), value) for name, value in headers]:
        read = gzip.decompress(read)
    return Answer(int(status.partition(" ")[0]), headers, read)


def _filled(text: str, secrets: Mapping[str, str]) -> str:
    for recorded, ours in secrets.items():
        text = text.replace(recorded, ours)
    return text


def _credentials(value: str, secrets: Mapping[str, str]) -> str:
    scheme, _, encoded = value.partition(" ")
    if scheme != "Basic" or not re.fullmatch(r"[A-Za-z0-9+/=]+", encoded):
        return _filled(value, secrets)
    name, colon, password = base64.b64decode(encoded).decode().partition(":")
    name = secrets.get(f'"{name}"', f'"{name}"').strip('"')
    return "Basic " + base64.b64encode(f"{name}{colon}{password}".encode()).decode()


def differences(conversation: Conversation, ours: Answer) -> list[str]:
    """How our answer differs from the recorded one: documents by value, headers by meaning. A line each."""
    recorded = conversation.answer
    pairs = {
        "status": (recorded.status, ours.status),
        "document": (recorded.document, ours.document),
        "Content-Encoding": (recorded.header("Content-Encoding"), ours.header("Content-Encoding")),
        "Location": (recorded.header("Location"), ours.header("Location")),
        "X-AutoBatch-Completed": (
            recorded.header("X-AutoBatch-Completed"),
            ours.header("X-AutoBatch-Completed"),
        ),
        "cookies": (_logs_in(recorded, conversation), _logs_in(ours, conversation)),
        "WWW-Authenticate": (bool(recorded.header("WWW-Authenticate")), bool(ours.header("WWW-Authenticate"))),
    }
    if recorded.header("Content-Encoding"):
        # What was compressed was not recorded.
        del pairs["document"]
    elif recorded.is_cut:
        beginning = recorded.text.removesuffix("…")
        pairs["document"] = (beginning, ours.text[: len(beginning)])
    if recorded.body or ours.body:
        pairs["media type"] = (recorded.media_type, ours.media_type)
    if recorded.status == ours.status == 200:
        pairs["Content-Disposition"] = (_file(recorded), _file(ours))
    return [f"{name}: {told!r} there, {said!r} here" for name, (told, said) in pairs.items() if told != said]


def _logs_in(answer: Answer, conversation: Conversation) -> bool:
    """Whether the client is given a login session; what that host gave everybody is none."""
    return conversation.group == "auth" and any(
        name.lower() == "set-cookie" and re.match("ss-opt=[a-z]", value) for name, value in answer.headers
    )


def _file(answer: Answer) -> str:
    return answer.header("Content-Disposition").replace(" ", "")
