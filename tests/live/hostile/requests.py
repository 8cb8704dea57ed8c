"""Whole requests: a head, a body, and how they are put on the wire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from urllib.parse import quote_from_bytes

from tests.live.hostile import calls, documents, heads, packing, values
from tests.servers import API_KEY


@dataclass(frozen=True, slots=True)
class Hostile:
    """What one connection sends.

    :ivar name: by what it is found again: the seed and the number.
    :ivar pieces: sent one after the other, with a pause between.
    :ivar ends: whether the sender says that nothing follows, or waits for an answer with its side open.
    """

    name: str
    pieces: tuple[bytes, ...]
    ends: bool

    @property
    def data(self) -> bytes:
        """Everything that is sent."""
        return b"".join(self.pieces)

    @property
    def is_complete(self) -> bool:
        """Whether the head is complete, so that there must be an answer."""
        return b"\r\n\r\n" in self.data.lstrip(b"\r\n")


def make(seed: str, number: int) -> Hostile:
    """The request of this number."""
    name = f"{seed}-{number}"
    random = Random(name)
    kind = random.random()
    data, ends = _choose_kind(kind)(random, name)
    if random.random() < 0.02:
        data = data[: random.randrange(len(data) + 1)]
        return Hostile(name, (data,), ends=True)
    if random.random() < 0.02 and len(data) < 10_000:
        at = sorted(random.randrange(len(data) + 1) for _ in range(2))
        return Hostile(name, (data[: at[0]], data[at[0] : at[1]], data[at[1] :]), ends=True)
    return Hostile(name, (data,), ends or random.random() < 0.5)


def _choose_kind(chance: float) -> Callable[[Random, str], tuple[bytes, bool]]:
    if chance < 0.06:
        return _make_beginning
    if chance < 0.14:
        return _make_lines
    return _make_fitting if chance < 0.6 else _make_request


def _make_fitting(random: Random, name: str) -> tuple[bytes, bool]:
    """A call that an operation takes, with values that mean no good."""
    operation, path, verb = random.choice(values.CALLS)
    if random.random() < 0.5:
        path = f"/{random.choice(('api', *(f'{format_name}/reply' for format_name in values.FORMATS), 'json/oneway'))}/{operation}"
    parts = (random.choice(values.TEXTS)[:500] if segment.startswith("{") else segment for segment in path.split("/"))
    target = "/".join(quote_from_bytes(values.encoded(segment), safe="") for segment in parts)
    if random.random() < 0.4 or verb == "GET":
        target += "?" + calls.as_form(operation, calls.fields_of(random, operation))[:7000]
    lines = [f"X-Request-Id: {name}", "Host: x", f"Accept: {random.choice(ACCEPTED)}"]
    if random.random() < 0.95:
        lines.append(f"Authorization: Bearer {API_KEY}")
    body = b""
    if verb != "GET":
        kind, body = calls.fitting(random, operation)
        if random.random() < 0.05:
            body, target = b"[" + body + b"," + body + b"]", target.partition("?")[0] + "[]"
        lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    head = f"{verb} {target} HTTP/1.1\r\n" + "".join(f"{line}\r\n" for line in lines)
    return head.encode() + b"\r\n" + body, False


ACCEPTED = (
    "*/*",
    "application/json",
    "text/jsv",
    "application/xml",
    "text/csv",
    "text/html",
    "application/jsonl",
    "application/x-msgpack",
)


def _make_beginning(random: Random, _: str) -> tuple[bytes, bool]:
    """What is hardly HTTP."""
    line = values.encoded(values.text(random)[:300])
    data = random.choice(
        (
            values.octets(random, 300),
            values.octets(random) + b"\r\n\r\n",
            b"\r\n" * random.randrange(1, 40),
            b"GET " + line + b" HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET  /health  HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET /health\r\n\r\n",
            b"GET /health HTTP/" + random.choice((b"1.0", b"0.9", b"2.0", b"1.10", b"11", b"x", b"")) + b"\r\n\r\n",
            b"GET /health http/1.1\r\nHost: x\r\n\r\n",
            b"\x16\x03\x01" + values.octets(random) + b"\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + values.octets(random),
            b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n",
            b"\r\n\r\n\x00\r\nQUIT\n" + values.octets(random),
            b"G" * 100_000,
            b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 5000 + b"\r\n",
            b"GET / HTTP/1.1\r\n" + b"a: " + b"b" * 100_000,
        )
    )
    return data, True


_NO_LENGTHS = ("-1", "+1", "0x2", "1e1", " ", "1,1", "9" * 30, "2\x00", "٢", "2;a", "02")


def _make_lines(random: Random, name: str) -> tuple[bytes, bool]:
    """Header lines that break the rules of framing."""
    body = random.choice((b"", b"{}", b"{displayName:a}", b"x" * 2000))
    length = len(body)
    line = random.choice(
        (
            f"Content-Length: {random.choice((*_NO_LENGTHS, str(length + 5), str(max(0, length - 1))))}",
            f"Content-Length: {length}\r\nContent-Length: {length + 1}",
            f"Content-Length: {length}\r\nContent-Length: {length}",
            f"Content-Length: {length}\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: "
            + random.choice(
                (
                    "identity",
                    "gzip",
                    "gzip, chunked",
                    "chunked, chunked",
                    "chunked;a=b",
                    "xchunked",
                    "\x0bchunked",
                    "Chunked",
                    "",
                    "br",
                )
            ),
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
            "Transfer-Encoding : chunked",
            f"X-Folded: a\r\n b\r\nContent-Length: {length}",
            f" leading: a\r\nContent-Length: {length}",
            "no colon",
            ": no name",
            "Na me: x",
            "N\x00: x",
            "X: a\x00b",
            "X: a\rb",
            "X: a\nContent-Length: 5",
            "X: \xff\xfe\x80",
            "\xe9: x",
            "X:" + " " * 3000,
            "Y" * 9000 + ": x",
            "X: " + "y" * 9000,
            "\r\n".join(f"X-{number}: y" for number in range(150)),
            "Host: y",
            "Content-Type: a\r\nContent-Type: b",
        )
    )
    ending = random.choice(("\r\n", "\r\n", "\r\n", "\n", "\r"))
    head = f"POST /sessions HTTP/1.1\r\nHost: x\r\nX-Request-Id: {name}\r\nAuthorization: Bearer {API_KEY}\r\n{line}{ending}\r\n"
    data = values.encoded(head).replace(b"\xc3\xbf\xc3\xbe\xc2\x80", b"\xff\xfe\x80")
    return data + body + random.choice((b"", b"", _NEXT)), True


_NEXT = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"


def _make_request(random: Random, name: str) -> tuple[bytes, bool]:
    """Rightly framed, mostly, with something odd in every place."""
    verb = random.choice(heads.ODD_VERBS) if random.random() < 0.05 else random.choice(heads.VERBS)
    lines = [f"X-Request-Id: {name}", *heads.odd_headers(random)]
    if random.random() < 0.8:
        lines.append(f"Authorization: Bearer {API_KEY}")
    body, ends = b"", False
    if verb not in ("GET", "HEAD", "OPTIONS") or random.random() < 0.1:
        kind, body = documents.make_document(random)
        lines.append(f"Content-Type: {kind}")
        if random.random() < 0.15:
            encoding, body = packing.packed(random, body)
            lines.append(f"Content-Encoding: {encoding}")
        if random.random() < 0.003:
            body = b"{" + b" " * 12 * packing.MEGABYTE
        framing = random.choice(FRAMINGS)
        ends = framing not in (_frame_by_length, _frame_in_chunks)
        line, body = framing(random, body)
        lines.append(line)
    if not any(line.startswith("Host") for line in lines):
        lines.insert(0, "Host: x")
    if random.random() < 0.5:
        lines.append("Connection: close")
    head = f"{verb} {heads.target(random)} HTTP/1.{random.choice('1111110')}\r\n" + "".join(
        f"{line}\r\n" for line in lines
    )
    return _encode_head(random, head) + b"\r\n" + body, ends


def _encode_head(random: Random, head: str) -> bytes:
    """A head's bytes: what would break its lines stays only now and then."""
    if random.random() < 0.9:
        lines = head.removesuffix("\r\n").split("\r\n")
        head = "".join(line.replace("\r", "").replace("\n", "").replace("\x00", "") + "\r\n" for line in lines)
    return head.encode("latin-1", "replace") if random.random() < 0.5 else values.encoded(head)


