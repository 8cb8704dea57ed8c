"""How pages show a DTO: what is declared, and what follows from its fields."""

from __future__ import annotations

import pytest

from gateway import Dto, View, fields
from gateway.contract.shapes import document_shape
from gateway.contract.view import make_plural
from gateway.errors import CatalogError
from gateway.sessions.dtos.entities import EntityInfo
from serializers import shape

NAMESPACE = "Views"


class LineItem(Dto):
    id = fields.String()
    text = fields.String()


class InvoiceInfo(EntityInfo):
    customer_id = fields.String()
    name = fields.String()
    paid = fields.Boolean()
    lines = fields.List(fields.Nested(LineItem))


class Declared(InvoiceInfo):
    view = View(
        "Bill",
        title=["name"],
        columns=["paid", "date_created"],
        first=["lines"],
        sorted_by="date_created",
        closed_by="paid",
    )


class Wrong(Dto):
    view = View(columns=["nmae"])

    name = fields.String()


def make_view(dto: type[Dto]) -> shape.View:
    view = document_shape(dto).view
    assert view is not None
    return view


def test_a_view_follows_from_the_fields() -> None:
    assert make_view(InvoiceInfo) == shape.View(
        "Invoice",
        "Invoices",
        ("name", "id"),
        ("name", "paid", "dateCreated", "dateLastModified", "createdBy", "lastModifiedBy"),
        ("name", "paid", "dateCreated", "dateLastModified", "createdBy", "lastModifiedBy"),
        ("customerId", "id"),
    )
    assert make_view(LineItem).noun == "Line item"


def test_a_declared_view() -> None:
    view = make_view(Declared)
    assert (view.noun, view.plural, view.title, view.sorted_by) == ("Bill", "Bills", ("name",), "dateCreated")
    assert view.closed_by == "paid"
    assert (view.columns, view.first) == (("paid", "dateCreated"), ("lines",))


def test_a_name_that_is_no_field() -> None:
    with pytest.raises(CatalogError, match="the view of Wrong names 'nmae', which is not a field of it"):
        document_shape(Wrong)


@pytest.mark.parametrize(
    ("noun", "plural"),
    [
        ("Session", "Sessions"),
        ("Entry", "Entries"),
        ("Day", "Days"),
        ("Box", "Boxes"),
        ("Address", "Addresses"),
        ("My sessions", "My sessions"),
    ],
)
def test_plurals(noun: str, plural: str) -> None:
    assert make_plural(noun) == plural
