"""Pages for people: the list of operations, a page for each operation, the generated types. They work without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import jinja2

from gateway.contract.catalog import Access, Operation
from gateway.contract.dto_field import AnyField
from gateway.contract.typeinfo import Contract, EnumInfo, Property, RecordInfo, TypeRef
from gateway.metadata import constraints, samples, types
from gateway.metadata.failures import ERRORS, statuses
from gateway.metadata.languages.options import Options
from gateway.metadata.languages.scalars import is_value, scalars_of
from gateway.metadata.limits import limits_of
from gateway.metadata.neighbours import lists_of
from gateway.metadata.secret_fields import is_secret
from serializers.base import Serializer
from serializers.html import frame as html
from serializers.page import Frame

_SCALARS = scalars_of("csharp")

#: A placeholder for the service's URL in kept documents; `filled` replaces it in each response.
BASE_URL = "http://base-url.service.invalid/path-of-service"
_BASE = urlsplit(BASE_URL)
#: The pages that every header links to.
NAVIGATION = {"Operations": "/metadata", "Types": "/types", "Explorer": "/explorer"}
# A placeholder in the header of a kept document, which `filled` replaces by the signed-in user.
_ACCOUNT = "<!--account-->"
# SECURITY: a URL that is filled in has nothing that HTML, JSON or a comment would have to quote.
_NOT_IN_URL = re.compile(r"[^\w.:/\[\]%~@+=-]")


@dataclass(frozen=True, slots=True)
class Field:
    """A row of a table of parameters."""

    name: str
    place: str
    type: str
    required: str
    description: str
    limits: str = ""

    @property
    def words(self) -> list[str]:
        """The type in parts: names of types, and the text between them."""
        return [each for each in re.split(r"(\w+)", self.type) if each]


@dataclass(frozen=True, slots=True)
class Table:
    """The fields of a record, or the members of an enum."""

    name: str
    description: str
    fields: tuple[Field, ...] = ()
    members: tuple[tuple[str, int, str], ...] = ()


def filled(document: bytes, base_url: str, account: str = "") -> bytes:
    """Return a document with `BASE_URL` replaced by the service's URL: scheme, host and the path under which it is served.

    :param account: the signed-in user for a page's header.
    """
    document = document.replace(_ACCOUNT.encode(), account.encode(), 1)
    url = _NOT_IN_URL.sub("", base_url)
    parts = urlsplit(url)
    for made, own in ((BASE_URL, url), (_BASE.netloc, parts.netloc), (_BASE.path, parts.path)):
        document = document.replace(made.encode(), own.encode())
    return document


@cache
def templates() -> jinja2.Environment:
    """Return the package's templates. They escape all values; `root` is the prefix of each path of the service."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("gateway.metadata"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals["root"] = _BASE.path
    return environment


def frame(service: str) -> Frame:
    """Return the header of a kept document: `filled` writes addresses and the signed-in user into each response.

    :param service: the service's name.
    """
    root = _BASE.path
    return Frame(service, f"{root}/", {label: f"{root}{path}" for label, path in NAVIGATION.items()})


def render(template: str, *, frame: Frame, account: str | None = None, title: str, **values: Any) -> str:
    """Return a template with its values, in the layout of all pages.

    :param frame: the header.
    :param account: its part about the signed-in user, if it is not the frame's.
    :param title: the title in a browser's tab.
    """
    head, header = html.head(title), html.header(frame, account)
    return templates().get_template(template).render(head=head, header=header, title=title, **values)


def render_kept(template: str, service: str, **values: Any) -> str:
    """Return a template with its values, as a document that is kept for `filled`."""
    return render(template, frame=frame(service), account=_ACCOUNT, **values)


def rules(access: Access) -> Iterator[tuple[str, str]]:
    """Return the access rule for pages: a title and names."""
    if access.all_of:
        yield f"Required role{'s' if len(access.all_of) > 1 else ''}:", ", ".join(access.all_of)
    if access.any_of:
        yield "Requires any of the roles:", ", ".join(access.any_of)
    if access.permissions:
        yield f"Required permission{'s' if len(access.permissions) > 1 else ''}:", ", ".join(access.permissions)
    if access.any_permission:
        yield "Requires any of the permissions:", ", ".join(access.any_permission)
    if access.api_key:
        yield "Requires:", "API key"


def type_text(ref: TypeRef) -> str:
    """Return a type in C#'s notation, as pages show it."""
    name = _SCALARS.get(ref.name, ref.name)
    arguments = ", ".join(type_text(each) for each in ref.arguments)
    text = f"{name}<{arguments}>" if arguments else name
    if ref.name == "Array":
        text = f"{arguments}[]"
    return f"{text}?" if ref.nullable and is_value(ref) else text


