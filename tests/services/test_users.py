"""Users, tokens for others: who may see whom, and who may change what."""

from __future__ import annotations

import time
from typing import Any

import pytest
from argon2 import PasswordHasher
from structlog.testing import capture_logs

from gateway.errors import Conflict, Forbidden, NotFound, ValidationFailed
from gateway.security.authenticator import Authenticator, Credentials
from gateway.security.passwords import Passwords
from gateway.security.principal import Principal
from models import user

from .conftest import Call, People, World

PASSWORD = "correct horse battery"


@pytest.fixture
def authenticator(world: World) -> Authenticator:
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return Authenticator(world.database, ["s" * 32], sleep=lambda _: None, passwords=Passwords(time.time, hasher))


@pytest.fixture
def call(world: World, authenticator: Authenticator) -> Call:
    def call(caller: Principal | None, operation: str, **values: Any) -> Any:
        return world.call(caller, operation, values, authenticator=authenticator)

    return call


def emails(answer: Any) -> list[str]:
    return [each.email_address for each in answer.items]


def fields(caught: pytest.ExceptionInfo[ValidationFailed]) -> list[tuple[str, str]]:
    return [(each.field_name, each.error_code) for each in caught.value.errors]


# Seeing.


def test_one_sees_the_users_of_ones_accounts(call: Call, people: People) -> None:
    assert emails(call(people.ada, "ListUsers")) == ["bob@example.org", "ada@example.org"]
    assert emails(call(people.root, "ListUsers")) == [
        "root@example.org",
        "eve@example.org",
        "bob@example.org",
        "ada@example.org",
    ]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"emailFilter": "ADA@"}, ["ada@example.org"]),
        ({"emailFilter": "%"}, []),
        (
            {"sortField": "emailAddress", "sortOrder": "Ascend", "countPerPage": 2},
            ["ada@example.org", "bob@example.org"],
        ),
        ({"sortField": "name", "sortOrder": "Ascend"}, [f"{n}@example.org" for n in ("ada", "bob", "eve", "root")]),
        ({"sortField": "isAuthenticated"}, [f"{n}@example.org" for n in ("root", "eve", "bob", "ada")]),
        ({"all": "true", "sortOrder": "Ascend"}, [f"{n}@example.org" for n in ("ada", "bob", "eve", "root")]),
    ],
)
def test_lists_are_filtered_and_sorted(
    call: Call, people: People, filters: dict[str, Any], expected: list[str]
) -> None:
    assert emails(call(people.root, "ListUsers", **filters)) == expected


def test_filters_never_show_more(call: Call, people: People) -> None:
    assert emails(call(people.root, "ListUsers", accountIds=[people.acme])) == ["bob@example.org", "ada@example.org"]
    assert emails(call(people.eve, "ListUsers", accountIds=[people.acme])) == []
    assert emails(call(people.eve, "ListUsers", specificIds=[people.ada.user_id])) == []


def test_a_user_as_shown(call: Call, people: People) -> None:
    ada, bob = sorted(call(people.ada, "ListUsers").items, key=lambda each: str(each.email_address))
    assert (ada.is_authenticated, bob.is_authenticated) == (True, False)
    assert (ada.name, ada.first_name, ada.account_ids, ada.account_names) == ("Ada", "Ada", [people.acme], ["Acme"])
    assert "password_hash" not in vars(ada)


# New users.


def test_a_new_user_can_sign_in(call: Call, people: People, authenticator: Authenticator) -> None:
    made = call(people.ada, "NewUser", emailAddress="New@example.org", password=PASSWORD, lastName="Newman")
    assert (made.name, made.roles, made.account_ids) == ("Newman", ["User"], [people.acme])
    found, _ = authenticator.log_in("new@EXAMPLE.org", PASSWORD, "", permanent=False)
    assert found.user_id == made.id


def test_without_a_password_nobody_signs_in_by_one(call: Call, people: People, authenticator: Authenticator) -> None:
    call(people.ada, "NewUser", emailAddress="new@example.org")
    with pytest.raises(Exception, match="Invalid Username or Password"):
        authenticator.log_in("new@example.org", "", "", permanent=False)


def test_an_address_is_taken_once(call: Call, people: People) -> None:
    with pytest.raises(Conflict):
        call(people.ada, "NewUser", emailAddress="EVE@example.org")


def test_all_that_is_wrong_at_once(call: Call, people: People, world: World) -> None:
    with pytest.raises(ValidationFailed) as caught:
        call(people.ada, "NewUser", emailAddress="new@example.org", password="short", accountId=people.other)
    assert fields(caught) == [("password", "Length"), ("accountId", "NotFound")]
    assert "short" not in str(caught.value.errors)
    assert world.count("users") == 4


def test_a_caller_without_accounts_names_one(call: Call, people: People, world: World) -> None:
    homeless = world.add_user("homeless@example.org", [], "SystemAdministrator")
    with pytest.raises(ValidationFailed) as caught:
        call(homeless, "NewUser", emailAddress="new@example.org")
    assert fields(caught) == [("accountId", "NotEmpty")]
    assert call(homeless, "NewUser", emailAddress="new@example.org", accountId=people.acme).account_ids == [people.acme]


# Changes.


def test_only_what_is_given_changes(call: Call, people: People) -> None:
    changed = call(people.ada, "PatchUser", userId=people.bob.user_id, lastName="Builder", roles=[], accountIds=[])
    assert (changed.name, changed.roles, changed.account_ids) == ("Bob Builder", ["User"], [people.acme])


