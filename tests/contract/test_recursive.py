"""Types that hold themselves, and types that hold each other: their shapes, and an operation of each in every format and document."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.contract import fields
from gateway.contract.catalog import ANYONE, Catalog
from gateway.contract.compiled import compile_dump, compile_load
from gateway.contract.dto import Dto
from gateway.contract.shapes import declared_path, document_shape, wire_shape
from gateway.errors import CatalogError
from serializers import shape
from serializers.registry import default_registry

NAMESPACE = "Recursive.Types"


class Node(Dto):
    """A tree"""

    name = fields.String()
    above = fields.Nested("Node")
    children = fields.List(fields.Nested(lambda: Node))
    by_name = fields.Map(values=fields.Nested("Node"))


class Department(Dto):
    title = fields.String()
    staff = fields.List(fields.Nested("Employee"))


class Employee(Dto):
    name = fields.String()
    department = fields.Nested(Department)
    manager = fields.Nested("Manager")


class Manager(Employee):
    """Its base holds it"""

    reports = fields.List(fields.Nested(Employee))


NODE = {
    "name": "root",
    "above": {"name": "top"},
    "children": [{"name": "a", "children": [{"name": "a1", "children": []}]}, {"name": "b"}],
    "byName": {"x": {"name": "x", "byName": {"y": {"name": "y"}}}},
}
EMPLOYEE = {
    "name": "Ann",
    "department": {"title": "Shop", "staff": [{"name": "Bob", "department": {"title": "Inner"}}]},
    "manager": {"reports": [{"name": "Ann"}], "name": "Cid", "manager": {"name": "Dan"}},
}
CASES = [(Node, NODE), (Employee, EMPLOYEE), (Manager, EMPLOYEE["manager"])]
TYPED = [serializer for serializer in default_registry() if serializer.readable and serializer.name != "csv"]


def drop_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: drop_nulls(item) for key, item in value.items() if item is not None}
    return [drop_nulls(item) for item in value] if isinstance(value, list) else value


def test_a_dto_has_one_record() -> None:
    node = document_shape(Node)
    inner = node.fields["above"]
    assert isinstance(inner, shape.Reference)
    assert inner.record is node
    department = document_shape(Employee).fields["department"]
    assert department is document_shape(Department)
    assert document_shape(Manager).base is document_shape(Employee)


def test_paths_lead_through_references() -> None:
    assert declared_path(wire_shape(Node), "children[0].byName") == "Children[0].ByName"
    assert declared_path(wire_shape(Manager), "reports[1].manager.department.staff") == (
        "Reports[1].Manager.Department.Staff"
    )


@pytest.mark.parametrize("serializer", TYPED, ids=lambda serializer: serializer.name)
@pytest.mark.parametrize(("dto", "values"), CASES, ids=lambda case: getattr(case, "__name__", ""))
def test_round_trips(serializer: Any, dto: type[Dto], values: dict[str, Any]) -> None:
    bound = dto.instance(compile_load(dto.schema())(values))
    document = serializer.writer(document_shape(dto))(bound)
    assert drop_nulls(serializer.decode(document, document_shape(dto))) == values
    assert serializer.encode(compile_dump(dto.schema())(bound), document_shape(dto)) == document
    assert drop_nulls(serializer.decode(document, wire_shape(dto))) == values


@pytest.mark.parametrize(("dto", "values"), CASES, ids=lambda case: getattr(case, "__name__", ""))
def test_tables_and_pages(dto: type[Dto], values: dict[str, Any]) -> None:
    csv, html = (default_registry().by_name(name) for name in ("csv", "html"))
    assert csv is not None
    assert html is not None
    bound = dto.instance(compile_load(dto.schema())(values))
    assert drop_nulls(csv.decode(csv.writer(document_shape(dto))(bound), document_shape(dto))) == values
    page = html.encode(compile_dump(dto.schema())(bound), document_shape(dto)).decode()
    assert all(name in page for name in ("Ann", "Dan")[: dto is not Node] or ("a1", "top"))


def test_the_dump_is_marshmallows() -> None:
    bound = Node.instance(compile_load(Node.schema())(NODE))
    assert compile_dump(Node.schema())(bound) == Node.schema().dump(bound)


def test_a_name_of_no_dto_is_refused() -> None:
    class Lost(Dto):
        nothing = fields.Nested("Nobody")

    with pytest.raises(CatalogError, match="Nobody"):
        document_shape(Lost)


def test_many_types_that_all_refer_to_each_other() -> None:
    names = [f"Linked{number}" for number in range(30)]
    dtos: dict[str, Any] = {}
    metaclass: Any = type(Dto)
    for name in names:
        links = {f"to_{other.lower()}": fields.Nested(lambda other=other: dtos[other]) for other in names}
        dtos[name] = metaclass(name, (Dto,), {"__module__": __name__, **links})
    catalog = Catalog()
    for name in names:
        catalog.operation("GET", f"/{name}", returns=dtos[name], access=ANYONE)(dtos[name])
    for operation in catalog:
        operation.load({"toLinked1": {"toLinked2": {}}})
        assert operation.dump(dtos[operation.name].new())["toLinked3"] is None
        for serializer in TYPED:
            serializer.writer(operation.response_shape or shape.Text())(dtos[operation.name].new())
