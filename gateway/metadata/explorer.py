"""The explorer: one page that calls every operation in every format, without outside resources."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from gateway.contract.catalog import Operation
from gateway.contract.typeinfo import Contract, EnumInfo, Property, RecordInfo, TypeInfo, TypeRef
from gateway.metadata import constraints
from gateway.metadata.languages.kotlin import KotlinGenerator
from gateway.metadata.languages.php import PhpGenerator
from gateway.metadata.languages.python import PythonGenerator, get_member_name
from gateway.metadata.languages.scalars import get_scalars
from gateway.metadata.limits import describe_limits
from gateway.metadata.neighbours import find_lists, find_record_routes, get_row_shape, split_channel
from gateway.metadata.pages import BASE_URL, format_type, get_location, get_templates, list_rules, render_kept
from gateway.metadata.secret_fields import is_secret
from serializers.html.style import STYLE_SOURCE

_SCRIPT = "explorer.js"
#: The script of the page of all operations, which finds them by typing.
FIND = "find.js"
#: The script of the page of events.
EVENTS = "events.js"
#: Languages whose code names the types of lists and maps.
_TYPED = ("csharp", "vbnet", "fsharp", "kotlin", "go", "zig")


def render_page(operations: Iterable[Operation], contract: Contract, title: str, *, has_events: bool = False) -> str:
    """Return the whole page.

    :param title: the service's name.
    :param has_events: whether the page links to the event page.
    """
    operations = sorted(operations, key=lambda operation: operation.name)
    descriptions = [dict(_describe_operation(operation, contract)) for operation in operations]
    signs_in = any(operation.signs_in for operation in operations)
    api = {
        "operations": descriptions,
        "types": dict(_describe_types(contract)),
        "scalars": {language: get_scalars(language) for language in _TYPED},
        "root": urlsplit(BASE_URL).path,
        "places": {
            route.record: {"path": route.path, "key": route.key} for route in find_record_routes(operations).values()
        },
    }
    return render_kept(
        "explorer.html", title, title=f"Explorer · {title}", api=api, signs_in=signs_in, has_events=has_events
    )


def render_events_page(operations: Iterable[Operation], title: str, channels: Sequence[str]) -> str:
    """Return the page that shows events as they arrive.

    :param title: the service's name.
    :param channels: the name pattern of channels.
    """
    operations = [*operations]
    api = {"root": urlsplit(BASE_URL).path, "channels": [*_find_suggestions(operations, channels)]}
    signs_in = any(operation.signs_in for operation in operations)
    return render_kept(
        "events.html", title, title=f"Events · {title}", api=api, channels=[*channels], signs_in=signs_in
    )


def _find_suggestions(operations: list[Operation], channels: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the lists of records that have a channel: the list's address, and the members with the records' ids and names."""
    for channel in channels:
        before, variable, after = split_channel(channel)
        for link in sorted(find_lists(operations), key=lambda link: len(link.address)):
            row = get_row_shape(link.operation)
            record_route = find_record_routes(operations).get(variable)
            if row is None or row.view is None or record_route is None or record_route.record != row.name:
                continue
            yield {
                "before": before,
                "after": after,
                "list": link.address,
                "noun": row.view.noun,
                "key": record_route.key,
                "names": [*row.view.title],
            }
            break


