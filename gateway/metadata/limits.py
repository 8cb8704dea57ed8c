"""Descriptions of a field's limits, for pages."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.contract import fields, rules
from gateway.contract.enums import make_choice


def describe_limits(field: fields.AnyField) -> str:
    """Return the limits of a field's values: allowed members, lengths and bounds; empty for none."""
    return "; ".join(_list_limits(field))


def _list_limits(field: fields.AnyField) -> Iterator[str]:
    if isinstance(field, fields.List):
        for rule in field.validators:
            yield from _describe_rule(rule)
        inner = describe_limits(field.inner)
        if inner:
            yield f"each: {inner}"
        return
    if isinstance(field, fields.Enum):
        choice = make_choice(field.enum)  # type: ignore[arg-type]
        yield "one of " + ", ".join(choice.text_of(name) for name in choice.members)
    for rule in field.validators:
        yield from _describe_rule(rule)


def _describe_rule(rule: object) -> Iterator[str]:
    match rule:
        case rules.NotEmpty():
            yield "not empty"
        case rules.Email():
            yield f"an e-mail address of at most {rule.longest} characters"
        case rules.Length():
            at_least = f"at least {rule.minimum} and " if rule.minimum else ""
            yield f"{at_least}at most {rule.maximum:,} characters"
        case rules.GreaterThan():
            yield f"greater than {rule.bound}"
        case rules.GreaterThanOrEqual():
            yield f"at least {rule.bound}"
        case rules.InclusiveBetween():
            yield f"{rule.low} to {rule.high}"
        case rules.Matches():
            yield f"matches {rule.pattern}"
        case rules.AtMost():
            yield f"at most {rule.maximum:,} items"
        case rules.Date():
            yield "a day, as 2026-01-31"
        case rules.Instant():
            yield "a date, or a date with a time"
