"""ServiceStack's DTOs, which its client libraries contain: base classes and responses of operations of other hosts.

class QueryOrders(close(servicestack.QueryDb, Order)): ...                                # QueryDb<Order>
@service.get("/orders", returns=close(servicestack.QueryResponse, Order), access=SIGNED_IN)
"""

from __future__ import annotations

from gateway.contract import fields
from gateway.contract.dto import Dto
from gateway.contract.dto_field import DataMember
from gateway.contract.generics import TypeParameter
from gateway.contract.responses import ErrorResponse, ResponseError, ResponseStatus

__all__ = [
    "AuditBase",
    "AuthenticateResponse",
    "EmptyResponse",
    "ErrorResponse",
    "IdResponse",
    "IntResponse",
    "QueryBase",
    "QueryData",
    "QueryDb",
    "QueryResponse",
    "ResponseError",
    "ResponseStatus",
    "StringResponse",
    "StringsResponse",
]

#: Operations that ``Users()`` brings: those of an imported contract give way to them.
OF_USERS = frozenset({"Authenticate", "ConvertSessionToToken", "GetAccessToken"})
NAMESPACE = "http://schemas.servicestack.net/types"


#: The parameters of every AutoQuery request.
class QueryBase(Dto):
    skip = fields.Integer(data_member=DataMember(order=1))
    take = fields.Integer(data_member=DataMember(order=2))
    order_by = fields.String(data_member=DataMember(order=3))
    order_by_desc = fields.String(data_member=DataMember(order=4))
    include = fields.String(data_member=DataMember(order=5))
    fields_ = fields.String(data_member=DataMember(order=6))
    meta = fields.Map(data_member=DataMember(order=7))


#: An AutoQuery request for rows of a table.
class QueryDb(QueryBase):
    parameters = ("T",)


#: An AutoQuery request for items of another source.
class QueryData(QueryBase):
    parameters = ("T",)


#: A page of the rows that an AutoQuery request returns.
class QueryResponse(Dto):
    parameters = ("T",)
    rows = "results"

    offset = fields.Integer(nullable=False, data_member=DataMember(order=1))
    total = fields.Integer(nullable=False, data_member=DataMember(order=2))
    results = fields.List(TypeParameter("T"), data_member=DataMember(order=3))
    meta = fields.Map(data_member=DataMember(order=4))
    response_status = fields.Nested(ResponseStatus, data_member=DataMember(order=5))


#: Creator and last editor of a row, with times.
class AuditBase(Dto):
    created_date = fields.DateTime(nullable=False, data_member=DataMember(order=1))
    created_by = fields.String(data_member=DataMember(order=2))
    modified_date = fields.DateTime(nullable=False, data_member=DataMember(order=3))
    modified_by = fields.String(data_member=DataMember(order=4))
    deleted_date = fields.DateTime(data_member=DataMember(order=5))
    deleted_by = fields.String(data_member=DataMember(order=6))


#: The id of the created entity.
class IdResponse(Dto):
    id = fields.String(data_member=DataMember(order=1))
    response_status = fields.Nested(ResponseStatus, data_member=DataMember(order=2))


#: A text.
class StringResponse(Dto):
    result = fields.String(data_member=DataMember(order=1))
    meta = fields.Map(data_member=DataMember(order=2))
    response_status = fields.Nested(ResponseStatus, data_member=DataMember(order=3))


#: Texts.
class StringsResponse(Dto):
    results = fields.List(fields.String(), data_member=DataMember(order=1))
    meta = fields.Map(data_member=DataMember(order=2))
    response_status = fields.Nested(ResponseStatus, data_member=DataMember(order=3))


#: A number.
class IntResponse(Dto):
    result = fields.Integer(nullable=False, data_member=DataMember(order=1))
    meta = fields.Map(data_member=DataMember(order=2))
    response_status = fields.Nested(ResponseStatus, data_member=DataMember(order=3))


#: Errors only.
class EmptyResponse(Dto):
    response_status = fields.Nested(ResponseStatus, data_member=DataMember(order=1))


#: The response of a log-in.
class AuthenticateResponse(Dto):
    user_id = fields.String(data_member=DataMember(order=1))
    session_id = fields.String(data_member=DataMember(order=2))
    user_name = fields.String(data_member=DataMember(order=3))
    display_name = fields.String(data_member=DataMember(order=4))
    referrer_url = fields.String(data_member=DataMember(order=5))
    bearer_token = fields.String(data_member=DataMember(order=6))
    refresh_token = fields.String(data_member=DataMember(order=7))
    refresh_token_expiry = fields.DateTime(data_member=DataMember(order=8))
    profile_url = fields.String(data_member=DataMember(order=9))
    roles = fields.List(fields.String(), data_member=DataMember(order=10))
    permissions = fields.List(fields.String(), data_member=DataMember(order=11))
    auth_provider = fields.String(data_member=DataMember(order=12))
    response_status = fields.Nested(ResponseStatus, data_member=DataMember(order=13))
    meta = fields.Map(data_member=DataMember(order=14))
