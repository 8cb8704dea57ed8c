"""Who may change whom: every caller, every change that the catalog knows, every field, every target.

The rules are written down here once more, in a few lines, and each combination is held against them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from argon2 import PasswordHasher

from gateway.calls import Principal, authorize
from gateway.contract import fields
from gateway.contract.catalog import Operation
from gateway.errors import Forbidden, NotFound, RoleMissing, ServiceError
from gateway.sessions.declared import CUSTOMER, MANAGER, ROLES, SYSTEM_ADMINISTRATOR, USER, catalog
from gateway.users.authenticator import Authenticator
from gateway.users.passwords import Passwords
from models.engine import ids
from models.engine.listing import Order
from models.sessions import account_list, session
from models.sessions.session import LogRow
from models.users import user, user_list

from .conftest import World

# The rules are the same on every engine; their statements have tests of their own.
pytestmark = pytest.mark.parametrize("world", ["sqlite"], indirect=True)

#: What a field is changed to; by its kind where its name is not here.
VALUES: dict[str, Any] = {
    "firstName": "Changed",
    "lastName": "Changed",
    "newPassword": "correct horse battery",
    "roles": [USER, MANAGER],
    "name": "Changed",
    "consoleData": "changed",
}
#: Targets by tenant: whose account (or accounts) the changed thing is in.
TENANTS = {"one": ("one",), "two": ("two",), "both": ("one", "two")}


@dataclass(frozen=True)
class Caller:
    """A caller of the matrix."""

    name: str
    principal: Principal
    accounts: frozenset[str]

    @property
    def is_administrator(self) -> bool:
        return SYSTEM_ADMINISTRATOR in self.principal.roles

    def sees(self, accounts: tuple[str, ...]) -> bool:
        return self.is_administrator or not self.accounts.isdisjoint(accounts)

    def has(self, accounts: tuple[str, ...]) -> bool:
        return self.is_administrator or self.accounts.issuperset(accounts)


@dataclass
class Matrix:
    """Two tenants with a caller of each role, one of none, and one who is in both."""

    world: World
    accounts: dict[str, str]
    callers: list[Caller]
    authenticator: Authenticator

    def call(self, caller: Caller, operation: Operation, values: dict[str, Any]) -> type[ServiceError] | None:
        """How a call is refused."""
        assert operation.access is not None
        try:
            authorize(caller.principal, operation.access)
            self.world.call(caller.principal, operation.name, values, callers=self.authenticator)
        except ServiceError as error:
            return type(error)
        return None


@pytest.fixture
def matrix(world: World) -> Matrix:
    accounts = {"one": world.add_account("One"), "two": world.add_account("Two")}
    callers = [
        Caller(
            f"{role}-{tenant}",
            world.add_user(
                f"{role}-{tenant}@example.org",
                [accounts[tenant_name] for tenant_name in names],
                *([role] if role else []),
            ),
            frozenset(names),
        )
        for role in (*ROLES, "")
        for tenant, names in TENANTS.items()
    ]
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    authenticator = Authenticator(world.database, ["s" * 32], passwords=Passwords(time.time, hasher))
    return Matrix(world, accounts, callers, authenticator)


def list_changes(operation: Operation) -> Iterator[tuple[str, Any]]:
    """Each field of an operation that a path does not name, with a value for it."""
    in_path = {part.strip("{}").lower() for route in operation.routes for part in route.path.split("/")}
    for field in operation.dto.schema().fields.values():
        name = str(field.data_key)
        if name.lower() in in_path:
            continue
        yield name, next(iter(field.enum.__members__)) if isinstance(field, fields.Enum) else VALUES.get(name)


def test_the_matrix_covers_every_patch_and_every_role(matrix: Matrix) -> None:
    patches = {name for name in catalog.operations if name.startswith("Patch")}
    assert patches == {"PatchUser", "PatchAccount", "PatchSession"}
    assert {role for caller in matrix.callers for role in caller.principal.roles} == set(ROLES)


def test_users(matrix: Matrix) -> None:
    operation, world = catalog.operations["PatchUser"], matrix.world
    targets = {
        f"{role}-{tenant}": (role, tenant, world.add_user(f"t-{role}-{tenant}@example.org", ids, role).user_id)
        for role in (USER, MANAGER, CUSTOMER, SYSTEM_ADMINISTRATOR)
        for tenant, names in TENANTS.items()
        for ids in [[matrix.accounts[account_name] for account_name in names]]
    }
    before = {target: _get_user(world, target) for _, _, target in targets.values()}
    mismatches: list[tuple[Any, ...]] = []
    for caller in matrix.callers:
        for name, value in list_changes(operation):
            moves = TENANTS if name == "accountIds" else {"": ()}
            for role, tenant, target in targets.values():
                for moved, names in moves.items():
                    new_value = (
                        [matrix.accounts[account_name] for account_name in names] if name == "accountIds" else value
                    )
                    expected = _expect_of_user(caller, name, role, TENANTS[tenant], names)
                    refusal = matrix.call(caller, operation, {"userId": target, name: new_value})
                    changed = _get_user(world, target) != before[target]
                    if (refusal is None) != (expected is None) or (
                        expected in (Forbidden, NotFound, RoleMissing) and refusal is not expected
                    ):
                        mismatches.append((caller.name, name, role, tenant, moved, refusal, expected))
                    if refusal is not None and changed:
                        mismatches.append((caller.name, name, role, tenant, moved, "refused but changed"))
                    if changed:
                        _restore(world, target, before[target])
    assert mismatches == []


def _expect_of_user(
    caller: Caller, name: str, role: str, accounts: tuple[str, ...], moved: tuple[str, ...]
) -> type[Exception] | None:
    if not caller.is_administrator and MANAGER not in caller.principal.roles:
        return RoleMissing
    if not caller.sees(accounts):
        return NotFound
    if not caller.has(accounts) or (role == SYSTEM_ADMINISTRATOR and not caller.is_administrator):
        return Forbidden
    if name == "roles" and not caller.is_administrator:
        return RoleMissing
    return None if caller.has(moved) else ServiceError


def _get_user(world: World, user_id: str) -> Any:
    with world.database.unit_of_work(write=False) as unit:
        row = user.get(unit, user_id)
        return user_list.get(unit, user_id), row.password_hash


def _restore(world: World, user_id: str, before: Any) -> None:
    row, password_hash = before
    with world.database.unit_of_work() as unit:
        user.update(
            unit,
            user_id,
            first_name=row.first_name,
            last_name=row.last_name,
            roles=row.roles,
            password_hash=password_hash,
            credentials_version=row.credentials_version,
        )
        user.set_accounts(unit, user_id, row.account_ids)


def test_accounts(matrix: Matrix) -> None:
    operation = catalog.operations["PatchAccount"]
    mismatches: list[tuple[Any, ...]] = []
    for caller in matrix.callers:
        for name, value in list_changes(operation):
            for target in ("one", "two"):
                new_value = matrix.world.add_account("Parent") if name == "parentAccountId" else value
                refusal = matrix.call(caller, operation, {"accountId": matrix.accounts[target], name: new_value})
                if (refusal is None) != caller.is_administrator or refusal not in (None, RoleMissing):
                    mismatches.append((caller.name, name, target, refusal))
    with matrix.world.database.unit_of_work(write=False) as unit:
        names = [account.name for account in account_list.accounts.page(unit, {}, Order("id"), 1000)]
    assert mismatches == []
    assert names.count("Changed") == 2


def test_sessions(matrix: Matrix) -> None:
    operation, world = catalog.operations["PatchSession"], matrix.world
    mismatches: list[tuple[Any, ...]] = []
    for caller in matrix.callers:
        for name, value in list_changes(operation):
            for tenant in ("one", "two"):
                target = _add_session(world, matrix.accounts[tenant])
                refusal = matrix.call(caller, operation, {"sessionId": target, name: value})
                expected = None if caller.sees((tenant,)) else NotFound
                if refusal is not expected:
                    mismatches.append((caller.name, name, tenant, refusal, expected))
    assert mismatches == []


def _add_session(world: World, account_id: str) -> str:
    with world.database.unit_of_work() as unit:
        now = world.now()
        values = {"id": ids.new_id(), "date_created": now, "date_last_modified": now, "account_id": account_id}
        return str(session.insert(unit, values, [], [LogRow(now, "made")]).id)


def test_tokens_for_others(matrix: Matrix) -> None:
    operation, world = catalog.operations["RequestAuthToken"], matrix.world
    mismatches: list[tuple[Any, ...]] = []
    for caller in matrix.callers:
        for target in matrix.callers:
            role = next(iter(target.principal.roles), "")
            expected = _expect_of_user(caller, "", role, tuple(target.accounts), ())
            for values in ({"userId": target.principal.user_id}, {"userEmailAddress": target.principal.email}):
                refusal = matrix.call(caller, operation, values)
                if refusal is not expected:
                    mismatches.append((caller.name, target.name, values.keys(), refusal, expected))
    assert mismatches == []
    assert world.count("users") == len(matrix.callers)
