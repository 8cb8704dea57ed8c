"""What documents of hosts have beside the usual: spellings of other versions, languages and tools."""

from __future__ import annotations

import pytest

from gateway.contract.typeinfo import RecordInfo, TypeRef
from gateway.importing.drafts import ImportFailed
from gateway.importing.loading import find_dialect, find_version
from gateway.importing.mock import build_service
from gateway.importing.sources import Imported
from serializers.dialect import Dialect
from tests.importing import contracts
from tests.importing.test_metadata_json import document, operation, prop
from tests.importing.test_metadata_json import record as make_record


def get_record(imported: Imported, name: str) -> RecordInfo:
    """A record of the declarations that a document becomes."""
    info = contracts.declare(imported.contract).types[name]
    assert isinstance(info, RecordInfo)
    return info


def list_names(info: RecordInfo) -> list[str]:
    """The names of its properties."""
    return [field.name for field in info.properties]


def list_losses(imported: Imported) -> dict[str, list[str]]:
    """What is lost, but for what every document in a language loses."""
    usual = ("access that", "namespaces,", "a type that no operation")
    return {kind: positions for kind, positions in imported.losses.positions.items() if not kind.startswith(usual)}


INNER = """
Imports ServiceStack
Namespace Global
    Namespace Acme.Farm
        <Route("/barns")>
        Public Partial Class FindBarn
            Implements IReturn(Of Barn)
            <[Default](5)>
            Public Overridable Property Id As Integer
        End Class
        Public Partial Class Barn
            Public Overridable Property Door As Barn.Opening

            Public Partial Class Opening
                Public Overridable Property Width As Integer
                Public Overridable Property Kind As Barn.Material
            End Class

            Public Enum Material
                Wood
                Iron
            End Enum

            Public Overridable Property Name As String
        End Class
    End Namespace
End Namespace
"""


def test_nested_types_in_visual_basic() -> None:
    imported = contracts.read(INNER)
    assert list_names(get_record(imported, "Barn")) == ["Door", "Name"]
    assert list_names(get_record(imported, "Opening")) == ["Width", "Kind"]
    assert get_record(imported, "Opening").properties[1].type.kind == "enum"
    assert list_losses(imported) == {"a type inside of another one: beside it": ["Barn.Opening", "Barn.Material"]}
    assert [attribute.name for attribute in get_record(imported, "FindBarn").properties[0].attributes] == ["Default"]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("QueryBase<Cow>", "public class FindCows : QueryBase<Cow>, IReturn<QueryResponse<Cow>> {}"),
        ("QueryBase<Calf, Cow>", "public class FindCows : QueryBase<Calf, Cow>, IReturn<QueryResponse<Cow>> {}"),
        ("QueryDb<Calf, Cow>", "public class FindCows : QueryDb<Calf, Cow>, IReturn<QueryResponse<Cow>> {}"),
    ],
)
def test_bases_of_queries(kind: str, text: str) -> None:
    imported = contracts.read(f"using ServiceStack; public class Calf {{}} public class Cow {{}} {text}")
    assert get_record(imported, "FindCows").base == TypeRef("record", "QueryDb", (TypeRef("record", "Cow"),)), kind
    assert imported.contract.by_name["FindCows"].returns is not None
    with build_service(imported).client() as client:
        assert client.get("/api/FindCows?take=1").json["results"] == [{}]


def test_a_query_of_two_types_in_python() -> None:
    text = """
from servicestack import *
@dataclass
class Cow:
    id: int = 0
@dataclass
class FindCows(QueryDb2[Cow, Cow], IReturn[QueryResponse[Cow]]):
    name: Optional[str] = None
"""
    assert get_record(contracts.read(text), "FindCows").base == TypeRef(
        "record", "QueryDb", (TypeRef("record", "Cow"),)
    )


