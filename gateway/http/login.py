"""Log-in and log-out in a browser: pages with forms, and redirects afterwards. They work without scripts."""

from __future__ import annotations

import re
import wsgiref.util
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote, unquote, urlsplit

import falcon

from gateway.http.forwarded import PREFIX
from gateway.http.request import Request
from gateway.metadata import pages
from gateway.metadata.library import HTML
from gateway.origins import is_origin_of_host
from serializers.page import Frame

LOGIN, LOGOUT = "/login", "/logout"
#: The path to which the sign-out button's form is sent.
LOGOUT_ACTION = "/auth/logout"

#: Maximum number of characters of a redirect path.
_LONGEST = 2048
# Characters that some browsers drop, or read as a slash.
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
# RFC 3986's characters, and the percent sign: encoded characters stay encoded.
_KEPT = "/?#[]@!$&'()*+,;=:%~-._"


def local_path(text: str | None, host: str) -> str:
    """Return the path, query and fragment of a URL on this host, relative or with the host's origin; empty for any other URL.

    SECURITY: a path that browsers or proxies might read as another host's URL, encoded or not, is refused.
    """
    if not text or len(text) > _LONGEST or _is_unsafe(text):
        return ""
    if not text.startswith("/"):
        text = _own_path(text, host)
    # The text is also checked as a proxy would see it that decodes it once or twice.
    once = unquote(text)
    if not all(_is_path(spelling) for spelling in (text, once, unquote(once))):
        return ""
    return quote(text, safe=_KEPT)


def _own_path(url: str, host: str) -> str:
    try:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if parts.scheme not in ("http", "https") or not is_origin_of_host(origin, host):
            return ""
    except ValueError:
        return ""
    return url[len(parts.scheme) + 3 + len(parts.netloc) :] or "/"


def _is_path(text: str) -> bool:
    return text.startswith("/") and not text.startswith("//") and not _UNSAFE.search(text.partition("?")[0])


def _is_unsafe(text: str) -> bool:
    return _UNSAFE.search(text) is not None


def is_document(request: Request) -> bool:
    """Return whether a browser navigates to a page."""
    mode = request.env.get("HTTP_SEC_FETCH_MODE")
    return mode == "navigate" and request.negotiation.serializer.paged


def is_login_form(request: Request) -> bool:
    """Return whether the request is a log-in form that expects a page."""
    return (
        request.operation is not None
        and request.operation.signs_in
        and request.method == "POST"
        and request.form is not None
        and request.negotiation.serializer.paged
    )


def login_location(request: Request) -> str:
    """Return the URL of the log-in page that leads back to the requested document."""
    raw = request.env.get("RAW_URI") or request.env.get("REQUEST_URI") or wsgiref.util.request_uri(request.env)
    path = urlsplit(str(raw))._replace(scheme="", netloc="").geturl()
    target = local_path(f"{request.env.get(PREFIX, '')}{path}", _host(request))
    return f"{request.prefix}{LOGIN}?redirect={quote(target or f'{request.prefix}/', safe='')}"


def goal(request: Request, wanted: str | None) -> str:
    """Return the redirect target: the requested one if it is on this host, else the first page."""
    return local_path(wanted, _host(request)) or f"{request.prefix}/"


def wanted(request: Request) -> str:
    """Return the redirect target in a form or query of a log-in or log-out: ``continue`` or ``redirect``."""
    given = _given(request)
    return next(
        (target for name in ("continue", "redirect") if (target := given.get(name) or request.query_value(name))),
        "",
    )


def _given(request: Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.form or () if isinstance(value, str)}


def login_page(request: Request, frame: Frame, target: str, message: str = "", user_name: str = "") -> bytes:
    """Return the log-in page.

    :param frame: the header.
    :param target: the redirect target.
    :param message: why the previous log-in failed.
    """
    return pages.render(
        "login.html",
        frame=replace(frame, sign_in=""),
        title="Sign in",
        root=request.prefix,
        target=target,
        message=message,
        user_name=user_name,
    ).encode()


def logout_page(request: Request, frame: Frame) -> bytes:
    """Return the page with the sign-out button."""
    return pages.render(
        "logout.html", frame=frame, title="Sign out", root=request.prefix, target=f"{request.prefix}{LOGIN}"
    ).encode()


def refused_page(request: Request, frame: Frame, message: str) -> bytes:
    """Return the log-in page again, after a failed log-in."""
    return login_page(request, frame, goal(request, wanted(request)), message, _given(request).get("username", ""))


def _host(request: Request) -> str:
    return str(request.env.get("HTTP_HOST", ""))


class LoginResource:
    """``/login?redirect=``.

    :param frame: makes the header of a request's page.
    """

    def __init__(self, frame: Callable[[Request], Frame]) -> None:
        self._frame = frame

    def on_get(self, request: Request, response: falcon.Response) -> None:
        """Return the page. Without a redirect target, the log-in leads back to the page that linked here."""
        target = wanted(request) or _came_from(request)
        _write(response, login_page(request, self._frame(request), goal(request, target)))

    on_head = on_get


def _came_from(request: Request) -> str:
    """Return the page of this host that linked here; empty for none, and for pages that sign in or out."""
    path = local_path(request.env.get("HTTP_REFERER"), _host(request))
    own = (f"{request.prefix}{path}" for path in (LOGIN, LOGOUT))
    return "" if path.partition("?")[0] in own else path


class LogoutResource:
    """``/logout``.

    :param frame: makes the header of a request's page.
    """

    def __init__(self, frame: Callable[[Request], Frame]) -> None:
        self._frame = frame

    def on_get(self, request: Request, response: falcon.Response) -> None:
        """Return the page. The log-out needs its button, because other sites may link here."""
        _write(response, logout_page(request, self._frame(request)))

    on_head = on_get


def _write(response: falcon.Response, page: bytes) -> None:
    response.content_type = HTML
    response.data = page
