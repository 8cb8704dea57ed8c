"""The contract layer: names, fields, rules, shapes, generic types, and what a catalog refuses."""

from __future__ import annotations

from collections.abc import Iterator
from enum import auto
from typing import Any

import pytest

from gateway.contract import fields, rules
from gateway.contract.catalog import ANYONE, SIGNED_IN, Catalog
from gateway.contract.dto import Dto
from gateway.contract.fields import DtoEnum
from gateway.contract.generics import close
from gateway.contract.lists import ListResponse, list_request
from gateway.contract.naming import camel_case, pascal_case, words
from gateway.contract.typeinfo import describe
from gateway.errors import CatalogError, ValidationFailed
from gateway.sessions.dtos.sessions import GetSession, ListSessions, NewSession, SessionInfo
from serializers import shape

NAMESPACE = "Tests"


class Color(DtoEnum):
    Red = auto()
    Green = auto()


class Inner(Dto):
    role = fields.Enum(Color)


class Sample(Dto):
    """A sample
    of everything.

    More about it.
    """

    call_sid = fields.String("The SID", length=5)
    is_byoa = fields.Boolean(name="IsBYOA")
    count = fields.Integer(rules=[rules.greater_than_or_equal(1)])
    color = fields.Enum(Color)
    tags = fields.List(fields.String(length=3), rules=[rules.at_most(2)])
    meta = fields.Map()
    members = fields.List(fields.Nested(Inner))
    day = fields.String(rules=[rules.date()])
    after = fields.String(rules=[rules.instant()])


@pytest.fixture
def catalog() -> Catalog:
    catalog_of_samples = Catalog(roles=["User"])
    catalog_of_samples.operation("POST", "/samples/{CallSid}", returns=Sample, access=ANYONE)(Sample)
    return catalog_of_samples


def load(catalog: Catalog, **values: Any) -> Any:
    return catalog.operations["Sample"].load(values)


@pytest.mark.parametrize(
    ("dotnet", "wire"),
    [
        ("CallSid", "callSid"),
        ("IsBYOA", "isBYOA"),
        ("AITranscription", "aiTranscription"),
        ("ID", "id"),
        ("Id", "id"),
        ("A", "a"),
        ("X", "x"),
        ("provider", "provider"),
        ("ABTest", "abTest"),
        ("URLs", "urLs"),
        ("", ""),
    ],
)
def test_wire_names(dotnet: str, wire: str) -> None:
    assert camel_case(dotnet) == wire


def test_names() -> None:
    assert pascal_case("call_sid") == "CallSid"
    assert pascal_case("from_") == "From"
    assert words("DisplayName") == "Display Name"
    assert [field.data_key for field in Sample.schema().fields.values()][:2] == ["callSid", "isBYOA"]


def test_summary_is_the_first_paragraph() -> None:
    assert Sample.summary() == "A sample of everything."


@pytest.mark.parametrize(
    ("name", "given", "bound"),
    [
        ("callSid", 12, "12"),
        ("callSid", True, "true"),
        ("callSid", "", ""),
        ("isBYOA", "TRUE", True),
        ("isBYOA", "on", True),
        ("isBYOA", "0", False),
        ("isBYOA", 1, True),
        ("isBYOA", "", None),
        ("count", "7", 7),
        ("count", 12, 12),
        ("color", "green", Color.Green),
        ("color", "1", Color.Green),
        ("color", 0, Color.Red),
        ("color", None, None),
        ("isBYOA", "\n true\n", True),
        ("isBYOA", " ", None),
        ("count", " 7\t", 7),
        ("count", "\t", None),
        ("color", " green ", Color.Green),
        ("color", "\r\n1", Color.Green),
        ("callSid", " a ", " a "),
        ("tags", [" a "], [" a "]),
        ("day", " 2026-02-28 ", " 2026-02-28 "),
        ("day", " ", " "),
        ("after", " 2026-02-28T10:00 ", " 2026-02-28T10:00 "),
        ("tags", ["a", 1], ["a", "1"]),
        ("tags", [], []),
        ("meta", {"a": "b", "n": 1}, {"a": "b", "n": "1"}),
        ("day", "2026-02-28", "2026-02-28"),
        ("after", "2026-02-28T10:00:00Z", "2026-02-28T10:00:00Z"),
    ],
)
def test_values_that_bind(catalog: Catalog, name: str, given: Any, bound: Any) -> None:
    attribute = next(
        attribute_name for attribute_name, field in Sample.schema().fields.items() if field.data_key == name
    )
    assert getattr(load(catalog, **{name: given}), attribute) == bound


