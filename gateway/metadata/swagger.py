"""Convert the OpenAPI document to Swagger 2.0, for tools that read nothing newer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

Node = dict[str, Any]

#: The locations of components in OpenAPI and in Swagger.
_PLACES = {"#/components/schemas/": "#/definitions/", "#/components/responses/": "#/responses/"}

#: Keywords of a schema that are the same in Swagger.
_KEPT = frozenset(
    (
        *("$ref", "type", "format", "title", "description", "default", "enum", "readOnly", "xml"),
        *("items", "minItems", "maxItems", "uniqueItems", "minLength", "maxLength", "pattern"),
        *("multipleOf", "minimum", "maximum", "properties", "required", "additionalProperties"),
        *("minProperties", "maxProperties"),
    )
)
#: Those of them that a parameter does not have.
_NOT_OF_PARAMETERS = frozenset({"xml", "title", "readOnly", "properties", "required", "additionalProperties", "$ref"})


def document(openapi: Mapping[str, Any]) -> Node:
    """Return one of the service's OpenAPI 3.1 documents as Swagger 2.0.

    Swagger has no cookies as credentials, and only one schema for all formats of a body: JSON's.
    """
    components = openapi["components"]
    (server,) = openapi["servers"]
    address = urlsplit(server["url"])
    return {
        "swagger": "2.0",
        "info": openapi["info"],
        "host": address.netloc,
        "basePath": address.path,
        "securityDefinitions": dict(_security(components["securitySchemes"])),
        "paths": {
            path: {verb: _operation(operation) for verb, operation in verbs.items()}
            for path, verbs in openapi["paths"].items()
        },
        "definitions": {name: _schema(each) for name, each in components["schemas"].items()},
        "responses": {name: _response(each) for name, each in components["responses"].items()},
    }


def _security(schemes: Mapping[str, Node]) -> Iterator[tuple[str, Node]]:
    for name, scheme in schemes.items():
        if scheme["type"] == "http" and scheme["scheme"] == "basic":
            yield name, {"type": "basic", "description": scheme["description"]}
        elif scheme["type"] == "http":
            words = f"{scheme['description']}, behind 'Bearer '"
            yield name, {"type": "apiKey", "in": "header", "name": "Authorization", "description": words}
        elif scheme["in"] != "cookie":
            yield name, scheme


def _operation(operation: Node) -> Node:
    found: Node = {
        name: operation[name] for name in ("operationId", "tags", "summary", "description") if name in operation
    }
    responses = {status: _response(each) for status, each in operation["responses"].items()}
    parameters = [_parameter(each) for each in operation.get("parameters", ())]
    if body := operation.get("requestBody"):
        found["consumes"] = [*body["content"]]
        schema = _schema(_first(body["content"])["schema"])
        parameters.append({"name": "body", "in": "body", "required": body["required"], "schema": schema})
    found["produces"] = [
        *dict.fromkeys(each for answer in operation["responses"].values() for each in answer.get("content", ()))
    ]
    if parameters:
        found["parameters"] = parameters
    security = [each for each in operation["security"] if "cookie" not in each]
    return {**found, "responses": responses, "security": security}


def _parameter(parameter: Node) -> Node:
    found: Node = {name: parameter[name] for name in ("name", "in", "description", "required") if name in parameter}
    schema = _schema(parameter["schema"])
    items = {"items": _plain(schema["items"]), "collectionFormat": "csv"} if schema.get("type") == "array" else {}
    return {**found, **_plain(schema), **items}


def _plain(schema: Node) -> Node:
    """Return the keywords that a parameter or an item of one may have. In parameters, maps and records are texts such as ``{a:1}``."""
    if schema.get("type", "object") == "object":
        return {"type": "string"}
    return {
        name: value for name, value in schema.items() if name not in _NOT_OF_PARAMETERS and not name.startswith("x-")
    }


def _response(response: Node) -> Node:
    if "$ref" in response:
        return _schema(response)
    found: Node = {"description": response["description"]}
    if content := response.get("content"):
        found["schema"] = _schema(_first(content)["schema"])
        found["examples"] = {media: each["example"] for media, each in content.items()}
    return found


def _first(content: Mapping[str, Node]) -> Node:
    """Return the format of a body whose schema is used: JSON's."""
    return content["application/json"]


def _schema(schema: Node) -> Node:
    if "$ref" in schema:
        place, _, name = schema["$ref"].rpartition("/")
        # A reference must have no other keywords.
        return {"$ref": f"{_PLACES[place + '/']}{name}"}
    if "anyOf" in schema:
        (only,) = [each for each in schema["anyOf"] if each != {"type": "null"}]
        return _schema(only)
    found = {name: value for name, value in schema.items() if name in _KEPT}
    if isinstance(kinds := found.get("type"), list):
        found["type"] = next(each for each in kinds if each != "null")
        found["x-nullable"] = True
    if "enum" in found:
        found["enum"] = [each for each in found["enum"] if each is not None]
    for bound, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if bound in schema:
            found |= {limit: schema[bound], bound: True}
    if schema.get("contentEncoding") == "base64":
        found["format"] = "byte"
    if isinstance(found.get("items"), dict):
        found["items"] = _schema(found["items"])
    if isinstance(found.get("additionalProperties"), dict):
        found["additionalProperties"] = _schema(found["additionalProperties"])
    if "properties" in found:
        found["properties"] = {name: _schema(each) for name, each in found["properties"].items()}
    return found
