"""Java, as the library net.servicestack:client reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.contract.typeinfo import EnumInfo, Property, RecordInfo
from gateway.metadata.languages import keywords, values
from gateway.metadata.languages.base import Generator
from gateway.metadata.languages.options import split_names
from gateway.metadata.languages.scalars import get_scalars
from gateway.metadata.languages.texts import indent
from gateway.metadata.languages.wording import list_api_values

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

    def list_imports(self) -> Iterator[str]:
        """Yield the imports: the option's packages, and those of Gson that the types need."""
        packages = [*split_names(self.get_option("DefaultImports") or self.default_imports)]
        records = [info for info in self.types.values() if isinstance(info, RecordInfo)]
        renamed = any(
            self.get_member_name(field) != field.wire for info in records for field in self.list_properties(info)
        )
        if renamed or any(name in self.reserved for name in self.list_constants()) or self.has_texts():
            packages.append(_ANNOTATIONS)
        if any(self.is_marked(info) and self.has_generic_response(info) for info in records):
            packages.append(_REFLECTION)
        yield from dict.fromkeys(packages)

    def has_texts(self) -> bool:
        """Return whether an enum's members have other names in documents."""
        enums = [info for info in self.types.values() if isinstance(info, EnumInfo)]
        return any(info.texts or info.is_numeric for info in enums)

    def get_text(self, info: EnumInfo, name: str, number: int) -> str:
        """Return the text of an enum's member in documents."""
        return str(number) if info.is_numeric else info.text_of(name)

    def write_enum_remarks(self, info: EnumInfo) -> Iterator[str]:
        """Return the lines before an enum."""
        yield from self.write_block_comment(info.description)
        if info.flags:
            yield "@Flags()"

    def list_constants(self) -> Iterator[str]:
        """Yield the names of all enums' members."""
        yield from (name for info in self.types.values() if isinstance(info, EnumInfo) for name, _ in info.members)

    def has_generic_response(self, info: RecordInfo) -> bool:
        """Return whether an operation's response type has type arguments, which the JVM erases."""
        operation = self.find_operation(info)
        return operation is not None and operation.returns is not None and bool(operation.returns.arguments)

    def get_member_name(self, field: Property) -> str:
        """Return a property's name: the wire name, unless the language reserves that word."""
        if field.wire.isidentifier() and field.wire not in self.reserved:
            return field.wire
        return field.name if field.name not in self.reserved else f"{field.name}_"

    def write_annotations(self, info: RecordInfo) -> Iterator[str]:
        """Return the lines before a class."""
        yield from self.write_block_comment(info.description)
        for number, (path, verbs) in enumerate(self.list_routes(info)):
            # An annotation may occur only once, so further routes are comments.
            hidden = "// " if number else ""
            route = f"Path={self.quote(path)}, Verbs={self.quote(verbs)}" if verbs else self.quote(path)
            yield f"{hidden}@Route({route})"
        if self.contract.has_api(info):
            yield f"@Api(Description={self.quote(info.description)})"
        if info.is_contract:
            yield "@DataContract"
        yield from self.write_further_remarks(info.attributes)

    def write_member_annotations(self, info: RecordInfo, field: Property) -> Iterator[str]:
        """Return the lines before a member."""
        yield from self.write_block_comment(field.description)
        if info.is_contract:
            values = self.format_arguments(self.build_data_member(info, field))
            yield f"@DataMember{f'({values})' if values else ''}"
        if values := self.format_arguments(list_api_values(field)):
            yield f"@ApiMember({values})"
        yield from self.write_further_remarks(field.attributes)

    def write_renaming(self, field: Property) -> str:
        """Return the annotation of a member whose name is not the wire's."""
        return "" if self.get_member_name(field) == field.wire else f"@SerializedName({self.quote(field.wire)}) "

    def extends(self, info: RecordInfo) -> str:
        """Return the base class; empty if there is none."""
        return self.format_type(info.base) if info.base else ""


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
        "Package": values.allow_dotted(keywords.JAVA),
        "GlobalNamespace": values.allow_name(keywords.JAVA),
        "DefaultImports": values.allow_dotted_list(keywords.JAVA, wildcard=True),
    }
    scalars = get_scalars("java")
    # Java reads ``\u`` within comments too.
    comment_marks = {**JvmGenerator.comment_marks, "\\": "\\\\"}

    def write_opening(self) -> Iterator[str]:
        if package := self.get_option("Package"):
            yield from (f"package {package};", "")
        yield from (f"import {package_name};" for package_name in self.list_imports())
        yield from ("", f"public class {self.get_option('GlobalNamespace') or 'dtos'}", "{", "")

    def write_closing(self) -> Iterator[str]:
        yield "}"

    def write_record(self, info: RecordInfo) -> Iterator[str]:
        yield from indent(self._write_class(info))

    def write_enum(self, info: EnumInfo) -> Iterator[str]:
        class_name = self.get_class_name(info.name)
        yield from indent([*self.write_enum_remarks(info), f"public static enum {class_name}", "{"])
        for position, (name, number) in enumerate(info.members, 1):
            end = ";" if position == len(info.members) else ","
            comment = self.write_block_comment(info.descriptions.get(name, ""))
            yield from indent([*comment, f"{self._write_constant(info, name, number)}{end}"], 2)
        if info.is_numeric:
            constructor = f"{class_name}(final int value) {{ this.value = value; }}"
            # NOTE: the client library reads and writes a constant as its toString(), and ignores annotations.
            method = f"{_TO_STRING} return String.valueOf(value); }}"
            yield from indent(
                ["", "private final int value;", constructor, "public int getValue() { return value; }", method], 2
            )
        yield from indent(["}"])

    def _write_constant(self, info: EnumInfo, name: str, number: int) -> str:
        text, free = self.get_text(info, name, number), self.escape_name(name)
        if text == free:
            return free
        constant = (
            f"{free}({number})" if info.is_numeric else f"{free} {{ {_TO_STRING} return {self.quote(text)}; }} }}"
        )
        return f"@SerializedName({self.quote(text)}) {constant}"

    def _write_class(self, info: RecordInfo) -> Iterator[str]:
        yield from self.write_annotations(info)
        extends, implements = self.extends(info), ", ".join(self.implements(info))
        yield (
            f"public static class {self.get_full_name(info)}"
            f"{f' extends {extends}' if extends else ''}{f' implements {implements}' if implements else ''}"
        )
        yield "{"
        yield from indent(self._write_members(info))
        yield "}"

    def _write_members(self, info: RecordInfo) -> Iterator[str]:
        spaced = info.is_contract or any(field.description for field in self.list_properties(info))
        for number, field in enumerate(self.list_properties(info)):
            if number and spaced:
                yield ""
            yield from self.write_member_annotations(info, field)
            value = self.get_initial_value(field) or "null"
            yield f"{self.write_renaming(field)}public {self.format_type(field.type)} {self.get_member_name(field)} = {value};"
        if self.is_on("AddPropertyAccessors") and self.list_properties(info):
            yield ""
            for field in self.list_properties(info):
                yield from self._write_accessors(info, field)
        yield from self._write_response_type(info)

    def _write_accessors(self, info: RecordInfo, field: Property) -> Iterable[str]:
        kind, member, title = (
            self.format_type(field.type),
            self.get_member_name(field),
            field.name[:1].upper() + field.name[1:],
        )
        prefix = "is" if kind == "Boolean" and not title.startswith("Is") else "get"
        # Object already has a getClass.
        getter = f"{prefix}{title}" if f"{prefix}{title}" != "getClass" else "getClass_"
        owner = self.get_full_name(info)
        yield f"public {kind} {getter}() {{ return {member}; }}"
        if self.is_on("SettersReturnThis"):
            yield f"public {owner} set{title}({kind} value) {{ this.{member} = value; return this; }}"
        else:
            yield f"public void set{title}({kind} value) {{ this.{member} = value; }}"

    def _write_response_type(self, info: RecordInfo) -> Iterator[str]:
        operation = self.find_operation(info)
        if operation is None or operation.returns is None or not self.is_marked(info):
            return
        response_type = self.format_type(operation.returns)
        value = (
            f"new TypeToken<{response_type}>(){{}}.getType()"
            if operation.returns.arguments
            else f"{response_type}.class"
        )
        yield f"private static Object responseType = {value};"
        yield "public Object getResponseType() { return responseType; }"
