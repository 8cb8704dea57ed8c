"""A contract with every kind of type that ServiceStack contracts hold, as a catalog whose operations answer what they get."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import auto
from typing import Any
from uuid import UUID

from gateway.contract import fields, rules
from gateway.contract.catalog import ANYONE, Catalog, Handler
from gateway.contract.dto import Dto, Interface
from gateway.contract.fields import ApiMember, Attribute, DataMember, DtoEnum, DtoFlags, member
from gateway.contract.generics import TypeParameter, close

NAMESPACE = "Every.Kind"


class Color(DtoEnum):
    """What a thing looks like"""

    None_ = auto()
    Red = member("Warm")
    SkyBlue = member("Like the sky, at noon", value="sky-blue", number=7)
    Navy = auto()


class Level(DtoEnum, as_numbers=True):
    """Goes over the wire as a number"""

    Low = member("Nearly nothing", number=10)
    High = member(number=20)
    Top = auto()


class Rights(DtoFlags):
    """What one may do"""

    None_ = 0
    Read = member("Look at it")
    Write = member("Change it")
    All = Read | Write


class Leaf(Dto):
    """The simplest of all"""

    name = fields.String("Its name")
    count = fields.Integer(nullable=False)


class Scalars(Dto):
    """Every scalar"""

    text = fields.String()
    flag = fields.Boolean()
    character = fields.Char()
    small = fields.Integer(bits=8)
    short = fields.Integer(bits=16)
    int_ = fields.Integer()
    long = fields.Integer(bits=64)
    byte = fields.Unsigned(bits=8)
    u_short = fields.Unsigned(bits=16)
    u_int = fields.Unsigned()
    u_long = fields.Unsigned(bits=64)
    single = fields.Single()
    double = fields.Double()
    decimal = fields.Decimal()
    datetime = fields.DateTime()
    offset = fields.DateTimeOffset()
    day = fields.Date()
    clock = fields.Time()
    span = fields.TimeSpan()
    guid = fields.Guid()
    bytes = fields.Binary()
    stream = fields.Stream()
    uri = fields.Uri()
    kind = fields.Type()
    point = fields.Struct("Point")
    color = fields.Enum(Color)
    level = fields.Enum(Level)
    rights = fields.Flags(Rights)
    thing = fields.Object()


class Never(Dto):
    """Values that are never null"""

    flag = fields.Boolean(nullable=False)
    int_ = fields.Integer(nullable=False)
    double = fields.Double(nullable=False)
    decimal = fields.Decimal(nullable=False)
    datetime = fields.DateTime(nullable=False)
    offset = fields.DateTimeOffset(nullable=False)
    span = fields.TimeSpan(nullable=False)
    guid = fields.Guid(nullable=False)
    character = fields.Char(nullable=False)
    color = fields.Enum(Color, nullable=False)
    level = fields.Enum(Level, nullable=False)
    rights = fields.Flags(Rights, nullable=False)
    pair = fields.Pair(str, int, nullable=False)


class Collections(Dto):
    """Lists, arrays, maps and pairs of everything"""

    texts = fields.List(fields.String())
    text_array = fields.Array(fields.String())
    numbers = fields.Array(fields.Integer())
    nullable_numbers = fields.List(fields.Integer(nullable=True))
    nullable_array = fields.Array(fields.DateTime(nullable=True))
    colors = fields.List(fields.Enum(Color))
    levels = fields.List(fields.Enum(Level))
    rights = fields.List(fields.Flags(Rights))
    days = fields.List(fields.Date())
    offsets = fields.List(fields.DateTimeOffset())
    characters = fields.List(fields.Char())
    things = fields.List(fields.Object())
    leaves = fields.Array(fields.Nested(Leaf))
    lists = fields.List(fields.List(fields.Integer()))
    by_text = fields.Map()
    by_number = fields.Map(keys=fields.Integer(), values=fields.Decimal())
    by_color = fields.Map(keys=fields.Enum(Color), values=fields.Boolean())
    by_guid = fields.Map(keys=fields.Guid(), values=fields.Guid())
    leaf_lists = fields.Map(values=fields.List(fields.Nested(Leaf)))
    maps = fields.List(fields.Map(values=fields.Nested(Leaf)))
    anything = fields.Map(values=fields.Object())
    pair = fields.Pair(str, Leaf)
    pairs = fields.List(fields.Pair(int, list[str]))


class Members(Dto):
    """What .NET's attributes say"""

    attributes = (Attribute("ValidateRequest", values={"Validator": "IsAuthenticated"}), Attribute("Tag", ("members",)))
    ui = {"icon": {"svg": "<svg/>"}}

    last = fields.String("Comes last", data_member=DataMember(order=9, is_required=True))
    renamed = fields.String(data_member=DataMember("sid", order=2))
    dashed = fields.Integer(data_member=DataMember("x-dashed", order=1))
    plain = fields.String(
        "An address",
        api_member=ApiMember("Plain", "string", "email", is_required=True, parameter_type="query"),
        attributes=[Attribute("Validate", values={"Validator": "NotEmpty"}), Attribute("StringLength", (50,))],
        ui={"input": {"type": "textarea"}, "ref": {"model": "Leaf", "refId": "Id"}},
        rules=[rules.length(0, 50)],
    )


