"""Generated types against those of a real ServiceStack 5.8 host, type by type. What differs is named here, with the reason."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.metadata import documents, types
from gateway.metadata.languages.options import Options
from gateway.metadata.languages.scalars import get_scalars
from tests.metadata import recorded

CORPUS = Path(__file__).parent.parent / "corpora" / "types"

NAMES = {
    "NewSession",
    "SessionInfo",
    "EntityInfo",
    "CustomerBreadcrumb",
    "SessionLogInfo",
    "SessionMemberInfo",
    "FlowChannels",
    "SessionDirections",
    "SessionCallState",
    "SessionDialState",
    "SessionQueueStates",
    "SessionHoldReasons",
    "SessionMemberCallState",
    "SessionMemberRoles",
}

DECLARATION = {
    "java": r"public static (?:class|enum) (\w+)",
    "kotlin": r"(?:open|enum) class (\w+)",
    "typescript": r"export (?:class|enum) (\w+)",
    "csharp": r"public (?:partial class|enum) (\w+)",
    "vbnet": r"Public (?:Partial Class|Enum) (\w+)",
    "fsharp": r"type (\w+)(?:\(\))? =",
}

# The page, which is newer, leaves the apostrophe alone.
PAGE = [(r"\\'", "'")]
#: What later versions do otherwise: applied to both texts.
LATER: dict[str, list[tuple[str, str]]] = {
    # Requests say their verb, and the three methods stand in another order.
    "typescript": [
        (r"public (?:createResponse|getTypeName|getMethod)\(\).*", ""),
    ],
    # No commas between the members of an enum: Visual Basic's compiler takes none.
    "vbnet": [(r"(?m)^(\s*\w+),$", r"\1")],
    # Verbs' interfaces are named in F# too.
    "fsharp": [(r"interface I(?:Post|Get|Delete)\b", "")],
}

#: The options with which the recorded document was made.
GIVEN = {"csharp": [("AddDescriptionAsComments", "False")]}


def split_blocks(text: str, language: str) -> dict[str, str]:
    """The types of a document, each from its declaration to the next one's comments, without white space."""
    for pattern, instead in [*PAGE, *LATER.get(language, [])]:
        text = re.sub(pattern, instead, text)
    declarations = [*re.finditer(rf"(?m)^\s*{DECLARATION[language]}", text)]
    ends = [*(declaration.start() for declaration in declarations[1:]), len(text)]
    texts = {
        declaration[1]: text[declaration.start() : end] for declaration, end in zip(declarations, ends, strict=True)
    }
    return {name: re.sub(r"\s+", "", _cut_block(block, language)) for name, block in texts.items()}


def _cut_block(text: str, language: str) -> str:
    """Without what belongs to the next type, or closes around all of them."""
    if language == "vbnet":
        return re.split(r"(?<=\n)\s*End (?:Class|Enum)", text)[0]
    if language == "fsharp":
        return re.split(r"\n\s*\n\s*(?=(?:///.*\n\s*)*\[<(?:Route|AllowNull|Flags|Api\())", text)[0]
    depth = 0
    for index, letter in enumerate(text):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if letter == "}" and not depth:
            return text[: index + 1]
    return text


@pytest.mark.parametrize("language", DECLARATION)
def test_types(language: str) -> None:
    theirs = split_blocks((CORPUS / f"{language}.txt").read_text(), language)
    options = Options.of(GIVEN.get(language, []), "http://host", "")
    ours = split_blocks(types.generate(language, recorded.contract(), options), language)
    compared = NAMES & theirs.keys()
    assert {"NewSession", "SessionInfo"} <= compared
    assert {name: ours[name] for name in compared} == {name: theirs[name] for name in compared}


def parse_attributes(language: str) -> Callable[[str], list[str]]:
    """What stands right before a type."""

    def before(text: str) -> list[str]:
        lines = [line.strip() for line in text.splitlines()]
        start = next(
            i for i, line in enumerate(lines) if re.match(DECLARATION[language], line) and "NewSession" in line
        )
        attribute_texts = []
        while lines[start - 1]:
            start -= 1
            attribute_texts.append(lines[start])
        return attribute_texts

    return before


