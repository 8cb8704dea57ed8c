"""Removal of secrets from recordings.

A secret becomes ``{{hidden:NAME}}``. The name is derived from the secret with a key that is not stored: equal secrets have equal names, and
a name does not reveal its secret.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

from gateway.calls import parse_cookies

#: Headers whose values are secrets, and names of headers whose values may be.
_HEADERS = frozenset({"authorization", "proxy-authorization", "x-ss-id"})
_NAMES = r"[\w-]*(?:passw(?:or)?d|secret|token|api[_-]?key|bearer|credential|signature|ss-?id|ss-?pid)[\w-]*"
_HEADER_NAME = re.compile(rf"(?:x-)?{_NAMES}", re.IGNORECASE)
#: Values of members with such names: in JSON, JSV, XML, a query or form, and in a part of a form. The second group is the value.
_MEMBERS = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        rf'("{_NAMES}"\s*:\s*")((?:[^"\\]|\\.)*)',
        rf'("{_NAMES}"\s*:\s*)(?!null|true|false)([^\s",\[\]{{}}]+)',
        rf'((?:^|[{{,]){_NAMES}:)("(?:[^"]|"")*"|[^,{{}}\[\]"\s][^,{{}}\[\]]*)',
        rf"(<(?:\w+:)?{_NAMES}(?:\s[^>]*)?>)([^<]+)",
        rf"((?:^|[?&]){_NAMES}=)([^&#\s]+)",
        rf'(\bname="?{_NAMES}"?(?:\r?\n[^\r\n]+)*\r?\n\r?\n)(.*?)(?=\r?\n--)',
    )
)
_TABLE_HEAD = re.compile(rf"(?:^|,)\"?{_NAMES}\"?(?:,|$)", re.IGNORECASE)
#: Shorter texts also occur by chance outside of secrets.
_SHORTEST = 6
_PLACEHOLDER = re.compile(r"\{\{[^{}]+\}\}")


class Cleaner:
    """Removes secrets. It is created before processes fork, so that all of them use the same names."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def start_conversation(self) -> Conversation:
        """Return a cleaner for one request and its response."""
        return Conversation(self)

    def name(self, secret: str) -> str:
        """Return the placeholder of a secret."""
        return f"{{{{hidden:{hashlib.blake2b(secret.encode('utf-8', 'replace'), key=self._key, digest_size=5).hexdigest()}}}}}"


class Conversation:
    """The secrets of one request and its response: first all parts are scanned for secrets, then they are cleaned."""

    def __init__(self, cleaner: Cleaner) -> None:
        self._cleaner = cleaner
        self._secrets: set[str] = set()

    def learn_header(self, name: str, value: str) -> None:
        """Look for secrets in a header."""
        lowered = name.lower()
        if lowered == "cookie":
            self._secrets.update(cookie for _, cookie in parse_cookies(value))
        elif lowered == "set-cookie":
            self._secrets.add(value.partition(";")[0].partition("=")[2].strip().strip('"'))
        elif lowered in ("authorization", "proxy-authorization"):
            scheme, _, rest = value.strip().partition(" ")
            self._secrets.add((rest or scheme).strip())
            if scheme.lower() == "basic":
                self._secrets.update(_decode_password(rest))
        elif lowered in _HEADERS or _HEADER_NAME.fullmatch(lowered):
            self._secrets.add(value.strip())

    def learn_text(self, text: str) -> None:
        """Look for secrets in a target or a body."""
        for pattern in _MEMBERS:
            self._secrets.update(match[2].strip('"') for match in pattern.finditer(text))

    def clean_header(self, name: str, value: str) -> str:
        """Return a header without secrets."""
        lowered = name.lower()
        if lowered == "cookie":
            return "; ".join(f"{key}={self._cleaner.name(cookie)}" for key, cookie in parse_cookies(value))
        if lowered == "set-cookie":
            pair, semicolon, rest = value.partition(";")
            key, _, secret = pair.partition("=")
            return (
                f"{key}={self._cleaner.name(secret.strip().strip(chr(34))) if secret.strip() else ''}{semicolon}{rest}"
            )
        if lowered in ("authorization", "proxy-authorization"):
            scheme, space, rest = value.strip().partition(" ")
            return f"{scheme} {self._cleaner.name(rest.strip())}" if space else self._cleaner.name(scheme)
        if lowered in _HEADERS or _HEADER_NAME.fullmatch(lowered):
            return self._cleaner.name(value.strip())
        return self._hide_secrets(value)

    def clean_text(self, text: str) -> str:
        """Return a target or a body without secrets."""
        if _TABLE_HEAD.search(text.partition("\n")[0].strip()) and text.lstrip()[:1] not in ("{", "[", "<"):
            # SECURITY: hide the complete text, because a cell with a secret could be missed.
            return self._cleaner.name(text)
        for pattern in _MEMBERS:
            text = pattern.sub(lambda match: f"{match[1]}{self._replace_secret(match[2])}", text)
        return self._hide_secrets(text)

    def _replace_secret(self, value: str) -> str:
        return value if _PLACEHOLDER.fullmatch(value) else self._cleaner.name(value.strip('"'))

    def _hide_secrets(self, text: str) -> str:
        for secret in sorted(self._secrets, key=len, reverse=True):
            if len(secret) < _SHORTEST or _PLACEHOLDER.fullmatch(secret):
                continue
            for spelling in dict.fromkeys((secret, quote(secret, safe=""), quote_plus(secret))):
                text = text.replace(spelling, self._cleaner.name(secret))
        return text


def _decode_password(encoded: str) -> Iterator[str]:
    try:
        yield base64.b64decode(encoded.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return
