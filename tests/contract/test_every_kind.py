"""Every kind of type through every format, and what catalogs refuse of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from marshmallow import ValidationError

from gateway.contract import fields, rules
from gateway.contract.catalog import ANYONE, Catalog, Operation
from gateway.contract.compiled import compile_load
from gateway.contract.dto import Dto
from gateway.contract.fields import DataMember, DtoEnum
from gateway.contract.generics import KeyValuePair, TypeParameter, close, make_field
from gateway.contract.shapes import document_shape
from gateway.contract.typeinfo import InterfaceRef, TypeRef, describe
from gateway.errors import CatalogError, ValidationFailed
from serializers import shape, xml
from serializers.registry import default_registry
from tests.contract import every_kind
from tests.contract.every_kind import (
    ECHOED,
    RESPONSES,
    VALUES,
    Color,
    Generics,
    Leaf,
    Members,
    Page,
    Pair,
    Rights,
    Scalars,
)

NAMESPACE = "Other.Kind"

CATALOG = every_kind.catalog()
READABLE = [serializer for serializer in default_registry() if serializer.readable]


def drop_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: drop_nulls(item) for key, item in value.items() if item is not None}
    return [drop_nulls(item) for item in value] if isinstance(value, list) else value


def are_alike(actual: Any, expected: Any) -> bool:
    """Equal; numbers within what has any type are texts in formats without types."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return actual.keys() == expected.keys() and all(are_alike(actual[key], expected[key]) for key in expected)
    if isinstance(expected, list) and isinstance(actual, list):
        return len(actual) == len(expected) and all(map(are_alike, actual, expected))
    if isinstance(expected, datetime) and isinstance(actual, datetime):
        return actual == expected and actual.utcoffset() == expected.utcoffset()
    return bool(actual == expected) or (
        isinstance(expected, int) and not isinstance(expected, bool) and actual == str(expected)
    )


@pytest.fixture(scope="module", autouse=True)
def checked() -> None:
    CATALOG.check()


@pytest.mark.parametrize("dto", ECHOED)
@pytest.mark.parametrize("serializer", READABLE, ids=lambda serializer: serializer.name)
def test_a_request_and_its_response(serializer: Any, dto: type[Dto]) -> None:
    operation = CATALOG.operations[dto.__name__]
    expected = operation.response_shape
    assert isinstance(expected, shape.Record)
    request = serializer.encode(VALUES[dto], expected)
    bound = operation.load(serializer.decode(request, operation.request_shape))
    response = serializer.writer(expected)(bound)
    assert serializer.encode(operation.dump(bound), expected) == response
    assert are_alike(drop_nulls(serializer.decode(response, expected)), drop_nulls(VALUES[dto]))


@pytest.mark.parametrize("name", RESPONSES)
@pytest.mark.parametrize("serializer", READABLE, ids=lambda serializer: serializer.name)
def test_a_response_that_is_not_a_dto(serializer: Any, name: str) -> None:
    _, value = RESPONSES[name]
    operation = CATALOG.operations[f"Get{name}"]
    expected = operation.response_shape
    assert expected is not None
    document = serializer.writer(expected)(value)
    plain = serializer.encode(operation.dump(value), expected)
    assert plain == document or serializer.name == "jsonl"
    is_table = isinstance(expected, shape.Record) or (
        isinstance(expected, shape.ListOf) and not isinstance(expected.item, shape.ListOf)
    )
    if serializer.name == "csv" and not is_table:
        return
    result = serializer.decode(document, expected)
    assert are_alike(drop_nulls(result), drop_nulls(operation.dump(value)))
    assert operation.read_kept(operation.write_kept(value)) is not None


@pytest.mark.parametrize("operation", [*CATALOG], ids=lambda operation: operation.name)
def test_pages_for_people(operation: Operation) -> None:
    html = default_registry().by_name("html")
    assert html is not None
    assert operation.response_shape is not None
    name = operation.name
    value = VALUES[operation.dto] if operation.dto in VALUES else operation.dump(RESPONSES[name[3:]][1])
    assert html.encode(value, operation.response_shape).startswith(b"<!doctype html>")


def load(dto: type[Dto], **values: Any) -> Any:
    return CATALOG.operations[dto.__name__].load(values)


@pytest.mark.parametrize(
    ("name", "given", "bound"),
    [
        ("color", "SKY-BLUE", Color.SkyBlue),
        ("color", "skyblue", Color.SkyBlue),
        ("color", 8, Color.Navy),
        ("color", "none", Color.None_),
        ("rights", "Read, Write", Rights.All),
        ("rights", 2, Rights.Write),
        ("offset", "2026-01-01T00:00:00", datetime(2026, 1, 1, tzinfo=UTC)),
        ("thing", {"a": [1, None]}, {"a": [1, None]}),
        ("character", "", None),
        ("clock", "PT1H", time(1)),
        ("day", "2026-01-02T23:00:00Z", date(2026, 1, 2)),
    ],
)
def test_spellings(name: str, given: Any, bound: Any) -> None:
    assert getattr(load(Scalars, **{name: given}), name) == bound


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("color", "blue"),
        ("color", 1 << 40),
        ("rights", "Fly"),
        ("character", "ab"),
        ("offset", "soon"),
        ("clock", "25:00"),
        ("clock", "P1D"),
        ("day", "2026-02-30"),
        ("uri", ["a"]),
        ("byte", 256),
    ],
)
def test_values_that_do_not_bind(name: str, given: Any) -> None:
    with pytest.raises(ValidationFailed) as caught:
        load(Scalars, **{name: given})
    assert [error.field_name for error in caught.value.errors] == [name]


