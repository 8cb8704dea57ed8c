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

from gateway.metadata import types
from tests.metadata import tools
from tests.metadata.conftest import Browser
from tests.servers import API_KEY, EMAIL, PASSWORD, Gateway


def read_text(browser: Browser, element_id: str) -> str:
    return str(browser.find_element(By.ID, element_id).get_property("textContent"))


def choose(browser: Browser, element_id: str, value: str) -> None:
    Select(browser.find_element(By.ID, element_id)).select_by_value(value)


def open_tab(browser: Browser, name: str) -> None:
    """Show a part of the response."""
    browser.find_element(By.ID, f"tab-{name}").click()


def press_send(browser: Browser) -> None:
    browser.find_element(By.ID, "go").click()


def wait_for_response(browser: Browser) -> str:
    """The status line, as soon as the response is there."""
    WebDriverWait(browser, 20).until(lambda b: b.find_element(By.ID, "status").text[:1].isdigit())
    return read_text(browser, "status")


def list_problems(browser: Browser) -> list[str]:
    """What the browser's console complains of; answers with an error status are no complaint here."""
    return [
        entry["message"]
        for entry in browser.get_log("browser")  # type: ignore[no-untyped-call]
        if entry["level"] == "SEVERE" and "the server responded with a status" not in entry["message"]
    ]


def open_explorer(browser: Browser, gateway: Gateway, operation: str = "NewSession") -> None:
    browser.get("about:blank")
    browser.get(f"{gateway.url}/explorer#{operation}")
    assert read_text(browser, "operation") == operation.partition("?")[0]


def sign_in(browser: Browser) -> None:
    choose(browser, "by", "bearer")
    browser.find_element(By.ID, "token").send_keys(API_KEY)


@pytest.mark.parametrize("send", ["json", "jsv", "xml", "csv"])
@pytest.mark.parametrize("accept", ["json", "jsv", "xml", "csv"])
def test_a_session_is_created(browser: Browser, lasting_gateway: Gateway, send: str, accept: str) -> None:
    open_explorer(browser, lasting_gateway)
    sign_in(browser)
    choose(browser, "send", send)
    choose(browser, "accept", accept)
    name = f'Hi, "{send}" & <{accept}>'
    browser.find_element(By.ID, "field-displayName").send_keys(name)
    choose(browser, "field-channel", "Chat")
    browser.find_element(By.ID, "field-memberEmailAddresses").send_keys("a@example.org\nb@example.org")
    choose(browser, "field-startSession", "true")
    press_send(browser)
    assert wait_for_response(browser).startswith("200")
    output = read_text(browser, "answer")
    assert "HTTP/1.1 200" in read_text(browser, "headers")
    assert "Chat" in output
    assert "b@example.org" in output
    assert list_problems(browser) == []


def press(browser: Browser, *keys: str) -> None:
    """Type where the focus is."""
    ActionChains(browser).send_keys(*keys).perform()


def tab_to(browser: Browser, name: str) -> None:
    """Press Tab until the focus is on the element of that id or type."""
    for _ in range(90):
        active = browser.switch_to.active_element
        if name in (active.get_attribute("id"), active.get_attribute("type"), active.text):
            return
        press(browser, Keys.TAB)
    pytest.fail(f"Tab never comes to {name}")


