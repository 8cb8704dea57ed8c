"""Documents of a running host, fetched under limits and without credentials."""

from __future__ import annotations

import http.client
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from html import unescape
from typing import IO, Any
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

from gateway.importing.drafts import ImportFailed

#: Seconds that a host may be silent, and seconds that one document may take.
SILENCE = 10
PATIENCE = 60
#: Maximum number of redirects.
MOST_REDIRECTS = 5
#: Maximum number of operations' pages that are read from one host.
MOST_PAGES = 1000
_BLOCK = 64 * 1024
#: Paths of a host's documents, the most complete first.
_DOCUMENTS = ("/types/metadata.json", "/metadata/app.json", "/types/csharp")
_OPERATION = re.compile(r"href\s*=\s*[\"']([^\"']*[?&](?:amp;)?op=[^\"']*)[\"']", re.IGNORECASE)
#: Ends of URLs that name a document, not a host.
_IS_DOCUMENT = re.compile(
    r"\.(?:json|cs|ts|mjs|java|kt|py|php|swift|dart|fs|vb|html?|txt)$|/types/[\w.]+$|/metadata$|/(?:openapi|swagger)$"
)


def is_url(where: str) -> bool:
    """Return whether a source is a URL."""
    return where.lower().startswith(("http://", "https://"))


def fetch_documents(url: str, limit: int) -> Iterator[tuple[str, bytes]]:
    """Yield the documents at a URL, each with its URL, the best first. Failures are reported if there is no document.

    :param limit: bytes that a document may have.
    :raises ImportFailed: when the URL is not allowed, or nothing can be fetched.
    """
    parts = _check_url(url)
    if parts.query or _IS_DOCUMENT.search(parts.path):
        yield url, fetch(url, limit)
        return
    base = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
    reasons = []
    for path in _DOCUMENTS:
        try:
            document = fetch(base + path, limit)
        except ImportFailed as error:
            reasons.append(str(error))
            continue
        yield base + path, document
        reasons.append(f"{base}{path}: not a contract")
    raise ImportFailed("\n".join([f"{base} has no contract that can be imported:", *reasons]))


def fetch_pages(url: str, limit: int) -> list[tuple[str, bytes]]:
    """Return the metadata pages of a host, each of an operation with its types in C#.

    :raises ImportFailed: when the host has no such pages.
    """
    parts = _check_url(url)
    base = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/").removesuffix("/metadata"), "", ""))
    index = fetch(f"{base}/metadata", limit).decode("utf-8", "replace")
    names = dict.fromkeys(
        name
        for link in _OPERATION.findall(index)
        for name in parse_qs(urlsplit(unescape(link)).query).get("op", ())
        if name.isidentifier()
    )
    if not names:
        raise ImportFailed(
            f"{base}/metadata: names no operations; a log-in page stands where the host asks for credentials"
        )
    if len(names) > MOST_PAGES:
        raise ImportFailed(f"{base}/metadata: more than {MOST_PAGES} operations")
    urls = [f"{base}/json/metadata?op={quote(name)}&lang=csharp" for name in names]
    return [(page_url, fetch(page_url, limit)) for page_url in urls]


def fetch(url: str, limit: int) -> bytes:
    """Return the document of a URL.

    :raises ImportFailed: when the host does not respond in time, returns an error, or sends more than the limit.
    """
    _check_url(url)
    headers = {"Accept": "application/json, text/plain, text/html;q=0.5", "User-Agent": "gateway-import"}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - checked above
    end = time.monotonic() + PATIENCE
    try:
        with urllib.request.build_opener(_Redirects).open(request, timeout=SILENCE) as response:
            return b"".join(_read_blocks(response, limit, end, url))
    except urllib.error.HTTPError as error:
        with error:
            hint = (
                ": the host asks for credentials, which are not sent; save the document and import the file"
                if error.code in (401, 403)
                else ""
            )
            raise ImportFailed(f"{url}: {error.code} {error.reason}{hint}") from None
    except urllib.error.URLError as error:
        raise ImportFailed(f"{url}: {error.reason}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ImportFailed(f"{url}: {error or type(error).__name__}") from None


def _read_blocks(response: Any, limit: int, end: float, url: str) -> Iterator[bytes]:
    size = 0
    while block := response.read1(_BLOCK):
        size += len(block)
        if size > limit:
            raise ImportFailed(f"{url}: longer than the limit of {limit} bytes")
        if time.monotonic() > end:
            raise ImportFailed(f"{url}: takes longer than {PATIENCE} s")
        yield block
    if response.length:
        raise ImportFailed(f"{url}: ends {response.length} bytes early")


def _check_url(url: str) -> Any:
    parts = urlsplit(url)
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise ImportFailed(f"{url}: not an http or https URL")
    if parts.username or parts.password:
        # SECURITY: the package contains the source's name.
        raise ImportFailed(f"{parts.hostname}: passwords do not belong in URLs; save the document and import the file")
    return parts


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects within http and https, never from https to http."""

    max_redirections = MOST_REDIRECTS
    max_repeats = 2

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        _check_url(newurl)
        if req.full_url.lower().startswith("https:") and not newurl.lower().startswith("https:"):
            raise ImportFailed(f"{req.full_url}: redirects from https to {urlsplit(newurl).scheme}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