def test_a_query_that_returns_itself() -> None:
    imported = contracts.read(
        "public class Herd : QueryDb<Herd>, IReturn<QueryResponse<Herd>> { public int Id {get;set;} }"
    )
    with build_service(imported).client() as client:
        assert client.get("/api/Herd").json["results"][0]["id"] == 0
    assert list_losses(imported) == {
        "a base that is made of the class that inherits from it: any value": ["Herd: QueryDb"]
    }


def test_bases_that_depend_on_each_other() -> None:
    imported = contracts.read(
        "public class Pen<T> { public T Inside {get;set;} } public class Pig : Pen<Sow> {} public class Sow : Pen<Pig> {}"
        "public class GetSow : IReturn<Sow> {} public class GetPig : IReturn<Pig> {}"
    )
    assert get_record(imported, "Pig").base == TypeRef("record", "Pen", (TypeRef("record", "Sow"),))
    assert get_record(imported, "Sow").base == TypeRef("record", "Pen", (TypeRef("scalar", "Object"),))


def test_a_generic_type_leaves_its_name_to_an_operation() -> None:
    imported = contracts.read(
        "public class Feed<T> { public T Grain {get;set;} }"
        '[Route("/feed")] public class Feed : IReturn<Feed<int>> { public int Id {get;set;} }'
    )
    assert list_names(get_record(imported, "Feed")) == ["Id"]
    assert list_names(get_record(imported, "Feed1")) == ["Grain"]
    assert list_losses(imported) == {
        "two types of one name and other parameters: the generic one is called Feed1": ["Feed"]
    }


def test_a_type_of_the_library_that_only_unused_types_have() -> None:
    imported = contracts.read(
        "public class Unused { public IdResponse Made {get;set;} } public class GetEgg : IReturn<string> {}"
    )
    assert "fields.Nested(servicestack.IdResponse)" in contracts.write_module(imported.contract)


@pytest.mark.parametrize("path", ["/files/{Path*}", "/files/{**Path}", "/files/{*Path}"])
def test_wildcards_as_hosts_write_them(path: str) -> None:
    imported = contracts.read(
        f'[Route("{path}", "GET")] public class GetFile : IReturn<GetFile> {{ public string Path {{get;set;}} }}'
    )
    assert list_losses(imported) == {}
    with build_service(imported).client() as client:
        assert client.get("/files/of/the/farm.txt?format=json").json == {"path": "of/the/farm.txt"}


def test_options_of_data_members_are_losses() -> None:
    imported = contracts.read(
        '[DataContract] public class Egg : IReturn<Egg> { [DataMember(Name="n", EmitDefaultValue=false)] public int N {get;set;} }'
    )
    assert list_losses(imported) == {"EmitDefaultValue of [DataMember]": ["Egg.N"]}


@pytest.mark.parametrize(
    ("head", "version"),
    [
        ("/* Options:\nDate: 2019-01-01 00:00:00\nVersion: 5.50\nTip: x\n*/\nusing System;\n", "5.50"),
        ("/* Options:\r\nDate: 2019-01-01\r\nSwiftVersion: 3.0\r\nVersion: 10.06\r\n*/\r\n", "10.06"),
        ("/* eslint-disable */\n/* Options:\nDate: 2017-01-01\nVersion: 1.041\n*/\n", "1.041"),
        ("// Version: 8.41\n", ""),
    ],
)
def test_the_version_in_the_options(head: str, version: str) -> None:
    assert contracts.read(f"{head}public class Hay : IReturn<Hay> {{}}").version == version


def test_the_version_in_the_options_of_visual_basic_and_python() -> None:
    head = "' Options:\n'Date: 2014-10-08 22:00:25\n'Version: 1\n'BaseUrl: http://host\n"
    assert contracts.read(head + INNER).version == "1"
    assert (
        contracts.read(
            '""" Options:\nDate: 2024-01-01\nVersion: 8.41\n"""\n@dataclass\nclass Hay:\n    id: int = 0\n'
        ).version
        == "8.41"
    )


def test_versions_of_hosts() -> None:
    assert find_version("1.041") == find_version("1") == "4.5"
    assert find_dialect("8.02") == Dialect.of("8.0") == Dialect.of("6")
    assert find_dialect("8.41") == Dialect.of("8.1") == find_dialect("10.06")


