"""Every recorded conversation, held again with the gateway: the same, or otherwise by a decision that the documentation tells."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway.http.app import BODY_LIMIT, Options, create_app
from gateway.users.authenticator import Authenticator
from gateway.users.passwords import new_hasher
from gateway.users.sessions import LoginSessions
from models import connect
from models.engine import migrations
from models.users import identity, user
from serializers.dialect import Dialect
from serializers.registry import default_registry
from tests import sessions_api
from tests.conversations import host
from tests.conversations.decisions import DECISIONS, UNEXPLAINED, verdict
from tests.conversations.recording import Answer, Conversation, ask, conversations, differences
from tests.databases import OWNERS

HERE = Path(__file__).parent
DOCUMENTATION = HERE.parents[1] / "docs" / "http.rst"
PASSWORD = "p@55w0rd"
LIVE_KEY = "KEY-live-secret-0123456789"

CONVERSATIONS = list(conversations())
USERS = ("user", "norole", "admin")
#: The recorded names of users, for our e-mail addresses.
NAMES = {f'"{name}"': f'"{name}@example.org"' for name in USERS} | {"UserName=user&": "UserName=user@example.org&"}
#: The tokens that log-ins gave there and that were sent later.
TOKENS = [json.loads(each.answer.body)["bearerToken"] for each in CONVERSATIONS if each.name == "auth/login-for-jwt"]
#: Whose the login sessions were that were sent later: the number of the user.
SESSIONS = {
    found[1]: int(found[2])
    for each in CONVERSATIONS
    if (found := re.search(r"\bss-id=([^;]+).*X-UAId=(\d)", each.header("Cookie")))
}
#: The verdict of every conversation: ``same``, or the names of decisions.
TABLE = dict(line.split("\t") for line in (HERE / "verdicts.tsv").read_text().splitlines())


class Host:
    """The gateway with the recorded host's operations and users."""

    def __init__(self, folder: Path) -> None:
        database = connect(f"sqlite:///{folder}/host.db")
        migrations.apply(database, OWNERS)
        administrator = sessions_api.administrator(database)
        for name in USERS:
            role = "Customer" if name == "norole" else "User"
            user_id = administrator.add_user(f"{name}@example.org", roles=[role], account_name="Main")
            with database.unit_of_work() as unit:
                # The recorded password is easy to guess, and so would be refused today.
                user.update(unit, user_id, password_hash=new_hasher().hash(PASSWORD))
        administrator.add_key("user@example.org", LIVE_KEY)
        self.database = database
        # Recorded log-ins that fail come faster than a person makes them, and would be locked out.
        self.now = time.time()
        authenticator = Authenticator(database, ["s" * 40], clock=self._clock, sleep=lambda _: None)
        options = Options(
            jsonp=True,
            origins=("https://app.example.org",),
            write_line=lambda _: None,
            # Anybody may call the recorded host, and one did with a megabyte.
            open_body_limit=BODY_LIMIT,
            dialect=Dialect.of("5.8"),
        )
        self.apps = {
            variant: create_app(catalog, default_registry(), database, authenticator, options)
            for variant, catalog in host.catalogs().items()
        }
        with database.unit_of_work(write=False) as unit:
            found = [identity.find_by_email(unit, f"{name}@example.org") for name in USERS]
            self.users = [each for each in found if each is not None]
        self.sessions = LoginSessions(database, self._clock)
        self.authenticator = authenticator

    def ask(self, conversation: Conversation) -> Answer:
        """The answer to a recorded request."""
        self.now += 60
        return ask(self.apps[conversation.variant], conversation, {**NAMES, **self._secrets(conversation)})

    def _clock(self) -> float:
        return self.now

    def _secrets(self, conversation: Conversation) -> Mapping[str, str]:
        """What stands here for the cookies and the token that log-ins gave there. Each conversation has a login session of its own."""
        # A token lasts an hour, and the clock goes on with each conversation.
        found = dict.fromkeys(TOKENS, self.authenticator.make_token(self.users[0]))
        cookies = dict(re.findall(r"(ss-p?id)=([^;]+)", conversation.header("Cookie")))
        given = conversation.header("X-ss-id") or cookies.get("ss-id", "")
        if given in SESSIONS:
            session = self.sessions.start(self.users[SESSIONS[given] - 1], permanent=False)
            if conversation.answer.status == 401:
                # It was over by then.
                self.sessions.end(session.id)
            found |= dict.fromkeys([given, *cookies.values()], session.id)
        return found


@pytest.fixture(scope="module")
def recorded_host(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = Host(tmp_path_factory.mktemp("host"))
    yield made
    made.database.dispose()


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda each: each.key)
def test_a_conversation(recorded_host: Host, conversation: Conversation) -> None:
    ours = recorded_host.ask(conversation)
    assert ours.header("X-Request-Id")
    assert ours.status != 500 or conversation.answer.status == 500
    found = differences(conversation, ours)
    assert verdict(conversation, ours, found) == TABLE[conversation.key], "\n".join(found)


SPELLED = [each for each in CONVERSATIONS if "/echo/types" in each.target or "EchoTypes" in each.target]


@pytest.mark.parametrize(
    "conversation",
    [each for each in SPELLED if TABLE[each.key] == "same" and each.method != "HEAD"],
    ids=lambda each: each.key,
)
def test_dates_guids_durations_and_names_are_the_same_to_the_byte(
    recorded_host: Host, conversation: Conversation
) -> None:
    assert recorded_host.ask(conversation).text == conversation.answer.text


def test_the_table_names_every_conversation() -> None:
    assert set(TABLE) == {each.key for each in CONVERSATIONS}
    assert UNEXPLAINED not in TABLE.values()


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda each: each.name)
def test_every_decision_is_documented_and_used(decision: Any) -> None:
    words = " ".join(DOCUMENTATION.read_text().split())
    assert decision.sentence in words
    assert any(decision.name in value.split(", ") for value in TABLE.values())