def build_policy(name: str = _SCRIPT) -> str:
    """Return a page's Content-Security-Policy: it allows the page's own script, this service, and nothing else.

    :param name: the script's template.
    """
    digest = base64.b64encode(hashlib.sha256(render_script(name).encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src {STYLE_SOURCE}; img-src data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def render_script(name: str = _SCRIPT) -> str:
    """Return the content of a page's script element."""
    return "\n" + get_templates().get_template(name).render() + "\n"


def _describe_operation(operation: Operation, contract: Contract) -> Iterator[tuple[str, Any]]:
    assert operation.access is not None
    info = contract.by_name[operation.name]
    yield "name", operation.name
    yield "classes", _get_class_names(operation.name)
    yield "tag", operation.tags[0] if operation.tags else "other"
    yield "summary", operation.dto.summary()
    yield "returns", format_type(info.returns) if info.returns else ""
    yield "record", info.returns.name if info.returns else ""
    yield "signedIn", operation.access.signed_in
    yield (
        "access",
        "; ".join(f"{name} {roles}" for name, roles in list_rules(operation.access))
        or ("Requires Authentication" if operation.access.signed_in else ""),
    )
    # The verb that a client uses if it knows only the operation comes first.
    routes = [{"verb": verb, "path": route.path} for route in operation.addresses for verb in route.verbs]
    yield "routes", sorted(routes, key=lambda route: route["verb"] != info.verb)
    yield "routed", bool(operation.routes)
    yield "aliases", {name.lower(): wire for name, wire in operation.dto.aliases.items()}
    bases = dict(_find_bases(info.request, contract))
    fields = {str(field.data_key): field for field in operation.dto.schema().fields.values()}
    required, examples = constraints.list_required(operation.dto), constraints.collect_examples(operation.dto)
    properties = [*contract.all_properties(info.request)]
    yield "secret", any(map(is_secret, properties))
    yield (
        "fields",
        [
            {
                **dict(_describe_field(field, operation, contract)),
                "required": field.wire in required,
                "within": bases[field.wire],
                "limits": describe_limits(fields[field.wire]),
                "example": examples.get(field.wire),
            }
            for field in properties
        ],
    )


def _find_bases(record: RecordInfo, contract: Contract, *below: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each of a record's fields with the types through which it is inherited."""
    yield from ((field.wire, below) for field in record.properties)
    if record.base is not None:
        yield from _find_bases(contract.record(record.base.name), contract, *below, record.base.name)


def _describe_field(field: Property, operation: Operation, contract: Contract) -> Iterator[tuple[str, Any]]:
    yield from _describe_member(field)
    yield "kind", field.type.name if field.type.kind == "scalar" else field.type.kind
    yield "place", get_location(field, operation)
    yield "description", field.description
    type_info = contract.types.get(field.type.name)
    if isinstance(type_info, EnumInfo):
        yield "values", [type_info.text_of(name) for name, _ in type_info.members]


def _describe_member(field: Property) -> Iterator[tuple[str, Any]]:
    yield "name", field.name
    yield "wire", field.wire
    yield "python", get_member_name(field.name)
    yield "kotlin", _get_kotlin_name(field)
    yield "type", format_type(field.type)
    yield "nullable", field.nullable
    yield "secret", is_secret(field)
    yield "shape", _describe_shape(field.type)


def _get_kotlin_name(field: Property) -> str:
    """Return a property's name in Kotlin: the wire name, unless Kotlin reserves that word."""
    reserved = KotlinGenerator.reserved
    if field.wire.isidentifier() and field.wire not in reserved:
        return field.wire
    return field.name if field.name not in reserved else f"{field.name}_"


def _describe_shape(ref: TypeRef) -> list[Any]:
    """Return a type as data: its kind, with a mark where an item may be null, its name, and its arguments."""
    return [f"{ref.kind}?" if ref.nullable else ref.kind, ref.name, *map(_describe_shape, ref.arguments)]


def _describe_types(contract: Contract) -> Iterator[tuple[str, Any]]:
    """Yield the types of values in requests, by name: the members of enums, and the fields of records."""
    roots = [field.type for operation in contract.operations for field in contract.all_properties(operation.request)]
    for name, info in contract.reachable(roots).items():
        yield name, _describe_type(info, contract)


def _describe_type(info: TypeInfo, contract: Contract) -> dict[str, Any]:
    if isinstance(info, EnumInfo):
        return {
            "members": [[name, info.text_of(name), number] for name, number in info.members],
            "flags": info.flags,
            "numbered": info.numbered,
        }
    bases = dict(_find_bases(info, contract))
    members = [
        {**dict(_describe_member(field)), "within": bases[field.wire]} for field in contract.all_properties(info)
    ]
    return {"fields": members, "parameters": info.parameters, "classes": _get_class_names(info.name)}


def _get_class_names(name: str) -> dict[str, str]:
    """Return the name of a type in languages that reserve it."""
    return {
        "python": f"{name}_" if name in PythonGenerator.reserved | PythonGenerator.imported else name,
        "php": f"{name}_" if name.lower() in PhpGenerator.reserved else name,
    }
