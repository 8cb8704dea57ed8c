"""The contract as OpenAPI 3.1, made by apispec from the DTOs' schemas."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, cast

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from gateway.contract import fields
from gateway.contract.catalog import Operation, Route
from gateway.contract.dto import Dto
from gateway.contract.responses import ErrorResponse, error_type
from gateway.contract.shapes import declared_name, document_shape
from gateway.metadata import constraints, failures, samples, spelling
from gateway.metadata.pages import list_rules
from serializers.registry import Registry
from serializers.shape import Shape

_VERSION = "3.1.0"
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_MULTIPART = "multipart/form-data"
#: Uploaded files beside the fields of a form. They may have any name.
_FILES = {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}

_SECURITY: dict[str, dict[str, str]] = {
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "E-mail address and password, or an API key as user name",
    },
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token of the log-in, or an API key"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key", "description": "An API key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "ss-id", "description": "The session of a log-in"},
}

_IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A name of the client's choice for this request; repeated within 24 hours it gets the first response again",
    "schema": {"type": "string", "maxLength": 255},
}


def build_document(
    operations: Iterable[Operation], registry: Registry, base_url: str, title: str, version: str
) -> dict[str, Any]:
    """Return the document, ready for JSON."""
    return _Document(registry, base_url, title, version).build(operations)


class _Plugin(MarshmallowPlugin):
    """Schemas of JSON in a dialect."""

    Converter = spelling.Converter


class _Document:
    def __init__(self, registry: Registry, base_url: str, title: str, version: str) -> None:
        self.dialect = registry.dialect
        self.plugin = _Plugin(schema_name_resolver=lambda schema: _get_dto(schema).__name__)
        self.spec = APISpec(
            title=title,
            version=version,
            openapi_version=_VERSION,
            plugins=[self.plugin],
            servers=[{"url": base_url}],
            info={"description": "Every operation reads and writes JSON, JSV, XML and CSV."},
        )
        assert isinstance(self.plugin.converter, spelling.Converter)
        self.converter = self.plugin.converter
        self.converter.dialect = self.dialect
        # Every field is null by default, so the schema need not state it.
        functions = [
            function for function in self.converter.attribute_functions if function.__name__ != "field2default"
        ]
        self.converter.attribute_functions = [*functions, _describe_field, self.converter.convert_value]
        self.formats = [serializer for serializer in registry if serializer.sampled]

    def build(self, operations: Iterable[Operation]) -> dict[str, Any]:
        """Add everything."""
        for name, scheme in _SECURITY.items():
            self.spec.components.security_scheme(name, scheme)
        operations = [*operations]
        error_types: list[type[Dto]] = [ErrorResponse, *map(error_type, operations)]
        for dto in dict.fromkeys(error_types):
            self.add_schema(dto)
            for status, words in failures.ERRORS.items():
                content = self.build_content(fields.Nested(dto), document_shape(dto))
                self.spec.components.response(
                    _format_error_name(status, dto), {"description": words, "content": content}
                )
        for operation in operations:
            self.add_operation(operation)
        return {"openapi": _VERSION, **self.spec.to_dict()}

    def add_operation(self, operation: Operation) -> None:
        """Add an operation at each of its routes, for each of its verbs."""
        number = 0
        for route in operation.addresses:
            verbs = {}
            for verb in route.verbs:
                number += 1
                verbs[verb.lower()] = dict(self.build_operation(operation, route, verb, number))
            self.spec.path(route.path.replace("*}", "}"), operations=verbs)
        schema = self.spec.components.schemas.get(operation.dto.__name__)
        if schema is not None and (required := _list_required(operation, *operation.addresses)):
            spell = self.dialect.speller(operation.request_shape)
            schema["required"] = [spell(wire) for wire in required]

    def build_operation(self, operation: Operation, route: Route, verb: str, number: int) -> Iterator[tuple[str, Any]]:
        """Yield one verb on one route."""
        access = operation.access
        assert access is not None
        yield "operationId", operation.name if number == 1 else f"{operation.name}_{number}"
        yield "tags", [*operation.tags]
        yield "summary", operation.dto.summary()
        if access_rules := [*list_rules(access)]:
            yield "description", ". ".join(f"{title} {names}" for title, names in access_rules)
        if parameters := [*self.build_parameters(operation, route, verb)]:
            yield "parameters", parameters
        if verb in _WITH_BODY:
            content = self.build_content(fields.Nested(operation.dto), document_shape(operation.dto))
            if operation.takes_files:
                content |= {_MULTIPART: {"schema": {"allOf": [self.add_schema(operation.dto), _FILES]}}}
            yield "requestBody", {"content": content, "required": bool(_list_required(operation, route))}
        yield "responses", {**self.build_response(operation), **self.build_errors(operation, route)}
        yield "security", [{name: []} for name in _SECURITY] if access.signed_in else []

    def build_parameters(self, operation: Operation, route: Route, verb: str) -> Iterator[dict[str, Any]]:
        """Return the parameters in path, query string and headers."""
        members, variables = _list_fields(operation), _map_variables(operation, route)
        for variable, wire in variables.items():
            parameter = self.build_parameter(members.pop(wire)) if wire in members else {"schema": {"type": "string"}}
            yield {"name": variable, "in": "path", "required": True, **parameter}
        for wire, field in members.items() if verb not in _WITH_BODY else ():
            required = {"required": True} if constraints.is_required(field) else {}
            yield {"name": wire, "in": "query", **required, **self.build_parameter(field)}

        if operation.idempotent:
            yield _IDEMPOTENCY_KEY

    def build_parameter(self, field: Any) -> dict[str, Any]:
        """Return a parameter's schema; a list is one value separated by commas."""
        schema = _remove_null(self.converter.field2property(field))
        description = schema.pop("description", "")
        schema.pop("xml", None)
        parameter: dict[str, Any] = {"description": description} if description else {}
        if schema.get("type") == "array":
            parameter |= {"style": "form", "explode": False}
        return {**parameter, "schema": schema}

    def build_response(self, operation: Operation) -> dict[str, Any]:
        """Return the success response."""
        if operation.response is None or operation.response_shape is None:
            return {"204": {"description": "Done; there is nothing to say"}}
        content = self.build_content(operation.response, operation.response_shape)
        words = "The answer"
        if operation.returns is not None:
            words = operation.returns.summary() or f"The {operation.returns.__name__}"
        return {"200": {"description": words, "content": content}}

    def build_errors(self, operation: Operation, route: Route) -> dict[str, Any]:
        """Return the error responses."""
        return {
            status: {"$ref": f"#/components/responses/{_format_error_name(status, error_type(operation))}"}
            for status in failures.list_statuses(operation, route)
        }

    def build_content(self, field: fields.AnyField, expected: Shape) -> dict[str, Any]:
        """Return the four formats of a document, each with an example."""
        dto = field.dto if isinstance(field, fields.Nested) else None
        schema = self.add_schema(dto) if dto else self.build_value_schema(field)
        value = samples.make_sample(expected)
        if dto:
            value |= constraints.collect_examples(dto)
        media_types = {}
        for serializer in self.formats:
            example = (
                json.loads(serializer.encode(value, expected))
                if serializer.javascript
                else serializer.sample(value, expected)
            )
            media_types[serializer.media_types[0]] = {"schema": schema, "example": example}
            if dto and dto.rows is not None and serializer.tabular:
                # A table has the page's items; its totals are in headers.
                rows = self.dialect.speller(document_shape(dto))(str(dto.schema().fields[dto.rows].data_key))
                items = self.spec.components.schemas[dto.__name__]["properties"][rows]
                media_types[serializer.media_types[0]]["schema"] = {"type": "array", "items": items["items"]}
        return media_types

    def build_value_schema(self, field: fields.AnyField) -> dict[str, Any]:
        """Return the schema of a response that is not a DTO."""
        if isinstance(field, fields.List):
            return {"type": "array", "items": self.build_value_schema(field.inner)}
        if isinstance(field, fields.Map):
            return {
                "type": "object",
                "additionalProperties": self.build_value_schema(cast("fields.AnyField", field.value_field)),
            }
        if isinstance(field, fields.Nested):
            return self.add_schema(field.dto)
        return _remove_null(self.converter.field2property(field))

    def add_schema(self, dto: type[Dto]) -> dict[str, Any]:
        """Return the reference to a DTO's schema; add the schema if it is missing."""
        reference: dict[str, Any] = self.converter.resolve_nested_schema(dto.schema())  # type: ignore[no-untyped-call]
        return reference


