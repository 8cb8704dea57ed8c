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
def test_our_own(name: str) -> None:
    library = Library(service.catalog, default_registry(), "Sessions", "1")
    imported = contracts.read(getattr(library, name)(None, "http://host").body.decode())
    before = contracts.sessions()
    assert imported.title == "Sessions"
    assert imported.contract.by_name.keys() == before.by_name.keys()
    for operation in before.operations:
        found = imported.contract.by_name[operation.name]
        # OpenAPI has no GET with a body.
        assert {each.path for each in found.routes} == {each.path for each in operation.routes}
        assert set(found.access.roles) == set(operation.access.roles)
        ours = {each.wire.lower() for each in before.all_properties(operation.request)}
        # A variable of a path has another name than its property in one operation.
        theirs = {each.wire.lower() for each in imported.contract.all_properties(found.request)}
        assert ours <= theirs | {"version", "membertoremove"}
    for each in ("SessionInfo", "NewSession", "SessionMemberInfo"):
        wires = {one.wire: one.description for one in before.all_properties(before.record(each))}
        assert {one.wire: one.description for one in imported.contract.record(each).properties} == wires
    assert before.types["NewSession"].namespace != SERVICESTACK
    assert contracts.plain(contracts.declared(imported.contract)) == contracts.plain(imported.contract)


def document(paths: dict[str, Any], schemas: dict[str, Any] | None = None, **more: Any) -> str:
    return json.dumps(
        {"openapi": "3.0.1", "info": {"title": "T"}, "paths": paths, "components": {"schemas": schemas or {}}, **more}
    )


def test_what_schemas_say() -> None:
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
    text = document(paths, components=components, security=[{"bearer": []}])
    contract = (imported := contracts.read(text)).contract
    found = contract.by_name
    assert found["FindDogs"].routes == (Route(("GET", "PUT"), "/dogs/{Id}"),)
    assert [found[each].access for each in ("FindDogs", "Dog", "Cats")] == [
        ANYONE,
        Access(all_of=("Clerk",)),
        SIGNED_IN,
    ]
    assert found["FindDogs"].returns == TypeRef("record", "PageDog")
    page = {each.wire: each for each in contract.record("PageDog").properties}
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
    assert imported.losses.places["a parameter in a header"] == ["FindDogs: X-Trace"]
    assert contracts.plain(contracts.declared(contract)) == contracts.plain(contract)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (document([]), r"\$.paths: expected an object, got a list"),  # type: ignore[arg-type]
        (document({"/a": {"get": {"parameters": [{"in": "query"}]}}}), r"parameters\[0\]: 'name' is missing"),
        (document({"/a": {"get": {"parameters": [{"$ref": "#/no/where"}]}}}), "leads nowhere"),
        (document({}, {"A": {"allOf": [{"$ref": "#/components/schemas/A"}]}}), "inherits from itself"),
        (document({}, {"A": {"properties": {"b": {"type": "array", "items": 7}}}}), "expected an object, got a number"),
        (
            document({}, {"A": {"properties": {"b<": {"type": "string"}}}}),
            "A.b<: 'b<' is not the name of a data member",
        ),
    ],
)
def test_what_is_wrong_has_a_place(text: str, message: str) -> None:
    with pytest.raises(ImportFailed, match=message):
        contracts.read(text)
