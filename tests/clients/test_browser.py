"""npm's client library in Chromium, on pages of other origins than the gateway's."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.clients.test_clients import INSTALLED, typescript
from tests.metadata.conftest import Browser, chromium
from tests.servers import EMAIL, FIRST_USER, PASSWORD, Gateway, _gateways

#: What each script begins with: the library, a way to declare DTOs as the generated ones are, and the gateway's address.
PRELUDE = """
const [url, email, password, done] = arguments;
(async () => {
const { JsonServiceClient } = await import("/servicestack-client.mjs")
class Dto { constructor(init) { Object.assign(this, init) } getTypeName() { return this.constructor.name } }
const operation = (name, verb) => ({ [name]: class extends Dto {
    createResponse() { return {} }
    getMethod() { return verb }
} })[name]
const [Authenticate, NewSession] = [operation("Authenticate", "POST"), operation("NewSession", "POST")]
const [PatchSession, ListSessions] = [operation("PatchSession", "PATCH"), operation("ListSessions", "GET")]
const client = new JsonServiceClient(url)
const refused = async call => { try { await call(); return null } catch (error) { return error.responseStatus ?? String(error) } }
const logIn = text => client.post(new Authenticate({ provider: "credentials", userName: email, password: text }))
"""
END = "\n})().then(done, error => done({ failed: String(error.responseStatus?.message ?? error) }))"


class _Quiet(SimpleHTTPRequestHandler):
    """Files, without a line for each."""

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


def _served(folder: Path) -> Iterator[int]:
    """The port of a server of files."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the library and a page."""
    typescript("2")
    folder = tmp_path_factory.mktemp("library")
    installed = INSTALLED / "typescript2" / "node_modules" / "@servicestack" / "client" / "dist"
    shutil.copy(installed / "servicestack-client.mjs", folder)
    (folder / "page.html").write_text("<!DOCTYPE html><title>page</title>")
    return folder


@pytest.fixture(scope="module")
def listed_port(library: Path) -> Iterator[int]:
    """The port of pages that may call."""
    yield from _served(library)


@pytest.fixture(scope="module")
def unlisted_port(library: Path) -> Iterator[int]:
    """The port of pages that may not."""
    yield from _served(library)


@pytest.fixture(scope="module")
def cors_gateway(listed_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that pages at 127.0.0.1 and at localhost may call."""
    origins = f"http://127.0.0.1:{listed_port},http://localhost:{listed_port}"
    for make in _gateways(tmp_path_factory.mktemp("called")):
        gateway = make(**FIRST_USER, GATEWAY_CORS_ORIGINS=origins)
        gateway.start()
        yield gateway


@pytest.fixture(scope="module")
def browser(cors_gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium, ended before the gateway, to which it keeps connections."""
    yield from chromium(tmp_path_factory.mktemp("profile"))


def run(browser: Browser, origin: str, gateway: Gateway, script: str) -> Any:
    """What a script on a page returns. It must not wait: a browser's own log-in dialog would keep it waiting."""
    browser.set_script_timeout(20)
    browser.get(f"{origin}/page.html")
    return browser.execute_async_script(PRELUDE + script + END, gateway.url, EMAIL, PASSWORD)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_token_signs_in_on_another_origin(
    browser: Browser, cors_gateway: Gateway, listed_port: int, host: str
) -> None:
    origin = f"http://{host}:{listed_port}"
    result = run(
        browser,
        origin,
        cors_gateway,
        """
        const anonymous = await refused(() => client.post(new NewSession({ displayName: "nobody's" })))
        const wrong = await refused(() => logIn("wrong"))
        client.bearerToken = (await logIn(password)).bearerToken
        const made = await client.post(new NewSession({ displayName: location.origin, channel: "Chat" }))
        const changed = await client.patch(new PatchSession({ sessionId: made.id, consoleData: "seen" }))
        const list = await client.get(new ListSessions({ specificIds: [made.id] }))
        const field = await refused(() => client.post(new NewSession({ withAddress: "nonsense" })))
        return { anonymous, wrong, made, changed, list, field }
        """,
    )
    assert result["anonymous"]["errorCode"] == "Unauthorized"
    assert result["wrong"]["message"] == "Invalid Username or Password"
    assert (result["made"]["displayName"], result["made"]["channel"]) == (origin, "Chat")
    assert result["changed"]["consoleData"] == "seen"
    assert [item["id"] for item in result["list"]["items"]] == [result["made"]["id"]]
    assert result["field"]["errors"][0]["fieldName"] == "WithAddress"


def test_cookies_sign_in_on_a_listed_origin(browser: Browser, cors_gateway: Gateway, listed_port: int) -> None:
    result = run(
        browser,
        f"http://127.0.0.1:{listed_port}",
        cors_gateway,
        """
        await logIn(password)
        const made = await client.post(new NewSession({ displayName: "by cookie" }))
        await client.post(new Authenticate({ provider: "logout" }))
        return { made, after: await refused(() => client.post(new NewSession({ displayName: "signed out" }))) }
        """,
    )
    assert result["made"]["displayName"] == "by cookie"
    assert result["after"]["errorCode"] == "Unauthorized"


def test_a_page_of_an_unlisted_origin_reads_and_changes_nothing(
    browser: Browser, cors_gateway: Gateway, listed_port: int, unlisted_port: int
) -> None:
    count = "return (await client.get(new ListSessions({ countPerPage: 1 }))).totalCount"
    before = run(browser, f"http://127.0.0.1:{listed_port}", cors_gateway, f"await logIn(password); {count}")
    # The browser sends the cookies with both: the page is of the same site.
    result = run(
        browser,
        f"http://127.0.0.1:{unlisted_port}",
        cors_gateway,
        """
        const form = { method: "POST", credentials: "include", body: new URLSearchParams({ displayName: "forged" }) }
        const failed = async call => { try { await call(); return "" } catch (error) { return error.name } }
        return [
            await failed(() => fetch(url + "/sessions", form)),
            await failed(() => fetch(url + "/sessions", { credentials: "include" })),
        ]
        """,
    )
    assert result == ["TypeError", "TypeError"]
    assert run(browser, f"http://127.0.0.1:{listed_port}", cors_gateway, count) == before


@pytest.mark.parametrize("page", ["listed", "own"])
def test_server_events(browser: Browser, cors_gateway: Gateway, listed_port: int, page: str) -> None:
    """ServiceStack's ServerEventsClient with the browser's EventSource, on another origin; and EventSource alone."""
    result = run(
        browser,
        f"http://127.0.0.1:{listed_port}",
        cors_gateway,
        f"""
        const ownSource = {"true" if page == "own" else "false"}
        const {{ ServerEventsClient }} = await import("/servicestack-client.mjs")
        await logIn(password)
        const seen = []
        const until = async test => {{
            for (let turn = 0; turn < 300 && !test(); turn++) await new Promise(go => setTimeout(go, 50))
            if (!test()) throw Error("not in time: " + JSON.stringify(seen))
        }}
        if (ownSource) {{
            const source = new EventSource(url + "/event-stream?channels=home", {{ withCredentials: true }})
            source.onmessage = event => seen.push([event.data.split(" ")[0], Number(event.lastEventId)])
            await until(() => seen.some(each => each[0] == "cmd.onConnect"))
            const made = await client.post(new NewSession({{ displayName: "followed" }}))
            await until(() => seen.some(each => each[0] == "session.created"))
            source.close()
            return {{ seen }}
        }}
        const received = []
        const events = new ServerEventsClient(url, ["home"], {{
            handlers: {{
                onConnect: connection => seen.push(["onConnect", connection.displayName, connection.heartbeatIntervalMs]),
                onJoin: message => seen.push(["onJoin", message.channel, message.displayName]),
                onUpdate: message => seen.push(["onUpdate", message.channels]),
                onHeartbeat: () => seen.push(["onHeartbeat"]),
                onMessage: message => seen.push([message.selector, message.body && message.body.displayName]),
            }},
            receivers: {{ session: {{ created: session => received.push(session.displayName) }} }},
        }}).start()
        await until(() => seen.some(each => each[0] == "onJoin"))
        events.serviceClient.bearerToken = (await logIn(password)).bearerToken
        const made = await client.post(new NewSession({{ displayName: "followed" }}))
        await until(() => seen.some(each => each[0] == "session.created"))
        await events.subscribeToChannels("session:" + made.id)
        await until(() => seen.some(each => each[0] == "onUpdate"))
        const subscribers = await events.getChannelSubscribers()
        const beat = (await fetch(events.connectionInfo.heartbeatUrl, {{ method: "POST", credentials: "include" }})).status
        await until(() => seen.some(each => each[0] == "onHeartbeat"))
        const lost = events.connectionInfo.heartbeatUrl
        await events.stop()
        const after = (await fetch(lost, {{ method: "POST", credentials: "include" }})).status
        return {{ seen, received, subscribers, beat, after, id: made.id }}
        """,
    )
    assert "failed" not in result, result
    if page == "own":
        numbers = [number for _, number in result["seen"]]
        assert numbers == sorted(numbers)
        assert result["seen"][-1][0] == "session.created"
        return
    assert result["seen"][0] == ["onConnect", EMAIL, 10_000]
    assert ["onJoin", "home", EMAIL] in result["seen"]
    assert ["session.created", "followed"] in result["seen"]
    assert ["onUpdate", f"home,session:{result['id']}"] in result["seen"]
    assert result["received"] == ["followed"]
    assert [subscriber["channels"] for subscriber in result["subscribers"]] == [["home", f"session:{result['id']}"]]
    assert (result["beat"], result["after"]) == (200, 404)
