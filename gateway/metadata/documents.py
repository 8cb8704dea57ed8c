"""The contract as data, in the formats that ServiceStack's tools read: ``/types/metadata`` and ``/operations/metadata``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, repeat
from typing import Any

from gateway.contract import fields
from gateway.contract.catalog import ANY, Operation
from gateway.contract.dto_field import ApiMember, Attribute, DataMember, TypeName
from gateway.contract.generics import type_name
from gateway.contract.typeinfo import (
    SERVICESTACK,
    Contract,
    EnumInfo,
    OperationInfo,
    Property,
    RecordInfo,
    TypeInfo,
    TypeRef,
)
from gateway.metadata.languages.csharp import NAMESPACES
from gateway.metadata.languages.editions import SERVICESTACK_VERSION
from gateway.metadata.languages.scalars import is_value
from gateway.metadata.languages.wording import list_api_values

_COLLECTIONS = {"list": "List`1", "map": "Dictionary`2"}
#: Namespaces of .NET itself.
_SYSTEM = "System"

#: The default options of generated types.
_CONFIG: dict[str, Any] = {
    "makePartial": True,
    "makeVirtual": True,
    "makeInternal": False,
    "addReturnMarker": True,
    "addDescriptionAsComments": True,
    "addDataContractAttributes": False,
    "addIndexesToDataMembers": False,
    "addGeneratedCodeAttributes": False,
    "addResponseStatus": False,
    "addServiceStackTypes": True,
    "addModelExtensions": True,
    "addPropertyAccessors": True,
    "excludeGenericBaseTypes": False,
    "settersReturnThis": True,
    "makePropertiesOptional": True,
    "exportAsTypes": False,
    "excludeImplementedInterfaces": False,
    "addDefaultXmlNamespace": "http://schemas.servicestack.net/types",
    "makeDataContractsExtensible": False,
    "initializeCollections": True,
    "defaultNamespaces": [*NAMESPACES],
    "exportValueTypes": False,
    "excludeNamespace": False,
}


def build_types_metadata(contract: Contract, base_url: str) -> dict[str, Any]:
    """Return all types and operations, as ServiceStack's MetadataTypes."""
    requests = contract.by_name
    responses = {
        operation.returns.name
        for operation in contract.operations
        if operation.returns and operation.returns.kind == "record"
    }
    namespaces = sorted(
        {info.namespace for info in contract.types.values() if not _is_system(info.namespace)} - {SERVICESTACK}
    )
    types = [info for name, info in contract.types.items() if name not in requests and name not in responses]
    return {
        "config": {"baseUrl": base_url, "usePath": "", **_CONFIG},
        "namespaces": [*namespaces, "System", "System.Collections.Generic"],
        "types": [_build_type(info, contract) for info in types],
        "operations": [_build_operation(operation, contract) for operation in contract.operations],
        "version": SERVICESTACK_VERSION,
    }


def _build_operation(operation: OperationInfo, contract: Contract) -> dict[str, Any]:
    document: dict[str, Any] = {
        "actions": list_actions(operation.verbs),
        "method": operation.verb,
        "request": _build_request(operation, contract),
    }
    if operation.returns is not None and operation.returns.kind == "record":
        document["response"] = _build_type(contract.types[operation.returns.name], contract)
    document |= {
        "returnsVoid": operation.returns is None,
        "requiresAuth": operation.access.signed_in,
        "requiresApiKey": True if operation.access.api_key else None,
        "requiredRoles": [*operation.access.all_of],
        "requiresAnyRole": [*operation.access.any_of],
        "requiredPermissions": [*operation.access.permissions],
        "requiresAnyPermission": [*operation.access.any_permission],
        "tags": [*operation.tags],
    }
    if operation.returns is not None:
        document["returnType"] = _build_type_name(operation.returns, contract)
    return {**operation.ui, **{name: value for name, value in document.items() if value not in ([], None)}}


def _build_request(operation: OperationInfo, contract: Contract) -> dict[str, Any]:
    document = _build_type(operation.request, contract)
    document["returnVoidMarker"] = operation.returns is None
    if operation.returns is not None:
        document["returnMarkerTypeName"] = _build_type_name(operation.returns, contract)
    document["routes"] = [
        {"path": route.path} if route.verbs == ANY else {"path": route.path, "verbs": ",".join(route.verbs)}
        for route in operation.routes
    ]
    return document


