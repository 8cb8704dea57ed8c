"""Sources of a contract: a file, standard input or a running host; and the choice of the reader."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from gateway.contract.depth import allow_long_chains
from gateway.contract.typeinfo import Contract
from gateway.importing import json_tree, languages, metadata_json, openapi, pages, web
from gateway.importing.assembly import assemble
from gateway.importing.drafts import Draft, ImportFailed, Losses

#: Maximum bytes of a source.
MOST_BYTES = 10_000_000


@dataclass(frozen=True)
class Source:
    """A document and its origin.

    :ivar name: a file, a URL or ``standard input``.
    """

    name: str
    text: str


@dataclass(frozen=True)
class Imported:
    """A contract that was read.

    :ivar kind: the kind of document.
    :ivar title: the service's name; empty if the document has none.
    :ivar version: the version of the host; empty if the document has none.
    """

    source: str
    kind: str
    contract: Contract
    losses: Losses
    title: str = ""
    version: str = ""


def open_source(where: str) -> Source:
    """Read the document of a file, or of standard input for ``-``.

    :raises ImportFailed: when it can't be read.
    """
    if where == "-":
        return Source("standard input", decode(sys.stdin.buffer.read(MOST_BYTES + 1), "standard input"))
    path = Path(where)
    try:
        with path.open("rb") as stream:
            return Source(where, decode(stream.read(MOST_BYTES + 1), where))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ImportFailed(f"{where}: can't be read: {reason}") from error


def decode(data: bytes, name: str) -> str:
    """Decode a document in UTF-8 or UTF-16.

    :raises ImportFailed: when it is too long, or is not text.
    """
    if len(data) > MOST_BYTES:
        raise ImportFailed(f"{name}: longer than the limit of {MOST_BYTES} bytes")
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ImportFailed(f"{name}: not a text in {error.encoding}, at byte {error.start}") from None
    if not text.strip():
        raise ImportFailed(f"{name}: the document is empty")
    return text


def import_from(where: str) -> Imported:
    """Return the contract of a file, of standard input for ``-``, or of a running host.

    :raises ImportFailed: when there is none, or it contradicts itself.
    """
    return _import_from_host(where) if web.is_url(where) else read(open_source(where))


def _import_from_host(url: str) -> Imported:
    reasons = []
    try:
        for document_url, data in web.fetch_documents(url, MOST_BYTES):
            try:
                return read(Source(document_url, decode(data, document_url)))
            except ImportFailed as error:
                reasons.append(str(error))
    except ImportFailed as error:
        reasons.append(str(error))
    try:
        return _join_pages(
            url, [Source(page_url, decode(data, page_url)) for page_url, data in web.fetch_pages(url, MOST_BYTES)]
        )
    except ImportFailed as error:
        raise ImportFailed("\n".join([*reasons, str(error)])) from None


def _join_pages(url: str, sources: list[Source]) -> Imported:
    """Return the contract of several pages."""
    joined_draft = Draft(f"{len(sources)} metadata pages")
    for source in sources:
        try:
            draft = _read_draft(source)
        except ImportFailed as error:
            raise ImportFailed(f"{source.name}: {error}") from None
        joined_draft.types += draft.types
        joined_draft.operations += draft.operations
        for kind, positions in draft.losses.positions.items():
            for position in positions:
                joined_draft.losses.add(kind, position)
    return Imported(url, joined_draft.kind, assemble(joined_draft), joined_draft.losses)


def read(source: Source) -> Imported:
    """Return the contract of a document of any kind.

    :raises ImportFailed: when its kind is unknown, or it contradicts itself.
    """
    allow_long_chains()
    try:
        draft = _read_draft(source)
        contract = assemble(draft)
        draft.version = draft.version or _find_version(source.text)
    except RecursionError:
        raise ImportFailed(f"{source.name}: types are nested too deeply") from None
    except ImportFailed as error:
        text = str(error)
        raise ImportFailed(text if text.startswith(source.name) else f"{source.name}: {text}") from error.__cause__
    return Imported(source.name, draft.kind, contract, draft.losses, draft.title, draft.version)


#: The host's version in the options at the head of generated types.
_OPTIONS = re.compile(r"Options:\s*\n(?:[^\n]*\n){0,4}?[ '#/]*Version: *([\d.]+)")


def _find_version(text: str) -> str:
    match = _OPTIONS.search(text)
    return "" if match is None else match[1]


def _read_draft(source: Source) -> Draft:
    # A bracket may begin an attribute, too.
    if re.match(r"\ufeff?\s*(?:{|\[\s*[^\sA-Za-z_])", source.text):
        root = json_tree.parse(source.text, source.name)
        if metadata_json.is_metadata(root):
            return metadata_json.read(root)
        if openapi.is_openapi(root):
            return openapi.read(root)
    if pages.is_page(source.text):
        return pages.read(source.text, languages.read, languages.find_start)
    return languages.read(source.text)
