"""PyPI's servicestack against a gateway. Prints a JSON line for each check."""

import json
import os
import sys
import traceback
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Callable, Dict, List, Optional

from dataclasses_json import LetterCase, Undefined, dataclass_json
from servicestack import (
    Authenticate,
    AuthenticateResponse,
    IDelete,
    IGet,
    IPatch,
    IPost,
    IReturn,
    IReturnVoid,
    JsonServiceClient,
    WebServiceException,
)

URL, EMAIL, PASSWORD = os.environ["URL"], os.environ["EMAIL"], os.environ["PASSWORD"]
KEY, POOR_KEY = os.environ["KEY"], os.environ["POOR_KEY"]
NAMES = json.loads(os.environ["NAMES"])


class FlowChannels(str, Enum):
    Voice = "Voice"
    Chat = "Chat"
    Fax = "Fax"


class SessionDirections(str, Enum):
    Incoming = "Incoming"
    Outgoing = "Outgoing"


class SessionCallState(str, Enum):
    Disconnected = "Disconnected"
    Ringing = "Ringing"
    Connected = "Connected"
    Hold = "Hold"
    Passive = "Passive"


@dataclass_json(letter_case=LetterCase.CAMEL, undefined=Undefined.EXCLUDE)
@dataclass
class SessionMemberInfo:
    identity: Optional[str] = None
    display_name: Optional[str] = None
    is_original_member: Optional[bool] = None
    application_data: Optional[Dict[str, str]] = None


@dataclass_json(letter_case=LetterCase.CAMEL, undefined=Undefined.EXCLUDE)
@dataclass
class SessionInfo:
    id: Optional[str] = None
    display_name: Optional[str] = None
    channel: Optional[FlowChannels] = None
    direction: Optional[SessionDirections] = None
    call_state: Optional[SessionCallState] = None
    from_address: Optional[str] = None
    console_data: Optional[str] = None
    held_by_user_id: Optional[str] = None
    ended: Optional[bool] = None
    members: Optional[List[SessionMemberInfo]] = None
    date_created: Optional[str] = None


@dataclass_json(letter_case=LetterCase.CAMEL, undefined=Undefined.EXCLUDE)
@dataclass
class NewSession(IReturn[SessionInfo], IPost):
    display_name: Optional[str] = None
    channel: Optional[FlowChannels] = None
    direction: Optional[SessionDirections] = None
    call_state: Optional[SessionCallState] = None
    from_address: Optional[str] = None
    with_address: Optional[str] = None
    member_email_addresses: Optional[List[str]] = None
    start_session: Optional[bool] = None


@dataclass_json(letter_case=LetterCase.CAMEL, undefined=Undefined.EXCLUDE)
@dataclass
class GetSession(IReturn[SessionInfo], IGet):
    session_id: Optional[str] = None


@dataclass_json(letter_case=LetterCase.CAMEL, undefined=Undefined.EXCLUDE)
@dataclass
class PatchSession(IReturn[SessionInfo], IPatch):
    session_id: Optional[str] = None
    console_data: Optional[str] = None


@dataclass_json(letter_case=LetterCase.CAMEL, undefined=Undefined.EXCLUDE)
@dataclass
class HoldSession(IReturn[SessionInfo], IPost):
    session_id: Optional[str] = None
    reason: Optional[str] = None


@dataclass_json(letter_case=LetterCase.CAMEL, undefined=Undefined.EXCLUDE)
@dataclass
class EndSession(IReturnVoid, IDelete):
    session_id: Optional[str] = None


@dataclass_json(letter_case=LetterCase.CAMEL, undefined=Undefined.EXCLUDE)
@dataclass
class ListSessionsResponse:
    items: Optional[List[SessionInfo]] = None
    total_count: Optional[int] = None
    has_more_pages: Optional[bool] = None


@dataclass_json(letter_case=LetterCase.CAMEL, undefined=Undefined.EXCLUDE)
@dataclass
class ListSessions(IReturn[ListSessionsResponse], IGet):
    page: Optional[int] = None
    count_per_page: Optional[int] = None
    specific_ids: Optional[List[str]] = field(default=None)


def client() -> JsonServiceClient:
    json_client = JsonServiceClient(URL)
    json_client.set_credentials(EMAIL, PASSWORD)
    return json_client


def bearer(token: str) -> JsonServiceClient:
    json_client = JsonServiceClient(URL)
    json_client.set_bearer_token(token)
    return json_client


def status(call: Callable[[], Any]) -> WebServiceException:
    try:
        result = call()
    except WebServiceException as error:
        return error
    raise AssertionError(f"no error, but {result!r}")


def create_by_api() -> None:
    session = client().send(NewSession(display_name="Hi", channel=FlowChannels.Chat, start_session=True))
    assert (session.display_name, session.channel) == ("Hi", FlowChannels.Chat)


