"""ServiceStack's ``[Validate]`` attributes as rules: ``[Validate("GreaterThan(0)")]`` is ``rules.greater_than(0)``."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping

from gateway.contract.dto_field import Attribute
from gateway.contract.typeinfo import Property
from gateway.importing.code import Code, Piece, make_call, quote
from gateway.importing.drafts import Losses

_VALIDATOR = re.compile(r"\s*(\w+)\s*(?:\((.*)\))?\s*", re.DOTALL)


def _build_number_rule(name: str, many: int) -> Callable[[list[object]], Piece | None]:
    def build(arguments: list[object]) -> Piece | None:
        if len(arguments) != many or not all(isinstance(argument, int | float) for argument in arguments):
            return None
        return make_call(name, *map(repr, arguments))

    return build


def _build_plain_rule(name: str) -> Callable[[list[object]], Piece | None]:
    return lambda arguments: None if arguments else make_call(name)


def _build_length(arguments: list[object]) -> Piece | None:
    if len(arguments) != 2 or not all(isinstance(argument, int) for argument in arguments):
        return None
    return make_call("rules.length", *map(repr, arguments))


def _build_pattern(arguments: list[object]) -> Piece | None:
    (pattern,) = arguments if len(arguments) == 1 else [None]
    if not isinstance(pattern, str):
        return None
    try:
        re.compile(pattern)
    except re.error:
        return None
    return make_call("rules.matches", quote(pattern))


_RULES: Mapping[str, Callable[[list[object]], Piece | None]] = {
    "notempty": _build_plain_rule("rules.not_empty"),
    "notnull": _build_plain_rule("rules.not_null"),
    "required": _build_plain_rule("rules.not_null"),
    "email": _build_plain_rule("rules.email"),
    "length": _build_length,
    "exactlength": lambda arguments: _build_length([*arguments, *arguments]) if len(arguments) == 1 else None,
    "maximumlength": lambda arguments: _build_length([0, *arguments]),
    "greaterthan": _build_number_rule("rules.greater_than", 1),
    "greaterthanorequal": _build_number_rule("rules.greater_than_or_equal", 1),
    "inclusivebetween": _build_number_rule("rules.inclusive_between", 2),
    "regularexpression": _build_pattern,
}
#: Prefix of attributes that are validators themselves: ``[ValidateNotEmpty]``.
_PREFIX = "validate"
#: Arguments with a validator; others change messages and conditions.
_VALIDATOR_NAMES = ("Validator", "validator")


def build_rules(field: Property, position: str, losses: Losses) -> Code | None:
    """Return the rules in a property's attributes as a list; None if there are none. Validators without a rule are added to the losses."""
    rules: dict[str, Piece] = {}
    for attribute in field.attributes:
        for validator in _list_validators(attribute):
            rule = _build_rule(validator)
            if rule is None:
                losses.add(
                    "a validator without a rule: its attribute is kept, values are not checked",
                    f"{position}: {validator}",
                )
            else:
                rules.setdefault(str(rule), rule)
    return Code("[", tuple(rules.values()), "]") if rules else None


def _list_validators(attribute: Attribute) -> Iterator[str]:
    name = attribute.name.lower()
    if name == _PREFIX:
        values = [attribute.values[key] for key in _VALIDATOR_NAMES if key in attribute.values]
        yield from (str(value) for value in (*values, *attribute.arguments[:1]))
        if "Condition" in attribute.values:
            yield str(attribute.values["Condition"])
    elif name.startswith(_PREFIX) and name != "validaterequest":
        arguments = ", ".join(map(repr, attribute.arguments))
        yield f"{attribute.name[len(_PREFIX) :]}({arguments})" if arguments else attribute.name[len(_PREFIX) :]


def _build_rule(validator: str) -> Piece | None:
    parts = _VALIDATOR.fullmatch(validator)
    make = _RULES.get(parts[1].lower()) if parts else None
    if parts is None or make is None:
        return None
    try:
        arguments = ast.literal_eval(f"[{(parts[2] or '').replace('`', chr(39))}]")
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    return make(arguments)