Framing = Callable[[Random, bytes], tuple[str, bytes]]


def _frame_by_length(random: Random, body: bytes) -> tuple[str, bytes]:
    return f"Content-Length: {len(body)}", body


def _cut(random: Random, body: bytes) -> tuple[str, bytes]:
    return f"Content-Length: {len(body) + random.randrange(1, 99)}", body


def _frame_with_excess(random: Random, body: bytes) -> tuple[str, bytes]:
    return f"Content-Length: {len(body)}", body + _NEXT


def _frame_in_chunks(random: Random, body: bytes) -> tuple[str, bytes]:
    size = random.choice((1, 7, 1000, 65536)) if len(body) < 5000 else 65536
    sizes = random.choice((b"%x", b"%X", b"000%x", b"%x;a=b", b'%x ; a="b"'))
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    data = b"".join(sizes % len(chunk) + b"\r\n" + chunk + b"\r\n" for chunk in chunks)
    return "Transfer-Encoding: chunked", data + random.choice((b"0\r\n\r\n", b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n"))


def _frame_in_bad_chunks(random: Random, body: bytes) -> tuple[str, bytes]:
    size = b"%x" % len(body)
    return "Transfer-Encoding: chunked", random.choice(
        (
            size + b"\r\n" + body,
            size + b"\r\n" + body + b"\r\n",
            size + b"\n" + body + b"\n0\n\n",
            b"-1\r\n" + body,
            b"zz\r\n" + body + b"\r\n0\r\n\r\n",
            b"f" * 40 + b"\r\n" + body,
            b"f" * 9000,
            b"0x2\r\n{}\r\n0\r\n\r\n",
            size + b";" + b"a" * 9000 + b"\r\n" + body + b"\r\n0\r\n\r\n",
            size + b"\r\n" + body + b"XX0\r\n\r\n",
            b"0\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
            b"0\r\nbad trailer\r\n\r\n",
            b"",
        )
    )


FRAMINGS: tuple[Framing, ...] = (
    *[_frame_by_length] * 10,
    *[_frame_in_chunks] * 3,
    _cut,
    _frame_with_excess,
    _frame_in_bad_chunks,
)
