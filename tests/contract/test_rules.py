"""Rules are data that can be called: their attributes are what OpenAPI reads, and their bounds hold to the last one."""

from __future__ import annotations

import inspect
from dataclasses import FrozenInstanceError, fields, is_dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import marshmallow
import pytest

from gateway.contract import rules
from gateway.contract.fields import Integer, String
from gateway.metadata import constraints

RULES: list[Any] = [
    rules.not_null(),
    rules.not_empty(),
    rules.email(),
    rules.length(2, 4),
    rules.greater_than(3),
    rules.greater_than_or_equal(3),
    rules.inclusive_between(2, 4),
    rules.matches("[ab]+"),
    rules.at_most(2),
    rules.date(),
    rules.instant(),
]


def passes(rule: Any, value: object) -> bool:
    try:
        rule(value)
    except marshmallow.ValidationError:
        return False
    return True


def test_every_rule_is_frozen_data() -> None:
    rule_classes = {
        rule_class for _, rule_class in inspect.getmembers(rules, inspect.isclass) if is_dataclass(rule_class)
    }
    assert {type(rule) for rule in RULES} == rule_classes
    for rule in RULES:
        assert not inspect.isfunction(rule)
        assert rule == type(rule)(**{field.name: getattr(rule, field.name) for field in fields(rule)})
        assert hash(rule) is not None
    with pytest.raises(FrozenInstanceError):
        rules.length(1, 2).minimum = 0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (rules.length(2, 4), ["ab", "abc", "abcd", None], ["a", "abcde", ""]),
        (rules.greater_than(3), [4, 3.5, None], [3, 2, -4]),
        (rules.greater_than_or_equal(3), [3, 4, None], [2, 2.9]),
        (rules.inclusive_between(2, 4), [2, 3, 4, None], [1, 5]),
        (rules.matches("[ab]+"), ["a", "ab", None], ["abc", "ab\n", ""]),
        (rules.at_most(2), [[], [1, 2], {}, None], [[1, 2, 3]]),
        (rules.not_null(), ["", 0, [], False], [None]),
        (rules.not_empty(), ["a", [0], {"a": 1}, 0, False], [None, "", " \t", [], {}]),
        (
            rules.email(),
            ["ann@example.org", "a@" + "b" * 63 + ".org", "a" * 64 + "@b.org", None],
            ["ann", "a" * 65 + "@b.org", ""],
        ),
        (rules.date(), ["2026-01-31", "2024-02-29", "", None], ["2026-02-29", "2026-1-31"]),
        (rules.instant(), ["2026-01-31T12:00:00Z", "2026-01-31", "", None], ["2026-01-31T25:00:00Z", "soon"]),
    ],
)
def test_bounds(rule: Any, good: list[object], bad: list[object]) -> None:
    assert [value for value in good if not passes(rule, value)] == []
    assert [value for value in bad if passes(rule, value)] == []


def test_an_address_of_254_characters() -> None:
    padded = "a@" + "b" * 46 + "." + ".".join(["b" * 50] * 4) + ".c"
    assert [passes(rules.email(), padded + "c" * (size - len(padded))) for size in (254, 255)] == [True, False]


def test_a_refusal_contains_the_bounds() -> None:
    with pytest.raises(marshmallow.ValidationError) as caught:
        rules.length(2, 4)("abcde")
    failure = caught.value.messages[0]
    assert isinstance(failure, rules.Failure)
    assert failure.meta == {"MinLength": "2", "MaxLength": "4", "TotalLength": "5", "PropertyValue": "abcde"}


@pytest.mark.parametrize(
    ("field", "keywords"),
    [
        (String(rules=[rules.length(2, 4)]), {"minLength": 2, "maxLength": 4}),
        (String(length=7), {"maxLength": 7}),
        (String(rules=[rules.email()]), {"format": "email", "maxLength": 254}),
        (String(rules=[rules.matches("a|b")]), {"pattern": "^(?:a|b)$"}),
        (String(rules=[rules.date()]), {"format": "date"}),
        (String(rules=[rules.instant()]), {"format": "date-time"}),
        (String(rules=[rules.not_empty()]), {"minLength": 1, "pattern": r"\S"}),
        (Integer(rules=[rules.greater_than(3)]), {"minimum": -(2**31), "maximum": 2**31 - 1, "exclusiveMinimum": 3}),
        (Integer(rules=[rules.greater_than_or_equal(3)]), {"minimum": 3, "maximum": 2**31 - 1}),
        (Integer(rules=[rules.inclusive_between(2, 4)]), {"minimum": 2, "maximum": 4}),
    ],
)
def test_openapi_reads_the_attributes(field: Any, keywords: dict[str, object]) -> None:
    assert constraints.build_keywords(field, "string") == keywords


VALUES = [
    None,
    "",
    "a",
    7,
    7.5,
    True,
    Decimal("1.5"),
    b"",
    [],
    [1],
    {},
    {"a": 1},
    date(2020, 1, 1),
    timedelta(1),
    UUID(int=0),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_rule_takes_values_of_every_type(rule: Any, value: object) -> None:
    """Contracts of other hosts have rules that their fields' types do not go with."""
    passes(rule, value)


def test_values_that_a_rule_does_not_check_pass() -> None:
    assert passes(rules.greater_than(0), "String")
    assert passes(rules.inclusive_between(2, 4), date(2020, 1, 1))
    assert passes(rules.length(2, 4), 7)
    assert passes(rules.email(), 7)
    assert not passes(rules.length(2, 4), [1])
    assert not passes(rules.greater_than(2), Decimal("1.5"))
