"""CSV's cells, HTML's pages, and the registry."""

from __future__ import annotations

from typing import Any

import pytest

from serializers import csv, html, jsonl
from serializers.base import Limits, Page
from serializers.csv.reader import row_reader
from serializers.errors import DecodeError
from serializers.registry import FORMATS, Registry, default_registry
from serializers.shape import Integer, ListOf, MapOf, Record, Text

ROW = Record("Row", {"id": Integer(), "displayName": Text(), "tags": ListOf(Text()), "data": MapOf(Text())})
NAMED_ROW = Record("Named", {"id": Integer(), "name": Text()})


class TestCells:
    def test_header_comes_from_the_shape(self) -> None:
        assert csv.dumps([], ListOf(ROW)) == "Id,DisplayName,Tags,Data\r\n"
        assert csv.dumps({}, ROW) == "Id,DisplayName,Tags,Data\r\n,,,\r\n"

    @pytest.mark.parametrize(
        ("text", "cell"),
        [
            ("a", "a"),
            ("a,b", '"a,b"'),
            ('a"b', '"a""b"'),
            ("a\nb", '"a\nb"'),
            ("[a", '"[a"'),
            ("{a", '"{a"'),
            ("=1+1", "=1+1"),
            ("@x", "@x"),
            (" a ", " a "),
        ],
    )
    def test_quotes(self, text: str, cell: str) -> None:
        assert csv.dumps({"displayName": text}, ROW).split("\r\n", 1)[1] == f",{cell},,\r\n"
        assert csv.loads(csv.dumps({"displayName": text}, ROW), ROW)["displayName"] == text

    @pytest.mark.parametrize(("value", "cell"), [(7, "7"), (True, "True"), (1.5, "1.5")])
    def test_other_values_of_a_text_member_are_written_as_texts(self, value: object, cell: str) -> None:
        assert csv.dumps({"displayName": value}, ROW).split("\r\n", 1)[1] == f",{cell},,\r\n"

    def test_nested_values_are_jsv(self) -> None:
        text = csv.dumps({"tags": ["a", 'b"c'], "data": {"k": "v"}}, ROW)
        assert text.endswith(',,"[a,""b""""c""]","{k:v}"\r\n')

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("ID,displayname\r\n1,a\r\n2,b", {"id": 1, "displayName": "a"}),
            ("Unknown,Id\nx,1\n", {"id": 1}),
            ('Id,Tags\n1,"[a,b]"\n', {"id": 1, "tags": ["a", "b"]}),
            ('Id,Tags\n1,"a,b"\n', {"id": 1, "tags": ["a", "b"]}),
            ('DisplayName\n""\n', {"displayName": ""}),
            ("Id,DisplayName\n\n1,\n", {"id": 1, "displayName": None}),
            ("Id", {}),
            ("Id;DisplayName\r\n1;a,b\r\n", {"id": 1, "displayName": "a,b"}),
            ("Id\tDisplayName\tTags\n1\ta;b\t[x,y]\n", {"id": 1, "displayName": "a;b", "tags": ["x", "y"]}),
            ('Id\t"DisplayName"\n1\t"a\tb"\n', {"id": 1, "displayName": "a\tb"}),
            ("sep=;\r\nId;DisplayName\r\n1;a\r\n", {"id": 1, "displayName": "a"}),
            ('"sep=|"\nDisplayName|Id\na;b|1', {"id": 1, "displayName": "a;b"}),
            ("\ufeffSEP=,\nId,DisplayName\n1,a", {"id": 1, "displayName": "a"}),
            ("sep=\t\nId\tDisplayName\n1\ta", {"id": 1, "displayName": "a"}),
            ("sep=;\nId\n1", {"id": 1}),
            ('Id, DisplayName , Tags\n1, a, "[x,y]" \n', {"id": 1, "displayName": " a", "tags": ["x", "y"]}),
            ('Id, "DisplayName"\n 1 , "a, b"\n', {"id": 1, "displayName": "a, b"}),
            ('"Dis;play";DisplayName\nx;a\n', {"displayName": "a"}),
            ("\n\nId,DisplayName\n1,a", {"id": 1, "displayName": "a"}),
            ("Id;x,DisplayName\n1;y,a", {"displayName": "a"}),
        ],
    )
    def test_reads(self, text: str, value: Any) -> None:
        if value is not None:
            assert csv.loads(text, ROW) == value

    @pytest.mark.parametrize(
        ("text", "line", "column", "path"),
        [
            ("Id\nx", 2, 1, "id"),
            ("Id,DisplayName\n1,a,b", 2, 5, ""),
            ('DisplayName\n"a', 2, 1, ""),
            ('DisplayName\n"a"b', 2, 1, ""),
            ('DisplayName\na"b', 2, 1, ""),
            ('Id,Data\n1,"{a:"', 2, 3, "data"),
            ("Name,Number\nx,1", 1, 1, ""),
            ("sep=;\nName;Number\nx;1", 2, 1, ""),
            ("Name\tNumber\nx\t1", 1, 1, ""),
            ("sep=;\nId,DisplayName\n1,a", 2, 1, ""),
            ("Id|DisplayName\n1|a", 1, 1, ""),
            ('DisplayName;Id\n"a;1', 2, 1, ""),
        ],
    )
    def test_refuses(self, text: str, line: int, column: int, path: str) -> None:
        with pytest.raises(DecodeError) as caught:
            csv.loads(text, ListOf(ROW))
        assert (caught.value.line, caught.value.column) == (line, column)
        assert caught.value.path.rpartition(".")[2] == path

    def test_an_error_lists_the_names_of_an_unknown_header(self) -> None:
        with pytest.raises(DecodeError) as caught:
            csv.loads("Name, Number\nx,1", ListOf(ROW))
        assert (
            caught.value.message
            == "no column is known: 'Name', ' Number'; known are 'Id', 'DisplayName', 'Tags', 'Data'"
        )

    @pytest.mark.parametrize(
        "header", ['Name,"Number"', 'Name, "Number"', 'Name;"Number"', "Name;Number", 'Name\t"Number"']
    )
    def test_the_names_of_an_unknown_header_are_split_at_its_separator(self, header: str) -> None:
        with pytest.raises(DecodeError, match=r"no column is known: 'Name', 'Number'; known are 'Id'"):
            csv.loads(f"{header}\nx,1", ListOf(ROW))

    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    def test_rows_of_every_separator(self, separator: str) -> None:
        text = csv.dumps([{"id": 1, "displayName": "a"}, {"id": 2}], ListOf(NAMED_ROW)).replace(",", separator)
        assert [row["id"] for row in csv.loads(text, ListOf(NAMED_ROW))] == [1, 2]
        assert csv.loads(text) == [{"Id": "1", "Name": ""}, {"Id": "2", "Name": ""}]
        header, _, rows = text.partition("\n")
        assert [row["id"] for row in row_reader(header, NAMED_ROW)(rows)] == [1, 2]

    def test_cells_share_the_limits_of_the_document(self) -> None:
        rows = csv.dumps([{"tags": ["x"] * 20}] * 4, ListOf(ROW))
        assert len(csv.loads(rows, ListOf(ROW), limits=Limits(items=84))) == 4
        with pytest.raises(DecodeError, match="more than 83 items") as caught:
            csv.loads(rows, ListOf(ROW), limits=Limits(items=83))
        assert caught.value.line == 5


