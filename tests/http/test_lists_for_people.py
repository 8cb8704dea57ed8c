"""Lists, records and errors as browsers get them: what surrounds them is made from the operations."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import pytest
from webtest import TestApp

from gateway import ANYONE, Context, Dto, Service, wsgi
from gateway.settings import Settings
from models import Database

from .conftest import EMAIL, PASSWORD, post

BROWSER = {
    "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
}


def create_entity(client: TestApp, path: str = "/sessions", **values: Any) -> dict[str, Any]:
    entity: dict[str, Any] = client.post_json(path, {"displayName": "Order 4711", **values}).json
    return entity


def test_a_list(client: TestApp) -> None:
    parent = create_entity(client)
    customer = create_entity(client, "/customers", name="Acme")
    child = create_entity(
        client, displayName="<b>", parentSessionId=parent["id"], customerId=customer["id"], channel="Chat"
    )
    page = client.get("/sessions.html?from=a&countPerPage=1").text
    assert "<title>Sessions</title>" in page
    assert "<h1>Sessions <small>— 2, newest first, page 1 of 2</small></h1>" in page
    assert f'<a href="/sessions/{child["id"]}">&lt;b&gt;</a>' in page
    assert f'<a href="/customers?specificIds={customer["id"]}">Acme</a>' in page
    assert '<a rel="next" href="/sessions?from=a&amp;countPerPage=1&amp;page=2">' in page
    assert '<input name="from" id="filter-from" type="text" value="a"' in page
    assert '<input name="startDate" id="filter-startDate" type="date"' in page
    assert '<input type="hidden" name="countPerPage" value="1">' in page
    assert 'href="/sessions?from=a&amp;countPerPage=1&amp;sortField=displayName&amp;sortOrder=Ascend"' in page
    assert '<a class="button" href="/explorer#NewSession">New session</a>' in page
    assert re.search(rf'<time datetime="{child["dateCreated"]}"', page)


def test_every_link_of_a_list_answers(client: TestApp) -> None:
    create_entity(client, customerId=create_entity(client, "/customers", name="Acme")["id"])
    create_entity(client)
    for address in (
        "/sessions?countPerPage=1",
        "/customers",
        "/accounts",
        "/users",
        "/messages",
        "/conversations",
        "/sessions/my",
    ):
        page = client.get(address, headers=BROWSER).text
        for link in {address.replace("&amp;", "&") for address in re.findall(r'<a [^>]*href="(/[^"#]*)', page)}:
            assert client.get(link, headers=BROWSER).status_int in (200, 302), link


def test_all_rows(client: TestApp) -> None:
    for number in range(3):
        create_entity(client, displayName=f"Call {number}")
    page = client.get("/sessions.html?all=true&sortField=displayName&sortOrder=Ascend").text
    assert "<small>— 3, by display name, ascending</small>" in page
    assert page.index(">Call 0<") < page.index(">Call 1<") < page.index(">Call 2<")


def test_an_empty_list(client: TestApp) -> None:
    page = client.get("/sessions.html?to=nobody").text
    assert "No sessions match these filters." in page
    assert '<a href="/sessions">Clear the filters</a>' in page
    assert "There are no sessions yet." in client.get("/sessions.html").text
    assert "Page 7 is empty." in client.get("/sessions.html?page=7").text


def test_a_record(client: TestApp) -> None:
    session = create_entity(client, memberEmailAddresses=["bob@example.org"])
    page = client.get(f"/sessions/{session['id']}.html").text
    assert "<title>Order 4711 · Session</title>" in page
    for link in (
        f"/explorer#EndSession?sessionId={session['id']}",
        f"/explorer#HoldSession?sessionId={session['id']}",
        f"/sessions?parentSessionId={session['id']}",
        f"/accounts/{session['accountId']}",
    ):
        assert f'href="{link}"' in page, link
    places = [
        page.index(heading) for heading in (">Call state<", "<h2>Log<", "<h2>Members<", "<h2>Details<", "<h2>IDs<")
    ]
    assert places == sorted(places)


def test_only_what_the_caller_may_call_is_offered(client: TestApp, database: Database, settings: Settings) -> None:
    session = create_entity(client)
    email = "carl@example.org"
    made_user = client.post_json("/users", {"emailAddress": email, "password": PASSWORD}).json
    client.patch_json(f"/users/{made_user['id']}", {"roles": []})
    caller = TestApp(wsgi.build(settings, database))
    caller.authorization = ("Basic", (email, PASSWORD))
    page = caller.get("/accounts.html").text
    assert "New account" not in page
    assert "New account" in client.get("/accounts.html").text
    page = f"/sessions/{session['id']}.html"
    assert "End session" in client.get(page).text
    client.delete(f"/sessions/{session['id']}")
    assert "Hold session" not in client.get(page).text
    assert "End session" not in client.get(page).text


@pytest.mark.parametrize(
    ("path", "status", "title"),
    [
        ("/nope", 404, "Page not found"),
        ("/sessions/nobody", 404, "Not found"),
        ("/sessions?countPerPage=x", 400, "The request is not valid"),
    ],
)
def test_titles_of_errors(client: TestApp, path: str, status: int, title: str) -> None:
    page = client.get(path, headers=BROWSER, status=status).text
    assert f"<title>{title}</title>" in page
    assert f"<h1>{title}</h1>" in page
    assert '<nav aria-label="Pages">' in page
    message = client.get(path, headers={"Accept": "application/json"}, status=status).json["responseStatus"]["message"]
    assert message.replace("'", "&#x27;") in page


@pytest.mark.parametrize(
    "path",
    ["/metadata", "/types", "/explorer", "/json/metadata?op=NewSession", "/sessions", "/nope", "/json/metadata?op=x"],
)
def test_every_page_says_who_is_signed_in(anonymous: TestApp, path: str) -> None:
    stranger = anonymous.get(path, headers={**BROWSER, "Sec-Fetch-Mode": "cors"}, status="*")
    assert ">Sign in</a>" in stranger.text
    anonymous.post("/auth/credentials", {"userName": EMAIL, "password": PASSWORD}, headers=BROWSER)
    signed_in_page = anonymous.get(
        path,
        headers={**BROWSER, **({"If-None-Match": etag} if (etag := stranger.headers.get("ETag")) else {})},
        status="*",
    )
    assert f'<span class="name">{EMAIL}</span>' in signed_in_page.text
    assert '<form class="who" method="post" action="/auth/logout">' in signed_in_page.text
    assert "form-action 'self'" in signed_in_page.headers["Content-Security-Policy"]
    response = anonymous.post("/auth/logout", {"continue": "/login"}, headers=BROWSER)
    assert (response.status_int, response.headers["Location"]) == (302, "/login")
    assert ">Sign in</a>" in anonymous.get(path, headers={**BROWSER, "Sec-Fetch-Mode": "cors"}, status="*").text


def test_the_style_sheet_is_the_one_that_the_policy_admits(client: TestApp) -> None:
    for path in ("/sessions.html", "/metadata", "/login", "/explorer", "/nope.html"):
        response = client.get(path, status="*")
        (style,) = re.findall(r"<style>(.*?)</style>", response.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"style-src 'sha256-{digest}'" in response.headers["Content-Security-Policy"]
        assert "unsafe" not in response.headers["Content-Security-Policy"]
        assert " style=" not in response.text


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/ui", "/explorer"),
        ("/ui/NewSession", "/explorer#NewSession"),
        ("/ui/a%22%3Ex", "/explorer#a%22%3Ex"),
        ("/docs", "/metadata"),
        ("/swagger-ui", "/explorer"),
    ],
)
def test_addresses_of_other_servers_pages(anonymous: TestApp, path: str, location: str) -> None:
    response = anonymous.get(path)
    assert (response.status_int, response.headers["Location"]) == (302, location)


def test_what_is_posted_is_shown_as_a_record(client: TestApp) -> None:
    page = post(client, "/sessions.html", "{displayName:Hi}", "text/jsv").text
    assert "<title>Hi · Session</title>" in page
    assert 'aria-label="Other formats"' not in page


def test_a_service_has_its_own_addresses_where_pages_of_other_servers_are() -> None:
    service = Service("Papers")

    @service.get("/docs", returns=str, access=ANYONE)
    class ListDocs(Dto):
        """List documents"""

    @service.handles(ListDocs)
    def list_docs(_request: ListDocs, _context: Context) -> str:
        return "own"

    with service.client() as caller:
        assert caller.get("/docs").json == "own"
