"""The service in which the modules of DTOs declare their operations, and its roles."""

from __future__ import annotations

from gateway import Service

USER = "User"
MANAGER = "Manager"
CUSTOMER = "Customer"
SYSTEM_ADMINISTRATOR = "SystemAdministrator"

ROLES = (USER, MANAGER, CUSTOMER, SYSTEM_ADMINISTRATOR)

service = Service("Sessions", roles=ROLES, administrator=SYSTEM_ADMINISTRATOR)
catalog = service.catalog
