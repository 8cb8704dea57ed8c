"""Rust: structs for serde, with the traits of the crate servicestack."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo, TypeInfo
from gateway.metadata.languages import keywords, values
from gateway.metadata.languages.base import Generator, Head
from gateway.metadata.languages.options import split_names
from gateway.metadata.languages.scalars import get_scalars
from gateway.metadata.languages.selection import list_names, sort_by_dependencies
from gateway.metadata.languages.texts import indent, snake_case

_IMPORTS = "servicestack::*,serde::{Serialize, Deserialize},std::collections::HashMap"
_DERIVE = "#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Default)]"

#: ``Default`` sets a struct's numbers to 0, so the version has a separate type.
_VERSION = """\
/// The version of a request, {0} where none is set.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(transparent)]
pub struct ImplicitVersion(pub i32);

impl Default for ImplicitVersion {{
    fn default() -> Self {{
        ImplicitVersion({0})
    }}
}}
"""

_PATH = rf"(?:::)?{values.NAME}(?:::{values.NAME})*"
_ALIAS = rf"(?: as {values.NAME})?"
_ITEM = rf"(?:{_PATH}(?:::\*|{_ALIAS})|\*)"
_STATEMENT = re.compile(rf"{_PATH}(?:::\*|::\{{ *{_ITEM}(?: *, *{_ITEM})* *\}}|{_ALIAS})")


def _are_paths(text: str) -> bool:
    statements = [*_split_statements(text)]
    path_names = {name for name in re.findall(values.NAME, text) if name not in ("as", "crate", "self", "super")}
    return (
        bool(statements)
        and all(_STATEMENT.fullmatch(statement) for statement in statements)
        and not path_names & keywords.RUST
    )


class RustGenerator(Generator):
    """Structs whose fields may all be absent; the base of a type is flattened into it."""

    name = "rust"
    title = "Rust"
    suffix = "rs"
    reserved = keywords.RUST | keywords.RUST_PATHS
    kept_form = "r#{0}"
    list_form = "Vec<{0}>"
    optional_form = "Option<{0}>"
    map_form = "HashMap<{0}, {1}>"
    defaults = {
        "MakePropertiesOptional": "True",
        "AddServiceStackTypes": "True",
        "AddResponseStatus": "False",
        "AddImplicitVersion": "",
        "AddDescriptionAsComments": "True",
        "IncludeTypes": "",
        "ExcludeTypes": "",
        "DefaultImports": _IMPORTS,
    }
    head = Head(nests=True)
    rules = {"DefaultImports": values.Rule("paths of use statements separated by commas", _are_paths)}
    scalars = get_scalars("rust")

    def write_opening(self) -> Iterator[str]:
        yield "#![allow(unused_imports, dead_code, non_camel_case_types)]"
        yield from (f"use {statement};" for statement in _split_statements(self.get_option("DefaultImports")))
        yield ""
        if self.version:
            yield from _VERSION.format(self.version).splitlines()
            yield ""

    def order_types(self) -> list[TypeInfo]:
        return sort_by_dependencies(self.types, self.contract.by_name)

    def write_enum(self, info: EnumInfo) -> Iterator[str]:
        yield from self._write_description(info.description)
        type_name = self.get_class_name(info.name)
        if info.is_numeric:
            # Numbers stay numbers, so that sums and unknown members are read too.
            yield from (f"pub struct {type_name};", "", f"impl {type_name} {{")
            for name, number in info.members:
                yield from indent(self._write_description(info.descriptions.get(name, "")))
                yield from indent(
                    ["#[allow(non_upper_case_globals)]", f"pub const {self.escape_name(name)}: i32 = {number};"]
                )
            yield "}"
            return
        yield from (_DERIVE.replace("PartialEq", "PartialEq, Eq, Hash"), f"pub enum {type_name} {{")
        for number, (name, _) in enumerate(info.members):
            yield from indent(self._write_description(info.descriptions.get(name, "")))
            if not number:
                yield "    #[default]"
            yield from indent([f'#[serde(rename = "{info.text_of(name)}")]', f"{self.escape_name(name)},"])
        yield "}"

    def write_record(self, info: RecordInfo) -> Iterator[str]:
        yield from self._write_description(info.description)
        yield from self.write_remarks(info)
        yield from (_DERIVE, "#[serde(default)]")
        # A type parameter that no field uses must be used somewhere.
        unused = [
            parameter
            for parameter in info.parameters
            if all(parameter not in list_names(p.type) for p in self.list_properties(info))
        ]
        yield f"pub struct {self.get_full_name(info)} {{"
        if info.base:
            member_names = {snake_case(field.name) for field in self.list_properties(info)}
            inherited = self.escape_name(snake_case(info.base.name))
            inherited += "_" if inherited in member_names else ""
            yield from indent(["#[serde(flatten)]", f"pub {inherited}: {self.format_type(info.base)},"])
        yield from indent(line for field in self.list_properties(info) for line in self._write_field(info, field))
        for parameter in unused:
            yield from indent(["#[serde(skip)]", f"pub {parameter.lower()}_: std::marker::PhantomData<{parameter}>,"])
        yield "}"
        yield from self._write_traits(info)

    def _write_field(self, info: RecordInfo, field: Property) -> Iterator[str]:
        yield from self._write_description(field.description)
        yield from self.write_member_remarks(info, field)
        plain = snake_case(field.name)
        member = self.escape_name(plain)
        rename = "" if member in (field.wire, f"r#{field.wire}") else f'rename = "{field.wire}", '
        kind = "ImplicitVersion" if self.get_initial_value(field) else self.format_type(field.type)
        if not self.get_initial_value(field) and self.may_be_absent(field):
            yield f'#[serde({rename}default, skip_serializing_if = "Option::is_none")]'
            # A recursive value must be on the heap.
            yield f"pub {member}: Option<{f'Box<{kind}>' if field.type.kind == 'record' else kind}>,"
        else:
            yield from (f"#[serde({rename}default)]", f"pub {member}: {kind},")

    def _write_traits(self, info: RecordInfo) -> Iterator[str]:
        operation = self.find_operation(info)
        if operation is None or not self.is_marked(info):
            return
        yield from ("", f"impl IRequest for {self.get_class_name(info.name)} {{")
        yield f'    const NAME: &\'static str = "{info.name}";'
        yield f'    const VERB: &\'static str = "{operation.verb}";'
        yield "}"
        if operation.returns is None:
            yield f"impl IReturnVoid for {self.get_class_name(info.name)} {{}}"
        else:
            yield f"impl IReturn for {self.get_class_name(info.name)} {{ type Response = {self.format_type(operation.returns)}; }}"

    def escape_name(self, name: str) -> str:
        return f"{name}_" if name in keywords.RUST_PATHS else super().escape_name(name)

    def _write_description(self, text: str) -> Iterator[str]:
        if self.describes():
            yield from (f"/// {line}" for line in self.split_comment(text))


def _split_statements(text: str) -> Iterator[str]:
    """Yield each import of a comma-separated list; braces within an import may contain commas."""
    pending = ""
    for part in split_names(text):
        pending = f"{pending}, {part}" if pending else part
        if pending.count("{") == pending.count("}"):
            yield pending
            pending = ""
    if pending:
        yield pending
