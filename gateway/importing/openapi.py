"""OpenAPI 3 and Swagger 2 of ServiceStack hosts: schemas are types, and operations are recognized by their parameters and bodies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from gateway.contract.catalog import ANY, ANYONE, SIGNED_IN, Access, Route
from gateway.contract.dto_field import ApiMember
from gateway.importing.collector import Collector
from gateway.importing.drafts import DEEPEST, Draft, DraftEnum, DraftMember, DraftOperation, DraftRecord, TypeUse
from gateway.importing.json_tree import Node
from gateway.importing.pages import parse_access
from gateway.importing.tokens import Notes

_VERBS = {verb.lower(): verb for verb in ANY}
_SUFFIX = re.compile(r"(?:_?(?:" + "|".join(_VERBS) + r")|_create|_update)?_?\d*$", re.IGNORECASE)
#: .NET's types by type and format; other formats are read as the type alone.
_SCALARS = {
    ("string", "date-time"): "DateTime",
    ("string", "date"): "DateOnly",
    ("string", "time"): "TimeOnly",
    ("string", "duration"): "TimeSpan",
    ("string", "uuid"): "Guid",
    ("string", "guid"): "Guid",
    ("string", "uri"): "Uri",
    ("string", "byte"): "Byte[]",
    ("string", "binary"): "Byte[]",
    ("integer", "int8"): "Int8",
    ("integer", "int16"): "Int16",
    ("integer", "int32"): "Int32",
    ("integer", "uint8"): "Byte",
    ("integer", "uint16"): "UInt16",
    ("integer", "uint32"): "UInt32",
    ("integer", "uint64"): "UInt64",
    ("integer", ""): "Int64",
    ("number", "float"): "Single",
    ("number", "decimal"): "Decimal",
    ("number", ""): "Double",
    ("boolean", ""): "Boolean",
    ("string", ""): "String",
    ("file", ""): "Byte[]",
}


def is_openapi(root: Node) -> bool:
    """Return whether a document is one of these."""
    return (
        isinstance(root.value, dict) and ("openapi" in root.value or "swagger" in root.value) and "paths" in root.value
    )


def read(root: Node) -> Draft:
    """Return the declarations of a document. Raises ImportFailed."""
    return _Reader(root).read()


class _Reader:
    def __init__(self, root: Node) -> None:
        self.root = root
        version = root.get_text("openapi", root.get_text("swagger", "?"))
        self.collector = Collector(f"OpenAPI {version}", {}, has_nulls=True)
        self.draft = self.collector.draft
        self.records: dict[str, DraftRecord] = {}
        self.enums: dict[tuple[str, ...], str] = {}
        self.operations: dict[str, DraftOperation] = {}
        self.names: set[str] = set()
        self.plain: dict[str, str] = {}

    def read(self) -> Draft:
        info = self.root.find("info")
        self.draft.title = info.get_text("title") if info else ""
        self.names = {_make_name(name) for name, _ in self._list_schemas()}
        for name, schema in self._list_schemas():
            self._declare(_make_name(name), schema)
        for path, item in _list_members(self.root.get_member("paths")):
            for verb, operation in _list_members(item):
                if verb in _VERBS:
                    self._read_operation(path, _VERBS[verb], operation, item)
        self.draft.operations = [*self.operations.values()]
        return self.draft

    def _list_schemas(self) -> Iterator[tuple[str, Node]]:
        components = self.root.find("components") or self.root
        schemas = components.find("schemas") or components.find("definitions")
        if schemas is not None:
            yield from _list_members(schemas)

    # Types

    def _declare(self, name: str, schema: Node) -> None:
        if schema.find("enum") is not None:
            self._declare_enum(name, schema)
            return
        record = DraftRecord(name, "", schema.path, description=schema.get_text("description"))
        for part in [schema, *schema.get_items("allOf")]:
            if part.find("$ref") is not None and record.base is None:
                record.base = TypeUse(_get_reference(part))
            elif part.find("$ref") is not None:
                self.draft.losses.add("a second base", f"{name}: {_get_reference(part)}")
            self._read_properties(record, part)
        self.records[name] = record
        self.draft.types.append(record)

    def _read_properties(self, record: DraftRecord, schema: Node) -> None:
        required = set(schema.get_texts("required")) if isinstance(schema.value.get("required"), list) else set()
        properties = schema.find("properties")
        for wire, member in _list_members(properties) if properties is not None else ():
            record.members.append(self._read_member(wire, member, record.name, is_required=wire in required))

    def _read_member(self, wire: str, schema: Node, owner: str, *, is_required: bool) -> DraftMember:
        title = _make_name(f"{wire[:1].upper()}{wire[1:]}")
        is_free = (
            title.isidentifier()
            and title not in self.names
            and all(type_info.name != title for type_info in self.draft.types)
        )
        self.plain[f"{owner}{title}"] = title if is_free else f"{owner}{title}"
        use = self._read_use(schema, f"{owner}{title}", 0)
        xml = schema.find("xml")
        dotnet = xml.get_text("name") if xml is not None and xml.get_text("name").isidentifier() else ""
        if not is_required or _is_null(schema):
            use = replace(use, nullable=True)
        member = self.collector.make_member(
            wire, use, Notes(description=schema.get_text("description")), owner, wire=wire, dotnet=dotnet
        )
        if is_required:
            member.api_member = ApiMember(is_required=True)
        return member

    def _read_use(self, schema: Node, where: str, depth: int) -> TypeUse:
        if depth > DEEPEST:
            raise schema.fail(f"schemas are nested more than {DEEPEST} levels deep")
        if schema.find("$ref") is not None:
            return TypeUse(_get_reference(schema))
        choices = [
            choice
            for keyword in ("anyOf", "oneOf", "allOf")
            for choice in schema.get_items(keyword)
            if _list_kinds(choice) != ["null"]
        ]
        if len(choices) == 1:
            return self._read_use(choices[0], where, depth + 1)
        kind = next((option for option in _list_kinds(schema) if option != "null"), "")
        if schema.find("enum") is not None and kind in ("string", ""):
            return TypeUse(self._declare_enum(self.plain.get(where, _make_name(where)), schema))
        if kind == "array":
            items = schema.find("items")
            return TypeUse("List", (TypeUse("Object") if items is None else self._read_use(items, where, depth + 1),))
        if kind in ("object", "") and (values := schema.find("additionalProperties")) is not None:
            item = self._read_use(values, where, depth + 1) if isinstance(values.value, dict) else TypeUse("Object")
            return TypeUse("Dictionary", (TypeUse("String"), item))
        if kind == "object" and schema.find("properties") is not None:
            name = _make_name(where)
            if name not in self.records:
                self._declare(name, schema)
            return TypeUse(name)
        if kind not in ("string", "integer", "number", "boolean", "file"):
            if choices or schema.find("not") is not None:
                self.draft.losses.add("a choice of schemas: any value", where)
            return TypeUse("Object")
        format_name = schema.get_text("format")
        scalar = _SCALARS.get((kind, format_name)) or _SCALARS[kind, ""]
        return TypeUse("Array", (TypeUse("Byte"),)) if scalar == "Byte[]" else TypeUse(scalar)

    def _declare_enum(self, name: str, schema: Node) -> str:
        """Declare an enum, or find the one with the same members; return its name."""
        texts = [str(value.value) for value in schema.get_items("enum") if value.value is not None]
        enum_name = self.enums.setdefault(tuple(texts), name)
        if enum_name == name and all(type_info.name != name for type_info in self.draft.types):
            numbered = all(text.lstrip("-").isdigit() for text in texts) and bool(texts)
            members = [
                (_make_member_name(text, index), int(text) if numbered else index) for index, text in enumerate(texts)
            ]
            wire_texts = (
                {}
                if numbered
                else {member: text for (member, _), text in zip(members, texts, strict=True) if member != text}
            )
            self.draft.types.append(
                DraftEnum(
                    name, "", schema.path, members, schema.get_text("description"), numbered=numbered, texts=wire_texts
                )
            )
        return enum_name

    # Operations

    def _read_operation(self, path: str, verb: str, node: Node, item: Node) -> None:
        parameters = [
            self._resolve(parameter) for parameter in (*item.get_items("parameters"), *node.get_items("parameters"))
        ]
        body = self._find_body(node, parameters)
        name = self._find_request(node, path, verb, body)
        record = self.records.get(name)
        if record is None:
            record = self.records[name] = DraftRecord(name, "", node.path)
            self.draft.types.append(record)
        record.description = record.description or node.get_text("summary")
        self._add_parameters(record, parameters)
        if body is not None and body.find("$ref") is None:
            self._read_properties(record, body)
        route = Route((verb,), path)
        operation = self.operations.get(name)
        if operation is not None:
            operation.routes = (*_join_routes(operation.routes, route),)
            return
        self.operations[name] = DraftOperation(
            name,
            node.path,
            (route,),
            (),
            self._read_response(node, name),
            self._read_access(node),
            tuple(node.get_texts("tags")),
        )

    def _resolve(self, node: Node) -> Node:
        """Return a parameter, or the one that it refers to."""
        reference = node.find("$ref")
        if reference is None:
            return node
        target: Node | None = self.root
        for step in str(reference.value).removeprefix("#/").split("/"):
            target = target.find(step) if target is not None else None
        if target is None:
            raise reference.fail(f"{str(reference.value)[:200]} leads nowhere")
        return target

    def _find_body(self, node: Node, parameters: list[Node]) -> Node | None:
        """Return the schema of a request's body."""
        for parameter in parameters:
            if parameter.get_text("in") == "body":
                return parameter.find("schema")
        body = node.find("requestBody")
        content = self._resolve(body).find("content") if body is not None else None
        for _, media in _list_members(content) if content is not None else ():
            if (schema := media.find("schema")) is not None:
                return schema
        return None

    def _find_request(self, node: Node, path: str, verb: str, body: Node | None) -> str:
        if body is not None and body.find("$ref") is not None:
            return _get_reference(body)
        operation_id = node.get_text("operationId")
        plain = _make_name(operation_id)
        shorter = _make_name(_SUFFIX.sub("", operation_id))
        if plain and (plain in self.records or not shorter):
            return plain
        return self._find_declared(shorter, path) or shorter or _make_name(f"{verb.capitalize()}{path}")

    def _find_declared(self, name: str, path: str) -> str:
        """Return the request whose name precedes words of the path in an operation's id; empty if there is none.

        The id ``OrderId`` on ``/orders/{Id}`` is for the request ``Order``.
        """
        words = "".join(re.findall(r"\w+", path)).lower()
        requests = [
            record_name
            for record_name in self.records
            if name.startswith(record_name) and words.endswith(name[len(record_name) :].replace("_", "").lower())
        ]
        return max(requests, key=len, default="")

    def _add_parameters(self, record: DraftRecord, parameters: list[Node]) -> None:
        names = {member.name.lower() for member in record.members}
        for parameter in parameters:
            name, where = parameter.get_text("name", None), parameter.get_text("in")
            if where in ("header", "cookie"):
                self.draft.losses.add(f"a parameter in a {where}", f"{record.name}: {name}")
            if where not in ("path", "query", "formData") or name.lower() in names:
                continue
            schema = parameter.find("schema") or parameter
            required = parameter.find("required")
            member = self._read_member(
                name,
                schema,
                record.name,
                is_required=required is not None and required.value is True and where != "path",
            )
            member.description = parameter.get_text("description") or member.description
            if member.name.lower() not in names:
                names.add(member.name.lower())
                record.members.append(member)

    def _read_response(self, node: Node, name: str) -> TypeUse | None:
        responses = node.find("responses")
        for status, entry in _list_members(responses) if responses is not None else ():
            if not (status.startswith("2") or status == "default") or status == "204":
                continue
            response = self._resolve(entry)
            schema = response.find("schema")
            content = response.find("content")
            for _, media in _list_members(content) if content is not None and schema is None else ():
                schema = schema or media.find("schema")
            if schema is not None:
                return self._read_use(schema, f"{name}Response", 0)
        return None

    def _read_access(self, node: Node) -> Access | None:
        access = parse_access(f"{node.get_text('description')}\n{node.get_text('summary')}")
        if access is not None:
            return access
        security = node.find("security") or self.root.find("security")
        if security is None:
            return None
        return SIGNED_IN if security.value else ANYONE


