"""Values of options that get into source text: every option of every language, with values that would end what is around them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.contract.typeinfo import Contract
from gateway.errors import ValidationFailed
from gateway.metadata import types
from gateway.metadata.languages import values
from tests.metadata import recorded
from tests.metadata.test_types import IMPORTS, VALUES, generate

EVERY = [(name, option) for name, generator in types.LANGUAGES.items() for option in generator.list_options()]

#: What ends a comment, a text or a statement in one language or another, or begins one.
HOSTILE = (
    "A;system('id');//",
    "A\nimport os",
    "A\r\nevil()",
    "A\u2028evil()",
    "A\u0085evil()",
    "A*/evil()/*",
    "*/evil()/*",
    "A/*",
    "(*A",
    "A*)evil()(*",
    'A"""\nevil()\n"""',
    '""" evil',
    "A'; evil(); '",
    "=end",
    "A\n=end\nevil",
    "A?>evil<?php",
    "A{evil()}",
    "A}evil(){",
    "A]evil()[",
    "A)evil()(",
    "A evil",
    "A-evil",
    "A$evil",
    "A#{evil}",
    "A${evil}",
    "A`evil`",
    "A\\u002a\\u002fevil()",
    "A//evil",
    "A --evil",
    "A<evil>",
    "A:evil()",
    "@evil()\nimport os",
    "@A(evil())",
    "A,",
    ".A",
    "A..B",
    "1A",
    "class",
    "A.class.B",
    "\x00A",
    "A\x1b[31m",
    "A\u202eB",
    "A" * 4001,
)
#: Characters that no value needs which its rule does not name.
LETHAL = re.compile(r"[\r\n\x00-\x1f\x7f\x85\u2028\u2029\"'\\;]|\*/|\(\*|\*\)|\?>|<\?|//")


def generate_or_fail(language: str, option: str, value: str) -> str | ValidationFailed:
    """The document, or why there is none."""
    try:
        return generate(language, recorded.contract(), **{option: value})
    except ValidationFailed as error:
        return error


@pytest.mark.parametrize(("language", "option"), EVERY)
def test_hostile_values_are_refused(language: str, option: str) -> None:
    for value in HOSTILE:
        result = generate_or_fail(language, option, value)
        if isinstance(result, str):
            # What passes is a name in this language, or the name of a type.
            assert not LETHAL.search(value) or _is_allowed(language, option, value), value
            assert value in result
        else:
            assert [error.field_name for error in result.errors] == [option]
            assert f"'{option}' must" in result.message or "matches no type" in result.message


def _is_allowed(language: str, option: str, value: str) -> bool:
    return (language, option) == ("php", "GlobalNamespace") and ";" not in value


@given(st.sampled_from(EVERY), st.text(st.sampled_from("Aa1._-*/:;,'\"`\\@(){}[]<>$#?= \n\r\t%&|~+!\u2028\x00")))
def test_values_that_pass_are_harmless(language_option: tuple[str, str], value: str) -> None:
    language, option = language_option
    rule = types.LANGUAGES[language].get_rule(option)
    stripped = value.strip()
    if not stripped.isprintable() or not rule.accepts(stripped):
        return
    assert not re.search(r"[\r\n\"'`;|+!?\x00]|\*/|\(\*|\*\)", _remove_allowed(language, option, stripped))


def _remove_allowed(language: str, option: str, value: str) -> str:
    """The value without what its rule allows besides."""
    if option in ("IncludeTypes", "ExcludeTypes"):
        return value.replace("`", "")
    if option == "AddDefaultXmlNamespace":
        return re.sub(r"[;+!?]", "", value)
    if option == "DefaultImports" and language in ("typescript", "typescript.d", "mjs"):
        return value.replace(";", "")
    return value


