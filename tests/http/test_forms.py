"""Forms: their charsets, their parts, and names with brackets."""

from __future__ import annotations

import encodings
from typing import Any

import pytest
from webtest import TestApp

from gateway.http.forms import MOST_FIELDS

from .conftest import post

FORM = "application/x-www-form-urlencoded"
DISPOSITION = b'Content-Disposition: form-data; name="displayName"'


def join_parts(*fields: tuple[bytes, bytes]) -> bytes:
    """A multipart body: each part's headers, and its content."""
    return b"".join(b"--x\r\n" + head + b"\r\n\r\n" + content + b"\r\n" for head, content in fields) + b"--x--\r\n"


def send(client: TestApp, body: bytes, content_type: str = "multipart/form-data; boundary=x") -> Any:
    return post(client, "/sessions.json", body, content_type)


def read_failure(response: Any) -> tuple[str, str]:
    """Status and message of a refusal, and the fields that it names."""
    assert response.status_code == 400
    status = response.json["responseStatus"]
    assert status["errorCode"] == "SerializationException"
    return ",".join(error["fieldName"].lower() for error in status["errors"]), status["message"]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"displayName=Gr%C3%BC%C3%9Fe", FORM),
        ("displayName=Grüße".encode(), FORM),
        (b"displayName=Gr%FC%DFe", f"{FORM}; charset=ISO-8859-1"),
        (b"displayName=Gr\xfc\xdfe", f'{FORM};charset="windows-1252"'),
        (b"displayName=Gr%FC%DFe&_charset_=iso-8859-1", FORM),
        (b"_charset_=latin1&displayName=Gr%FC%DFe", f"{FORM}; charset=utf-8"),
        (b"_Charset_=latin1&displayName=Gr%FC%DFe", FORM),
        ("displayName=Grüße".encode("utf-16"), f"{FORM}; charset=utf-16"),
        (b"displayName=Gr%C3%BC%C3%9Fe&_charset_=UTF-16", FORM),
        (join_parts((DISPOSITION, "Grüße".encode())), "multipart/form-data; boundary=x"),
        (join_parts((DISPOSITION, "Grüße".encode("latin-1"))), 'multipart/form-data; charset=ISO-8859-1; boundary="x"'),
        (
            join_parts((DISPOSITION + b"\r\nContent-Type: text/plain; charset=ISO-8859-1", "Grüße".encode("latin-1"))),
            "multipart/form-data; boundary=x",
        ),
        (
            join_parts((DISPOSITION + b"\r\ncontent-type:text/plain;\tcharset='UTF-16'", "Grüße".encode("utf-16"))),
            "multipart/form-data; boundary=x; charset=latin1",
        ),
        (
            join_parts(
                (DISPOSITION, "Grüße".encode("latin-1")),
                (b"Content-Disposition: form-data; name=_charset_", b"iso-8859-1"),
            ),
            "multipart/form-data; boundary=x",
        ),
        (
            join_parts(
                (DISPOSITION, "Grüße".encode("latin-1")),
                (b"Content-Disposition: form-data; name=_CHARSET_", b"iso-8859-1"),
            ),
            "multipart/form-data; boundary=x",
        ),
    ],
)
def test_a_form_is_read_in_its_charset(client: TestApp, body: bytes, content_type: str) -> None:
    assert send(client, body, content_type).json["displayName"] == "Grüße"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"displayName=Gr%FC%DFe", FORM),
        (b"displayName=Gr\xfc\xdfe&destination=x", FORM),
        (b"displayName=%81%8d", f"{FORM}; charset=ascii"),
        (join_parts((DISPOSITION, b"Gr\xfc\xdfe")), "multipart/form-data; boundary=x"),
        (
            join_parts((DISPOSITION + b"\r\nContent-Type: text/plain; charset=utf-16", b"abc")),
            "multipart/form-data; boundary=x",
        ),
    ],
)
def test_bytes_that_are_not_text_are_a_field_error(client: TestApp, body: bytes, content_type: str) -> None:
    assert read_failure(send(client, body, content_type))[0] == "displayname"
    assert client.get("/sessions.json").json["totalCount"] == 0


def test_a_query_that_is_not_utf_8_is_a_field_error(client: TestApp) -> None:
    response = client.get("/sessions?from=%FC&log=a%FF", status=400)
    assert read_failure(response)[0].split(",") == ["from", "log"]
    assert client.get("/sessions?unknown=%FC", status=200).json["totalCount"] == 0
    assert "%FC" in read_failure(client.get("/sessions?%FC=1", status=400))[1]


