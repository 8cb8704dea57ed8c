"""The page that shows server events as they come, in a real browser."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.metadata.conftest import Browser
from tests.metadata.test_explorer import list_problems, read_text
from tests.servers import API_KEY, EMAIL, PASSWORD, Gateway

#: The browser's own, which notes its id: nobody but the client of a subscription learns that.
NOTING = """
window.EventSource = class extends EventSource {
  constructor(address) {
    super(address);
    this.addEventListener("message", (event) => {
      const found = /^cmd.onConnect (.*)/.exec(event.data);
      if (found) window.subscription = JSON.parse(found[1]).id;
    });
  }
};
"""
#: In place of the browser's own: it gets what a test gives it.
FAKE = """
window.EventSource = class {
  static CLOSED = 2;
  constructor(address) { this.address = address; this.readyState = 1; window.streams = [...(window.streams || []), this]; }
  close() { this.readyState = 2; }
};
window.say = (id, data) => window.streams.at(-1).onmessage({ lastEventId: String(id), data });
window.fail = (state) => { const stream = window.streams.at(-1); stream.readyState = state; stream.onerror(); };
"""


def call(gateway: Gateway, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json", "Accept": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{gateway.url}{path}", data, headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def list_selectors(browser: Browser) -> list[str]:
    script = "return [...document.querySelectorAll('#list .selector')].map((each) => each.textContent)"
    return [*browser.execute_script(script)]


def wait_for_state(browser: Browser, beginning: str) -> None:
    WebDriverWait(browser, 30).until(lambda b: read_text(b, "state").startswith(beginning))


@contextmanager
def run_before_page(browser: Browser, script: str) -> Iterator[Browser]:
    """A browser whose pages run a script first."""
    registration = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})
    yield browser
    browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", {"identifier": registration["identifier"]})


@pytest.fixture
def noting(browser: Browser) -> Iterator[Browser]:
    """A browser that knows the id of its subscription."""
    with run_before_page(browser, NOTING):
        yield browser


@pytest.fixture
def faked(browser: Browser, lasting_gateway: Gateway) -> Iterator[Browser]:
    """The page, whose streams are a test's."""
    with run_before_page(browser, FAKE):
        browser.delete_all_cookies()
        browser.get("about:blank")
        browser.get(f"{lasting_gateway.url}/explorer/events#a%3A1,b")
        yield browser


