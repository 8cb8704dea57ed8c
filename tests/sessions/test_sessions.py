"""What happens to one session: read, patch, hold, end, members; and by many at once."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gateway.errors import Conflict, NotFound, PreconditionFailed, ValidationFailed
from tests.sessions.conftest import People, World


@pytest.fixture
def session_id(world: World, people: People) -> str:
    return str(world.call(people.ada, "NewSession", {"displayName": "One"}).id)


def list_messages(row: Any) -> list[str]:
    return [line.message for line in row.log]


def test_who_sees_a_session(world: World, people: People, session_id: str) -> None:
    for caller in (people.ada, people.bob, people.root):
        assert world.call(caller, "GetSession", {"sessionId": session_id}).id == session_id
    for operation, values in (
        ("GetSession", {}),
        ("PatchSession", {"consoleData": "x"}),
        ("HoldSession", {}),
        ("EndSession", {}),
        ("InviteChatMember", {"memberToAdd": "x@example.org"}),
        ("DeleteChatMember", {"memberToRemove": "ada@example.org"}),
        ("AddConferenceMember", {"destination": "+1555"}),
    ):
        with pytest.raises(NotFound):
            world.call(people.eve, operation, {"sessionId": session_id, **values})
        with pytest.raises(NotFound):
            world.call(people.ada, operation, {"sessionId": "nothing", **values})
        with pytest.raises(ValidationFailed):
            world.call(people.ada, operation, values)


def test_patch_changes_what_is_given(world: World, people: People, session_id: str) -> None:
    row = world.call(
        people.bob, "PatchSession", {"sessionId": session_id, "consoleData": "data", "queueState": "Queued"}
    )
    assert (row.console_data, row.queue_state, row.call_state) == ("data", "Queued", "Connected")
    assert (row.last_modified_by, row.created_by, row.version) == (people.bob.user_id, people.ada.user_id, 2)
    assert row.date_last_modified > row.date_created
    assert row.date_last_modified == row.log[-1].date
    assert list_messages(row)[1:] == ["Bob changed consoleData, queueState"]
    assert world.call(people.ada, "PatchSession", {"sessionId": session_id, "consoleData": ""}).console_data == ""
    assert row == world.call(people.ada, "GetSession", {"sessionId": session_id})._replace(
        console_data="data",
        version=2,
        log=row.log,
        **{n: getattr(row, n) for n in ("date_last_modified", "last_modified_by")},
    )


def test_a_patch_of_nothing_changes_nothing(world: World, people: People, session_id: str) -> None:
    before = world.call(people.ada, "GetSession", {"sessionId": session_id})
    assert world.call(people.bob, "PatchSession", {"sessionId": session_id, "consoleData": None}) == before


def test_hold_and_resume(world: World, people: People, session_id: str) -> None:
    row = world.call(people.bob, "HoldSession", {"sessionId": session_id, "reason": "Transferring", "callSid": "CA1"})
    assert (row.call_state, row.hold_reason, row.held_by_user_id) == ("Hold", "Transferring", people.bob.user_id)
    assert row.call_sid == "CA1"
    row = world.call(people.ada, "PatchSession", {"sessionId": session_id, "callState": "Connected"})
    assert (row.call_state, row.hold_reason, row.held_by_user_id) == ("Connected", None, None)
    row = world.call(people.ada, "HoldSession", {"sessionId": session_id})
    assert (row.hold_reason, row.call_sid) == ("None", "CA1")
    assert list_messages(row)[1:] == [
        "Bob put the session on hold (Transferring)",
        "Ada changed callState",
        "Ada put the session on hold",
    ]


def test_end(world: World, people: People, session_id: str) -> None:
    world.call(people.ada, "InviteChatMember", {"sessionId": session_id, "memberToAdd": "x@example.org"})
    assert world.call(people.ada, "EndSession", {"sessionId": session_id, "callSid": "CA9"}) is None
    row = world.call(people.ada, "GetSession", {"sessionId": session_id})
    assert (row.ended, row.call_state, row.call_sid) == (True, "Disconnected", "CA9")
    assert row.date_completed == row.date_last_modified == row.log[-1].date
    assert [member.call_state for member in row.members] == ["None", "None"]
    assert list_messages(row)[-1] == "Ada ended the session"
    assert world.call(people.bob, "EndSession", {"sessionId": session_id}) is None
    assert world.call(people.ada, "GetSession", {"sessionId": session_id}) == row


def test_what_has_ended_does_not_change(world: World, people: People, session_id: str) -> None:
    world.call(people.ada, "EndSession", {"sessionId": session_id})
    for operation, values in (
        ("PatchSession", {"consoleData": "x"}),
        ("HoldSession", {}),
        ("InviteChatMember", {"memberToAdd": "x@example.org"}),
        ("AddConferenceMember", {"destination": "+1555"}),
    ):
        with pytest.raises(Conflict):
            world.call(people.ada, operation, {"sessionId": session_id, **values})


def test_only_the_version_that_was_seen(world: World, people: People, session_id: str) -> None:
    values = {"sessionId": session_id, "consoleData": "x"}
    version = f"{session_id}-1"
    for other_versions in ({f"{session_id}-2"}, {"another-1"}, set()):
        with pytest.raises(PreconditionFailed):
            world.call(people.ada, "PatchSession", values, expected=frozenset(other_versions))
    assert world.call(people.ada, "PatchSession", values, expected=frozenset({"another-1", version})).version == 2
    with pytest.raises(PreconditionFailed):
        world.call(people.ada, "EndSession", {"sessionId": session_id}, expected=frozenset({version}))


def test_conference(world: World, people: People, session_id: str) -> None:
    values = {"sessionId": session_id, "destination": "+15551234567", "callSid": "CA2", "fromNumber": "+1555"}
    row = world.call(people.ada, "AddConferenceMember", values)
    added = row.members[-1]
    assert (added.identity, added.call_state, added.role, added.call_sid) == (
        "+15551234567",
        "Ringing",
        "Transfer",
        "CA2",
    )
    assert row.conference_sid
    assert row.most_recent_participant_call_sid == "CA2"
    repeated = world.call(people.ada, "AddConferenceMember", {**values, "callSid": "CA3"})
    assert repeated.conference_sid == row.conference_sid
    assert repeated.most_recent_participant_call_sid == "CA3"
    assert len(repeated.members) == 2


def test_invite_and_remove(world: World, people: People, session_id: str) -> None:
    def invite(name: str) -> list[str]:
        row = world.call(people.ada, "InviteChatMember", {"sessionId": session_id, "memberToAdd": name})
        return [member.identity for member in row.members]

    assert invite("+1 555 123-4567") == ["ada@example.org", "+1 555 123-4567"]
    assert invite(people.bob.user_id)[2:] == ["bob@example.org"]
    assert invite("BOB@example.org")[2:] == ["bob@example.org"]
    assert invite("new@example.org")[3:] == ["new@example.org"]
    for nobody in ("nobody", people.eve.user_id):
        with pytest.raises(ValidationFailed) as caught:
            invite(nobody)
        assert [(error.error_code, error.field_name) for error in caught.value.errors] == [("NotFound", "memberToAdd")]
    row = world.call(people.ada, "DeleteChatMember", {"sessionId": session_id, "memberToRemove": "Bob@Example.org"})
    assert [member.identity for member in row.members] == ["ada@example.org", "+1 555 123-4567", "new@example.org"]
    with pytest.raises(NotFound):
        world.call(people.ada, "DeleteChatMember", {"sessionId": session_id, "memberToRemove": "bob@example.org"})
    assert list_messages(row)[1:] == [
        "Ada invited +1 555 123-4567",
        "Ada invited bob@example.org",
        "Ada invited new@example.org",
        "Ada removed bob@example.org",
    ]
    assert row == world.call(people.ada, "GetSession", {"sessionId": session_id})


def test_sixteen_clients_at_once(world: World, people: People, session_id: str) -> None:
    """No update, member or log line is lost, none is there twice, and what comes after the end is refused."""

    def attempt(operation: str, **values: Any) -> str:
        try:
            world.call(people.ada, operation, {"sessionId": session_id, **values})
        except Conflict:
            return "conflict"
        return operation

    jobs: list[tuple[str, dict[str, str]]] = []
    for number in range(16):
        jobs += [
            ("PatchSession", {"consoleData": f"{number}"}),
            ("InviteChatMember", {"memberToAdd": f"m{number % 8}@example.org"}),
            ("HoldSession", {"callSid": f"CA{number}"}),
        ]
    jobs.insert(40, ("EndSession", {}))
    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(lambda job: attempt(job[0], **job[1]), jobs))
    row = world.call(people.ada, "GetSession", {"sessionId": session_id})
    assert row.ended
    identities = [member.identity for member in row.members]
    assert len(identities) == len(set(identities))
    invited = [line for line in list_messages(row) if "invited" in line]
    assert len(invited) == len(identities) - 1
    changed = [line for line in list_messages(row) if "changed" in line or "hold" in line]
    assert len(changed) == outcomes.count("PatchSession") + outcomes.count("HoldSession")
    assert len([line for line in list_messages(row) if "ended" in line]) == 1
    assert list_messages(row)[-1] == "Ada ended the session"
    assert row.version == len(row.log)
    assert [line.date for line in row.log] == sorted(line.date for line in row.log)


def test_dates_never_run_backwards(world: World, people: People) -> None:
    """The clock of the node that changes a session is behind the clock of the one that made it."""
    session = world.call(people.ada, "NewSession", {})
    world.ticks = itertools.count(-3600)
    changed = world.call(people.ada, "PatchSession", {"sessionId": session.id, "consoleData": "x"})
    assert changed.date_last_modified == session.date_last_modified
    world.call(people.ada, "EndSession", {"sessionId": session.id})
    ended = world.call(people.ada, "GetSession", {"sessionId": session.id})
    assert ended.date_completed == ended.date_last_modified == session.date_last_modified
    assert [line.date for line in ended.log] == sorted(line.date for line in ended.log)
    world.ticks = itertools.count(3600)
    later_session = world.call(people.ada, "NewSession", {})
    later = world.call(people.ada, "PatchSession", {"sessionId": later_session.id, "consoleData": "x"})
    assert later.date_last_modified > later_session.date_last_modified
