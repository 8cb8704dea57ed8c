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
from gateway.metadata.failures import ERRORS, list_statuses
from gateway.metadata.languages.options import Options
from gateway.metadata.languages.scalars import get_scalars, is_value
from gateway.metadata.limits import describe_limits
from gateway.metadata.neighbours import find_lists
from gateway.metadata.secret_fields import is_secret
from serializers.base import Serializer
from serializers.html import frame as html
from serializers.page import Frame

_SCALARS = get_scalars("csharp")

#: A placeholder for the service's URL in kept documents; `fill_in` replaces it in each response.
BASE_URL = "http://base-url.service.invalid/path-of-service"
_BASE = urlsplit(BASE_URL)
#: The pages that every header links to.
NAVIGATION = {"Operations": "/metadata", "Types": "/types", "Explorer": "/explorer"}
# A placeholder in the header of a kept document, which `fill_in` replaces by the signed-in user.
_ACCOUNT = "<!--account-->"
# SECURITY: a URL that is filled in has nothing that HTML, JSON or a comment would have to quote.
_NOT_IN_URL = re.compile(r"[^\w.:/\[\]%~@+=-]")


@dataclass(frozen=True, slots=True)
class Field:
    """A row of a table of parameters."""

    name: str
    location: str
    type: str
    required: str
    description: str
    limits: str = ""

    @property
    def words(self) -> list[str]:
        """The type in parts: names of types, and the text between them."""
        return [part for part in re.split(r"(\w+)", self.type) if part]


@dataclass(frozen=True, slots=True)
class Table:
    """The fields of a record, or the members of an enum."""

    name: str
    description: str
    fields: tuple[Field, ...] = ()
    members: tuple[tuple[str, int, str], ...] = ()


def fill_in(document: bytes, base_url: str, account: str = "") -> bytes:
    """Return a document with `BASE_URL` replaced by the service's URL: scheme, host and the path under which it is served.

    :param account: the signed-in user for a page's header.
    """
    document = document.replace(_ACCOUNT.encode(), account.encode(), 1)
    url = _NOT_IN_URL.sub("", base_url)
    parts = urlsplit(url)
    for placeholder, value in ((BASE_URL, url), (_BASE.netloc, parts.netloc), (_BASE.path, parts.path)):
        document = document.replace(placeholder.encode(), value.encode())
    return document


@cache
def get_templates() -> jinja2.Environment:
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


def make_frame(service: str) -> Frame:
    """Return the header of a kept document: `fill_in` writes addresses and the signed-in user into each response.

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
    return get_templates().get_template(template).render(head=head, header=header, title=title, **values)


def render_kept(template: str, service: str, **values: Any) -> str:
    """Return a template with its values, as a document that is kept for `fill_in`."""
    return render(template, frame=make_frame(service), account=_ACCOUNT, **values)


def list_rules(access: Access) -> Iterator[tuple[str, str]]:
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


def format_type(ref: TypeRef) -> str:
    """Return a type in C#'s notation, as pages show it."""
    name = _SCALARS.get(ref.name, ref.name)
    arguments = ", ".join(format_type(argument) for argument in ref.arguments)
    text = f"{name}<{arguments}>" if arguments else name
    if ref.name == "Array":
        text = f"{arguments}[]"
    return f"{text}?" if ref.nullable and is_value(ref) else text


def get_location(field: Property, operation: Operation | None) -> str:
    """Return the location of a request's field: the path, the query string or the body."""
    if operation is None:
        return ""
    if field.api_member is not None and field.api_member.parameter_type:
        return field.api_member.parameter_type
    names = {field.wire.lower()} | {name.lower() for name, wire in operation.dto.aliases.items() if wire == field.wire}
    if any(name in map(str.lower, route.variables) for route in operation.routes for name in names):
        return "path"
    return "query" if {"GET", "DELETE"}.issuperset(operation.verbs) else "body"


