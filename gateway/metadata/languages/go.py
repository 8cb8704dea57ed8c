"""Go: structs with JSON tags, as the package servicestack-go reads them; nothing beside the standard library is needed."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo
from gateway.metadata.languages import keywords, values
from gateway.metadata.languages.base import Generator
from gateway.metadata.languages.options import names
from gateway.metadata.languages.scalars import scalars_of
from gateway.metadata.languages.selection import maps_in

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
        "GlobalNamespace": values.name(keywords.GO),
        "DefaultImports": values.listed(
            "import paths separated by commas, as example.org/module/package", r"[A-Za-z0-9_.~-]+(?:/[A-Za-z0-9_.~-]+)*"
        ),
    }
    scalars = scalars_of("go")

    def head_lines(self) -> Iterator[str]:
        # gofmt allows no trailing blanks.
        yield from (line.rstrip() for line in super().head_lines())

    def opening(self) -> Iterator[str]:
        yield from (f"package {self.text('GlobalNamespace') or 'dtos'}", "")
        imports = [*names(self.text("DefaultImports")), *(["encoding/json"] if self.version else [])]
        if imports:
            yield from ("import (", *(f'{_TAB}"{each}"' for each in sorted({*imports})), ")", "")
        if self.version:
            yield from (*_VERSION.format(self.version).splitlines(), "")

    def enum(self, info: EnumInfo) -> Iterator[str]:
        own = self.class_name(info.name)
        yield from self._description(info.description)
        yield from (f"type {own} {'int' if info.is_numeric else 'string'}", "", "const (")
        # gofmt aligns adjacent fields in columns; a comment ends a column.
        group: list[tuple[str, str]] = []
        for name, number in info.members:
            comment = [*self._description(info.descriptions.get(name, ""))]
            if comment:
                yield from _constants(own, group)
                group = []
                yield from (_TAB + line for line in comment)
            group.append((name, str(number) if info.is_numeric else f'"{info.text_of(name)}"'))
        yield from _constants(own, group)
        yield ")"

    def record(self, info: RecordInfo) -> Iterator[str]:
        yield from self._description(info.description)
        yield from self.remarks(info)
        keys = {ref.arguments[0].name for each in info.properties for ref in maps_in(each.type)}
        parameters = [f"{each} {'comparable' if each in keys else 'any'}" for each in info.parameters]
        yield f"type {self.generic(self.class_name(info.name), parameters)} struct {{"
        if info.base:
            yield _TAB + self.type_name(info.base)
        yield from self._fields(info)
        yield "}"
        operation = self.operation(info)
        if operation is not None and self.is_marked(info):
            yield ""
            returns = operation.returns
            if returns is None:
                yield f"func ({self.class_name(info.name)}) CreateResponseVoid() {{}}"
            else:
                yield f"func ({self.class_name(info.name)}) CreateResponse() (r {self.type_name(returns)}) {{ return }}"
            yield ""
            yield f'func ({self.class_name(info.name)}) HttpMethod() string {{ return "{operation.verb}" }}'

    def _fields(self, info: RecordInfo) -> Iterator[str]:
        """Yield the fields; adjacent fields without comments are aligned in columns, as gofmt requires."""
        group: list[tuple[str, str, str]] = []
        for each in self.properties(info):
            remarks = [*self._description(each.description), *self.member_remarks(info, each)]
            if remarks:
                yield from _columns(group)
                group = []
                yield from (_TAB + line for line in remarks)
            name = self.class_name(each.name)
            # An embedded struct is a field with its type's name.
            if info.base and name == self.class_name(info.base.name):
                name += "_"
            empty = ",omitempty" if self.may_be_absent(each) and not self.initial(each) else ""
            kind = "ImplicitVersion" if self.initial(each) else self._optional(each)
            group.append((name, kind, f'`json:"{each.wire}{empty}"`'))
        yield from _columns(group)

    def _optional(self, each: Property) -> str:
        kind = self.type_name(each.type)
        holds_null = each.type.kind in ("list", "map", "parameter") or each.type.name in ("Byte[]", "Stream", "Object")
        return kind if holds_null or not self.may_be_absent(each) else f"*{kind}"

    def _description(self, text: str) -> Iterator[str]:
        if self.describes():
            yield from (f"// {line}" for line in self.comment_lines(text))

    def class_name(self, name: str) -> str:
        # Names that begin with a small letter are private to the package.
        return name[:1].upper() + name[1:]


def _constants(own: str, group: list[tuple[str, str]]) -> Iterator[str]:
    width = max((len(name) for name, _ in group), default=0)
    yield from (f"{_TAB}{own}{name:<{width}} {own} = {value}" for name, value in group)


def _columns(rows: list[tuple[str, str, str]]) -> Iterator[str]:
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    for name, kind, tag in rows:
        yield f"{_TAB}{name:<{widths[0]}} {kind:<{widths[1]}} {tag}"
