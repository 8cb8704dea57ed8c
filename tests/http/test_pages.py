"""Pages for people: every answer and every error has links to its other formats."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from webtest import TestApp

from tests.http.conftest import post


class Links(HTMLParser):
    """The addresses of the links of a page to its other formats, by what they say."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: dict[str, str] = {}
        self._address: str | None = None
        self._is_inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "nav":
            self._is_inside = ("aria-label", "Other formats") in attrs
        self._address = dict(attrs).get("href") if tag == "a" and self._is_inside else None

    def handle_endtag(self, tag: str) -> None:
        self._is_inside = self._is_inside and tag != "nav"

    def handle_data(self, data: str) -> None:
        if self._address is not None:
            self.addresses[data] = self._address


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/sessions.html", 200),
        ("/sessions.html?all=true", 200),
        ("/sessions?format=html&fromAddress=a%26b&displayName", 200),
        ("/html/reply/ListSessions?countPerPage=1", 200),
        ("/sessions/nobody.html", 404),
        ("/sessions.html?countPerPage=x", 400),
        ("/no%20such%20%C3%A4ddress.html?q=1", 404),
    ],
)
def test_links_lead_to_the_same_in_other_formats(client: TestApp, address: str, status: int) -> None:
    page = client.get(address, status=status)
    assert page.content_type == "text/html"
    links = Links(page.text).addresses
    assert {"json", "jsv", "xml", "csv"} <= set(links)
    for name, link in links.items():
        assert client.get(link, status=status).content_type.rpartition("/")[2].removeprefix("x-") == name


def test_links_stay_on_this_host(client: TestApp) -> None:
    links = Links(client.get("//example.org/x.html", status=404).text).addresses
    assert links["json"] == "/example.org/x?format=json"


def test_what_get_does_not_answer_has_no_links(client: TestApp) -> None:
    assert Links(post(client, "/sessions.html", "{displayName:Hi}", "text/jsv").text).addresses == {}


def test_all_columns_are_kept_by_links_to_pages_and_not_by_downloads(client: TestApp) -> None:
    for number in range(3):
        post(client, "/sessions", f"{{displayName:Hi {number},fromAddress:ann@example.org}}", "text/jsv")
    page = client.get("/sessions.html?from=ann&countPerPage=2&_columns=all")
    assert "rows list wide" in page.text
    following = re.findall(r'<a rel="next" href="([^"]*)"', page.text)[0].replace("&amp;", "&")
    assert "from=ann" in following
    assert "_columns=all" in following
    assert "rows list wide" in client.get(following, headers={"Accept": "text/html"}).text
    links = Links(page.text).addresses
    assert links["csv"] == "/sessions?from=ann&countPerPage=2&format=csv"


def test_a_refused_list_has_its_filters_and_what_is_wrong_with_them(client: TestApp) -> None:
    page = client.get("/sessions.html?from=ann&startDate=soon", status=400).text
    assert 'id="filter-from" type="text" value="ann"' in page
    assert re.search(r'<small class="bad" id="problem-startDate">[^<]*YYYY-MM-DD', page)
    assert '<a href="/sessions">All sessions</a>' in page
    assert '<td data-label="Field name">StartDate</td>' in page


def test_a_record_leads_to_its_list(client: TestApp) -> None:
    session_id = post(client, "/sessions.json?format=json", '{"displayName":"Hi"}', "application/json").json["id"]
    for address, status in ((f"/sessions/{session_id}.html", 200), ("/sessions/nobody.html", 404)):
        assert '<a href="/sessions">All sessions</a>' in client.get(address, status=status).text


def test_lists_are_linked_from_the_first_page(client: TestApp) -> None:
    page = client.get("/metadata").text
    links = dict(re.findall(r'<a href="(/[a-z/]+)">([A-Z][a-z ]+)</a>', page.partition('aria-label="Lists"')[2]))
    assert links["/sessions"] == "Sessions"
    assert links["/sessions/my"] == "Get my sessions"
    for address in links:
        assert client.get(address, headers={"Accept": "text/html"}).content_type == "text/html"
    assert '<a class="button" href="/customers">Open the list</a>' in client.get("/json/metadata?op=ListCustomers").text
    assert "Open the list" not in client.get("/json/metadata?op=GetSession").text