@pytest.mark.parametrize(
    ("language", "option", "value"),
    [
        ("csharp", "GlobalNamespace", "My.Types"),
        ("csharp", "GlobalNamespace", "M\u00fcller.Api"),
        ("csharp", "AddNamespaces", "System.Drawing,MyApp"),
        ("csharp", "AddDefaultXmlNamespace", "http://my.types.net"),
        ("csharp", "AddDefaultXmlNamespace", "urn:example:types"),
        ("vbnet", "GlobalNamespace", "My.Types"),
        ("fsharp", "GlobalNamespace", "My.Types"),
        ("typescript", "GlobalNamespace", "my.dtos"),
        ("typescript", "DefaultImports", "Symbol:module,Zip:./ZipValidator"),
        ("typescript", "DefaultImports", "One,Two as Three:@scope/package;Zip:node:zlib"),
        ("java", "Package", "org.example.v2"),
        ("java", "GlobalNamespace", "dtos"),
        ("java", "DefaultImports", "java.math.*,java.util.*,com.acme.Custom"),
        ("kotlin", "DefaultImports", "java.math.*,com.acme.custom.*"),
        ("python", "DefaultImports", "datetime,typing:*,.local:One/Two,a.b:c"),
        ("python", "DataClass", "@dataclass(slots=True, kw_only=True)"),
        ("python", "DataClassJson", "@dataclass_json(letter_case=LetterCase.CAMEL)"),
        ("python", "DataClass", "@dataclasses.dataclass"),
        ("swift", "BaseClass", "Realm.Object"),
        ("swift", "DefaultImports", "Foundation,ServiceStack,RealmSwift"),
        ("dart", "GlobalNamespace", "my.dtos"),
        ("dart", "DefaultImports", "package:servicestack/servicestack.dart,dart:collection,../local.dart"),
        ("php", "GlobalNamespace", "App\\Dtos"),
        ("php", "DefaultImports", "MyType,App\\Other"),
        ("go", "GlobalNamespace", "dtos"),
        ("go", "DefaultImports", "time,example.org/a-b/v2"),
        ("ruby", "GlobalNamespace", "My::Dtos"),
        (
            "rust",
            "DefaultImports",
            "servicestack::*,serde::{Serialize, Deserialize as D},std::collections::HashMap as Map",
        ),
    ],
)
def test_values_that_languages_know(language: str, option: str, value: str, contract: Contract) -> None:
    assert f"{option}: {value}\n" in generate(language, contract, **{option: value})


def test_all_failures_are_reported_at_once(contract: Contract) -> None:
    with pytest.raises(ValidationFailed) as failure:
        generate(
            "java", contract, Package="a;b", GlobalNamespace="class", AddImplicitVersion="x", AddResponseStatus="maybe"
        )
    assert {error.field_name for error in failure.value.errors} == {
        "Package",
        "GlobalNamespace",
        "AddImplicitVersion",
        "AddResponseStatus",
    }
    first = failure.value.errors[0]
    assert (
        first.message
        == "'Package' must be names separated by dots, none of them a word of the language. You entered 'a;b'."
    )


@pytest.mark.parametrize(
    ("language", "value"),
    [
        ("java", "int"),
        ("kotlin", "fun"),
        ("go", "func"),
        ("go", "_"),
        ("ruby", "lower"),
        ("ruby", "String"),
        ("ruby", "A::"),
        ("php", "namespace\\A"),
        ("csharp", "namespace"),
        ("vbnet", "Class"),
        ("dart", "\u00fcber"),
    ],
)
def test_reserved_words_are_refused(language: str, value: str, contract: Contract) -> None:
    option = "Package" if language in ("java", "kotlin") else "GlobalNamespace"
    with pytest.raises(ValidationFailed):
        generate(language, contract, **{option: value})


@pytest.mark.parametrize("version", ["-1", "1.0", "2147483648", "\u0663", "1_0", "0x7", "99999999999"])
def test_invalid_versions_are_refused(version: str, contract: Contract) -> None:
    with pytest.raises(ValidationFailed):
        generate("java", contract, AddImplicitVersion=version)


def test_a_version_with_zeros_before_it(contract: Contract) -> None:
    text = generate("php", contract, AddImplicitVersion="007", IncludeTypes="NewSession.*")
    assert "AddImplicitVersion: 007\n" in text
    assert "public ?int $version=7" in text


@pytest.mark.parametrize("language", types.LANGUAGES)
def test_options_are_in_the_head(language: str) -> None:
    contract = recorded.contract()
    lines = {
        **VALUES,
        "DefaultImports": IMPORTS.get(language, ""),
        "AddResponseStatus": "true",
        "IncludeTypes": "NewSession.*,",
    }
    lines["ExcludeTypes"] = "Evo.Other/*,{a, b},*.Nothing"
    options = [option for option in types.LANGUAGES[language].defaults if option in lines]
    head = generate(language, contract, **{option: lines[option] for option in options}).splitlines()
    mark = {"vbnet": "'", "zig": "//"}.get(language, "")
    for option in options:
        assert f"{mark}{option}: {lines[option]}" in head


def test_an_empty_value_is_the_default(contract: Contract) -> None:
    text = generate("java", contract, GlobalNamespace="", SettersReturnThis="", DefaultImports=" ")
    assert "public class dtos\n" in text
    assert "\nGlobalNamespace: \n" in text
    assert "public NewSession setDisplayName(String value)" in text


def test_rules_have_descriptions() -> None:
    assert all(types.LANGUAGES[language].get_rule(option).words for language, option in EVERY)
    assert types.LANGUAGES["java"].get_rule("AddPropertyAccessors") is values.FLAG
