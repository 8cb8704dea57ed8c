"""Names and namespaces that .NET's DataContract gives to types."""

from __future__ import annotations

import base64
import hashlib
import re

from serializers import shape as shapes
from serializers.shape import Record, Shape

ARRAYS = "http://schemas.microsoft.com/2003/10/Serialization/Arrays"
SCHEMA = "http://www.w3.org/2001/XMLSchema"
SERIALIZATION = "http://schemas.microsoft.com/2003/10/Serialization/"
SYSTEM = "http://schemas.datacontract.org/2004/07/System"

#: DataContract's record for a point in time with an offset.
OFFSET_INSTANT = Record(
    "DateTimeOffset", {"dateTime": shapes.Instant(), "offsetMinutes": shapes.Integer(16)}, namespace=SYSTEM
)

_INTEGERS = {
    (8, True): "byte",
    (16, True): "short",
    (32, True): "int",
    (64, True): "long",
    (8, False): "unsignedByte",
    (16, False): "unsignedShort",
    (32, False): "unsignedInt",
    (64, False): "unsignedLong",
}
_SCALARS: dict[type, tuple[str, str]] = {
    shapes.Anything: ("anyType", SCHEMA),
    shapes.Character: ("char", SERIALIZATION),
    shapes.OffsetInstant: ("DateTimeOffset", SYSTEM),
    shapes.Day: ("date", SCHEMA),
    shapes.TimeOfDay: ("time", SCHEMA),
    shapes.Boolean: ("boolean", SCHEMA),
    shapes.Decimal: ("decimal", SCHEMA),
    shapes.Instant: ("dateTime", SCHEMA),
    shapes.Duration: ("duration", SERIALIZATION),
    shapes.Guid: ("guid", SERIALIZATION),
    shapes.Binary: ("base64Binary", SCHEMA),
}
#: Texts of requests that have another type in XML.
_TEXTS = {"char": ("char", SERIALIZATION), "DateTimeOffset": ("DateTimeOffset", SYSTEM)}
_NOT_IN_NAMES = re.compile(r"[^\w.\-]|_(?=x[0-9A-Fa-f]{4}_)|^[^\w]|^\d")
_ENCODED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def contract_name(shape: Shape) -> tuple[str, str]:
    """Return the name and namespace of a shape's type."""
    if isinstance(shape, shapes.Record):
        return encode_name(shape.xml_name or shape.name), shape.namespace
    if isinstance(shape, shapes.ListOf):
        name, namespace = contract_name(shape.item)
        return f"ArrayOf{name}", ARRAYS if is_builtin(shape.item) else namespace
    if isinstance(shape, shapes.MapOf):
        return f"ArrayOf{entry_name(shape)}", ARRAYS
    if isinstance(shape, shapes.Choice):
        return encode_name(shape.name or "string"), shape.namespace or SCHEMA
    if isinstance(shape, shapes.Integer):
        return _INTEGERS.get((shape.bits, shape.signed), "integer"), SCHEMA
    if isinstance(shape, shapes.Number):
        return ("float" if shape.bits == 32 else "double"), SCHEMA
    if isinstance(shape, shapes.Reference):
        return contract_name(shape.record)
    if isinstance(shape, shapes.Text):
        return _TEXTS.get(shape.xml, (shape.xml, SCHEMA))
    return _SCALARS[type(shape)]


def is_builtin(shape: Shape) -> bool:
    """Return whether a list of the shape is one of the common arrays."""
    if isinstance(shape, (shapes.Record, shapes.ListOf, shapes.MapOf, shapes.Reference, shapes.OffsetInstant)):
        return False
    return not (isinstance(shape, shapes.Choice) and shape.namespace)


def entry_name(shape: shapes.MapOf) -> str:
    """Return the element name of a map's entries: ``KeyValueOfstringstring``."""
    return generic_name("KeyValue", shape.key, shape.value)


def generic_name(name: str, *arguments: Shape) -> str:
    """Return the name of a generic type: ``ListResponseOfSessionInfoBWxtuWQa`` for ``ListResponse`` and the record SessionInfo.

    The names of the arguments follow ``Of``; unless all of them are built-in types, the name ends with a digest of their
    namespaces.
    """
    names = [contract_name(argument) for argument in arguments]
    text = f"{name}Of{''.join(argument for argument, _ in names)}"
    if all(namespace in (SCHEMA, SERIALIZATION) for _, namespace in names):
        return text
    return text + _hash_namespaces(f" {len(names)}" + "".join(f" {namespace}" for _, namespace in names))


def _hash_namespaces(namespaces: str) -> str:
    code = base64.b64encode(hashlib.md5(namespaces.encode(), usedforsecurity=False).digest()[:6]).decode()
    return code.replace("=", "").replace("/", "_S").replace("+", "_P")


def encode_name(name: str) -> str:
    """Return a name as an element's name: a character that XML does not allow there is encoded, as ``_x0020_``."""
    return _NOT_IN_NAMES.sub(lambda match: f"_x{ord(match[0]):04X}_" if ord(match[0]) < 0x10000 else "_", name) or "_"


def decode_name(name: str) -> str:
    """Return the name that `encode_name` encoded."""
    return _ENCODED.sub(lambda match: chr(int(match[1], 16)), name) if "_x" in name else name


def members_of(shape: Record) -> list[tuple[str, Shape, str]]:
    """Return a record's members (wire name, shape, namespace) in the order of their elements: the base's first, each group
    by declared name."""
    if shape.ordered:
        return [(name, field, _find_namespace(shape, name)) for name, field in shape.fields.items()]
    inherited = members_of(shape.base) if shape.base is not None else []
    inherited_names = {name for name, _, _ in inherited}
    own_members = [
        (name, field, shape.namespace) for name, field in shape.fields.items() if name not in inherited_names
    ]
    own_members.sort(key=lambda member: (shape.orders.get(member[0], -1), shape.element_name(member[0])))
    # A redeclared field has the type of its last declaration.
    return [
        (name, shape.fields[name], namespace) for name, _, namespace in inherited if name in shape.fields
    ] + own_members


def _find_namespace(shape: Record, name: str) -> str:
    while shape.base is not None and name in shape.base.fields:
        shape = shape.base
    return shape.namespace


def root_name(shape: Shape) -> tuple[str, str]:
    """Return the name and namespace of a document's root; a single value has an element of the serialization's namespace."""
    name, namespace = contract_name(shape)
    return name, SERIALIZATION if namespace == SCHEMA else namespace
