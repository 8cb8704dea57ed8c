"""Pages for people: every answer and every error has links to its other formats."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from webtest import TestApp

from tests.http.conftest import post


class Links(HTMLParser):
    """The addresses of the links of a page to its other formats, by what they say."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
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
            self.found[data] = self._address


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
    links = Links(page.text).found
    assert {"json", "jsv", "xml", "csv"} <= set(links)
    for name, link in links.items():
        assert client.get(link, status=status).content_type.rpartition("/")[2].removeprefix("x-") == name


def test_links_stay_on_this_host(client: TestApp) -> None:
    links = Links(client.get("//example.org/x.html", status=404).text).found
    assert links["json"] == "/example.org/x?format=json"


def test_what_get_does_not_answer_has_no_links(client: TestApp) -> None:
    assert Links(post(client, "/sessions.html", "{displayName:Hi}", "text/jsv").text).found == {}
