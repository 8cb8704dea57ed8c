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


def list_positions(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a document."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [position for key in keys for position in ((value, key), *list_positions(value[key]))]


def try_out(text: str) -> None:
    assert "can't be used" not in find_refusal(text)


def find_refusal(text: str) -> str:
    """Why a document is refused; empty where it is read."""
    try:
        contracts.declare(contracts.read(text).contract)
    except ImportFailed as error:
        return str(error)
    return ""


@pytest.mark.parametrize("seed", range(12))
def test_damaged_metadata(seed: int) -> None:
    chance = random.Random(seed)
    document = contracts.build_metadata(contracts.describe_every_kind())
    for _ in range(chance.choice((1, 2, 4))):
        owner, key = chance.choice(list_positions(document))
        owner[key] = chance.choice(_BAD)
    try_out(json.dumps(document))


@pytest.mark.parametrize("language", LOST)
def test_damaged_types(language: str) -> None:
    chance = random.Random(language)
    text = types.generate(
        language, contracts.describe_every_kind(), Options.of([("IncludeTypes", "Employee.*")], "http://host", "")
    )
    for _ in range(12):
        at = chance.randrange(len(text))
        try_out(text[:at] + chance.choice(_SIGNS) + text[at + chance.randrange(20) :])
