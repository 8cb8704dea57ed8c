"""Credentials in HTTP: headers and cookies, and protection against cross-site requests.

Cookies carry log-ins, and browsers send them with requests that other sites' pages make; so a request that changes something and is signed
in by a cookie must come from a page of this site, or from no page at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from gateway import audit, turns
from gateway.calls import NONE, Callers, Cookie, Credentials, Method, Principal, authorize
from gateway.contract.catalog import Operation
from gateway.errors import Forbidden, NotAuthenticated, ServiceError
from gateway.http.request import Request
from gateway.origins import ANY, is_origin_of_host

#: Key in the WSGI environment: the id of the signed-in user; empty if the credentials were refused.
CALLER = "gateway.caller"

_NO_SCHEME = "The Authorization header has no scheme: send 'Authorization: Bearer KEY'."

#: The keys of the fields of `Credentials` in the WSGI environment, and the values without them.
_SHOWN = ("HTTP_AUTHORIZATION", "HTTP_X_API_KEY", "HTTP_X_SS_ID", "HTTP_COOKIE", "REMOTE_ADDR")
_NONE = tuple(NONE)

_HERE = frozenset({"same-origin", "none"})


@dataclass(frozen=True, slots=True)
class Gate:
    """Checks the access of requests.

    :ivar callers: authenticates callers; None for a service whose requests are all anonymous.
    :ivar origins: web origins whose pages may call (CORS).
    """

    callers: Callers | None
    origins: Collection[str] = ()

    def admit(self, operation: Operation, request: Request, *, recorded: bool = True) -> Principal | None:
        """Return the caller of an operation, or None. Raises NotAuthenticated, Forbidden and TooManyRequests.

        :param recorded: whether the refusal of a known caller writes a line to the audit log.
        """
        access = operation.access
        assert access is not None
        caller, refusal = self.identify(request)
        # Operations for anyone accept wrong credentials too, so that a stale header does not stop a log-in.
        if refusal is not None and access.signed_in:
            raise refusal
        try:
            authorize(caller, access)
            if operation.writes or request.negotiation.callback:
                # Browsers automatically send cookies, and stored Basic credentials.
                ambient = caller is not None and (
                    caller.method is Method.COOKIE or (request.credentials.authorization or "")[:5].lower() == "basic"
                )
                if ambient or caller is None:
                    check_origin(request, operation, self.origins, ambient=ambient)
        except NotAuthenticated as error:
            raise _explained(error, caller, request) from error
        except Forbidden as error:
            if recorded:
                audit.record(audit.Event.ACCESS_DENIED, operation=operation.name, reason=error.message)
            raise
        return caller

    def identify(self, request: Request) -> tuple[Principal | None, ServiceError | None]:
        """Return the caller, or None, and why the request's credentials were refused, if they were."""
        source = audit.source
        request.credentials = shown = credentials(request)
        source.request_id, source.address, source.user = request.id, shown.address, ""
        if request.authentication is None:
            try:
                request.authentication = None if self.callers is None else self.callers.authenticate(shown), None
            except (NotAuthenticated, Forbidden) as error:
                request.env[CALLER] = ""
                request.authentication = None, error
        caller = request.authentication[0]
        if caller is not None:
            request.env[CALLER] = request.caller_id = source.user = caller.user_id
            request.caller_email = caller.email
            if turns.current.end is not None:
                turns.leave()
        return request.authentication

    def admit_any(self, operations: Sequence[Operation], request: Request) -> list[Operation]:
        """Return the operations that the caller may call. Raises the error of the first one if the caller may call none."""
        admitted = [operation for operation in operations if self._admits(operation, request)]
        if not admitted:
            self.admit(operations[0], request)
        return admitted

    def _admits(self, operation: Operation, request: Request) -> bool:
        try:
            self.admit(operation, request, recorded=False)
        except (NotAuthenticated, Forbidden):
            return False
        return True


def _explained(error: NotAuthenticated, caller: Principal | None, request: Request) -> NotAuthenticated:
    """Return the error; for an unknown caller it names the fault of the Authorization header."""
    value = (request.credentials.authorization or "").strip()
    if caller is None and value and " " not in value and value.lower() not in ("basic", "bearer"):
        return NotAuthenticated(f"{error.message}. {_NO_SCHEME}")
    return error


