"""The errors of a service, independent of HTTP; ``gateway.http.errors`` maps each type to a status.

::

    GatewayError
    +-- ConfigurationError     a setting is missing or wrong; the server does not start
    +-- CatalogError           the declarations contradict each other; the server does not start
    +-- CallFailed             a call of a test client got an error response (`gateway.http.testing`)
    +-- ServiceError           a request that fails; has an error code, a message, and failures by field
        +-- MalformedRequest   the body can't be read, or a value is not of its field's type
        +-- ValidationFailed   values that break a rule, all of them
        +-- NotAuthenticated   the request has no credentials, or wrong ones
        |   +-- LoginFailed    a log-in with a wrong name or password
        +-- Forbidden          the caller may not do this
            +-- RoleMissing    the caller lacks a role that the operation needs
            +-- PermissionMissing  the caller lacks a permission that the operation needs
        +-- NotFound           the entity does not exist, or the caller may not see it
        +-- NotSupported       the operation does not exist, or not with this verb
        +-- IdempotencyKeyReused   another request has used the Idempotency-Key
        +-- Conflict           stored data contradicts the request
            +-- KeyInProgress  a request with the same Idempotency-Key is in progress
        +-- PreconditionFailed the stored version is not the one in If-Match
        +-- TooLarge           the request has too many bytes or items
            +-- ResponseTooLarge   the response needs too many rows or bytes
        +-- RequestTimeout     the request body did not arrive in time
        +-- UnsupportedMedia   the server does not read the format of the body
        +-- TooManyRequests    the caller must wait
        +-- Unavailable        a part of the service is unavailable
            +-- OutOfTime      the request exceeds its time limit
            +-- OutcomeUnknown  the commit was not acknowledged
        +-- InvalidArgument    a handler raised ValueError
        +-- ClientLeft         the client closed its connection during a batch
        +-- StatusError        an error of the service's choice, with its status
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

#: The message for a name and password that do not match: the same for a user that does not exist, has no password, or is disabled.
WRONG_LOGIN = "Invalid Username or Password"


class GatewayError(Exception):
    """The base class of the service's errors."""


class ConfigurationError(GatewayError):
    """A missing or invalid setting."""


class CatalogError(GatewayError):
    """Contradictory declarations."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One failure of one field: ServiceStack's ResponseError.

    :ivar field_name: the wire path, ``members[0].role``.
    """

    error_code: str
    field_name: str
    message: str
    meta: Mapping[str, str] = field(default_factory=dict)


class CallFailed(GatewayError):
    """A call of a test client got an error response.

    :ivar operation: the name of the operation.
    :ivar status: the HTTP status.
    :ivar code: the error code that clients check.
    :ivar message: what, where and why.
    :ivar errors: the failures by field.
    """

    def __init__(self, operation: str, status: int, code: str, message: str, errors: Sequence[FieldError] = ()) -> None:
        fields = "".join(f"; {error.field_name}: {error.message}" for error in errors)
        super().__init__(f"{operation}: {status} {code}: {message}{fields}")
        self.operation = operation
        self.status = status
        self.code = code
        self.message = message
        self.errors = tuple(errors)


