"""A host's metadata page of one operation, as HTML or as the text that a browser copies: roles, routes, types in a language, samples."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser

from gateway.contract.catalog import ANY, Access, Route
from gateway.importing.drafts import Draft, DraftOperation, DraftRecord, ImportFailed, TypeUse, split_words

#: The text below the types, on every version's page.
_BELOW = "To override the Content-type in your clients"
_ROUTE = re.compile(r"^\s*(All Verbs|[A-Z]{3,7}(?:[ ,]+[A-Z]{3,7})*)\s*\|\s*(/\S*)\s*(?:\||$)", re.MULTILINE)
_RULE = re.compile(
    r"^\s*(Required roles?|Requires any of the roles|Required permissions?|Requires any of the permissions|Requires):[\s|]*(.*?)[\s|]*$",
    re.MULTILINE,
)
_FIELDS = {
    "required role": "all_of",
    "required roles": "all_of",
    "requires any of the roles": "any_of",
    "required permission": "permissions",
    "required permissions": "permissions",
    "requires any of the permissions": "any_permission",
}
_SIGNED_IN = re.compile(r"Requires Authentication", re.IGNORECASE)
_REQUEST = re.compile(r"^\s*([A-Z]+) (/\S*) HTTP/1\.\d", re.MULTILINE)
_RESPONSE = re.compile(r"^\s*HTTP/1\.\d (\d{3})", re.MULTILINE)
_KEY = re.compile(r"[\"']?([\w.@-]+)[\"']?\s*:")
_ELEMENT = re.compile(r"<([A-Za-z_]\w*)[\s/>]")
_VERBS = frozenset(ANY)


def is_page(text: str) -> bool:
    """Return whether a document is a page of an operation."""
    return _BELOW in text or (_is_html(text) and "<body" in text.lower())


def _is_html(text: str) -> bool:
    start = text.lstrip("\ufeff \t\r\n")[:200].lower()
    return start.startswith(("<!doctype html", "<html", "<head", "<body"))


def read(text: str, read_types: Callable[[str], Draft], start_of_types: Callable[[str], int | None]) -> Draft:
    """Return the declarations of a page.

    :param read_types: reads a document of types in any language.
    :param start_of_types: returns the offset at which such a document begins in a text.
    :raises ImportFailed: when the page has no types.
    """
    title = ""
    if _is_html(text):
        page = _Text()
        page.feed(text)
        text, title = page.text(), page.title
    above, marked, below = text.partition(_BELOW)
    start = start_of_types(above)
    if not marked or start is None:
        problem = f"this page{f' ({title})' if title else ''} has no types"
        raise ImportFailed(
            f"{problem}: a page of an operation has them where a language is chosen, as /json/metadata?op=NAME&lang=java; "
            "a log-in page stands where the host asks for credentials"
        )
    draft = read_types(above[start:])
    draft.kind = f"metadata page with types in {draft.kind}"
    head = above[:start]
    request = _find_request(draft, below)
    routes = tuple(_find_routes(head, below))
    returns = draft.operations[0].returns if draft.operations else None
    verbs = tuple(interface[1:].upper() for interface in _list_interfaces(request) if interface[1:].upper() in _VERBS)
    draft.operations = [
        DraftOperation(
            request.name,
            "the page's routes",
            routes,
            () if routes else verbs,
            returns or _find_response_type(draft, below, request.name),
            parse_access(head),
        )
    ]
    return draft


def _find_routes(head: str, below: str) -> Iterator[Route]:
    matches = [*_ROUTE.finditer(head)]
    for match in matches:
        verbs = tuple(verb for verb in re.split(r"[ ,]+", match[1]) if verb in _VERBS)
        yield Route(verbs or ANY, match[2])
    if not matches and (sample := _REQUEST.search(below)) is not None and not _is_predefined(sample[2]):
        yield Route((sample[1],) if sample[1] in _VERBS else ANY, sample[2])


def _is_predefined(path: str) -> bool:
    return re.match(r"/(?:api|(?:json|jsv|xml|csv)/(?:reply|oneway))/", path) is not None


def parse_access(head: str) -> Access | None:
    """Return the access rule on a page; None if it has none."""
    rule: dict[str, tuple[str, ...] | bool] = {}
    for label, names in _RULE.findall(head):
        if label.lower() == "requires" and "api key" in names.lower():
            rule["api_key"] = True
        elif label.lower() in _FIELDS:
            rule[_FIELDS[label.lower()]] = tuple(name.strip() for name in names.split(",") if name.strip())
    if rule:
        return Access(**rule)  # type: ignore[arg-type]
    return Access() if _SIGNED_IN.search(head) else None


def _find_request(draft: Draft, below: str) -> DraftRecord:
    """Return the request's class: of the page's operation, else with a verb, else with the sample's fields, else the first one."""
    records = [
        type_info for type_info in draft.types if isinstance(type_info, DraftRecord) and not type_info.is_interface
    ]
    if not records:
        raise ImportFailed("the types of this page have no class")
    if draft.operations:
        request_names = {operation.request for operation in draft.operations}
        return next(record for record in records if record.name in request_names)
    verbs = [record for record in records if any(name[1:].upper() in _VERBS for name in _list_interfaces(record))]
    if len(verbs) == 1:
        return verbs[0]
    sample, _, _ = below.partition("HTTP/1.1 200")
    keys = _list_keys(sample)
    return next((record for record in records if keys and keys == _list_wire_names(draft, record)), records[0])