@pytest.mark.parametrize("charset", ["klingon", "hex", "idna", "punycode", "unicode_escape", "utf-7", "x" * 300, "é"])
def test_an_unknown_charset_is_refused(client: TestApp, charset: str) -> None:
    body = f"displayName=a&_charset_={charset}".encode()
    assert charset[:100] in read_failure(send(client, body, FORM))[1].encode("latin-1").decode()
    head = f"{DISPOSITION.decode()}\r\nContent-Type: text/plain; charset={charset}".encode()
    assert "charset" in read_failure(send(client, join_parts((head, b"a"))))[1]


@pytest.mark.parametrize("encoding", ["8bit", "7bit", "BINARY", " binary "])
def test_transfer_encodings_that_change_nothing(client: TestApp, encoding: str) -> None:
    head = DISPOSITION + f"\r\nContent-Transfer-Encoding:{encoding}".encode()
    assert send(client, join_parts((head, b"a b"))).json["displayName"] == "a b"


def test_another_transfer_encoding_is_refused(client: TestApp) -> None:
    head = DISPOSITION + b"\r\nContent-Transfer-Encoding: base64"
    assert "'base64'" in read_failure(send(client, join_parts((head, b"YQ=="))))[1]


@pytest.mark.parametrize(
    "head",
    [
        b'Content-Disposition:form-data;name="displayName"',
        b'Content-Disposition:\tform-data;\tname="displayName"',
        b'Content-Disposition: form-data;\r\n name="displayName"',
        b'Content-Disposition: form-data;\r\n\tname="displayName"',
        b"content-disposition: Form-Data ; NAME = displayName",
        b'Content-Disposition: form-data; x="a;name=b"; name="displayName"; more',
        b'Content-Disposition: form-data; name="displayName"\r\nX-Mine: some\r\nContent-Length: 1',
    ],
)
def test_spellings_of_a_parts_name(client: TestApp, head: bytes) -> None:
    assert send(client, join_parts((head, b"a"))).json["displayName"] == "a"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (join_parts((b"Content-Disposition: form-data", b"a")), "a part has no name"),
        (join_parts((b'Content-Disposition: form-data; name=""', b"a")), "a part has no name"),
        (join_parts((b"Content-Type: text/plain", b"a")), "Content-Disposition"),
        (join_parts((b"Content-Disposition: attachment; name=displayName", b"a")), "Content-Disposition"),
        (
            join_parts((b'Content-Disposition: form-data; name="displayName\xff"', b"a")),
            "the name of a part is not UTF-8",
        ),
        (b"--x\r\n" + DISPOSITION + b"\r\n\r\na", "end"),
        (b"nothing of the kind", "end"),
        (b"--x\n" + DISPOSITION + b"\n\na\n--x--", "line break"),
    ],
)
def test_parts_that_can_not_be_read(client: TestApp, body: bytes, words: str) -> None:
    assert words in read_failure(send(client, body))[1]
    assert client.get("/sessions.json").json["totalCount"] == 0


def test_parts_without_a_boundary(client: TestApp) -> None:
    assert "boundary" in read_failure(send(client, join_parts((DISPOSITION, b"a")), "multipart/form-data"))[1]


def test_a_value_without_a_name_is_refused(client: TestApp) -> None:
    assert "no name" in read_failure(send(client, b"displayName=a&=b", FORM))[1]
    assert send(client, b"&displayName=a&&", FORM).json["displayName"] == "a"


@pytest.mark.parametrize("order", [1, -1])
def test_a_file_never_replaces_a_text_of_its_name(client: TestApp, order: int) -> None:
    both = [(DISPOSITION, b"text"), (DISPOSITION + b'; filename="a.txt"', b"file")][::order]
    assert send(client, join_parts(*both)).json["displayName"] == "text"
    assert send(client, join_parts(both[order == 1])).json["displayName"] == "file"


@pytest.mark.parametrize("name", [b"DisplayName", b"displayname", b"displayName[]"])
def test_a_file_never_replaces_a_text_of_its_field(client: TestApp, name: bytes) -> None:
    spelled = DISPOSITION.replace(b"displayName", name) + b'; filename="a.txt"'
    assert spelled != DISPOSITION + b'; filename="a.txt"'
    assert send(client, join_parts((DISPOSITION, b"text"), (spelled, b"file"))).json["displayName"] == "text"


