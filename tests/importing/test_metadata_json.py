"""metadata.json and app.json: read, written as Python, and written again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from gateway import Service
from gateway.contract.catalog import ANY, ANYONE, SIGNED_IN, Access, Route
from gateway.contract.dto_field import Attribute, TypeName
from gateway.contract.typeinfo import EnumInfo, InterfaceRef, RecordInfo, TypeRef
from gateway.importing import loading
from gateway.importing.drafts import ImportFailed
from gateway.metadata import types
from gateway.metadata.languages.options import Options
from tests.importing import contracts

CONTRACTS = {"sessions": contracts.describe_sessions, "every": contracts.describe_every_kind}


@pytest.mark.parametrize("name", CONTRACTS)
def test_round_trip_of_our_own(name: str) -> None:
    contract = CONTRACTS[name]()
    text = json.dumps(contracts.build_metadata(contract))
    read = contracts.read(text)
    same = contracts.remove_lengths(contract)
    assert contracts.make_comparable(contracts.remove_lengths(read.contract)) == contracts.make_comparable(same)
    again = contracts.declare(read.contract)
    assert contracts.make_comparable(again) == contracts.make_comparable(read.contract)
    # Byte for byte.
    assert json.dumps(contracts.build_metadata(again)) == text


def test_the_recorded_host() -> None:
    text = (contracts.CORPUS / "metadata.json").read_text()
    read = contracts.read(text)
    assert read.kind == "metadata.json"
    again = contracts.declare(read.contract)
    assert contracts.make_comparable(again) == contracts.make_comparable(read.contract)
    theirs = json.loads(text)
    ours = {operation["request"]["name"]: operation for operation in contracts.build_metadata(again)["operations"]}
    for operation in theirs["operations"]:
        our_operation = ours[operation["request"]["name"]]
        assert our_operation["request"] == operation["request"]
        assert our_operation.get("response") == operation.get("response")
        assert our_operation["actions"] == operation["actions"]


def document(*operations: dict[str, Any], types: Any = ()) -> dict[str, Any]:
    return {"types": [*types], "operations": [*operations]}


def record(name: str, *properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "namespace": "N", "implements": [], "properties": [*properties], **more}


def prop(name: str, kind: str, *arguments: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "genericArgs": [*arguments], **more}


def operation(name: str, *properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"request": record(name, *properties), "actions": ["POST"], **more}


def types_of(*properties: dict[str, Any], types: Any = ()) -> dict[str, TypeRef]:
    request = contracts.read_json(document(operation("Ask", *properties), types=types)).contract.record("Ask")
    return {field.name: replace(field.type, nullable=field.nullable) for field in request.properties}


TEXT, NUMBER = TypeRef("scalar", "String"), TypeRef("scalar", "Int32")


def test_types() -> None:
    point = {"isValueType": True}
    refs = types_of(
        prop("A", "Nullable`1", "Int32"),
        prop("B", "Int32", isValueType=True),
        prop("C", "Dictionary`2", "String", "List<Nullable<Int32>>"),
        prop("D", "Nullable`1[]", "DateTime"),
        prop("E", "Byte[]"),
        prop("F", "HashSet`1", "String"),
        prop("G", "KeyValuePair`2", "String", "Int32", **point),
        prop("H", "Point", **point),
        prop("I", "Unheard"),
        prop("J", "Int32[][]"),
        prop("K", "System.Collections.Generic.IEnumerable`1", "System.Int32"),
    )
    assert refs["A"] == replace(NUMBER, nullable=True)
    assert refs["B"] == NUMBER
    assert refs["C"].arguments == (TEXT, TypeRef("list", "List", (replace(NUMBER, nullable=True),)))
    assert refs["D"].arguments == (TypeRef("scalar", "DateTime", nullable=True),)
    assert refs["E"] == TypeRef("scalar", "Byte[]", nullable=True)
    assert refs["F"] == TypeRef("list", "List", (TEXT,), nullable=True)
    assert refs["G"] == TypeRef("record", "KeyValuePair", (TEXT, NUMBER))
    assert refs["H"] == replace(TEXT, nullable=True)
    assert refs["I"] == TypeRef("scalar", "Object", nullable=True)
    assert refs["J"].arguments == (TypeRef("list", "Array", (NUMBER,)),)
    assert refs["K"].arguments == (NUMBER,)


def test_losses_have_positions() -> None:
    read = contracts.read_json(
        document(
            operation("Ask", prop("Point", "Point", isValueType=True), prop("Set", "HashSet`1", "String")),
        )
    )
    assert [*read.losses.lines()] == [
        "1 x Point is not declared in the document: its values are texts: Ask.Point",
        "1 x HashSet as a list: Ask.Set",
        "1 x access that the source does not state: signed in: Ask",
    ]


@pytest.mark.parametrize(
    ("told", "access"),
    [
        ({}, SIGNED_IN),
        ({"requiresAuth": True}, SIGNED_IN),
        ({"requiresAuth": False}, ANYONE),
        ({"requiresAuth": True, "requiredRoles": ["A", "B"]}, Access(all_of=("A", "B"))),
        ({"requiresAnyRole": ["A"], "requiredPermissions": ["P"]}, Access(any_of=("A",), permissions=("P",))),
        ({"requiresApiKey": {"scopes": ["x"]}}, Access(api_key=True)),
    ],
)
def test_access(told: dict[str, Any], access: Access) -> None:
    (imported,) = contracts.read_json(document(operation("Ask", **told))).contract.operations
    assert imported.access == access
    (again,) = contracts.declare(contracts.read_json(document(operation("Ask", **told))).contract).operations
    assert again.access == access


def test_routes_and_verbs() -> None:
    ask_operation = operation("Ask", prop("Id", "String"), actions=["ANY"])
    ask_operation["request"]["routes"] = [{"path": "/ask", "verbs": "GET,POST"}, {"path": "/ask/{Id}"}]
    get = operation("Get", prop("Id", "String"), actions=["ANY"])
    get["request"] |= {
        "routes": [{"path": "/get/{Id}", "verbs": "GET"}],
        "implements": [{"name": "IGet", "namespace": "ServiceStack"}],
    }
    both = operation("Both", actions=["OPTIONS", "PUT", "PATCH"])
    contract = contracts.read_json(document(ask_operation, get, both)).contract
    assert contract.by_name["Ask"].routes == (Route(("GET", "POST"), "/ask"), Route(ANY, "/ask/{Id}"))
    assert set(contract.by_name["Get"].verbs) == set(ANY)
    assert contract.by_name["Get"].verb == "GET"
    assert contract.by_name["Both"].verbs == ("PUT", "PATCH")
    assert contracts.make_comparable(contracts.declare(contract)) == contracts.make_comparable(contract)
    assert contracts.build_metadata(contract)["operations"][1]["actions"] == ["ANY"]


def test_routes_that_can_not_be_served() -> None:
    def routed(name: str, *paths: str) -> dict[str, Any]:
        routed_operation = operation(name, prop("Id", "String"), actions=["GET"])
        routed_operation["request"]["routes"] = [{"path": path, "verbs": "GET"} for path in paths]
        return routed_operation

    odd = ("/c", "/c-{Id}.png", "/c/{Id}/{id}", "/c//d", "/c/#d")
    read = contracts.read_json(
        document(routed("A", "/x/{Id}", "/{Id*}/y"), routed("B", "/X/{id}", "/b"), routed("C", *odd))
    )
    assert [route.path for route in read.contract.by_name["C"].routes] == ["/c"]
    left_out = read.losses.positions["a route whose path can't be served: left out"]
    assert [text.partition(" the path ")[0] for text in left_out if "segment" not in text] == ["C:"] * 3
    assert "the segment 'c-{Id}.png'" in left_out[0]
    assert [route.path for route in read.contract.by_name["A"].routes] == ["/x/{Id}"]
    assert [route.path for route in read.contract.by_name["B"].routes] == ["/b"]
    assert read.losses.positions["a route that another operation has: left out"] == ["B /X/{id}: A"]
    assert read.losses.positions["a route with a wildcard that is not its last segment: left out"] == ["A /{Id*}/y"]


def test_routes_of_the_server_itself_are_left_out() -> None:
    def routed(name: str, *routes: tuple[str, str]) -> dict[str, Any]:
        routed_operation = operation(name, prop("Id", "String"), actions=["GET"])
        routed_operation["request"]["routes"] = [{"path": path, "verbs": verbs} for path, verbs in routes]
        return routed_operation

    read = contracts.read_json(
        document(
            routed("Health", ("/health", "GET")),
            routed("Spec", ("/openapi.json", "ANY"), ("/types/{Id}", "POST"), ("/spec.json", "GET")),
            routed("Root", ("/", "GET"), ("/front", "GET"), ("/metrics", "")),
        )
    )
    left_out = read.losses.positions["a route of the server itself: left out"]
    assert left_out == ["Health /health", "Spec /openapi.json"]
    assert read.contract.by_name["Health"].verbs == ("GET",)
    assert [route.path for route in read.contract.by_name["Spec"].routes] == ["/types/{Id}", "/spec.json"]
    service = Service("Left out", authenticate=lambda _: None)
    loading.declare(read.contract, service, read.losses, "left_out")
    for catalog_operation in service.catalog:
        service.handles(catalog_operation.dto)(lambda request, context: None)
    with service.client() as client:
        assert client.get("/health").json == {"status": "ok"}
        for path in ("/api/Health", "/spec.json", "/", "/front", "/metrics"):
            assert client.get(path).status_code == 401


def test_names_of_constructor_arguments_are_kept() -> None:
    argument = {"name": "maximumLength", "type": "Int32", "value": "50"}
    field = prop("Name", "String", attributes=[{"name": "StringLength", "constructorArgs": [argument]}])
    contract = contracts.read_json(document(operation("Ask", field))).contract
    (attribute,) = contract.record("Ask").properties[0].attributes
    assert (attribute.arguments, attribute.names) == ((50,), ("maximumLength",))
    again = contracts.declare(contract)
    assert contracts.make_comparable(again) == contracts.make_comparable(contract)
    (attribute_metadata,) = contracts.build_metadata(again)["operations"][0]["request"]["properties"][0]["attributes"]
    assert [
        (argument_metadata["name"], argument_metadata["value"])
        for argument_metadata in attribute_metadata["constructorArgs"]
    ] == [("maximumLength", "50")]
    assert "[StringLength(50)]" in types.generate("csharp", again, Options.of((), "http://host", ""))


def test_descriptions_become_api_attributes_only_if_they_were() -> None:
    """Hosts describe types by [Api], and by [Description], which is no attribute of the contract."""
    api = {"name": "Api", "args": [{"name": "Description", "type": "String", "value": "Asks"}]}
    dog, cat = (
        record("Dog", prop("Cat", "Cat"), description="A dog"),
        record("Cat", description="Asks", attributes=[api]),
    )
    asks, finds = (
        operation(name, prop("Id", "String"), response=dog, returnType={"name": "Dog"}) for name in ("Ask", "Find")
    )
    asks["request"] |= {"description": "Asks", "attributes": [api]}
    finds["request"]["description"] = "Finds"
    contract = contracts.read_json(document(asks, finds, types=[dog, cat])).contract
    again = contracts.declare(contract)
    assert contracts.make_comparable(again) == contracts.make_comparable(contract)
    metadata = contracts.build_metadata(again)
    types_by_name = {
        entry["name"]: entry
        for entry in (
            *(
                operation_metadata[kind]
                for operation_metadata in metadata["operations"]
                for kind in ("request", "response")
            ),
            *metadata["types"],
        )
    }
    assert {name: type_metadata["description"] for name, type_metadata in types_by_name.items()} == {
        "Ask": "Asks",
        "Find": "Finds",
        "Dog": "A dog",
        "Cat": "Asks",
    }
    assert {name for name, type_metadata in types_by_name.items() if "attributes" in type_metadata} == {"Ask", "Cat"}
    for language in ("csharp", "java", "typescript"):
        assert types.generate(language, again, Options.of((), "http://host", "")).count("Api(Description=") == 2


def test_descriptions_become_api_members_only_if_they_were() -> None:
    description = {"name": "Description", "type": "String", "value": "its name"}
    length = {"name": "DataType", "type": "String", "value": "short"}
    properties = [
        prop("A", "String", description="its name", attributes=[{"name": "ApiMember", "args": [description]}]),
        prop("B", "String", description="its name"),
        prop("C", "String", description="its name", attributes=[{"name": "ApiMember", "args": [length]}]),
    ]
    contract = contracts.read_json(document(operation("Ask", *properties))).contract
    again = contracts.declare(contract)
    assert contracts.make_comparable(again) == contracts.make_comparable(contract)
    fields = contracts.build_metadata(again)["operations"][0]["request"]["properties"]
    assert [field["description"] for field in fields] == ["its name"] * 3
    names = [
        [arg["name"] for attribute in field.get("attributes", ()) for arg in attribute["args"]] for field in fields
    ]
    assert names == [["Description"], [], ["DataType"]]
    generated = types.generate("csharp", again, Options.of((), "http://host", ""))
    assert generated.count('[ApiMember(Description="its name")]') == 1


def test_a_closed_generic_response() -> None:
    response = record("Page`1", prop("Items", "List`1", "Dog"), prop("Tags", "List`1", "String"), genericArgs=["T"])
    texts = record("Page`1", prop("Items", "List`1", "String"), prop("Tags", "List`1", "String"), genericArgs=["T"])
    for order in (1, -1):
        operations = [
            operation("Dogs", response=response, returnType={"name": "Page`1", "genericArgs": ["Dog"]}),
            operation("Words", response=texts, returnType={"name": "Page`1", "genericArgs": ["String"]}),
        ][::order]
        contract = contracts.read_json(document(*operations, types=[record("Dog")])).contract
        items, tags = contract.record("Page").properties
        assert items.type.arguments == (TypeRef("parameter", "T"),)
        assert tags.type.arguments == (TEXT,)
        assert contracts.make_comparable(contracts.declare(contract)) == contracts.make_comparable(contract)


def test_interfaces_enums_and_attributes() -> None:
    color = {
        "name": "Color",
        "namespace": "Other",
        "isEnum": True,
        "isEnumInt": True,
        "enumNames": ["None", "Red", "name"],
        "enumValues": ["1", "5", "6"],
        "enumDescriptions": ["", "Warm", None],
    }
    rights = {
        "name": "Rights",
        "namespace": "N",
        "isEnum": True,
        "attributes": [{"name": "Flags"}],
        "enumNames": ["A", "B", "All"],
        "enumValues": [1, 2, -1],
    }
    ask_operation = operation("Ask", prop("Color", "Color", isEnum=True), prop("Rights", "Rights", isEnum=True))
    ask_operation["request"] |= {
        "implements": [
            {"name": "ICreateDb`1", "namespace": "ServiceStack", "genericArgs": ["Ask"]},
            {"name": "IMarked", "namespace": "N"},
        ],
        "attributes": [
            {
                "name": "ValidateRequest",
                "args": [{"name": "Validator", "type": "String", "value": "HasRole(`Boss`)"}],
                "constructorArgs": [{"name": "x", "type": "Int32", "value": "7"}],
            },
            {"name": "Api", "args": [{"name": "Description", "type": "String", "value": 'He said "hi"'}]},
        ],
        "icon": {"svg": "<svg a='1'/>", "size": [1, 2.5, None, True]},
    }
    contract = contracts.read_json(document(ask_operation, types=[color, rights])).contract
    request = contract.record("Ask")
    assert request.interfaces == (
        InterfaceRef(TypeRef("interface", "ICreateDb", (TypeRef("record", "Ask"),))),
        InterfaceRef(TypeRef("interface", "IMarked"), "N"),
    )
    assert request.attributes == (Attribute("ValidateRequest", (7,), {"Validator": "HasRole(`Boss`)"}, ("x",)),)
    assert request.description == 'He said "hi"'
    color_info = contract.types["Color"]
    assert isinstance(color_info, EnumInfo)
    assert (color_info.numbered, color_info.members) == (True, (("None", 1), ("Red", 5), ("name", 6)))
    assert color_info.descriptions == {"Red": "Warm"}
    assert contracts.make_comparable(contracts.declare(contract)) == contracts.make_comparable(contract)


def test_names_that_python_reserves() -> None:
    names = [
        "fields",
        "Rules",
        "Class",
        "IsBYOA",
        "provider",
        "_Id",
        "parameters",
        "Schema",
        "A_b",
        "AB",
        "Service",
        "Números",
    ]
    names += ["Url2Go", "ID", "member", "Load", "From", "X1", "Dto"]
    types = [
        record(name, prop("Text", "String"))
        for name in ("Attribute", "Interface", "DataMember", "Dto", "service", "auto")
    ]
    properties = [prop(name, "String") for name in names]
    properties += [prop(f"Of{type_info['name']}", type_info["name"]) for type_info in types]
    contract = contracts.read_json(document(operation("Ask", *properties), types=types)).contract
    assert contracts.make_comparable(contracts.declare(contract)) == contracts.make_comparable(contract)


def test_types_that_hold_each_other() -> None:
    types = [
        record("A", prop("B", "B"), prop("Page", "Page`1", "A"), inherits={"name": "Base"}),
        record("B", prop("A", "A"), prop("Bs", "List`1", "B"), inherits={"name": "A"}),
        record("Base", prop("Derived", "B"), prop("Ask", "Ask")),
        record("Page`1", prop("Items", "List`1", "T"), genericArgs=["T"]),
    ]
    contract = contracts.read_json(
        document(operation("Ask", prop("A", "A")), operation("Again", prop("B", "B")), types=types)
    ).contract
    assert contracts.make_comparable(contracts.declare(contract)) == contracts.make_comparable(contract)


def test_a_field_that_a_subclass_declares_again() -> None:
    types = [record("Base", prop("Name", "String"), prop("Id", "String"))]
    ask_operation = operation("Ask", prop("Name", "Int32", isValueType=True))
    ask_operation["request"]["inherits"] = {"name": "Base"}
    contract = contracts.read_json(document(ask_operation, types=types)).contract
    assert contract.record("Ask").properties[0].redeclared
    assert contracts.make_comparable(contracts.declare(contract)) == contracts.make_comparable(contract)


def test_validators_are_rules() -> None:
    def validated(name: str, kind: str, validator: str) -> dict[str, Any]:
        value = {"name": "Validator", "type": "String", "value": validator}
        return prop(name, kind, attributes=[{"name": "Validate", "args": [value]}])

    read = contracts.read_json(
        document(
            operation(
                "Ask",
                validated("A", "String", "NotEmpty"),
                validated("B", "Int32", "GreaterThan(0)"),
                validated("C", "Int32", "InclusiveBetween(0,100)"),
                validated("D", "String", "Length(1, 5)"),
                validated("E", "String", "RegularExpression(`^a+$`)"),
                validated("F", "String", "[NotNull,Whatever]"),
            )
        )
    )
    text = contracts.write_module(read.contract, read.losses)
    for rule in (
        "rules.not_empty()",
        "rules.greater_than(0)",
        "rules.inclusive_between(0, 100)",
        "rules.length(1, 5)",
        'rules.matches("^a+$")',
    ):
        assert rule in text
    lost_validators = read.losses.positions["a validator without a rule: its attribute is kept, values are not checked"]
    assert lost_validators == ["Ask.F: [NotNull,Whatever]"]


WRONG: list[tuple[str, str]] = [
    ('{"operations": [', "line 1, column 17: not JSON"),
    ('{"operations": {}}', r"\$.operations: expected a list, got an object"),
    ('{"operations": [{}]}', r"\$.operations\[0\]: 'request' is missing"),
    ('{"operations": [{"request": {"name": 7}}]}', r"\$.operations\[0\].request.name: expected a text, got a number"),
    ('{"operations": [{"request": {"name": "class"}}]}', "'class' is a keyword of Python"),
    ('{"operations": [{"request": {"name": "a-b"}}]}', "'a-b' is not the name of a type"),
    ('{"operations": [{"request": {"name": "import os"}}]}', "'import os' is not the name of a type"),
    ("[" * 100_000, "nested too deeply"),
    ('{"operations": [], "x": NaN}', "NaN is not a number"),
    ("\x00", "none of the documents"),
    ("{}", "none of the documents"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_errors_have_a_position(text: str, message: str) -> None:
    with pytest.raises(ImportFailed, match=message):
        contracts.read(text)


@pytest.mark.parametrize(
    ("operations", "types", "message"),
    [
        ([operation("Ask"), operation("ask")], [], "ask is declared twice"),
        ([operation("Ask", prop("a b", "String"))], [], "'a b' is not the name of a property"),
        ([operation("Ask", prop("Id", "String"), prop("ID", "String"))], [], "two properties that documents call"),
        ([operation("Ask", prop("A", "List<"))], [], r"\.type: 'List<' is not the name of a type"),
        ([operation("Ask", prop("A", "A<" * 50 + ">" * 50))], [], "more than 32 levels deep"),
        (
            [operation("Ask", prop("A", "Page`1", "A", "B"))],
            [record("Page`1", genericArgs=["T"])],
            "Page takes 1 type, not 2",
        ),
        (
            [operation("Ask")],
            [record("A", inherits={"name": "B"}), record("B", inherits={"name": "A"})],
            "inherits from itself",
        ),
        (
            [operation("Ask")],
            [record("A"), {**record("A"), "namespace": "M"}],
            "two types are called A: N.A at .* and M.A",
        ),
        (
            [operation("Ask")],
            [{"name": "E", "isEnum": True, "enumNames": ["A"], "enumValues": ["x"]}],
            "'x' is not a number",
        ),
        ([operation("Ask")], [{"name": "E", "isEnum": True, "enumNames": ["A", "A"]}], "'A' is twice in the enum E"),
    ],
)
def test_contradictions(operations: list[Any], types: list[Any], message: str) -> None:
    with pytest.raises(ImportFailed, match=message):
        contracts.read_json(document(*operations, types=types))


def test_records_keep_data_for_user_interfaces() -> None:
    ask_operation = operation("Ask", prop("A", "String", isRequired=True, input={"type": "file"}, isPrimaryKey=True))
    contract = contracts.read_json(document(ask_operation)).contract
    request = contracts.build_metadata(contracts.declare(contract))["operations"][0]["request"]
    assert request["properties"][0]["isRequired"] is True
    assert request["properties"][0]["input"] == {"type": "file"}
    assert request["properties"][0]["isPrimaryKey"] is True
    assert isinstance(contract.types["Ask"], RecordInfo)


def test_data_for_user_interfaces_of_operations_is_passed_on() -> None:
    opaque = {
        "ui": {"formLayout": [{"id": "UserName", "label": "Email"}], "explorerCss": {"form": "p-2"}},
        "viewModel": {"name": "Order", "namespace": "N"},
        "dataModel": {"name": "Order", "namespace": "N"},
    }
    read = contracts.read_json(document(operation("Ask", requiresAuth=True, **opaque)))
    assert not read.losses
    (operation_metadata,) = contracts.build_metadata(contracts.declare(read.contract))["operations"]
    assert {name: operation_metadata[name] for name in opaque} == opaque


def test_values_with_a_member_of_their_own_are_not_repeated() -> None:
    opaque = {"tags": ["a"], "ui": {"method": "GET"}}
    read = contracts.read_json(document(operation("Ask", requiresAuth=True, **opaque)))
    (request_metadata,) = contracts.build_metadata(contracts.declare(read.contract))["operations"]
    assert (request_metadata["method"], request_metadata["tags"], request_metadata["ui"]) == (
        "POST",
        ["a"],
        {"method": "GET"},
    )


def reference(value: str, kind: str = "Type") -> dict[str, Any]:
    argument = {"name": "type", "type": kind, "namespace": "System", "value": value}
    return prop("Coupon", "String", attributes=[{"name": "References", "constructorArgs": [argument]}])


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("typeof(Acme.Types.Coupon)", "Acme.Types.Coupon"),
        ("Acme.Types.Coupon", "Acme.Types.Coupon"),
        ("typeof(global::Acme.Outer+Inner)", "Acme.Outer.Inner"),
    ],
)
def test_types_as_arguments_of_attributes(value: str, name: str) -> None:
    read = contracts.read_json(document(operation("Ask", reference(value), requiresAuth=True)))
    assert not read.losses
    again = contracts.declare(read.contract)
    (coupon,) = again.record("Ask").properties
    assert coupon.attributes == (Attribute("References", (TypeName(name),), names=("type",)),)
    assert isinstance(coupon.attributes[0].arguments[0], TypeName)
    (argument,) = contracts.build_metadata(again)["operations"][0]["request"]["properties"][0]["attributes"][0][
        "constructorArgs"
    ]
    assert (argument["type"], argument["value"]) == ("Type", f"typeof({name})")


@pytest.mark.parametrize(
    ("language", "given", "expected"),
    [
        ("csharp", {}, "[References(typeof(Acme.Coupon))]"),
        ("csharp", {"GlobalNamespace": "My"}, "[References(typeof(Coupon))]"),
        ("vbnet", {}, "<References(GetType(Acme.Coupon))>"),
        ("fsharp", {}, "[<References(typeof<Acme.Coupon>)>]"),
        ("typescript", {}, "// @References(typeof(Acme.Coupon))"),
    ],
)
def test_types_as_arguments_in_generated_types(language: str, given: dict[str, str], expected: str) -> None:
    read = contracts.read_json(document(operation("Ask", reference("typeof(Acme.Coupon)"))))
    text = types.generate(language, read.contract, Options.of(given.items(), "http://host", ""))
    assert expected in text
    if language != "typescript":
        (coupon,) = contracts.read(text).contract.record("Ask").properties
        name = "Coupon" if given else "Acme.Coupon"
        assert coupon.attributes == (Attribute("References", (TypeName(name),)),)


@pytest.mark.parametrize("value", ["typeof(List<Acme.Coupon>)", "typeof(A);System.Exit()", "typeof()", ""])
def test_types_that_have_no_name_are_lost(value: str) -> None:
    read = contracts.read_json(document(operation("Ask", reference(value), requiresAuth=True)))
    assert read.losses.positions == {"[References] with a type of types as its argument": ["Ask.Coupon"]}