def place_of(each: Property, operation: Operation | None) -> str:
    """Return the location of a request's field: the path, the query string or the body."""
    if operation is None:
        return ""
    if each.api_member is not None and each.api_member.parameter_type:
        return each.api_member.parameter_type
    wanted = {each.wire.lower()} | {name.lower() for name, wire in operation.dto.aliases.items() if wire == each.wire}
    if any(name in map(str.lower, route.variables) for route in operation.routes for name in wanted):
        return "path"
    return "query" if {"GET", "DELETE"}.issuperset(operation.verbs) else "body"


def tables(contract: Contract, operation: Operation) -> Iterator[Table]:
    """Yield tables of an operation's types: its request first, then all types that it refers to."""
    info = contract.by_name[operation.name]
    found = contract.reachable([TypeRef("record", operation.name), info.returns])
    inherited = {each.base.name for each in found.values() if isinstance(each, RecordInfo) and each.base is not None}
    for name, each in found.items():
        if isinstance(each, EnumInfo):
            members = tuple(
                (each.text_of(member), number, each.descriptions.get(member, "")) for member, number in each.members
            )
            yield Table(name, each.description, members=members)
        elif name not in inherited:
            owner = operation if name == operation.name else None
            demanded = constraints.demanded(operation.dto) if owner else ()
            known = {str(field.data_key): field for field in operation.dto.schema().fields.values()} if owner else {}
            rows = tuple(
                _row(field, owner, known.get(field.wire), demanded=field.wire in demanded)
                for field in contract.all_properties(each)
            )
            yield Table(name, each.description, fields=rows)


def _row(each: Property, operation: Operation | None, declared_as: AnyField | None, *, demanded: bool) -> Field:
    place = place_of(each, operation)
    told, member = each.api_member, each.data_member
    declared = bool((told and told.is_required) or (member and member.is_required))
    required = demanded or declared or place == "path" or not each.nullable
    return Field(
        each.wire,
        place,
        type_text(each.type),
        "Yes" if required else "No",
        each.description,
        _limits(each, declared_as),
    )


def _limits(each: Property, declared_as: AnyField | None) -> str:
    limits = limits_of(declared_as) if declared_as is not None else ""
    if not limits and each.longest is not None:
        limits = f"at most {each.longest:,} characters"
    return "; ".join(filter(None, [limits, "a secret: never in a URL" if is_secret(each) else ""]))


def front_page(rows: Sequence[Mapping[str, str]], unknown: Sequence[str], service: str) -> str:
    """``/front``: the state of each operation."""
    return render_kept("front.html", service, title=f"Front · {service}", rows=rows, unknown=unknown)


def index_page(
    operations: Iterable[Operation], formats: Iterable[str], title: str, answering: Mapping[str, str] | None = None
) -> str:
    """``/metadata``: every operation, by tag, with a link for each format.

    :param answering: which host responds for each operation, if an old host is behind the service.
    """
    operations = [*operations]
    groups: dict[str, list[Operation]] = {}
    for operation in operations:
        groups.setdefault(operation.tags[0] if operation.tags else "other", []).append(operation)
    sections = [(tag, sorted(found, key=lambda each: each.name)) for tag, found in sorted(groups.items())]
    return render_kept(
        "index.html",
        title,
        title=f"Operations · {title}",
        sections=sections,
        formats=[*formats],
        languages=types.LANGUAGES,
        rules=rules,
        answering=answering,
        lists={each.label: each.address for each in lists_of(operations)},
    )


def operation_page(
    operation: Operation,
    contract: Contract,
    serializer: Serializer,
    base_url: str,
    language: str = "",
    formats: Iterable[str] = (),
    service: str = "Gateway",
) -> str:
    """``/{format}/metadata?op=X&lang=Y``: access, routes, types and sample calls of an operation. Raises NotFound."""
    assert operation.access is not None
    code, shown = "", ""
    if language:
        shown = types.language(language).name
        options = Options(base_url, {"includetypes": f"{operation.name}.*"}, bare=True)
        code = types.source(language, contract, options)
    return render_kept(
        "operation.html",
        service,
        title=f"{operation.name} · Operation",
        name=operation.name,
        operation=operation,
        lists=[each.address for each in lists_of([operation])],
        rules=[*rules(operation.access)],
        routes=[(", ".join(route.verbs), route.path) for route in operation.addresses],
        language=shown,
        languages=types.LANGUAGES,
        formats=[*formats],
        format=serializer.name,
        code=code,
        tables=[] if code else [*tables(contract, operation)],
        types=contract.types,
        curl=samples.curl(operation, serializer, base_url),
        failures=[(status, ERRORS[status]) for status in statuses(operation, operation.addresses[0])],
        request=samples.request(operation, serializer, urlsplit(base_url).netloc, urlsplit(base_url).path),
        answer=samples.answer(operation, serializer),
    )


def types_page(title: str, base_url: str) -> str:
    """``/types``: a link for each language, and the command that fetches it."""
    return render_kept("types.html", title, title="Typed clients", languages=types.LANGUAGES, base_url=base_url)


def missing_page(reason: str, title: str) -> str:
    """Return the page for an unknown operation or language."""
    return render_kept("missing.html", title, title="Page not found", reason=reason)
