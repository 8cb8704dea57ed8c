"""Error responses: a status from one table, and a ResponseStatus in the negotiated format."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from http.client import responses
from typing import Any

import falcon
import structlog

from gateway import counters, errors
from gateway.contract.dto import Dto, Instance
from gateway.contract.dto_field import ALLOWED_VALUES
from gateway.contract.responses import ErrorResponse, ResponseError, ResponseStatus, error_type
from gateway.contract.shapes import DECLARED, declared_path, document_shape
from gateway.http import jsconfig, login
from gateway.http.auth import challenge
from gateway.http.request import Request
from gateway.http.surroundings import Surroundings
from gateway.logs import Rarely
from gateway.metadata.library import HTML
from serializers.base import Serializer
from serializers.dialect import Dialect
from serializers.registry import Registry

#: In an error's meta: the index of the request that ended a batch.
BATCH_INDEX = "AutoBatchIndex"

#: The message of an unexpected error; the log has the details.
UNFORESEEN = "Something went wrong here. Quote the request id when you contact support."

log = structlog.get_logger("gateway")

STATUS: Mapping[type[errors.ServiceError], int] = {
    errors.MalformedRequest: 400,
    errors.InvalidArgument: 400,
    errors.ValidationFailed: 400,
    errors.NotAuthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.NotSupported: 405,
    errors.RequestTimeout: 408,
    errors.Conflict: 409,
    errors.PreconditionFailed: 412,
    errors.TooLarge: 413,
    errors.UnsupportedMedia: 415,
    errors.IdempotencyKeyReused: 422,
    errors.TooManyRequests: 429,
    errors.ClientLeft: 499,
    errors.Unavailable: 503,
}

#: Falcon's errors by status: error code, and a message in place of Falcon's.
_FALCON: Mapping[int, tuple[str, str]] = {
    400: ("BadRequest", ""),
    404: ("NotFound", "There is nothing at this address."),
    405: ("MethodNotAllowed", ""),
    413: ("RequestEntityTooLarge", ""),
    414: ("RequestUriTooLong", ""),
    415: ("UnsupportedMediaType", ""),
}


#: Errors of ServiceStack's host, before an operation runs: the reason phrase is HTTP's.
_HOST_ERRORS = (
    errors.NotAuthenticated,
    errors.NotSupported,
    errors.TooLarge,
    errors.UnsupportedMedia,
    errors.TooManyRequests,
    errors.Unavailable,
)
#: The error code of a value that does not bind.
_UNBOUND = errors.MalformedRequest.error_code
_SAFE = ("GET", "HEAD")
_PHRASE = re.compile(r"[A-Za-z][A-Za-z0-9 ]{0,63}")


class ErrorAnswers:
    """Turns exceptions into responses.

    :ivar registry: the formats; JSON replaces a format that can't write an error.
    :ivar surroundings: makes what surrounds errors on pages for people.
    :ivar realm: the realm of WWW-Authenticate.
    :ivar debug: whether responses contain stack traces.
    :ivar compatible: field names and reason phrases are ServiceStack's; otherwise wire names and HTTP's phrases.
    :ivar nearest: returns the sentence of a 404 that suggests another route, for the path of the request.
    """

    def __init__(
        self,
        registry: Registry,
        surroundings: Surroundings,
        nearest: Callable[[str], str],
        realm: str,
        *,
        debug: bool,
        compatible: bool = True,
    ) -> None:
        self.registry = registry
        self.surroundings = surroundings
        self.nearest = nearest
        self.realm = realm
        self.debug = debug
        self.compatible = compatible
        self._rarely = Rarely()

    def install(self, app: falcon.App[Any, Any]) -> None:
        """Handle every exception of the app."""
        app.add_error_handler(Exception, self._unforeseen)
        app.add_error_handler(falcon.HTTPError, self._refused_by_falcon)
        app.add_error_handler(errors.ServiceError, self._refused)

    def _refused(self, request: Request, response: falcon.Response, error: errors.ServiceError, _: Any) -> None:
        status = status_of(error)
        if status == 503:
            self._log_cause(request, error)
        if isinstance(error, errors.InvalidArgument):
            self._log_argument(request, error)
        self.answer(request, response, status, error)

    def _log_cause(self, request: Request, error: errors.ServiceError) -> None:
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        code = next((argument for argument in cause.args[:1] if isinstance(argument, int)), None)
        counters.count("gateway_unavailable", f"{type(cause).__name__}{'' if code is None else f' {code}'}")
        unlogged = self._rarely.admit((type(cause), code, "" if code else error.message))
        if unlogged is not None:
            log.warning(
                "unavailable",
                request_id=request.id,
                path=request.path,
                reason=error.message,
                cause=f"{type(cause).__name__}: {cause}",
                unlogged=unlogged,
            )

    def _log_argument(self, request: Request, error: errors.InvalidArgument) -> None:
        """Log where a handler raised ValueError. The message may contain values of the request, so it is only in the stack trace."""
        cause = error.__cause__
        *_, (frame, line) = traceback.walk_tb(cause.__traceback__ if cause else error.__traceback__)
        raised = f"{type(cause).__name__} at {frame.f_code.co_filename}:{line}"
        unlogged = self._rarely.admit((errors.InvalidArgument, raised))
        if unlogged is not None:
            operation = request.operation.name if request.operation else None
            log.warning(
                "invalid argument", request_id=request.id, operation=operation, raised=raised, unlogged=unlogged
            )
        log.debug("invalid argument", request_id=request.id, exc_info=error.__cause__)

    def _refused_by_falcon(self, request: Request, response: falcon.Response, error: falcon.HTTPError, _: Any) -> None:
        code, words = _FALCON.get(error.status_code, (error.title or "Error", ""))
        message = words or error.description or error.title or "The request can't be done."
        if isinstance(error, falcon.HTTPMethodNotAllowed):
            message = f"{request.method} is not allowed here; allowed: {_allowed(error)}."
        elif error.status_code == 404:
            message = f"{message} {self.nearest(request.path)}"
        response.set_headers(error.headers or {})
        self.answer(request, response, error.status_code, errors.ServiceError(message, error_code=code))

    def _unforeseen(self, request: Request, response: falcon.Response, error: Exception, _: Any) -> None:
        log.error("unforeseen", request_id=request.id, exc_info=error)
        hidden = errors.ServiceError(UNFORESEEN, meta={"RequestId": request.id})
        hidden.__cause__ = error
        self.answer(request, response, 500, hidden)

    def answer(self, request: Request, response: falcon.Response, status: int, error: errors.ServiceError) -> None:
        """Write an error onto a response: status, headers and body."""
        counters.count("gateway_errors", error.code if type(error) is errors.ServiceError else type(error).__name__)
        response.status = status
        if isinstance(error, errors.NotAuthenticated) and request.method in _SAFE and login.is_document(request):
            response.status = falcon.HTTP_302
            response.location = login.login_location(request)
            return
        if self.compatible:
            response.status = f"{status} {reason_phrase(status, error)}"
        if isinstance(error, errors.ValidationFailed) or error.code == _UNBOUND:
            dialect = self.registry.dialect
            if self.compatible:
                error.meta |= _allowed_values(error, request, dialect)
            error.errors = tuple(
                spelled(failure, request, dialect, compatible=self.compatible) for failure in error.errors
            )
        self._headers(request, response, error)
        if status < 500 and login.is_login_form(request):
            response.content_type = HTML
            response.data = login.refused_page(request, self.surroundings.frame(request), error.message)
            return
        negotiation = request.negotiation
        serializer, content_type = jsconfig.serializer_of(request), negotiation.content_type
        value = error_value(error, self._stack_trace(error), error_type(request.operation))
        try:
            body = self._encode(serializer, value, status, request)
        except Exception:
            log.exception("an error could not be written", request_id=request.id, format=serializer.name)
            fallback = self.registry.preferred
            content_type, body = fallback.content_type, self._encode(fallback, value, status, request)
        response.content_type = content_type
        response.data = body

    def _headers(self, request: Request, response: falcon.Response, error: errors.ServiceError) -> None:
        if isinstance(error, errors.NotAuthenticated) and _wants_challenge(request, error):
            response.set_header("WWW-Authenticate", challenge(self.realm))
        if isinstance(error, errors.TooManyRequests | errors.Unavailable) and error.retry_after is not None:
            response.set_header("Retry-After", str(error.retry_after))
        if isinstance(error, errors.NotSupported) and error.allowed:
            response.set_header("Allow", ", ".join(error.allowed))
        if BATCH_INDEX in error.meta:
            response.set_header("X-AutoBatch-Completed", error.meta[BATCH_INDEX])

    def _encode(self, serializer: Serializer, value: Instance, status: int, request: Request) -> bytes:
        dto = error_type(request.operation)
        if serializer.paged:
            told: Any = value.response_status
            problems = {(failure.field_name or "").lower(): failure.message or "" for failure in told.errors or ()}
            page = self.surroundings.error(status, told.message, request, problems)
            return serializer.encode(dto.schema().dump(value), document_shape(dto), page=page)
        return _writer(serializer, dto)(value)

    def _stack_trace(self, error: errors.ServiceError) -> str | None:
        return "".join(traceback.format_exception(error.__cause__ or error)) if self.debug else None


def _allowed(error: falcon.HTTPMethodNotAllowed) -> str:
    """Return the verbs of the Allow header, without HEAD and OPTIONS."""
    names = (error.headers or {})["Allow"].split(", ")  # type: ignore[index]
    return ", ".join(verb for verb in names if verb not in ("HEAD", "OPTIONS"))


def _wants_challenge(request: Request, error: errors.NotAuthenticated) -> bool:
    """Return whether a 401 has a Basic challenge. Browsers, which send Sec-Fetch-Mode, would open a dialog that blocks the page; they have
    the log-in page. After a failed log-in a challenge adds nothing."""
    return not isinstance(error, errors.LoginFailed) and "HTTP_SEC_FETCH_MODE" not in request.env


def status_of(error: errors.ServiceError) -> int:
    """Return the HTTP status of an error."""
    if isinstance(error, errors.StatusError):
        return error.status
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def reason_phrase(status: int, error: errors.ServiceError) -> str:
    """Return the reason phrase as ServiceStack writes it; C# clients read it as StatusDescription. It is the error code for errors of an
    operation (``404 NotFound``), and HTTP's phrase for errors of the host (``404 Not Found``)."""
    phrase = responses.get(status, error.code)
    if isinstance(error, errors.NotAuthenticated):
        return errors.WRONG_LOGIN if error.message == errors.WRONG_LOGIN else phrase
    of_host = type(error) is errors.ServiceError or isinstance(error, _HOST_ERRORS)
    if of_host or error.code == _UNBOUND or not _PHRASE.fullmatch(error.code):
        return phrase
    return error.code


