"""ServiceStack's ``[Validate]`` attributes as rules: ``[Validate("GreaterThan(0)")]`` is ``rules.greater_than(0)``."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping

from gateway.contract.dto_field import Attribute
from gateway.contract.typeinfo import Property
from gateway.importing.code import Code, Piece, call, quoted
from gateway.importing.drafts import Losses

_VALIDATOR = re.compile(r"\s*(\w+)\s*(?:\((.*)\))?\s*", re.DOTALL)


def _numbers(name: str, many: int) -> Callable[[list[object]], Piece | None]:
    def made(given: list[object]) -> Piece | None:
        if len(given) != many or not all(isinstance(each, int | float) for each in given):
            return None
        return call(name, *map(repr, given))

    return made


def _plain(name: str) -> Callable[[list[object]], Piece | None]:
    return lambda given: None if given else call(name)


def _length(given: list[object]) -> Piece | None:
    if len(given) != 2 or not all(isinstance(each, int) for each in given):
        return None
    return call("rules.length", *map(repr, given))


def _pattern(given: list[object]) -> Piece | None:
    (pattern,) = given if len(given) == 1 else [None]
    if not isinstance(pattern, str):
        return None
    try:
        re.compile(pattern)
    except re.error:
        return None
    return call("rules.matches", quoted(pattern))


_RULES: Mapping[str, Callable[[list[object]], Piece | None]] = {
    "notempty": _plain("rules.not_empty"),
    "notnull": _plain("rules.not_null"),
    "required": _plain("rules.not_null"),
    "email": _plain("rules.email"),
    "length": _length,
    "exactlength": lambda given: _length([*given, *given]) if len(given) == 1 else None,
    "maximumlength": lambda given: _length([0, *given]),
    "greaterthan": _numbers("rules.greater_than", 1),
    "greaterthanorequal": _numbers("rules.greater_than_or_equal", 1),
    "inclusivebetween": _numbers("rules.inclusive_between", 2),
    "regularexpression": _pattern,
}
#: Prefix of attributes that are validators themselves: ``[ValidateNotEmpty]``.
_PREFIX = "validate"
#: Arguments with a validator; others change messages and conditions.
_VALIDATOR_NAMES = ("Validator", "validator")


def rules_of(each: Property, place: str, losses: Losses) -> Code | None:
    """Return the rules in a property's attributes as a list; None if there are none. Validators without a rule are added to the losses."""
    found: dict[str, Piece] = {}
    for attribute in each.attributes:
        for validator in _validators(attribute):
            made = _rule(validator)
            if made is None:
                losses.add(
                    "a validator without a rule: its attribute is kept, values are not checked", f"{place}: {validator}"
                )
            else:
                found.setdefault(str(made), made)
    return Code("[", tuple(found.values()), "]") if found else None


def _validators(attribute: Attribute) -> Iterator[str]:
    name = attribute.name.lower()
    if name == _PREFIX:
        named = [attribute.values[key] for key in _VALIDATOR_NAMES if key in attribute.values]
        yield from (str(value) for value in (*named, *attribute.arguments[:1]))
        if "Condition" in attribute.values:
            yield str(attribute.values["Condition"])
    elif name.startswith(_PREFIX) and name != "validaterequest":
        arguments = ", ".join(map(repr, attribute.arguments))
        yield f"{attribute.name[len(_PREFIX) :]}({arguments})" if arguments else attribute.name[len(_PREFIX) :]


def _rule(validator: str) -> Piece | None:
    parts = _VALIDATOR.fullmatch(validator)
    make = _RULES.get(parts[1].lower()) if parts else None
    if parts is None or make is None:
        return None
    try:
        given = ast.literal_eval(f"[{(parts[2] or '').replace('`', chr(39))}]")
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    return make(given)
