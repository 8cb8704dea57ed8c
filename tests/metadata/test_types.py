"""Options of generated types, and what stands in their heads."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.contract.typeinfo import Contract
from gateway.errors import NotFound
from gateway.metadata import types
from gateway.metadata.languages.editions import DEFAULT
from gateway.metadata.languages.options import Options
from tests.metadata import BASE_URL, recorded

LANGUAGES = list(types.LANGUAGES)


def generate(language: str, contract: Contract, **options: str) -> str:
    return types.generate(language, contract, Options.of(options.items(), BASE_URL, "2026-01-02 03:04:05"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_head(language: str, contract: Contract) -> None:
    text = generate(language, contract, IncludeTypes="NewSession.*")
    head = text[: text.index("ExcludeTypes")].splitlines()
    mark = {"vbnet": "'", "zig": "//"}.get(language, "")
    assert f"{mark}BaseUrl: {BASE_URL}" in head
    assert f"{mark}IncludeTypes: NewSession.*" in head
    assert f"{mark}Date: 2026-01-02 03:04:05" in head
    off = {"vbnet": "'''", "python": "#", "ruby": "#", "zig": "////"}.get(language, "//")
    assert f"{off}AddResponseStatus: False" in text.splitlines()


@pytest.mark.parametrize("language", LANGUAGES)
def test_included_types(language: str, contract: Contract) -> None:
    text = generate(language, contract)
    assert all(re.search(rf"\b{name}\b", text) for name in ("NewSession", "SessionInfo", "FlowChannels", "ListUsers"))
    part = generate(language, contract, IncludeTypes="NewSession.*", ExcludeTypes="SessionHoldReasons")
    assert re.search(r"\b(class|struct|interface|type|const) SessionInfo\b|Class SessionInfo", part)
    assert "ListUsers" not in part
    assert not re.search(r"(enum|Enum|type|class|module|export var) SessionHoldReasons\b", part)
    alone = generate(language, contract, IncludeTypes="CustomerBreadcrumb")
    assert "CustomerBreadcrumb" in alone
    assert "EntityInfo" not in alone


def test_by_tag(contract: Contract) -> None:
    text = generate("java", contract, IncludeTypes="{accounts}")
    assert "class ListAccounts" in text
    assert "class NewSession" not in text


def test_names_are_matched_in_any_case(contract: Contract) -> None:
    assert generate("csharp", contract, includetypes="newsession.*").count("class NewSession") == 1
    assert "class ListResponse<T>" in generate("csharp", contract, IncludeTypes="ListResponse`1")


@pytest.mark.parametrize(
    ("language", "option", "value", "expected"),
    [
        ("java", "Package", "org.example", "package org.example;"),
        ("java", "GlobalNamespace", "Sessions", "public class Sessions\n"),
        ("java", "AddPropertyAccessors", "False", "public String displayName = null;\n"),
        (
            "java",
            "SettersReturnThis",
            "False",
            "public void setDisplayName(String value) { this.displayName = value; }",
        ),
        ("java", "AddImplicitVersion", "2", "public Integer version = 2;"),
        ("java", "DefaultImports", "java.util.*,org.example.*", "import org.example.*;"),
        ("java", "TreatTypesAsStrings", "FlowChannels", "public String channel = null;"),
        ("java", "AddResponseStatus", "True", "public ResponseStatus responseStatus = null;"),
        ("csharp", "GlobalNamespace", "My.Types", "namespace My.Types\n"),
        ("csharp", "MakePartial", "False", "public class NewSession\n"),
        ("csharp", "MakeVirtual", "False", "public string DisplayName { get; set; }"),
        ("csharp", "MakeInternal", "True", "internal partial class NewSession\n"),
        ("csharp", "AddReturnMarker", "False", "        : IPost\n"),
        ("csharp", "AddNamespaces", "My.Other", "using My.Other;"),
        ("csharp", "AddDataContractAttributes", "True", "[DataContract]"),
        ("typescript", "MakePropertiesOptional", "True", "public displayName?: string;"),
        ("typescript", "GlobalNamespace", "dtos", "export module dtos\n"),
        ("typescript", "DefaultImports", "Base:./base", 'import { Base } from "./base";'),
        ("kotlin", "Package", "org.example", "package org.example\n"),
        ("kotlin", "InitializeCollections", "False", "var memberEmailAddresses:ArrayList<String>? = null"),
        ("swift", "BaseClass", "Thing", "public class NewSession : Thing, IReturn, IPost, Codable"),
        ("go", "GlobalNamespace", "sessions", "package sessions\n"),
        ("php", "GlobalNamespace", "sessions", "<?php namespace sessions;\n"),
        ("python", "DefaultImports", "datetime,typing:*,servicestack:*", "import datetime\n"),
        ("mjs", "AddDocAnnotations", "False", "export class NewSession {\n    constructor(init)"),
    ],
)
def test_an_option(language: str, option: str, value: str, expected: str, contract: Contract) -> None:
    plain = generate(language, contract, IncludeTypes="NewSession.*")
    output = generate(language, contract, IncludeTypes="NewSession.*", **{option: value})
    assert expected in output
    assert expected not in plain or option in ("AddPropertyAccessors", "DefaultImports")


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_comments(language: str, contract: Contract) -> None:
    text = generate(language, contract, IncludeTypes="NewSession", AddDescriptionAsComments="False")
    lines = text.count("The dialed destination value")
    assert lines == generate(language, contract, IncludeTypes="NewSession").count(
        "The dialed destination value"
    ) - 1 or (language == "csharp" and lines == 2)


#: What to give an option that is neither on nor off.
VALUES = {
    "AddDefaultXmlNamespace": "http://example.org",
    "AddImplicitVersion": "3",
    "AddNamespaces": "My.Other",
    "BaseClass": "Thing",
    "DataClass": "@dataclass(slots=True)",
    "DataClassJson": "@dataclass_json",
    "ExcludeTypes": "NewSession",
    "GlobalNamespace": "My",
    "IncludeTypes": "NewSession",
    "Package": "org.example",
    "TreatTypesAsStrings": "FlowChannels",
}
IMPORTS = {
    "typescript": "Thing:./things",
    "typescript.d": "Thing:./things",
    "mjs": "Thing:./things",
    "commonjs": "Thing:./things",
    "java": "org.example.*",
    "kotlin": "org.example.Thing",
    "python": "example:Thing",
    "swift": "Example",
    "dart": "package:example/example.dart",
    "php": "Example\\Thing",
    "go": "example.org/thing",
    "rust": "example::{Thing, Other}",
}
#: Options that change something only beside another one.
BESIDE = dict.fromkeys(("AddIndexesToDataMembers", "AddDefaultXmlNamespace"), "AddDataContractAttributes")
#: Options that ServiceStack's documents list and that have nothing to do: no DTO is a struct; Codable needs no extensions.
IDLE = {"ExportValueTypes", "AddModelExtensions"}


@pytest.mark.parametrize(
    ("language", "option"),
    [(name, option) for name, generator in types.LANGUAGES.items() for option in generator.defaults],
)
def test_every_option_works(language: str, option: str, contract: Contract) -> None:
    """An option of a document's head changes more than its own line there."""
    default = types.LANGUAGES[language].defaults[option]
    other = (
        IMPORTS[language]
        if option == "DefaultImports"
        else VALUES.get(option) or {"True": "False", "False": "True"}[default]
    )
    beside = {BESIDE[option]: "True"} if option in BESIDE else {}
    if option in DEFAULT.missing:
        beside["version"] = "6.8"

    def generate_lines(source: Contract, **options: str) -> list[str]:
        text = generate(language, source, **beside, **options)
        return [line for line in text.splitlines() if f"{option}: " not in line]

    contracts = (contract, recorded.contract())
    differs = any(generate_lines(source) != generate_lines(source, **{option: other}) for source in contracts)
    assert differs == (option not in IDLE)