class ServiceError(GatewayError):
    """A request that fails.

    :ivar error_code: the error code that clients check.
    :ivar message: what, where and why, for people.
    :ivar errors: the failures by field.
    :ivar meta: further facts for clients.
    """

    error_code: ClassVar[str] = "InternalServerError"

    def __init__(
        self,
        message: str,
        errors: Sequence[FieldError] = (),
        *,
        error_code: str = "",
        meta: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.errors = tuple(errors)
        self.code = error_code or self.error_code
        self.meta = dict(meta or {})


class MalformedRequest(ServiceError):
    """A body that can't be parsed. The message has the position."""

    error_code = "SerializationException"


class ValidationFailed(ServiceError):
    """Values that can't be converted or break rules. Code and message are those of the first failure, as in ServiceStack."""

    def __init__(self, operation: str, errors: Sequence[FieldError]) -> None:
        first_error = errors[0]
        if any(error.error_code == MalformedRequest.error_code for error in errors):
            code, message = MalformedRequest.error_code, f"Unable to bind to request '{operation}'"
        else:
            code, message = first_error.error_code, first_error.message
        super().__init__(message, errors, error_code=code)


class NotAuthenticated(ServiceError):
    """The request has no credentials, or wrong ones."""

    error_code = "Unauthorized"

    def __init__(self, message: str = "Not Authenticated") -> None:
        super().__init__(message)


class LoginFailed(NotAuthenticated):
    """A log-in with a wrong name or password."""


class Forbidden(ServiceError):
    """The caller may not do this."""

    error_code = "Forbidden"


class RoleMissing(Forbidden):
    """The caller lacks a role that the operation needs. Code and message are ServiceStack's."""

    error_code = "Invalid Role"

    def __init__(self) -> None:
        super().__init__(self.error_code)


class PermissionMissing(Forbidden):
    """The caller lacks a permission that the operation needs. Code and message are ServiceStack's."""

    error_code = "Invalid Permission"

    def __init__(self) -> None:
        super().__init__(self.error_code)


class NotFound(ServiceError):
    """The entity does not exist, or the caller may not see it: the response does not reveal which."""

    error_code = "NotFound"


class NotSupported(ServiceError):
    """The operation does not exist, or not with this verb.

    :ivar allowed: the allowed verbs.
    """

    error_code = "NotImplementedException"

    def __init__(self, message: str, allowed: Sequence[str] = (), *, error_code: str = "") -> None:
        super().__init__(message, error_code=error_code)
        self.allowed = tuple(allowed)


class IdempotencyKeyReused(ServiceError):
    """Another request has used the Idempotency-Key."""

    error_code = "IdempotencyKeyReused"


class Conflict(ServiceError):
    """Stored data contradicts the request, such as a name that is taken."""

    error_code = "Conflict"


class KeyInProgress(Conflict):
    """A request with the same Idempotency-Key is in progress."""

    error_code = "IdempotencyKeyInProgress"

    def __init__(self) -> None:
        super().__init__("A request with this Idempotency-Key is in progress. Repeat it when that one has ended.")


class PreconditionFailed(ServiceError):
    """The stored version is not the one in If-Match."""

    error_code = "PreconditionFailed"


class TooLarge(ServiceError):
    """The request has too many bytes or items."""

    error_code = "RequestEntityTooLarge"


class ResponseTooLarge(TooLarge):
    """The response needs too many rows or bytes."""


class RequestTimeout(ServiceError):
    """The client sends the request's body too slowly."""

    error_code = "RequestTimeout"


class UnsupportedMedia(ServiceError):
    """The server does not support the format of the body."""

    error_code = "UnsupportedMediaType"


class TooManyRequests(ServiceError):
    """The caller must wait.

    :ivar retry_after: seconds.
    """

    error_code = "TooManyRequests"

    def __init__(self, message: str, retry_after: int, *, meta: Mapping[str, str] | None = None) -> None:
        super().__init__(message, meta=meta)
        self.retry_after = retry_after


class Unavailable(ServiceError):
    """A part of the service is unavailable. No change of the request is stored.

    :ivar retry_after: seconds; None if the request is not safe to repeat.
    """

    error_code = "ServiceUnavailable"

    def __init__(self, message: str, retry_after: int | None = 2) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class OutcomeUnknown(Unavailable):
    """The database did not acknowledge the commit: the changes may or may not be stored."""

    error_code = "OutcomeUnknown"


class OutOfTime(Unavailable):
    """The request exceeds its time limit."""


class ClientLeft(ServiceError):
    """The client closed its connection during a batch. The rest of the batch is not executed."""

    error_code = "ClientClosedRequest"

    def __init__(self) -> None:
        super().__init__("The client closed its connection; the rest of the batch was not done.")


class InvalidArgument(ServiceError):
    """A handler's ValueError. Code and message are those of ServiceStack's ArgumentException."""

    error_code = "ArgumentException"

    def __init__(self, error: ValueError) -> None:
        super().__init__(str(error) or "Value does not fall within the expected range.")


class StatusError(ServiceError):
    """An error of the service's choice.

    :ivar status: the HTTP status, 400 to 599.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message, error_code=code)
        self.status = status


def status(status: int, code: str, message: str = "") -> StatusError:
    """Return an error to raise: ``raise errors.status(402, "PaymentRequired", "The account has no credit.")``.

    :param status: the HTTP status, 400 to 599.
    :param code: the error code that clients check.
    :param message: what, where and why, for people; if empty, the code.
    :raises ValueError: when the status is not that of an error.
    """
    if not 400 <= status <= 599:
        raise ValueError(f"{status} is not the status of an error: those are 400 to 599")
    return StatusError(status, code, message or code)