def _build_type(info: TypeInfo, contract: Contract) -> dict[str, Any]:
    document: dict[str, Any] = {"name": _get_open_name(info), "namespace": info.namespace}
    if isinstance(info, EnumInfo):
        return {**document, "implements": [], "returnVoidMarker": False, **dict(_build_enum(info))}
    if info.parameters:
        document["genericArgs"] = [f"'{parameter}" for parameter in info.parameters]
    if info.base is not None:
        document["inherits"] = _build_type_name(info.base, contract)
    document["implements"] = [
        {
            "name": f"{interface.type.name}`{len(interface.type.arguments)}"
            if interface.type.arguments
            else interface.type.name,
            "namespace": interface.namespace,
            "genericArgs": [_format_type(argument, contract) for argument in interface.type.arguments],
        }
        for interface in info.interfaces
    ]
    if info.description:
        document["description"] = info.description
    document["returnVoidMarker"] = False
    if info.is_contract:
        document["dataContract"] = {}
    if info.properties:
        document["properties"] = [_build_property(field, info, contract) for field in info.properties]
    attributes = [_build_attribute(attribute.name, attribute) for attribute in info.attributes]
    if contract.has_api(info):
        attributes.insert(0, _build_attribute("Api", Attribute("Api", values={"Description": info.description})))
    if attributes:
        document["attributes"] = attributes
    return {**info.ui, **document}


def _build_enum(info: EnumInfo) -> Iterator[tuple[str, Any]]:
    names = [name for name, _ in info.members]
    yield "isEnum", True
    if info.is_numeric:
        yield "isEnumInt", True
    if info.description:
        yield "description", info.description
    if info.flags:
        yield "attributes", [{"name": "Flags", "args": []}]
    yield "enumNames", names
    if info.flags or not info.counts:
        yield "enumValues", [str(number) for _, number in info.members]
    if info.texts:
        yield "enumMemberValues", [info.text_of(name) for name in names]
    if info.descriptions:
        yield "enumDescriptions", [info.descriptions.get(name, "") for name in names]


def _get_open_name(info: TypeInfo) -> str:
    parameters = info.parameters if isinstance(info, RecordInfo) else ()
    return f"{info.name}`{len(parameters)}" if parameters else info.name


def _build_property(field: Property, info: RecordInfo, contract: Contract) -> dict[str, Any]:
    document: dict[str, Any] = {"name": field.name, **_build_property_type(field, contract)}
    if field.description:
        document["description"] = field.description
    member, order = field.data_member or DataMember(), info.number_of(field)
    if info.is_contract:
        data_member = {"name": member.name, "order": order, "isRequired": member.is_required or None}
        document["dataMember"] = {name: value for name, value in data_member.items() if value not in (None, "")}
    api = field.api_member or ApiMember()
    if api.is_required or member.is_required:
        document["isRequired"] = True
    if api.parameter_type:
        document["paramType"] = api.parameter_type
    attributes = [
        _build_attribute(attribute.name, attribute) for attribute in (*list_api_attributes(field), *field.attributes)
    ]
    if attributes:
        document["attributes"] = attributes
    return {**field.ui, **document}


def list_api_attributes(field: Property) -> Iterator[Attribute]:
    """Yield the ``[ApiMember]`` of a property, if it has any values."""
    values = list_api_values(field)
    if values:
        yield Attribute("ApiMember", values=values)


def _build_property_type(field: Property, contract: Contract) -> dict[str, Any]:
    ref = field.type
    value = is_value(ref)
    if value and field.nullable and ref.name != "KeyValuePair":
        inner = {"genericArgs": [_format_type(ref, contract)]}
        return {"type": "Nullable`1", "isValueType": True, "isSystemType": True, "typeNamespace": "System", **inner}
    document: dict[str, Any] = {"type": _format_name(ref, contract)}
    if value:
        document["isValueType"] = True
    if ref.kind == "enum":
        document["isEnum"] = True
    if ref.kind in ("scalar", "list", "map") or _is_system(_get_namespace(ref, contract)):
        document["isSystemType"] = True
    document["typeNamespace"] = _get_namespace(ref, contract)
    return document | _build_arguments(ref, contract)


def _build_arguments(ref: TypeRef, contract: Contract) -> dict[str, Any]:
    """Return the arguments of a generic type; for an array, those of its items."""
    if ref.name == "Array":
        (item,) = ref.arguments
        if item.nullable and is_value(item):
            return {"genericArgs": [_format_type(TypeRef(item.kind, item.name, item.arguments), contract)]}
        return _build_arguments(item, contract)
    arguments = [_format_type(argument, contract) for argument in ref.arguments]
    return {"genericArgs": arguments} if arguments else {}


def _build_type_name(ref: TypeRef, contract: Contract) -> dict[str, Any]:
    return {"name": _format_name(ref, contract), "namespace": _get_namespace(ref, contract)} | _build_arguments(
        ref, contract
    )


