"""Documents that were damaged at random are refused with a message, or read; never anything else."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from gateway.importing.drafts import ImportFailed
from gateway.metadata import types
from gateway.metadata.languages.options import Options
from tests.importing import contracts
from tests.importing.test_languages import LOST

_BAD: tuple[Any, ...] = (
    None,
    True,
    -1,
    1.5,
    "",
    "class",
    "a b",
    "'T",
    "List`1",
    "List<",
    "Int32",
    "__x",
    [],
    {},
    [None],
    {"name": "X"},
    "9" * 30,
    "\0",
)
_SIGNS = (
    "{",
    "}",
    "(",
    ")",
    "<",
    ">",
    "[",
    "]",
    ";",
    ":",
    ",",
    '"',
    "'",
    "|",
    "=",
    "?",
    "@",
    "class ",
    "enum ",
    "/*",
    "public ",
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a document."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for key in keys for place in ((value, key), *places(value[key]))]


def try_out(text: str) -> None:
    assert "can't be used" not in refusal(text)


def refusal(text: str) -> str:
    """Why a document is refused; empty where it is read."""
    try:
        contracts.declared(contracts.read(text).contract)
    except ImportFailed as error:
        return str(error)
    return ""


@pytest.mark.parametrize("seed", range(12))
def test_damaged_metadata(seed: int) -> None:
    chance = random.Random(seed)
    found = contracts.metadata(contracts.every())
    for _ in range(chance.choice((1, 2, 4))):
        owner, key = chance.choice(places(found))
        owner[key] = chance.choice(_BAD)
    try_out(json.dumps(found))


@pytest.mark.parametrize("language", LOST)
def test_damaged_types(language: str) -> None:
    chance = random.Random(language)
    whole = types.generate(language, contracts.every(), Options.of([("IncludeTypes", "Employee.*")], "http://host", ""))
    for _ in range(12):
        at = chance.randrange(len(whole))
        try_out(whole[:at] + chance.choice(_SIGNS) + whole[at + chance.randrange(20) :])
