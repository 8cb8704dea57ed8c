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
from gateway.metadata.languages.python import PythonGenerator, member_name
from gateway.metadata.languages.scalars import scalars_of
from gateway.metadata.limits import limits_of
from gateway.metadata.neighbours import channel_parts, lists_of, places_of, row_of
from gateway.metadata.pages import BASE_URL, place_of, render_kept, rules, templates, type_text
from gateway.metadata.secret_fields import is_secret
from serializers.html.style import STYLE_SOURCE

_SCRIPT = "explorer.js"
#: The script of the page of all operations, which finds them by typing.
FIND = "find.js"
#: The script of the page of events.
EVENTS = "events.js"
#: Languages whose code names the types of lists and maps.
_TYPED = ("csharp", "vbnet", "fsharp", "kotlin", "go", "zig")


def page(operations: Iterable[Operation], contract: Contract, title: str, *, has_events: bool = False) -> str:
    """Return the whole page.

    :param title: the service's name.
    :param has_events: whether the page links to the event page.
    """
    operations = sorted(operations, key=lambda each: each.name)
    found = [dict(_operation(each, contract)) for each in operations]
    signs_in = any(each.signs_in for each in operations)
    api = {
        "operations": found,
        "types": dict(_types(contract)),
        "scalars": {language: scalars_of(language) for language in _TYPED},
        "root": urlsplit(BASE_URL).path,
        "places": {each.record: {"path": each.path, "key": each.key} for each in places_of(operations).values()},
    }
    return render_kept(
        "explorer.html", title, title=f"Explorer · {title}", api=api, signs_in=signs_in, has_events=has_events
    )


def events_page(operations: Iterable[Operation], title: str, channels: Sequence[str]) -> str:
    """Return the page that shows events as they arrive.

    :param title: the service's name.
    :param channels: the name pattern of channels.
    """
    operations = [*operations]
    api = {"root": urlsplit(BASE_URL).path, "channels": [*_suggestions(operations, channels)]}
    signs_in = any(each.signs_in for each in operations)
    return render_kept(
        "events.html", title, title=f"Events · {title}", api=api, channels=[*channels], signs_in=signs_in
    )


def _suggestions(operations: list[Operation], channels: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the lists of records that have a channel: the list's address, and the members with the records' ids and names."""
    for channel in channels:
        before, variable, after = channel_parts(channel)
        for lead in sorted(lists_of(operations), key=lambda each: len(each.address)):
            row = row_of(lead.operation)
            place = places_of(operations).get(variable)
            if row is None or row.view is None or place is None or place.record != row.name:
                continue
            yield {
                "before": before,
                "after": after,
                "list": lead.address,
                "noun": row.view.noun,
                "key": place.key,
                "names": [*row.view.title],
            }
            break


def policy(name: str = _SCRIPT) -> str:
    """Return a page's Content-Security-Policy: it allows the page's own script, this service, and nothing else.

    :param name: the script's template.
    """
    digest = base64.b64encode(hashlib.sha256(script(name).encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src {STYLE_SOURCE}; img-src data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def script(name: str = _SCRIPT) -> str:
    """Return the content of a page's script element."""
    return "\n" + templates().get_template(name).render() + "\n"


def _operation(operation: Operation, contract: Contract) -> Iterator[tuple[str, Any]]:
    assert operation.access is not None
    info = contract.by_name[operation.name]
    yield "name", operation.name
    yield "classes", _classes(operation.name)
    yield "tag", operation.tags[0] if operation.tags else "other"
    yield "summary", operation.dto.summary()
    yield "returns", type_text(info.returns) if info.returns else ""
    yield "record", info.returns.name if info.returns else ""
    yield "signedIn", operation.access.signed_in
    yield (
        "access",
        "; ".join(f"{name} {roles}" for name, roles in rules(operation.access))
        or ("Requires Authentication" if operation.access.signed_in else ""),
    )
    # The verb that a client uses if it knows only the operation comes first.
    routes = [{"verb": verb, "path": route.path} for route in operation.addresses for verb in route.verbs]
    yield "routes", sorted(routes, key=lambda each: each["verb"] != info.verb)
    yield "routed", bool(operation.routes)
    yield "aliases", {name.lower(): wire for name, wire in operation.dto.aliases.items()}
    bases = dict(_bases(info.request, contract))
    known = {str(field.data_key): field for field in operation.dto.schema().fields.values()}
    demanded, examples = constraints.demanded(operation.dto), constraints.examples(operation.dto)
    properties = [*contract.all_properties(info.request)]
    yield "secret", any(map(is_secret, properties))
    yield (
        "fields",
        [
            {
                **dict(_field(each, operation, contract)),
                "required": each.wire in demanded,
                "within": bases[each.wire],
                "limits": limits_of(known[each.wire]),
                "example": examples.get(each.wire),
            }
            for each in properties
        ],
    )


def _bases(record: RecordInfo, contract: Contract, *below: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each of a record's fields with the types through which it is inherited."""
    yield from ((each.wire, below) for each in record.properties)
    if record.base is not None:
        yield from _bases(contract.record(record.base.name), contract, *below, record.base.name)


def _field(each: Property, operation: Operation, contract: Contract) -> Iterator[tuple[str, Any]]:
    yield from _member(each)
    yield "kind", each.type.name if each.type.kind == "scalar" else each.type.kind
    yield "place", place_of(each, operation)
    yield "description", each.description
    known = contract.types.get(each.type.name)
    if isinstance(known, EnumInfo):
        yield "values", [known.text_of(name) for name, _ in known.members]


def _member(each: Property) -> Iterator[tuple[str, Any]]:
    yield "name", each.name
    yield "wire", each.wire
    yield "python", member_name(each.name)
    yield "kotlin", _kotlin_name(each)
    yield "type", type_text(each.type)
    yield "nullable", each.nullable
    yield "secret", is_secret(each)
    yield "shape", _shape(each.type)


def _kotlin_name(each: Property) -> str:
    """Return a property's name in Kotlin: the wire name, unless Kotlin reserves that word."""
    reserved = KotlinGenerator.reserved
    if each.wire.isidentifier() and each.wire not in reserved:
        return each.wire
    return each.name if each.name not in reserved else f"{each.name}_"


def _shape(ref: TypeRef) -> list[Any]:
    """Return a type as data: its kind, with a mark where an item may be null, its name, and its arguments."""
    return [f"{ref.kind}?" if ref.nullable else ref.kind, ref.name, *map(_shape, ref.arguments)]


def _types(contract: Contract) -> Iterator[tuple[str, Any]]:
    """Yield the types of values in requests, by name: the members of enums, and the fields of records."""
    roots = [each.type for operation in contract.operations for each in contract.all_properties(operation.request)]
    for name, info in contract.reachable(roots).items():
        yield name, _type(info, contract)


def _type(info: TypeInfo, contract: Contract) -> dict[str, Any]:
    if isinstance(info, EnumInfo):
        return {
            "members": [[name, info.text_of(name), number] for name, number in info.members],
            "flags": info.flags,
            "numbered": info.numbered,
        }
    bases = dict(_bases(info, contract))
    members = [{**dict(_member(each)), "within": bases[each.wire]} for each in contract.all_properties(info)]
    return {"fields": members, "parameters": info.parameters, "classes": _classes(info.name)}


def _classes(name: str) -> dict[str, str]:
    """Return the name of a type in languages that reserve it."""
    return {
        "python": f"{name}_" if name in PythonGenerator.reserved | PythonGenerator.imported else name,
        "php": f"{name}_" if name.lower() in PhpGenerator.reserved else name,
    }