def _format_name(ref: TypeRef, contract: Contract) -> str:
    """Return a type's .NET name, without its arguments."""
    if ref.kind == "parameter":
        return f"'{ref.name}"
    if ref.name == "Array":
        (item,) = ref.arguments
        return f"{'Nullable`1' if item.nullable and is_value(item) else _format_name(item, contract)}[]"
    type_info = contract.types.get(ref.name)
    return _COLLECTIONS.get(ref.kind) or (_get_open_name(type_info) if type_info is not None else ref.name)


def _format_type(ref: TypeRef, contract: Contract) -> str:
    """Return a type's .NET name with its arguments."""
    arguments = ",".join(_format_type(argument, contract) for argument in ref.arguments)
    if ref.name == "Array":
        return f"{arguments}[]"
    name = _format_name(ref, contract).partition("`")[0]
    text = f"{name}<{arguments}>" if arguments else name
    return f"Nullable<{text}>" if ref.nullable and is_value(ref) else text


def _get_namespace(ref: TypeRef, contract: Contract) -> str:
    if ref.name == "Array":
        return _get_namespace(ref.arguments[0], contract)
    if ref.kind in ("list", "map"):
        return "System.Collections.Generic"
    type_info = contract.types.get(ref.name)
    return "System" if type_info is None else type_info.namespace


def _is_system(namespace: str) -> bool:
    return f"{namespace}.".startswith(f"{_SYSTEM}.")


def _build_attribute(name: str, attribute: Attribute) -> dict[str, Any]:
    document: dict[str, Any] = {"name": name}
    if attribute.arguments:
        document["constructorArgs"] = [*map(_build_argument, chain(attribute.names, repeat("")), attribute.arguments)]
    if attribute.values or not attribute.arguments:
        document["args"] = [_build_argument(key, value) for key, value in attribute.values.items()]
    return document


def _build_argument(name: str, value: str | int | float | bool) -> dict[str, Any]:
    kind = next(dotnet for python, dotnet in _ARGUMENTS if isinstance(value, python))
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, TypeName):
        text = f"typeof({text})"
    argument = {"name": name, "type": kind, "isSystemType": True, "typeNamespace": _SYSTEM, "value": text}
    return argument if kind in ("String", "Type") else {**argument, "isValueType": True}


#: The .NET types of attributes' arguments; bool comes first because it is a subclass of int in Python.
_ARGUMENTS = ((bool, "Boolean"), (int, "Int32"), (float, "Double"), (TypeName, "Type"), (str, "String"))


def list_actions(verbs: tuple[str, ...]) -> list[str]:
    """Return an operation's verbs, as ServiceStack names them."""
    return ["ANY"] if set(verbs) >= set(ANY) else [*verbs]


def build_operations_metadata(operations: Iterable[Operation]) -> list[dict[str, Any]]:
    """Return the operations by name, with their routes."""
    return [dict(_summarize(operation)) for operation in sorted(operations, key=lambda operation: operation.name)]


def _summarize(operation: Operation) -> Iterator[tuple[str, Any]]:
    yield "name", operation.name
    if operation.response is not None:
        yield "responseName", _get_clr_name(operation.response)
    yield "serviceName", operation.service
    yield "actions", list_actions(operation.verbs)
    yield "routes", [route.path for route in operation.routes]


def _get_clr_name(field: fields.AnyField) -> str:
    if isinstance(field, fields.List):
        return f"{_get_clr_name(field.inner)}[]" if isinstance(field, fields.Array) else "List`1"
    if isinstance(field, fields.Map):
        return "Dictionary`2"
    closed = field.dto.__dict__.get("generic") if isinstance(field, fields.Nested) else None
    return f"{closed[0].__name__}`{len(closed[1])}" if closed else type_name(field)


def build_app_metadata(
    contract: Contract, base_url: str, title: str, version: str, languages: Iterable[str], formats: Mapping[str, str]
) -> dict[str, Any]:
    """Return the document that tools read first: the service's name, its formats, its types.

    :param title: the service's name.
    :param version: the service's version.
    :param formats: media types by the names of formats.
    """
    app = {
        "baseUrl": base_url,
        "serviceStackVersion": SERVICESTACK_VERSION,
        "serviceName": title,
        "apiVersion": version,
        "jsTextCase": "CamelCase",
    }
    return {
        "app": app,
        "config": {"debugMode": False},
        "contentTypeFormats": formats,
        "httpHandlers": {"ApiHandlers.Json": "/api/{Request}"},
        "plugins": {"loaded": ["metadata", "native-types"]},
        "customPlugins": {},
        "languages": [*languages],
        "api": build_types_metadata(contract, base_url),
    }
