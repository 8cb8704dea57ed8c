"""Types that our generators write, read again: what a language can't say is listed, and nothing else differs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest

from gateway.contract.catalog import ANY, SIGNED_IN, Access, Route
from gateway.contract.typeinfo import SERVICESTACK, Contract, EnumInfo, Property, RecordInfo, TypeInfo, TypeRef
from gateway.importing.drafts import ImportFailed
from gateway.metadata import types
from gateway.metadata.languages.options import Options
from tests.importing import contracts
from tests.metadata.test_recorded import CORPUS, DECLARATION, GIVEN, NAMES, split_blocks

CONTRACTS = {"sessions": contracts.describe_sessions, "every": contracts.describe_every_kind}

#: What is different of all languages: they name no one who may call, and no data for user interfaces.
_ALWAYS = {"ui"}
#: Languages without namespaces, and without a mark for values that are never null.
_PLAIN = _ALWAYS | {"namespace", "nullable", "type", "returns", "ordered"}
#: Those that write members by their names in documents, and no interfaces but ServiceStack's.
_WIRE = _PLAIN | {"interfaces", "names", "redeclared"}
LOST: dict[str, set[str]] = {
    "csharp": _ALWAYS | {"nullable"},
    "java": _PLAIN | {"interfaces", "members", "names", "data_member"},
    "kotlin": _WIRE | {"members", "data_member"},
    "typescript": _WIRE | {"members", "data_member"},
    "typescript.d": _WIRE | {"members", "descriptions", "data_member", "kind"},
    "mjs": _WIRE | {"members", "descriptions", "data_member", "routes", "verbs", "base", "api_member", "attributes"},
    "python": _PLAIN | {"interfaces", "members", "names", "data_member"},
    "swift": _WIRE | {"members", "data_member", "flags", "numbered"},
    "dart": _WIRE | {"members", "texts", "flags", "numbered", "data_member"},
    "php": _WIRE | {"members", "flags", "numbered", "data_member", "base"},
    "fsharp": _ALWAYS | {"nullable", "names", "namespace"},
    "vbnet": _ALWAYS | {"nullable"},
}  # fmt: skip


def generate(language: str, contract: Contract, **options: str) -> str:
    return types.generate(language, contract, Options.of([*options.items()], "http://host", "2026-01-01 00:00:00"))


def find_differences(before: Contract, after: Contract) -> Iterator[tuple[str, str]]:
    """What differs, by kind and place."""
    for name, operation in before.by_name.items():
        if operation.request.namespace == SERVICESTACK and name not in after.by_name:
            continue
        for label in ("routes", "verbs", "returns"):
            if getattr(operation, label) != getattr(after.by_name[name], label):
                yield label, name
    for name, info in before.types.items():
        if info.namespace == SERVICESTACK or info.name == "KeyValuePair":
            continue
        type_info = after.types.get(name)
        if type_info is None or type(type_info) is not type(info):
            yield "kind", name
        else:
            yield from _compare_types(info, type_info)


def _compare_types(before: TypeInfo, after: Any) -> Iterator[tuple[str, str]]:
    for attribute in fields(before):
        old, new = getattr(before, attribute.name), getattr(after, attribute.name)
        if attribute.name == "properties":
            yield from _compare_fields(before.name, {one.name: one for one in old}, {one.name: one for one in new})
        elif old != new:
            yield attribute.name, before.name


def _compare_fields(owner: str, old: dict[str, Property], new: dict[str, Property]) -> Iterator[tuple[str, str]]:
    if [*old] != [*new]:
        yield "names", owner
    for name in old.keys() & new.keys():
        for attribute in fields(Property):
            if getattr(old[name], attribute.name) != getattr(new[name], attribute.name):
                yield attribute.name, f"{owner}.{name}"


@pytest.mark.parametrize("name", CONTRACTS)
@pytest.mark.parametrize("language", LOST)
def test_round_trip(language: str, name: str) -> None:
    contract = contracts.remove_lengths(CONTRACTS[name]())
    imported = contracts.read(generate(language, CONTRACTS[name]()))
    losses = {
        (kind, where) for kind, where in find_differences(contract, imported.contract) if kind not in LOST[language]
    }
    assert losses == set()
    assert imported.losses.positions["access that the source does not state: signed in"]
    # What was read can be declared.
    again = contracts.declare(imported.contract)
    assert again.by_name.keys() == imported.contract.by_name.keys()
    assert again.types == {name: imported.contract.types[name] for name in again.types}


@pytest.mark.parametrize("language", DECLARATION)
def test_the_recorded_host(language: str) -> None:
    """Its metadata, read, declared, and written in each language as that host wrote it."""
    imported = contracts.read((CORPUS / "metadata.json").read_text())
    contract = contracts.declare(imported.contract)
    theirs = split_blocks((CORPUS / f"{language}.txt").read_text(), language)
    options = Options.of(GIVEN.get(language, []), "http://host", "")
    ours = split_blocks(types.generate(language, contract, options), language)
    compared = NAMES & theirs.keys()
    assert {"NewSession", "SessionInfo"} <= compared
    assert {name: ours[name] for name in compared} == {name: theirs[name] for name in compared}


@pytest.mark.parametrize("language", ["csharp", "java", "kotlin", "typescript", "dart", "fsharp", "vbnet"])
def test_recorded_types(language: str) -> None:
    imported = contracts.read((CORPUS / f"{language}.txt").read_text())
    assert {"NewSession", "SessionInfo"} <= imported.contract.types.keys()
    new = imported.contract.by_name["NewSession"]
    assert new.returns == TypeRef("record", "SessionInfo")
    assert [route.path for route in new.routes] == ["/sessions"]
    info = imported.contract.record("SessionInfo")
    assert len(info.properties) == 36
    assert info.properties[0].wire == "dialState"
    if "EntityInfo" in imported.contract.types:
        assert info.base == TypeRef("record", "EntityInfo")


CSHARP = """
using System;
[assembly: Foo("x")]
namespace Acme.Shop;

