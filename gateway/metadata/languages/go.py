"""Go: structs with JSON tags, as the package servicestack-go reads them; nothing beside the standard library is needed."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo
from gateway.metadata.languages import keywords, values
from gateway.metadata.languages.base import Generator
from gateway.metadata.languages.options import split_names
from gateway.metadata.languages.scalars import get_scalars
from gateway.metadata.languages.selection import list_maps

_TAB = "\t"
#: Fields of structs have no initial values, so a separate type writes the version if none is set.
_VERSION = """\
// ImplicitVersion is the version of a request, {0} where none is set.
type ImplicitVersion int

func (version ImplicitVersion) MarshalJSON() ([]byte, error) {{
	if version == 0 {{
		version = {0}
	}}
	return json.Marshal(int(version))
}}
"""


class GoGenerator(Generator):
    """Structs. Values that may be absent are pointers; the base of a type is embedded."""

    name = "go"
    title = "Go"
    suffix = "go"
    list_form = "[]{0}"
    optional_form = "*{0}"
    has_flags = has_numbered = True
    map_form = "map[{0}]{1}"
    generic_form = "{0}[{1}]"
    defaults = {
        "GlobalNamespace": "dtos",
        "MakePropertiesOptional": "True",
        "AddServiceStackTypes": "True",
        "AddResponseStatus": "False",
        "AddImplicitVersion": "",
        "AddDescriptionAsComments": "True",
        "IncludeTypes": "",
        "ExcludeTypes": "",
        "DefaultImports": "",
    }
    rules = {
        "GlobalNamespace": values.allow_name(keywords.GO),
        "DefaultImports": values.allow_list(
            "import paths separated by commas, as example.org/module/package", r"[A-Za-z0-9_.~-]+(?:/[A-Za-z0-9_.~-]+)*"
        ),
    }
    scalars = get_scalars("go")

    def write_head(self) -> Iterator[str]:
        # gofmt allows no trailing blanks.
        yield from (line.rstrip() for line in super().write_head())

    def write_opening(self) -> Iterator[str]:
        yield from (f"package {self.get_option('GlobalNamespace') or 'dtos'}", "")
        imports = [*split_names(self.get_option("DefaultImports")), *(["encoding/json"] if self.version else [])]
        if imports:
            yield from ("import (", *(f'{_TAB}"{path}"' for path in sorted({*imports})), ")", "")
        if self.version:
            yield from (*_VERSION.format(self.version).splitlines(), "")

    def write_enum(self, info: EnumInfo) -> Iterator[str]:
        type_name = self.get_class_name(info.name)
        yield from self._write_description(info.description)
        yield from (f"type {type_name} {'int' if info.is_numeric else 'string'}", "", "const (")
        # gofmt aligns adjacent fields in columns; a comment ends a column.
        group: list[tuple[str, str]] = []
        for name, number in info.members:
            comment = [*self._write_description(info.descriptions.get(name, ""))]
            if comment:
                yield from _write_constants(type_name, group)
                group = []
                yield from (_TAB + line for line in comment)
            group.append((name, str(number) if info.is_numeric else f'"{info.text_of(name)}"'))
        yield from _write_constants(type_name, group)
        yield ")"

    def write_record(self, info: RecordInfo) -> Iterator[str]:
        yield from self._write_description(info.description)
        yield from self.write_remarks(info)
        keys = {ref.arguments[0].name for field in info.properties for ref in list_maps(field.type)}
        parameters = [f"{parameter} {'comparable' if parameter in keys else 'any'}" for parameter in info.parameters]
        yield f"type {self.format_generic(self.get_class_name(info.name), parameters)} struct {{"
        if info.base:
            yield _TAB + self.format_type(info.base)
        yield from self._write_fields(info)
        yield "}"
        operation = self.find_operation(info)
        if operation is not None and self.is_marked(info):
            yield ""
            returns = operation.returns
            if returns is None:
                yield f"func ({self.get_class_name(info.name)}) CreateResponseVoid() {{}}"
            else:
                yield f"func ({self.get_class_name(info.name)}) CreateResponse() (r {self.format_type(returns)}) {{ return }}"
            yield ""
            yield f'func ({self.get_class_name(info.name)}) HttpMethod() string {{ return "{operation.verb}" }}'

    def _write_fields(self, info: RecordInfo) -> Iterator[str]:
        """Yield the fields; adjacent fields without comments are aligned in columns, as gofmt requires."""
        group: list[tuple[str, str, str]] = []
        for field in self.list_properties(info):
            remarks = [*self._write_description(field.description), *self.write_member_remarks(info, field)]
            if remarks:
                yield from _write_columns(group)
                group = []
                yield from (_TAB + line for line in remarks)
            name = self.get_class_name(field.name)
            # An embedded struct is a field with its type's name.
            if info.base and name == self.get_class_name(info.base.name):
                name += "_"
            empty = ",omitempty" if self.may_be_absent(field) and not self.get_initial_value(field) else ""
            kind = "ImplicitVersion" if self.get_initial_value(field) else self._write_optional(field)
            group.append((name, kind, f'`json:"{field.wire}{empty}"`'))
        yield from _write_columns(group)

    def _write_optional(self, field: Property) -> str:
        kind = self.format_type(field.type)
        holds_null = field.type.kind in ("list", "map", "parameter") or field.type.name in (
            "Byte[]",
            "Stream",
            "Object",
        )
        return kind if holds_null or not self.may_be_absent(field) else f"*{kind}"

    def _write_description(self, text: str) -> Iterator[str]:
        if self.describes():
            yield from (f"// {line}" for line in self.split_comment(text))

    def get_class_name(self, name: str) -> str:
        # Names that begin with a small letter are private to the package.
        return name[:1].upper() + name[1:]


def _write_constants(type_name: str, group: list[tuple[str, str]]) -> Iterator[str]:
    width = max((len(name) for name, _ in group), default=0)
    yield from (f"{_TAB}{type_name}{name:<{width}} {type_name} = {value}" for name, value in group)


def _write_columns(rows: list[tuple[str, str, str]]) -> Iterator[str]:
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    for name, kind, tag in rows:
        yield f"{_TAB}{name:<{widths[0]}} {kind:<{widths[1]}} {tag}"
