"""The contract as data, and as OpenAPI."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV2SpecValidator, OpenAPIV31SpecValidator

from gateway.contract.typeinfo import Contract
from gateway.metadata import documents, openapi, swagger
from serializers.registry import default_registry
from tests.metadata import BASE_URL, recorded
from tests.sessions_api import catalog


@pytest.fixture(scope="module")
def document() -> dict[str, object]:
    return openapi.build_document(catalog, default_registry(), BASE_URL, "Sessions", "1")


def test_openapi_is_valid(document: dict[str, object]) -> None:
    OpenAPIV31SpecValidator(json.loads(json.dumps(document))).validate()


def test_openapi_has_every_operation(document: dict[str, object]) -> None:
    operations = {
        (verb.upper(), path): operation
        for path, verbs in document["paths"].items()  # type: ignore[attr-defined]
        for verb, operation in verbs.items()
    }
    routes = {(verb, route.path) for operation in catalog for route in operation.routes for verb in route.verbs}
    assert operations.keys() == routes
    names = [operation["operationId"] for operation in operations.values()]
    assert len(set(names)) == len(names)
    assert {name.partition("_")[0] for name in names} == catalog.operations.keys()


def test_openapi_has_four_formats_with_examples(document: dict[str, object]) -> None:
    new = document["paths"]["/sessions"]["post"]  # type: ignore[index]
    formats = {"application/json", "application/jsv", "application/xml", "text/csv"}
    for content in (new["requestBody"]["content"], new["responses"]["200"]["content"]):
        assert content.keys() == formats
        assert all("example" in media for media in content.values())
    assert new["responses"].keys() >= {"400", "401", "403", "default"}
    assert [*new["security"]] == [{"basic": []}, {"bearer": []}, {"apiKey": []}, {"cookie": []}]
    assert document["components"]["securitySchemes"].keys() == {"basic", "bearer", "apiKey", "cookie"}  # type: ignore[index]
    assert document["paths"]["/auth"]["post"]["security"] == []  # type: ignore[index]
    assert document["paths"]["/sessions/{SessionId}"]["delete"]["responses"].keys() >= {"204", "404"}  # type: ignore[index]


def test_openapi_has_examples_that_are_valid(document: dict[str, object]) -> None:
    contents = [*_list_contents(document)]
    assert len(contents) > len(catalog.operations)
    for content in contents:
        schema = {"components": document["components"], **content["application/json"]["schema"]}
        checker = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
        assert [error.message for error in checker.iter_errors(content["application/json"]["example"])] == []
    outgoing = document["paths"]["/sessions/outgoing"]["post"]["requestBody"]["content"]  # type: ignore[index]
    assert "+15551234567" in outgoing["application/xml"]["example"]


def test_openapi_has_the_errors_of_operations(document: dict[str, object]) -> None:
    error_responses = {
        path: document["paths"][path]["post"]["responses"]["400"]["$ref"].rpartition("/")[2]  # type: ignore[index]
        for path in ("/sessions", "/auth", "/access-token")
    }
    assert error_responses == {
        "/sessions": "Error400",
        "/auth": "AuthenticateResponse400",
        "/access-token": "GetAccessTokenResponse400",
    }
    content = document["components"]["responses"]["AuthenticateResponse400"]["content"]  # type: ignore[index]
    assert content["application/json"]["schema"]["$ref"].endswith("/AuthenticateResponse")
    assert content["application/xml"]["example"].partition("?>")[2].lstrip().startswith("<AuthenticateResponse ")


def _list_contents(document: Any) -> Iterator[Any]:
    """The bodies of every request and answer, and of the errors."""
    for verbs in document["paths"].values():
        for operation in verbs.values():
            for body in (operation.get("requestBody", {}), *operation["responses"].values()):
                if "content" in body:
                    yield body["content"]
    yield from (response["content"] for response in document["components"]["responses"].values())


def test_openapi_has_the_rules(document: dict[str, object]) -> None:
    schemas = document["components"]["schemas"]  # type: ignore[index]
    body = schemas["SendMessage"]
    assert body["required"] == ["body"]
    text = {keyword: body["properties"]["body"][keyword] for keyword in ("type", "minLength", "maxLength", "pattern")}
    assert text == {"type": "string", "minLength": 1, "maxLength": 10_000, "pattern": r"\S"}
    emails = schemas["NewSession"]["properties"]["memberEmailAddresses"]
    assert (emails["maxItems"], emails["items"]["format"]) == (1000, "email")
    listing = document["paths"]["/sessions"]["get"]["parameters"]  # type: ignore[index]
    parameter_schemas = {parameter["name"]: parameter["schema"] for parameter in listing}
    assert parameter_schemas["page"] == {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
    assert parameter_schemas["countPerPage"]["maximum"] == 1000
    assert document["paths"]["/sessions/{SessionId}/hold"]["post"]["requestBody"]["required"] is False  # type: ignore[index]


def test_openapi_has_names_in_xml(document: dict[str, object]) -> None:
    fields = document["components"]["schemas"]["NewSession"]["properties"]  # type: ignore[index]
    assert fields["displayName"]["xml"] == {"name": "DisplayName"}
    assert fields["memberEmailAddresses"]["xml"] == {"name": "MemberEmailAddresses", "wrapped": True}
    assert fields["memberEmailAddresses"]["items"]["xml"] == {"name": "string"}


def test_openapi_has_path_variables_once(document: dict[str, object]) -> None:
    removal = document["paths"]["/sessions/{SessionId}/members/{memberId}"]["delete"]  # type: ignore[index]
    assert [(parameter["name"], parameter["in"]) for parameter in removal["parameters"]] == [
        ("SessionId", "path"),
        ("memberId", "path"),
        ("Idempotency-Key", "header"),
    ]


def test_openapi_has_rows_in_csv(document: dict[str, object]) -> None:
    content = document["paths"]["/sessions"]["get"]["responses"]["200"]["content"]  # type: ignore[index]
    assert content["text/csv"]["schema"]["type"] == "array"
    assert content["application/json"]["schema"] == {"$ref": "#/components/schemas/ListResponseOfSessionInfo"}


def test_operations_as_data() -> None:
    operations = {operation["name"]: operation for operation in documents.build_operations_metadata(catalog)}
    assert operations["NewSession"] == {
        "name": "NewSession",
        "responseName": "SessionInfo",
        "serviceName": "SessionsService",
        "actions": ["POST"],
        "routes": ["/sessions"],
    }
    assert operations["ListSessions"]["responseName"] == "ListResponse`1"
    assert "responseName" not in operations["EndSession"]
    assert operations["SendMessage"]["routes"] == ["/sessions/{SessionId}/messages", "/messages"]


def test_generic_types_as_data(contract: Contract) -> None:
    metadata = documents.build_types_metadata(contract, BASE_URL)
    listing = next(operation for operation in metadata["operations"] if operation["request"]["name"] == "ListSessions")
    assert listing["returnType"] == {
        "name": "ListResponse`1",
        "namespace": "Voice.Api",
        "genericArgs": ["SessionInfo"],
    }
    assert listing["request"]["inherits"] == {
        "name": "ListRequest`1",
        "namespace": "Voice.Api",
        "genericArgs": ["SessionInfo"],
    }
    assert listing["response"]["genericArgs"] == ["'T"]
    items = listing["response"]["properties"][0]
    assert (items["type"], items["genericArgs"]) == ("List`1", ["'T"])


def test_roles_as_data(contract: Contract) -> None:
    operations = {
        operation["request"]["name"]: operation
        for operation in documents.build_types_metadata(contract, BASE_URL)["operations"]
    }
    assert operations["NewSession"]["requiresAuth"] is True
    assert operations["NewSession"]["requiredRoles"] == ["User"]
    assert operations["ListUsers"]["requiresAnyRole"] == ["SystemAdministrator", "Manager"]
    assert operations["Authenticate"]["requiresAuth"] is False


def test_values_that_have_no_null() -> None:
    info = recorded.contract().record("SessionInfo")
    nullable = {field.name for field in info.properties if field.type.kind in ("enum", "scalar") and field.nullable}
    assert "WasMissed" in nullable
    assert "Ended" not in nullable


def test_ordered_members_as_data(contract: Contract) -> None:
    metadata = documents.build_types_metadata(contract, BASE_URL)
    records = {type_info["name"]: type_info for type_info in metadata["types"]}
    records |= {operation["request"]["name"]: operation["request"] for operation in metadata["operations"]}
    records |= {
        operation["response"]["name"]: operation["response"]
        for operation in metadata["operations"]
        if "response" in operation
    }
    ordered = {name for name, info in contract.types.items() if getattr(info, "ordered", False)}
    assert {"ResponseStatus", "Authenticate", "AuthenticateResponse"} <= ordered
    for name, record in records.items():
        members = record.get("properties", [])
        orders = [member.get("dataMember") for member in members]
        if name in ordered:
            assert record["dataContract"] == {}
            assert orders == [{"order": number} for number in range(1, len(members) + 1)]
        else:
            assert "dataContract" not in record
            assert not any(orders)
    first = records["ResponseStatus"]["properties"][0]
    assert (first["name"], first["dataMember"]) == ("ErrorCode", {"order": 1})


def test_formats_as_data(contract: Contract) -> None:
    formats = {serializer.name: serializer.media_types[0] for serializer in default_registry()}
    metadata = documents.build_app_metadata(contract, BASE_URL, "Acme shop", "2.1", ["csharp"], formats)
    media_types = {
        "json": "application/json",
        "xml": "application/xml",
        "jsv": "application/jsv",
        "csv": "text/csv",
        "html": "text/html",
    }
    assert media_types.items() <= metadata["contentTypeFormats"].items()
    assert metadata["httpHandlers"] == {"ApiHandlers.Json": "/api/{Request}"}
    assert (metadata["app"]["serviceName"], metadata["app"]["apiVersion"]) == ("Acme shop", "2.1")


def test_swagger_is_valid(document: dict[str, Any]) -> None:
    swagger_document = json.loads(json.dumps(swagger.convert_document(document)))
    OpenAPIV2SpecValidator({**swagger_document, "basePath": "/"}).validate()
    assert swagger_document["swagger"] == "2.0"
    assert swagger_document["host"] == "localhost:8000"


def test_swagger_has_nothing_newer() -> None:
    swagger_document = swagger.convert_document(
        openapi.build_document(catalog, default_registry(), "https://host/below", "Sessions", "1")
    )
    assert (swagger_document["host"], swagger_document["basePath"]) == ("host", "/below")
    text = json.dumps(swagger_document)
    for newer in ("#/components", "anyOf", '"null"', "requestBody", "oneOf", "const"):
        assert newer not in text


def test_swagger_has_every_operation(document: dict[str, Any]) -> None:
    swagger_document = swagger.convert_document(document)
    assert {path: {*verbs} for path, verbs in swagger_document["paths"].items()} == {
        path: {*verbs} for path, verbs in document["paths"].items()
    }
    new = swagger_document["paths"]["/sessions"]["post"]
    body = next(parameter for parameter in new["parameters"] if parameter["in"] == "body")
    assert body["schema"] == {"$ref": "#/definitions/NewSession"}
    assert (
        {*new["consumes"]}
        == {*new["produces"]}
        == {"application/json", "application/jsv", "application/xml", "text/csv"}
    )
    assert new["responses"]["200"]["schema"] == {"$ref": "#/definitions/SessionInfo"}
    listed = {parameter["name"]: parameter for parameter in swagger_document["paths"]["/sessions"]["get"]["parameters"]}
    assert listed["page"] == {
        "name": "page",
        "in": "query",
        "description": "The page to return, counted from 1",
        "type": "integer",
        "minimum": 1,
        "maximum": 2**31 - 1,
    }
    ids = listed["specificIds"]
    assert (ids["type"], ids["items"], ids["collectionFormat"]) == ("array", {"type": "string"}, "csv")
    info = swagger_document["definitions"]["SessionInfo"]["properties"]["dialState"]
    assert (info["type"], info["enum"], info["x-nullable"]) == ("string", ["None", "Active"], True)
    assert swagger_document["securityDefinitions"]["basic"]["type"] == "basic"
    assert swagger_document["securityDefinitions"]["bearer"]["name"] == "Authorization"
    assert new["security"] == [{"basic": []}, {"bearer": []}, {"apiKey": []}]