/// <summary>Who buys &amp; pays</summary>
[ValidateIsAuthenticated, ValidateHasRole("Clerk"), Tag("shop")]
[Route("/orders/{Id}", Verbs = "GET,PUT"), FallbackRoute("/{Path*}")]
public sealed record class FindOrder : QueryDb<Order>, IReturn<QueryResponse<Order>>, IGet
{
    public FindOrder(string id) => Id = id;
    public required string Id { get; init; } = "";
    public const int Most = 7;
    public static string Shared { get; } = "x";
    public int? Count { get; set; } = 3;
    private readonly Dictionary<string, List<Order?>> orders = new() { ["a"] = new() };
    public decimal[]? Prices;
    public (int, string) Method() { return (1, "a"); }
    public string Title => $"{Id}";
    [DataMember(Name = @"x""y")] [Obsolete] public bool Odd { get; set; }
}
public record Order(string Name, [property: ApiMember(Description = "How " + "many")] int Count = 1) : AuditBase
{ public Guid Id { get; set; } }
[Flags] public enum Rights : long { None, Read = 1 << 0, Write = 0x2, All = Read | Write, Less = -1 }
public interface IOwned { string Owner { get; set; } }
public struct Point { public int X; }
"""


def test_handwritten_csharp() -> None:
    text = CSHARP.replace("""[DataMember(Name = @"x""y")] """, '[DataMember(Name = @"x-y")] ')
    imported = contracts.read(text)
    find = imported.contract.record("FindOrder")
    assert [(field.name, field.nullable) for field in find.properties] == [
        ("Id", True), ("Count", True), ("orders", True), ("Prices", True), ("Title", True), ("Odd", False)
    ]  # fmt: skip
    assert find.properties[3].type == TypeRef("list", "Array", (TypeRef("scalar", "Decimal"),))
    assert find.properties[5].wire == "x-y"
    assert find.description == "Who buys & pays"
    assert find.base == TypeRef("record", "QueryDb", (TypeRef("record", "Order"),))
    (operation,) = imported.contract.operations
    assert operation.access == Access(all_of=("Clerk",))
    assert operation.routes == (Route(("GET", "PUT"), "/orders/{Id}"), Route(ANY, "/{Path*}"))
    assert operation.tags == ("shop",)
    order = imported.contract.record("Order")
    assert [field.name for field in order.properties] == ["Name", "Count", "Id"]
    assert order.properties[1].description == "How many"
    rights = imported.contract.types["Rights"]
    assert isinstance(rights, EnumInfo)
    assert rights.flags
    assert rights.members == (("None", 0), ("Read", 1), ("Write", 2), ("All", 3), ("Less", -1))
    assert isinstance(imported.contract.types["Point"], RecordInfo)
    assert "IOwned" not in imported.contract.types


TYPESCRIPT = """
import { IReturn, QueryDb } from '@servicestack/client';
export type Size = 'small' | "extra-large";
// @Route("/orders", "POST")
export class NewOrder implements IReturn<Order[]> {
  name!: string | null;
  readonly sizes?: Array<Size>;
  byName: Record<string, Order>;
  meta: Map<string, any> | undefined;
  run<T>(a: T): void { if (a) { } }
}
export interface Order { id: number; 'ship-to'?: string }
"""


def test_handwritten_typescript() -> None:
    imported = contracts.read(TYPESCRIPT)
    new = imported.contract.record("NewOrder")
    assert [field.wire for field in new.properties] == ["name", "sizes", "byName", "meta"]
    assert new.properties[1].type.arguments == (TypeRef("enum", "Size"),)
    assert new.properties[2].type.arguments[1] == TypeRef("record", "Order")
    (operation,) = imported.contract.operations
    assert operation.returns == TypeRef("list", "List", (TypeRef("record", "Order"),))
    size = imported.contract.types["Size"]
    assert isinstance(size, EnumInfo)
    assert [size.text_of(name) for name, _ in size.members] == ["small", "extra-large"]
    assert [field.wire for field in imported.contract.record("Order").properties] == ["id", "ship-to"]
    assert contracts.make_comparable(contracts.declare(imported.contract)) == contracts.make_comparable(
        imported.contract
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("namespace A { public class B { public int C { get; set; ", "line 1, column .*: the document ends here"),
        ("namespace A {\n public class B { public int ; } }", "line 2, column 30: expected a name, got ';'"),
        ("namespace A { /* what", "line 1, column 15: a comment that does not end"),
        ('namespace A {\n\n  [Api("x)]', "line 3, column 8: a text that does not end"),
        ("export class A {\n  b: ;\n}", "line 2, column 6: expected a name"),
        ("from servicestack import *\nclass A(:\n", "line 2, column 9: invalid syntax"),
        ("from servicestack import *\nclass A:\n  b: 1 + 2\n", "line 3, column 6: this is not a type"),
        ("namespace A { public enum B { C = \"x\" } }", "'x' is not the number of a member"),
        ("namespace A { class B { " + "public List<" * 40 + " x; } }", "more than 32 levels deep|expected"),
        ("namespace A { }", "this C# declares no types"),
        ("hello", "none of the documents"),
    ],
)  # fmt: skip
def test_errors_have_a_position(text: str, message: str) -> None:
    with pytest.raises(ImportFailed, match=message):
        contracts.read(text)


@pytest.mark.parametrize("language", LOST)
def test_truncated_documents(language: str) -> None:
    """A document that was cut anywhere is refused with a message, or has types."""
    text = generate(language, contracts.describe_every_kind(), IncludeTypes="Employee.*")
    for cut in range(100, len(text), max(1, len(text) // 40)):
        with contextlib.suppress(ImportFailed):
            contracts.read(text[:cut])


def test_operations_without_access_need_a_signed_in_caller() -> None:
    imported = contracts.read(generate("csharp", contracts.describe_sessions()))
    assert {replace(operation.access, administrator="") for operation in imported.contract.operations} == {SIGNED_IN}
