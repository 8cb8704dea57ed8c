"""Java, as the library net.servicestack:client reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo
from gateway.metadata.languages import keywords, values
from gateway.metadata.languages.base import Generator
from gateway.metadata.languages.options import names
from gateway.metadata.languages.scalars import scalars_of
from gateway.metadata.languages.texts import indented
from gateway.metadata.languages.wording import api_values

_IMPORTS = "java.math.*,java.util.*,java.io.InputStream,net.servicestack.client.*"
_ANNOTATIONS = "com.google.gson.annotations.*"
_REFLECTION = "com.google.gson.reflect.*"


class JvmGenerator(Generator):
    """The base of Java and Kotlin: annotations, imports, names."""

    list_form = "ArrayList<{0}>"
    has_numbered = True
    map_form = "HashMap<{0},{1}>"
    provided = frozenset({"ResponseStatus", "ResponseError", "ErrorResponse"})
    default_imports = _IMPORTS

    def imports(self) -> Iterator[str]:
        """Yield the imports: the option's packages, and those of Gson that the types need."""
        found = [*names(self.text("DefaultImports") or self.default_imports)]
        records = [info for info in self.types.values() if isinstance(info, RecordInfo)]
        renamed = any(self.member(each) != each.wire for info in records for each in self.properties(info))
        if renamed or any(name in self.reserved for name in self.constants()) or self.has_texts():
            found.append(_ANNOTATIONS)
        if any(self.is_marked(info) and self.is_generic_answer(info) for info in records):
            found.append(_REFLECTION)
        yield from dict.fromkeys(found)

    def has_texts(self) -> bool:
        """Return whether an enum's members have other names in documents."""
        enums = [info for info in self.types.values() if isinstance(info, EnumInfo)]
        return any(info.texts or info.is_numeric for info in enums)

    def text_of(self, info: EnumInfo, name: str, number: int) -> str:
        """Return the text of an enum's member in documents."""
        return str(number) if info.is_numeric else info.text_of(name)

    def enum_remarks(self, info: EnumInfo) -> Iterator[str]:
        """Return the lines before an enum."""
        yield from self.block(info.description)
        if info.flags:
            yield "@Flags()"

    def constants(self) -> Iterator[str]:
        """Yield the names of all enums' members."""
        yield from (name for info in self.types.values() if isinstance(info, EnumInfo) for name, _ in info.members)

    def is_generic_answer(self, info: RecordInfo) -> bool:
        """Return whether an operation's response type has type arguments, which the JVM erases."""
        operation = self.operation(info)
        return operation is not None and operation.returns is not None and bool(operation.returns.arguments)

    def member(self, each: Property) -> str:
        """Return a property's name: the wire name, unless the language reserves that word."""
        if each.wire.isidentifier() and each.wire not in self.reserved:
            return each.wire
        return each.name if each.name not in self.reserved else f"{each.name}_"

    def annotations(self, info: RecordInfo) -> Iterator[str]:
        """Return the lines before a class."""
        yield from self.block(info.description)
        for number, (path, verbs) in enumerate(self.routes(info)):
            # An annotation may occur only once, so further routes are comments.
            hidden = "// " if number else ""
            route = f"Path={self.quoted(path)}, Verbs={self.quoted(verbs)}" if verbs else self.quoted(path)
            yield f"{hidden}@Route({route})"
        if info.description and self.operation(info):
            yield f"@Api(Description={self.quoted(info.description)})"
        if info.is_contract:
            yield "@DataContract"
        yield from self.further_remarks(info.attributes)

    def member_annotations(self, info: RecordInfo, each: Property) -> Iterator[str]:
        """Return the lines before a member."""
        yield from self.block(each.description)
        if info.is_contract:
            values = self.arguments(self.data_member(info, each))
            yield f"@DataMember{f'({values})' if values else ''}"
        if values := self.arguments(api_values(each)):
            yield f"@ApiMember({values})"
        yield from self.further_remarks(each.attributes)

    def renamed(self, each: Property) -> str:
        """Return the annotation of a member whose name is not the wire's."""
        return "" if self.member(each) == each.wire else f"@SerializedName({self.quoted(each.wire)}) "

    def extends(self, info: RecordInfo) -> str:
        """Return the base class; empty if there is none."""
        return self.type_name(info.base) if info.base else ""


#: How the text of an enum's constant begins.
_TO_STRING = "@Override public String toString() {"


