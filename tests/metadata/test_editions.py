"""Types as the generators of ServiceStack's versions write them."""

from __future__ import annotations

import pytest

from gateway.contract import fields
from gateway.contract.catalog import ANYONE, Catalog
from gateway.contract.dto import Dto
from gateway.contract.dto_field import ApiMember, Attribute
from gateway.contract.enums import DtoEnum, DtoFlags, member
from gateway.contract.typeinfo import Contract, describe
from gateway.errors import ValidationFailed
from gateway.metadata import types
from gateway.metadata.languages.editions import DEFAULT, find_edition
from gateway.metadata.languages.options import Options
from gateway.metadata.library import Library
from serializers.dialect import Dialect
from serializers.registry import default_registry
from tests.metadata import BASE_URL

NAMESPACE = "Shop.Types"


class Size(DtoEnum):
    """How large"""

    Small = member(number=1)
    Large = member(number=5)


class Rights(DtoFlags):
    Read = 1
    Write = 2


class Order(Dto):
    """Order
    goods"""

    dotnet_namespace = NAMESPACE
    code = fields.String("What to order", api_member=ApiMember(is_required=True))
    note = fields.String()
    email = fields.String(attributes=[Attribute("Validate", values={"Validator": "NotEmpty"})])
    many = fields.Integer(nullable=False)
    weight = fields.Integer()
    paid = fields.Boolean(nullable=False)
    tags = fields.List(fields.String(), attributes=[Attribute("Required")])
    others = fields.List(fields.String())
    prices = fields.Map(keys=fields.String(), values=fields.Integer(), ui={"isRequired": True})
    rights = fields.Flags(Rights)
    size = fields.Enum(Size)


@pytest.fixture(scope="module")
def contract() -> Contract:
    catalog = Catalog()
    catalog.operation("POST", "/orders", access=ANYONE)(Order)
    return describe(catalog)


def generate_lines(contract: Contract, language: str, version: str = "", **values: str) -> list[str]:
    options = Options.of({"version": version, **values}.items(), BASE_URL, "")
    return [line.strip() for line in types.generate(language, contract, options).splitlines()]


@pytest.mark.parametrize(
    ("version", "same"),
    [
        ("6.1", "6.10"),
        ("6.101", "6.10.1"),
        ("8.91", "8.9.1"),
        ("10", "10.06"),
        ("10.1.5", "v10.1"),
        ("5.105", "5.10.5"),
    ],
)
def test_a_version_has_several_spellings(version: str, same: str) -> None:
    first, second = find_edition(version), find_edition(same)
    assert first.version == version
    assert (first.options, first.swift, first.spaced, first.optional) == (
        second.options,
        second.swift,
        second.spaced,
        second.optional,
    )


def test_the_default_edition_is_6_10() -> None:
    assert find_edition("") == find_edition("6.10") == DEFAULT


@pytest.mark.parametrize("version", ["3.9", "x", "8.", "-1", "10.1.1.1.1", "٨"])
def test_other_versions_are_refused(contract: Contract, version: str) -> None:
    with pytest.raises(ValidationFailed, match="not a version of ServiceStack") as caught:
        generate_lines(contract, "csharp", version)
    assert "such as 5.8, 8.1 or 10" in caught.value.errors[0].message


@pytest.mark.parametrize("language", [*types.LANGUAGES])
@pytest.mark.parametrize("version", ["5.8", "8.1", "10.1"])
def test_the_head_names_the_version(contract: Contract, language: str, version: str) -> None:
    assert any(line.lstrip("'/") == f"Version: {version}" for line in generate_lines(contract, language, version))


