"""Compiled schemas against marshmallow, their oracle: equal values, equal messages."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import marshmallow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import fields as base

from gateway.contract import fields, rules
from gateway.contract.compiled import compile_dump, compile_load
from gateway.contract.dto import Dto, Instance
from gateway.contract.rules import Failure
from gateway.events import dtos as events
from gateway.sessions.dtos import accounts, authentication, customers, messaging, sessions, users
from gateway.sessions.dtos.sessions import GetMySessions, NewSession, SessionCallState, SessionInfo
from gateway.users import dtos as log_ins
from tests.sessions_api import catalog

MODULES = [accounts, authentication, customers, events, log_ins, messaging, sessions, users]


class Spelled(fields.String):
    """A field of a kind that the compiler does not know."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if value == "x":
            raise rules.refuse("no x", "NoX", value)
        return str(value)[::-1]

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else str(value).upper()


class Everything(Dto):
    """Every kind of field, with rules that refuse null and rules that do not."""

    text = fields.String(length=5)
    named = fields.String(rules=[rules.not_empty()])
    flag = fields.Boolean()
    count = fields.Integer(rules=[rules.inclusive_between(1, 10)])
    state = fields.Enum(SessionCallState, rules=[rules.not_null()])
    texts = fields.List(fields.String(length=3, rules=[rules.email()]), rules=[rules.at_most(2)])
    states = fields.List(fields.Enum(SessionCallState))
    meta = fields.Map()
    counts = fields.Map(values=fields.Integer())
    nested = fields.Nested(sessions.SessionMemberInfo)
    members = fields.List(fields.Nested(sessions.SessionMemberInfo))
    spelled = Spelled()


SCALARS = st.one_of(
    st.none(),
    st.text(max_size=7),
    st.sampled_from(["", "true", "FALSE", "1", "0", "on", "x", "Hold", "hold", "Voice", "a@b.c", "2"]),
    st.sampled_from(list(SessionCallState)),
    st.booleans(),
    st.integers(-3, 12),
    st.integers(),
    st.floats(allow_nan=False),
    st.binary(max_size=3),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner),
        st.dictionaries(st.sampled_from(["role", "muted", "identity", "k", "displayName"]), inner, max_size=3),
    ),
    max_leaves=6,
)


def make_documents(dto: type[Dto]) -> st.SearchStrategy[dict[str, Any]]:
    names = [str(field.data_key) for field in dto.schema().fields.values()]
    return st.dictionaries(st.sampled_from([*names, "unknown"]), VALUES)


def load_outcome(run: Callable[[Any], Any], given_value: Any) -> Any:
    """What a call does: its value with the classes in it, or its messages with the codes in them, or the error's class."""
    try:
        return "value", list_classes(run(given_value))
    except marshmallow.ValidationError as error:
        return "invalid", list_classes(error.messages)
    except Exception as error:
        return "error", type(error)


