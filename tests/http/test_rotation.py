"""The secret is changed on two nodes, one after the other, and no token fails at any of them."""

from __future__ import annotations

from dataclasses import replace

from webtest import TestApp

from gateway import wsgi
from gateway.settings import Settings
from models import Database

from .conftest import EMAIL, PASSWORD

OLD, NEW = "old-secret-of-all-nodes-0123456789-abcdef", "new-secret-of-all-nodes-fedcba-9876543210"
#: The settings of a node before, in each of the documented steps, and after: the secret and the previous one.
STEPS = ((OLD, ""), (OLD, NEW), (NEW, OLD), (NEW, ""))


def make_node(settings: Settings, database: Database, step: int) -> TestApp:
    secret, previous = STEPS[step]
    return TestApp(wsgi.build(replace(settings, secret=secret, previous_secret=previous), database))


def test_no_token_fails_while_nodes_change_one_after_the_other(settings: Settings, database: Database) -> None:
    nodes = [make_node(settings, database, 0), make_node(settings, database, 0)]
    tokens: list[tuple[int, str, str]] = []
    login = nodes[0].post_json("/auth", {"userName": EMAIL, "password": PASSWORD}).json
    tokens.append((0, login["bearerToken"], login["refreshToken"]))
    for step in (1, 2, 3):
        for changed in (0, 1):
            nodes[changed] = make_node(settings, database, step)
            # Every node gives tokens, and every node takes those of all.
            for node in nodes:
                access = node.post_json("/access-token", {"refreshToken": tokens[-1][2]}).json["accessToken"]
                tokens.append((step, access, tokens[-1][2]))
            if step == 3:
                # The last step waits until tokens of the old secret have expired.
                break
            for _, token, refresh in tokens:
                for node in nodes:
                    node.get("/auth/status", headers={"Authorization": f"Bearer {token}"}, status=200)
                    node.post_json("/access-token", {"refreshToken": refresh}, status=200)
        if step == 2:
            login = nodes[0].post_json("/auth", {"userName": EMAIL, "password": PASSWORD}).json
            tokens = [(2, login["bearerToken"], login["refreshToken"])]
    ended = make_node(settings, database, 3)
    ended.get("/auth/status", headers={"Authorization": f"Bearer {tokens[0][1]}"}, status=200)


def test_swapping_at_once_would_fail_between_the_nodes(settings: Settings, database: Database) -> None:
    """Why there is a first step."""
    behind, ahead = make_node(settings, database, 0), make_node(settings, database, 2)
    token = ahead.post_json("/auth", {"userName": EMAIL, "password": PASSWORD}).json["bearerToken"]
    behind.get("/sessions", headers={"Authorization": f"Bearer {token}"}, status=401)