@pytest.mark.parametrize(
    ("language", "version", "expected"),
    [
        # Options of the head
        ("swift", "5.8", "SwiftVersion: 4.0"),
        ("swift", "5.105", "SwiftVersion: 5.0"),
        ("swift", "8.41", "SwiftVersion: 5.0"),
        ("swift", "8.53", "SwiftVersion: 6.0"),
        ("swift", "5.8", "//InitializeCollections: True"),
        ("csharp", "6.8", "//AddNullableAnnotations: False"),
        ("csharp", "10.1", "//AddNullableAnnotations: True"),
        ("csharp", "8.4", "//InitializeCollections: True"),
        ("csharp", "8.81", "//InitializeCollections: False"),
        ("kotlin", "8.81", "//InitializeCollections: False"),
        # C#
        ("csharp", "5.8", "Tags = new List<string>{};"),
        ("csharp", "5.8", "public virtual List<string> Others { get; set; }"),
        ("csharp", "8.81", "public virtual List<string> Tags { get; set; } = [];"),
        ("csharp", "8.81", "public virtual Dictionary<string, int> Prices { get; set; } = new();"),
        ("csharp", "8.81", "public virtual List<string> Others { get; set; }"),
        ("csharp", "8.81", "public virtual string Note { get; set; }"),
        ("csharp", "10.1", "public virtual string Code { get; set; }"),
        ("csharp", "10.1", "public virtual string Email { get; set; }"),
        ("csharp", "10.1", "public virtual string? Note { get; set; }"),
        ("csharp", "10.1", "public virtual int Many { get; set; }"),
        ("csharp", "10.1", "public virtual int? Weight { get; set; }"),
        ("csharp", "10.1", "public virtual List<string> Tags { get; set; } = [];"),
        ("csharp", "10.1", "public virtual List<string>? Others { get; set; }"),
        ("csharp", "10.1", "Large = 5,"),
        # TypeScript and JavaScript
        ("typescript", "5.8", "* What to order"),
        ("typescript", "8.1", "/** @description What to order */"),
        ("typescript", "8.1", "/** @description Order goods */"),
        ("typescript", "6.10", "public weight: number;"),
        ("typescript", "6.81", "public weight?: number;"),
        ("typescript", "8.1", "public note: string;"),
        ("typescript", "10.1", "public note?: string;"),
        ("typescript", "10.1", "public code: string;"),
        ("typescript", "10.1", "public many: number;"),
        ("typescript", "10.1", "public tags: string[] = [];"),
        ("typescript", "10.1", "public others?: string[];"),
        ("typescript", "10.1", "public prices: { [index:string]: number; } = {};"),
        ("typescript", "6.10", "public prices: { [index: string]: number; };"),
        ("typescript", "10.1", "Write = 2,"),
        ("mjs", "6.10", 'Rights["Write"] = 2'),
        ("mjs", "6.81", 'Rights[Rights["Write"] = 2] = "Write"'),
        ("mjs", "6.81", "/** @type {?number} */"),
        # Others
        ("kotlin", "8.12", "var note:String? = null"),
        ("kotlin", "10.1", "open var note:String? = null"),
        ("kotlin", "10.1", "open var tags:ArrayList<String> = ArrayList<String>()"),
        ("kotlin", "10.1", "open var others:ArrayList<String>? = null"),
        ("swift", "8.81", "public var tags:[String] = []"),
        ("swift", "8.81", "public var others:[String]?"),
        ("python", "6.10", "many: Optional[int] = None"),
        ("python", "10.1", "many: int = 0"),
        ("python", "10.1", "paid: bool = False"),
        ("python", "10.1", "code: Optional[str] = None"),
        ("python", "10.1", "weight: Optional[int] = None"),
        ("python", "10.1", "tags: List[str] = field(default_factory=list)"),
        ("python", "10.1", "prices: Dict[str, int] = field(default_factory=dict)"),
    ],
)
def test_a_rule(contract: Contract, language: str, version: str, expected: str) -> None:
    assert expected in generate_lines(contract, language, version)


@pytest.mark.parametrize(("version", "offered"), [("5.8", False), ("6.10", True)])
def test_options_that_came_later_are_not_offered(contract: Contract, version: str, offered: bool) -> None:
    assert ("//MakePropertiesOptional: False" in generate_lines(contract, "typescript", version)) == offered
    assert not any("AddNullableAnnotations" in line for line in generate_lines(contract, "csharp", version))


def test_an_option_beats_the_edition(contract: Contract) -> None:
    plain = generate_lines(contract, "csharp", "10.1", AddNullableAnnotations="False", InitializeCollections="True")
    assert "public virtual string Note { get; set; }" in plain
    assert "public virtual List<string> Others { get; set; } = [];" in plain
    assert "AddNullableAnnotations: False" in plain


def test_blank_lines_follow_attributes_in_later_editions(contract: Contract) -> None:
    lines = generate_lines(contract, "csharp", "8.81")
    index = lines.index('[Validate("NotEmpty")]')
    assert lines[index - 1] == "public virtual string Note { get; set; }"
    assert lines[index + 2] == ""
    earlier = generate_lines(contract, "csharp", "6.10")
    assert earlier[earlier.index('[Validate(Validator="NotEmpty")]') + 2] != ""


def test_namespaces_have_no_blank_line_at_their_beginning(contract: Contract) -> None:
    for version, blank in (("6.10", True), ("6.8", False), ("10.1", False)):
        lines = generate_lines(contract, "csharp", version)
        assert (lines[lines.index(f"namespace {NAMESPACE}") + 2] == "") == blank


def test_the_dialect_of_a_service_chooses_the_edition() -> None:
    catalog = Catalog()
    catalog.operation("POST", "/orders", access=ANYONE)(Order)
    library = Library(catalog, default_registry(Dialect.of("10.1")), "Shop", "1")
    default = library.render_types(None, "typescript", [], BASE_URL).body.decode()
    assert "Version: 10.1\n" in default
    assert "public note?: string;" in default
    requested = library.render_types(None, "typescript", [("version", "5.8")], BASE_URL).body.decode()
    assert "Version: 5.8\n" in requested
    assert "public note: string;" in requested
