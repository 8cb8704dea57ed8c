"""Convert the OpenAPI document to Swagger 2.0, for tools that read nothing newer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

Node = dict[str, Any]

#: The locations of components in OpenAPI and in Swagger.
_LOCATIONS = {"#/components/schemas/": "#/definitions/", "#/components/responses/": "#/responses/"}

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


def convert_document(openapi: Mapping[str, Any]) -> Node:
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
        "securityDefinitions": dict(_convert_security(components["securitySchemes"])),
        "paths": {
            path: {verb: _convert_operation(operation) for verb, operation in verbs.items()}
            for path, verbs in openapi["paths"].items()
        },
        "definitions": {name: _convert_schema(schema) for name, schema in components["schemas"].items()},
        "responses": {name: _convert_response(response) for name, response in components["responses"].items()},
    }


def _convert_security(schemes: Mapping[str, Node]) -> Iterator[tuple[str, Node]]:
    for name, scheme in schemes.items():
        if scheme["type"] == "http" and scheme["scheme"] == "basic":
            yield name, {"type": "basic", "description": scheme["description"]}
        elif scheme["type"] == "http":
            words = f"{scheme['description']}, behind 'Bearer '"
            yield name, {"type": "apiKey", "in": "header", "name": "Authorization", "description": words}
        elif scheme["in"] != "cookie":
            yield name, scheme


def _convert_operation(operation: Node) -> Node:
    node: Node = {
        name: operation[name] for name in ("operationId", "tags", "summary", "description") if name in operation
    }
    responses = {status: _convert_response(response) for status, response in operation["responses"].items()}
    parameters = [_convert_parameter(parameter) for parameter in operation.get("parameters", ())]
    if body := operation.get("requestBody"):
        node["consumes"] = [*body["content"]]
        schema = _convert_schema(_get_json(body["content"])["schema"])
        parameters.append({"name": "body", "in": "body", "required": body["required"], "schema": schema})
    node["produces"] = [
        *dict.fromkeys(
            media_type for response in operation["responses"].values() for media_type in response.get("content", ())
        )
    ]
    if parameters:
        node["parameters"] = parameters
    security = [requirement for requirement in operation["security"] if "cookie" not in requirement]
    return {**node, "responses": responses, "security": security}


def _convert_parameter(parameter: Node) -> Node:
    node: Node = {name: parameter[name] for name in ("name", "in", "description", "required") if name in parameter}
    schema = _convert_schema(parameter["schema"])
    items = (
        {"items": _select_keywords(schema["items"]), "collectionFormat": "csv"} if schema.get("type") == "array" else {}
    )
    return {**node, **_select_keywords(schema), **items}


def _select_keywords(schema: Node) -> Node:
    """Return the keywords that a parameter or an item of one may have. In parameters, maps and records are texts such as ``{a:1}``."""
    if schema.get("type", "object") == "object":
        return {"type": "string"}
    return {
        name: value for name, value in schema.items() if name not in _NOT_OF_PARAMETERS and not name.startswith("x-")
    }


def _convert_response(response: Node) -> Node:
    if "$ref" in response:
        return _convert_schema(response)
    node: Node = {"description": response["description"]}
    if content := response.get("content"):
        node["schema"] = _convert_schema(_get_json(content)["schema"])
        node["examples"] = {media_type: media["example"] for media_type, media in content.items()}
    return node


def _get_json(content: Mapping[str, Node]) -> Node:
    """Return the format of a body whose schema is used: JSON's."""
    return content["application/json"]


def _convert_schema(schema: Node) -> Node:
    if "$ref" in schema:
        location, _, name = schema["$ref"].rpartition("/")
        # A reference must have no other keywords.
        return {"$ref": f"{_LOCATIONS[location + '/']}{name}"}
    if "anyOf" in schema:
        (only,) = [option for option in schema["anyOf"] if option != {"type": "null"}]
        return _convert_schema(only)
    node = {name: value for name, value in schema.items() if name in _KEPT}
    if isinstance(kinds := node.get("type"), list):
        node["type"] = next(kind for kind in kinds if kind != "null")
        node["x-nullable"] = True
    if "enum" in node:
        node["enum"] = [member for member in node["enum"] if member is not None]
    for bound, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if bound in schema:
            node |= {limit: schema[bound], bound: True}
    if schema.get("contentEncoding") == "base64":
        node["format"] = "byte"
    if isinstance(node.get("items"), dict):
        node["items"] = _convert_schema(node["items"])
    if isinstance(node.get("additionalProperties"), dict):
        node["additionalProperties"] = _convert_schema(node["additionalProperties"])
    if "properties" in node:
        node["properties"] = {
            name: _convert_schema(property_schema) for name, property_schema in node["properties"].items()
        }
    return node