@pytest.mark.parametrize("language", DECLARATION)
def test_attributes(language: str) -> None:
    options = Options.of(GIVEN.get(language, []), "http://host", "")
    ours = types.generate(language, recorded.contract(), options)
    before = parse_attributes(language)
    assert before(ours) == before((CORPUS / f"{language}.txt").read_text())


#: The recorded host's type with a property of each scalar: their names and what they are.
ECHO = {
    "Bool": "Boolean",
    "Byte": "Byte",
    "Short": "Int16",
    "Int": "Int32",
    "Long": "Int64",
    "ULong": "UInt64",
    "Float": "Single",
    "Double": "Double",
    "Decimal": "Decimal",
    "String": "String",
    "DateTime": "DateTime",
    "TimeSpan": "TimeSpan",
    "Guid": "Guid",
    "Bytes": "Byte[]",
}


@pytest.mark.parametrize(
    ("language", "member"),
    [
        ("kotlin", r"var (?i:{0}):([\w.<>\[\]]+)\?"),
        ("vbnet", r"Property \[?{0}\]? As ([\w.()]+)"),
        ("fsharp", r"member val {0}:([\w.<>\[\]]+) "),
    ],
)
def test_scalars(language: str, member: str) -> None:
    """What .NET's scalars are called; Kotlin's arrays of bytes were lists then."""
    text = re.split(r"(?i:class|type) EchoTypes", (CORPUS / f"{language}.txt").read_text())[1]
    matches = {name: re.search(member.format(name), text) for name in ECHO}
    ours = get_scalars(language)
    older = {"Bytes": "ArrayList<Short>"} if language == "kotlin" else {}
    assert {name: match and match[1] for name, match in matches.items()} == {
        name: ours[ECHO[name]] for name in ECHO
    } | older


#: Options that the recorded host had another default for.
NEWER = {"java": {"DefaultImports"}, "kotlin": {"DefaultImports"}}


@pytest.mark.parametrize("language", [*DECLARATION, "dart", "swift"])
def test_heads(language: str) -> None:
    """Every option of the recorded head, written as there and in its order."""
    theirs = (CORPUS / f"{language}.txt").read_text().splitlines()
    generator = types.find_language(language)(recorded.contract(), Options.of([("version", "5.7")], "http://host", ""))
    ours = generator.write_document().splitlines()
    quote = "'" if language == "vbnet" else ""
    listed = [*generator.offered]

    def options(lines: list[str]) -> dict[str, str]:
        matches = [re.fullmatch(rf"{quote}(?://|'')?(\w+): .*", line) for line in lines[:30]]
        return {match[1]: match[0] for match in matches if match is not None and match[1] in listed}

    newer = NEWER.get(language, set())
    made_with = {"IncludeTypes", *(name for name, _ in GIVEN.get(language, []))}
    same = [name for name in options(theirs) if name not in newer | made_with]
    assert [options(ours)[name] for name in same] == [options(theirs)[name] for name in same]
    assert [name for name in listed if name not in newer] == [name for name in options(theirs) if name not in newer]


def test_metadata() -> None:
    """Every type, property and attribute; what newer versions add is left aside."""
    theirs = json.loads((CORPUS / "metadata.json").read_text())
    ours = documents.build_types_metadata(recorded.contract(), "http://host")

    def plain(types: list[dict[str, object]]) -> dict[str, object]:
        # The enums are the product's own, in its namespaces.
        text = re.sub(r"Voice\.Api[\w.]*", recorded.NAMESPACE, json.dumps(types))
        return {type_info["name"]: type_info for type_info in json.loads(text)}

    assert plain(ours["types"]) == plain(theirs["types"])
    for operation in theirs["operations"]:
        our_operation = next(
            candidate
            for candidate in ours["operations"]
            if candidate["request"]["name"] == operation["request"]["name"]
        )
        assert plain([our_operation["request"]]) == plain([operation["request"]])
        assert plain([our_operation.get("response", {"name": ""})]) == plain([operation.get("response", {"name": ""})])
        assert our_operation["actions"] == operation["actions"]
    assert {name for name in theirs["config"] if theirs["config"][name] != ours["config"].get(name)} <= {
        "exportTypes",
        "exportAttributes",
        "ignoreTypes",
        "ignoreTypesInNamespaces",
    }
