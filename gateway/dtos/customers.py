"""Customers: whom a session is for."""

from __future__ import annotations

from gateway.contract import fields
from gateway.contract.dto import Dto

NAMESPACE = "Voice.Api.Customers"


class CustomerBreadcrumb(Dto):
    id = fields.String()
    name = fields.String()
