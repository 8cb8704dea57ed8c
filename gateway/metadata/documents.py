"""The contract as data, in the formats that ServiceStack's tools read: ``/types/metadata`` and ``/operations/metadata``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
from gateway.metadata.languages.wording import api_values

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


def types_metadata(contract: Contract, base_url: str) -> dict[str, Any]:
    """Return all types and operations, as ServiceStack's MetadataTypes."""
    requests = contract.by_name
    answers = {each.returns.name for each in contract.operations if each.returns and each.returns.kind == "record"}
    namespaces = sorted(
        {info.namespace for info in contract.types.values() if not _is_system(info.namespace)} - {SERVICESTACK}
    )
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
        "method": operation.verb,
        "request": _request(operation, contract),
    }
    if operation.returns is not None and operation.returns.kind == "record":
        found["response"] = _type(contract.types[operation.returns.name], contract)
    found |= {
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
        found["returnType"] = _type_name(operation.returns, contract)
    return {**operation.ui, **{name: value for name, value in found.items() if value not in ([], None)}}


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
        told = _attribute("Api", Attribute("Api", values={"Description": operation.request.description}))
        found["attributes"] = [told, *found.get("attributes", ())]
    return found


def _type(info: TypeInfo, contract: Contract) -> dict[str, Any]:
    found: dict[str, Any] = {"name": _open_name(info), "namespace": info.namespace}
    if isinstance(info, EnumInfo):
        return {**found, "implements": [], "returnVoidMarker": False, **dict(_enum(info))}
    if info.parameters:
        found["genericArgs"] = [f"'{each}" for each in info.parameters]
    if info.base is not None:
        found["inherits"] = _type_name(info.base, contract)
    found["implements"] = [
        {
            "name": f"{each.type.name}`{len(each.type.arguments)}" if each.type.arguments else each.type.name,
            "namespace": each.namespace,
            "genericArgs": [_spelled(argument, contract) for argument in each.type.arguments],
        }
        for each in info.interfaces
    ]
    if info.description:
        found["description"] = info.description
    found["returnVoidMarker"] = False
    if info.is_contract:
        found["dataContract"] = {}
    if info.properties:
        found["properties"] = [_property(each, info, contract) for each in info.properties]
    if info.attributes:
        found["attributes"] = [_attribute(each.name, each) for each in info.attributes]
    return {**info.ui, **found}


def _enum(info: EnumInfo) -> Iterator[tuple[str, Any]]:
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


def _open_name(info: TypeInfo) -> str:
    parameters = info.parameters if isinstance(info, RecordInfo) else ()
    return f"{info.name}`{len(parameters)}" if parameters else info.name


def _property(each: Property, info: RecordInfo, contract: Contract) -> dict[str, Any]:
    found: dict[str, Any] = {"name": each.name, **_property_type(each, contract)}
    if each.description:
        found["description"] = each.description
    member, order = each.data_member or DataMember(), info.number_of(each)
    if info.is_contract:
        told = {"name": member.name, "order": order, "isRequired": member.is_required or None}
        found["dataMember"] = {name: value for name, value in told.items() if value not in (None, "")}
    api = each.api_member or ApiMember()
    if api.is_required or member.is_required:
        found["isRequired"] = True
    if api.parameter_type:
        found["paramType"] = api.parameter_type
    attributes = [_attribute(known.name, known) for known in (*api_attributes(each), *each.attributes)]
    if attributes:
        found["attributes"] = attributes
    return {**each.ui, **found}


def api_attributes(each: Property) -> Iterator[Attribute]:
    """Yield the ``[ApiMember]`` of a property, if it has any values."""
    values = api_values(each)
    if values:
        yield Attribute("ApiMember", values=values)


def _property_type(each: Property, contract: Contract) -> dict[str, Any]:
    ref = each.type
    value = is_value(ref)
    if value and each.nullable and ref.name != "KeyValuePair":
        inner = {"genericArgs": [_spelled(ref, contract)]}
        return {"type": "Nullable`1", "isValueType": True, "isSystemType": True, "typeNamespace": "System", **inner}
    found: dict[str, Any] = {"type": _name(ref, contract)}
    if value:
        found["isValueType"] = True
    if ref.kind == "enum":
        found["isEnum"] = True
    if ref.kind in ("scalar", "list", "map") or _is_system(_namespace(ref, contract)):
        found["isSystemType"] = True
    found["typeNamespace"] = _namespace(ref, contract)
    return found | _arguments(ref, contract)


def _arguments(ref: TypeRef, contract: Contract) -> dict[str, Any]:
    """Return the arguments of a generic type; for an array, those of its items."""
    if ref.name == "Array":
        (item,) = ref.arguments
        if item.nullable and is_value(item):
            return {"genericArgs": [_spelled(TypeRef(item.kind, item.name, item.arguments), contract)]}
        return _arguments(item, contract)
    arguments = [_spelled(argument, contract) for argument in ref.arguments]
    return {"genericArgs": arguments} if arguments else {}


def _type_name(ref: TypeRef, contract: Contract) -> dict[str, Any]:
    return {"name": _name(ref, contract), "namespace": _namespace(ref, contract)} | _arguments(ref, contract)


def _name(ref: TypeRef, contract: Contract) -> str:
    """Return a type's .NET name, without its arguments."""
    if ref.kind == "parameter":
        return f"'{ref.name}"
    if ref.name == "Array":
        (item,) = ref.arguments
        return f"{'Nullable`1' if item.nullable and is_value(item) else _name(item, contract)}[]"
    known = contract.types.get(ref.name)
    return _COLLECTIONS.get(ref.kind) or (_open_name(known) if known is not None else ref.name)


def _spelled(ref: TypeRef, contract: Contract) -> str:
    """Return a type's .NET name with its arguments."""
    arguments = ",".join(_spelled(each, contract) for each in ref.arguments)
    if ref.name == "Array":
        return f"{arguments}[]"
    name = _name(ref, contract).partition("`")[0]
    text = f"{name}<{arguments}>" if arguments else name
    return f"Nullable<{text}>" if ref.nullable and is_value(ref) else text


def _namespace(ref: TypeRef, contract: Contract) -> str:
    if ref.name == "Array":
        return _namespace(ref.arguments[0], contract)
    if ref.kind in ("list", "map"):
        return "System.Collections.Generic"
    known = contract.types.get(ref.name)
    return "System" if known is None else known.namespace


def _is_system(namespace: str) -> bool:
    return f"{namespace}.".startswith(f"{_SYSTEM}.")


def _attribute(name: str, attribute: Attribute) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name}
    if attribute.arguments:
        found["constructorArgs"] = [_argument("", value) for value in attribute.arguments]
    if attribute.values or not attribute.arguments:
        found["args"] = [_argument(key, value) for key, value in attribute.values.items()]
    return found