class TestLines:
    def test_errors_contain_the_line(self) -> None:
        with pytest.raises(DecodeError) as caught:
            jsonl.loads('{"id":1}\n\n{"id":"x"}\n', ListOf(ROW))
        assert (caught.value.line, caught.value.column, caught.value.path) == (3, 7, "[1].id")

    def test_separators_inside_texts_end_no_line(self) -> None:
        assert jsonl.loads('{"displayName":"a\u2028b\x85"}\r\n', ListOf(ROW)) == [{"displayName": "a\u2028b\x85"}]


class TestPages:
    def test_escapes_everything(self) -> None:
        hostile_text = "<script>\"&'"
        page = html.dumps(
            {hostile_text: [{hostile_text: hostile_text}], "t": hostile_text},
            page=Page(hostile_text, {hostile_text: f"/{hostile_text}"}),
        )
        assert "<script" not in page
        assert "\"&'" not in page

    def test_shows_title_links_and_empty_values(self) -> None:
        page = html.dumps({"tags": [], "data": {}, "id": 0}, ROW, page=Page("Row 1", {"JSON": "/rows/1.json"}))
        assert "<h1>Row 1</h1>" in page
        assert '<a href="/rows/1.json">JSON</a>' in page
        assert "prefers-color-scheme" in page
        assert "width=device-width" in page
        assert "<title>Row list</title>" in html.dumps([], ListOf(ROW))

    def test_a_stream_is_a_page_too(self) -> None:
        page = Page("Rows <1>", {"JSON": "/rows.json?a=1&b=2"})
        rows = [{"id": number, "name": f"<{number}>"} for number in range(250)]
        streamed = b"".join(html.serializer.stream(iter(rows), ListOf(NAMED_ROW), page=page)).decode()
        assert "<title>Rows &lt;1&gt;</title>" in streamed
        assert '<a href="/rows.json?a=1&amp;b=2">JSON</a>' in streamed
        assert [f"<td>&lt;{number}&gt;</td>" in streamed for number in range(250)] == [True] * 250
        assert streamed.count("<table") == streamed.count("</table>") == 1

    def test_a_member_that_no_row_had_before_begins_a_table(self) -> None:
        rows: list[dict[str, object]] = [{"id": number} for number in range(250)]
        rows[200]["name"] = "late"
        streamed = b"".join(html.serializer.stream(iter(rows), ListOf(NAMED_ROW))).decode()
        assert streamed.count("<table") == streamed.count("</table>") == 2
        assert '<th scope="col">name</th>' in streamed.partition("<td>199</td>")[2].partition("<td>200</td>")[0]

    def test_nested_values_of_rows_are_folded(self) -> None:
        page = html.dumps([{"id": 1, "tags": ["a", "b"], "data": {"k": "v"}}])
        assert "<summary>2 items</summary>" in page
        assert "<summary>1 field</summary>" in page
        assert "<details" not in html.dumps({"id": 1, "tags": ["a"]})

    def test_is_not_read(self) -> None:
        with pytest.raises(DecodeError):
            html.loads("<p>")


