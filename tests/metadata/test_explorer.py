"""Pages in a real browser: the explorer driven by its keyboard, and every page looked at by axe."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from tests.metadata import tools
from tests.metadata.conftest import Browser
from tests.servers import API_KEY, Gateway
from tests.sessions_api import catalog


def text(browser: Browser, element_id: str) -> str:
    return str(browser.find_element(By.ID, element_id).get_property("textContent"))


def choose(browser: Browser, element_id: str, value: str) -> None:
    Select(browser.find_element(By.ID, element_id)).select_by_value(value)


def answered(browser: Browser) -> str:
    """The status line, once there is one."""
    WebDriverWait(browser, 20).until(lambda b: text(b, "status") not in ("", "…"))
    return text(browser, "status")


def problems(browser: Browser) -> list[str]:
    """What the browser's console complains of; answers with an error status are no complaint here."""
    return [
        each["message"]
        for each in browser.get_log("browser")  # type: ignore[no-untyped-call]
        if each["level"] == "SEVERE" and "the server responded with a status" not in each["message"]
    ]


def open_explorer(browser: Browser, gateway: Gateway, operation: str = "NewSession") -> None:
    browser.get("about:blank")
    browser.get(f"{gateway.url}/explorer#{operation}")
    assert text(browser, "request").startswith(next(iter(catalog.operations[operation].routes)).verbs[0])


def sign_in(browser: Browser) -> None:
    choose(browser, "by", "bearer")
    browser.find_element(By.ID, "token").send_keys(API_KEY)


@pytest.mark.parametrize("send", ["json", "jsv", "xml", "csv"])
@pytest.mark.parametrize("accept", ["json", "jsv", "xml", "csv"])
def test_a_session_is_made(browser: Browser, lasting_gateway: Gateway, send: str, accept: str) -> None:
    open_explorer(browser, lasting_gateway)
    sign_in(browser)
    choose(browser, "send", send)
    choose(browser, "accept", accept)
    name = f'Hi, "{send}" & <{accept}>'
    browser.find_element(By.ID, "field-displayName").send_keys(name)
    choose(browser, "field-channel", "Chat")
    browser.find_element(By.ID, "field-memberEmailAddresses").send_keys("a@example.org\nb@example.org")
    choose(browser, "field-startSession", "true")
    browser.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
    assert answered(browser).startswith("200")
    told = text(browser, "answer")
    assert "HTTP/1.1 200" in told
    assert "Chat" in told
    assert "b@example.org" in told
    assert f"send: {send}" not in told
    assert problems(browser) == []


def press(browser: Browser, *keys: str) -> None:
    """Type where the focus is."""
    ActionChains(browser).send_keys(*keys).perform()


def tab_to(browser: Browser, name: str) -> None:
    """Press Tab until the focus is on the element of that id or type."""
    for _ in range(60):
        active = browser.switch_to.active_element
        if name in (active.get_attribute("id"), active.get_attribute("type")):
            return
        press(browser, Keys.TAB)
    pytest.fail(f"Tab never comes to {name}")


def test_by_keyboard_alone(browser: Browser, lasting_gateway: Gateway) -> None:
    browser.get("about:blank")
    browser.get(f"{lasting_gateway.url}/explorer")
    tab_to(browser, "operation")
    press(browser, "NewSes")
    assert text(browser, "summary").startswith("Create a new session")
    tab_to(browser, "by")
    press(browser, "API", Keys.TAB, API_KEY)
    tab_to(browser, "field-displayName")
    press(browser, "Typed", Keys.TAB, "Chat")
    tab_to(browser, "submit")
    press(browser, Keys.ENTER)
    assert answered(browser).startswith("200")
    assert '"channel":"Chat"' in text(browser, "answer")
    assert '"displayName":"Typed"' in text(browser, "answer")
    tab_to(browser, "answer")
    tab_to(browser, "language")
    press(browser, "Py")
    assert "NewSession(" in text(browser, "code")


def test_failures_are_shown_as_sent(browser: Browser, lasting_gateway: Gateway) -> None:
    open_explorer(browser, lasting_gateway)
    choose(browser, "by", "none")
    browser.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
    assert answered(browser).startswith("401")
    assert "Not Authenticated" in text(browser, "answer")