class JavaGenerator(JvmGenerator):
    """Nested static classes, with accessors whose setters can be chained."""

    name = "java"
    title = "Java"
    suffix = "java"
    reserved = keywords.JAVA
    defaults = {
        "Package": "",
        "GlobalNamespace": "dtos",
        "AddPropertyAccessors": "True",
        "SettersReturnThis": "True",
        "AddServiceStackTypes": "True",
        "AddResponseStatus": "False",
        "AddDescriptionAsComments": "True",
        "AddImplicitVersion": "",
        "IncludeTypes": "",
        "ExcludeTypes": "",
        "TreatTypesAsStrings": "",
        "DefaultImports": _IMPORTS,
    }
    rules = {
        "Package": values.dotted(keywords.JAVA),
        "GlobalNamespace": values.name(keywords.JAVA),
        "DefaultImports": values.dotted_list(keywords.JAVA, wildcard=True),
    }
    scalars = scalars_of("java")
    # Java reads ``\u`` within comments too.
    comment_marks = {**JvmGenerator.comment_marks, "\\": "\\\\"}

    def opening(self) -> Iterator[str]:
        if package := self.text("Package"):
            yield from (f"package {package};", "")
        yield from (f"import {each};" for each in self.imports())
        yield from ("", f"public class {self.text('GlobalNamespace') or 'dtos'}", "{", "")

    def closing(self) -> Iterator[str]:
        yield "}"

    def record(self, info: RecordInfo) -> Iterator[str]:
        yield from indented(self._record(info))

    def enum(self, info: EnumInfo) -> Iterator[str]:
        own = self.class_name(info.name)
        yield from indented([*self.enum_remarks(info), f"public static enum {own}", "{"])
        for place, (name, number) in enumerate(info.members, 1):
            end = ";" if place == len(info.members) else ","
            described = self.block(info.descriptions.get(name, ""))
            yield from indented([*described, f"{self._constant(info, name, number)}{end}"], 2)
        if info.is_numeric:
            made = f"{own}(final int value) {{ this.value = value; }}"
            # NOTE: the client library reads and writes a constant as its toString(), and ignores annotations.
            told = f"{_TO_STRING} return String.valueOf(value); }}"
            yield from indented(
                ["", "private final int value;", made, "public int getValue() { return value; }", told], 2
            )
        yield from indented(["}"])

    def _constant(self, info: EnumInfo, name: str, number: int) -> str:
        text, free = self.text_of(info, name, number), self.free(name)
        if text == free:
            return free
        told = f"{free}({number})" if info.is_numeric else f"{free} {{ {_TO_STRING} return {self.quoted(text)}; }} }}"
        return f"@SerializedName({self.quoted(text)}) {told}"

    def _record(self, info: RecordInfo) -> Iterator[str]:
        yield from self.annotations(info)
        extends, implements = self.extends(info), ", ".join(self.implements(info))
        yield (
            f"public static class {self.own_name(info)}"
            f"{f' extends {extends}' if extends else ''}{f' implements {implements}' if implements else ''}"
        )
        yield "{"
        yield from indented(self._members(info))
        yield "}"

    def _members(self, info: RecordInfo) -> Iterator[str]:
        spaced = info.is_contract or any(each.description for each in self.properties(info))
        for number, each in enumerate(self.properties(info)):
            if number and spaced:
                yield ""
            yield from self.member_annotations(info, each)
            value = self.initial(each) or "null"
            yield f"{self.renamed(each)}public {self.type_name(each.type)} {self.member(each)} = {value};"
        if self.flag("AddPropertyAccessors") and self.properties(info):
            yield ""
            for each in self.properties(info):
                yield from self._accessors(info, each)
        yield from self._answer(info)

    def _accessors(self, info: RecordInfo, each: Property) -> Iterable[str]:
        kind, member, title = self.type_name(each.type), self.member(each), each.name[:1].upper() + each.name[1:]
        prefix = "is" if kind == "Boolean" and not title.startswith("Is") else "get"
        # Object already has a getClass.
        getter = f"{prefix}{title}" if f"{prefix}{title}" != "getClass" else "getClass_"
        owner = self.own_name(info)
        yield f"public {kind} {getter}() {{ return {member}; }}"
        if self.flag("SettersReturnThis"):
            yield f"public {owner} set{title}({kind} value) {{ this.{member} = value; return this; }}"
        else:
            yield f"public void set{title}({kind} value) {{ this.{member} = value; }}"

    def _answer(self, info: RecordInfo) -> Iterator[str]:
        operation = self.operation(info)
        if operation is None or operation.returns is None or not self.is_marked(info):
            return
        answer = self.type_name(operation.returns)
        value = f"new TypeToken<{answer}>(){{}}.getType()" if operation.returns.arguments else f"{answer}.class"
        yield f"private static Object responseType = {value};"
        yield "public Object getResponseType() { return responseType; }"
