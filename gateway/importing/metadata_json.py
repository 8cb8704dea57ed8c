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
    split_words,
)
from gateway.importing.json_tree import Node
from gateway.importing.members import UnspeakableType, parse_api_member, parse_data_member, parse_type_argument

#: Members that are read from a type; the others are passed on unchanged.
_KNOWN_OF_TYPE = split_words(
    """
    name namespace genericArgs inherits implements displayType description returnVoidMarker returnMarkerTypeName routes dataContract
    isEnum isEnumInt isInterface enumNames enumValues enumMemberValues enumDescriptions properties attributes innerTypes type meta
    """
)
_KNOWN_OF_MEMBER = split_words(
    """
    name type isValueType isSystemType isEnum namespace typeNamespace genericArgs description dataMember attributes items
    """
)
_KNOWN_OF_OPERATION = split_words(
    """
    request response actions method returnsVoid returnType routes requiresAuth requiresApiKey requiredRoles requiresAnyRole
    requiredPermissions requiresAnyPermission tags
    """
)
_VERBS = frozenset(ANY)


def is_metadata(root: Node) -> bool:
    """Return whether a document is one of these."""
    value = root.value
    return isinstance(value, dict) and any(name in value for name in ("operations", "Operations", "api", "Api"))


def read(root: Node) -> Draft:
    """Return the declarations of a document. Raises ImportFailed."""
    app, api = root.find("app"), root.find("api") or root
    draft = Draft("metadata.json" if app is None else "app.json")
    if app is not None:
        draft.title, draft.version = app.get_text("serviceName"), app.get_text("serviceStackVersion")
    draft.version = draft.version or _read_version(api)
    api.get_member("operations")
    draft.types += [_read_type(node, draft) for node in api.get_items("types")]
    open_types = {
        type_info.name for type_info in draft.types if isinstance(type_info, DraftRecord) and type_info.parameters
    }
    responses: dict[str, DraftRecord | DraftEnum] = {}
    for node in api.get_items("operations"):
        operation = _read_operation(node, draft)
        draft.operations.append(operation)
        draft.types.append(_read_type(node.get_member("request"), draft))
        if (response := node.find("response")) is None:
            continue
        response_type = _read_type(response, draft)
        if isinstance(response_type, DraftRecord) and response_type.parameters and response_type.name not in open_types:
            response_type = _restore_response(response_type, operation.returns, responses.get(response_type.name))
        responses[response_type.name] = response_type
    draft.types += responses.values()
    return draft


def _restore_response(
    response: DraftRecord, use: TypeUse | None, earlier: DraftRecord | DraftEnum | None
) -> DraftRecord:
    """Return a generic response with its parameters restored: hosts write its properties with the type arguments."""
    parameters = {} if use is None else dict(zip(use.arguments, response.parameters, strict=False))
    for member in response.members:
        member.type = _restore_parameters(member.type, parameters)
    if isinstance(earlier, DraftRecord) and len(earlier.members) == len(response.members):
        # QueryResponse<String> also has texts that are not of its parameter's type: another closed type shows which.
        for member, other in zip(response.members, earlier.members, strict=True):
            member.type = min(member.type, other.type, key=lambda use: _count_parameters(use, response.parameters))
    return response


def _count_parameters(use: TypeUse, parameters: tuple[str, ...]) -> int:
    return (use.name in parameters) + sum(_count_parameters(argument, parameters) for argument in use.arguments)


def _restore_parameters(use: TypeUse, parameters: Mapping[TypeUse, str]) -> TypeUse:
    parameter = parameters.get(replace(use, nullable=False, is_value=False))
    if parameter is not None:
        return TypeUse(parameter)
    return replace(use, arguments=tuple(_restore_parameters(argument, parameters) for argument in use.arguments))


def _read_version(api: Node) -> str:
    version = api.find("version")
    return str(version.value) if version is not None else ""


def _read_operation(node: Node, draft: Draft) -> DraftOperation:
    request = node.get_member("request")
    name = _strip_type_name(request.get_text("name", None))
    routes = tuple(
        _read_route(route, draft, name)
        for route in (*request.get_items("routes"), *_read_fallback(request, "routes", node, "routes"))
    )
    actions = [action.upper() for action in node.get_texts("actions")]
    verbs = ANY if "ANY" in actions else tuple(action for action in dict.fromkeys(actions) if action in _VERBS)
    if not verbs and not routes:
        verbs = (node.get_text("method", "POST").upper(),)
    return DraftOperation(
        name,
        node.path,
        routes,
        verbs,
        _read_returns(node, request),
        _read_access(node),
        tuple(_read_tags(node)),
        _read_rest(node, _KNOWN_OF_OPERATION),
    )


def _read_fallback(first: Node, name: str, second: Node, other: str) -> Iterator[Node]:
    if first.find(name) is None:
        yield from second.get_items(other)


