"""ServiceStack's error DTOs."""

from __future__ import annotations

from gateway.contract import fields
from gateway.contract.catalog import Operation
from gateway.contract.dto import Dto
from gateway.contract.view import View

NAMESPACE = "http://schemas.servicestack.net/types"


class ResponseError(Dto):
    view = View("Error", columns=["field_name", "message", "error_code"])
    ordered = True
    omitted = ("meta",)

    error_code = fields.String()
    field_name = fields.String()
    message = fields.String()
    meta = fields.Map()


class ResponseStatus(Dto):
    ordered = True

    error_code = fields.String()
    message = fields.String()
    stack_trace = fields.String()
    errors = fields.List(fields.Nested(ResponseError))
    meta = fields.Map()


class ErrorResponse(Dto):
    response_status = fields.Nested(ResponseStatus)


def error_type(operation: Operation | None) -> type[Dto]:
    """Return the type of an operation's errors: its response if that has a ResponseStatus, as clients expect of Authenticate."""
    returns = None if operation is None else operation.returns
    return returns if returns is not None and "response_status" in returns.schema().fields else ErrorResponse
