"""Python: dataclasses, as the library servicestack reads them."""

from __future__ import annotations

import keyword
import re
import typing
from collections.abc import Iterator

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo, TypeInfo, TypeRef
from gateway.metadata.languages import values
from gateway.metadata.languages.base import Generator, Head
from gateway.metadata.languages.options import split_names
from gateway.metadata.languages.scalars import get_scalars
from gateway.metadata.languages.selection import list_names, sort_by_dependencies
from gateway.metadata.languages.texts import indent, snake_case

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
            lambda value: _are_names(value) and all(re.fullmatch(_MODULE, entry) for entry in split_names(value)),
        ),
        **dict.fromkeys(("DataClass", "DataClassJson"), _DECORATION),
    }
    scalars = get_scalars("python")
    list_form = "List[{0}]"
    optional_form = "Optional[{0}]"
    has_flags = has_numbered = True
    map_form = "Dict[{0}, {1}]"
    generic_form = "{0}[{1}]"

    def write_opening(self) -> Iterator[str]:
        for entry in split_names(self.get_option("DefaultImports") or _IMPORTS):
            module, _, symbols = entry.partition(":")
            yield f"from {module} import {', '.join(symbols.split('/'))}" if symbols else f"import {module}"
        # The library's annotation of LetterCase is wrong, so type checkers must ignore it.
        yield from ("", '# mypy: disable-error-code="call-overload"', "")
        parameters = {
            parameter: None
            for info in self.types.values()
            if isinstance(info, RecordInfo)
            for parameter in info.parameters
        }
        yield from (f"{parameter} = TypeVar('{parameter}')" for parameter in parameters)
        yield ""

    def order_types(self) -> list[TypeInfo]:
        return sort_by_dependencies(self.types, self.contract.by_name)

    def write_body(self) -> Iterator[str]:
        pending = {info.name for info in self.order_types()}
        for info in self.order_types():
            # Names that are not defined yet, including the type's own name, are quoted.
            self._pending = pending
            yield ""
            yield from self.write_lines(info)
            pending = pending - {info.name}

    def get_class_name(self, name: str) -> str:
        return f"{name}_" if name in self.reserved | self.imported else name

    def format_type(self, ref: TypeRef) -> str:
        name = super().format_type(ref)
        return f'"{name.replace(_QUOTE, "")}"' if self._pending.intersection(list_names(ref)) else name

    def write_enum(self, info: EnumInfo) -> Iterator[str]:
        base = "IntFlag" if info.flags else "IntEnum" if info.numbered else "str, Enum"
        yield f"class {self.get_class_name(info.name)}({base}):"
        yield from indent(self._write_documentation(info.description))
        for name, number in info.members:
            value = str(number) if info.is_numeric else f"'{info.text_of(name)}'"
            yield from indent([f"{snake_case(name).upper()} = {value}"])
            yield from indent(self._write_documentation(info.descriptions.get(name, "")))

    def write_record(self, info: RecordInfo) -> Iterator[str]:
        yield from self.write_remarks(info)
        yield self.get_option("DataClassJson") or _JSON
        yield self.get_option("DataClass") or _DATACLASS
        bases = ", ".join(self._get_bases(info))
        yield f"class {self.get_class_name(info.name)}{f'({bases})' if bases else ''}:"
        lines = [*self._write_documentation(info.description), *self._write_members(info)]
        while lines and not lines[-1]:
            lines.pop()
        yield from indent(lines or ["pass"])

    def _get_bases(self, info: RecordInfo) -> Iterator[str]:
        if info.parameters:
            yield f"Generic[{', '.join(info.parameters)}]"
        if info.base:
            # A base is evaluated at once, so only its arguments may be quoted.
            arguments = [self.format_type(argument) for argument in info.base.arguments]
            yield self.format_generic(self.get_class_name(info.base.name), arguments)
        yield from self.implements(info)

    def _write_documentation(self, text: str) -> Iterator[str]:
        lines = self.split_comment(text) if self.describes() else []
        if lines:
            yield from ('"""', *lines, '"""', "")

    def _write_members(self, info: RecordInfo) -> Iterator[str]:
        for field in self.list_properties(info):
            yield from self.write_member_remarks(info, field)
            yield self._write_member(field)
            yield from self._write_documentation(field.description)

    def _write_member(self, field: Property) -> str:
        """Return one field. Its metadata has the wire name if camelCase of the Python name does not yield it."""
        member = get_member_name(field.name)
        kind = self.format_type(field.type)
        factory, start = self._get_start_value(field, kind)
        annotation = kind if factory or start else f"Optional[{kind}]"
        default = f"default_factory={factory}" if factory else f"default={start or 'None'}"
        if _to_camel_case(member) != field.wire:
            return f"{member}: {annotation} = field(metadata=config(field_name='{field.wire}'), {default})"
        return f"{member}: {annotation} = {f'field({default})' if factory else start or 'None'}"

    def _get_start_value(self, field: Property, kind: str) -> tuple[str, str]:
        """Return the function that makes a member's initial value, or that value; both are empty for None."""
        if self.get_initial_value(field) or not self.edition.zeros or not self.is_required(field):
            return "", self.get_initial_value(field)
        factory = {"list": "list", "map": "dict"}.get(field.type.kind, "")
        return factory, _ZEROS.get(kind, "") if field.type.kind == "scalar" else ""


def get_member_name(name: str) -> str:
    """Return the Python name of a field with this .NET name."""
    plain = snake_case(name)
    return f"{plain}_" if plain in PythonGenerator.reserved else plain


def _to_camel_case(member: str) -> str:
    first, *rest = member.split("_")
    return first + "".join(word.capitalize() for word in rest) if member[-1] != "_" else ""
