"""``gateway convert``."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main


def convert(*arguments: str, text: str = "") -> Result:
    return CliRunner().invoke(main, ["convert", *arguments], input=text)


def test_by_a_type_of_the_api() -> None:
    done = convert(
        "--from",
        "jsv",
        "--to",
        "json",
        "--type",
        "newsession",
        text='{DisplayName:"a, b",startSession:True,nothing:1}\n',
    )
    assert done.stdout == '{"displayName":"a, b","startSession":true}'


def test_lists_and_files(tmp_path: Path) -> None:
    file = tmp_path / "sessions.csv"
    file.write_text("DisplayName,Channel\r\na,Chat\r\nb,\r\n")
    done = convert("--from", "csv", "--to", "jsonl", "--type", "NewSession[]", str(file))
    assert done.stdout.splitlines() == ['{"displayName":"a","channel":"Chat"}', '{"displayName":"b"}']


def test_without_a_type() -> None:
    assert convert("--from", "json", "--to", "jsv", text='{"a":["x,y",null]}').stdout.startswith("{a:[")


@pytest.mark.parametrize(
    ("source", "text", "place"),
    [
        ("jsv", '{a:1,\nb:"c}', "line 2, column"),
        ("json", '{"a":1,\n"b" 2}', "line 2, column"),
        ("xml", "<a>\n<b></a>", "line 2, column"),
        ("csv", 'DisplayName\n"b', "line 2, column"),
    ],
)
def test_errors_contain_the_position(source: str, text: str, place: str) -> None:
    done = convert("--from", source, "--to", "json", "--type", "NewSession", text=text)
    assert done.exit_code == 1
    assert place in done.stderr
    assert done.stdout == ""


def test_unknown_types_are_named() -> None:
    done = convert("--from", "jsv", "--to", "json", "--type", "Nothing", text="{}")
    assert (done.exit_code, "'Nothing'" in done.stderr) == (1, True)