@pytest.mark.parametrize(
    ("name", "given", "code"),
    [
        ("callSid", "123456", "Length"),
        ("callSid", ["a"], "SerializationException"),
        ("isBYOA", "maybe", "SerializationException"),
        ("isBYOA", 2, "SerializationException"),
        ("count", "0", "GreaterThanOrEqual"),
        ("count", "1.5", "SerializationException"),
        ("count", 2**31, "SerializationException"),
        ("count", True, "SerializationException"),
        ("color", "blue", "SerializationException"),
        ("color", 2, "SerializationException"),
        ("color", True, "SerializationException"),
        ("tags", "a", "SerializationException"),
        ("tags", ["a", "b", "c"], "Length"),
        ("meta", ["a"], "SerializationException"),
        ("members", "a", "SerializationException"),
        ("day", "2026-02-29", "RegularExpression"),
        ("day", "20260228", "RegularExpression"),
        ("day", "2020-W01-1", "RegularExpression"),
        ("day", "20200101  ", "RegularExpression"),
        ("day", "2026-2-28", "RegularExpression"),
        ("day", "2026-02-28T00:00:00Z", "RegularExpression"),
        ("day", "２０２６-02-28", "RegularExpression"),
        ("after", "yesterday", "RegularExpression"),
        ("after", "2020-W01-1", "RegularExpression"),
        ("after", "20200101", "RegularExpression"),
        ("after", "20200101T101010Z", "RegularExpression"),
        ("after", "2026-11-26X21:29:02", "RegularExpression"),
        ("after", "2026-11-26T21", "RegularExpression"),
        ("after", "2026-11-26T21:29:02,5", "RegularExpression"),
        ("after", "2026-11-26T24:00:00", "RegularExpression"),
        ("after", "/Date(0)/", "RegularExpression"),
        ("after", "0001-01-01T00:00:00+14:00", "RegularExpression"),
    ],
)
def test_values_that_do_not_bind(catalog: Catalog, name: str, given: Any, code: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        load(catalog, **{name: given})
    assert [(error.error_code, error.field_name) for error in caught.value.errors] == [(code, name)]
    assert "{" not in caught.value.errors[0].message


def test_every_failure_at_once_by_its_path(catalog: Catalog) -> None:
    with pytest.raises(ValidationFailed) as caught:
        load(catalog, callSid="123456", members=[{"role": "Red"}, {"role": "x"}], tags=["fine", "ok"])
    error = caught.value
    assert [(error.error_code, error.field_name) for error in error.errors] == [
        ("Length", "callSid"),
        ("Length", "tags[0]"),
        ("SerializationException", "members[1].role"),
    ]
    assert error.code == "SerializationException"
    assert error.message == "Unable to bind to request 'Sample'"
    first = error.errors[0]
    assert first.message == "'Call Sid' must be between 0 and 5 characters. You entered 6 characters."
    assert first.meta["PropertyName"] == "Call Sid"
    assert first.meta["PropertyValue"] == "123456"


def test_unknown_members_are_ignored_at_every_depth(catalog: Catalog) -> None:
    bound = load(catalog, nothing=1, members=[{"role": "Red", "other": {}}])
    assert bound.members[0].role is Color.Red
    assert not hasattr(bound, "nothing")


def test_new_refuses_unknown_fields() -> None:
    with pytest.raises(TypeError, match="colour"):
        Sample.new(colour="Red")
    assert Sample.new(count=1).call_sid is None


@pytest.mark.parametrize(
    "address", ["a@example.org", "a.b+c@mail.example.org", "é@exämple.org", "a@localhost", "o'neil@x.org"]
)
def test_email_addresses(address: str) -> None:
    assert rules.is_email(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "@",
        "a@",
        "@b",
        "a b@c.d",
        "a@b@c",
        "a@b..c",
        "a@-b.c",
        "a@b.c-",
        "a@b.c\n",
        "<a@b.c>",
        "a" * 250 + "@b.cd",
    ],
)
def test_invalid_email_addresses(address: str) -> None:
    assert not rules.is_email(address)


def test_a_generic_type_is_closed_once() -> None:
    closed = close(ListResponse, SessionInfo)
    assert closed is close(ListResponse, SessionInfo)
    assert closed.type_name() == "ListResponse"
    assert closed.namespace() == "Voice.Api"
    assert closed.rows == "items"
    record = find_shape("ListSessions")
    assert record.xml_name == "ListResponseOfSessionInfoBWxtuWQa"
    assert record.rows == "items"
    with pytest.raises(TypeError):
        close(ListResponse)


def find_shape(name: str) -> shape.Record:
    from gateway.sessions.declared import catalog as product

    response_shape = product.operations[name].response_shape
    assert isinstance(response_shape, shape.Record)
    return response_shape


