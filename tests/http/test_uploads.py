"""Uploaded files: what a handler gets of them, where they are meanwhile, and what is refused."""

from __future__ import annotations

import gzip
import io
import tempfile
from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from webtest import TestApp

from gateway import ANYONE, SIGNED_IN, Context, Dto, Instance, Principal, Service, UploadedFile, errors, fields
from gateway.contract.catalog import Catalog
from gateway.http import forms
from gateway.settings import Settings
from serializers.registry import default_registry

NAMESPACE = "Uploads.Tests"
FORMATS = [serializer.name for serializer in default_registry()]
TYPE = "multipart/form-data; boundary=x"
LARGE = bytes(range(256)) * 2000


class Detail(Dto):
    """A part of a request"""

    text = fields.String()
    when = fields.DateTime()


class Report(Dto):
    """What arrived"""

    title = fields.String()
    seen = fields.List(fields.String())


def describe_files(request: Instance, context: Context) -> Any:
    """A result that tells of the files."""
    descriptions = [
        f"{file.field}|{file.name}|{file.type}|{file.size}|{len(file.stream.read())}|{file.stream.tell()}"
        for file in context.files
    ]
    return Report.new(title=request.title, seen=descriptions)


def make_app(
    handler: Callable[[Instance, Context], Any] = describe_files, *, files: bool = True, **options: Any
) -> TestApp:
    """A service with an operation at /upload."""
    service = Service("Uploads", authenticate=lambda _: Principal.of("ada"))

    class Upload(Dto):
        title = fields.String()
        upload = fields.String()
        details = fields.List(fields.Nested(Detail))
        numbers = fields.List(fields.Integer())

    service.operation("POST PUT", "/upload", **{"returns": Report, "access": SIGNED_IN, "files": files, **options})(
        Upload
    )
    service.handles(Upload)(handler)
    return TestApp(service.application(Settings.from_environment()))


def make_part(disposition: str, content: bytes, *headers: str) -> bytes:
    """One part of a form."""
    lines = "\r\n".join([f"Content-Disposition: form-data; {disposition}", *headers])
    return b"--x\r\n" + lines.encode() + b"\r\n\r\n" + content + b"\r\n"


def post(client: TestApp, *parts: bytes, path: str = "/upload", status: Any = 200, **environ: Any) -> Any:
    """The response to a form."""
    body = b"".join(parts) + b"--x--\r\n"
    return client.post(path, body, {"Content-Type": TYPE}, extra_environ=environ, status=status)


FILE = make_part('name="upload"; filename="a.bin"', b"abc", "Content-Type: application/x-thing; charset=utf-8")
TITLE = make_part('name="title"', "Gr\u00fc\u00dfe".encode())


def test_a_handler_gets_files_and_fields() -> None:
    response = post(make_app(), TITLE, FILE, make_part("name=other; filename=b.bin", LARGE), path="/upload?title=q")
    assert response.json == {
        "title": "Gr\u00fc\u00dfe",
        "seen": [
            "upload|a.bin|application/x-thing; charset=utf-8|3|3|3",
            f"other|b.bin||{len(LARGE)}|{len(LARGE)}|{len(LARGE)}",
        ],
    }


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_answers_an_upload(name: str) -> None:
    response = post(make_app(), FILE, path=f"/{name}/reply/Upload?title=of+the+query")
    assert b"of the query" in response.body
    assert b"upload|a.bin|" in response.body


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('filename="../../etc/passwd"', "passwd"),
        ('filename="C:\\\\Documents\\\\a.txt"', "a.txt"),
        ('filename="/"', ""),
        ('filename=".."', ""),
        ('filename=""', ""),
        ('filename="a\tb.txt"', "ab.txt"),
        ('filename="Gr\u00fc\u00dfe.txt"', "Gr\u00fc\u00dfe.txt"),
        ("filename=x.txt; filename*=utf-8''Gr%C3%BC%C3%9Fe.txt", "Gr\u00fc\u00dfe.txt"),
        ("filename*=iso-8859-1'de'Gr%FC%DFe.txt", "Gr\u00fc\u00dfe.txt"),
        ("filename*=UTF-8''..%2Fa%00.txt", "a.txt"),
        ("filename*=UTF-8''%FF.txt", "\ufffd.txt"),
    ],
)
def test_names_of_files_have_no_folders_and_no_control_characters(disposition: str, name: str) -> None:
    response = post(make_app(), make_part(f"name=upload; {disposition}", b"a"))
    assert response.json["seen"] == [f"upload|{name}||1|1|1"]


def test_files_are_on_disk_beyond_a_limit_and_closed_after_the_call() -> None:
    files: list[UploadedFile] = []

    def handler(request: Instance, context: Context) -> Any:
        files.extend(context.files)
        return Report.new(seen=[str(file.stream._rolled) for file in context.files])  # type: ignore[attr-defined]

    at_limit, beyond = b"a" * forms.IN_MEMORY, b"a" * (forms.IN_MEMORY + 1)
    response = post(
        make_app(handler), make_part("name=a; filename=a", at_limit), make_part("name=b; filename=b", beyond)
    )
    assert response.json["seen"] == ["False", "True"]
    assert [file.stream.closed for file in files] == [True, True]


def test_files_are_closed_when_the_call_fails() -> None:
    files: list[UploadedFile] = []

    def handler(request: Instance, context: Context) -> NoReturn:
        files.extend(context.files)
        raise errors.status(402, "PaymentRequired")

    post(make_app(handler), FILE, status=402)
    assert [file.stream.closed for file in files] == [True]