def test_swift_without_generic_bases(contract: Contract) -> None:
    text = generate("swift", contract, ExcludeGenericBaseTypes="True")
    assert "//Excluded ListSessions : ListRequest<SessionInfo>\n" in text
    assert "class ListSessions" not in text


def test_values_that_are_never_null() -> None:
    recorded_contract = recorded.contract()
    options = {"MakePropertiesOptional": "False", "InitializeCollections": "True"}
    swift = generate("swift", recorded_contract, **options)
    assert "public var ended:Bool = false\n" in swift
    assert "public var dialState:SessionDialState = .None\n" in swift
    assert "public var members:[SessionMemberInfo] = []\n" in swift
    assert "members = try container.decodeIfPresent([SessionMemberInfo].self, forKey: .members) ?? []\n" in swift
    assert "public var ended:Bool?\n" in generate("swift", recorded_contract)
    go = generate("go", recorded_contract, **options)
    assert re.search(r'\tEnded +bool +`json:"ended"`', go)
    assert re.search(r'\tWasMissed +\*bool +`json:"wasMissed,omitempty"`', go)
    rust = generate("rust", recorded_contract, **options)
    assert "#[serde(default)]\n    pub ended: bool,\n" in rust
    assert "pub was_missed: Option<bool>,\n" in rust


def test_an_unknown_language(contract: Contract) -> None:
    with pytest.raises(NotFound):
        generate("klingon", contract)


@given(st.text())
def test_a_base_url_has_no_unsafe_characters(address: str) -> None:
    assert not re.search(r"[\s\"'<>()*]", Options.of([], address, "").base_url)
