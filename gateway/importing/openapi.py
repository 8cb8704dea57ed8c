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
from gateway.importing.pages import access_of_text
from gateway.importing.tokens import Notes

_VERBS = {each.lower(): each for each in ANY}
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
        version = root.text("openapi", root.text("swagger", "?"))
        self.collector = Collector(f"OpenAPI {version}", {}, has_nulls=True)
        self.draft = self.collector.draft
        self.records: dict[str, DraftRecord] = {}
        self.enums: dict[tuple[str, ...], str] = {}
        self.operations: dict[str, DraftOperation] = {}
        self.names: set[str] = set()
        self.plain: dict[str, str] = {}

    def read(self) -> Draft:
        info = self.root.find("info")
        self.draft.title = info.text("title") if info else ""
        self.names = {_name(name) for name, _ in self._schemas()}
        for name, schema in self._schemas():
            self._declare(_name(name), schema)
        for path, item in _members(self.root.member("paths")):
            for verb, operation in _members(item):
                if verb in _VERBS:
                    self._operation(path, _VERBS[verb], operation, item)
        self.draft.operations = [*self.operations.values()]
        return self.draft

    def _schemas(self) -> Iterator[tuple[str, Node]]:
        components = self.root.find("components") or self.root
        found = components.find("schemas") or components.find("definitions")
        if found is not None:
            yield from _members(found)

    # Types

    def _declare(self, name: str, schema: Node) -> None:
        if schema.find("enum") is not None:
            self._enum(name, schema)
            return
        record = DraftRecord(name, "", schema.path, description=schema.text("description"))
        for part in [schema, *schema.items("allOf")]:
            if part.find("$ref") is not None and record.base is None:
                record.base = TypeUse(_reference(part))
            elif part.find("$ref") is not None:
                self.draft.losses.add("a second base", f"{name}: {_reference(part)}")
            self._properties(record, part)
        self.records[name] = record
        self.draft.types.append(record)

    def _properties(self, record: DraftRecord, schema: Node) -> None:
        required = set(schema.texts("required")) if isinstance(schema.value.get("required"), list) else set()
        properties = schema.find("properties")
        for wire, each in _members(properties) if properties is not None else ():
            record.members.append(self._member(wire, each, record.name, is_required=wire in required))

    def _member(self, wire: str, schema: Node, owner: str, *, is_required: bool) -> DraftMember:
        title = _name(f"{wire[:1].upper()}{wire[1:]}")
        is_free = (
            title.isidentifier() and title not in self.names and all(each.name != title for each in self.draft.types)
        )
        self.plain[f"{owner}{title}"] = title if is_free else f"{owner}{title}"
        use = self._use(schema, f"{owner}{title}", 0)
        xml = schema.find("xml")
        dotnet = xml.text("name") if xml is not None and xml.text("name").isidentifier() else ""
        if not is_required or _is_null(schema):
            use = replace(use, nullable=True)
        found = self.collector.member(
            wire, use, Notes(description=schema.text("description")), owner, wire=wire, dotnet=dotnet
        )
        if is_required:
            found.api_member = ApiMember(is_required=True)
        return found

    def _use(self, schema: Node, where: str, depth: int) -> TypeUse:
        if depth > DEEPEST:
            raise schema.fail(f"schemas are nested more than {DEEPEST} levels deep")
        if schema.find("$ref") is not None:
            return TypeUse(_reference(schema))
        choices = [
            each
            for keyword in ("anyOf", "oneOf", "allOf")
            for each in schema.items(keyword)
            if _kinds(each) != ["null"]
        ]
        if len(choices) == 1:
            return self._use(choices[0], where, depth + 1)
        kind = next((each for each in _kinds(schema) if each != "null"), "")
        if schema.find("enum") is not None and kind in ("string", ""):
            return TypeUse(self._enum(self.plain.get(where, _name(where)), schema))
        if kind == "array":
            items = schema.find("items")
            return TypeUse("List", (TypeUse("Object") if items is None else self._use(items, where, depth + 1),))
        if kind in ("object", "") and (values := schema.find("additionalProperties")) is not None:
            item = self._use(values, where, depth + 1) if isinstance(values.value, dict) else TypeUse("Object")
            return TypeUse("Dictionary", (TypeUse("String"), item))
        if kind == "object" and schema.find("properties") is not None:
            name = _name(where)
            if name not in self.records:
                self._declare(name, schema)
            return TypeUse(name)
        if kind not in ("string", "integer", "number", "boolean", "file"):
            if choices or schema.find("not") is not None:
                self.draft.losses.add("a choice of schemas: any value", where)
            return TypeUse("Object")
        format_name = schema.text("format")
        found = _SCALARS.get((kind, format_name)) or _SCALARS[kind, ""]
        return TypeUse("Array", (TypeUse("Byte"),)) if found == "Byte[]" else TypeUse(found)

    def _enum(self, name: str, schema: Node) -> str:
        """Declare an enum, or find the one with the same members; return its name."""
        texts = [str(each.value) for each in schema.items("enum") if each.value is not None]
        known = self.enums.setdefault(tuple(texts), name)
        if known == name and all(each.name != name for each in self.draft.types):
            numbered = all(text.lstrip("-").isdigit() for text in texts) and bool(texts)
            members = [
                (_member_name(text, place), int(text) if numbered else place) for place, text in enumerate(texts)
            ]
            spelled = (
                {}
                if numbered
                else {member: text for (member, _), text in zip(members, texts, strict=True) if member != text}
            )
            self.draft.types.append(
                DraftEnum(name, "", schema.path, members, schema.text("description"), numbered=numbered, texts=spelled)
            )
        return known

    # Operations

    def _operation(self, path: str, verb: str, node: Node, item: Node) -> None:
        parameters = [self._resolved(each) for each in (*item.items("parameters"), *node.items("parameters"))]
        body = self._body(node, parameters)
        name = self._request(node, path, verb, body)
        record = self.records.get(name)
        if record is None:
            record = self.records[name] = DraftRecord(name, "", node.path)
            self.draft.types.append(record)
        record.description = record.description or node.text("summary")
        self._add_parameters(record, parameters)
        if body is not None and body.find("$ref") is None:
            self._properties(record, body)
        route = Route((verb,), path)
        known = self.operations.get(name)
        if known is not None:
            known.routes = (*_joined(known.routes, route),)
            return
        self.operations[name] = DraftOperation(
            name, node.path, (route,), (), self._answer(node, name), self._access(node), tuple(node.texts("tags"))
        )

    def _resolved(self, node: Node) -> Node:
        """Return a parameter, or the one that it refers to."""
        reference = node.find("$ref")
        if reference is None:
            return node
        found: Node | None = self.root
        for step in str(reference.value).removeprefix("#/").split("/"):
            found = found.find(step) if found is not None else None
        if found is None:
            raise reference.fail(f"{str(reference.value)[:200]} leads nowhere")
        return found

    def _body(self, node: Node, parameters: list[Node]) -> Node | None:
        """Return the schema of a request's body."""
        for each in parameters:
            if each.text("in") == "body":
                return each.find("schema")
        body = node.find("requestBody")
        content = self._resolved(body).find("content") if body is not None else None
        for _, media in _members(content) if content is not None else ():
            if (schema := media.find("schema")) is not None:
                return schema
        return None

    def _request(self, node: Node, path: str, verb: str, body: Node | None) -> str:
        if body is not None and body.find("$ref") is not None:
            return _reference(body)
        told = node.text("operationId")
        plain = _name(told)
        shorter = _name(_SUFFIX.sub("", told))
        if plain and (plain in self.records or not shorter):
            return plain
        return self._declared_for(shorter, path) or shorter or _name(f"{verb.capitalize()}{path}")

    def _declared_for(self, name: str, path: str) -> str:
        """Return the request whose name precedes words of the path in an operation's id; empty if there is none.

        The id ``OrderId`` on ``/orders/{Id}`` is for the request ``Order``.
        """
        words = "".join(re.findall(r"\w+", path)).lower()
        found = [
            each
            for each in self.records
            if name.startswith(each) and words.endswith(name[len(each) :].replace("_", "").lower())
        ]
        return max(found, key=len, default="")

    def _add_parameters(self, record: DraftRecord, parameters: list[Node]) -> None:
        known = {each.name.lower() for each in record.members}
        for each in parameters:
            name, where = each.text("name", None), each.text("in")
            if where in ("header", "cookie"):
                self.draft.losses.add(f"a parameter in a {where}", f"{record.name}: {name}")
            if where not in ("path", "query", "formData") or name.lower() in known:
                continue
            schema = each.find("schema") or each
            required = each.find("required")
            member = self._member(
                name,
                schema,
                record.name,
                is_required=required is not None and required.value is True and where != "path",
            )
            member.description = each.text("description") or member.description
            if member.name.lower() not in known:
                known.add(member.name.lower())
                record.members.append(member)

    def _answer(self, node: Node, name: str) -> TypeUse | None:
        responses = node.find("responses")
        for status, each in _members(responses) if responses is not None else ():
            if not (status.startswith("2") or status == "default") or status == "204":
                continue
            response = self._resolved(each)
            schema = response.find("schema")
            content = response.find("content")
            for _, media in _members(content) if content is not None and schema is None else ():
                schema = schema or media.find("schema")
            if schema is not None:
                return self._use(schema, f"{name}Response", 0)
        return None

    def _access(self, node: Node) -> Access | None:
        told = access_of_text(f"{node.text('description')}\n{node.text('summary')}")
        if told is not None:
            return told
        security = node.find("security") or self.root.find("security")
        if security is None:
            return None
        return SIGNED_IN if security.value else ANYONE


