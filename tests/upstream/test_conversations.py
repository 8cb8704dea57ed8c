"""The recorded host behind a front: every conversation has the verdict that it has without one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from gateway import Service, Upstream
from gateway.settings import Settings
from tests.conversations.decisions import verdict
from tests.conversations.recording import differences
from tests.conversations.test_transcripts import CONVERSATIONS, TABLE, Host
from tests.upstream.hosts import serving

#: The server that stands before the host in this test passes no raw path on.
EXCLUDED = {"open path/encoded", "open path/plus"}
#: Every third: the way through a front is the same for all.
COMPARED = [conversation for conversation in CONVERSATIONS[::3] if conversation.key not in EXCLUDED]


@pytest.fixture
def fronted(tmp_path: Path) -> Iterator[Host]:
    recorded_host = Host(tmp_path)
    with ExitStack() as stack:
        for variant, app in [*recorded_host.apps.items()]:
            front = Service("Front")
            front.use(Upstream(stack.enter_context(serving(app)), everything=True, pages=False))
            recorded_host.apps[variant] = front.application(replace(Settings.defaults(), log="json"))
            stack.callback(recorded_host.apps[variant].close)
        yield recorded_host
    recorded_host.database.dispose()


def test_verdicts_are_the_same_behind_a_front(fronted: Host) -> None:
    changed = {}
    for conversation in COMPARED:
        response = fronted.ask(conversation)
        judgement = verdict(conversation, response, differences(conversation, response))
        if judgement != TABLE[conversation.key]:
            changed[conversation.key] = judgement, response.status
    assert changed == {}
