"""Pages, samples, OpenAPI and generated types of a contract with every kind of type."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV2SpecValidator, OpenAPIV31SpecValidator

from gateway.contract import fields
from gateway.contract.catalog import ANYONE, Catalog
from gateway.contract.dto import Dto
from gateway.contract.typeinfo import Contract, EnumInfo, describe
from gateway.metadata import documents, openapi, pages, samples, swagger, types
from gateway.metadata.languages.options import Options
from gateway.metadata.library import Library
from serializers.registry import default_registry
from tests.contract import every_kind
from tests.metadata import BASE_URL, compilers
from tests.metadata.tools import write_types

CATALOG = every_kind.catalog()
CONTRACT = describe(CATALOG)
LANGUAGES = [*types.LANGUAGES]


@pytest.fixture(scope="module")
def library() -> Library:
    """The documents of the catalog."""
    return Library(CATALOG, default_registry(), "Every kind", "1.0")


@pytest.mark.parametrize("operation", [*CATALOG], ids=lambda operation: operation.name)
def test_a_page_of_each_operation(operation: Any, library: Library) -> None:
    for name in ("json", "jsv", "xml", "csv"):
        assert library.render_operation(None, operation.name, name, "", BASE_URL).body
        assert library.render_operation(None, operation.name, name, "python", BASE_URL).body


@pytest.mark.parametrize("operation", [*CATALOG], ids=lambda operation: operation.name)
def test_samples_are_read_again(operation: Any) -> None:
    for name in ("json", "jsv", "xml"):
        serializer = default_registry().by_name(name)
        assert serializer is not None
        value = samples.make_sample(operation.response_shape)
        serializer.decode(serializer.encode(value, operation.response_shape), operation.response_shape)


def test_openapi(library: Library) -> None:
    document = json.loads(library.openapi(None, BASE_URL).body)
    OpenAPIV31SpecValidator(document).validate()
    schemas = document["components"]["schemas"]
    properties = schemas["Scalars"]["properties"]
    assert properties["color"]["enum"] == ["None", "Red", "sky-blue", "Navy", None]
    assert properties["level"]["enum"] == [10, 20, 21, None]
    assert properties["rights"]["type"] == ["integer", "null"]
    assert properties["offset"]["format"] == "date-time"
    assert "type" not in properties["thing"]
    assert schemas["Members"]["properties"]["sid"]["xml"] == {"name": "sid"}
    assert set(schemas["Members"]["required"]) == {"last", "plain"}
    response = document["paths"]["/answers/counts"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert response["additionalProperties"]["type"] == "integer"
    OpenAPIV2SpecValidator({**swagger.convert_document(document), "basePath": "/"}).validate()


def test_openapi_of_paths() -> None:
    class ReadFile(Dto):
        path = fields.String()

    class Unbound(Dto):
        pass

    class NoRoute(Dto):
        pass

    catalog = Catalog()
    catalog.operation("GET", "/files/{Path*}", returns=bytes, access=ANYONE)(ReadFile)
    catalog.operation("GET", "/unbound/{Id}", returns=str, access=ANYONE)(Unbound)
    catalog.operation("POST", returns=str, access=ANYONE)(NoRoute)
    document = openapi.build_document(catalog, default_registry(), BASE_URL, "Paths", "1")
    OpenAPIV31SpecValidator(document).validate()
    assert set(document["paths"]) == {"/files/{Path}", "/unbound/{Id}", "/api/NoRoute"}
    (unbound,) = document["paths"]["/unbound/{Id}"]["get"]["parameters"]
    assert (unbound["name"], unbound["in"], unbound["schema"]) == ("Id", "path", {"type": "string"})


def test_types_as_data() -> None:
    metadata = json.loads(json.dumps(documents.build_types_metadata(CONTRACT, BASE_URL)))
    types_by_name = {
        entry["name"]: entry
        for entry in [*metadata["types"], *(operation["request"] for operation in metadata["operations"])]
    }
    color = types_by_name["Color"]
    assert color["enumNames"] == ["None", "Red", "SkyBlue", "Navy"]
    assert color["enumValues"] == ["0", "1", "7", "8"]
    assert color["enumMemberValues"] == ["None", "Red", "sky-blue", "Navy"]
    assert color["enumDescriptions"] == ["", "Warm", "Like the sky, at noon", ""]
    assert color["description"] == "What a thing looks like"
    assert types_by_name["Rights"]["attributes"] == [{"name": "Flags", "args": []}]
    assert types_by_name["Rights"]["isEnumInt"]
    members = {field["name"]: field for field in types_by_name["Members"]["properties"]}
    assert types_by_name["Members"]["dataContract"] == {}
    assert types_by_name["Members"]["icon"] == {"svg": "<svg/>"}
    assert members["Renamed"]["dataMember"] == {"name": "sid", "order": 2}
    assert members["Last"]["dataMember"] == {"order": 9, "isRequired": True}
    assert members["Plain"]["input"] == {"type": "textarea"}
    assert members["Plain"]["paramType"] == "query"
    assert [attribute["name"] for attribute in members["Plain"]["attributes"]] == [
        "ApiMember",
        "Validate",
        "StringLength",
    ]
    collections = {field["name"]: field for field in types_by_name["Collections"]["properties"]}
    assert collections["TextArray"]["type"] == "String[]"
    assert (collections["NullableArray"]["type"], collections["NullableArray"]["genericArgs"]) == (
        "Nullable`1[]",
        ["DateTime"],
    )
    assert collections["NullableNumbers"]["genericArgs"] == ["Nullable<Int32>"]
    assert collections["LeafLists"]["genericArgs"] == ["String", "List<Leaf>"]
    assert collections["Pair"]["type"] == "KeyValuePair`2"
    assert collections["Pair"]["typeNamespace"] == "System.Collections.Generic"
    assert {"name": "IHasId`1", "namespace": "Every.Kind", "genericArgs": ["Int32"]} in types_by_name["Employee"][
        "implements"
    ]
    assert not any(namespace.startswith("System.Collections.Generic") for namespace in metadata["namespaces"][:-1])


def test_rights_as_data() -> None:
    class Guarded(Dto):
        pass

    catalog = Catalog()
    catalog.operation("GET", "/guarded", permission="Read", any_permission=["A", "B"], api_key=True)(Guarded)
    (operations,) = documents.build_types_metadata(describe(catalog), BASE_URL)["operations"]
    assert operations["requiredPermissions"] == ["Read"]
    assert operations["requiresAnyPermission"] == ["A", "B"]
    assert operations["requiresApiKey"] is True
    assert dict(pages.list_rules(catalog.operations["Guarded"].access or ANYONE)) == {
        "Required permission:": "Read",
        "Requires any of the permissions:": "A, B",
        "Requires:": "API key",
    }


def test_every_other_document(library: Library) -> None:
    for library_documents in (
        library.render_index(None, BASE_URL),
        library.render_explorer(None, BASE_URL),
        library.render_types_index(BASE_URL),
    ):
        assert library_documents.body.startswith(b"<!doctype html>")
    app = json.loads(library.build_app_metadata(None, BASE_URL).body)
    assert app["app"]["serviceName"] == "Every kind"
    for serializer in default_registry():
        assert library.build_operations_metadata(None, serializer, serializer.content_type).body


@pytest.mark.parametrize("language", LANGUAGES)
def test_types(language: str) -> None:
    text = types.generate(language, CONTRACT, Options.of([], BASE_URL, "2026-01-01 00:00:00"))
    assert "sky-blue" in text or language == "dart"
    assert "None_" not in text or language in ("python", "zig", "fsharp", "swift", "dart", "kotlin")


@pytest.mark.parametrize("name", ["swift4", "cjs", "ZIG"])
def test_names_of_languages(name: str) -> None:
    assert types.find_language(name)


@pytest.mark.parametrize("language", compilers.CHECKS)
def test_compilers(language: str, tmp_path: Path) -> None:
    compilers.CHECKS[language](write_types(language, CONTRACT, tmp_path))


def test_a_contract_of_enums_alone() -> None:
    contract = Contract((), {"Empty": EnumInfo("Empty", "N", ())})
    for language in LANGUAGES:
        assert types.generate(language, contract, Options(BASE_URL))
