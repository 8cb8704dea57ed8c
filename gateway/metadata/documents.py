"""The contract as data, in the forms that ServiceStack's tools read: ``/types/metadata`` and ``/operations/metadata``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gateway.contract.catalog import ANY, Operation
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
from gateway.metadata.languages.base import SERVICESTACK_VERSION
from gateway.metadata.languages.csharp import NAMESPACES
from gateway.metadata.languages.scalars import REFERENCES

_COLLECTIONS = {"list": "List`1", "map": "Dictionary`2"}

#: What the options of generated types are where a client names none.
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


def types_metadata(contract: Contract, base_url: str) -> dict[str, Any]:
    """Every type and operation: what ServiceStack calls MetadataTypes."""
    requests = contract.by_name
    answers = {each.returns.name for each in contract.operations if each.returns is not None}
    namespaces = sorted({info.namespace for info in contract.types.values()} - {SERVICESTACK})
    types = [info for name, info in contract.types.items() if name not in requests and name not in answers]
    return {
        "config": {"baseUrl": base_url, "usePath": "", **_CONFIG},
        "namespaces": [*namespaces, "System", "System.Collections.Generic"],
        "types": [_type(info, contract) for info in types],
        "operations": [_operation(each, contract) for each in contract.operations],
        "version": SERVICESTACK_VERSION,
    }


def _operation(operation: OperationInfo, contract: Contract) -> dict[str, Any]:
    found: dict[str, Any] = {
        "actions": actions(operation.verbs),
        "request": _request(operation, contract),
    }
    if operation.returns is not None and operation.returns.name in contract.types:
        found["response"] = _type(contract.types[operation.returns.name], contract)
    found |= {
        "returnsVoid": operation.returns is None,
        "requiresAuth": operation.access.signed_in,
        "requiredRoles": [*operation.access.all_of],
        "requiresAnyRole": [*operation.access.any_of],
        "tags": [*operation.tags],
    }
    if operation.returns is not None:
        found["returnType"] = _type_name(operation.returns, contract)
    return {name: value for name, value in found.items() if value not in ([], None)}


def _request(operation: OperationInfo, contract: Contract) -> dict[str, Any]:
    found = _type(operation.request, contract)
    found["returnVoidMarker"] = operation.returns is None
    if operation.returns is not None:
        found["returnMarkerTypeName"] = _type_name(operation.returns, contract)
    found["routes"] = [
        {"path": route.path} if route.verbs == ANY else {"path": route.path, "verbs": ",".join(route.verbs)}
        for route in operation.routes
    ]
    if operation.request.description:
        found["attributes"] = [_attribute("Api", operation.request.description)]
    return found


def _type(info: TypeInfo, contract: Contract) -> dict[str, Any]:
    found: dict[str, Any] = {"name": _open_name(info), "namespace": info.namespace}
    if isinstance(info, EnumInfo):
        numbered = any(number != place for place, (_, number) in enumerate(info.members))
        values = {"enumValues": [str(number) for _, number in info.members]} if numbered else {}
        names = [name for name, _ in info.members]
        return {**found, "implements": [], "returnVoidMarker": False, "isEnum": True, "enumNames": names, **values}
    if info.parameters:
        found["genericArgs"] = [f"'{each}" for each in info.parameters]
    if info.base is not None:
        found["inherits"] = _type_name(info.base, contract)
    found["implements"] = [{"name": each, "namespace": SERVICESTACK, "genericArgs": []} for each in info.interfaces]
    if info.description:
        found["description"] = info.description
    found["returnVoidMarker"] = False
    if info.ordered:
        found["dataContract"] = {}
    if info.properties:
        orders = range(1, len(info.properties) + 1) if info.ordered else [None] * len(info.properties)
        found["properties"] = [
            _property(each, contract, order) for each, order in zip(info.properties, orders, strict=True)
        ]
    return found


def _open_name(info: TypeInfo) -> str:
    parameters = info.parameters if isinstance(info, RecordInfo) else ()
    return f"{info.name}`{len(parameters)}" if parameters else info.name


def _property(each: Property, contract: Contract, order: int | None) -> dict[str, Any]:
    found: dict[str, Any] = {"name": each.name, **_property_type(each, contract)}
    if each.description:
        found["description"] = each.description
    if order is not None:
        found["dataMember"] = {"order": order}
    if each.description:
        found["attributes"] = [_attribute("ApiMember", each.description)]
    return found


def _property_type(each: Property, contract: Contract) -> dict[str, Any]:
    ref = each.type
    value = ref.kind == "enum" or (ref.kind == "scalar" and ref.name not in REFERENCES)
    if value and each.nullable:
        inner = {"genericArgs": [_spelled(ref, contract)]}
        return {"type": "Nullable`1", "isValueType": True, "isSystemType": True, "typeNamespace": "System", **inner}
    found: dict[str, Any] = {"type": _name(ref, contract)}
    if value:
        found["isValueType"] = True
    if ref.kind == "enum":
        found["isEnum"] = True
    if ref.kind in ("scalar", "list", "map"):
        found["isSystemType"] = True
    found["typeNamespace"] = _namespace(ref, contract)
    if ref.arguments:
        found["genericArgs"] = [_spelled(argument, contract) for argument in ref.arguments]
    return found


def _type_name(ref: TypeRef, contract: Contract) -> dict[str, Any]:
    found: dict[str, Any] = {"name": _name(ref, contract), "namespace": _namespace(ref, contract)}
    if ref.arguments:
        found["genericArgs"] = [_spelled(argument, contract) for argument in ref.arguments]
    return found


def _name(ref: TypeRef, contract: Contract) -> str:
    """A type's .NET name, without its arguments."""
    if ref.kind == "parameter":
        return f"'{ref.name}"
    known = contract.types.get(ref.name)
    return _COLLECTIONS.get(ref.kind) or (_open_name(known) if known is not None else ref.name)