class Node(Dto):
    """Holds itself"""

    name = fields.String()
    next_ = fields.Nested("Node")
    children = fields.List(fields.Nested("Node"))
    by_name = fields.Map(values=fields.Nested("Node"))


class Department(Dto):
    title = fields.String()
    staff = fields.List(fields.Nested("Employee"))


class Person(Dto):
    """A base"""

    name = fields.String("The name")
    age = fields.Integer(bits=16)


class Employee(Person):
    """Declares a field of its base anew"""

    interfaces = (
        "IGet",
        Interface("IHasId", (int,), namespace="Every.Kind"),
        Interface("IMarked", namespace="Every.Kind"),
    )

    name = fields.String("The name, of an employee")
    department = fields.Nested(Department)


class Pair(Dto):
    """Of two types"""

    parameters = ("TFirst", "TSecond")

    first = TypeParameter("TFirst", "The first")
    second = TypeParameter("TSecond")


class Page(Dto):
    """Generic all through"""

    parameters = ("T",)

    items = fields.List(TypeParameter("T"))
    by_name = fields.Map(values=TypeParameter("T"))
    pair = fields.Nested(close(Pair, TypeParameter("T"), list[TypeParameter("T")]))  # type: ignore[misc]


class Book(close(Page, TypeParameter("T"))):  # type: ignore[misc]
    """Generic, of a generic base"""

    parameters = ("T",)

    cover = TypeParameter("T")


class Generics(Dto):
    """Generic types that are closed"""

    pair = fields.Nested(close(Pair, Leaf, list[Leaf]))
    plain = fields.Nested(close(Pair, int, str))
    page = fields.Nested(close(Page, Leaf))
    book = fields.Nested(close(Book, close(Pair, Color, float)))
    numbers = fields.Nested(close(Page, int))


ECHOED = (Scalars, Never, Collections, Members, Node, Department, Employee, Generics)

PARIS = timezone(timedelta(hours=2))
MOMENT = datetime(2026, 3, 4, 5, 6, 7, 890000, UTC)
GUID = UUID("01234567-89ab-cdef-0123-456789abcdef")
THING = {"text": "a, b", "number": 1, "nested": {"list": ["x", "y"]}}