class TestRegistry:
    def test_order_of_preference(self) -> None:
        names = [serializer.name for serializer in default_registry()]
        assert names[:6] == ["json", "jsv", "xml", "csv", "html", "jsonl"]

    @pytest.mark.parametrize("serializer", FORMATS, ids=lambda serializer: serializer.name)
    def test_finds_in_any_letter_case(self, serializer: Any) -> None:
        registry = default_registry()
        assert (registry.by_name(serializer.name.upper()) is serializer) is True
        assert all(registry.by_suffix(suffix.title()) is serializer for suffix in serializer.suffixes)
        assert all(registry.by_media_type(media.upper()) is serializer for media in serializer.media_types)

    def test_unknown(self) -> None:
        registry = Registry([])
        assert registry.by_name("json") is registry.by_suffix("json") is registry.by_media_type("text/json") is None
        assert list(registry) == []


@pytest.mark.parametrize(
    ("text", "position", "line", "column"), [("1,2\r\n", 2, 1, 3), ("1\r\n2,3\r\n", 5, 2, 3), ("1,\n", 2, 1, 3)]
)
def test_a_line_of_a_list_of_values_has_one_cell(text: str, position: int, line: int, column: int) -> None:
    with pytest.raises(DecodeError, match="more than one cell in a line") as caught:
        csv.loads(text, ListOf(Integer()))
    assert (caught.value.position, caught.value.line, caught.value.column) == (position, line, column)
