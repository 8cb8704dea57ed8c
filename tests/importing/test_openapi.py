"""OpenAPI 3.1 and Swagger 2.0 of our own, and documents that others write."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.contract.catalog import ANYONE, SIGNED_IN, Access, Route
from gateway.contract.typeinfo import SERVICESTACK, EnumInfo, TypeRef
from gateway.importing.drafts import ImportFailed
from gateway.metadata.library import Library
from gateway.sessions.service import service
from serializers.registry import default_registry
from tests.importing import contracts


@pytest.mark.parametrize("name", ["openapi", "swagger"])
def test_the_openapi_of_the_sessions_api(name: str) -> None:
    library = Library(service.catalog, default_registry(), "Sessions", "1")
    imported = contracts.read(getattr(library, name)(None, "http://host").body.decode())
    before = contracts.describe_sessions()
    assert imported.title == "Sessions"
    assert imported.contract.by_name.keys() == before.by_name.keys()
    for operation in before.operations:
        imported_operation = imported.contract.by_name[operation.name]
        # OpenAPI has no GET with a body.
        assert {route.path for route in imported_operation.routes} == {route.path for route in operation.routes}
        assert set(imported_operation.access.roles) == set(operation.access.roles)
        ours = {field.wire.lower() for field in before.all_properties(operation.request)}
        # A variable of a path has another name than its property in one operation.
        theirs = {field.wire.lower() for field in imported.contract.all_properties(imported_operation.request)}
        assert ours <= theirs | {"version", "membertoremove"}
    for type_name in ("SessionInfo", "NewSession", "SessionMemberInfo"):
        wires = {one.wire: one.description for one in before.all_properties(before.record(type_name))}
        assert {one.wire: one.description for one in imported.contract.record(type_name).properties} == wires
    assert before.types["NewSession"].namespace != SERVICESTACK
    assert contracts.make_comparable(contracts.declare(imported.contract)) == contracts.make_comparable(
        imported.contract
    )


def make_document(paths: dict[str, Any], schemas: dict[str, Any] | None = None, **more: Any) -> str:
    return json.dumps(
        {"openapi": "3.0.1", "info": {"title": "T"}, "paths": paths, "components": {"schemas": schemas or {}}, **more}
    )


def test_schemas_become_types() -> None:
    schemas = {
        "Animal": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
        "Dog": {
            "allOf": [
                {"$ref": "#/components/schemas/Animal"},
                {"properties": {"age": {"type": "integer", "format": "int32"}}},
            ]
        },
        "Size": {"type": "string", "enum": ["small", "extra large"]},
        "Page[Dog]": {
            "type": "object",
            "required": ["total"],
            "properties": {
                "total": {"type": "integer"},
                "items": {"type": "array", "items": {"$ref": "#/components/schemas/Dog"}},
                "size": {"$ref": "#/components/schemas/Size"},
                "color": {"type": "string", "enum": ["red", "blue"], "nullable": True},
                "byName": {"type": "object", "additionalProperties": {"type": "number", "format": "decimal"}},
                "when": {"type": "string", "format": "date-time"},
                "picture": {"type": "string", "format": "byte"},
                "odd": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
                "inner": {"type": "object", "properties": {"x": {"type": ["boolean", "null"]}}},
            },
        },
    }
    paths = {
        "/dogs/{Id}": {
            "parameters": [{"$ref": "#/components/parameters/Id"}],
            "get": {
                "operationId": "FindDogs_Get",
                "security": [],
                "parameters": [{"name": "X-Trace", "in": "header", "schema": {"type": "string"}}],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Page[Dog]"}}}}
                },
            },
            "put": {"operationId": "FindDogs_Put", "responses": {"204": {}}},
        },
        "/dogs": {
            "post": {
                "description": "Required role: Clerk",
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Dog"}}}},
                "responses": {"201": {"description": "made"}},
            }
        },
        "/cats": {"get": {"operationId": "Cats", "responses": {}}},
    }
    components = {
        "schemas": schemas,
        "parameters": {"Id": {"name": "Id", "in": "path", "required": True, "schema": {"type": "string"}}},
    }
    text = make_document(paths, components=components, security=[{"bearer": []}])
    contract = (imported := contracts.read(text)).contract
    operations = contract.by_name
    assert operations["FindDogs"].routes == (Route(("GET", "PUT"), "/dogs/{Id}"),)
    assert [operations[name].access for name in ("FindDogs", "Dog", "Cats")] == [
        ANYONE,
        Access(all_of=("Clerk",)),
        SIGNED_IN,
    ]
    assert operations["FindDogs"].returns == TypeRef("record", "PageDog")
    page = {field.wire: field for field in contract.record("PageDog").properties}
    assert not page["total"].nullable
    assert page["items"].type.arguments == (TypeRef("record", "Dog"),)
    assert page["byName"].type.arguments[1] == TypeRef("scalar", "Decimal")
    assert page["when"].type == TypeRef("scalar", "DateTime")
    assert page["picture"].type == TypeRef("scalar", "Byte[]")
    assert page["odd"].type == TypeRef("scalar", "Object")
    assert page["color"].type == TypeRef("enum", "Color")
    assert contract.record("Dog").base == TypeRef("record", "Animal")
    size = contract.types["Size"]
    assert isinstance(size, EnumInfo)
    assert [size.text_of(name) for name, _ in size.members] == ["small", "extra large"]
    assert imported.losses.positions["a parameter in a header"] == ["FindDogs: X-Trace"]
    assert contracts.make_comparable(contracts.declare(contract)) == contracts.make_comparable(contract)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (make_document([]), r"\$.paths: expected an object, got a list"),  # type: ignore[arg-type]
        (make_document({"/a": {"get": {"parameters": [{"in": "query"}]}}}), r"parameters\[0\]: 'name' is missing"),
        (make_document({"/a": {"get": {"parameters": [{"$ref": "#/no/where"}]}}}), "leads nowhere"),
        (make_document({}, {"A": {"allOf": [{"$ref": "#/components/schemas/A"}]}}), "inherits from itself"),
        (
            make_document({}, {"A": {"properties": {"b": {"type": "array", "items": 7}}}}),
            "expected an object, got a number",
        ),
        (
            make_document({}, {"A": {"properties": {"b<": {"type": "string"}}}}),
            "A.b<: 'b<' is not the name of a data member",
        ),
    ],
)
def test_errors_have_a_position(text: str, message: str) -> None:
    with pytest.raises(ImportFailed, match=message):
        contracts.read(text)