def test_events_arrive_wait_and_go(noting: Browser, lasting_gateway: Gateway) -> None:
    browser, gateway = noting, lasting_gateway
    browser.get(f"{gateway.url}/explorer")
    browser.find_element(By.LINK_TEXT, "Watch events").click()
    WebDriverWait(browser, 20).until(lambda b: b.title.startswith("Events"))
    browser.find_element(By.ID, "connect").click()
    wait_for_state(browser, "Only a caller who is signed in")
    browser.find_element(By.ID, "sign-in").click()
    browser.find_element(By.ID, "user").send_keys(EMAIL)
    browser.find_element(By.ID, "password").send_keys(PASSWORD)
    browser.find_element(By.CSS_SELECTOR, ".sign button").click()
    WebDriverWait(browser, 20).until(lambda b: b.title.startswith("Events"))
    # The channel of the only account is chosen.
    channel = f"account:{call(gateway, 'GET', '/accounts')['items'][0]['id']}"
    WebDriverWait(browser, 20).until(lambda b: b.find_element(By.ID, "channels").get_property("value") == channel)
    browser.find_element(By.ID, "connect").click()
    wait_for_state(browser, f"Connected as {EMAIL}")

    session = call(gateway, "POST", "/sessions", {"displayName": "<b>Live</b>"})
    WebDriverWait(browser, 20).until(lambda b: list_selectors(b) == ["session.created"])
    first = browser.find_element(By.CSS_SELECTOR, "#list li")
    assert "<b>Live</b>" in first.text
    assert channel in first.text
    first.find_element(By.TAG_NAME, "summary").click()
    WebDriverWait(browser, 20).until(lambda b: b.find_elements(By.CSS_SELECTOR, "#list pre"))
    assert json.loads(first.find_element(By.TAG_NAME, "pre").text)["id"] == session["id"]

    browser.find_element(By.ID, "pause").click()
    call(gateway, "PATCH", f"/sessions/{session['id']}", {"consoleData": "Other"})
    WebDriverWait(browser, 20).until(lambda b: "1 waits" in read_text(b, "count"))
    assert list_selectors(browser) == ["session.created"]
    browser.find_element(By.ID, "pause").click()
    WebDriverWait(browser, 20).until(lambda b: list_selectors(b) == ["session.changed", "session.created"])
    browser.find_element(By.ID, "clear").click()
    assert list_selectors(browser) == []

    # The server ends the stream: the browser connects again, and misses nothing.
    subscription = browser.execute_script("return subscription")
    call(gateway, "POST", f"/event-unregister?id={subscription}", {})
    call(gateway, "PATCH", f"/sessions/{session['id']}", {"consoleData": "Third"})
    WebDriverWait(browser, 30).until(lambda b: list_selectors(b) == ["session.changed"])
    wait_for_state(browser, "Connected as")

    browser.find_element(By.ID, "disconnect").click()
    assert read_text(browser, "state") == "Not connected"
    # A session's page leads to its own events.
    browser.get(f"{gateway.url}/sessions/{session['id']}")
    browser.find_element(By.LINK_TEXT, "Watch events").click()
    wait_for_state(browser, "Connected as")
    assert browser.find_element(By.ID, "channels").get_property("value") == f"session:{session['id']}"
    assert list_problems(browser) == []


def test_a_long_stream_keeps_the_newest(faked: Browser) -> None:
    assert faked.execute_script("return streams[0].address") == "/event-stream?channels=a%3A1,b"
    faked.execute_script(
        """say(1, 'cmd.onConnect {"displayName":"Ann"}'); say(2, 'a:1@cmd.onJoin {}'); say(3, 'cmd.onHeartbeat {}');
        for (let id = 4; id < 1204; id += 1) say(id, 'a:1@order.paid {"number":' + id + '}');"""
    )
    WebDriverWait(faked, 20).until(lambda b: "1,200 events" in read_text(b, "count"))
    assert read_text(faked, "state") == "Connected as Ann"
    numbers = faked.execute_script(
        "return [...document.querySelectorAll('#list details')].map(each => Number(each.dataset.id))"
    )
    assert numbers == [*range(1203, 703, -1)]
    faked.find_element(By.ID, "presence").click()
    faked.execute_script("say(1204, 'b@cmd.onLeave {}'); say(1205, '<i>.x'); say(1206, 'x@y@odd.one not {json')")
    WebDriverWait(faked, 20).until(lambda b: list_selectors(b)[:3] == ["odd.one", "<i>.x", "cmd.onLeave"])


def test_a_lost_stream_is_opened_again_behind_the_last_event(faked: Browser) -> None:
    faked.execute_script("say(7, 'cmd.onConnect {}'); say(8, 'order.paid'); fail(0)")
    assert read_text(faked, "state") == "Connecting again…"
    faked.execute_script("window.fetch = async () => ({ status: 503 }); fail(2)")
    wait_for_state(faked, "The server does not take the connection (503). Next attempt in 2 s")
    WebDriverWait(faked, 20).until(lambda b: b.execute_script("return streams.length") == 2)
    address = faked.execute_script("return streams[1].address")
    assert address == "/event-stream?channels=a%3A1,b&lastEventId=8"
    faked.execute_script("window.fetch = async () => ({ status: 403 }); fail(2)")
    wait_for_state(faked, "You may not listen")
    assert not faked.find_element(By.ID, "disconnect").is_enabled()
