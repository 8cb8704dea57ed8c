"""Mistakes of a service's author: each is refused before the service starts, with its place."""

from __future__ import annotations

import enum
from collections.abc import Callable
from enum import auto
from typing import Any, ClassVar

import marshmallow
import pytest

from gateway import ANYONE, SIGNED_IN, Dto, Service, View, fields, member, rules
from gateway.contract.enums import DtoEnum, DtoFlags
from gateway.errors import CatalogError

NAMESPACE = "Acme.Mistakes"

#: Some values have no names of their own for pytest.
NUMBERS = [str(number) for number in range(20)]


def _text(request: Any, context: Any) -> str:
    return ""


async def _handle_later(request: Any, context: Any) -> str:
    return ""


class Plain(enum.Enum):
    One = 1


class Twice(DtoEnum):
    One = member(value="x")
    Two = member(value="x")


class Rights(DtoFlags):
    Read = auto()


def find_problems(
    members: dict[str, Any] | None = None, handler: Any = _text, path: str = "/a", verbs: str = "GET"
) -> str:
    """What is wrong with a service of one operation."""
    metaclass: Any = type(Dto)
    dto = metaclass("Ask", (Dto,), {"__module__": __name__, **(members or {})})
    service = Service("Mistaken")
    service.operation(verbs, path, returns=str, access=ANYONE)(dto)
    service.handles(dto)(handler)
    with pytest.raises(CatalogError) as caught:
        service.check()
    return str(caught.value)


@pytest.mark.parametrize(
    ("field", "words"),
    [
        (lambda: fields.Nested(int), "Ask.x: int is not a DTO"),
        (lambda: fields.List(fields.Nested(int)), "an item of Ask.x: int is not a DTO"),
        (marshmallow.fields.String, "Ask.x is a field of marshmallow.fields"),
        (lambda: fields.Enum(Plain), "Ask.x: Plain is not a DtoEnum"),  # type: ignore[type-var]
        (lambda: fields.Enum(Rights), "Rights is not a DtoEnum; fields.Flags takes a DtoFlags"),  # type: ignore[type-var]
        (lambda: fields.Enum(Twice), "the members One and Two of Twice have the same text 'x'"),
        (lambda: fields.String(rules=["short"]), "Ask.x has the rule 'short', which is not one"),  # type: ignore[list-item]
        (lambda: fields.String(rules=[rules.length]), "Ask.x has the rule Length, which is not one"),  # type: ignore[list-item]
        (lambda: fields.List(fields.String(rules=[rules.matches("(")])), "an item of Ask.x has a pattern that can't"),
        (lambda: fields.Integer(bits=7), "Ask.x has 7 bits"),
        (lambda: fields.Unsigned(bits=128), "Ask.x has 128 bits"),
        (lambda: fields.Map(keys=fields.List(fields.String())), "Ask.x is a map whose keys are"),
        (lambda: fields.Map(values=fields.Nested(int)), "a value of Ask.x: int is not a DTO"),
    ],
    ids=NUMBERS[:13],
)
def test_fields(field: Callable[[], Any], words: str) -> None:
    words_of_problems = find_problems({"x": field()})
    assert words in words_of_problems
    assert "\n" not in words_of_problems


def test_a_name_without_a_field_does_not_vanish() -> None:
    assert "Ask.name has a type but no field" in find_problems(
        {"__annotations__": {"name": str, "kept": ClassVar[int]}}
    )


def test_a_view_names_fields() -> None:
    assert "'nope'" in find_problems({"x": fields.String(), "view": View("Ask", columns=["nope"])})


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("a", "must begin with a slash"),
        ("/a?x=1", "a blank, a question mark"),
        ("/a b", "a blank, a question mark"),
        ("/a/{X", "the segment '{X'"),
        ("/a/X}", "the segment 'X}'"),
        ("/a/{X}.{Y}", "the segment '{X}.{Y}'"),
        ("/a/{}", "the segment '{}'"),
        ("/a/{X}/{x}", "has the variable x twice"),
        ("/a//b", "two slashes in a row"),
    ],
    ids=NUMBERS[:9],
)
def test_paths(path: str, words: str) -> None:
    assert words in find_problems({"x": fields.String(), "y": fields.String()}, path=path)


def test_verbs() -> None:
    assert "FETCH is not a verb of HTTP" in find_problems(verbs="GET FETCH")
    service = Service("Small letters")
    dto = service.operation("get post", "/a", returns=str, access=ANYONE)(Small)
    service.handles(dto)(_text)
    service.check()
    assert service.catalog.operations["Small"].verbs == ("GET", "POST")


class Small(Dto):
    pass


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        ("text", "is a str, which can't be called"),
        (lambda request: "", "must take two arguments"),
        (lambda request, context, more: "", "must take two arguments"),
        (_handle_later, "is async"),
    ],
    ids=NUMBERS[:4],
)
def test_handlers(handler: Any, words: str) -> None:
    assert words in find_problems(handler=handler)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"access": "anyone"}, "is not an access rule"),
        ({"access": ANYONE, "role": "Clerk"}, "access=ANYONE admits everyone"),
        ({"access": ANYONE, "api_key": True}, "access=ANYONE admits everyone"),
        ({"any_role": "Clerk"}, "any_role='Clerk' must be a list"),
        ({"access": SIGNED_IN, "tags": "orders"}, "tags='orders' must be a list"),
        ({"access": SIGNED_IN, "also": ["/b"]}, "must be a list of verbs and paths"),
    ],
    ids=NUMBERS[:6],
)
def test_options(options: dict[str, Any], words: str) -> None:
    with pytest.raises(CatalogError, match=words):
        Service("Mistaken", roles=["Clerk"]).get("/a", returns=str, **options)(Small)


def test_a_class_that_is_not_a_dto() -> None:
    with pytest.raises(CatalogError, match="int is not a subclass"):
        Service("Mistaken").get("/a", access=ANYONE)(int)  # type: ignore[type-var]


def test_a_check_of_no_operation() -> None:
    service = Service("Mistaken")
    service.checks(Small)(lambda request, context: [])
    with pytest.raises(CatalogError, match="a check is bound to Small"):
        service.check()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"roles": "Clerk"}, "must be a list of roles"),
        ({"authenticate": "who"}, "must be a function"),
        ({"dialect": "5.8"}, "must be a Dialect"),
    ],
    ids=NUMBERS[:3],
)
def test_services(options: dict[str, Any], words: str) -> None:
    with pytest.raises(CatalogError, match=words):
        Service("Mistaken", **options)