MEMBERS = "memberEmailAddresses"


@pytest.mark.parametrize(
    "pairs",
    [
        [("[0]", "a@b.org"), ("[1]", "c@d.org")],
        [("[1]", "c@d.org"), ("[0]", "a@b.org")],
        [("[10]", "c@d.org"), ("[9]", "a@b.org")],
        [("[]", "a@b.org"), ("[]", "c@d.org")],
        [("", "a@b.org"), ("[]", "c@d.org")],
        [("[" + "9" * 5000 + "]", "a@b.org"), ("[1]", "c@d.org")],
    ],
)
def test_names_with_brackets_are_items(client: TestApp, pairs: list[tuple[str, str]]) -> None:
    names = [(MEMBERS + bracket, text) for bracket, text in pairs]
    encoded = "&".join(f"{name}={text}" for name, text in names).encode()
    in_parts = join_parts(
        *((f"Content-Disposition: form-data; name={name}".encode(), text.encode()) for name, text in names)
    )
    for response in (send(client, encoded, FORM), send(client, in_parts)):
        if "9" * 5000 in pairs[0][0] and response.status_code == 400:
            assert "header" in read_failure(response)[1]
            continue
        assert [member["displayName"] for member in response.json["members"][1:]] == ["a@b.org", "c@d.org"]


def test_other_brackets_are_unknown_names(client: TestApp) -> None:
    body = f"{MEMBERS}[x]=a@b.org&displayName[x]=b&[0]=c&displayName[0][1]=d&displayName]=e&destination=f".encode()
    response = send(client, body, FORM).json
    assert (len(response["members"]), response.get("displayName"), response["destination"]) == (1, None, "f")


def test_entries_of_a_map(anonymous: TestApp) -> None:
    """Authenticate's meta is the one map of our requests."""
    response = post(anonymous, "/auth", b"provider=credentials&meta[a]=1&meta[b]=", FORM)
    assert response.json["responseStatus"]["errorCode"] == "NotEmpty"


def test_a_form_has_so_many_fields_at_most(client: TestApp) -> None:
    fields = b"displayName=a" + b"&x=" * (MOST_FIELDS - 1)
    assert send(client, fields, FORM).status_code == 200
    response = send(client, fields + b"&x=", FORM)
    assert (response.status_code, response.json["responseStatus"]["errorCode"]) == (413, "RequestEntityTooLarge")
    many = [(DISPOSITION.replace(b"displayName", b"other"), b"a")] * MOST_FIELDS
    assert send(client, join_parts(*many)).status_code == 200
    assert send(client, join_parts(*many, many[0])).status_code == 413


def test_names_of_charsets_are_not_remembered(client: TestApp) -> None:
    """Python's own look-up keeps each name that it was asked for, known or not."""
    before = len(encodings._cache)
    for number in range(50):
        read_failure(send(client, f"displayName=a&_charset_=x-{number}".encode(), FORM))
        spelling = "utf" + "-" * (number + 1) + "8"
        assert send(client, f"displayName=a&_charset_={spelling}".encode(), FORM).status_code == 200
    assert len(encodings._cache) <= before + 1


@pytest.mark.parametrize("text", ['"Chat"', ' "chat"\r\n', '"Ch\\u0061t"', "Chat", "1"])
def test_enums_in_parts_of_json(client: TestApp, text: str) -> None:
    channel = b'Content-Disposition: form-data; name="channel"\r\nContent-Type: application/json'
    assert send(client, join_parts((channel, text.encode()), (DISPOSITION, b'"kept"'))).json["channel"] == "Chat"


@pytest.mark.parametrize("text", ['"Chat', '"Pigeon"', '{"a":1}', '""Chat""'])
def test_parts_of_json_that_are_no_enum_are_refused(client: TestApp, text: str) -> None:
    channel = b'Content-Disposition: form-data; name="channel"\r\nContent-Type: application/json'
    assert read_failure(send(client, join_parts((channel, text.encode()))))[0] == "channel"


def test_a_form_that_is_not_in_its_wide_charset_is_refused(client: TestApp) -> None:
    """Of an even number of bytes every one is text in UTF-16: names that no field has."""
    for body in (b"displayName=ab", b"displayName=abc", b"displayName=%00a%00b"):
        assert "is not utf-16" in read_failure(send(client, body, f"{FORM}; charset=utf-16"))[1]
    assert send(client, b"", f"{FORM}; charset=utf-16").status_code == 200