def _list_members(node: Node) -> Iterator[tuple[str, Node]]:
    for name in node.get_object():
        member = Node(node.get_object()[name], f"{node.path}.{name}")
        if isinstance(member.value, dict):
            yield name, member


def _get_reference(node: Node) -> str:
    text = node.get_text("$ref", None)
    return _make_name(text.rpartition("/")[2].replace("~1", "/").replace("~0", "~"))


def _make_name(text: str) -> str:
    """Return a name of a type without characters that are not allowed."""
    words = re.findall(r"\w+", text)
    name = "".join([*words[:1], *(word[:1].upper() + word[1:] for word in words[1:])])
    return name if not name[:1].isdigit() else f"T{name}"


def _make_member_name(text: str, index: int) -> str:
    name = _make_name(text) if not text.lstrip("-").isdigit() else f"Value{text.replace('-', 'Minus')}"
    return name or f"Value{index}"


def _list_kinds(schema: Node) -> list[str]:
    kind = schema.get_object().get("type")
    return [str(option) for option in kind] if isinstance(kind, list) else [str(kind)] if kind else []


def _is_null(schema: Node) -> bool:
    if "null" in _list_kinds(schema) or schema.value.get("nullable") is True or schema.value.get("x-nullable") is True:
        return True
    return any(
        _list_kinds(choice) == ["null"] for keyword in ("anyOf", "oneOf") for choice in schema.get_items(keyword)
    )


def _join_routes(routes: tuple[Route, ...], route: Route) -> Iterator[Route]:
    """Return the routes with another one added: verbs on one path are one route."""
    is_new = True
    for existing in routes:
        if existing.path == route.path:
            is_new = False
            yield Route(tuple(dict.fromkeys([*existing.verbs, *route.verbs])), existing.path)
        else:
            yield existing
    if is_new:
        yield route
