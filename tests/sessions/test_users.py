"""Users, tokens for others: who may see whom, and who may change what."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from structlog.testing import capture_logs

from gateway.calls import Credentials, Principal
from gateway.errors import Conflict, Forbidden, NotAuthenticated, NotFound, ValidationFailed
from gateway.users.authenticator import Authenticator
from gateway.users.passwords import Passwords
from models.users import user

from .conftest import Call, People, World

PASSWORD = "correct horse battery"


@pytest.fixture
def authenticator(world: World) -> Authenticator:
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return Authenticator(world.database, ["s" * 32], sleep=lambda _: None, passwords=Passwords(time.time, hasher))


@pytest.fixture
def call(world: World, authenticator: Authenticator) -> Call:
    def call(caller: Principal | None, operation: str, **values: Any) -> Any:
        return world.call(caller, operation, values, callers=authenticator)

    return call


def list_emails(page: Any) -> list[str]:
    return [info.email_address for info in page.items]


def list_failures(caught: pytest.ExceptionInfo[ValidationFailed]) -> list[tuple[str, str]]:
    return [(error.field_name, error.error_code) for error in caught.value.errors]


# Seeing.


def test_one_sees_the_users_of_ones_accounts(call: Call, people: People) -> None:
    assert list_emails(call(people.ada, "ListUsers")) == ["bob@example.org", "ada@example.org"]
    assert list_emails(call(people.root, "ListUsers")) == [
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
    assert list_emails(call(people.root, "ListUsers", **filters)) == expected


def test_filters_never_show_more(call: Call, people: People) -> None:
    assert list_emails(call(people.root, "ListUsers", accountIds=[people.acme])) == [
        "bob@example.org",
        "ada@example.org",
    ]
    assert list_emails(call(people.eve, "ListUsers", accountIds=[people.acme])) == []
    assert list_emails(call(people.eve, "ListUsers", specificIds=[people.ada.user_id])) == []


def test_a_user_as_shown(call: Call, people: People) -> None:
    ada, bob = sorted(call(people.ada, "ListUsers").items, key=lambda info: str(info.email_address))
    assert (ada.is_authenticated, bob.is_authenticated) == (True, False)
    assert (ada.name, ada.first_name, ada.account_ids, ada.account_names) == ("Ada", "Ada", [people.acme], ["Acme"])
    assert "password_hash" not in vars(ada)


# New users.


def test_a_new_user_can_sign_in(call: Call, people: People, authenticator: Authenticator) -> None:
    created = call(people.ada, "NewUser", emailAddress="New@example.org", password=PASSWORD, lastName="Newman")
    assert (created.name, created.roles, created.account_ids) == ("Newman", ["User"], [people.acme])
    principal, _ = authenticator.log_in("new@EXAMPLE.org", PASSWORD, "", permanent=False)
    assert principal.user_id == created.id


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
    assert list_failures(caught) == [("password", "Length"), ("accountId", "NotFound")]
    assert "short" not in str(caught.value.errors)
    assert world.count("users") == 4


def test_a_caller_without_accounts_names_one(call: Call, people: People, world: World) -> None:
    homeless = world.add_user("homeless@example.org", [], "SystemAdministrator")
    with pytest.raises(ValidationFailed) as caught:
        call(homeless, "NewUser", emailAddress="new@example.org")
    assert list_failures(caught) == [("accountId", "NotEmpty")]
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
    assert list_failures(caught) == [("roles[1]", "Enum")]


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


def test_accounts_are_those_that_both_the_manager_and_the_user_may_have(
    call: Call, people: People, world: World
) -> None:
    both = world.add_user("both@example.org", [people.acme, people.other], "User")
    chief = world.add_user("chief@example.org", [people.acme, people.other], "Manager")
    with pytest.raises(Forbidden):
        call(people.ada, "PatchUser", userId=both.user_id, accountIds=[people.acme])
    with pytest.raises(ValidationFailed) as caught:
        call(people.ada, "PatchUser", userId=people.bob.user_id, accountIds=[people.acme, people.other, "x"])
    assert list_failures(caught) == [("accountIds[1]", "NotFound"), ("accountIds[2]", "NotFound")]
    assert call(chief, "PatchUser", userId=both.user_id, accountIds=[people.other]).account_ids == [people.other]
    assert call(chief, "PatchUser", userId=people.bob.user_id, accountIds=[people.other, people.acme]).account_ids == [
        people.other,
        people.acme,
    ]


def test_accounts_that_one_does_not_see_have_no_names(call: Call, people: People, world: World) -> None:
    both = world.add_user("both@example.org", [people.other, people.acme], "User")
    info = call(people.ada, "ListUsers", specificIds=[both.user_id]).items[0]
    assert (info.account_ids, info.account_names) == ([people.acme], ["Acme"])
    assert list_emails(call(people.ada, "ListUsers", accountIds=[people.other])) == []
    assert list_emails(call(people.ada, "ListUsers", accountIds=[people.other, people.acme], emailFilter="both")) == [
        "both@example.org"
    ]
    assert call(people.root, "ListUsers", specificIds=[both.user_id]).items[0].account_names == ["Other", "Acme"]


def test_a_foreign_address_and_one_that_nobody_has_are_answered_alike(call: Call, people: People) -> None:
    messages = []
    for address in ("bob@example.org", "nil@example.org"):
        with pytest.raises(NotFound) as caught:
            call(people.eve, "RequestAuthToken", userEmailAddress=address)
        messages.append(caught.value.message.replace(address, ""))
    assert messages[0] == messages[1]


# Rights that change meanwhile.


@pytest.fixture
def meanwhile(authenticator: Authenticator) -> Callable[[Callable[[], None]], None]:
    """Let something happen while a hash is computed."""

    def prepare(happen: Callable[[], None]) -> None:
        class Slow(PasswordHasher):
            def hash(self, password: Any, *, salt: bytes | None = None) -> str:
                happen()
                return super().hash(password, salt=salt)

        authenticator.passwords._hasher = Slow(time_cost=1, memory_cost=8, parallelism=1)

    return prepare


def set_user(world: World, user_id: str, **changes: Any) -> None:
    with world.database.unit_of_work() as unit:
        accounts = changes.pop("account_ids", None)
        if accounts is not None:
            user.set_accounts(unit, user_id, accounts)
        if changes:
            user.update(unit, user_id, **changes)


def read_password(world: World, user_id: str) -> Any:
    with world.database.unit_of_work(write=False) as unit:
        return user.get(unit, user_id).password_hash


@pytest.mark.parametrize(
    ("who", "changes", "error"),
    [
        ("bob", {"roles": ["SystemAdministrator"]}, Forbidden),
        ("bob", {"account_ids": ["acme", "other"]}, Forbidden),
        ("bob", {"account_ids": ["other"]}, NotFound),
        ("ada", {"roles": ["User"]}, Forbidden),
        ("ada", {"account_ids": ["other"]}, NotFound),
        ("ada", {"disabled": True}, NotAuthenticated),
    ],
)
def test_rights_that_change_while_a_hash_is_computed(
    call: Call, people: People, world: World, meanwhile: Any, who: str, changes: dict[str, Any], error: type[Exception]
) -> None:
    account_ids = {"acme": people.acme, "other": people.other}
    new_values = {**changes}
    if "account_ids" in new_values:
        new_values["account_ids"] = [account_ids[name] for name in new_values["account_ids"]]
    meanwhile(lambda: set_user(world, getattr(people, who).user_id, **new_values))
    with pytest.raises(error):
        call(people.ada, "PatchUser", userId=people.bob.user_id, newPassword=PASSWORD)
    assert read_password(world, people.bob.user_id) is None


def test_a_caller_who_loses_an_account_adds_nobody_to_it(
    call: Call, people: People, world: World, meanwhile: Any
) -> None:
    meanwhile(lambda: set_user(world, people.ada.user_id, account_ids=[people.other]))
    with pytest.raises(ValidationFailed):
        call(people.ada, "NewUser", emailAddress="new@example.org", password=PASSWORD, accountId=people.acme)
    assert world.count("users") == 4


# Rights that grow.

GROWN = [{"roles": ["User", "Manager"]}, {"roles": ["SystemAdministrator"]}, {"accountIds": ["acme", "other"]}]


def grow(call: Call, people: People, values: dict[str, Any]) -> None:
    account_ids = {"acme": people.acme, "other": people.other}
    new_values = {name: [account_ids.get(text, text) for text in value] for name, value in values.items()}
    call(people.root, "PatchUser", userId=people.bob.user_id, **new_values)


@pytest.mark.parametrize("values", GROWN)
def test_rights_that_grow_void_sessions_and_tokens(
    call: Call, people: People, authenticator: Authenticator, values: dict[str, Any]
) -> None:
    call(people.root, "PatchUser", userId=people.bob.user_id, newPassword=PASSWORD)
    _, session = authenticator.log_in("bob@example.org", PASSWORD, "", permanent=False)
    token = call(people.ada, "RequestAuthToken", userId=people.bob.user_id).auth_token
    grow(call, people, values)
    assert authenticator.authenticate(Credentials(cookie=f"ss-id={session.id}")) is None
    with pytest.raises(NotAuthenticated):
        authenticator.authenticate(Credentials(authorization=f"Bearer {token}"))
    assert authenticator.log_in("bob@example.org", PASSWORD, "", permanent=False), "an administrator's password stays"


@pytest.mark.parametrize("values", GROWN)
def test_rights_that_grow_void_passwords_of_those_who_have_them_not(
    call: Call, people: People, world: World, authenticator: Authenticator, values: dict[str, Any]
) -> None:
    call(people.ada, "PatchUser", userId=people.bob.user_id, newPassword=PASSWORD)
    grow(call, people, values)
    is_kept = values == GROWN[0]
    assert (read_password(world, people.bob.user_id) is not None) == is_kept, (
        "what the manager may set, the manager may know"
    )
    call(people.root, "PatchUser", userId=people.bob.user_id, newPassword=PASSWORD)
    assert authenticator.log_in("bob@example.org", PASSWORD, "", permanent=False)


def test_ones_own_password_outlasts_promotions(
    call: Call, people: People, world: World, authenticator: Authenticator
) -> None:
    call(people.ada, "PatchUser", userId=people.ada.user_id, newPassword=PASSWORD)
    call(people.root, "PatchUser", userId=people.ada.user_id, roles=["SystemAdministrator"])
    assert authenticator.log_in("ada@example.org", PASSWORD, "", permanent=False)
    assert world.count("login_sessions") == 1


def test_rights_that_shrink_or_stay_void_nothing(
    call: Call, people: People, world: World, authenticator: Authenticator
) -> None:
    call(people.ada, "PatchUser", userId=people.bob.user_id, newPassword=PASSWORD)
    _, session = authenticator.log_in("bob@example.org", PASSWORD, "", permanent=False)
    call(people.root, "PatchUser", userId=people.bob.user_id, roles=["User"], accountIds=[people.acme], firstName="B")
    assert authenticator.authenticate(Credentials(cookie=f"ss-id={session.id}"))


def test_a_promotion_takes_its_own_new_password(
    call: Call, people: People, world: World, authenticator: Authenticator
) -> None:
    call(people.ada, "PatchUser", userId=people.bob.user_id, newPassword="another password")
    call(people.root, "PatchUser", userId=people.bob.user_id, newPassword=PASSWORD, roles=["SystemAdministrator"])
    assert authenticator.log_in("bob@example.org", PASSWORD, "", permanent=False)


def test_a_new_password_signs_out_whoever_had_the_old_one(
    call: Call, people: People, authenticator: Authenticator
) -> None:
    call(people.ada, "PatchUser", userId=people.bob.user_id, newPassword=PASSWORD)
    _, session = authenticator.log_in("bob@example.org", PASSWORD, "", permanent=False)
    assert authenticator.authenticate(Credentials(cookie=f"ss-id={session.id}"))
    call(people.ada, "PatchUser", userId=people.bob.user_id, newPassword="another password", firstName="Robert")
    assert authenticator.authenticate(Credentials(cookie=f"ss-id={session.id}")) is None
    principal, _ = authenticator.log_in("bob@example.org", "another password", "", permanent=False)
    assert principal.first_name == "Robert"


def test_hashing_locks_nobody_out_of_the_database(
    call: Call, people: People, world: World, authenticator: Authenticator
) -> None:
    writes = []

    class Writing(PasswordHasher):
        def hash(self, password: Any, *, salt: bytes | None = None) -> str:
            with world.database.unit_of_work() as unit:
                user.update(unit, people.eve.user_id, first_name="Evelyn")
            writes.append(True)
            return super().hash(password, salt=salt)

    authenticator.passwords._hasher = Writing(time_cost=1, memory_cost=8, parallelism=1)
    call(people.ada, "PatchUser", userId=people.bob.user_id, newPassword=PASSWORD)
    assert writes


# Tokens for others.


def test_a_token_for_another(call: Call, people: People, authenticator: Authenticator) -> None:
    for values in ({"userEmailAddress": "BOB@example.org"}, {"userId": people.bob.user_id}):
        token = call(people.ada, "RequestAuthToken", **values).auth_token
        principal = authenticator.authenticate(Credentials(authorization=f"Bearer {token}"))
        assert principal is not None
        assert principal.user_id == people.bob.user_id


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