def _get_dto(schema: Any) -> type[Dto]:
    dto: type[Dto] = schema if isinstance(schema, type) else type(schema)
    return dto


def _list_fields(operation: Operation) -> dict[str, Any]:
    """Return the request's fields by wire name."""
    return {str(field.data_key): field for field in operation.dto.schema().fields.values()}


def _map_variables(operation: Operation, route: Route) -> dict[str, str]:
    """Return the variables of a route's path, each with the wire name of its field."""
    wires = {wire.lower(): wire for wire in _list_fields(operation)}
    wires |= {name.lower(): wire for name, wire in operation.dto.aliases.items()}
    return {name: wires.get(name.lower(), "") for name in route.variables}


def _list_required(operation: Operation, *routes: Route) -> list[str]:
    """Return the wire names of a request's required fields, without the variables of these routes' paths."""
    in_path = {wire for route in routes for wire in _map_variables(operation, route).values()}
    return [wire for wire in constraints.list_required(operation.dto) if wire not in in_path]


def _format_error_name(status: str, dto: type[Dto]) -> str:
    return f"{'Error' if dto is ErrorResponse else dto.__name__}{status.capitalize()}"


def _describe_field(field: Any, ret: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """Return the keywords of the gateway's own kinds of fields: descriptions, rules, names in XML."""
    if not isinstance(field, fields.DtoField):
        # The field within an enum's field, which is marshmallow's.
        return {}
    keywords: dict[str, Any] = {"description": field.description} if field.description else {}
    is_item = isinstance(field.parent, fields.List)
    kinds = ret.get("type", "")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    if kind and (is_item or constraints.is_required(field)):
        # Lists have no nulls, and null for a required value counts as missing.
        keywords["type"] = kind
    # In XML, items have the name of their type, and everything else its .NET name.
    name = "" if not field.name else kind if is_item else declared_name(field.name, field)
    wrapped = {"wrapped": True} if kind == "array" else {}
    return {
        **keywords,
        **constraints.build_keywords(field, kind),
        **({"xml": {"name": name, **wrapped}} if name else {}),
    }


def _remove_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema without null, because a path or a query string has no null."""
    copy = dict(schema)
    if isinstance(copy.get("type"), list):
        copy["type"] = copy["type"][0]
    if "enum" in copy:
        copy["enum"] = [member for member in copy["enum"] if member is not None]
    if isinstance(copy.get("items"), dict):
        copy["items"] = _remove_null(copy["items"])
        copy["items"].pop("xml", None)
    return copy