def _spelled(ref: TypeRef, contract: Contract) -> str:
    """A type's .NET name with its arguments."""
    name = _name(ref, contract).partition("`")[0]
    arguments = ",".join(_spelled(each, contract) for each in ref.arguments)
    return f"{name}<{arguments}>" if arguments else name


def _namespace(ref: TypeRef, contract: Contract) -> str:
    if ref.kind in ("list", "map"):
        return "System.Collections.Generic"
    known = contract.types.get(ref.name)
    return "System" if known is None else known.namespace


def _attribute(name: str, description: str) -> dict[str, Any]:
    argument = {"name": "Description", "type": "String", "isSystemType": True, "typeNamespace": "System"}
    return {"name": name, "args": [{**argument, "value": description}]}


def actions(verbs: tuple[str, ...]) -> list[str]:
    """An operation's verbs, as ServiceStack names them."""
    return ["ANY"] if set(verbs) >= set(ANY) else [*verbs]


def operations_metadata(operations: Iterable[Operation]) -> list[dict[str, Any]]:
    """The operations by name, with where they are."""
    return [dict(_summary(each)) for each in sorted(operations, key=lambda each: each.name)]


def _summary(operation: Operation) -> Iterator[tuple[str, Any]]:
    yield "name", operation.name
    if operation.returns is not None:
        yield "responseName", "List`1" if operation.returns_list else _clr_name(operation)
    yield "serviceName", operation.service
    yield "actions", actions(operation.verbs)
    yield "routes", [route.path for route in operation.routes]


def _clr_name(operation: Operation) -> str:
    assert operation.returns is not None
    closed = operation.returns.__dict__.get("generic")
    return f"{closed[0].__name__}`{len(closed[1])}" if closed else operation.returns.__name__


def app_metadata(
    contract: Contract, base_url: str, languages: Iterable[str], formats: Mapping[str, str]
) -> dict[str, Any]:
    """What tools ask first: the service's name, its formats, its types.

    :param formats: media types by the names of formats.
    """
    return {
        "app": {"baseUrl": base_url, "serviceName": "Sessions", "apiVersion": "1.0", "jsTextCase": "CamelCase"},
        "contentTypeFormats": formats,
        "httpHandlers": {"ApiHandlers.Json": "/api/{Request}"},
        "languages": [*languages],
        "api": types_metadata(contract, base_url),
    }