def _argument(name: str, value: str | int | float | bool) -> dict[str, Any]:
    kind = next(dotnet for python, dotnet in _ARGUMENTS if isinstance(value, python))
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, TypeName):
        text = f"typeof({text})"
    found = {"name": name, "type": kind, "isSystemType": True, "typeNamespace": _SYSTEM, "value": text}
    return found if kind in ("String", "Type") else {**found, "isValueType": True}


#: The .NET types of attributes' arguments; bool comes first because it is a subclass of int in Python.
_ARGUMENTS = ((bool, "Boolean"), (int, "Int32"), (float, "Double"), (TypeName, "Type"), (str, "String"))


def actions(verbs: tuple[str, ...]) -> list[str]:
    """Return an operation's verbs, as ServiceStack names them."""
    return ["ANY"] if set(verbs) >= set(ANY) else [*verbs]


def operations_metadata(operations: Iterable[Operation]) -> list[dict[str, Any]]:
    """Return the operations by name, with their routes."""
    return [dict(_summary(each)) for each in sorted(operations, key=lambda each: each.name)]


def _summary(operation: Operation) -> Iterator[tuple[str, Any]]:
    yield "name", operation.name
    if operation.response is not None:
        yield "responseName", _clr_name(operation.response)
    yield "serviceName", operation.service
    yield "actions", actions(operation.verbs)
    yield "routes", [route.path for route in operation.routes]


def _clr_name(answer: fields.AnyField) -> str:
    if isinstance(answer, fields.List):
        return f"{_clr_name(answer.inner)}[]" if isinstance(answer, fields.Array) else "List`1"
    if isinstance(answer, fields.Map):
        return "Dictionary`2"
    closed = answer.dto.__dict__.get("generic") if isinstance(answer, fields.Nested) else None
    return f"{closed[0].__name__}`{len(closed[1])}" if closed else type_name(answer)


def app_metadata(
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
        "api": types_metadata(contract, base_url),
    }
