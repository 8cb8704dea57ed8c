"""Python: dataclasses, as the library servicestack reads them."""

from __future__ import annotations

import keyword
import re
import typing
from collections.abc import Iterator

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo, TypeInfo, TypeRef
from gateway.metadata.languages import values
from gateway.metadata.languages.base import Generator, Head
from gateway.metadata.languages.options import names
from gateway.metadata.languages.scalars import scalars_of
from gateway.metadata.languages.selection import dependencies_first, names_in
from gateway.metadata.languages.texts import indented, snake_case

_IMPORTS = (
    "datetime,decimal,servicestack:*,typing:*,dataclasses:dataclass/field,"
    "dataclasses_json:dataclass_json/LetterCase/Undefined/config,enum:Enum/IntEnum/IntFlag"
)
_QUOTE = '"'
#: Initial values of types that are never null, in editions that set them.
_ZEROS = {"int": "0", "float": "0.0", "bool": "False", "decimal.Decimal": "decimal.Decimal(0)"}
_DOTTED = rf"{values.NAME}(?:\.{values.NAME})*"
_MODULE = rf"\.*{_DOTTED}(?::(?:\*|{values.NAME}(?:/{values.NAME})*))?"
_ARGUMENT = rf"{values.NAME}=(?:{_DOTTED}|[0-9]+)"
_DECORATOR = re.compile(rf"@{_DOTTED}(?:\((?:{_ARGUMENT}(?:, ?{_ARGUMENT})*)?\))?")
_DATACLASS = "@dataclass"
_JSON = "@dataclass_json(letter_case=LetterCase.CAMEL, undefined=Undefined.EXCLUDE)"


def _are_names(text: str) -> bool:
    return not {*keyword.kwlist}.difference(("None", "True", "False")).intersection(re.findall(values.NAME, text))


_DECORATION = values.Rule(
    "a decorator, as @dataclass(slots=True)",
    lambda value: _are_names(value) and _DECORATOR.fullmatch(value) is not None,
)


