"""Rust: structs for serde, with the traits of the crate servicestack."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo, TypeInfo
from gateway.metadata.languages import keywords, values
from gateway.metadata.languages.base import Generator, Head
from gateway.metadata.languages.options import names
from gateway.metadata.languages.scalars import scalars_of
from gateway.metadata.languages.selection import dependencies_first, names_in
from gateway.metadata.languages.texts import indented, snake_case

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
    found = [*_statements(text)]
    used = {each for each in re.findall(values.NAME, text) if each not in ("as", "crate", "self", "super")}
    return bool(found) and all(_STATEMENT.fullmatch(each) for each in found) and not used & keywords.RUST


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
    scalars = scalars_of("rust")

    def opening(self) -> Iterator[str]:
        yield "#![allow(unused_imports, dead_code, non_camel_case_types)]"
        yield from (f"use {each};" for each in _statements(self.text("DefaultImports")))
        yield ""
        if self.version:
            yield from _VERSION.format(self.version).splitlines()
            yield ""

    def ordered(self) -> list[TypeInfo]:
        return dependencies_first(self.types, self.contract.by_name)

    def enum(self, info: EnumInfo) -> Iterator[str]:
        yield from self._description(info.description)
        own = self.class_name(info.name)
        if info.is_numeric:
            # Numbers stay numbers, so that sums and unknown members are read too.
            yield from (f"pub struct {own};", "", f"impl {own} {{")
            for name, number in info.members:
                yield from indented(self._description(info.descriptions.get(name, "")))
                yield from indented(
                    ["#[allow(non_upper_case_globals)]", f"pub const {self.free(name)}: i32 = {number};"]
                )
            yield "}"
            return
        yield from (_DERIVE.replace("PartialEq", "PartialEq, Eq, Hash"), f"pub enum {own} {{")
        for number, (name, _) in enumerate(info.members):
            yield from indented(self._description(info.descriptions.get(name, "")))
            if not number:
                yield "    #[default]"
            yield from indented([f'#[serde(rename = "{info.text_of(name)}")]', f"{self.free(name)},"])
        yield "}"

    def record(self, info: RecordInfo) -> Iterator[str]:
        yield from self._description(info.description)
        yield from self.remarks(info)
        yield from (_DERIVE, "#[serde(default)]")
        # A type parameter that no field uses must be used somewhere.
        unused = [each for each in info.parameters if all(each not in names_in(p.type) for p in self.properties(info))]
        yield f"pub struct {self.own_name(info)} {{"
        if info.base:
            own = {snake_case(each.name) for each in self.properties(info)}
            inherited = self.free(snake_case(info.base.name))
            inherited += "_" if inherited in own else ""
            yield from indented(["#[serde(flatten)]", f"pub {inherited}: {self.type_name(info.base)},"])
        yield from indented(line for each in self.properties(info) for line in self._field(info, each))
        for each in unused:
            yield from indented(["#[serde(skip)]", f"pub {each.lower()}_: std::marker::PhantomData<{each}>,"])
        yield "}"
        yield from self._traits(info)

    def _field(self, info: RecordInfo, each: Property) -> Iterator[str]:
        yield from self._description(each.description)
        yield from self.member_remarks(info, each)
        plain = snake_case(each.name)
        member = self.free(plain)
        rename = "" if member in (each.wire, f"r#{each.wire}") else f'rename = "{each.wire}", '
        kind = "ImplicitVersion" if self.initial(each) else self.type_name(each.type)
        if not self.initial(each) and self.may_be_absent(each):
            yield f'#[serde({rename}default, skip_serializing_if = "Option::is_none")]'
            # A recursive value must be on the heap.
            yield f"pub {member}: Option<{f'Box<{kind}>' if each.type.kind == 'record' else kind}>,"
        else:
            yield from (f"#[serde({rename}default)]", f"pub {member}: {kind},")

    def _traits(self, info: RecordInfo) -> Iterator[str]:
        operation = self.operation(info)
        if operation is None or not self.is_marked(info):
            return
        yield from ("", f"impl IRequest for {self.class_name(info.name)} {{")
        yield f'    const NAME: &\'static str = "{info.name}";'
        yield f'    const VERB: &\'static str = "{operation.verb}";'
        yield "}"
        if operation.returns is None:
            yield f"impl IReturnVoid for {self.class_name(info.name)} {{}}"
        else:
            yield f"impl IReturn for {self.class_name(info.name)} {{ type Response = {self.type_name(operation.returns)}; }}"

    def free(self, name: str) -> str:
        return f"{name}_" if name in keywords.RUST_PATHS else super().free(name)

    def _description(self, text: str) -> Iterator[str]:
        if self.describes():
            yield from (f"/// {line}" for line in self.comment_lines(text))


def _statements(text: str) -> Iterator[str]:
    """Yield each import of a comma-separated list; braces within an import may contain commas."""
    pending = ""
    for part in names(text):
        pending = f"{pending}, {part}" if pending else part
        if pending.count("{") == pending.count("}"):
            yield pending
            pending = ""
    if pending:
        yield pending
