"""An imported contract with ServiceStack's own operations for users, and `Users`, in one service."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.contract.catalog import SIGNED_IN
from gateway.contract.dto import Dto
from gateway.contract.servicestack import OF_USERS
from gateway.contract.typeinfo import describe
from gateway.errors import CatalogError
from gateway.importing import loading
from gateway.service import Service
from gateway.users.part import Users
from tests.importing import contracts
from tests.importing.test_metadata_json import document, operation, prop, record


def make_document() -> dict[str, Any]:
    response = {"response": {**record("AuthenticateResponse", prop("UserId", "String")), "namespace": "ServiceStack"}}
    contract_document = document(
        operation("Authenticate", prop("provider", "String"), prop("Special", "String"), method="POST", **response),
        operation("GetAccessToken", prop("RefreshToken", "String")),
        operation("Register", prop("UserName", "String"), **response),
        operation("AssignRoles", prop("UserName", "String"), requiresAuth=True, requiredRoles=["Admin"]),
        operation("Orders", requiresAuth=True),
    )
    for entry in contract_document["operations"]:
        entry["returnType"] = (
            {"name": "AuthenticateResponse", "namespace": "ServiceStack"} if "response" in entry else None
        )
    contract_document["operations"][0]["routes"] = [{"path": "/auth"}, {"path": "/authenticate"}]
    contract_document["operations"][3]["request"]["namespace"] = "ServiceStack"
    return contract_document


def declare(service: Service) -> None:
    read = contracts.read_json(make_document())
    loading.execute(contracts.write_module(read.contract), "written", service)


def add_handlers(service: Service) -> Service:
    for catalog_operation in service.catalog:
        if catalog_operation.name not in service.catalog.handlers:
            service.handles(catalog_operation.dto)(lambda _request, _context: None)
    return service


def test_the_operations_of_users_are_known() -> None:
    service = Service("Alone")
    service.use(Users())
    assert service.catalog.operations.keys() == OF_USERS


@pytest.mark.parametrize("first", [True, False], ids=["users first", "contract first"])
def test_the_operations_of_users_take_their_place(first: bool) -> None:
    service = Service("Shop", roles=["Admin"], administrator="Admin")
    if first:
        service.use(Users())
    declare(service)
    if not first:
        service.use(Users())
    add_handlers(service).catalog.check()
    assert service.catalog.operations.keys() == OF_USERS | {"Register", "AssignRoles", "Orders"}
    for name in OF_USERS:
        assert service.catalog.operations[name].dto.__module__ == "gateway.users.dtos"
    paths = {route.path for route in service.catalog.operations["Authenticate"].routes}
    assert paths == {"/auth", "/auth/{provider}"}
    assert "Special" not in {field.name for field in describe(service.catalog).record("Authenticate").properties}


def test_without_users_they_are_those_of_the_contract() -> None:
    service = Service("Shop", roles=["Admin"])
    declare(service)
    add_handlers(service).catalog.check()
    assert {route.path for route in service.catalog.operations["Authenticate"].routes} == {"/auth", "/authenticate"}


def test_other_operations_of_one_name_are_refused() -> None:
    service = Service("Twice")
    service.use(Users())

    class Authenticate(Dto):
        pass

    with pytest.raises(CatalogError, match="declared twice"):
        service.post("/other", access=SIGNED_IN)(Authenticate)
    other = Service("Both")
    other.post("/other", access=SIGNED_IN, gives_way=True)(Authenticate)
    with pytest.raises(CatalogError, match="both give way"):
        other.post("/other", access=SIGNED_IN, gives_way=True)(Authenticate)
