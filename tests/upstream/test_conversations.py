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
UNTOLD = {"open path/encoded", "open path/plus"}
#: Every third: the way through a front is the same for all.
ASKED = [each for each in CONVERSATIONS[::3] if each.key not in UNTOLD]


@pytest.fixture
def fronted(tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path)
    with ExitStack() as opened:
        for variant, app in [*made.apps.items()]:
            front = Service("Front")
            front.use(Upstream(opened.enter_context(serving(app)), everything=True, pages=False))
            made.apps[variant] = front.application(replace(Settings.defaults(), log="json"))
            opened.callback(made.apps[variant].close)
        yield made
    made.database.dispose()


def test_verdicts_are_the_same_behind_a_front(fronted: Host) -> None:
    found = {}
    for each in ASKED:
        ours = fronted.ask(each)
        seen = verdict(each, ours, differences(each, ours))
        if seen != TABLE[each.key]:
            found[each.key] = seen, ours.status
    assert found == {}