def _list_interfaces(record: DraftRecord) -> list[str]:
    return [use.name for use, _ in record.interfaces]


def _find_response_type(draft: Draft, below: str, request: str) -> TypeUse | None:
    """Return the type of the sample response."""
    response = _RESPONSE.search(below)
    if response is None or response[1] == "204":
        return None
    sample = below[response.end() :]
    if (element := _ELEMENT.search(sample)) is not None and "{" not in sample[: element.start()]:
        name = element[1]
        if any(type_info.name == name for type_info in draft.types):
            return TypeUse(name)
    keys = _list_keys(sample)
    for type_info in draft.types:
        if isinstance(type_info, DraftRecord) and keys and keys == _list_wire_names(draft, type_info):
            start = next((letter for letter in sample if letter in "[{"), "{")
            return TypeUse("List", (TypeUse(type_info.name),)) if start == "[" else TypeUse(type_info.name)
    draft.losses.add("what an operation returns: the sample is like no type of the page", request)
    return None


def _list_wire_names(draft: Draft, record: DraftRecord | None) -> set[str]:
    """Return the wire names of a record's members, in lower case."""
    names: set[str] = set()
    record_names: set[str] = set()
    records = {type_info.name: type_info for type_info in draft.types if isinstance(type_info, DraftRecord)}
    while record is not None and record.name not in record_names:
        record_names.add(record.name)
        for member in record.members:
            wire_name = member.data_member.name if member.data_member else ""
            names.add((wire_name or member.name).lower())
        record = records.get(record.base.name) if record.base else None
    return names


def _list_keys(sample: str) -> set[str]:
    """Return the names in a sample's outermost record, in lower case."""
    keys: set[str] = set()
    start = sample.find("{")
    depth = 0
    at = max(start, 0)
    while start >= 0 and at < len(sample):
        letter = sample[at]
        if letter in "{[":
            depth += 1
        elif letter in "}]":
            depth -= 1
            if not depth:
                break
        if depth == 1 and letter in "{," and (key := _KEY.match(sample, at + 1 + _count_blanks(sample, at + 1))):
            keys.add(key[1].lower())
        at += 1
    return keys


def _count_blanks(text: str, at: int) -> int:
    return len(text[at:]) - len(text[at:].lstrip()) if at < len(text) else 0


class _Text(HTMLParser):
    """The text of a page, as a browser copies it: cells of tables are separated by ``|``."""

    _LINES = split_words(
        "address article br dd div dl dt footer h1 h2 h3 h4 h5 h6 header li nav ol p pre section table tr ul"
    )
    _HIDDEN = frozenset(("script", "style", "template", "noscript"))

    def __init__(self) -> None:
        super().__init__()
        self.title = ""
        self._parts: list[str] = []
        self._hidden = 0
        self._pre = 0
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._HIDDEN:
            self._hidden += 1
        self._in_title = tag == "title"
        self._pre += tag == "pre"
        if tag in self._LINES:
            self._parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        if tag == "title":
            self._in_title = False
        if tag == "pre":
            self._pre = max(0, self._pre - 1)
        if tag in ("td", "th"):
            self._parts.append(" | ")
        elif tag in self._LINES:
            self._parts.append("\n")

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += " ".join(data.split())
        elif not self._hidden:
            self._parts.append(data if self._pre else re.sub(r"\s+", " ", data))

    def text(self) -> str:
        """Return the complete text."""
        return "".join(self._parts)
