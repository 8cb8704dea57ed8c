"""``/types/metadata.json`` and ``/metadata/app.json`` of ServiceStack hosts: types and operations as data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from gateway.contract.catalog import ANY, ANYONE, Access, Route
from gateway.contract.dto_field import ApiMember, Attribute, DataMember
from gateway.importing.drafts import (
    Draft,
    DraftEnum,
    DraftMember,
    DraftOperation,
    DraftRecord,
    TypeUse,
    parse_type,
    words,
)
from gateway.importing.json_tree import Node
from gateway.importing.members import UnspeakableType, api_member, data_member, type_argument

#: Members that are read from a type; the others are passed on unchanged.
_KNOWN_OF_TYPE = words(
    """
    name namespace genericArgs inherits implements displayType description returnVoidMarker returnMarkerTypeName routes dataContract
    isEnum isEnumInt isInterface enumNames enumValues enumMemberValues enumDescriptions properties attributes innerTypes type meta
    """
)
_KNOWN_OF_MEMBER = words(
    """
    name type isValueType isSystemType isEnum namespace typeNamespace genericArgs description dataMember attributes items
    """
)
_KNOWN_OF_OPERATION = words(
    """
    request response actions method returnsVoid returnType routes requiresAuth requiresApiKey requiredRoles requiresAnyRole
    requiredPermissions requiresAnyPermission tags
    """
)
_VERBS = frozenset(ANY)


def is_metadata(root: Node) -> bool:
    """Return whether a document is one of these."""
    found = root.value
    return isinstance(found, dict) and any(name in found for name in ("operations", "Operations", "api", "Api"))


def read(root: Node) -> Draft:
    """Return the declarations of a document. Raises ImportFailed."""
    app, api = root.find("app"), root.find("api") or root
    draft = Draft("metadata.json" if app is None else "app.json")
    if app is not None:
        draft.title, draft.version = app.text("serviceName"), app.text("serviceStackVersion")
    draft.version = draft.version or _version(api)
    api.member("operations")
    draft.types += [_type(each, draft) for each in api.items("types")]
    open_types = {each.name for each in draft.types if isinstance(each, DraftRecord) and each.parameters}
    answers: dict[str, DraftRecord | DraftEnum] = {}
    for node in api.items("operations"):
        operation = _operation(node, draft)
        draft.operations.append(operation)
        draft.types.append(_type(node.member("request"), draft))
        if (response := node.find("response")) is None:
            continue
        answer = _type(response, draft)
        if isinstance(answer, DraftRecord) and answer.parameters and answer.name not in open_types:
            answer = _opened(answer, operation.returns, answers.get(answer.name))
        answers[answer.name] = answer
    draft.types += answers.values()
    return draft


def _opened(answer: DraftRecord, closed: TypeUse | None, known: DraftRecord | DraftEnum | None) -> DraftRecord:
    """Return a generic response with its parameters restored: hosts write its properties with the type arguments."""
    given = {} if closed is None else dict(zip(closed.arguments, answer.parameters, strict=False))
    for member in answer.members:
        member.type = _reopened(member.type, given)
    if isinstance(known, DraftRecord) and len(known.members) == len(answer.members):
        # QueryResponse<String> also has texts that are not of its parameter's type: another closed type shows which.
        for member, other in zip(answer.members, known.members, strict=True):
            member.type = min(member.type, other.type, key=lambda use: _count(use, answer.parameters))
    return answer


def _count(use: TypeUse, parameters: tuple[str, ...]) -> int:
    return (use.name in parameters) + sum(_count(each, parameters) for each in use.arguments)


def _reopened(use: TypeUse, given: Mapping[TypeUse, str]) -> TypeUse:
    found = given.get(replace(use, nullable=False, is_value=False))
    if found is not None:
        return TypeUse(found)
    return replace(use, arguments=tuple(_reopened(each, given) for each in use.arguments))


def _version(api: Node) -> str:
    found = api.find("version")
    return str(found.value) if found is not None else ""


def _operation(node: Node, draft: Draft) -> DraftOperation:
    request = node.member("request")
    name = _plain(request.text("name", None))
    routes = tuple(
        _route(each, draft, name) for each in (*request.items("routes"), *_unless(request, "routes", node, "routes"))
    )
    actions = [each.upper() for each in node.texts("actions")]
    verbs = ANY if "ANY" in actions else tuple(each for each in dict.fromkeys(actions) if each in _VERBS)
    if not verbs and not routes:
        verbs = (node.text("method", "POST").upper(),)
    return DraftOperation(
        name,
        node.path,
        routes,
        verbs,
        _returns(node, request),
        _access(node),
        tuple(_tags(node)),
        _rest(node, _KNOWN_OF_OPERATION),
    )


def _unless(first: Node, name: str, second: Node, other: str) -> Iterator[Node]:
    if first.find(name) is None:
        yield from second.items(other)


def _route(node: Node, draft: Draft, operation: str) -> Route:
    for unknown in _unknown(node, frozenset(("path", "verbs"))):
        draft.losses.add(f"{unknown} of a route", f"{operation} {node.text('path')}")
    verbs = tuple(each for each in node.text("verbs").upper().replace(",", " ").split() if each != "OPTIONS")
    for each in verbs:
        if each not in _VERBS and each != "ANY":
            draft.losses.add(f"the verb {each} of a route", f"{operation} {node.text('path')}")
    known = tuple(each for each in verbs if each in _VERBS)
    return Route(known if known and "ANY" not in verbs else ANY, node.text("path", None))


def _returns(node: Node, request: Node) -> TypeUse | None:
    named = node.find("returnType") or request.find("returnMarkerTypeName") or request.find("returnType")
    if named is not None:
        return _use(named, "name")
    response = node.find("response")
    if response is None or node.flag("returnsVoid"):
        return None
    return _use(response, "name")


def _access(node: Node) -> Access | None:
    access = Access(
        all_of=tuple(node.texts("requiredRoles")),
        any_of=tuple(node.texts("requiresAnyRole")),
        permissions=tuple(node.texts("requiredPermissions")),
        any_permission=tuple(node.texts("requiresAnyPermission")),
        api_key=_is_true(node, "requiresApiKey"),
    )
    if access != Access() or node.flag("requiresAuth"):
        return access
    return ANYONE if node.find("requiresAuth") is not None else None


def _is_true(node: Node, name: str) -> bool:
    # Depending on its version, a host writes true, or an object with the keys' scopes.
    found = node.find(name)
    return found is not None and found.value is not False


def _tags(node: Node) -> Iterator[str]:
    for each in node.items("tags"):
        yield each.value if isinstance(each.value, str) else each.text("name", None)


def _type(node: Node, draft: Draft) -> DraftRecord | DraftEnum:
    name = _plain(node.text("name", None))
    if re.search(r"[.+]", node.text("name")):
        draft.losses.add("a type inside of another one: beside it", node.text("name"))
    if node.flag("isEnum"):
        return _enum(node, name, draft)
    attributes, description = [], node.text("description")
    for each in _attributes(node, draft, name):
        if each.name == "Api" and not each.arguments and each.values.keys() <= {"Description"}:
            description = description or str(each.values.get("Description", ""))
        else:
            attributes.append(each)
    members = [_member(each, name, draft) for each in node.items("properties")]
    if node.find("dataContract") is not None:
        for member in members:
            member.data_member = member.data_member or DataMember()
        if contract := node.member("dataContract").object():
            draft.losses.add(f"{', '.join(contract)} of a data contract", name)
    elif any(member.data_member for member in members):
        for member in members:
            member.data_member = member.data_member or DataMember()
    for inner in () if node.text("namespace").startswith("System") else node.items("innerTypes"):
        draft.losses.add("a type inside of another one", f"{name}.{_plain(inner.text('name'))}")
    return DraftRecord(
        name=name,
        namespace=node.text("namespace"),
        place=node.path,
        members=members,
        base=None if (base := node.find("inherits")) is None else _use(base, "name"),
        parameters=tuple(each.lstrip("'") for each in node.texts("genericArgs")) if _is_open(node) else (),
        interfaces=[(_use(each, "name"), each.text("namespace")) for each in node.items("implements")],
        description=description,
        attributes=tuple(attributes),
        ui=_rest(node, _KNOWN_OF_TYPE),
        is_interface=node.flag("isInterface"),
    )


def _is_open(node: Node) -> bool:
    return "`" in node.text("name")


def _enum(node: Node, name: str, draft: Draft) -> DraftEnum:
    names = node.texts("enumNames")
    attributes = {each.text("name") for each in node.items("attributes")}
    for each in sorted(attributes - {"Flags", "EnumAsInt", "DataContract"}):
        draft.losses.add(f"[{each}] of an enum", name)
    flags = "Flags" in attributes or node.flag("isFlags")
    texts = dict(zip(names, node.texts("enumMemberValues"), strict=False))
    descriptions = dict(zip(names, _or_empty(node, "enumDescriptions"), strict=False))
    for unknown in _unknown(node, _KNOWN_OF_TYPE):
        draft.losses.add(f"{unknown} of an enum", name)
    return DraftEnum(
        name=name,
        namespace=node.text("namespace"),
        place=node.path,
        members=[*zip(names, _numbers(node, len(names)), strict=True)],
        description=node.text("description"),
        flags=flags,
        numbered=not flags and (node.flag("isEnumInt") or "EnumAsInt" in attributes),
        texts={each: text for each, text in texts.items() if text and text != each},
        descriptions={each: text for each, text in descriptions.items() if text},
    )


def _numbers(node: Node, many: int) -> list[int]:
    found = [*node.items("enumValues")]
    if not found:
        return [*range(many)]
    if len(found) != many:
        raise node.fail(f"{many} names of members, but {len(found)} values")
    numbers = []
    for each in found:
        try:
            numbers.append(int(each.value))
        except (TypeError, ValueError):
            raise each.fail(f"{str(each.value)[:200]!r} is not a number") from None
    return numbers


def _or_empty(node: Node, name: str) -> list[str]:
    return [each.value if isinstance(each.value, str) else "" for each in node.items(name)]


def _member(node: Node, owner: str, draft: Draft) -> DraftMember:
    name = node.text("name", None)
    attributes, api, description = [], None, node.text("description")
    for each in _attributes(node, draft, f"{owner}.{name}"):
        if each.name == "ApiMember":
            api, told = api_member(each, f"{owner}.{name}", draft.losses)
            description = description or told
        else:
            attributes.append(each)
    told_member = node.find("dataMember")
    member = None if told_member is None else data_member(told_member.object(), told_member.path)
    ui = _rest(node, _KNOWN_OF_MEMBER)
    told_anyway = {"isRequired": (api or ApiMember()).is_required or (member or DataMember()).is_required}
    told_anyway["paramType"] = bool(api and api.parameter_type)
    use = _use(node, "type")
    if node.flag("isValueType") and use.name != "Nullable":
        use = replace(use, is_value=True)
    return DraftMember(
        name=name,
        type=use,
        description=description,
        data_member=member,
        api_member=api,
        attributes=tuple(attributes),
        ui={key: value for key, value in ui.items() if not told_anyway.get(key)},
    )


def _use(node: Node, name: str) -> TypeUse:
    """Return a type whose name and arguments are in separate members."""
    text = node.text(name, None)
    place = f"{node.path}.{name}"
    arguments = tuple(parse_type(each, f"{node.path}.genericArgs") for each in node.texts("genericArgs"))
    plain = text
    arrays = 0
    while plain.endswith("[]"):
        plain, arrays = plain[:-2], arrays + 1
    found = parse_type(plain, place)
    if arguments and not found.arguments:
        found = replace(found, arguments=arguments)
    for _ in range(arrays):
        found = TypeUse("Array", (found,))
    return found


def _attributes(node: Node, draft: Draft, owner: str) -> Iterator[Attribute]:
    for each in node.items("attributes"):
        name = each.text("name", None)
        try:
            arguments = [*_values(each.items("constructorArgs"))]
            values = [*_values(each.items("args"))]
        except UnspeakableType:
            draft.losses.add(f"[{name}] with a type of types as its argument", owner)
            continue
        yield Attribute(name, tuple(value for _, value in arguments), dict(values))


def _values(nodes: Iterable[Node]) -> Iterator[tuple[str, str | int | float | bool]]:
    for node in nodes:
        text, kind = node.text("value"), node.text("type")
        convert = _CONVERTED.get(kind, str)
        try:
            yield node.text("name"), convert(text)
        except ValueError:
            raise node.fail(f"{text[:200]!r} is not a value of {kind}") from None


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


_CONVERTED: dict[str, Any] = {
    "Boolean": _boolean,
    **dict.fromkeys(("Byte", "SByte", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64"), int),
    **dict.fromkeys(("Single", "Double", "Decimal"), float),
    "Type": type_argument,
    "RuntimeType": type_argument,
}


def _plain(name: str) -> str:
    """Return the name of a type without its parameters and its outer types."""
    return re.split(r"[.+]", name.partition("`")[0])[-1]


def _unknown(node: Node, known: frozenset[str]) -> Iterator[str]:
    for name, value in node.object().items():
        if name[:1].lower() + name[1:] not in known and value not in (None, [], {}, False, ""):
            yield name


def _rest(node: Node, known: frozenset[str]) -> dict[str, Any]:
    """Return the members of a type or a property that declarations do not have; metadata passes them on."""
    return {name: node.object()[name] for name in _unknown(node, known)}