def test_data_members() -> None:
    assert list(document_shape(Members).fields) == ["plain", "x-dashed", "sid", "last"]
    xml = default_registry().by_name("xml")
    assert xml is not None
    document = xml.encode(VALUES[Members], document_shape(Members)).decode()
    assert document.index("<Plain>") < document.index("<x-dashed>") < document.index("<sid>") < document.index("<Last>")
    with pytest.raises(ValueError, match="not the name of a data member"):
        DataMember("a b")


def test_generic_types_in_xml() -> None:
    closed = document_shape(close(Pair, Leaf, list[Leaf]))
    assert closed.xml_name.startswith("PairOfLeafArrayOfLeaf")
    assert closed.namespace == "http://schemas.datacontract.org/2004/07/Every.Kind"
    pair = document_shape(close(KeyValuePair, str, int))
    assert pair.xml_name == "KeyValuePairOfstringint"
    assert pair.namespace == "http://schemas.datacontract.org/2004/07/System.Collections.Generic"
    xml = default_registry().by_name("xml")
    assert xml is not None
    assert b"<key>a</key><value>1</value>" in xml.encode({"key": "a", "value": 1}, pair)


def test_the_description_of_every_kind_of_type() -> None:
    contract = describe(CATALOG)
    generics = contract.record("Generics")
    kinds = {member.wire: member.type for member in generics.properties}
    leaf = TypeRef("record", "Leaf")
    assert kinds["pair"] == TypeRef("record", "Pair", (leaf, TypeRef("list", "List", (leaf,))))
    page = contract.record("Page")
    parameter = TypeRef("parameter", "T")
    assert page.parameters == ("T",)
    assert {member.wire: member.type for member in page.properties}["pair"] == TypeRef(
        "record", "Pair", (parameter, TypeRef("list", "List", (parameter,)))
    )
    assert contract.record("Book").base == TypeRef("record", "Page", (parameter,))
    employee = contract.record("Employee")
    assert [member.wire for member in contract.all_properties(employee)] == ["name", "department", "age"]
    assert employee.properties[0].redeclared
    assert (
        InterfaceRef(TypeRef("interface", "IHasId", (TypeRef("scalar", "Int32"),)), "Every.Kind") in employee.interfaces
    )


def test_the_same_types_give_the_same_class() -> None:
    assert close(Pair, int, list[Leaf]) is close(Pair, fields.Integer(), [Leaf])
    assert close(Pair, int, str) is not close(Pair, str, int)
    assert close(Page, fields.Integer(bits=64)) is not close(Page, int)


class Plain(Dto):
    name = fields.String()


