"""Metadata pages: the API's own page of NewSession word for word, and what every page must have."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import html2text
import pytest

from gateway.contract.typeinfo import Contract
from gateway.errors import NotFound
from gateway.metadata import pages, samples, types
from serializers.registry import default_registry
from tests.sessions_api import catalog

PAGE = (Path(__file__).parent.parent / "corpora" / "newsession-page.txt").read_text()
REGISTRY = default_registry()
SAMPLED = [serializer.name for serializer in REGISTRY if serializer.sampled]


def render_page(contract: Contract, name: str = "NewSession", format_name: str = "jsv", language: str = "java") -> str:
    serializer = REGISTRY.by_name(format_name)
    assert serializer is not None
    return pages.render_operation_page(
        catalog.operations[name], contract, serializer, "https://team.evovoice.io", language
    )


class Text(HTMLParser):
    """What a page says, without its tags."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def handle_data(self, data: str) -> None:
        self.text += data


def extract_text(document: str) -> str:
    parser = Text()
    parser.feed(document)
    return parser.text


def normalize(text: str) -> str:
    """From the required role to the last brace, without white space."""
    text = text[text.index("Required role") : text.rindex("}") + 1]
    return re.sub(r"\s+", "", text)


def test_the_page_of_new_session(contract: Contract) -> None:
    assert normalize(extract_text(render_page(contract))) == normalize(PAGE)


def test_it_reads_the_same_in_a_terminal(contract: Contract) -> None:
    reader = html2text.HTML2Text()
    reader.body_width = 0
    assert normalize(reader.handle(render_page(contract))) == normalize(PAGE)


def test_a_text_browser_shows_it(contract: Contract, tmp_path: Path) -> None:
    if shutil.which("html2text", path="/usr/bin") is None:
        pytest.skip("html2text is not installed")
    (tmp_path / "page.html").write_text(render_page(contract))
    result = subprocess.run(["/usr/bin/html2text", tmp_path / "page.html"], capture_output=True, text=True, check=True)
    lines = [line.strip() for line in result.stdout.splitlines()]
    assert "Required role: | User |" in lines
    assert "POST | /sessions |" in lines


@pytest.mark.parametrize("format_name", SAMPLED)
@pytest.mark.parametrize("language", ["", *types.LANGUAGES])
def test_every_page(contract: Contract, format_name: str, language: str) -> None:
    for name, operation in catalog.operations.items():
        text = extract_text(render_page(contract, name, format_name, language))
        assert name in text
        assert operation.routes[0].path in text
        assert f"append the .{format_name} suffix" in " ".join(text.split())


def test_types_of_the_client_library_are_tables(contract: Contract) -> None:
    text = " ".join(extract_text(render_page(contract, "Authenticate", "json", "csharp")).split())
    assert "client library for C# has these types" in text
    assert "Authenticate parameters" in text


def test_roles(contract: Contract) -> None:
    assert "Requiresanyoftheroles:|SystemAdministrator,Manager|" in re.sub(
        r"\s", "", extract_text(render_page(contract, "ListUsers"))
    )
    anyone = extract_text(render_page(contract, "Authenticate"))
    assert "Requires Authentication" not in anyone
    assert "equired role" not in anyone


def test_a_table_of_parameters(contract: Contract) -> None:
    table = next(pages.build_tables(contract, catalog.operations["DeleteChatMember"]))
    assert [(field.name, field.location, field.required) for field in table.fields] == [
        ("sessionId", "path", "Yes"),
        ("memberToRemove", "path", "Yes"),
    ]


def test_required_fields_in_the_table(contract: Contract) -> None:
    table = next(pages.build_tables(contract, catalog.operations["SendMessage"]))
    assert {field.name: field.required for field in table.fields if field.location == "body"} == {
        "endpointId": "No",
        "toAddress": "No",
        "body": "Yes",
    }


def test_an_unknown_language(contract: Contract) -> None:
    with pytest.raises(NotFound):
        render_page(contract, language="klingon")


@pytest.mark.parametrize("name", catalog.operations)
@pytest.mark.parametrize("format_name", SAMPLED)
def test_samples_are_read_back(name: str, format_name: str) -> None:
    """A sample request's body is one that the service reads."""
    operation = catalog.operations[name]
    serializer = REGISTRY.by_name(format_name)
    assert serializer is not None
    text = samples.write_request(operation, serializer, "localhost")
    if "\n\n" not in text:
        return
    body = text.partition("\n\n")[2]
    if format_name == "csv":
        body = text.partition("\n\n")[2].replace("\n", "\r\n")
    read = serializer.decode(body.encode(), operation.request_shape)
    assert set(read) == {str(field.data_key) for field in operation.dto.schema().fields.values()}


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (
            "NewSession",
            ["-X POST", "Bearer YOUR_KEY", "https://team.evovoice.io/sessions'", "{displayName:String,channel:Voice}"],
        ),
        ("GetSession", ["/sessions/SESSION_ID'"]),
        ("EndSession", ["/sessions/SESSION_ID'", "-X DELETE"]),
        ("Authenticate", ["{userName:String,password:YOUR_PASSWORD}"]),
        ("NewUser", ["{emailAddress:ann@example.org}"]),
    ],
)
def test_a_page_begins_with_curl(contract: Contract, name: str, parts: list[str]) -> None:
    for language in ("", "java"):
        text = extract_text(render_page(contract, name, language=language))
        code = text[text.index("curl '") : text.index("\n\n", text.index("curl '"))]
        for part in parts:
            assert part in code, code
        assert text.index("curl '") < text.index("HTTP/1.1")
        rules = text.find("Requires Authentication")
        assert rules == -1 or text.index("curl '") < rules


def test_the_tables_of_types(contract: Contract) -> None:
    document = render_page(contract, language="")
    text = " ".join(extract_text(document).split())
    assert "at most 255 characters" in text
    assert "one of Voice, Chat, Fax" in text
    assert '<a href="#FlowChannels">FlowChannels</a></code>' in document
    assert '<h2 id="FlowChannels">' in document
    assert "409What is stored forbids it" in text
    anchors = set(re.findall(r'href="#(\w+)"', document))
    assert anchors <= set(re.findall(r'id="(\w+)"', document))


def test_facts_about_secrets(contract: Contract) -> None:
    table = next(pages.build_tables(contract, catalog.operations["Authenticate"]))
    password = next(field for field in table.fields if field.name == "password")
    assert (password.location, password.limits) == ("body", "a secret: never in a URL")