def test_a_file_may_be_sent_back() -> None:
    files: list[UploadedFile] = []

    def handler(request: Instance, context: Context) -> Any:
        files.extend(context.files)
        return context.send(iter(lambda: context.files[1].stream.read(1000), b""), file_name=context.files[1].name)

    response = post(make_app(handler), FILE, make_part("name=b; filename=b.bin", LARGE))
    assert response.body == LARGE
    assert [file.stream.closed for file in files] == [True, True]


def test_a_form_may_name_another_verb() -> None:
    response = post(make_app(), make_part("name=X-HTTP-Method-Override", b"PUT"), FILE)
    assert response.json["seen"] == ["upload|a.bin|application/x-thing; charset=utf-8|3|3|3"]


def test_without_files_a_file_part_is_a_text_and_no_file() -> None:
    def handler(request: Instance, context: Context) -> Any:
        return Report.new(title=request.upload, seen=[file.name for file in context.files])

    assert post(make_app(handler, files=False), FILE).json == {"title": "abc", "seen": []}


@pytest.mark.parametrize("body", [{"title": "a"}, {}])
def test_other_bodies_have_no_files(body: Any) -> None:
    assert make_app().post_json("/upload", body).json["seen"] == []
    assert make_app().post("/upload", body).json["seen"] == []


def test_a_compressed_form_has_files_too() -> None:
    body = gzip.compress(FILE + b"--x--\r\n")
    response = make_app().post("/upload", body, {"Content-Type": TYPE, "Content-Encoding": "gzip"})
    assert response.json["seen"] == ["upload|a.bin|application/x-thing; charset=utf-8|3|3|3"]


def test_a_chunked_form_has_files_too() -> None:
    body = FILE + b"--x--\r\n"
    environ = {"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    request = TestApp.RequestClass.blank("/upload", environ, method="POST", content_type=TYPE)
    request.environ.pop("CONTENT_LENGTH", None)
    assert "upload|a.bin" in request.get_response(make_app().app).text


@pytest.mark.parametrize("access", [ANYONE, SIGNED_IN], ids=["anyone", "signed in"])
def test_the_limit_of_a_body_holds_for_files(access: Any) -> None:
    limit = 64 * 1024 if access is ANYONE else 10 * 1024 * 1024
    response = post(make_app(access=access), make_part("name=a; filename=a", b"a" * limit), status=413)
    assert response.json["responseStatus"]["errorCode"] == "RequestEntityTooLarge"


@pytest.mark.parametrize("size", [1, 100_000])
def test_a_form_that_is_cut_off_is_refused(size: int) -> None:
    body = make_part("name=a; filename=a", b"a" * size)[:-2]
    make_app().post("/upload", body, {"Content-Type": TYPE}, status=400)
    make_app().post(
        "/upload", body, {"Content-Type": TYPE}, extra_environ={"CONTENT_LENGTH": str(len(body) + 9)}, status=400
    )


def test_files_that_can_not_be_stored_are_503(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    response = post(make_app(), make_part("name=a; filename=a", LARGE), status=503)
    assert "can't be stored" in response.json["responseStatus"]["message"]


def test_parts_in_json_are_read_as_json() -> None:
    def handler(request: Instance, context: Context) -> Any:
        return Report.new(title=request.title, seen=[request.details[0].text, *map(str, request.numbers)])

    response = post(
        make_app(handler),
        make_part(
            "name=details", b'[{"text": "a \\"b\\"\\n\\u00e9, {x}"}]', "Content-Type: application/json; charset=utf-8"
        ),
        make_part("name=numbers", b'[1, "2"]', "Content-Type: application/json"),
        make_part("name=title", b'"quoted"', "Content-Type: application/json"),
        FILE,
    )
    assert response.json == {"title": '"quoted"', "seen": ['a "b"\n\u00e9, {x}', "1", "2"]}


@pytest.mark.parametrize("text", ["[1, ", "{", "[1] x"])
def test_parts_that_are_no_json_are_refused_with_their_field(text: str) -> None:
    response = post(make_app(), make_part("name=numbers", text.encode(), "Content-Type: application/json"), status=400)
    (failure,) = response.json["responseStatus"]["errors"]
    assert failure["fieldName"] == "numbers"
    assert "Invalid value" in failure["message"]


def test_openapi_has_a_form_with_a_file() -> None:
    for files in (True, False):
        content = make_app(files=files).get("/openapi.json").json["paths"]["/upload"]["post"]["requestBody"]["content"]
        assert ("multipart/form-data" in content) is files
    schema = (
        make_app()
        .get("/openapi.json")
        .json["paths"]["/upload"]["post"]["requestBody"]["content"]["multipart/form-data"]
    )
    reference, form = schema["schema"]["allOf"]
    assert reference == {"$ref": "#/components/schemas/Upload"}
    assert form["properties"] == {"file": {"type": "string", "format": "binary"}}


def test_operations_that_take_files_are_not_idempotent() -> None:
    catalog = Catalog()

    @catalog.operation("POST", "/a", access=SIGNED_IN, idempotent=True, files=True)
    class Both(Dto):
        pass

    catalog.handles(Both)(lambda request, context: None)
    with pytest.raises(errors.CatalogError, match="Both can't be idempotent: a key does not remember uploaded files"):
        catalog.check()
