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
from gateway.metadata.languages.options import Options, entries, names
from gateway.metadata.languages.scalars import is_value
from gateway.metadata.languages.selection import VERSION, names_in, select, with_additions
from gateway.metadata.languages.texts import block_comment
from gateway.metadata.languages.wording import Wording, api_values


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
        self.offered = self._offered()
        if refused := [*self._refused()]:
            raise ValidationFailed("types", refused)
        self._values = {name: self._given(name) or default for name, default in {**_BY_NATURE, **self.offered}.items()}
        self.contract = with_additions(
            contract, status=self.flag("AddResponseStatus"), version=bool(self.text("AddImplicitVersion"))
        )
        self.part = select(self.contract, entries(self.text("IncludeTypes")), entries(self.text("ExcludeTypes")))
        texts = {each.lower(): each for each in names(self.text("TreatTypesAsStrings"))}
        self.as_texts = frozenset(name for name in (*self.scalars, *contract.types) if name.lower() in texts)
        known = {name.lower() for name in self.as_texts}
        self.unknown = {
            **self.part.unknown,
            "TreatTypesAsStrings": tuple(text for plain, text in texts.items() if plain not in known),
        }
        self.types = self._select()
        # NOTE: the page of one operation (bare) is complete without types: the page names the client library.
        if (
            not self.types
            and contract.types
            and not options.bare
            and (self.text("IncludeTypes") or self.text("ExcludeTypes"))
        ):
            raise ValidationFailed("types", [*self._empty()])

    def _select(self) -> dict[str, TypeInfo]:
        own = not self.flag("AddServiceStackTypes")
        return {
            name: info
            for name, info in self.part.types.items()
            if name not in self.provided and not (own and info.namespace == SERVICESTACK)
        }

    def _empty(self) -> Iterator[FieldError]:
        """Yield failures that explain why no type is left."""
        for each in self.unknown["IncludeTypes"]:
            close = get_close_matches(each, self.contract.types, n=3, cutoff=0.5)
            hint = f"; did you mean {' or '.join(close)}?" if close else ". /types/metadata lists the types."
            yield FieldError("Invalid", "IncludeTypes", f"IncludeTypes: {each} matches no type{hint}")
        if not any(self.unknown["IncludeTypes"]):
            message = (
                f"IncludeTypes and ExcludeTypes leave no types for {self.title} that its client library does not have."
            )
            yield FieldError("Invalid", "IncludeTypes", message)

    # Options

    @classmethod
    def options_of(cls) -> dict[str, str]:
        """Return all options with their default values: those of the head, and those that documents imply."""
        return {**_BY_NATURE, **cls.defaults}

    @classmethod
    def rule(cls, option: str) -> values.Rule:
        """Return the valid values of an option."""
        if cls.options_of()[option] in ("True", "False"):
            return values.FLAG
        return {**values.COMMON, **cls.rules}[option]

    def _offered(self) -> dict[str, str]:
        changed, missing = self.edition.options, self.edition.missing
        return {name: changed.get(name, default) for name, default in self.defaults.items() if name not in missing}

    def _given(self, option: str) -> str:
        return self.options.given.get(option.lower(), "")

    def _refused(self) -> Iterator[FieldError]:
        for option in self.options_of():
            value, rule = self._given(option), self.rule(option)
            if len(value) > values.LONGEST:
                yield FieldError("Length", option, f"'{option}' must not be longer than {values.LONGEST} characters.")
            elif value and not (value.isprintable() and rule.accepts(value)):
                yield FieldError("Invalid", option, f"'{option}' must be {rule.words}. You entered '{value[:200]}'.")

    def text(self, option: str) -> str:
        """Return an option's value, or the language's default."""
        return self._values.get(option, "")

    def flag(self, option: str) -> bool:
        """Return whether an option is on."""
        return self.text(option).lower() == "true"

    # The document

    def document(self) -> str:
        """Return the document."""
        return "\n".join([*self.head_lines(), *self.source()]).rstrip("\n") + "\n"

    def source(self) -> Iterator[str]:
        """Yield the lines after the options block."""
        yield from self.opening()
        yield from self.body()
        yield from self.closing()

    def body(self) -> Iterator[str]:
        """Yield the types."""
        for info in self.ordered():
            yield from self.lines(info)

    def lines(self, info: TypeInfo) -> Iterator[str]:
        """Yield a type's lines, and a blank line."""
        yield from self.declaration(info)
        yield ""

    def declaration(self, info: TypeInfo) -> Iterator[str]:
        """Return a type's lines."""
        return self.record(info) if isinstance(info, RecordInfo) else self.enum(info)

    def head_lines(self) -> Iterator[str]:
        """Return the options block: given options, then the others."""
        style = self.head
        yield style.opening
        for line in self._facts():
            yield style.line + line
        yield style.line
        for option in self.offered:
            off = "" if option.lower() in self.options.given else style.off
            yield f"{style.line}{off}{option}: {self._given(option) if not off else self.text(option)}"
        for option, unknown in self.unknown.items():
            if unknown:
                yield f"{style.line}{style.off}Note: nothing matches {', '.join(unknown)} of {option}"
        if style.closing:
            opened = sum(self.text(option).count("/*") for option in self.offered) if style.nests else 0
            opened += (
                sum(each.count("/*") for unknown in self.unknown.values() for each in unknown) if style.nests else 0
            )
            yield " ".join([style.closing] * (1 + opened))
        yield ""

    def _facts(self) -> Iterator[str]:
        if self.options.date:
            yield f"Date: {self.options.date}"
        yield f"Version: {self.edition.version}"
        yield f'Tip: To override a DTO option, remove "{self.head.off}" prefix before updating'
        yield f"BaseUrl: {self.options.base_url}"

    @abstractmethod
    def opening(self) -> Iterator[str]:
        """Yield imports, and the lines that open a block around the types."""

    @abstractmethod
    def record(self, info: RecordInfo) -> Iterator[str]:
        """Return a record's lines."""

    @abstractmethod
    def enum(self, info: EnumInfo) -> Iterator[str]:
        """Return an enum's lines."""

    def closing(self) -> Iterator[str]:
        """Yield the lines that close the block around the types."""
        yield from ()

    def ordered(self) -> Iterable[TypeInfo]:
        """Return the types in the document's order: as the operations refer to them."""
        return self.types.values()

    # Properties of types

    def operation(self, info: RecordInfo) -> OperationInfo | None:
        """Return the operation that has the record as its request."""
        return self.contract.by_name.get(info.name)

    def is_marked(self, info: RecordInfo) -> bool:
        """Return whether the record declares its operation's response."""
        return not self.options.bare and self.flag("AddReturnMarker") and self.operation(info) is not None

    def routes(self, info: RecordInfo) -> Iterator[tuple[str, str]]:
        """Yield the path and the verbs (separated by commas, empty for any) of each of the record's routes."""
        operation = self.operation(info)
        if operation is not None and not self.options.bare:
            for route in operation.routes:
                yield route.path, "" if len(route.verbs) == _EVERY_VERB else ",".join(route.verbs)

    def uses(self, name: str) -> bool:
        """Return whether the document uses a type with this .NET name."""
        refs = [ref for info in self.types.values() for ref in references(info)]
        refs += [
            each.returns for each in self.contract.operations if each.returns is not None and each.name in self.types
        ]
        return any(name in names_in(each) for each in refs)

    def used_names(self) -> set[str]:
        """Return the names of the marker interfaces of the document's types."""
        found: set[str] = set()
        for info in self.types.values():
            if isinstance(info, RecordInfo):
                found |= {each.type.name for each in info.interfaces}
                found |= {self.marker(info)} if self.is_marked(info) else set()
        return found

    def marker(self, info: RecordInfo) -> str:
        """Return the name of the return marker of an operation's request."""
        operation = self.operation(info)
        return "IReturnVoid" if operation is None or operation.returns is None else "IReturn"

    def may_be_absent(self, each: Property) -> bool:
        """Return whether a property's type shows that the value may be absent. For types without null, an option decides."""
        never = not each.nullable and each.type.kind in ("scalar", "enum")
        return not never or self.flag("MakePropertiesOptional")

    def is_required(self, each: Property) -> bool:
        """Return whether a property is never null: a value without a mark for null, or one whose contract requires it."""
        if is_value(each.type):
            return not each.nullable
        told = (each.api_member or ApiMember()).is_required or (each.data_member or DataMember()).is_required
        return told or each.ui.get("isRequired") is True or any(map(_requires, each.attributes))

    def is_optional(self, each: Property) -> bool:
        """Return whether the edition marks a property as optional, in TypeScript and JavaScript."""
        match self.edition.optional:
            case "none":
                return False
            case "values":
                return is_value(each.type) and each.nullable
            case _:
                return not self.is_required(each)

    def is_filled(self, each: Property) -> bool:
        """Return whether a property starts as an empty collection."""
        filled = self.flag("InitializeCollections") or (self.edition.initializers and self.is_required(each))
        return filled and each.type.kind in ("list", "map")

    def initial(self, each: Property) -> str:
        """Return the initial value of a property, if an option sets one."""
        return self.version if each is VERSION else ""

    @property
    def version(self) -> str:
        """The version of every request as a decimal literal; empty if requests have none."""
        given = self.text("AddImplicitVersion")
        # Leading zeros make an octal number or a syntax error.
        return str(int(given)) if given else ""

    def implements(self, info: RecordInfo) -> list[str]:
        """Return the interfaces of a record, the return marker of an operation's request first."""
        operation = self.operation(info)
        marker = []
        if operation is not None and self.is_marked(info):
            returns = operation.returns
            marker = [self.generic(self.marker(info), [self.type_name(returns)] if returns else [])]
        return [*marker, *(self.interface(each) for each in info.interfaces if self.knows(each))]

    def knows(self, interface: InterfaceRef) -> bool:
        """Return whether the language has an interface, in its client library or declared in the document."""
        return interface.namespace == SERVICESTACK and interface.type.name in _VERBS

    def interface(self, interface: InterfaceRef) -> str:
        """Return an interface with its type arguments."""
        return self.generic(interface.type.name, [self.type_name(each) for each in interface.type.arguments])

    # Comments before a type or a member, in languages without attributes

    def properties(self, info: RecordInfo) -> tuple[Property, ...]:
        """Return a record's properties without those that its base has too."""
        return tuple(each for each in info.properties if not each.redeclared)

    def is_flags(self, name: str) -> bool:
        known = self.contract.types.get(name)
        return isinstance(known, EnumInfo) and known.flags

    def is_numbered(self, name: str) -> bool:
        known = self.contract.types.get(name)
        return isinstance(known, EnumInfo) and known.numbered

    def word(self, each: Property) -> str:
        """Return a property's name if names must be words: its name in documents, or the .NET name if that is not a word."""
        return each.wire if each.wire.isidentifier() else camel_case(each.name)

    def literal(self, value: str | int | float | bool) -> str:
        """Return a text, number, boolean or type as an argument of an attribute."""
        if isinstance(value, TypeName):
            return self.type_form.format(value.plain if self.text("GlobalNamespace") else value)
        return self.quoted(value) if isinstance(value, str) else str(value).lower()

    def arguments(self, values: Mapping[str, str | int | float | bool], mark: str = "=") -> str:
        """Return the named arguments of an attribute."""
        return ", ".join(f"{name}{mark}{self.literal(value)}" for name, value in values.items())

    def data_member(self, info: RecordInfo, each: Property) -> dict[str, str | int | float | bool]:
        """Return the ``[DataMember]`` of a property."""
        told, number = each.data_member or DataMember(), info.number_of(each)
        values = {"Name": told.name, "Order": number, "IsRequired": told.is_required}
        return {name: value for name, value in values.items() if value or (value == 0 and value is not False)}

    def remarks(self, info: RecordInfo) -> Iterator[str]:
        """Yield a record's attributes as comments."""
        mark = self.line_comment
        for path, verbs in self.routes(info):
            yield f"{mark} @Route({self.quoted(path)}{f', {self.quoted(verbs)}' if verbs else ''})"
        if info.description and self.operation(info):
            yield f"{mark} @Api(Description={self.quoted(info.description)})"
        if info.is_contract:
            yield f"{mark} @DataContract"
        yield from self.further_remarks(info.attributes)

    def member_remarks(self, info: RecordInfo, each: Property) -> Iterator[str]:
        """Yield a property's attributes as comments."""
        if info.is_contract:
            values = self.arguments(self.data_member(info, each))
            yield f"{self.line_comment} @DataMember{f'({values})' if values else ''}"
        if values := self.arguments(api_values(each)):
            yield f"{self.line_comment} @ApiMember({values})"
        yield from self.further_remarks(each.attributes)

    def further_remarks(self, attributes: Iterable[Attribute]) -> Iterator[str]:
        """Yield other attributes as comments."""
        for each in attributes:
            arguments = ", ".join(filter(None, [*map(self.literal, each.arguments), self.arguments(each.values)]))
            yield f"{self.line_comment} @{each.name}({arguments})"

    def block(self, text: str) -> Iterator[str]:
        """Yield a description as a block comment."""
        if self.describes():
            yield from block_comment(self.comment_lines(text))

    def describes(self) -> bool:
        """Return whether descriptions become comments."""
        return self.flag("AddDescriptionAsComments")


def _requires(attribute: Attribute) -> bool:
    """Return whether a .NET attribute marks a property as never null."""
    if attribute.name != "Validate":
        return attribute.name == "Required"
    told = (*attribute.arguments, *attribute.values.values())
    return any(str(each).startswith(("NotEmpty", "NotNull")) for each in told)


_EVERY_VERB = 5
#: The interfaces that every client library has.
_VERBS = frozenset(("IGet", "IPost", "IPut", "IPatch", "IDelete"))
_BY_NATURE = {"AddReturnMarker": "True", "AddServiceStackTypes": "True", "AddDescriptionAsComments": "True"}