def test_a_closed_list_request_is_a_base() -> None:
    assert list(dict(ListSessions.own_fields())) == [
        "account_ids",
        "customer_ids",
        "endpoint_ids",
        "search_archive",
        "start_date",
        "end_date",
        "from_",
        "to",
        "log",
        "parent_session_id",
    ]
    parent = ListSessions.parent()
    assert parent is not None
    assert parent.type_name() == "ListRequest"
    wire = [field.data_key for _, field in ListSessions.wire_fields()]
    assert wire[-7:] == ["page", "all", "countPerPage", "specificIds", "sortField", "sortOrder", "simplifiedPaging"]
    assert wire[6] == "from"


def test_wire_shapes_read_texts_and_document_shapes_types() -> None:
    assert find_shape("GetSession").fields["ended"] == shape.Boolean()
    assert isinstance(find_shape("GetSession").fields["callState"], shape.Choice)
    from gateway.contract.shapes import wire_shape

    assert set(map(type, wire_shape(NewSession).fields.values())) == {shape.Text, shape.ListOf}


def list_problems(catalog: Catalog) -> Iterator[str]:
    with pytest.raises(CatalogError) as caught:
        catalog.check()
    return iter(str(caught.value).splitlines())


def test_a_valid_catalog(catalog: Catalog) -> None:
    catalog.handles(Sample)(lambda request, context: request)
    catalog.check()


def test_a_declaration_without_handler_is_refused(catalog: Catalog) -> None:
    assert list(list_problems(catalog)) == ["Sample has no handler"]


def test_a_handler_without_declaration_is_refused(catalog: Catalog) -> None:
    catalog.handles(Sample)(lambda request, context: None)
    catalog.handles(Inner)(lambda request, context: None)
    assert list(list_problems(catalog)) == ["a handler is bound to Inner, which is no operation"]
    with pytest.raises(CatalogError):
        catalog.handles(Sample)(lambda request, context: None)


def test_two_operations_at_one_path_are_refused(catalog: Catalog) -> None:
    catalog.operation("POST", "/SAMPLES/{Other}", access=SIGNED_IN)(Inner)
    for dto in (Sample, Inner):
        catalog.handles(dto)(lambda request, context: None)
    assert list(list_problems(catalog)) == ["Inner and Sample are both at POST /SAMPLES/{Other}"]


def test_a_specific_verb_precedes_any(catalog: Catalog) -> None:
    catalog.operation("ANY", "/samples/{CallSid}", access=SIGNED_IN)(Inner)
    for dto in (Sample, Inner):
        catalog.handles(dto)(lambda request, context: None)
    catalog.check()


def test_unknown_roles_and_missing_rules_are_refused(catalog: Catalog) -> None:
    catalog.operation("GET", "/inner", role="Nobody")(Inner)
    catalog.operation("GET", "/get")(GetSession)
    for dto in (Sample, Inner, GetSession):
        catalog.handles(dto)(lambda request, context: None)
    assert list(list_problems(catalog)) == [
        "Inner needs the role Nobody, which does not exist",
        "GetSession has no access rule",
    ]


def test_one_name_is_declared_once(catalog: Catalog) -> None:
    with pytest.raises(CatalogError):
        catalog.operation("PUT", "/other", access=ANYONE)(Sample)


def test_operations_are_found_in_any_letter_case(catalog: Catalog) -> None:
    assert catalog.find("SAMPLE") is catalog.operations["Sample"]
    assert catalog.find("other") is None


def test_a_generic_type_without_a_namespace_is_in_that_of_its_service() -> None:
    """A module's own, or that of the package whose modules share it (as the sessions API's do)."""

    class Item(Dto):
        dotnet_namespace = "Acme.Shop"

    class Other(Dto):
        dotnet_namespace = "Acme.Other"

    catalog_of_lists = Catalog()

    @catalog_of_lists.operation("GET", "/items", returns=close(ListResponse, Item), access=ANYONE)
    class ListItems(list_request(Item)):  # type: ignore[misc]
        dotnet_namespace = "Acme.Shop"

    assert close(ListResponse, Item).namespace() == "Acme.Shop"
    assert {info.namespace for info in describe(catalog_of_lists).types.values()} == {"Acme.Shop"}
    catalog_of_lists.handles(ListItems)(lambda *_: None)
    catalog_of_lists.check()

    @catalog_of_lists.operation("GET", "/others", returns=close(ListResponse, Other), access=ANYONE)
    class ListOthers(Dto):
        dotnet_namespace = "Acme.Shop"

    catalog_of_lists.handles(ListOthers)(lambda *_: None)
    with pytest.raises(CatalogError, match=r"ListResponse is in two namespaces.*: Acme\.Shop and Acme\.Other"):
        catalog_of_lists.check()
