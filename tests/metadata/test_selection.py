"""``IncludeTypes`` and ``ExcludeTypes``: every form, in every language."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from gateway.contract.typeinfo import Contract, OperationInfo, RecordInfo, TypeRef
from gateway.errors import ValidationFailed
from gateway.metadata import types
from gateway.metadata.languages.selection import select
from tests.metadata import tools
from tests.metadata.test_types import generate

LANGUAGES = list(types.LANGUAGES)


def select_types(contract: Contract, include: str = "", exclude: str = "") -> set[str]:
    entries = [[entry] if entry else [] for entry in (include, exclude)]
    return {*select(contract, *entries).types}


def find_operations(contract: Contract, *tags: str) -> list[OperationInfo]:
    return [operation for operation in contract.operations if {*tags} & {*operation.tags}]


def test_a_namespace(contract: Contract) -> None:
    accounts = {name for name, info in contract.types.items() if info.namespace == "Voice.Api.Accounts"}
    assert {"ListAccounts", "AccountInfo", "NewAccount"} <= accounts
    assert select_types(contract, "Voice.Api.Accounts/*") == accounts
    assert select_types(contract, "voice.api.ACCOUNTS/*") == accounts
    assert select_types(contract, exclude="Voice.Api.Accounts/*") == contract.types.keys() - accounts


def test_a_namespace_has_those_within_it(contract: Contract) -> None:
    everything = {name for name, info in contract.types.items() if info.namespace.startswith("Voice.Api")}
    assert select_types(contract, "Voice.Api/*") == everything
    assert select_types(contract, "Voice.Ap/*") == set()


@pytest.mark.parametrize("include", ["{sessions,messages}", "{messages, Sessions}"])
def test_tags(contract: Contract, include: str) -> None:
    selected = select_types(contract, include)
    both = find_operations(contract, "sessions", "messages")
    assert {operation.name for operation in both} <= selected
    assert selected.isdisjoint(
        {operation.name for operation in contract.operations} - {operation.name for operation in both}
    )
    assert selected == select_types(contract, "{sessions}") | select_types(contract, "{messages}")
    assert {"SessionInfo", "MessageInfo", "ListResponse", "SessionCallState"} <= selected


def test_excluded_tags(contract: Contract) -> None:
    selected = select_types(contract, exclude="{accounts,sessions}")
    assert selected.isdisjoint(operation.name for operation in find_operations(contract, "accounts", "sessions"))
    # What only they need goes with them; what others use stays.
    assert selected.isdisjoint({"AccountInfo", "SessionInfo"})
    assert {"ListResponse", "UserInfo", "ListUsers"} <= selected


def test_an_operation_with_all_that_it_uses(contract: Contract) -> None:
    assert select_types(contract, "GetAccount.*") >= {"GetAccount", "AccountInfo"}
    without = select_types(contract, exclude="NewMessage.*")
    assert without == contract.types.keys()
    without = select_types(contract, exclude="ListConversations.*")
    assert contract.types.keys() - without >= {"ListConversations", "ListConversationsResponse"}
    assert "MessageInfo" in without


def test_users_of_a_type(contract: Contract) -> None:
    selected = select_types(contract, "*.AccountInfo")
    assert {"AccountInfo", "ListAccounts", "GetAccount", "NewAccount"} <= selected
    assert "NewSession" not in selected


def test_services_and_types(contract: Contract) -> None:
    requests = {operation.name for operation in contract.operations}
    assert select_types(contract, exclude="services") == contract.types.keys() - requests
    assert select_types(contract, exclude="types") == requests


def test_unknown_names_match_nothing(contract: Contract) -> None:
    part = select(contract, ["Nothing", "{sessions,none}", "GetAccount"], ["Voice.Nope/*", "services"])
    assert part.unknown == {"IncludeTypes": ("Nothing", "{none}"), "ExcludeTypes": ("Voice.Nope/*",)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_entries_without_a_match_are_noted(language: str, contract: Contract) -> None:
    options = {"IncludeTypes": "GetAccount,Nothing.*,{none,accounts}", "ExcludeTypes": "Voice.Nope/*"}
    head = generate(language, contract, **options).splitlines()
    off = types.LANGUAGES[language].head.line + types.LANGUAGES[language].head.off if language != "php" else "//"
    assert f"{off}Note: nothing matches Nothing.*, {{none}} of IncludeTypes" in head
    assert f"{off}Note: nothing matches Voice.Nope/* of ExcludeTypes" in head
    assert not any("Note:" in line for line in generate(language, contract, IncludeTypes="GetAccount").splitlines())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("include", ["Nothing", "{none}", "Voice.Nope/*", "GetAccounts.*"])
def test_no_document_is_empty(language: str, include: str, contract: Contract) -> None:
    with pytest.raises(ValidationFailed) as failure:
        generate(language, contract, IncludeTypes=include)
    assert failure.value.errors[0].field_name == "IncludeTypes"
    assert f"{include} matches no type" in failure.value.message


def test_similar_names_are_suggested(contract: Contract) -> None:
    with pytest.raises(ValidationFailed, match=r"did you mean .*GetAccount"):
        generate("java", contract, IncludeTypes="GetAcount")


def test_all_is_excluded(contract: Contract) -> None:
    with pytest.raises(ValidationFailed, match="leave no types for Java"):
        generate("java", contract, IncludeTypes="GetAccount", ExcludeTypes="{accounts}")
    with pytest.raises(ValidationFailed, match="client library"):
        generate("java", contract, IncludeTypes="ResponseStatus")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("include", ["Voice.Api.Accounts/*", "{accounts,users}"])
def test_every_language(language: str, include: str, contract: Contract) -> None:
    text = generate(language, contract, IncludeTypes=include)
    assert re.search(r"\b(class|struct|interface|type|const) GetAccount\b|Class GetAccount\b", text)
    assert "SessionInfo" not in text
    assert f"IncludeTypes: {include}\n" in text


@pytest.mark.parametrize("language", ["kotlin", "swift", "dart", "rust"])
def test_comments_in_comments_are_closed(language: str, contract: Contract) -> None:
    options = {"IncludeTypes": "Voice.Api.Accounts/*,Voice.Nope/*", "ExcludeTypes": "Voice.Api.Nope/*"}
    head, end, _ = generate(language, contract, **options).partition("\n*/")
    rest = generate(language, contract, **options)[len(head + end) :].partition("\n")[0]
    assert head.count("/*") == 1 + rest.count("*/")


def test_texts_in_place_of_types(contract: Contract) -> None:
    text = generate("java", contract, TreatTypesAsStrings="flowchannels,Nope", IncludeTypes="NewSession.*")
    assert "public String channel = null;" in text
    assert "//Note: nothing matches Nope of TreatTypesAsStrings\n" in text


VERSIONED = {
    "csharp": "Version = 7;",
    "vbnet": "Version = 7\n",
    "fsharp": "member val Version:Int32 = 7",
    "typescript": "public version: number = 7;",
    "typescript.d": "version?: number; // 7",
    "mjs": "version = 7;",
    "java": "public Integer version = 7;",
    "kotlin": "var version:Int? = 7\n",
    "python": "version: int = 7\n",
    "swift": "public var version:Int? = 7\n",
    "dart": "this.version=7}",
    "php": "public ?int $version=7\n",
    "go": "version = 7\n",
    "ruby": "super(version: 7, **given)",
    "rust": "ImplicitVersion(7)\n",
    "commonjs": "version = 7;",
    "zig": "version: i32 = 7,",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_implicit_version(language: str, contract: Contract) -> None:
    plain = generate(language, contract, IncludeTypes="NewSession.*")
    versioned = generate(language, contract, IncludeTypes="NewSession.*", AddImplicitVersion="7")
    assert VERSIONED[language] in versioned
    assert VERSIONED[language] not in plain


def test_a_version_is_inherited_once(contract: Contract) -> None:
    operation = next(candidate for candidate in contract.operations if candidate.request.base is None)
    child = RecordInfo("Child", operation.request.namespace, (), base=TypeRef("record", operation.name))
    more = Contract(
        (*contract.operations, OperationInfo(child, (), operation.access, None)), {**contract.types, "Child": child}
    )
    text = generate("java", more, IncludeTypes=f"Child,{operation.name}", AddImplicitVersion="7")
    assert text.count("public Integer version = 7;") == 1


def test_a_version_goes_over_the_wire_from_go(contract: Contract, tmp_path: Path) -> None:
    tools.needs("go")
    (tmp_path / "go.mod").write_text("module dtos\n\ngo 1.18\n")
    text = generate("go", contract, IncludeTypes="NewSession.*", AddImplicitVersion="7", GlobalNamespace="main")
    (tmp_path / "dtos.go").write_text(text)
    (tmp_path / "main.go").write_text(
        'package main\n\nimport (\n\t"encoding/json"\n\t"os"\n)\n\nfunc main() {\n'
        "\tfor _, each := range []NewSession{{}, {Version: 3}} {\n\t\tjson.NewEncoder(os.Stdout).Encode(each)\n\t}\n}\n"
    )
    lines = tools.run("go", "run", ".", cwd=tmp_path).splitlines()
    assert [json.loads(line)["version"] for line in lines] == [7, 3]


def test_a_version_goes_over_the_wire_from_ruby(contract: Contract, tmp_path: Path) -> None:
    tools.needs("ruby")
    source = tmp_path / "dtos.rb"
    source.write_text(
        generate("ruby", contract, IncludeTypes="NewSession.*", AddImplicitVersion="7", GlobalNamespace="My::Dtos")
    )
    code = "print My::Dtos::NewSession.new.version, My::Dtos::NewSession.new(version: 3).version"
    stub = tools.CLIENTS / "ruby_stub.rb"
    result = subprocess.run(
        ["ruby", "-w", "-r", stub, "-e", "module My; end", "-e", f"require '{source}'", "-e", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (result.stdout, result.stderr) == ("73", "")