def list_classes(value: Any) -> Any:
    if isinstance(value, Instance | SimpleNamespace):
        value = vars(value)
    if isinstance(value, dict):
        return {key: list_classes(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [list_classes(inner) for inner in value]
    if isinstance(value, Failure):
        return str(value), value.code, value.meta
    return type(value), value


LOADED: list[type[Dto]] = [
    Everything,
    NewSession,
    GetMySessions,
    *(operation.dto for operation in catalog if operation.name != "NewSession"),
]
LOADERS = {dto: compile_load(dto.schema()) for dto in LOADED}


@given(st.data())
def test_load_is_marshmallows(data: st.DataObject) -> None:
    dto = data.draw(st.sampled_from(LOADED))
    document = data.draw(st.one_of(make_documents(dto), VALUES))
    assert load_outcome(LOADERS[dto], document) == load_outcome(dto.schema().load, document)


@given(make_documents(Everything))
def test_load_of_every_kind_of_field(document: dict[str, Any]) -> None:
    usual = {"named": "n", "state": "Hold"}
    document = {**usual, **document}
    assert load_outcome(LOADERS[Everything], document) == load_outcome(Everything.schema().load, document)


def make_objects(dto: type[Dto], of: Callable[..., Any]) -> st.SearchStrategy[Any]:
    """Objects of a DTO, with what its fields say, or anything else."""
    members = {name: st.one_of(make_valid(field, of), VALUES) for name, field in dto.schema().fields.items()}
    return st.fixed_dictionaries({}, optional=members).map(lambda values: of(dto, values))


def make_valid(field: Any, of: Callable[..., Any]) -> st.SearchStrategy[Any]:
    if isinstance(field, fields.Nested):
        nested: Any = type(field.schema)
        members = {name: make_valid(child, of) for name, child in nested.schema().fields.items()}
        return st.fixed_dictionaries(members).map(lambda values: of(nested, values))
    if isinstance(field, fields.List):
        return st.lists(make_valid(field.item, of), max_size=3)
    if isinstance(field, fields.Map):
        return st.dictionaries(st.text(max_size=2), st.text(max_size=2), max_size=2)
    if isinstance(field, fields.Enum):
        enum: Any = field.enum
        return st.sampled_from([*enum])
    if isinstance(field, fields.Boolean):
        return st.booleans()
    return st.integers() if isinstance(field, fields.Integer) else st.text(max_size=5)


class Indexed(SimpleNamespace):
    """An object that is read by key where it can be."""

    def __getitem__(self, name: str) -> Any:
        return f"item {name}"


MAKERS: dict[str, Callable[..., Any]] = {
    "instances": lambda dto, values: dto.instance(values),
    "namespaces": lambda _dto, values: SimpleNamespace(**values),
    "named tuples": lambda _dto, values: namedtuple("Row", values)(**values),
    "indexed": lambda _dto, values: Indexed(**values),
    "dicts": lambda _dto, values: values,
}


@pytest.mark.parametrize("dto", [Everything, SessionInfo, messaging.ConversationInfo, users.UserInfo])
@pytest.mark.parametrize("of", MAKERS.values(), ids=MAKERS)
def test_dump_is_marshmallows(dto: type[Dto], of: Callable[..., Any]) -> None:
    dump = compile_dump(dto.schema())

    @given(make_objects(dto, of))
    def check(value: Any) -> None:
        assert load_outcome(dump, value) == load_outcome(dto.schema().dump, value)

    check()


def test_order_of_members_is_marshmallows() -> None:
    dump = compile_dump(SessionInfo.schema())
    value = SessionInfo.new(id="1", members=[sessions.SessionMemberInfo.new(identity="a")])
    assert str(dump(value)) == str(SessionInfo.schema().dump(value))


def test_loaded_values_share_nothing_with_the_document() -> None:
    document = {"memberEmailAddresses": ["a@example.org"]}
    loaded = LOADERS[NewSession](document)
    document["memberEmailAddresses"].append("b@example.org")
    assert loaded["member_email_addresses"] == ["a@example.org"]


def test_schemas_that_marshmallow_does_more_with_are_left_to_it() -> None:
    class Hooked(Dto):
        name = fields.String()

        @marshmallow.post_load
        def shout(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
            return {"name": data["name"].upper()}

    class Foreign(Dto):
        name = base.String()

    class Renamed(Dto):
        name = fields.String(attribute="other")

    for dto in (Hooked, Foreign, Renamed):
        assert compile_load(dto.schema()) == dto.schema().load
        assert compile_dump(dto.schema()) == dto.schema().dump


def test_messages_of_a_refused_document() -> None:
    document = {"displayName": "x" * 256, "channel": "Telex", "memberEmailAddresses": ["a@b.c", "nobody"]}
    assert load_outcome(LOADERS[NewSession], document) == load_outcome(NewSession.schema().load, document)
    assert load_outcome(LOADERS[NewSession], document)[0] == "invalid"


def test_every_module_is_loaded() -> None:
    assert {operation.dto.__module__ for operation in catalog} == {module.__name__ for module in MODULES}
