"""XML's own: names, namespaces, what is refused."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serializers import xml
from serializers.errors import DecodeError
from serializers.shape import Boolean, Choice, Instant, Integer, ListOf, MapOf, Record, Reference, Text
from tests.serializers.strategies import make_shapes, make_values

NODE: Record = Record(
    "Node",
    {
        "name": Text(),
        "count": Integer(),
        "ok": Boolean(),
        "tags": ListOf(Text()),
        "map": MapOf(Text()),
        "children": ListOf(Reference(lambda: NODE)),
    },
    namespace="urn:node",
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<Node><Name>a</Name><Count>1</Count></Node>", {"name": "a", "count": 1}),
        ("<node><COUNT> 1 </COUNT><name>a</name></node>", {"name": "a", "count": 1}),
        ('<x:Node xmlns:x="urn:other"><x:Name>a</x:Name></x:Node>', {"name": "a"}),
        ("<Node><Name/><Tags/><Count/></Node>", {"name": "", "tags": [], "count": None}),
        ('<Node xmlns:i="urn:i"><Name i:nil="true"/><Tags i:nil="1"/></Node>', {"name": None, "tags": None}),
        ("<Node><Name>a&lt;b&amp;c&#233;<![CDATA[<x>]]></Name></Node>", {"name": "a<b&cé<x>"}),
        ("<Node><Name>a<!-- b -->c</Name><Unknown><Name>x</Name></Unknown></Node>", {"name": "ac"}),
        ("<Node>\n  <Tags>\n <a:string xmlns:a='urn:a'>x</a:string><string/> </Tags>\n</Node>", {"tags": ["x", ""]}),
        ("<Node><Tags>a,b</Tags></Node>", {"tags": ["a", "b"]}),
        (
            "<Node><Map><KeyValueOfstringstring><Key>k</Key><Value>v</Value></KeyValueOfstringstring></Map></Node>",
            {"map": {"k": "v"}},
        ),
        ("<Node><Name>a</Name><Name>b</Name><Ok>TRUE</Ok></Node>", {"name": "b", "ok": True}),
        ('\ufeff<?xml version="1.0" encoding="utf-16"?><Node/>', {}),
        ('<Node xmlns:i="urn:i" i:nil="true"/>', None),
        (" \n", None),
    ],
)
def test_reads(text: str, value: Any) -> None:
    assert xml.loads(text, NODE) == value


@pytest.mark.parametrize(
    ("text", "position", "path"),
    [
        ('<!DOCTYPE x [<!ENTITY e "v">]><Node/>', 12, ""),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><Node/>', 40, ""),
        ("<Node><Name>&e;</Name></Node>", 12, ""),
        ("<Node><Name></Node>", 14, ""),
        ("<Node/><Node/>", 7, ""),
        ("<Node><Count>x</Count></Node>", 6, "count"),
        ("<Node>é<Name/></Node>", 0, ""),
        ("<Node><Children><Node/><Node><Ok>é</Ok></Node></Children></Node>", 29, "children[1].ok"),
        ("<Node><Name><b/></Name></Node>", 6, "name"),
        ("<Node><Map><a><Value/></a></Map></Node>", 11, "map.a"),
        ("text", 0, ""),
        ("<Node>\x01</Node>", 6, ""),
    ],
)
def test_refuses(text: str, position: int, path: str) -> None:
    with pytest.raises(DecodeError) as caught:
        xml.loads(text, NODE)
    assert caught.value.path == path
    assert abs(caught.value.position - position) <= 3


def test_members_of_other_namespaces() -> None:
    base = Record("Base", {"id": Text()}, namespace="urn:base")
    other = Record("Other", {"x": Text(), "y": Text()}, namespace="urn:other")
    shape = Record("Root", {"zeta": other, "alpha": ListOf(other), "id": Text()}, base=base, namespace="urn:root")
    text = xml.dumps({"id": "1", "zeta": {"x": "a"}, "alpha": [{"y": "b"}]}, shape)
    root = ElementTree.fromstring(text)
    assert [child.tag for child in root] == ["{urn:base}Id", "{urn:root}Alpha", "{urn:root}Zeta"]
    assert [child.tag for child in root.iter("*")][3:5] == ["{urn:other}Other", "{urn:other}X"]


def test_names_that_no_element_can_have() -> None:
    shape = Record("My Type`1", {"first name": Text(), "1st": Text(), "_x0041_": Text()})
    value = {"first name": "a", "1st": "b", "_x0041_": "c"}
    text = xml.dumps(value, shape)
    assert "<First_x0020_name>" in text
    assert xml.loads(text, shape) == value


def test_scalars_in_their_own_spelling() -> None:
    rights = Choice({"None": 0, "Read": 1, "Write": 2, "All": 3, "Exec": 4}, flags=True)
    shape = Record("R", {"rights": rights, "when": Instant(), "carriageReturn": Text()})
    value = xml.loads("<R><Rights>Read Write</Rights><When>2026-01-02</When></R>", shape)
    assert value["rights"] == 3
    text = xml.dumps({**value, "rights": 5, "carriageReturn": "a\r\n\x01b"}, shape)
    assert "<Rights>Read Exec</Rights>" in text
    assert "2026-01-02T00:00:00Z" in text
    assert "a&#xD;\n\ufffdb" in text


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_documents_are_well_formed_for_others(data: st.DataObject) -> None:
    shape = data.draw(make_shapes())
    ElementTree.fromstring(xml.serializer.encode(data.draw(make_values(shape)), shape))