def _members(node: Node) -> Iterator[tuple[str, Node]]:
    for name in node.object():
        found = Node(node.object()[name], f"{node.path}.{name}")
        if isinstance(found.value, dict):
            yield name, found


def _reference(node: Node) -> str:
    text = node.text("$ref", None)
    return _name(text.rpartition("/")[2].replace("~1", "/").replace("~0", "~"))


def _name(text: str) -> str:
    """Return a name of a type without characters that are not allowed."""
    words = re.findall(r"\w+", text)
    found = "".join([*words[:1], *(word[:1].upper() + word[1:] for word in words[1:])])
    return found if not found[:1].isdigit() else f"T{found}"


def _member_name(text: str, place: int) -> str:
    found = _name(text) if not text.lstrip("-").isdigit() else f"Value{text.replace('-', 'Minus')}"
    return found or f"Value{place}"


def _kinds(schema: Node) -> list[str]:
    found = schema.object().get("type")
    return [str(each) for each in found] if isinstance(found, list) else [str(found)] if found else []


def _is_null(schema: Node) -> bool:
    if "null" in _kinds(schema) or schema.value.get("nullable") is True or schema.value.get("x-nullable") is True:
        return True
    return any(_kinds(each) == ["null"] for keyword in ("anyOf", "oneOf") for each in schema.items(keyword))


def _joined(routes: tuple[Route, ...], route: Route) -> Iterator[Route]:
    """Return the routes with another one added: verbs on one path are one route."""
    is_new = True
    for each in routes:
        if each.path == route.path:
            is_new = False
            yield Route(tuple(dict.fromkeys([*each.verbs, *route.verbs])), each.path)
        else:
            yield each
    if is_new:
        yield route