def build_tables(contract: Contract, operation: Operation) -> Iterator[Table]:
    """Yield tables of an operation's types: its request first, then all types that it refers to."""
    info = contract.by_name[operation.name]
    type_infos = contract.reachable([TypeRef("record", operation.name), info.returns])
    inherited = {
        type_info.base.name
        for type_info in type_infos.values()
        if isinstance(type_info, RecordInfo) and type_info.base is not None
    }
    for name, type_info in type_infos.items():
        if isinstance(type_info, EnumInfo):
            members = tuple(
                (type_info.text_of(member), number, type_info.descriptions.get(member, ""))
                for member, number in type_info.members
            )
            yield Table(name, type_info.description, members=members)
        elif name not in inherited:
            owner = operation if name == operation.name else None
            required = constraints.list_required(operation.dto) if owner else ()
            declared_fields = (
                {str(field.data_key): field for field in operation.dto.schema().fields.values()} if owner else {}
            )
            rows = tuple(
                _build_row(field, owner, declared_fields.get(field.wire), is_required=field.wire in required)
                for field in contract.all_properties(type_info)
            )
            yield Table(name, type_info.description, fields=rows)


def _build_row(
    field: Property, operation: Operation | None, declared_field: AnyField | None, *, is_required: bool
) -> Field:
    location = get_location(field, operation)
    api_member, data_member = field.api_member, field.data_member
    is_declared = bool((api_member and api_member.is_required) or (data_member and data_member.is_required))
    required = is_required or is_declared or location == "path" or not field.nullable
    return Field(
        field.wire,
        location,
        format_type(field.type),
        "Yes" if required else "No",
        field.description,
        _describe_limits(field, declared_field),
    )


def _describe_limits(field: Property, declared_field: AnyField | None) -> str:
    limits = describe_limits(declared_field) if declared_field is not None else ""
    if not limits and field.longest is not None:
        limits = f"at most {field.longest:,} characters"
    return "; ".join(filter(None, [limits, "a secret: never in a URL" if is_secret(field) else ""]))


def render_front_page(rows: Sequence[Mapping[str, str]], unknown: Sequence[str], service: str) -> str:
    """``/front``: the state of each operation."""
    return render_kept("front.html", service, title=f"Front · {service}", rows=rows, unknown=unknown)


def render_index_page(
    operations: Iterable[Operation], formats: Iterable[str], title: str, hosts: Mapping[str, str] | None = None
) -> str:
    """``/metadata``: every operation, by tag, with a link for each format.

    :param hosts: which host responds for each operation, if an old host is behind the service.
    """
    operations = [*operations]
    groups: dict[str, list[Operation]] = {}
    for operation in operations:
        groups.setdefault(operation.tags[0] if operation.tags else "other", []).append(operation)
    sections = [(tag, sorted(group, key=lambda operation: operation.name)) for tag, group in sorted(groups.items())]
    return render_kept(
        "index.html",
        title,
        title=f"Operations · {title}",
        sections=sections,
        formats=[*formats],
        languages=types.LANGUAGES,
        rules=list_rules,
        answering=hosts,
        lists={link.label: link.address for link in find_lists(operations)},
    )


def render_operation_page(
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
    code, language_name = "", ""
    if language:
        language_name = types.find_language(language).name
        options = Options(base_url, {"includetypes": f"{operation.name}.*"}, bare=True)
        code = types.write_source(language, contract, options)
    return render_kept(
        "operation.html",
        service,
        title=f"{operation.name} · Operation",
        name=operation.name,
        operation=operation,
        lists=[link.address for link in find_lists([operation])],
        rules=[*list_rules(operation.access)],
        routes=[(", ".join(route.verbs), route.path) for route in operation.addresses],
        language=language_name,
        languages=types.LANGUAGES,
        formats=[*formats],
        format=serializer.name,
        code=code,
        tables=[] if code else [*build_tables(contract, operation)],
        types=contract.types,
        curl=samples.write_curl(operation, serializer, base_url),
        failures=[(status, ERRORS[status]) for status in list_statuses(operation, operation.addresses[0])],
        request=samples.write_request(operation, serializer, urlsplit(base_url).netloc, urlsplit(base_url).path),
        response=samples.write_response(operation, serializer),
    )


def render_types_page(title: str, base_url: str) -> str:
    """``/types``: a link for each language, and the command that fetches it."""
    return render_kept("types.html", title, title="Typed clients", languages=types.LANGUAGES, base_url=base_url)


def render_missing_page(reason: str, title: str) -> str:
    """Return the page for an unknown operation or language."""
    return render_kept("missing.html", title, title="Page not found", reason=reason)