#: Values of each operation by wire name, as Python has them.
VALUES: dict[type[Dto], dict[str, Any]] = {
    Scalars: {
        "text": 'a, "b"',
        "flag": True,
        "character": "x",
        "small": -128,
        "short": -32768,
        "int": -5,
        "long": 1 << 60,
        "byte": 255,
        "uShort": 65535,
        "uInt": (1 << 32) - 1,
        "uLong": (1 << 64) - 1,
        "single": 1.5,
        "double": -2.5e200,
        "decimal": Decimal("1.10"),
        "datetime": MOMENT,
        "offset": datetime(2026, 3, 4, 5, 6, 7, 890000, PARIS),
        "day": date(2026, 3, 4),
        "clock": time(23, 59, 58, 500000),
        "span": timedelta(days=1, seconds=2),
        "guid": GUID,
        "bytes": b"\x00\xff!",
        "stream": b"stream",
        "uri": "https://example.org/a?b=c,d",
        "kind": "System.String, mscorlib",
        "point": "1,2",
        "color": "sky-blue",
        "level": "High",
        "rights": Rights.Read | Rights.Write,
        "thing": THING,
    },
    Never: {
        "flag": False,
        "int": 0,
        "double": 0.0,
        "decimal": Decimal("0"),
        "datetime": MOMENT,
        "offset": MOMENT,
        "span": timedelta(),
        "guid": GUID,
        "character": "{",
        "color": "None",
        "level": "Top",
        "rights": Rights(0),
        "pair": {"key": "k", "value": 0},
    },
    Collections: {
        "texts": ["a", "", "b,c"],
        "textArray": ["x"],
        "numbers": [1, -2],
        "nullableNumbers": [1, None, 3],
        "nullableArray": [MOMENT, None],
        "colors": ["sky-blue", "Navy"],
        "levels": ["Low", "Top"],
        "rights": [Rights.Read, Rights(0)],
        "days": [date(2026, 1, 1)],
        "offsets": [datetime(2026, 3, 4, 5, 6, 7, 0, PARIS)],
        "characters": ["a", ",", "é"],
        "things": ["a", {"k": "v"}, ["x"]],
        "leaves": [{"name": "l", "count": 1}, {"name": "m", "count": 2}],
        "lists": [[1], [2, 3]],
        "byText": {"a b": "c,d"},
        "byNumber": {-1: Decimal("2.50")},
        "byColor": {"sky-blue": True, "None": False},
        "byGuid": {GUID: GUID},
        "leafLists": {"k": [{"name": "l", "count": 1}]},
        "maps": [{"k": {"name": "l", "count": 1}}],
        "anything": {"a": "x", "b": {"c": ["d"]}},
        "pair": {"key": "k", "value": {"name": "l", "count": 1}},
        "pairs": [{"key": 1, "value": ["a", "b"]}],
    },
    Members: {"plain": "p@example.org", "x-dashed": 1, "sid": "s", "last": "l"},
    Node: {
        "name": "root",
        "next": {"name": "n", "next": {"name": "nn"}},
        "children": [{"name": "c", "children": [{"name": "cc"}]}],
        "byName": {"k": {"name": "v", "byName": {"i": {"name": "j"}}}},
    },
    Department: {"title": "t", "staff": [{"name": "e", "department": {"title": "inner"}}]},
    Employee: {"name": "e", "department": {"title": "t"}, "age": 40},
    Generics: {
        "pair": {"first": {"name": "l", "count": 1}, "second": [{"name": "m", "count": 2}]},
        "plain": {"first": 1, "second": "s"},
        "page": {
            "items": [{"name": "l", "count": 1}],
            "byName": {"k": {"name": "m", "count": 2}},
            "pair": {"first": {"name": "n", "count": 3}, "second": []},
        },
        "book": {"cover": {"first": "sky-blue", "second": 1.5}, "items": [{"first": "Red", "second": 2.0}]},
        "numbers": {"items": [1, 2], "pair": {"first": 3, "second": [4]}},
    },
}

#: Answers that are no DTOs: their types and values.
RESPONSES: dict[str, tuple[Any, Any]] = {
    "Text": (str, 'Hello, "you" {and} <me>\nthere'),
    "Number": (int, 42),
    "Fraction": (float, 1.5),
    "Truth": (bool, True),
    "Money": (Decimal, Decimal("1.10")),
    "Bytes": (bytes, b"\x00\x01!"),
    "Moment": (datetime, MOMENT),
    "Day": (date, date(2026, 1, 2)),
    "Guid": (UUID, GUID),
    "Paint": (Color, Color.SkyBlue),
    "Anything": (object, THING),
    "Texts": (list[str], ["a", "b,c"]),
    "Numbers": ([int], [1, 2]),
    "Moments": (list[datetime], [MOMENT]),
    "Counts": (dict[str, int], {"a": 1, "b": 2}),
    "Lists": ({str: [str]}, {"k": ["a", "b"]}),
    "Leaves": ([Leaf], [Leaf.new(name="l", count=1)]),
    "LeafMap": (dict[str, Leaf], {"k": Leaf.new(name="l", count=1)}),
    "Matrix": (list[list[int]], [[1], [2, 3]]),
    "Closed": (close(Page, Leaf), close(Page, Leaf).new(items=[Leaf.new(name="l", count=1)])),
}


def _make_handler(value: Any) -> Handler:
    return lambda request, context: value


def catalog() -> Catalog:
    """The catalog."""
    catalog_of_kinds = Catalog(roles=["Clerk"])
    metaclass: Any = type(Dto)
    for dto in ECHOED:
        name = dto.__name__.lower()
        also = [("GET", f"/{name}/again")]
        catalog_of_kinds.operation("POST PUT", f"/{name}", also=also, returns=dto, access=ANYONE, tags=["echo"])(dto)
        catalog_of_kinds.handles(dto)(lambda request, context: request)
    for name, (returns, value) in RESPONSES.items():
        request = metaclass(f"Get{name}", (Dto,), {"__module__": __name__, "__doc__": f"Answers {name}"})
        catalog_of_kinds.operation("GET", f"/answers/{name.lower()}", returns=returns, access=ANYONE, tags=["answers"])(
            request
        )
        catalog_of_kinds.handles(request)(_make_handler(value))
    return catalog_of_kinds