@pytest.mark.parametrize(
    "text",
    [
        '"use strict";\nvar Hay = (function () {\n    function Hay() {\n    }\n    return Hay;\n}());\nexports.Hay = Hay;\n',
        "// @DataContract\nvar Hay = /** @class */ (function () {\n    function Hay(init) {}\n}());\nexport { Hay };\n",
    ],
)
def test_compiled_types(text: str) -> None:
    with pytest.raises(ImportFailed, match=r"compiled JavaScript.*import the TypeScript"):
        contracts.read(text)


def test_a_generic_request_is_a_base() -> None:
    imported = contracts.read(
        "public abstract class Sow<T> : IReturn<T>, IPost { public T Seed {get;set;} }"
        "public class SowBeans : Sow<string>, IReturn<string>, IPost {}"
    )
    assert [*imported.contract.by_name] == ["SowBeans"]
    assert list_losses(imported) == {"an operation whose request is generic: a base of other requests": ["Sow"]}
    with build_service(imported).client() as client:
        assert client.post("/api/SowBeans", json={"seed": "x"}).json == "String"


@pytest.mark.parametrize(
    "text",
    [
        "import net.servicestack.client.*;\npublic class dtos {\n"
        " public static class Cart implements IReturn<Cart> { public InputStream load = null; }\n}",
        "import net.servicestack.client.*\nopen class Cart : IReturn<Cart>\n{\n    var load:InputStream? = null\n}\n",
    ],
)
def test_streams_of_the_jvm(text: str) -> None:
    assert get_record(contracts.read(text), "Cart").properties[0].type == TypeRef("scalar", "Stream")


def test_nested_types_in_metadata() -> None:
    imported = contracts.read_json(
        document(
            operation(
                "GetBarn", prop("Door", "Barn.Door"), prop("Gate", "Yard.Gate"), returnType={"name": "Barn.Door"}
            ),
            types=[make_record("Barn.Door", prop("Id", "Int32")), make_record("Yard.Gate", prop("Name", "String"))],
        )
    )
    assert [field.type.name for field in get_record(imported, "GetBarn").properties] == ["Door", "Gate"]
    assert list_losses(imported) == {"a type inside of another one: beside it": ["Barn.Door", "Yard.Gate"]}


@pytest.mark.parametrize(
    ("first", "second", "joined", "is_told"),
    [
        ("public int Id {get;set;}", "public string Name {get;set;}", ["Id", "Name"], True),
        (
            "public int Id {get;set;} public int Size {get;set;}",
            "public int Id {get;set;} public int Age {get;set;}",
            ["Id", "Size", "Age"],
            True,
        ),
        ("public int Id {get;set;}", "public int Id {get;set;} public int Age {get;set;}", ["Id", "Age"], False),
        ("public int Id {get;set;} public int Age {get;set;}", "public int Id {get;set;}", ["Id", "Age"], False),
    ],
)
def test_a_class_that_is_declared_twice(first: str, second: str, joined: list[str], is_told: bool) -> None:
    imported = contracts.read(
        f"namespace A {{ public partial class Hen {{ {first} }} public partial class Hen {{ {second} }} "
        "public class GetHen : IReturn<Hen> {} }"
    )
    assert list_names(get_record(imported, "Hen")) == joined
    assert ("two types of one name: read as one, with the properties of both" in list_losses(imported)) == is_told


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/hens/{Id}", "FindHenId_Get"),
        ("/hens/{Id}/eggs/{Day}", "FindHenIdeggsDay_Get"),
        ("/hens", "FindHen_Get"),
        ("/hens", "FindHen_Create2"),
    ],
)
def test_requests_by_the_ids_of_openapi(path: str, told: str) -> None:
    hen = {"type": "object", "properties": {"Id": {"type": "integer"}, "Day": {"type": "string"}}}
    parameters = [{"name": name, "in": "path", "type": "string"} for name in ("Id", "Day") if f"{{{name}}}" in path]
    responses = {"200": {"description": "", "schema": {"$ref": "#/definitions/Hen"}}}
    imported = contracts.read_json(
        {
            "swagger": "2.0",
            "info": {"title": "Farm"},
            "paths": {path: {"get": {"operationId": told, "parameters": parameters, "responses": responses}}},
            "definitions": {"FindHen": hen, "Hen": hen},
        }
    )
    assert [*imported.contract.by_name] == ["FindHen"]


