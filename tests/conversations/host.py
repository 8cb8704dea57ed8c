"""The operations of a recorded ServiceStack 5.8 host, served by the gateway: a catalog that has nothing to do with the product's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from gateway import errors
from gateway.calls import Context
from gateway.contract import fields, rules, scalars
from gateway.contract.catalog import ANYONE, Catalog
from gateway.contract.dto import Dto, Instance
from gateway.contract.fields import DtoFlags
from gateway.contract.responses import ResponseStatus
from gateway.errors import FieldError
from gateway.sessions.declared import USER
from gateway.sessions.declared import catalog as product
from gateway.sessions.dtos.flows import FlowChannels
from tests.metadata.recorded import (
    CustomerBreadcrumb,
    EndSession,
    GetSession,
    NewSession,
    SessionInfo,
    SessionLogInfo,
    SessionMemberInfo,
)

NAMESPACE = "Evo.ServiceModel"
DATE = "2026-01-02T03:04:05.0000000Z"

__all__ = ["catalogs"]


class FlagsEnum(DtoFlags):
    None_ = 0
    A = 1
    B = 2
    C = 4


class ListSessions(Dto):
    skip = fields.Integer()
    take = fields.Integer()
    ids = fields.List(fields.String())
    channel = fields.Enum(FlowChannels)
    crumb = fields.Nested(CustomerBreadcrumb)
    tags = fields.Map()
    nums = fields.List(fields.Integer())


class ListSessionsResponse(Dto):
    count = fields.Integer()
    results = fields.List(fields.Nested(SessionInfo))
    echo = fields.Nested(ListSessions)


def _adult(age: int | None) -> None:
    # There, an age that is not given is 0.
    if (age or 0) <= 17:
        raise rules.refuse("Must be an adult", "GreaterThan", age or 0, ComparisonValue=17, ComparisonProperty="")


class UpdateSession(Dto):
    display_name = fields.String(rules=[rules.not_empty(code="ShouldNotBeEmpty")])
    age = fields.Integer(rules=[_adult])
    email = fields.String(rules=[rules.email()])
    session_id = fields.String(rules=[rules.length(1, 8)])
    crumbs = fields.List(fields.Nested(CustomerBreadcrumb))


class UpdateSessionResponse(Dto):
    session_id = fields.String()
    display_name = fields.String()
    age = fields.Integer()
    response_status = fields.Nested(ResponseStatus)


class ThrowError(Dto):
    kind = fields.String()
    message = fields.String()


class ThrowErrorResponse(Dto):
    response_status = fields.Nested(ResponseStatus)
    result = fields.String()


class SecureSession(Dto):
    display_name = fields.String()


class RawList(Dto):
    n = fields.Integer()


class Raw(Dto):
    kind = fields.String()
    text = fields.String()


class KeyValuePair(Dto):
    is_value = True

    key = fields.String()
    value = fields.String()


class EchoTypes(Dto):
    bool = fields.Boolean()
    n_bool = fields.Boolean()
    byte = scalars.Unsigned(bits=8)
    short = fields.Integer(bits=16)
    int = fields.Integer()
    n_int = fields.Integer()
    long = fields.Integer(bits=64)
    u_long = scalars.Unsigned(bits=64)
    float = scalars.Single()
    double = scalars.Double()
    decimal = scalars.Decimal()
    char = scalars.Char()
    string = fields.String()
    date_time = scalars.DateTime()
    n_date_time = scalars.DateTime()
    date_time_offset = scalars.DateTimeOffset()
    time_span = scalars.TimeSpan()
    n_time_span = scalars.TimeSpan()
    guid = scalars.Guid()
    n_guid = scalars.Guid()
    bytes = scalars.Binary()
    enum = fields.Enum(FlowChannels)
    n_enum = fields.Enum(FlowChannels)
    flags = fields.Flags(FlagsEnum)
    string_list = fields.List(fields.String())
    string_array = fields.List(fields.String())
    int_list = fields.List(fields.Integer())
    string_map = fields.Map()
    int_map = fields.Map(keys=fields.Integer())
    nested = fields.Nested(CustomerBreadcrumb)
    nested_list = fields.List(fields.Nested(CustomerBreadcrumb))
    object = fields.String()
    pair = fields.Nested(KeyValuePair)
    uri = fields.String()
    type = fields.String()


def catalogs() -> dict[str, Catalog]:
    """The host in both variants: a new session for anybody, or for the role User."""
    return {"open": _catalog(""), "role": _catalog(USER)}


def _catalog(role: str) -> Catalog:
    catalog = Catalog(roles=product.roles)
    tags = ["session"]
    if role:
        catalog.operation("POST", "/sessions", returns=SessionInfo, role=role, tags=tags)(NewSession)
    else:
        catalog.operation("POST", "/sessions", returns=SessionInfo, access=ANYONE, tags=tags)(NewSession)
    catalog.operation("GET", "/sessions/{SessionId}", returns=SessionInfo, access=ANYONE, tags=tags)(GetSession)
    catalog.operation("GET", "/sessions", returns=ListSessionsResponse, access=ANYONE, tags=tags)(ListSessions)
    catalog.operation("DELETE", "/sessions/{SessionId}", access=ANYONE, tags=tags)(EndSession)
    catalog.operation("PUT PATCH", "/sessions/{SessionId}", returns=UpdateSessionResponse, access=ANYONE, tags=tags)(
        UpdateSession
    )
    catalog.operation("ANY", "/throw/{Kind}", returns=ThrowErrorResponse, access=ANYONE, tags=tags)(ThrowError)
    catalog.operation("POST GET", "/secure/sessions", returns=SessionInfo, role=USER, tags=tags)(SecureSession)
    catalog.operation("ANY", "/echo/types", returns=EchoTypes, access=ANYONE, tags=tags)(EchoTypes)
    catalog.operation("GET", "/rawlist", returns=[SessionInfo], access=ANYONE, tags=tags)(RawList)
    catalog.operation("ANY", "/raw/{Kind}", returns=SessionInfo, access=ANYONE, tags=tags)(Raw)
    catalog.handles(NewSession)(_new_session)
    catalog.handles(GetSession)(_get_session)
    catalog.handles(ListSessions)(_list_sessions)
    catalog.handles(EndSession)(_end_session)
    catalog.handles(UpdateSession)(_update_session)
    catalog.handles(ThrowError)(_throw)
    catalog.handles(SecureSession)(lambda request, _: _session("secure", display_name=request.display_name))
    catalog.handles(EchoTypes)(_echo)
    catalog.handles(RawList)(lambda *_: [_sample("1"), _sample("2")])
    catalog.handles(Raw)(lambda request, _: _sample("opt" if request.kind == "optimized" else "cached"))
    _with_signing_in(catalog)
    return catalog


def _with_signing_in(catalog: Catalog) -> None:
    for operation in product:
        if operation.tags == ("authentication",):
            first, *others = operation.routes
            catalog.operation(
                " ".join(first.verbs),
                first.path,
                also=[(" ".join(each.verbs), each.path) for each in others],
                returns=operation.returns,
                access=operation.access,
                tags=operation.tags,
                signs_in=operation.signs_in,
            )(operation.dto)
            catalog.handles(operation.dto)(product.handlers[operation.name])


def _session(session_id: str, addresses: list[str] | None = None, **values: Any) -> Instance:
    members = [
        SessionMemberInfo.new(
            identity=f"user:{number}",
            display_name=address,
            is_original_member=number == 0,
            application_data={"email": address, "k:2": 'v,"2"'},
            call_state="Connected",
            role="Agent",
            muted=False,
        )
        for number, address in enumerate(addresses or ())
    ]
    usual: dict[str, Any] = {
        "dial_state": "Active",
        "call_state": "Connected",
        "queue_state": "None",
        "account_id": "acc1",
        "account_name": 'Acme, Inc "A"',
        "customer_breadcrumb": [
            CustomerBreadcrumb.new(id="c0", name="Root"),
            CustomerBreadcrumb.new(id="c1", name="Leaf, with comma"),
        ],
        "channel": "Voice",
        "ended": False,
        "hold_reason": "None",
        "log": [SessionLogInfo.new(date=DATE, message="Session created")],
        "members": members,
        "direction": "Outgoing",
        "id": session_id,
        "date_created": DATE,
        "date_last_modified": DATE,
        "created_by": "user:1",
        "last_modified_by": "user:1",
    }
    return SessionInfo.new(**{**usual, **{name: value for name, value in values.items() if value is not None}})


def _sample(session_id: str) -> Instance:
    return _session(
        session_id,
        ["a@example.org", "b@example.org"],
        from_name="Zoë 😀",
        display_name="First <b>&\"quoted\" 'x'",
    )


_TAKEN = (
    "display_name", "channel", "direction", "call_state", "from_address", "from_name", "to_address", "customer_id",
    "from_phone_number", "destination",
)  # fmt: skip


def _new_session(request: Any, _: Context) -> Instance:
    if request.display_name == "bad":
        raise _argument("DisplayName can not be bad (Parameter 'displayName')", "displayName")
    values = {name: getattr(request, name) for name in _TAKEN}
    return _session("s-new", request.member_email_addresses, was_missed=request.start_session, **values)


def _get_session(request: Any, _: Context) -> Instance:
    _there(request.session_id)
    return _sample(request.session_id)


def _end_session(request: Any, _: Context) -> None:
    _there(request.session_id)


def _there(session_id: str) -> None:
    if session_id == "404":
        raise errors.NotFound(f"Session '{session_id}' does not exist")


def _list_sessions(request: Any, _: Context) -> Instance:
    results = [_sample(str(number)) for number in range(1, 1 + (2 if request.take is None else request.take))]
    return ListSessionsResponse.new(count=len(results), results=results, echo=request)


def _update_session(request: Any, _: Context) -> Instance:
    return UpdateSessionResponse.new(session_id=request.session_id, display_name=request.display_name, age=request.age)


def _argument(message: str, parameter: str, code: str = "ArgumentException") -> errors.ServiceError:
    return errors.MalformedRequest(message, [FieldError(code, parameter, message)], error_code=code)


def _failures() -> dict[str, Exception]:
    """What ThrowError raises: what a handler here would, with the codes of .NET's exceptions where clients switch on them."""
    return {
        "argument": _argument("Bad argument (Parameter 'someParam')", "someParam"),
        "argumentnull": _argument(
            "Value cannot be null. (Parameter 'someParam')", "someParam", "ArgumentNullException"
        ),
        "notfound": errors.NotFound("Not here"),
        "conflict": errors.Conflict("Already exists"),
        "unauthorized": errors.NotAuthenticated("No entry"),
        "forbidden": errors.Forbidden("Not you"),
        "unauthaccess": _coded(errors.Forbidden("UAE"), "UnauthorizedAccessException"),
        "filenotfound": errors.NotFound("no file", error_code="FileNotFoundException"),
        "methodnotallowed": errors.NotSupported("Not so", error_code="MethodNotAllowed"),
        "notimplemented": errors.NotSupported("not yet", error_code="NotImplementedException"),
        "serialization": errors.MalformedRequest("ser"),
        "format": errors.MalformedRequest("fmt", error_code="FormatException"),
        "inner": errors.MalformedRequest("inner msg", error_code="ArgumentException"),
        "agg": errors.MalformedRequest("inner agg", error_code="ArgumentException"),
        "teapot": errors.Conflict("I am a teapot", error_code="Teapot"),
        "custom": errors.MalformedRequest("My message", [FieldError("F1", "Field1", "first")], error_code="MyCode"),
        "invalidop": RuntimeError("bad state"),
        "timeout": TimeoutError("too slow"),
    }


def _coded(error: errors.ServiceError, code: str) -> errors.ServiceError:
    error.code = code
    return error


def _throw(request: Any, _: Context) -> Instance:
    if request.kind == "ok":
        return ThrowErrorResponse.new(result="ok")
    if request.kind == "httpresult":
        return ThrowErrorResponse.new(result="r")
    raise _failures().get(request.kind, Exception("Something broke"))


#: What .NET's value types are where nobody gave a value.
_ZEROES: dict[str, Any] = {
    "bool": False,
    "byte": 0,
    "short": 0,
    "int": 0,
    "long": 0,
    "u_long": 0,
    "float": 0.0,
    "double": 0.0,
    "decimal": Decimal(0),
    "char": "\0",
    "date_time": datetime(1, 1, 1),
    "date_time_offset": datetime(1, 1, 1, tzinfo=UTC),
    "time_span": timedelta(),
    "guid": UUID(int=0),
    "enum": "Voice",
    "flags": 0,
    "pair": KeyValuePair.new(),
}


def _echo(request: Any, _: Context) -> Instance:
    for name, value in _ZEROES.items():
        if getattr(request, name) is None:
            setattr(request, name, value)
    return request  # type: ignore[no-any-return]