class PythonGenerator(Generator):
    """A dataclass for a record, with camelCase in documents."""

    name = "python"
    title = "Python"
    suffix = "py"
    line_comment = "#"
    head = Head(opening='""" Options:', closing='"""', off="#")
    # A name in a dataclass's annotations can't be the name of an earlier field.
    reserved = frozenset(
        (
            *keyword.kwlist,
            "self",
            "int",
            "float",
            "bool",
            "str",
            "bytes",
            "list",
            "dict",
            "field",
            "config",
            "datetime",
            "decimal",
        )
    )
    #: Names that the imports define.
    imported = frozenset({*typing.__all__, "Enum", "IntEnum", "IntFlag", "LetterCase", "Undefined"})
    comment_marks = {"\\": "\\\\", '"""': "'''"}
    provided = frozenset(
        {
            "KeyValuePair",
            "ResponseStatus",
            "ResponseError",
            "Authenticate",
            "AuthenticateResponse",
            "GetAccessToken",
            "GetAccessTokenResponse",
            "ConvertSessionToToken",
            "ConvertSessionToTokenResponse",
            "UpdateEventSubscriber",
            "UpdateEventSubscriberResponse",
        }
    )
    defaults = {
        "AddResponseStatus": "False",
        "AddImplicitVersion": "",
        "AddDescriptionAsComments": "True",
        "IncludeTypes": "",
        "ExcludeTypes": "",
        "DefaultImports": _IMPORTS,
        "DataClass": "",
        "DataClassJson": "",
    }
    rules = {
        "DefaultImports": values.Rule(
            "modules separated by commas, each with its names, as datetime,typing:*,enum:Enum/IntEnum",
            lambda value: _are_names(value) and all(re.fullmatch(_MODULE, each) for each in names(value)),
        ),
        **dict.fromkeys(("DataClass", "DataClassJson"), _DECORATION),
    }
    scalars = scalars_of("python")
    list_form = "List[{0}]"
    optional_form = "Optional[{0}]"
    has_flags = has_numbered = True
    map_form = "Dict[{0}, {1}]"
    generic_form = "{0}[{1}]"

    def opening(self) -> Iterator[str]:
        for each in names(self.text("DefaultImports") or _IMPORTS):
            module, _, what = each.partition(":")
            yield f"from {module} import {', '.join(what.split('/'))}" if what else f"import {module}"
        # The library's annotation of LetterCase is wrong, so type checkers must ignore it.
        yield from ("", '# mypy: disable-error-code="call-overload"', "")
        parameters = {
            each: None for info in self.types.values() if isinstance(info, RecordInfo) for each in info.parameters
        }
        yield from (f"{each} = TypeVar('{each}')" for each in parameters)
        yield ""

    def ordered(self) -> list[TypeInfo]:
        return dependencies_first(self.types, self.contract.by_name)

    def body(self) -> Iterator[str]:
        pending = {info.name for info in self.ordered()}
        for info in self.ordered():
            # Names that are not defined yet, including the type's own name, are quoted.
            self._pending = pending
            yield ""
            yield from self.lines(info)
            pending = pending - {info.name}

    def class_name(self, name: str) -> str:
        return f"{name}_" if name in self.reserved | self.imported else name

    def type_name(self, ref: TypeRef) -> str:
        name = super().type_name(ref)
        return f'"{name.replace(_QUOTE, "")}"' if self._pending.intersection(names_in(ref)) else name

    def enum(self, info: EnumInfo) -> Iterator[str]:
        base = "IntFlag" if info.flags else "IntEnum" if info.numbered else "str, Enum"
        yield f"class {self.class_name(info.name)}({base}):"
        yield from indented(self._documentation(info.description))
        for name, number in info.members:
            value = str(number) if info.is_numeric else f"'{info.text_of(name)}'"
            yield from indented([f"{snake_case(name).upper()} = {value}"])
            yield from indented(self._documentation(info.descriptions.get(name, "")))

    def record(self, info: RecordInfo) -> Iterator[str]:
        yield from self.remarks(info)
        yield self.text("DataClassJson") or _JSON
        yield self.text("DataClass") or _DATACLASS
        bases = ", ".join(self._bases(info))
        yield f"class {self.class_name(info.name)}{f'({bases})' if bases else ''}:"
        lines = [*self._documentation(info.description), *self._members(info)]
        while lines and not lines[-1]:
            lines.pop()
        yield from indented(lines or ["pass"])

    def _bases(self, info: RecordInfo) -> Iterator[str]:
        if info.parameters:
            yield f"Generic[{', '.join(info.parameters)}]"
        if info.base:
            # A base is evaluated at once, so only its arguments may be quoted.
            arguments = [self.type_name(each) for each in info.base.arguments]
            yield self.generic(self.class_name(info.base.name), arguments)
        yield from self.implements(info)

    def _documentation(self, text: str) -> Iterator[str]:
        lines = self.comment_lines(text) if self.describes() else []
        if lines:
            yield from ('"""', *lines, '"""', "")

    def _members(self, info: RecordInfo) -> Iterator[str]:
        for each in self.properties(info):
            yield from self.member_remarks(info, each)
            yield self._member(each)
            yield from self._documentation(each.description)

    def _member(self, each: Property) -> str:
        """Return one field. Its metadata has the wire name if camelCase of the Python name does not yield it."""
        member = member_name(each.name)
        kind = self.type_name(each.type)
        factory, start = self._start(each, kind)
        annotation = kind if factory or start else f"Optional[{kind}]"
        default = f"default_factory={factory}" if factory else f"default={start or 'None'}"
        if _camel(member) != each.wire:
            return f"{member}: {annotation} = field(metadata=config(field_name='{each.wire}'), {default})"
        return f"{member}: {annotation} = {f'field({default})' if factory else start or 'None'}"

    def _start(self, each: Property, kind: str) -> tuple[str, str]:
        """Return the function that makes a member's initial value, or that value; both are empty for None."""
        if self.initial(each) or not self.edition.zeros or not self.is_required(each):
            return "", self.initial(each)
        factory = {"list": "list", "map": "dict"}.get(each.type.kind, "")
        return factory, _ZEROS.get(kind, "") if each.type.kind == "scalar" else ""


def member_name(name: str) -> str:
    """Return the Python name of a field with this .NET name."""
    plain = snake_case(name)
    return f"{plain}_" if plain in PythonGenerator.reserved else plain


def _camel(member: str) -> str:
    first, *rest = member.split("_")
    return first + "".join(word.capitalize() for word in rest) if member[-1] != "_" else ""
