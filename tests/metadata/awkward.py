"""A contract made of what breaks code generators: descriptions that end comments and texts, reserved words, types that hold themselves."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from dataclasses import replace
from enum import auto
from typing import Any, cast

from gateway.contract import fields
from gateway.contract.catalog import ANYONE, Catalog
from gateway.contract.dto import Dto
from gateway.contract.fields import DtoEnum
from gateway.contract.generics import TypeParameter, close
from gateway.contract.typeinfo import Contract, Property, RecordInfo, TypeRef, describe
from gateway.metadata.languages import keywords
from gateway.metadata.languages.scalars import get_scalars

NAMESPACE = "Awkward.Types"

#: Ends comments, texts, templates and docstrings of one language or another.
DESCRIPTION = (
    "Quotes \" ' ` and ''' \"\"\", comment ends */ /* // # -- *) (* ?> <?php =end, templates ${x} #{x} {{x}} \\(x) %s $x, "
    "paths C:\\users\\new \\u0041 \\x, marks < > & </summary> ]]>, \u201ccurly\u201d, Zo\u00eb \u65e5\u672c \U0001f600,\n"
    "a second line\r\nand a third\ttabbed \\"
)


class AwkwardKinds(DtoEnum):
    vars()["None"] = auto()
    Class = auto()
    Default = auto()
    Self = auto()
    Type = auto()


class Words(DtoEnum):
    """Members that are words of languages"""

    vars().update({word: auto() for word in ("begin", "class", "default", "end", "from", "fun", "in", "self", "type")})


class Levels(DtoEnum):
    """Numbers of their own, one of them negative"""

    Low = auto()
    High = auto()
    Unknown = auto()

    @classmethod
    def numbers(cls) -> Mapping[str, int]:
        return {"Low": 10, "High": 1 << 20, "Unknown": -1}


class Holder(Dto):
    __doc__ = DESCRIPTION

    parameters = ("T",)

    items = fields.List(TypeParameter("T"), DESCRIPTION)
    first = TypeParameter("T")
    total = fields.Integer(bits=64)


class Marker(Dto):
    """A record that names its parameter nowhere"""

    parameters = ("T",)

    size = fields.Integer(bits=16)


class Awkward(Dto):
    __doc__ = DESCRIPTION

    class_ = fields.String(DESCRIPTION)
    default = fields.String()
    from_ = fields.String()
    in_ = fields.Boolean()
    int_ = fields.Integer(DESCRIPTION)
    object = fields.String()
    type = fields.Enum(AwkwardKinds, DESCRIPTION)
    self_ = fields.String(name="self")
    end = fields.String()
    func = fields.String()
    package = fields.String()
    is_byoa = fields.Boolean(name="IsBYOA")
    ai_transcription = fields.String(name="AITranscription")
    lower_case = fields.String(name="lower_case")
    tags = fields.Map(DESCRIPTION)
    parent = fields.Nested(lambda: Awkward(), DESCRIPTION)
    children = fields.List(fields.Nested(lambda: Awkward()))


class Empty(Dto):
    """Nothing in it"""


class Base(Dto):
    """What others inherit"""

    level = fields.Enum(Levels, DESCRIPTION)
    word = fields.Enum(Words)


def dto(name: str, parent: type[Dto] = Dto, /, **members: object) -> type[Dto]:
    """A DTO of that name."""
    metaclass: Any = type(parent)
    return cast("type[Dto]", metaclass(name, (parent,), {"__module__": __name__, **members}))


#: Every word that some language keeps for itself.
WORDS = sorted(
    {
        word.lower()
        for group in vars(keywords).values()
        if isinstance(group, frozenset)
        for word in group
        if word.isalpha()
    }
    | {word.lower() for word in (*keyword.kwlist, *keyword.softkwlist) if word.isalpha()}
)
#: Every scalar of .NET that there are types for.
SCALARS = [*get_scalars("csharp")]
#: Words that are names of types, as .NET writes them and as they stand in most languages.
TYPES = ("Class", "Enum", "End", "Interface", "Module", "Namespace", "Package", "Protocol", "default", "fun")


def contract() -> Contract:
    """The contract."""
    catalog = Catalog()
    catalog.operation("POST", "/awkward", returns=close(Holder, Awkward), access=ANYONE)(Awkward)
    catalog.operation("GET", "/empty", also=[("ANY", "/empty/any")], returns=close(Marker, Empty), access=ANYONE)(Empty)
    catalog.operation("GET", "/list", returns=[Awkward], access=ANYONE)(
        type("ListAwkward", (close(Marker, Awkward),), {"__module__": __name__})
    )
    catalog.operation("DELETE", "/gone", access=ANYONE)(dto("Remove"))
    words = dto("AllWords", Base, **{f"{word}_": fields.String(name=word) for word in WORDS})
    lists = {f"of_{name}": fields.List(fields.Nested(dto(name, Base, size=fields.Integer()))) for name in TYPES}
    nested = close(Holder, close(Holder, dto("Types", words, **lists)))
    catalog.operation("PUT", "/words", returns=nested, access=ANYONE)(words)
    description = describe(catalog)
    every = tuple(
        Property(f"V{scalar.replace('[]', 's')}", f"v{scalar.replace('[]', 's')}", TypeRef("scalar", scalar))
        for scalar in SCALARS
    )
    never = tuple(replace(field, name=f"N{field.name}", wire=f"n{field.wire}", nullable=False) for field in every)
    scalars = RecordInfo("AllScalars", NAMESPACE, (*every, *never))
    return Contract(description.operations, {**description.types, scalars.name: scalars})