def error_value(error: errors.ServiceError, stack_trace: str | None = None, dto: type[Dto] = ErrorResponse) -> Instance:
    """Return the ErrorResponse of an error, or another DTO with a ResponseStatus."""
    failures = [
        ResponseError.new(
            error_code=failure.error_code,
            field_name=failure.field_name,
            message=failure.message,
            meta=dict(failure.meta) or None,
        )
        for failure in error.errors
    ]
    status = ResponseStatus.new(
        error_code=error.code,
        message=error.message,
        stack_trace=stack_trace,
        errors=failures,
        meta=error.meta or None,
    )
    return dto.new(response_status=status)


def _allowed_values(error: errors.ServiceError, request: Request, dialect: Dialect) -> Mapping[str, str]:
    """Return, for the error's meta, the members of the enums for which the body has invalid values.

    ServiceStack's errors of queries and forms have no meta. It has no errors of enums in bodies, where it drops such values.
    """
    texts = [
        f"{spelled(failure, request, dialect, compatible=True).field_name}: {failure.meta[ALLOWED_VALUES]}"
        for failure in error.errors
        if ALLOWED_VALUES in failure.meta and failure.field_name not in request.given_names
    ]
    return {ALLOWED_VALUES: "; ".join(texts)} if texts else {}


def spelled(failure: errors.FieldError, request: Request, dialect: Dialect, *, compatible: bool) -> errors.FieldError:
    """Return the failure with its field's name in the dialect, or as ServiceStack names it: as the client spelled a member of the query or
    form whose value does not bind, otherwise as the DTO declares it. Dialects with names that .NET does not know keep them."""
    if request.operation is None:
        return failure
    name = request.given_names.get(failure.field_name) if compatible and failure.error_code == _UNBOUND else None
    if name is None:
        names = DECLARED if compatible and dialect.names != "snake" else dialect
        name = declared_path(request.operation.request_shape, failure.field_name, names)
    message = failure.message
    if failure.error_code == _UNBOUND:
        before, _, after = message.rpartition(f"'{failure.field_name}'")
        message = f"{before}'{name}'{after}" if before else message
    if ALLOWED_VALUES not in failure.meta:
        return replace(failure, field_name=name, message=message)
    if not compatible:
        message = f"{message}; allowed: {failure.meta[ALLOWED_VALUES]}"
    # ServiceStack's errors of values that can't be bound have no meta.
    return replace(failure, field_name=name, message=message, meta={})


def error_document(error: errors.ServiceError, serializer: Serializer) -> bytes:
    """Return the ErrorResponse of an error as bytes, for requests that can't be read."""
    return _writer(serializer, ErrorResponse)(error_value(error))


@cache
def _writer(serializer: Serializer, dto: type[Dto]) -> Callable[[Any], bytes]:
    return serializer.writer(document_shape(dto))