def _read_route(node: Node, draft: Draft, operation: str) -> Route:
    for unknown in _list_unknown(node, frozenset(("path", "verbs"))):
        draft.losses.add(f"{unknown} of a route", f"{operation} {node.get_text('path')}")
    verbs = tuple(verb for verb in node.get_text("verbs").upper().replace(",", " ").split() if verb != "OPTIONS")
    for verb in verbs:
        if verb not in _VERBS and verb != "ANY":
            draft.losses.add(f"the verb {verb} of a route", f"{operation} {node.get_text('path')}")
    supported_verbs = tuple(verb for verb in verbs if verb in _VERBS)
    return Route(supported_verbs if supported_verbs and "ANY" not in verbs else ANY, node.get_text("path", None))


def _read_returns(node: Node, request: Node) -> TypeUse | None:
    type_node = node.find("returnType") or request.find("returnMarkerTypeName") or request.find("returnType")
    if type_node is not None:
        return _read_use(type_node, "name")
    response = node.find("response")
    if response is None or node.get_flag("returnsVoid"):
        return None
    return _read_use(response, "name")


def _read_access(node: Node) -> Access | None:
    access = Access(
        all_of=tuple(node.get_texts("requiredRoles")),
        any_of=tuple(node.get_texts("requiresAnyRole")),
        permissions=tuple(node.get_texts("requiredPermissions")),
        any_permission=tuple(node.get_texts("requiresAnyPermission")),
        api_key=_is_true(node, "requiresApiKey"),
    )
    if access != Access() or node.get_flag("requiresAuth"):
        return access
    return ANYONE if node.find("requiresAuth") is not None else None


def _is_true(node: Node, name: str) -> bool:
    # Depending on its version, a host writes true, or an object with the keys' scopes.
    value = node.find(name)
    return value is not None and value.value is not False


def _read_tags(node: Node) -> Iterator[str]:
    for tag in node.get_items("tags"):
        yield tag.value if isinstance(tag.value, str) else tag.get_text("name", None)


def _read_type(node: Node, draft: Draft) -> DraftRecord | DraftEnum:
    name = _strip_type_name(node.get_text("name", None))
    if re.search(r"[.+]", node.get_text("name")):
        draft.losses.add("a type inside of another one: beside it", node.get_text("name"))
    if node.get_flag("isEnum"):
        return _read_enum(node, name, draft)
    attributes, description, has_api = [], node.get_text("description"), False
    for attribute in _read_attributes(node, draft, name):
        if attribute.name == "Api" and not attribute.arguments and attribute.values.keys() <= {"Description"}:
            description, has_api = description or str(attribute.values.get("Description", "")), True
        else:
            attributes.append(attribute)
    members = [_read_member(child, name, draft) for child in node.get_items("properties")]
    if node.find("dataContract") is not None:
        for member in members:
            member.data_member = member.data_member or DataMember()
        if contract := node.get_member("dataContract").get_object():
            draft.losses.add(f"{', '.join(contract)} of a data contract", name)
    elif any(member.data_member for member in members):
        for member in members:
            member.data_member = member.data_member or DataMember()
    for inner in () if node.get_text("namespace").startswith("System") else node.get_items("innerTypes"):
        draft.losses.add("a type inside of another one", f"{name}.{_strip_type_name(inner.get_text('name'))}")
    return DraftRecord(
        name=name,
        namespace=node.get_text("namespace"),
        position=node.path,
        members=members,
        base=None if (base := node.find("inherits")) is None else _read_use(base, "name"),
        parameters=tuple(parameter.lstrip("'") for parameter in node.get_texts("genericArgs"))
        if _is_open(node)
        else (),
        interfaces=[
            (_read_use(interface, "name"), interface.get_text("namespace"))
            for interface in node.get_items("implements")
        ],
        description=description,
        attributes=tuple(attributes),
        ui=_read_rest(node, _KNOWN_OF_TYPE),
        is_interface=node.get_flag("isInterface"),
        has_api=has_api,
    )


def _is_open(node: Node) -> bool:
    return "`" in node.get_text("name")


def _read_enum(node: Node, name: str, draft: Draft) -> DraftEnum:
    names = node.get_texts("enumNames")
    attributes = {attribute.get_text("name") for attribute in node.get_items("attributes")}
    for attribute in sorted(attributes - {"Flags", "EnumAsInt", "DataContract"}):
        draft.losses.add(f"[{attribute}] of an enum", name)
    flags = "Flags" in attributes or node.get_flag("isFlags")
    texts = dict(zip(names, node.get_texts("enumMemberValues"), strict=False))
    descriptions = dict(zip(names, _read_texts(node, "enumDescriptions"), strict=False))
    for unknown in _list_unknown(node, _KNOWN_OF_TYPE):
        draft.losses.add(f"{unknown} of an enum", name)
    return DraftEnum(
        name=name,
        namespace=node.get_text("namespace"),
        position=node.path,
        members=[*zip(names, _read_numbers(node, len(names)), strict=True)],
        description=node.get_text("description"),
        flags=flags,
        numbered=not flags and (node.get_flag("isEnumInt") or "EnumAsInt" in attributes),
        texts={member: text for member, text in texts.items() if text and text != member},
        descriptions={member: text for member, text in descriptions.items() if text},
    )