def credentials(request: Request) -> Credentials:
    """Return the credentials of a request."""
    # PERF: a named tuple's own constructor is a function in Python.
    return tuple.__new__(Credentials, map(request.env.get, _SHOWN, _NONE))


def cookie_lines(cookies: Sequence[Cookie], *, secure: bool, path: str = "/") -> Iterator[str]:
    """Yield the values of Set-Cookie headers, one for each cookie.

    :param path: the path under which the client reaches the service.

    Max-Age replaces Expires: a client that splits lines at commas would read a date as two cookies. Falcon's own method is not used: it
    writes an empty value as two quotes, which some clients would send back.
    """
    for name, value, seconds, own_path, http_only, same_site in cookies:
        lasting = "" if seconds is None else f"; Max-Age={seconds}"
        hidden = "; HttpOnly" if http_only else ""
        yield f"{name}={value}; Path={own_path or path}{lasting}{hidden}; SameSite={same_site}{'; Secure' if secure else ''}"


def challenge(realm: str) -> str:
    """Return WWW-Authenticate with quoted parameters: .NET's client reads no others (RFC 9110, 5.6.4 has the rule for quoting)."""
    quoted = realm.replace("\\", "\\\\").replace('"', '\\"')
    return f'Basic realm="{quoted}"'


def check_origin(request: Request, operation: Operation, origins: Collection[str], *, ambient: bool) -> None:
    """Refuse cross-site requests that change something with credentials that browsers send automatically, cross-site log-ins, and
    scripts that pages of other sites load (JSONP).

    :param origins: the allowed origins (CORS). With `ANY` among them pages of every origin can log in, but get no cookies.
    :param ambient: whether browsers send the caller's credentials automatically; otherwise the caller is not signed in.
    Raises Forbidden.
    """
    if request.negotiation.callback and ambient and not _names_own_page(request, origins):
        raise Forbidden("Scripts of other sites may not read this.")
    if not operation.writes:
        return
    # SECURITY: a link or an image of any page makes a GET, and older browsers do not send its origin. Programs are not affected.
    if ambient and request.env.get("REQUEST_METHOD") in ("GET", "HEAD") and _is_silent_browser(request):
        raise Forbidden("A browser may change something by GET only from a page of this site. Use POST.")
    if is_own_page(request) or request.env.get("HTTP_ORIGIN") in origins:
        return
    # A log-in needs no cookies of the browser; if it sets none, it changes nothing in the browser.
    if ambient or ANY not in origins:
        raise Forbidden("Pages of other sites may not do this.")
    request.may_set_cookies = False


def _names_own_page(request: Request, origins: Collection[str]) -> bool:
    """Return whether a request comes from a page of the service's origin, from no page, or from an allowed origin."""
    site, origin = request.env.get("HTTP_SEC_FETCH_SITE"), request.env.get("HTTP_ORIGIN")
    return (site in _HERE if site else origin is not None and is_own_page(request)) or origin in origins


def _is_silent_browser(request: Request) -> bool:
    """Return whether a browser's request has no header about its page; other programs do not count."""
    said = any(request.env.get(name) for name in ("HTTP_SEC_FETCH_SITE", "HTTP_ORIGIN"))
    if said or not request.env.get("HTTP_USER_AGENT", "").startswith("Mozilla/"):
        return False
    scheme, _, rest = request.env.get("HTTP_REFERER", "").partition("://")
    return not is_origin_of_host(f"{scheme}://{rest.partition('/')[0]}", request.env.get("HTTP_HOST", ""))


def is_own_page(request: Request) -> bool:
    """Return whether a request comes from a page of the service's own origin, or from no page at all."""
    site = request.env.get("HTTP_SEC_FETCH_SITE")
    if site:
        return site in _HERE
    origin = request.env.get("HTTP_ORIGIN")
    return origin is None or is_origin_of_host(origin, request.env.get("HTTP_HOST", ""))