def create_by_reply() -> None:
    replying = client()
    replying.set_base_path("")
    session = replying.send(NewSession(display_name="Hi"))
    assert session.display_name == "Hi"


def create_by_rest() -> None:
    session = client().post_url("/sessions", response_as=SessionInfo, body=NewSession(display_name="Hi"))
    assert session.display_name == "Hi"


def defaults() -> None:
    session = client().send(NewSession())
    assert (session.channel, session.direction, session.call_state) == (
        FlowChannels.Voice,
        SessionDirections.Outgoing,
        SessionCallState.Connected,
    )
    assert session.from_address == EMAIL
    assert session.ended is False


def names() -> None:
    for name in NAMES:
        session = client().send(NewSession(display_name=name))
        assert session.display_name == name, (name, session.display_name)
        assert client().get(GetSession(session_id=session.id)).display_name == name


def field_errors() -> None:
    bad = NewSession(with_address="nonsense", member_email_addresses=["a@example.org", "nobody"])
    error = status(lambda: client().send(bad))
    assert error.status_code == 400
    failures = [(error.error_code, error.field_name) for error in error.response_status.errors]
    assert failures == [("RegularExpression", "WithAddress"), ("Email", "MemberEmailAddresses[1]")], failures


def not_authenticated() -> None:
    assert status(lambda: JsonServiceClient(URL).send(NewSession())).status_code == 401
    wrong_client = JsonServiceClient(URL)
    wrong_client.set_credentials(EMAIL, "wrong")
    error = status(lambda: wrong_client.send(NewSession()))
    assert (error.status_code, error.response_status.message) == (401, "Invalid Username or Password")
    assert status(lambda: bearer("wrong").send(NewSession())).status_code == 401


def forbidden() -> None:
    error = status(lambda: bearer(POOR_KEY).send(NewSession()))
    assert (error.status_code, error.response_status.message) == (403, "Invalid Role")


def not_found() -> None:
    assert status(lambda: client().get(GetSession(session_id="nobody"))).status_code == 404
    assert status(lambda: client().get_url("/no-such-route", response_as=SessionInfo)).status_code == 404


def api_key() -> None:
    assert bearer(KEY).send(NewSession(display_name="key")).display_name == "key"
    basic = JsonServiceClient(URL)
    basic.set_credentials(KEY, "")
    assert basic.send(NewSession(display_name="key")).display_name == "key"


def batch() -> None:
    sessions = client().send_all([NewSession(display_name=str(number)) for number in range(3)])
    assert [session.display_name for session in sessions] == ["0", "1", "2"]
    error = status(lambda: client().send_all([NewSession(), NewSession(with_address="nonsense")]))
    assert error.status_code == 400
    assert error.response_status.error_code == "RegularExpression"


def one_way() -> None:
    client().send_all_oneway([NewSession(display_name="one way")])


def change_and_end() -> None:
    me = client()
    session = me.send(NewSession(display_name="to end"))
    assert me.patch(PatchSession(session_id=session.id, console_data='a "b", c')).console_data == 'a "b", c'
    assert me.send(HoldSession(session_id=session.id, reason="Transferring")).call_state == SessionCallState.Hold
    assert me.delete(EndSession(session_id=session.id)) is None
    assert me.get(GetSession(session_id=session.id)).ended is True


def lists() -> None:
    me = client()
    ids = [me.send(NewSession(display_name=f"page {number}")).id for number in range(3)]
    page = me.get(ListSessions(page=1, count_per_page=2))
    assert len(page.items) == 2
    assert page.has_more_pages
    page_of_ids = me.get(ListSessions(specific_ids=ids[:2]))
    assert {session.id for session in page_of_ids.items} == set(ids[:2])


def log_in_and_out() -> None:
    me = JsonServiceClient(URL)
    response: AuthenticateResponse = me.post(
        Authenticate(provider="credentials", user_name=EMAIL, password=PASSWORD, remember_me=True)
    )
    assert response.user_name == EMAIL
    assert response.session_id
    assert me.send(NewSession(display_name="by cookie")).display_name == "by cookie"
    error = status(lambda: me.send(NewSession(with_address="nonsense")))
    assert error.status_code == 400
    me.post(Authenticate(provider="logout"))
    assert status(lambda: me.send(NewSession())).status_code == 401
    error_of_wrong = status(lambda: me.post(Authenticate(provider="credentials", user_name=EMAIL, password="wrong")))
    assert (error_of_wrong.status_code, error_of_wrong.response_status.message) == (401, "Invalid Username or Password")


CHECKS = [
    create_by_api, create_by_reply, create_by_rest, defaults, names, field_errors, not_authenticated, forbidden, not_found,
    api_key, batch, one_way, change_and_end, lists, log_in_and_out,
]  # fmt: skip

for check in CHECKS:
    try:
        check()
        problem = None
    except Exception:
        problem = traceback.format_exc()
    print(json.dumps({"check": check.__name__, "problem": problem}), flush=True)
sys.exit(0)
