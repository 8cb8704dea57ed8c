"""The catalog of the sessions API: every module of DTOs declares its operations in it."""

from __future__ import annotations

from gateway.contract.catalog import Catalog

USER = "User"
MANAGER = "Manager"
CUSTOMER = "Customer"
SYSTEM_ADMINISTRATOR = "SystemAdministrator"

ROLES = (USER, MANAGER, CUSTOMER, SYSTEM_ADMINISTRATOR)

catalog = Catalog(roles=ROLES)
