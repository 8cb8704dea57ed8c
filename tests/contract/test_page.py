"""The declarations against the API's own page of NewSession: names, types, enums, order, base types and descriptions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.contract import fields
from gateway.contract.dto import Dto
from gateway.contract.fields import DtoEnum
from gateway.sessions.dtos import customers, flows, sessions
from gateway.sessions.dtos.entities import EntityInfo
from tests.sessions_api import catalog

PAGE = (Path(__file__).parent.parent / "corpora" / "newsession-page.txt").read_text()

DTOS: list[type[Dto]] = [
    sessions.NewSession,
    sessions.SessionInfo,
    EntityInfo,
    customers.CustomerBreadcrumb,
    sessions.SessionLogInfo,
    sessions.SessionMemberInfo,
]
ENUMS: list[type[DtoEnum]] = [
    flows.FlowChannels,
    sessions.SessionDirections,
    sessions.SessionCallState,
    sessions.SessionDialState,
    sessions.SessionQueueStates,
    sessions.SessionHoldReasons,
    sessions.SessionMemberCallState,
    sessions.SessionMemberRoles,
]


@dataclass
class JavaClass:
    base: str | None
    members: list[tuple[str, str, str]] = field(default_factory=list)


def read_java_classes() -> dict[str, JavaClass]:
    """The page's classes: base, and of each member type, name and description."""
    classes: dict[str, JavaClass] = {}
    current = JavaClass(None)
    description = ""
    for line in PAGE.splitlines():
        if heading := re.match(r"public static class (\w+)(?: extends (\w+))?", line):
            current = classes[heading[1]] = JavaClass(heading[2])
        elif annotation := re.match(r'@ApiMember\(Description="(.*)"\)', line):
            description = annotation[1]
        elif member := re.match(r"public (\S+) (\w+) = null;", line):
            current.members.append((member[1], member[2], description))
            description = ""
    return classes


def read_java_enums() -> dict[str, list[str]]:
    enums = re.findall(r"public static enum (\w+)\s*\{([^}]*)\}", PAGE)
    return {name: re.findall(r"\w+", body) for name, body in enums}


def format_java_type(declared: object) -> str:
    match declared:
        case fields.Enum():
            return declared.enum.__name__
        case fields.Boolean():
            return "Boolean"
        case fields.List():
            return f"ArrayList<{format_java_type(declared.item)}>"
        case fields.Map():
            return "HashMap<String,String>"
        case fields.Nested():
            return type(declared.schema).__name__
        case _:
            return "String"


def test_the_page_is_read() -> None:
    assert read_java_classes().keys() == {dto.__name__ for dto in DTOS}
    assert read_java_enums().keys() == {enum.__name__ for enum in ENUMS}


@pytest.mark.parametrize("dto", DTOS)
def test_members(dto: type[Dto]) -> None:
    expected = [(format_java_type(field), field.data_key, field.description) for _, field in dto.own_fields()]  # type: ignore[attr-defined]
    assert expected == read_java_classes()[dto.__name__].members


@pytest.mark.parametrize("dto", DTOS)
def test_bases(dto: type[Dto]) -> None:
    parent = dto.parent()
    assert (parent and parent.__name__) == read_java_classes()[dto.__name__].base


@pytest.mark.parametrize("enum", ENUMS)
def test_enums(enum: type[DtoEnum]) -> None:
    assert list(enum.__members__) == read_java_enums()[enum.__name__]
    assert list(enum.numbers().values()) == list(range(len(enum)))


def test_operation() -> None:
    operation = catalog.operations["NewSession"]
    assert operation.dto.summary() == re.search(r'@Api\(Description="(.*)"\)', PAGE)[1]  # type: ignore[index]
    assert [(route.verbs, route.path) for route in operation.routes] == [(("POST",), "/sessions")]
    assert f"Required role: | {operation.access.roles[0]} |" in PAGE  # type: ignore[union-attr]
    assert operation.returns is sessions.SessionInfo


def test_order_of_a_response() -> None:
    sample = PAGE[PAGE.index("HTTP/1.1 200 OK") :]
    top = re.sub(r"\[[^\]]*\]", "[]", sample[sample.index("{") + 1 :])
    names = re.findall(r"(\w+): ", top)
    assert list(catalog.operations["NewSession"].response_shape.fields) == names  # type: ignore[union-attr]