@pytest.mark.parametrize(
    ("generic", "arguments", "words"),
    [
        (Plain, (Leaf,), "not generic"),
        (Plain, (), "not generic"),
        (close(Page, Leaf), (Leaf,), "not generic"),
        (Pair, (Leaf,), "takes 2 types"),
        (Page, (complex,), "not a type"),
        (Page, ("Leaf",), "not a type"),
        (Page, (3,), "not a type"),
        (Page, (None,), "not a type"),
        (Page, (list,), "not a type"),
        (int, (Leaf,), "not a DTO"),
    ],
)
def test_types_that_cannot_be_closed(generic: Any, arguments: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        close(generic, *arguments)


def test_a_union_with_none_is_nullable() -> None:
    field: Any = make_field(list[int | None])
    assert field.inner.nullable
    with pytest.raises(TypeError):
        make_field(int | str)


def check_types(*declarations: tuple[type[Dto], Any]) -> str:
    catalog = Catalog()
    for dto, returns in declarations:
        catalog.operation("GET", f"/{dto.__name__}", returns=returns, access=ANYONE)(dto)
        catalog.handles(dto)(lambda request, context: None)
    with pytest.raises(CatalogError) as caught:
        catalog.check()
    return str(caught.value)


def make_dto(name: str, namespace: str = "", /, **members: Any) -> type[Dto]:
    metaclass: Any = type(Dto)
    dto_class: type[Dto] = metaclass(name, (Dto,), {"__module__": __name__, "dotnet_namespace": namespace, **members})
    dto_class.__qualname__ = f"{namespace}{name}"
    return dto_class


def test_two_types_of_one_name_are_refused_and_the_error_names_both() -> None:
    first_dto = make_dto("Customer", "Shop.Sales", name=fields.String())
    second_dto = make_dto("Customer", "Shop.Billing", number=fields.Integer())
    words = check_types((make_dto("GetOne"), first_dto), (make_dto("GetTwo"), [second_dto]))
    assert "Shop.Sales.Customer" in words
    assert "Shop.Billing.Customer" in words


def test_an_enum_and_a_dto_of_one_name_are_refused() -> None:
    class Color(DtoEnum):
        Red = 1 and "Red"

    holder = make_dto("Holder", a=fields.Enum(Color), b=fields.Enum(every_kind.Color))
    assert "two types are called Color" in check_types((make_dto("GetHolder"), holder))


def test_generic_types_that_are_not_closed_are_refused() -> None:
    words = check_types(
        (make_dto("GetPage"), Page), (make_dto("GetHolder2"), make_dto("Holder2", page=fields.Nested(Pair)))
    )
    assert "Page is generic" in words
    assert "Pair is generic" in words


def test_a_type_parameter_without_a_replacement_is_refused() -> None:
    stray = make_dto("Stray", value=TypeParameter("T"))
    assert "T of Stray" in check_types((make_dto("GetStray"), stray))


def test_fields_of_one_name_are_refused() -> None:
    doubled = make_dto("Doubled", name=fields.String(), other=fields.String(name="Name"))
    assert "'name'" in check_types((make_dto("GetDoubled"), doubled))


def test_returns_that_is_no_type_is_refused() -> None:
    with pytest.raises(CatalogError, match="Plain has an invalid returns="):
        Catalog().operation("GET", "/plain", returns=complex, access=ANYONE)(Plain)


def test_an_operation_without_a_route() -> None:
    catalog = Catalog()
    catalog.operation("POST", returns=str, access=ANYONE)(Plain)
    operation = catalog.operations["Plain"]
    assert operation.routes == ()
    assert operation.verbs == ("POST",)
    assert [(route.verbs, route.path) for route in operation.addresses] == [(("POST",), "/api/Plain")]


def test_wildcards_are_last() -> None:
    words = []
    for path in ("/a/{Path*}/b", "/a{Path*}", "/{A*}/{B*}"):
        catalog = Catalog()
        catalog.operation("GET", path, access=ANYONE)(Plain)
        catalog.handles(Plain)(lambda request, context: None)
        with pytest.raises(CatalogError) as caught:
            catalog.check()
        words.append(str(caught.value))
    assert all("must be the last segment" in line for line in words)


def test_values_of_generics_are_read() -> None:
    bound = load(Generics, **VALUES[Generics])
    assert bound.book.items[0].first is Color.Red


def test_a_field_declared_again_has_its_last_type() -> None:
    class Base(Dto):
        value = fields.String()
        other = fields.String()

    class Derived(Base):
        value = fields.Boolean()

    assert [field.data_key for _, field in Derived.wire_fields()] == ["value", "other"]
    for serializer in READABLE:
        document = serializer.writer(document_shape(Derived))(Derived.new(value=True, other="o"))
        assert serializer.decode(document, document_shape(Derived)) == {"value": True, "other": "o"}
        assert b"True" not in document or serializer.name in ("jsv", "csv")


def test_fields_of_a_mixin_and_a_second_base_are_kept() -> None:
    class Mixin:
        """No DTO"""

    class One(Dto):
        one = fields.String()

    class Two(Dto):
        two = fields.String()

    class Both(Mixin, One, Two):
        own = fields.String()

    assert Both.parent() is One
    assert sorted(str(field.data_key) for _, field in Both.wire_fields()) == ["one", "own", "two"]
    assert sorted(document_shape(Both).fields) == ["one", "own", "two"]


#: What .NET's types have by themselves; no member of Level has the number 0.
INITIAL = {
    "flag": False,
    "int_": 0,
    "double": 0,
    "decimal": 0,
    "datetime": datetime(1, 1, 1),
    "offset": datetime(1, 1, 1, tzinfo=UTC),
    "span": timedelta(),
    "guid": UUID(int=0),
    "character": "\0",
    "color": Color.None_,
    "level": None,
    "rights": Rights.None_,
    "pair": None,
}


@pytest.mark.parametrize("given", [None, ""])
def test_fields_that_are_never_null_have_the_default_of_their_type(given: str | None) -> None:
    schema, load = every_kind.Never.schema(), compile_load(every_kind.Never.schema())
    nulls = {str(field.data_key): given for field in schema.fields.values() if field is not schema.fields["pair"]}
    if given == "":
        # A text of no character is no character.
        del nulls["character"]
    for values in (nulls, {}):
        assert load(values) == schema.load(values) == INITIAL
    instance = every_kind.Never.new(int_=7)
    assert vars(instance) == {**INITIAL, "int_": 7}
    document = xml.serializer.encode(schema.dump(instance), document_shape(every_kind.Never))
    assert b"<Flag>false</Flag>" in document
    assert document.count(b"nil=") == len([value for value in INITIAL.values() if value is None])


def test_rules_check_absent_values_as_null() -> None:
    class Counted(Dto):
        dotnet_namespace = "Other.Kind"
        count = fields.Integer(nullable=False, rules=[rules.not_empty()])

    for load in (Counted.schema().load, compile_load(Counted.schema())):
        with pytest.raises(ValidationError):
            load({})
