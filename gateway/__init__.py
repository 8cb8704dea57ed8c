"""The public interface: everything that you need to write a service.

    from gateway import ANYONE, Dto, Service, fields

    hello = Service("Hello")

    @hello.get("/hello/{Name}", returns=str, access=ANYONE)
    class Hello(Dto):
        name = fields.String("The name")

    @hello.handles(Hello)
    def greet(request, context):
        return f"Hello, {request.name}!"

``gateway serve module:hello`` serves it. Names are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from gateway import errors as errors
    from gateway.calls import Context, Cookie, Credentials, Principal, Streamed, UploadedFile
    from gateway.contract import fields as fields
    from gateway.contract import rules as rules
    from gateway.contract import servicestack as servicestack
    from gateway.contract.catalog import ANYONE, SIGNED_IN, Access
    from gateway.contract.dto import Dto, Instance, Interface
    from gateway.contract.dto_field import ApiMember, Attribute, DataMember, TypeName
    from gateway.contract.enums import member
    from gateway.contract.fields import DtoEnum, DtoFlags
    from gateway.contract.generics import TypeParameter, close
    from gateway.contract.lists import ListResponse, list_request
    from gateway.contract.view import View
    from gateway.events.part import Events
    from gateway.replies import Content
    from gateway.rows import Rows
    from gateway.service import Service
    from gateway.upstream.part import Upstream
    from gateway.users.part import Users
    from serializers.dialect import Dialect

#: The home of each name; a name that ends its home is that module itself.
_HOMES = {
    "ApiMember": "gateway.contract.dto_field",
    "Attribute": "gateway.contract.dto_field",
    "DataMember": "gateway.contract.dto_field",
    "Interface": "gateway.contract.dto",
    "ListResponse": "gateway.contract.lists",
    "list_request": "gateway.contract.lists",
    "member": "gateway.contract.enums",
    "ANYONE": "gateway.contract.catalog",
    "SIGNED_IN": "gateway.contract.catalog",
    "Access": "gateway.contract.catalog",
    "Content": "gateway.replies",
    "Context": "gateway.calls",
    "Cookie": "gateway.calls",
    "Credentials": "gateway.calls",
    "Dialect": "serializers.dialect",
    "Dto": "gateway.contract.dto",
    "Events": "gateway.events.part",
    "DtoEnum": "gateway.contract.fields",
    "DtoFlags": "gateway.contract.fields",
    "Instance": "gateway.contract.dto",
    "Principal": "gateway.calls",
    "Rows": "gateway.rows",
    "Service": "gateway.service",
    "Streamed": "gateway.calls",
    "TypeName": "gateway.contract.dto_field",
    "TypeParameter": "gateway.contract.generics",
    "UploadedFile": "gateway.calls",
    "Upstream": "gateway.upstream.part",
    "Users": "gateway.users.part",
    "View": "gateway.contract.view",
    "close": "gateway.contract.generics",
    "errors": "gateway.errors",
    "fields": "gateway.contract.fields",
    "rules": "gateway.contract.rules",
    "servicestack": "gateway.contract.servicestack",
}

__all__ = [
    "ANYONE",
    "SIGNED_IN",
    "Access",
    "ApiMember",
    "Attribute",
    "Content",
    "Context",
    "Cookie",
    "Credentials",
    "DataMember",
    "Dialect",
    "Dto",
    "DtoEnum",
    "DtoFlags",
    "Events",
    "Instance",
    "Interface",
    "ListResponse",
    "Principal",
    "Rows",
    "Service",
    "Streamed",
    "TypeName",
    "TypeParameter",
    "UploadedFile",
    "Upstream",
    "Users",
    "View",
    "close",
    "errors",
    "fields",
    "list_request",
    "member",
    "rules",
    "servicestack",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'gateway' has no attribute '{name}'")
    module = import_module(home)
    value = module if home.rpartition(".")[2] == name else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
