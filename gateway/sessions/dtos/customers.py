"""DTOs of customers, for whom sessions are held."""

from __future__ import annotations

from gateway import Dto, View, close, fields, rules
from gateway.contract.lists import ListResponse, filter_of, list_request
from gateway.sessions.declared import CUSTOMER, MANAGER, SYSTEM_ADMINISTRATOR, service
from gateway.sessions.dtos.entities import EntityInfo

NAMESPACE = "Voice.Api.Customers"

_READERS_AND_WRITERS = (SYSTEM_ADMINISTRATOR, MANAGER, CUSTOMER)


class CustomerBreadcrumb(Dto):
    id = fields.String()
    name = fields.String()


class CustomerInfo(EntityInfo):
    view = View(
        "Customer",
        title=["name"],
        columns=["name", "reference_id", "account_name", "breadcrumb", "date_created", "date_last_modified"],
        sorted_by="date_created",
    )

    account_id = fields.String("The ID of the account that the customer belongs to")
    account_name = fields.String("The name of the account that the customer belongs to")
    parent_customer_id = fields.String("The ID of the customer that this one is part of")
    breadcrumb = fields.List(
        fields.Nested(CustomerBreadcrumb), "The way to this customer: the topmost one first, this one last"
    )
    name = fields.String("The name of the customer")
    reference_id = fields.String("The customer's ID in another system")


@service.get(
    "/customers",
    returns=close(ListResponse, CustomerInfo),
    any_role=_READERS_AND_WRITERS,
    tags=["customers"],
)
class ListCustomers(list_request(CustomerInfo)):  # type: ignore[misc]
    """List customers"""

    account_ids = filter_of("Return only customers of these accounts")
    name_filter = fields.String("Return only customers whose name contains this text")
    parent_customer_ids = filter_of("Return only customers that are part of these customers")


@service.post("/customers", returns=CustomerInfo, any_role=_READERS_AND_WRITERS, tags=["customers"], idempotent=True)
class NewCustomer(Dto):
    """Create a new customer"""

    account_id = fields.String("The account of the customer (defaults to the user's first account)", length=64)
    name = fields.String("The name of the customer", length=255, rules=[rules.not_empty()])
    parent_customer_id = fields.String("The customer that this one is part of", length=64)
    reference_id = fields.String("The customer's ID in another system", length=255)
