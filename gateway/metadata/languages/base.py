"""The base of all languages: a document with a head, imports and types, made from tables and a few methods."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar

from gateway.contract.dto_field import ApiMember, Attribute, DataMember, TypeName
from gateway.contract.naming import camel_case
from gateway.contract.typeinfo import (
    SERVICESTACK,
    Contract,
    EnumInfo,
    InterfaceRef,
    OperationInfo,
    Property,
    RecordInfo,
    TypeInfo,
    references,
)
from gateway.errors import FieldError, ValidationFailed
from gateway.metadata.languages import values
from gateway.metadata.languages.options import Options, split_entries, split_names
from gateway.metadata.languages.scalars import is_value
from gateway.metadata.languages.selection import VERSION, add_properties, list_names, select
from gateway.metadata.languages.texts import write_block_comment
from gateway.metadata.languages.wording import Wording, list_api_values


@dataclass(frozen=True, slots=True)
class Head:
    """How a language writes the options block at the top of a document.

    :ivar off: the prefix of an omitted option.
    :ivar line: the prefix of each line.
    :ivar nests: whether comments nest, so that each ``/*`` within needs its own end.
    """

    opening: str = "/* Options:"
    closing: str = "*/"
    off: str = "//"
    line: str = ""
    nests: bool = False