def _read_numbers(node: Node, many: int) -> list[int]:
    values = [*node.get_items("enumValues")]
    if not values:
        return [*range(many)]
    if len(values) != many:
        raise node.fail(f"{many} names of members, but {len(values)} values")
    numbers = []
    for value in values:
        try:
            numbers.append(int(value.value))
        except (TypeError, ValueError):
            raise value.fail(f"{str(value.value)[:200]!r} is not a number") from None
    return numbers


def _read_texts(node: Node, name: str) -> list[str]:
    return [item.value if isinstance(item.value, str) else "" for item in node.get_items(name)]


def _read_member(node: Node, owner: str, draft: Draft) -> DraftMember:
    name = node.get_text("name", None)
    attributes, api, description, has_description = [], None, node.get_text("description"), False
    for attribute in _read_attributes(node, draft, f"{owner}.{name}"):
        if attribute.name == "ApiMember":
            api, text = parse_api_member(attribute, f"{owner}.{name}", draft.losses)
            description, has_description = description or text, bool(text)
        else:
            attributes.append(attribute)
    if description and not has_description:
        api = replace(api or ApiMember(), described=False)
    member_node = node.find("dataMember")
    member = None if member_node is None else parse_data_member(member_node.get_object(), member_node.path)
    ui = _read_rest(node, _KNOWN_OF_MEMBER)
    implied = {"isRequired": (api or ApiMember()).is_required or (member or DataMember()).is_required}
    implied["paramType"] = bool(api and api.parameter_type)
    use = _read_use(node, "type")
    if node.get_flag("isValueType") and use.name != "Nullable":
        use = replace(use, is_value=True)
    return DraftMember(
        name=name,
        type=use,
        description=description,
        data_member=member,
        api_member=api,
        attributes=tuple(attributes),
        ui={key: value for key, value in ui.items() if not implied.get(key)},
    )


def _read_use(node: Node, name: str) -> TypeUse:
    """Return a type whose name and arguments are in separate members."""
    text = node.get_text(name, None)
    path = f"{node.path}.{name}"
    arguments = tuple(parse_type(argument, f"{node.path}.genericArgs") for argument in node.get_texts("genericArgs"))
    plain = text
    arrays = 0
    while plain.endswith("[]"):
        plain, arrays = plain[:-2], arrays + 1
    use = parse_type(plain, path)
    if arguments and not use.arguments:
        use = replace(use, arguments=arguments)
    for _ in range(arrays):
        use = TypeUse("Array", (use,))
    return use


def _read_attributes(node: Node, draft: Draft, owner: str) -> Iterator[Attribute]:
    for attribute in node.get_items("attributes"):
        name = attribute.get_text("name", None)
        try:
            arguments = [*_read_values(attribute.get_items("constructorArgs"))]
            values = [*_read_values(attribute.get_items("args"))]
        except UnspeakableType:
            draft.losses.add(f"[{name}] with a type of types as its argument", owner)
            continue
        names = tuple(name for name, _ in arguments)
        yield Attribute(name, tuple(value for _, value in arguments), dict(values), names if any(names) else ())


def _read_values(nodes: Iterable[Node]) -> Iterator[tuple[str, str | int | float | bool]]:
    for node in nodes:
        text, kind = node.get_text("value"), node.get_text("type")
        convert = _CONVERTERS.get(kind, str)
        try:
            yield node.get_text("name"), convert(text)
        except ValueError:
            raise node.fail(f"{text[:200]!r} is not a value of {kind}") from None


def _parse_boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


_CONVERTERS: dict[str, Any] = {
    "Boolean": _parse_boolean,
    **dict.fromkeys(("Byte", "SByte", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64"), int),
    **dict.fromkeys(("Single", "Double", "Decimal"), float),
    "Type": parse_type_argument,
    "RuntimeType": parse_type_argument,
}


def _strip_type_name(name: str) -> str:
    """Return the name of a type without its parameters and its outer types."""
    return re.split(r"[.+]", name.partition("`")[0])[-1]


def _list_unknown(node: Node, known_names: frozenset[str]) -> Iterator[str]:
    for name, value in node.get_object().items():
        if name[:1].lower() + name[1:] not in known_names and value not in (None, [], {}, False, ""):
            yield name


def _read_rest(node: Node, known_names: frozenset[str]) -> dict[str, Any]:
    """Return the members of a type or a property that declarations do not have; metadata passes them on."""
    return {name: node.get_object()[name] for name in _list_unknown(node, known_names)}
