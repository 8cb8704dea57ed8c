"""Kotlin, for the JVM library net.servicestack:client and for Android."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo
from gateway.metadata.languages import keywords, values
from gateway.metadata.languages.base import Head
from gateway.metadata.languages.java import JvmGenerator
from gateway.metadata.languages.scalars import scalars_of
from gateway.metadata.languages.texts import indented

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
        "Package": values.dotted(reserved),
        "DefaultImports": values.dotted_list(reserved, wildcard=True),
    }
    scalars = scalars_of("kotlin")
    optional_form = "{0}?"

    def opening(self) -> Iterator[str]:
        if package := self.text("Package"):
            yield from (f"package {package}", "")
        yield from (f"import {each}" for each in self.imports())
        yield from ("", "")

    def quoted(self, text: str) -> str:
        # ``$`` begins a template.
        return super().quoted(text).replace("$", "\\$")

    def enum(self, info: EnumInfo) -> Iterator[str]:
        yield from self.enum_remarks(info)
        yield from (f"enum class {self.class_name(info.name)}{'(val value:Int)' if info.is_numeric else ''}", "{")
        for name, number in info.members:
            text = self.text_of(info, name, number)
            told = f"@SerializedName({self.quoted(text)}) " if text != name else ""
            # NOTE: the client library reads and writes a constant as its toString(), and ignores annotations.
            value = f" {{ override fun toString() = {self.quoted(text)} }}" if text != name else ""
            value = f"({number})" if info.is_numeric else value
            yield from indented([*self.block(info.descriptions.get(name, "")), f"{told}{self.free(name)}{value},"])
        if info.is_numeric:
            yield from indented([";", "override fun toString() = value.toString()"])
        yield "}"

    def record(self, info: RecordInfo) -> Iterator[str]:
        yield from self.annotations(info)
        extends = self.extends(info)
        bases = [*([f"{extends}()"] if extends else []), *self.implements(info)]
        yield f"open class {self.own_name(info)}{' : ' if bases else ''}{', '.join(bases)}"
        yield "{"
        yield from indented(self._members(info))
        yield "}"

    def _members(self, info: RecordInfo) -> Iterator[str]:
        open_ = "open " if self.edition.open_members else ""
        for number, each in enumerate(self.properties(info)):
            if number and (each.description or info.is_contract):
                yield ""
            yield from self.member_annotations(info, each)
            yield f"{self.renamed(each)}{open_}var {self.member(each)}:{self._declared(each)}"
        operation = self.operation(info)
        if operation is not None and operation.returns is not None and self.is_marked(info):
            answer = self.type_name(operation.returns)
            generic = f"object : TypeToken<{answer}>(){{}}.type"
            value = generic if operation.returns.arguments else f"{answer}::class.java"
            yield f"companion object {{ private val responseType = {value} }}"
            yield f"override fun getResponseType(): Any? = {self.class_name(info.name)}.responseType"

    def _declared(self, each: Property) -> str:
        kind = self.type_name(each.type)
        if self.initial(each):
            return f"{kind}? = {self.initial(each)}"
        return f"{kind} = {kind}()" if self.is_filled(each) else f"{kind}? = null"
