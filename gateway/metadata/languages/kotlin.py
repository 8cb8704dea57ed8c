"""Kotlin, for the JVM library net.servicestack:client and for Android."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo
from gateway.metadata.languages import keywords, values
from gateway.metadata.languages.base import Head
from gateway.metadata.languages.java import JvmGenerator
from gateway.metadata.languages.scalars import get_scalars
from gateway.metadata.languages.texts import indent

_IMPORTS = (
    "java.math.*,java.util.*,java.io.InputStream,net.servicestack.client.*,com.google.gson.annotations.*,"
    "com.google.gson.reflect.*"
)


class KotlinGenerator(JvmGenerator):
    """Open classes at the top of a file."""

    name = "kotlin"
    title = "Kotlin"
    suffix = "kt"
    reserved = keywords.JAVA | keywords.KOTLIN
    kept_form = "`{0}`"
    default_imports = _IMPORTS
    defaults = {
        "Package": "",
        "AddServiceStackTypes": "True",
        "AddResponseStatus": "False",
        "AddImplicitVersion": "",
        "AddDescriptionAsComments": "True",
        "IncludeTypes": "",
        "ExcludeTypes": "",
        "InitializeCollections": "True",
        "TreatTypesAsStrings": "",
        "DefaultImports": _IMPORTS,
    }
    head = Head(nests=True)
    rules = {
        "Package": values.allow_dotted(reserved),
        "DefaultImports": values.allow_dotted_list(reserved, wildcard=True),
    }
    scalars = get_scalars("kotlin")
    optional_form = "{0}?"

    def write_opening(self) -> Iterator[str]:
        if package := self.get_option("Package"):
            yield from (f"package {package}", "")
        yield from (f"import {package_name}" for package_name in self.list_imports())
        yield from ("", "")

    def quote(self, text: str) -> str:
        # ``$`` begins a template.
        return super().quote(text).replace("$", "\\$")

    def write_enum(self, info: EnumInfo) -> Iterator[str]:
        yield from self.write_enum_remarks(info)
        yield from (f"enum class {self.get_class_name(info.name)}{'(val value:Int)' if info.is_numeric else ''}", "{")
        for name, number in info.members:
            text = self.get_text(info, name, number)
            annotation = f"@SerializedName({self.quote(text)}) " if text != name else ""
            # NOTE: the client library reads and writes a constant as its toString(), and ignores annotations.
            value = f" {{ override fun toString() = {self.quote(text)} }}" if text != name else ""
            value = f"({number})" if info.is_numeric else value
            yield from indent(
                [
                    *self.write_block_comment(info.descriptions.get(name, "")),
                    f"{annotation}{self.escape_name(name)}{value},",
                ]
            )
        if info.is_numeric:
            yield from indent([";", "override fun toString() = value.toString()"])
        yield "}"

    def write_record(self, info: RecordInfo) -> Iterator[str]:
        yield from self.write_annotations(info)
        extends = self.extends(info)
        bases = [*([f"{extends}()"] if extends else []), *self.implements(info)]
        yield f"open class {self.get_full_name(info)}{' : ' if bases else ''}{', '.join(bases)}"
        yield "{"
        yield from indent(self._write_members(info))
        yield "}"

    def _write_members(self, info: RecordInfo) -> Iterator[str]:
        open_ = "open " if self.edition.open_members else ""
        for number, field in enumerate(self.list_properties(info)):
            if number and (field.description or info.is_contract):
                yield ""
            yield from self.write_member_annotations(info, field)
            yield f"{self.write_renaming(field)}{open_}var {self.get_member_name(field)}:{self._declare_field(field)}"
        operation = self.find_operation(info)
        if operation is not None and operation.returns is not None and self.is_marked(info):
            response_type = self.format_type(operation.returns)
            generic = f"object : TypeToken<{response_type}>(){{}}.type"
            value = generic if operation.returns.arguments else f"{response_type}::class.java"
            yield f"companion object {{ private val responseType = {value} }}"
            yield f"override fun getResponseType(): Any? = {self.get_class_name(info.name)}.responseType"

    def _declare_field(self, field: Property) -> str:
        kind = self.format_type(field.type)
        if self.get_initial_value(field):
            return f"{kind}? = {self.get_initial_value(field)}"
        return f"{kind} = {kind}()" if self.is_filled(field) else f"{kind}? = null"