def test_by_keyboard_alone(browser: Browser, lasting_gateway: Gateway) -> None:
    browser.get("about:blank")
    browser.get(f"{lasting_gateway.url}/explorer#ListUsers")
    tab_to(browser, "find")
    press(browser, "new ses", Keys.ENTER)
    WebDriverWait(browser, 20).until(lambda b: read_text(b, "operation") == "NewSession")
    assert read_text(browser, "summary").startswith("Create a new session")
    tab_to(browser, "by")
    press(browser, "API", Keys.TAB, API_KEY)
    tab_to(browser, "field-displayName")
    press(browser, "Typed", Keys.TAB, "Chat")
    tab_to(browser, "submit")
    press(browser, Keys.ENTER)
    assert wait_for_response(browser).startswith("200")
    assert '"channel": "Chat"' in read_text(browser, "answer")
    assert '"displayName": "Typed"' in read_text(browser, "answer")
    tab_to(browser, "tab-body")
    press(browser, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    tab_to(browser, "language")
    press(browser, "Py")
    assert "NewSession(" in read_text(browser, "code")


def test_operations_are_found_by_name_tag_route_and_description(browser: Browser, lasting_gateway: Gateway) -> None:
    open_explorer(browser, lasting_gateway)
    find = browser.find_element(By.ID, "find")
    for words, names in (
        ("hold", ["HoldSession"]),
        ("delete /sessions", ["DeleteChatMember", "EndSession"]),
        ("customers list", ["ListCustomers"]),
        ("nothing like it", []),
    ):
        find.clear()
        find.send_keys(words)
        listed_names = [
            link.get_attribute("data-name") for link in browser.find_elements(By.CSS_SELECTOR, "#operations a")
        ]
        assert [name for name in listed_names if name in names] == names
        assert not names or len(listed_names) < 6
        assert read_text(browser, "found").startswith(f"{len(listed_names)} of ")


def test_failures_are_shown_as_sent(browser: Browser, lasting_gateway: Gateway) -> None:
    open_explorer(browser, lasting_gateway)
    choose(browser, "by", "none")
    press_send(browser)
    assert wait_for_response(browser).startswith("401")
    assert "Not Authenticated" in read_text(browser, "answer")
    assert "Not Authenticated" in read_text(browser, "problem")


@pytest.mark.parametrize("accept", ["jsv", "csv"])
def test_every_error_is_at_its_field(browser: Browser, lasting_gateway: Gateway, accept: str) -> None:
    open_explorer(browser, lasting_gateway, f"NewSession?!accept={accept}&memberEmailAddresses=a%2Cb%22%0Ac%3A%7B")
    sign_in(browser)
    browser.find_element(By.ID, "field-withAddress").send_keys('no, "body"')
    press_send(browser)
    assert wait_for_response(browser).startswith("400")
    assert read_text(browser, "field-memberEmailAddresses-problem").count("is not a valid email address") == 2
    assert read_text(browser, "field-withAddress-problem")
    assert read_text(browser, "problem") == ""


@pytest.mark.parametrize("accept", ["jsv", "csv"])
def test_a_list_in_other_formats_as_a_table(browser: Browser, lasting_gateway: Gateway, accept: str) -> None:
    open_explorer(browser, lasting_gateway, f"ListAccounts?!accept={accept}")
    sign_in(browser)
    press_send(browser)
    wait_for_response(browser)
    browser.find_element(By.ID, "as-table").click()
    heads = [cell.text.lower() for cell in browser.find_elements(By.CSS_SELECTOR, "#table th")]
    row = [cell.text for cell in browser.find_elements(By.CSS_SELECTOR, "#table tbody tr:first-child td")]
    assert dict(zip(heads, row, strict=True))["name"] == "Main"


@pytest.mark.parametrize("accept", ["json", "xml", "jsv", "csv"])
def test_errors_are_shown_at_their_fields(browser: Browser, lasting_gateway: Gateway, accept: str) -> None:
    open_explorer(browser, lasting_gateway, "SendMessage")
    sign_in(browser)
    choose(browser, "accept", accept)
    browser.find_element(By.ID, "field-sessionId").send_keys("x")
    press_send(browser)
    assert wait_for_response(browser).startswith("400")
    assert "not be empty" in read_text(browser, "field-body-problem")
    assert browser.find_element(By.ID, "field-body").get_attribute("aria-invalid") == "true"
    assert browser.switch_to.active_element.get_attribute("id") == "field-body"
    browser.find_element(By.ID, "clear").click()
    assert read_text(browser, "field-body-problem") == ""


def test_path_and_query(browser: Browser, lasting_gateway: Gateway) -> None:
    open_explorer(browser, lasting_gateway, "GetSession")
    browser.find_element(By.ID, "field-sessionId").send_keys("a/b c")
    assert read_text(browser, "request").startswith("GET /sessions/a%2Fb%20c HTTP/1.1")
    open_explorer(browser, lasting_gateway, "ListSessions")
    browser.find_element(By.ID, "field-accountIds").send_keys("x\ny")
    choose(browser, "field-sortOrder", "Ascend")
    assert read_text(browser, "request").startswith("GET /sessions?accountIds=x%2Cy&sortOrder=Ascend HTTP/1.1")


def test_an_empty_part_of_the_path_is_not_sent(browser: Browser, lasting_gateway: Gateway) -> None:
    open_explorer(browser, lasting_gateway, "GetSession")
    sign_in(browser)
    press_send(browser)
    assert "part of the path" in read_text(browser, "field-sessionId-problem")
    assert read_text(browser, "status") == "No response yet"
    assert browser.switch_to.active_element.get_attribute("id") == "field-sessionId"


def test_quick_clicks_send_once(browser: Browser, lasting_gateway: Gateway) -> None:
    open_explorer(browser, lasting_gateway)
    sign_in(browser)
    browser.find_element(By.ID, "field-displayName").send_keys("Only once")
    browser.execute_script("const go = document.getElementById('go'); go.click(); go.click(); go.click();")
    assert wait_for_response(browser).startswith("200")
    query = f"{lasting_gateway.url}/sessions?countPerPage=10"
    request = urllib.request.Request(
        query, headers={"Authorization": f"Bearer {API_KEY}", "Accept": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        assert [session["displayName"] for session in json.load(response)["items"]].count("Only once") == 1


def test_the_link_has_the_values_and_no_secret(browser: Browser, lasting_gateway: Gateway) -> None:
    open_explorer(browser, lasting_gateway, "NewUser")
    browser.find_element(By.ID, "field-emailAddress").send_keys("ann+b@example.org")
    browser.find_element(By.CSS_SELECTOR, "#fields details").click()
    browser.execute_script("for (const each of document.querySelectorAll('#fields details')) each.open = true")
    browser.find_element(By.ID, "field-password").send_keys("correct horse 1")
    choose(browser, "accept", "xml")
    link = browser.current_url
    assert link.endswith("#NewUser?!accept=xml&emailAddress=ann%2Bb%40example.org")
    for element_id in ("request", "code"):
        assert "correct horse" not in read_text(browser, element_id)
        assert "YOUR_PASSWORD" in read_text(browser, element_id)
    browser.get("about:blank")
    browser.get(f"{link}&password=leaked")
    assert browser.find_element(By.ID, "field-emailAddress").get_property("value") == "ann+b@example.org"
    assert browser.find_element(By.ID, "field-password").get_property("value") == ""
    assert browser.find_element(By.ID, "accept").get_property("value") == "xml"
    assert "leaked" not in browser.current_url


def test_signing_in_is_a_post_and_puts_no_password_into_a_url(browser: Browser, lasting_gateway: Gateway) -> None:
    open_explorer(browser, lasting_gateway, "Authenticate")
    assert read_text(browser, "request").startswith("POST /auth ")
    browser.execute_script("for (const each of document.querySelectorAll('#fields details')) each.open = true")
    browser.find_element(By.ID, "field-password").send_keys("s3cret!")
    routes = Select(browser.find_element(By.ID, "route"))
    reading = next(option for option in routes.options if option.text.startswith("GET"))
    routes.select_by_visible_text(reading.text)
    assert "s3cret" not in read_text(browser, "request") + read_text(browser, "code") + browser.current_url
    press_send(browser)
    assert "does not belong in a URL" in read_text(browser, "field-password-problem")
    assert read_text(browser, "status") == "No response yet"


def test_clear_keeps_the_key(browser: Browser, lasting_gateway: Gateway) -> None:
    open_explorer(browser, lasting_gateway)
    sign_in(browser)
    browser.find_element(By.ID, "field-displayName").send_keys("x")
    browser.find_element(By.ID, "clear").click()
    assert browser.find_element(By.ID, "field-displayName").get_property("value") == ""
    assert browser.find_element(By.ID, "token").get_property("value") == API_KEY
    assert browser.current_url.endswith("#NewSession")


@pytest.mark.parametrize(
    ("send", "begins"),
    [("json", '{\n  "displayName": "Hi"'), ("jsv", "{displayName:Hi"), ("xml", "<NewSession><DisplayName>Hi")],
)
def test_the_body_as_text(browser: Browser, lasting_gateway: Gateway, send: str, begins: str) -> None:
    open_explorer(browser, lasting_gateway)
    sign_in(browser)
    browser.find_element(By.ID, "field-displayName").send_keys("Hi")
    choose(browser, "send", send)
    browser.find_element(By.ID, "as-text").click()
    body = browser.find_element(By.ID, "body")
    assert str(body.get_property("value")).startswith(begins)
    assert not browser.find_element(By.ID, "field-displayName").is_displayed()
    browser.execute_script(
        "arguments[0].value = arguments[0].value.replace('Hi', 'By hand'); arguments[0].dispatchEvent(new Event('input', {bubbles: true}))",
        body,
    )
    assert "By hand" in read_text(browser, "code")
    press_send(browser)
    assert wait_for_response(browser).startswith("200")
    assert '"displayName": "By hand"' in read_text(browser, "answer")


def test_fill_with_a_sample(browser: Browser, lasting_gateway: Gateway) -> None:
    open_explorer(browser, lasting_gateway)
    sign_in(browser)
    browser.find_element(By.ID, "sample").click()
    press_send(browser)
    assert wait_for_response(browser).startswith("200"), read_text(browser, "answer")
    open_explorer(browser, lasting_gateway, "NewUser")
    browser.find_element(By.ID, "sample").click()
    assert browser.find_element(By.ID, "field-password").get_property("value") == ""


def test_a_list_as_a_table(browser: Browser, lasting_gateway: Gateway) -> None:
    open_explorer(browser, lasting_gateway, "ListAccounts")
    sign_in(browser)
    press_send(browser)
    wait_for_response(browser)
    browser.find_element(By.ID, "as-table").click()
    assert browser.find_element(By.CSS_SELECTOR, "#table th").text == "name"
    assert not browser.find_element(By.ID, "answer").is_displayed()


def test_the_call_as_curl(browser: Browser, lasting_gateway: Gateway) -> None:
    tools.needs("curl")
    for by in ("cookie", "bearer"):
        open_explorer(browser, lasting_gateway)
        choose(browser, "by", by)
        if by == "bearer":
            browser.find_element(By.ID, "token").send_keys(API_KEY)
        browser.find_element(By.ID, "field-displayName").send_keys('It\'s "curl" $HOME `x` \\')
        code = read_text(browser, "code")
        assert API_KEY not in code
        result = subprocess.run(
            ["bash", "-c", code.replace("YOUR_CREDENTIALS", API_KEY) + " --silent"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert json.loads(result.stdout)["displayName"] == 'It\'s "curl" $HOME `x` \\'


def test_the_call_as_code(browser: Browser, lasting_gateway: Gateway) -> None:
    open_explorer(browser, lasting_gateway)
    browser.find_element(By.ID, "field-displayName").send_keys("Hi")
    choose(browser, "field-channel", "Chat")
    open_tab(browser, "code")
    languages = [option.get_attribute("value") for option in Select(browser.find_element(By.ID, "language")).options]
    assert {*languages} >= {"curl", *types.LANGUAGES}
    for language in languages:
        assert language is not None
        choose(browser, "language", language)
        code = read_text(browser, "code")
        assert "Hi" in code
        assert language == "curl" or ("NewSession" in code and "chat" in code.lower())
    assert list_problems(browser) == []


def test_code_that_node_runs(browser: Browser, lasting_gateway: Gateway, tmp_path: Path) -> None:
    folder = tools.make_npm_folder(tmp_path)
    open_explorer(browser, lasting_gateway)
    browser.find_element(By.ID, "field-displayName").send_keys('From "Node"')
    open_tab(browser, "code")
    choose(browser, "language", "mjs")
    code = read_text(browser, "code").replace("YOUR_KEY", API_KEY)
    (folder / "dtos.mjs").write_text(tools.run("curl", "-s", f"{lasting_gateway.url}/types/mjs", cwd=folder))
    (folder / "call.mjs").write_text(code + "\nconsole.log(response.displayName)\n")
    assert tools.run("node", "call.mjs", cwd=folder) == 'From "Node"\n'


def test_a_person_finds_opens_and_ends_a_session(browser: Browser, lasting_gateway: Gateway) -> None:
    """Sign in, filter a list, open a session, end it: by what the pages show."""
    browser.delete_all_cookies()
    body = {"displayName": "Order 4711", "fromAddress": "ann@example.org"}
    request = urllib.request.Request(
        f"{lasting_gateway.url}/sessions",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        session_id = json.load(response)["id"]
    set_look(browser, 1280, "light")
    browser.get(lasting_gateway.url)
    browser.find_element(By.LINK_TEXT, "Sessions").click()
    browser.find_element(By.CSS_SELECTOR, "nav[aria-label=Lists]").find_element(By.LINK_TEXT, "Sessions").click()
    WebDriverWait(browser, 20).until(lambda b: b.title == "Sign in")
    browser.find_element(By.ID, "user").send_keys(EMAIL)
    browser.find_element(By.ID, "password").send_keys(PASSWORD, Keys.ENTER)
    WebDriverWait(browser, 20).until(lambda b: b.title == "Sessions")
    assert EMAIL in browser.find_element(By.CSS_SELECTOR, ".who").text
    browser.find_element(By.ID, "filter-from").send_keys("ann@", Keys.ENTER)
    WebDriverWait(browser, 20).until(lambda b: "from=ann" in b.current_url)
    browser.find_element(By.LINK_TEXT, "Order 4711").click()
    WebDriverWait(browser, 20).until(lambda b: b.title == "Order 4711 · Session")
    browser.find_element(By.LINK_TEXT, "End session").click()
    WebDriverWait(browser, 20).until(lambda b: b.title == "EndSession · Explorer")
    assert browser.find_element(By.ID, "field-sessionId").get_property("value") == session_id
    press_send(browser)
    assert wait_for_response(browser).startswith("204")
    browser.find_element(By.LINK_TEXT, "Open its page").click()
    WebDriverWait(browser, 20).until(lambda b: b.title == "Order 4711 · Session")
    assert browser.find_element(By.XPATH, "//tr[th='Ended']/td").text == "True"
    browser.find_element(By.LINK_TEXT, "All sessions").click()
    WebDriverWait(browser, 20).until(lambda b: b.title == "Sessions")
    browser.find_element(By.CSS_SELECTOR, ".who button").click()
    WebDriverWait(browser, 20).until(lambda b: b.title == "Sign in")
    assert list_problems(browser) == []


PAGES = [
    "/metadata",
    "/types",
    "/jsv/metadata?op=NewSession&lang=java",
    "/xml/metadata?op=ListSessions",
    "/operations/metadata.html",
    "/explorer",
    "/explorer/events",
    "/json/metadata?op=Nope",
    "/login",
    "/logout",
    "/nope.html",
]


def test_operations_are_found_on_their_page_by_typing(browser: Browser, lasting_gateway: Gateway) -> None:
    browser.get(f"{lasting_gateway.url}/metadata")
    browser.find_element(By.ID, "find").send_keys("end ses")
    names = [
        element.text for element in browser.find_elements(By.CSS_SELECTOR, "main tbody b") if element.is_displayed()
    ]
    assert "EndSession" in names
    assert len(names) < 6
    assert read_text(browser, "found").startswith(f"{len(names)} of ")
    browser.find_element(By.ID, "find").send_keys("sion", Keys.ENTER)
    WebDriverWait(browser, 20).until(lambda b: b.title.endswith("· Operation"))
    assert list_problems(browser) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", PAGES)
def test_accessibility(browser: Browser, lasting_gateway: Gateway, path: str, width: int, scheme: str) -> None:
    check_look(browser, f"{lasting_gateway.url}{path}", width, scheme)


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
    with urllib.request.urlopen(request, timeout=60) as response:
        session_id = json.load(response)["id"]
    if not query:
        check_look(signed_in, f"{lasting_gateway.url}/sessions/{session_id}.html", width, scheme)
    check_look(signed_in, f"{lasting_gateway.url}/sessions.html{query}", width, scheme)
    if query != "?countPerPage=x":
        if not query:
            signed_in.find_element(By.ID, "all-columns").click()
            WebDriverWait(signed_in, 20).until(lambda b: "_columns=all" in b.current_url)
            check_look(signed_in, signed_in.current_url, width, scheme)
        row = signed_in.find_element(By.XPATH, f"//tr[.//a[contains(@href, '{session_id}')]]")
        assert "<b>Ann</b>" in row.text
        row.find_element(By.XPATH, ".//summary[.='2 items']").click()
        assert "bob@example.org" in row.text
        signed_in.find_element(By.LINK_TEXT, "jsv").click()
        assert session_id in signed_in.page_source


def set_look(browser: Browser, width: int, scheme: str) -> None:
    """A window of so many pixels, and the scheme of its colors."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def check_look(browser: Browser, url: str, width: int, scheme: str) -> None:
    """Open a page in a window of so many pixels: axe finds nothing, and nothing is wider than the window."""
    set_look(browser, width, scheme)
    axe = (tools.install_npm() / "node_modules" / "axe-core" / "axe.min.js").read_text()
    browser.get(url)
    browser.execute_script(axe)
    report = browser.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
    assert [
        (violation["id"], [node["html"] for node in violation["nodes"]][:3]) for violation in report["violations"]
    ] == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
