"""Documents of values that have no shape, in the formats that need one: XML and CSV."""

from __future__ import annotations

import re
from typing import Any

import pytest

from serializers import csv, xml


def without_head(document: str) -> str:
    """An XML document without its declaration and its namespaces."""
    return re.sub(r"<\?.*?\?>| xmlns(:\w+)?=\"[^\"]*\"|(?<=[</])d\d+p1:", "", document)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, '<string i:nil="true" />'),
        (5, "<string>5</string>"),
        (True, "<boolean>true</boolean>"),
        ([True, False], "<ArrayOfboolean><boolean>true</boolean><boolean>false</boolean></ArrayOfboolean>"),
        ([], "<ArrayOfstring />"),
        ((1, None), '<ArrayOfstring><string>1</string><string i:nil="true" /></ArrayOfstring>'),
        ({"B": 1, "A": {"D": 1, "C": None}}, "<Document><B>1</B><A><D>1</D></A></Document>"),
        ({"A": None}, "<Document />"),
        (
            {"L": [[1], [2]]},
            "<Document><L>" + 2 * "<ArrayOfstring><string>{}</string></ArrayOfstring>" + "</L></Document>",
        ),
        (
            [None, {"B": 1}, {"A": 2}],
            '<ArrayOfItem><Item i:nil="true" /><Item><B>1</B><A i:nil="true" /></Item>'
            '<Item><B i:nil="true" /><A>2</A></Item></ArrayOfItem>',
        ),
    ],
)
def test_xml(value: Any, expected: str) -> None:
    assert without_head(xml.dumps(value)) == expected.format(1, 2).replace("{}", "")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (5, "5\r\n"),
        ([], ""),
        ([None, 3], "\r\n3\r\n"),
        ((1, "a,b"), '1\r\n"a,b"\r\n'),
        ({"B": 1, "A": None, "C": [1, None]}, 'B,A,C\r\n1,,"[1,]"\r\n'),
        # Columns in the order of their first row; a row that is no record has none of them.
        ([{"A": 1}, 7, None, {"B": "x,y", "A": {"c": 2}}], 'A,B\r\n1,\r\n,\r\n,\r\n"{c:2}","x,y"\r\n'),
    ],
)
def test_csv(value: Any, expected: str) -> None:
    assert csv.dumps(value) == expected
