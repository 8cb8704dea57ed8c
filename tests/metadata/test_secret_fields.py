"""Which fields are secrets, and what a field's limits are in words."""

from __future__ import annotations

import pytest

from gateway import Dto, fields, rules
from gateway.contract.dto_field import ApiMember
from gateway.contract.typeinfo import Property, TypeRef
from gateway.metadata.limits import describe_limits
from gateway.metadata.secret_fields import is_secret
from tests.sessions_api import catalog

TEXT = TypeRef("scalar", "String")


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "newPassword",
        "accessToken",
        "accessTokenSecret",
        "refreshToken",
        "token",
        "apiKey",
        "api_key",
        "pin",
        "userPin",
        "clientSecret",
    ],
)
def test_secrets(name: str) -> None:
    assert is_secret(Property(name, name, TEXT))


@pytest.mark.parametrize(
    "name", ["userName", "tokenize", "shipping", "spin", "nextToken", "key", "opinion", "pinned", "tokens"]
)
def test_other_fields_are_not_secret(name: str) -> None:
    assert not is_secret(Property(name, name, TEXT))


def test_fields_declared_as_password_inputs_are_secret() -> None:
    assert is_secret(Property("Phrase", "phrase", TEXT, ui={"input": {"type": "password"}}))
    assert is_secret(Property("Phrase", "phrase", TEXT, api_member=ApiMember(format="password")))
    assert not is_secret(Property("UseToken", "accessToken", TypeRef("scalar", "Boolean")))


class Limited(Dto):
    name = fields.String(length=255, rules=[rules.not_empty()])
    emails = fields.List(fields.String(rules=[rules.email()]), rules=[rules.at_most(10)])
    count = fields.Integer(rules=[rules.inclusive_between(1, 9)])
    day = fields.String(rules=[rules.date()])
    free = fields.String()


def test_limits_in_words() -> None:
    limits = {name: describe_limits(field) for name, field in Limited.schema().fields.items()}
    assert limits == {
        "name": "at most 255 characters; not empty",
        "emails": "at most 10 items; each: an e-mail address of at most 254 characters",
        "count": "1 to 9",
        "day": "a day, as 2026-01-31",
        "free": "",
    }
    channel = catalog.operations["NewSession"].dto.schema().fields["channel"]
    assert describe_limits(channel) == "one of Voice, Chat, Fax"