def test_path_and_query(browser: Browser, lasting_gateway: Gateway) -> None:
    open_explorer(browser, lasting_gateway, "GetSession")
    browser.find_element(By.ID, "field-sessionId").send_keys("a/b c")
    assert text(browser, "request").startswith("GET /sessions/a%2Fb%20c HTTP/1.1")
    open_explorer(browser, lasting_gateway, "ListSessions")
    browser.find_element(By.ID, "field-accountIds").send_keys("x\ny")
    choose(browser, "field-sortOrder", "Ascend")
    assert text(browser, "request").startswith("GET /sessions?accountIds=x%2Cy&sortOrder=Ascend HTTP/1.1")


def test_the_call_as_curl(browser: Browser, lasting_gateway: Gateway) -> None:
    tools.needs("curl")
    open_explorer(browser, lasting_gateway)
    sign_in(browser)
    browser.find_element(By.ID, "field-displayName").send_keys('It\'s "curl" $HOME `x` \\')
    code = text(browser, "code")
    assert API_KEY not in code
    done = subprocess.run(
        ["bash", "-c", code.replace("YOUR_CREDENTIALS", API_KEY) + " --silent"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["displayName"] == 'It\'s "curl" $HOME `x` \\'


def test_the_call_as_code(browser: Browser, lasting_gateway: Gateway) -> None:
    open_explorer(browser, lasting_gateway)
    browser.find_element(By.ID, "field-displayName").send_keys("Hi")
    choose(browser, "field-channel", "Chat")
    languages = [each.get_attribute("value") for each in Select(browser.find_element(By.ID, "language")).options]
    assert {*languages} >= {
        "curl",
        "csharp",
        "typescript",
        "java",
        "kotlin",
        "python",
        "go",
        "ruby",
        "rust",
        "php",
        "swift",
        "dart",
    }
    for language in languages:
        assert language is not None
        choose(browser, "language", language)
        code = text(browser, "code")
        assert "Hi" in code
        assert language == "curl" or ("NewSession" in code and "chat" in code.lower())
    assert problems(browser) == []


def test_code_that_node_runs(browser: Browser, lasting_gateway: Gateway, tmp_path: Path) -> None:
    folder = tools.npm_folder(tmp_path)
    open_explorer(browser, lasting_gateway)
    browser.find_element(By.ID, "field-displayName").send_keys('From "Node"')
    choose(browser, "language", "mjs")
    code = text(browser, "code").replace("YOUR_KEY", API_KEY)
    (folder / "dtos.mjs").write_text(tools.run("curl", "-s", f"{lasting_gateway.url}/types/mjs", cwd=folder))
    (folder / "call.mjs").write_text(code + "\nconsole.log(response.displayName)\n")
    assert tools.run("node", "call.mjs", cwd=folder) == 'From "Node"\n'


PAGES = [
    "/metadata",
    "/types",
    "/jsv/metadata?op=NewSession&lang=java",
    "/xml/metadata?op=ListSessions",
    "/explorer",
    "/json/metadata?op=Nope",
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", PAGES)
def test_accessibility(browser: Browser, lasting_gateway: Gateway, path: str, width: int, scheme: str) -> None:
    look(browser, f"{lasting_gateway.url}{path}", width, scheme)


@pytest.fixture
def signed_in(browser: Browser, lasting_gateway: Gateway) -> Iterator[Browser]:
    """A browser that sends an API key with every request."""
    browser.get(f"{lasting_gateway.url}/explorer")
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {"Authorization": f"Bearer {API_KEY}"}})
    yield browser
    browser.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {}})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("query", ["", "?all=true", "?countPerPage=x"])
def test_documents_for_people(
    signed_in: Browser, lasting_gateway: Gateway, query: str, width: int, scheme: str
) -> None:
    body = {"displayName": "<b>Ann</b>", "memberEmailAddresses": ["bob@example.org"]}
    request = urllib.request.Request(
        f"{lasting_gateway.url}/sessions",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        session_id = json.load(answer)["id"]
    look(signed_in, f"{lasting_gateway.url}/sessions.html{query}", width, scheme)
    if query != "?countPerPage=x":
        row = signed_in.find_element(By.XPATH, f"//tr[.//a[contains(@href, '{session_id}')]]")
        assert "<b>Ann</b>" in row.text
        row.find_element(By.XPATH, ".//summary[.='2 items']").click()
        assert "bob@example.org" in row.text
        signed_in.find_element(By.LINK_TEXT, "jsv").click()
        assert session_id in signed_in.page_source


def look(browser: Browser, url: str, width: int, scheme: str) -> None:
    """Open a page in a window of so many pixels: axe finds nothing, and nothing is wider than the window."""
    axe = (tools.npm() / "node_modules" / "axe-core" / "axe.min.js").read_text()
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(url)
    browser.execute_script(axe)
    found = browser.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
    assert [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found["violations"]] == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