class Generator(Wording, ABC):
    """The types of a contract in one language. Subclasses are tables and templates; an object makes one document.

    :cvar name: the language's name in URLs and in ``gateway types``.
    :cvar title: its name for people.
    :cvar suffix: the suffix of its files.
    :cvar defaults: the options and their default values, in the order of the document's head.
    :cvar rules: the rules for values of options that are not the same in every language.
    :cvar type_form: the type ``{0}`` as an argument of an attribute.
    :cvar provided: ServiceStack's DTOs that the language's client library contains.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    suffix: ClassVar[str]
    defaults: ClassVar[Mapping[str, str]]
    rules: ClassVar[Mapping[str, values.Rule]] = {}
    head: ClassVar[Head] = Head()
    provided: ClassVar[frozenset[str]] = frozenset()
    line_comment: ClassVar[str] = "//"
    type_form: ClassVar[str] = "typeof({0})"

    def __init__(self, contract: Contract, options: Options) -> None:
        """Take a contract and options.

        :raises ValidationFailed: for every option whose value is not valid in the language, or when options leave no type.
        """
        self.options = options
        self.edition = options.edition
        #: The options of the head, with the defaults of the edition.
        self.offered = self._select_options()
        if failures := [*self._check_options()]:
            raise ValidationFailed("types", failures)
        self._values = {
            name: self._get_value(name) or default for name, default in {**_BY_NATURE, **self.offered}.items()
        }
        self.contract = add_properties(
            contract, status=self.is_on("AddResponseStatus"), version=bool(self.get_option("AddImplicitVersion"))
        )
        self.part = select(
            self.contract,
            split_entries(self.get_option("IncludeTypes")),
            split_entries(self.get_option("ExcludeTypes")),
        )
        texts = {name.lower(): name for name in split_names(self.get_option("TreatTypesAsStrings"))}
        self.as_texts = frozenset(name for name in (*self.scalars, *contract.types) if name.lower() in texts)
        text_names = {name.lower() for name in self.as_texts}
        self.unknown = {
            **self.part.unknown,
            "TreatTypesAsStrings": tuple(text for plain, text in texts.items() if plain not in text_names),
        }
        self.types = self._select()
        # NOTE: the page of one operation (bare) is complete without types: the page names the client library.
        if (
            not self.types
            and contract.types
            and not options.bare
            and (self.get_option("IncludeTypes") or self.get_option("ExcludeTypes"))
        ):
            raise ValidationFailed("types", [*self._explain_empty()])

    def _select(self) -> dict[str, TypeInfo]:
        excludes_servicestack = not self.is_on("AddServiceStackTypes")
        return {
            name: info
            for name, info in self.part.types.items()
            if name not in self.provided and not (excludes_servicestack and info.namespace == SERVICESTACK)
        }

    def _explain_empty(self) -> Iterator[FieldError]:
        """Yield failures that explain why no type is left."""
        for entry in self.unknown["IncludeTypes"]:
            close = get_close_matches(entry, self.contract.types, n=3, cutoff=0.5)
            hint = f"; did you mean {' or '.join(close)}?" if close else ". /types/metadata lists the types."
            yield FieldError("Invalid", "IncludeTypes", f"IncludeTypes: {entry} matches no type{hint}")
        if not any(self.unknown["IncludeTypes"]):
            message = (
                f"IncludeTypes and ExcludeTypes leave no types for {self.title} that its client library does not have."
            )
            yield FieldError("Invalid", "IncludeTypes", message)

    # Options

    @classmethod
    def list_options(cls) -> dict[str, str]:
        """Return all options with their default values: those of the head, and those that documents imply."""
        return {**_BY_NATURE, **cls.defaults}

    @classmethod
    def get_rule(cls, option: str) -> values.Rule:
        """Return the valid values of an option."""
        if cls.list_options()[option] in ("True", "False"):
            return values.FLAG
        return {**values.COMMON, **cls.rules}[option]

    def _select_options(self) -> dict[str, str]:
        changes, missing = self.edition.options, self.edition.missing
        return {name: changes.get(name, default) for name, default in self.defaults.items() if name not in missing}

    def _get_value(self, option: str) -> str:
        return self.options.given.get(option.lower(), "")

    def _check_options(self) -> Iterator[FieldError]:
        for option in self.list_options():
            value, rule = self._get_value(option), self.get_rule(option)
            if len(value) > values.LONGEST:
                yield FieldError("Length", option, f"'{option}' must not be longer than {values.LONGEST} characters.")
            elif value and not (value.isprintable() and rule.accepts(value)):
                yield FieldError("Invalid", option, f"'{option}' must be {rule.words}. You entered '{value[:200]}'.")

    def get_option(self, option: str) -> str:
        """Return an option's value, or the language's default."""
        return self._values.get(option, "")

    def is_on(self, option: str) -> bool:
        """Return whether an option is on."""
        return self.get_option(option).lower() == "true"

    # The document

    def write_document(self) -> str:
        """Return the document."""
        return "\n".join([*self.write_head(), *self.write_source()]).rstrip("\n") + "\n"

    def write_source(self) -> Iterator[str]:
        """Yield the lines after the options block."""
        yield from self.write_opening()
        yield from self.write_body()
        yield from self.write_closing()

    def write_body(self) -> Iterator[str]:
        """Yield the types."""
        for info in self.order_types():
            yield from self.write_lines(info)

    def write_lines(self, info: TypeInfo) -> Iterator[str]:
        """Yield a type's lines, and a blank line."""
        yield from self.write_declaration(info)
        yield ""

    def write_declaration(self, info: TypeInfo) -> Iterator[str]:
        """Return a type's lines."""
        return self.write_record(info) if isinstance(info, RecordInfo) else self.write_enum(info)

    def write_head(self) -> Iterator[str]:
        """Return the options block: given options, then the others."""
        style = self.head
        yield style.opening
        for line in self._write_facts():
            yield style.line + line
        yield style.line
        for option in self.offered:
            off = "" if option.lower() in self.options.given else style.off
            yield f"{style.line}{off}{option}: {self._get_value(option) if not off else self.get_option(option)}"
        for option, unknown in self.unknown.items():
            if unknown:
                yield f"{style.line}{style.off}Note: nothing matches {', '.join(unknown)} of {option}"
        if style.closing:
            nested_comments = sum(self.get_option(option).count("/*") for option in self.offered) if style.nests else 0
            nested_comments += (
                sum(entry.count("/*") for unknown in self.unknown.values() for entry in unknown) if style.nests else 0
            )
            yield " ".join([style.closing] * (1 + nested_comments))
        yield ""

    def _write_facts(self) -> Iterator[str]:
        if self.options.date:
            yield f"Date: {self.options.date}"
        yield f"Version: {self.edition.version}"
        yield f'Tip: To override a DTO option, remove "{self.head.off}" prefix before updating'
        yield f"BaseUrl: {self.options.base_url}"

    @abstractmethod
    def write_opening(self) -> Iterator[str]:
        """Yield imports, and the lines that open a block around the types."""

    @abstractmethod
    def write_record(self, info: RecordInfo) -> Iterator[str]:
        """Return a record's lines."""

    @abstractmethod
    def write_enum(self, info: EnumInfo) -> Iterator[str]:
        """Return an enum's lines."""

    def write_closing(self) -> Iterator[str]:
        """Yield the lines that close the block around the types."""
        yield from ()

    def order_types(self) -> Iterable[TypeInfo]:
        """Return the types in the document's order: as the operations refer to them."""
        return self.types.values()

    # Properties of types

    def find_operation(self, info: RecordInfo) -> OperationInfo | None:
        """Return the operation that has the record as its request."""
        return self.contract.by_name.get(info.name)

    def is_marked(self, info: RecordInfo) -> bool:
        """Return whether the record declares its operation's response."""
        return not self.options.bare and self.is_on("AddReturnMarker") and self.find_operation(info) is not None

    def list_routes(self, info: RecordInfo) -> Iterator[tuple[str, str]]:
        """Yield the path and the verbs (separated by commas, empty for any) of each of the record's routes."""
        operation = self.find_operation(info)
        if operation is not None and not self.options.bare:
            for route in operation.routes:
                yield route.path, "" if len(route.verbs) == _EVERY_VERB else ",".join(route.verbs)

    def uses(self, name: str) -> bool:
        """Return whether the document uses a type with this .NET name."""
        refs = [ref for info in self.types.values() for ref in references(info)]
        refs += [
            operation.returns
            for operation in self.contract.operations
            if operation.returns is not None and operation.name in self.types
        ]
        return any(name in list_names(ref) for ref in refs)

    def list_marker_names(self) -> set[str]:
        """Return the names of the marker interfaces of the document's types."""
        interface_names: set[str] = set()
        for info in self.types.values():
            if isinstance(info, RecordInfo):
                interface_names |= {interface.type.name for interface in info.interfaces}
                interface_names |= {self.get_marker(info)} if self.is_marked(info) else set()
        return interface_names

    def get_marker(self, info: RecordInfo) -> str:
        """Return the name of the return marker of an operation's request."""
        operation = self.find_operation(info)
        return "IReturnVoid" if operation is None or operation.returns is None else "IReturn"

    def may_be_absent(self, field: Property) -> bool:
        """Return whether a property's type shows that the value may be absent. For types without null, an option decides."""
        never = not field.nullable and field.type.kind in ("scalar", "enum")
        return not never or self.is_on("MakePropertiesOptional")

    def is_required(self, field: Property) -> bool:
        """Return whether a property is never null: a value without a mark for null, or one whose contract requires it."""
        if is_value(field.type):
            return not field.nullable
        is_declared = (field.api_member or ApiMember()).is_required or (field.data_member or DataMember()).is_required
        return is_declared or field.ui.get("isRequired") is True or any(map(_requires, field.attributes))

    def is_optional(self, field: Property) -> bool:
        """Return whether the edition marks a property as optional, in TypeScript and JavaScript."""
        match self.edition.optional:
            case "none":
                return False
            case "values":
                return is_value(field.type) and field.nullable
            case _:
                return not self.is_required(field)

    def is_filled(self, field: Property) -> bool:
        """Return whether a property starts as an empty collection."""
        initializes = self.is_on("InitializeCollections") or (self.edition.initializers and self.is_required(field))
        return initializes and field.type.kind in ("list", "map")

    def get_initial_value(self, field: Property) -> str:
        """Return the initial value of a property, if an option sets one."""
        return self.version if field is VERSION else ""

    @property
    def version(self) -> str:
        """The version of every request as a decimal literal; empty if requests have none."""
        version = self.get_option("AddImplicitVersion")
        # Leading zeros make an octal number or a syntax error.
        return str(int(version)) if version else ""

    def implements(self, info: RecordInfo) -> list[str]:
        """Return the interfaces of a record, the return marker of an operation's request first."""
        operation = self.find_operation(info)
        marker = []
        if operation is not None and self.is_marked(info):
            returns = operation.returns
            marker = [self.format_generic(self.get_marker(info), [self.format_type(returns)] if returns else [])]
        return [*marker, *(self.format_interface(interface) for interface in info.interfaces if self.knows(interface))]

    def knows(self, interface: InterfaceRef) -> bool:
        """Return whether the language has an interface, in its client library or declared in the document."""
        return interface.namespace == SERVICESTACK and interface.type.name in _VERBS

    def format_interface(self, interface: InterfaceRef) -> str:
        """Return an interface with its type arguments."""
        return self.format_generic(
            interface.type.name, [self.format_type(argument) for argument in interface.type.arguments]
        )

    # Comments before a type or a member, in languages without attributes

    def list_properties(self, info: RecordInfo) -> tuple[Property, ...]:
        """Return a record's properties without those that its base has too."""
        return tuple(field for field in info.properties if not field.redeclared)

    def is_flags(self, name: str) -> bool:
        type_info = self.contract.types.get(name)
        return isinstance(type_info, EnumInfo) and type_info.flags

    def is_numbered(self, name: str) -> bool:
        type_info = self.contract.types.get(name)
        return isinstance(type_info, EnumInfo) and type_info.numbered

    def get_word(self, field: Property) -> str:
        """Return a property's name if names must be words: its name in documents, or the .NET name if that is not a word."""
        return field.wire if field.wire.isidentifier() else camel_case(field.name)

    def format_literal(self, value: str | int | float | bool) -> str:
        """Return a text, number, boolean or type as an argument of an attribute."""
        if isinstance(value, TypeName):
            return self.type_form.format(value.plain if self.get_option("GlobalNamespace") else value)
        return self.quote(value) if isinstance(value, str) else str(value).lower()

    def format_arguments(self, values: Mapping[str, str | int | float | bool], mark: str = "=") -> str:
        """Return the named arguments of an attribute."""
        return ", ".join(f"{name}{mark}{self.format_literal(value)}" for name, value in values.items())

    def build_data_member(self, info: RecordInfo, field: Property) -> dict[str, str | int | float | bool]:
        """Return the ``[DataMember]`` of a property."""
        data_member, number = field.data_member or DataMember(), info.number_of(field)
        values = {"Name": data_member.name, "Order": number, "IsRequired": data_member.is_required}
        return {name: value for name, value in values.items() if value or (value == 0 and value is not False)}

    def write_remarks(self, info: RecordInfo) -> Iterator[str]:
        """Yield a record's attributes as comments."""
        mark = self.line_comment
        for path, verbs in self.list_routes(info):
            yield f"{mark} @Route({self.quote(path)}{f', {self.quote(verbs)}' if verbs else ''})"
        if self.contract.has_api(info):
            yield f"{mark} @Api(Description={self.quote(info.description)})"
        if info.is_contract:
            yield f"{mark} @DataContract"
        yield from self.write_further_remarks(info.attributes)

    def write_member_remarks(self, info: RecordInfo, field: Property) -> Iterator[str]:
        """Yield a property's attributes as comments."""
        if info.is_contract:
            values = self.format_arguments(self.build_data_member(info, field))
            yield f"{self.line_comment} @DataMember{f'({values})' if values else ''}"
        if values := self.format_arguments(list_api_values(field)):
            yield f"{self.line_comment} @ApiMember({values})"
        yield from self.write_further_remarks(field.attributes)

    def write_further_remarks(self, attributes: Iterable[Attribute]) -> Iterator[str]:
        """Yield other attributes as comments."""
        for attribute in attributes:
            arguments = ", ".join(
                filter(None, [*map(self.format_literal, attribute.arguments), self.format_arguments(attribute.values)])
            )
            yield f"{self.line_comment} @{attribute.name}({arguments})"

    def write_block_comment(self, text: str) -> Iterator[str]:
        """Yield a description as a block comment."""
        if self.describes():
            yield from write_block_comment(self.split_comment(text))

    def describes(self) -> bool:
        """Return whether descriptions become comments."""
        return self.is_on("AddDescriptionAsComments")


def _requires(attribute: Attribute) -> bool:
    """Return whether a .NET attribute marks a property as never null."""
    if attribute.name != "Validate":
        return attribute.name == "Required"
    rules = (*attribute.arguments, *attribute.values.values())
    return any(str(rule).startswith(("NotEmpty", "NotNull")) for rule in rules)


_EVERY_VERB = 5
#: The interfaces that every client library has.
_VERBS = frozenset(("IGet", "IPost", "IPut", "IPatch", "IDelete"))
_BY_NATURE = {"AddReturnMarker": "True", "AddServiceStackTypes": "True", "AddDescriptionAsComments": "True"}