def test_whom_one_may_not_see_does_not_exist(call: Call, people: People) -> None:
    for operation in ("PatchUser", "RequestAuthToken"):
        with pytest.raises(NotFound) as caught:
            call(people.eve, operation, userId=people.bob.user_id)
        with pytest.raises(NotFound) as missing:
            call(people.eve, operation, userId="x")
        assert caught.value.message.replace(people.bob.user_id, "x") == missing.value.message
    with pytest.raises(NotFound):
        call(people.eve, "RequestAuthToken", userEmailAddress="bob@example.org")


def test_roles_are_for_system_administrators(call: Call, people: People) -> None:
    with pytest.raises(Forbidden):
        call(people.ada, "PatchUser", userId=people.ada.user_id, roles=["SystemAdministrator"])
    changed = call(people.root, "PatchUser", userId=people.bob.user_id, roles=["Manager", "User", "Manager"])
    assert changed.roles == ["Manager", "User"]
    with pytest.raises(ValidationFailed) as caught:
        call(people.root, "PatchUser", userId=people.bob.user_id, roles=["User", "Boss"])
    assert fields(caught) == [("roles[1]", "Enum")]


def test_nobody_gets_at_the_rights_of_who_may_do_more(call: Call, people: People, world: World) -> None:
    eve, root = people.eve, people.root
    with pytest.raises(Forbidden):
        call(eve, "PatchUser", userId=root.user_id, newPassword=PASSWORD)
    with pytest.raises(Forbidden):
        call(eve, "RequestAuthToken", userId=root.user_id)
    both = world.add_user("both@example.org", [people.acme, people.other], "User")
    for caller in (eve, people.ada):
        with pytest.raises(Forbidden):
            call(caller, "PatchUser", userId=both.user_id, newPassword=PASSWORD)
        with pytest.raises(Forbidden):
            call(caller, "RequestAuthToken", userId=both.user_id)
    assert call(root, "RequestAuthToken", userId=both.user_id).auth_token


def test_accounts_are_those_that_one_sees_and_others_stay(call: Call, people: People, world: World) -> None:
    both = world.add_user("both@example.org", [people.acme, people.other], "User")
    with pytest.raises(ValidationFailed) as caught:
        call(people.ada, "PatchUser", userId=both.user_id, accountIds=[people.acme, people.other, "x"])
    assert fields(caught) == [("accountIds[1]", "NotFound"), ("accountIds[2]", "NotFound")]
    assert call(people.ada, "PatchUser", userId=both.user_id, accountIds=[people.acme]).account_ids == [
        people.acme,
        people.other,
    ]
    assert call(people.root, "PatchUser", userId=both.user_id, accountIds=[people.other]).account_ids == [people.other]


def test_a_new_password_signs_out_whoever_had_the_old_one(
    call: Call, people: People, authenticator: Authenticator
) -> None:
    call(people.ada, "PatchUser", userId=people.bob.user_id, newPassword=PASSWORD)
    _, session = authenticator.log_in("bob@example.org", PASSWORD, "", permanent=False)
    assert authenticator.authenticate(Credentials(cookies=(session.id,)))
    call(people.ada, "PatchUser", userId=people.bob.user_id, newPassword="another password", firstName="Robert")
    assert authenticator.authenticate(Credentials(cookies=(session.id,))) is None
    found, _ = authenticator.log_in("bob@example.org", "another password", "", permanent=False)
    assert found.first_name == "Robert"


def test_hashing_locks_nobody_out_of_the_database(
    call: Call, people: People, world: World, authenticator: Authenticator
) -> None:
    written = []

    class Writing(PasswordHasher):
        def hash(self, password: Any, *, salt: bytes | None = None) -> str:
            with world.database.unit_of_work() as unit:
                user.update(unit, people.eve.user_id, first_name="Evelyn")
            written.append(True)
            return super().hash(password, salt=salt)

    authenticator.passwords._hasher = Writing(time_cost=1, memory_cost=8, parallelism=1)
    call(people.ada, "PatchUser", userId=people.bob.user_id, newPassword=PASSWORD)
    assert written


# Tokens for others.


def test_a_token_for_another(call: Call, people: People, authenticator: Authenticator) -> None:
    for values in ({"userEmailAddress": "BOB@example.org"}, {"userId": people.bob.user_id}):
        token = call(people.ada, "RequestAuthToken", **values).auth_token
        found = authenticator.authenticate(Credentials(authorization=f"Bearer {token}"))
        assert found is not None
        assert found.user_id == people.bob.user_id


def test_a_token_for_nobody(call: Call, people: People, world: World) -> None:
    with pytest.raises(ValidationFailed):
        call(people.ada, "RequestAuthToken")
    with world.database.unit_of_work() as unit:
        user.update(unit, people.bob.user_id, disabled=True)
    with pytest.raises(NotFound):
        call(people.ada, "RequestAuthToken", userId=people.bob.user_id)


def test_every_change_leaves_an_audit_line(call: Call, people: People) -> None:
    with capture_logs() as lines:
        call(people.root, "NewUser", emailAddress="new@example.org", password=PASSWORD)
        call(
            people.root,
            "PatchUser",
            userId=people.bob.user_id,
            newPassword=PASSWORD,
            roles=["Manager"],
            accountIds=[people.other],
        )
        call(people.root, "RequestAuthToken", userId=people.bob.user_id)
    assert [line["event"] for line in lines] == ["user added", "user changed", "token issued"]
    assert lines[1]["changed"] == ["roles", "password", "accounts"]
    assert all(
        line["user"] == people.root.user_id and line["target"] and line["logger"] == "gateway.audit" for line in lines
    )
    assert PASSWORD not in repr(lines)