def test_long_chains_of_types() -> None:
    chain = [make_record(f"Link{at}", prop("Next", f"Link{at + 1}")) for at in range(300)]
    types = [*chain, make_record("Link300", prop("All", "List`1", "Link0"))]
    imported = contracts.read_json(document(operation("GetChain", returnType={"name": "Link0"}), types=types))
    with build_service(imported).client() as client:
        assert client.post("/api/GetChain").json["next"]["next"]
        for path in (
            "/openapi.json",
            "/openapi?version=2",
            "/json/metadata?op=GetChain",
            "/types/python",
            "/metadata/app.json",
        ):
            assert client.get(path).status_code == 200, path


def test_marks_of_null_in_comments_of_javascript() -> None:
    imported = contracts.read(
        "export class Cart {\n    /** @param {{full?:boolean}} [init] */\n    constructor(init) { Object.assign(this, init) }\n"
        "    /** @type {?boolean} */\n    full;\n    /** @type {?{ [index: string]: string; }} */\n    notes;\n"
        "    getTypeName() { return 'Cart' }\n    getMethod() { return 'GET' }\n    createResponse() { return new Cart() }\n}\n"
    )
    assert [field.type.name for field in get_record(imported, "Cart").properties] == ["Boolean", "Dictionary"]


def test_durations_in_swift() -> None:
    imported = contracts.read(
        "import ServiceStack\npublic class Nap : IReturn, Codable\n{\n    public typealias Return = Nap\n"
        "    @TimeSpan public var length:TimeInterval?\n    required public init(){}\n}\n"
    )
    assert [field.type.name for field in get_record(imported, "Nap").properties] == ["TimeSpan"]


def test_closed_bases_in_php() -> None:
    imported = contracts.read(
        "<?php namespace dtos;\nclass Cow implements JsonSerializable { public function __construct(public int $id=0) {} }\n"
        "#[Returns('QueryResponse')]\n/**\n * @template QueryDb of Cow\n * @template QueryResponse of Cow\n */\n"
        "class FindCows extends QueryDb implements IReturn, JsonSerializable\n{\n"
        "    public function __construct(\n        /** @var int|null */\n        public ?int $id=null\n    ) {}\n"
        "    public function getMethod(): string { return 'GET'; }\n"
        "    public function createResponse(): mixed { return QueryResponse::create(genericArgs:['Cow']); }\n}\n"
    )
    cow = (TypeRef("record", "Cow"),)
    assert get_record(imported, "FindCows").base == TypeRef("record", "QueryDb", cow)
    assert imported.contract.by_name["FindCows"].returns == TypeRef("record", "QueryResponse", cow)


def test_generic_types_in_comments_of_javascript() -> None:
    imported = contracts.read(
        "/** @typedef T {any} */\nexport class Herd {\n    /** @param {{cows?:T[]}} [init] */\n"
        "    constructor(init) { Object.assign(this, init) }\n    /** @type {T[]} */\n    cows;\n}\n"
        "export class FindCows extends QueryDb {\n    constructor(init) { super(init); Object.assign(this, init) }\n"
        "    getTypeName() { return 'FindCows' }\n    getMethod() { return 'GET' }\n    createResponse() { return new Herd() }\n}\n"
    )
    assert get_record(imported, "Herd").parameters == ("T",)
    base = get_record(imported, "FindCows").base
    assert base == TypeRef("record", "QueryDb", (TypeRef("scalar", "Object"),))
