"""``?jsconfig=``: what a client may change about the names and values of a JSON or JSV answer.

    ?jsconfig=inv,edv:false,tc:snakecase

Options are parted by commas, by ServiceStack's long or short name in any letter case, on where no value stands; unknown ones are
ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from serializers import jsv, scalars, shape
from serializers.json.writer import compiled

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def _snake(name: str) -> str:
    return _WORD.sub("_", name).lower()


def _pascal(name: str) -> str:
    return name[:1].upper() + name[1:]


def _camel(name: str) -> str:
    return name


@dataclass(frozen=True, slots=True)
class JsConfig:
    """The options that are honoured."""

    include_nulls: bool = False
    exclude_defaults: bool = False
    enums_as_numbers: bool = False
    spell: Callable[[str], str] = _camel


_CASES: Mapping[str, Callable[[str], str]] = {"snakecase": _snake, "pascalcase": _pascal, "camelcase": _camel}

_SPELLED = (shape.Number, shape.Decimal, shape.Instant, shape.Duration, shape.Guid, shape.Binary)

Change = Callable[[JsConfig, str], JsConfig]


def _on(text: str) -> bool:
    return text.lower() not in ("false", "0")


def _nulls(config: JsConfig, text: str) -> JsConfig:
    return replace(config, include_nulls=_on(text))


def _defaults(config: JsConfig, text: str) -> JsConfig:
    return replace(config, exclude_defaults=_on(text))


def _numbers(config: JsConfig, text: str) -> JsConfig:
    return replace(config, enums_as_numbers=_on(text))


def _spelled(spell: Callable[[str], str]) -> Change:
    return lambda config, text: replace(config, spell=spell) if _on(text) else config


def _case(config: JsConfig, text: str) -> JsConfig:
    return replace(config, spell=_CASES.get(text.lower(), config.spell))


_OPTIONS: Mapping[str, Change] = {
    "inv": _nulls,
    "includenullvalues": _nulls,
    "edv": _defaults,
    "excludedefaultvalues": _defaults,
    "tei": _numbers,
    "treatenumasinteger": _numbers,
    "elun": _spelled(_snake),
    "emitlowercaseunderscorenames": _spelled(_snake),
    "epcn": _spelled(_pascal),
    "emitpascalcasenames": _spelled(_pascal),
    "eccn": _spelled(_camel),
    "emitcamelcasenames": _spelled(_camel),
    "tc": _case,
    "textcase": _case,
}


def parse(text: str) -> JsConfig:
    """The options of a query's ``jsconfig``."""
    config = JsConfig()
    for option in text.split(","):
        name, _, value = option.partition(":")
        change = _OPTIONS.get(name.strip().lower())
        if change is not None:
            config = change(config, value.strip())
    return config


def encode(value: Any, expected: shape.Shape, config: JsConfig, format_name: str) -> bytes:
    """The document of a value by wire name, in JSON or JSV, as the options want it. JSV has no way to write a null."""
    if format_name == "jsv":
        return jsv.dumps(_changed(value, expected, config, scalars.writer)).encode()
    return json.dumps(_changed(value, expected, config, _json_reader), separators=(",", ":")).encode()


def _json_reader(expected: shape.Shape) -> Callable[[Any], Any]:
    write = compiled(expected, attributes=False)
    return lambda value: json.loads(write(value))


def _changed(
    value: Any, expected: shape.Shape | None, config: JsConfig, spelling: Callable[[shape.Shape], Callable[[Any], Any]]
) -> Any:
    """The tree of a value.

    :param spelling: gives what turns a value of a shape that JSON has no type for into one that it has.
    """
    if isinstance(expected, shape.Reference):
        expected = expected.record
    if isinstance(expected, shape.Record) and isinstance(value, dict):
        members = ((name, _changed(value.get(name), each, config, spelling)) for name, each in expected.fields.items())
        return {config.spell(name): each for name, each in members if _stays(each, config)}
    if isinstance(expected, shape.ListOf) and isinstance(value, list):
        return [_changed(item, expected.item, config, spelling) for item in value]
    if isinstance(expected, shape.Choice) and config.enums_as_numbers and value is not None:
        return expected.members.get(str(value), value)
    if isinstance(expected, _SPELLED) and value is not None:
        return spelling(expected)(value)
    return value


def _stays(value: Any, config: JsConfig) -> bool:
    if value is None:
        return config.include_nulls and not config.exclude_defaults
    return not config.exclude_defaults or not (value is False or (value == 0 and isinstance(value, int | float)))
