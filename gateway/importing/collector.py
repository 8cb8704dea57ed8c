"""Conversion of declarations in a language to drafts: attributes become routes, access, data members and descriptions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from gateway.contract.catalog import ANY, Route
from gateway.contract.dto_field import ApiMember, Attribute, DataMember
from gateway.contract.naming import camel_case
from gateway.importing.drafts import Draft, DraftEnum, DraftMember, DraftOperation, DraftRecord, TypeUse, split_words
from gateway.importing.members import find_access, parse_api_member, parse_data_member
from gateway.importing.tokens import Notes
from gateway.metadata.languages.scalars import get_scalars

#: A member of an enum: its name, its number if the document has it, and its notes.
Member: TypeAlias = tuple[str, int | None, Notes]

_VERBS = frozenset(ANY)
_WORD = re.compile(r"[^\W_]+")
#: Bases that concern conversion only.
_HELPERS = split_words("IExtensibleDataObject IConvertible JsonSerializable Codable Equatable Hashable")
#: Attributes that concern code generation only.
_NOISE = split_words(
    """
    Api Route DataContract Description GeneratedCode Serializable JsonSerializable dataclass dataclass_json AllowNullLiteral EnumAsInt Flags
    ApiMember DataMember SerializedName JsonProperty JsonPropertyName
    """
)


@dataclass
class _Bases:
    """The base class and interfaces of a class.

    :ivar is_request: it has a return marker.
    :ivar returns: the response type.
    """

    base: TypeUse | None
    interfaces: list[tuple[TypeUse, str]] = field(default_factory=list)
    is_request: bool = False
    returns: TypeUse | None = None


def build_table(language: str, **others: str) -> dict[str, str]:
    """Return .NET's types by the names of a language; the first one if several have the same name."""
    table: dict[str, str] = {}
    for dotnet, name in get_scalars(language).items():
        table.setdefault(name, dotnet)
    return {**table, **others}


class Collector:
    """Collects the declarations of a document.

    :ivar table: .NET's types by the names of the language.
    :ivar has_nulls: the language marks values that may be null; in other languages all values may be.
    """

    def __init__(self, kind: str, table: Mapping[str, str], *, has_nulls: bool = False) -> None:
        self.draft = Draft(kind)
        self.table = table
        self.has_nulls = has_nulls

    def translate_use(self, use: TypeUse) -> TypeUse:
        """Return a use of a type with .NET names."""
        name = self.table.get(use.name, use.name)
        arguments = tuple(map(self.translate_use, use.arguments))
        if name == "Byte[]":
            return TypeUse("Array", (TypeUse("Byte"),), use.nullable)
        return replace(use, name=name, arguments=arguments)

    def add_record(
        self,
        name: str,
        position: str,
        notes: Notes,
        bases: Iterable[TypeUse] = (),
        *,
        namespace: str = "",
        parameters: Iterable[str] = (),
        members: Iterable[DraftMember] = (),
        is_interface: bool = False,
        base: TypeUse | None = None,
        method: str = "",
        returns: TypeUse | None = None,
    ) -> None:
        """Add a class.

        :param bases: its base class and interfaces; interfaces begin with a capital I and another one.
        :param base: its base class, if the language distinguishes it from interfaces.
        :param method: the verb that its method names.
        :param returns: the response type that its method names.
        """
        parents = self._add_bases(bases, _Bases(base, returns=returns))
        is_request = bool(method) or parents.is_request
        attributes = notes.attributes
        description = notes.description or _find_text(attributes, "Description", "Api")
        routes = tuple(
            _parse_route(attribute) for attribute in attributes if attribute.name in ("Route", "FallbackRoute")
        )
        record_members = [*members]
        if any(attribute.name == "DataContract" for attribute in attributes) or any(
            member.data_member for member in record_members
        ):
            for member in record_members:
                member.data_member = member.data_member or DataMember()
        self.draft.types.append(
            DraftRecord(
                name,
                namespace,
                position,
                record_members,
                None if parents.base is None else self.translate_use(parents.base),
                tuple(parameters),
                parents.interfaces,
                description,
                tuple(attribute for attribute in attributes if attribute.name not in _NOISE),
                is_interface=is_interface,
                has_api=any(attribute.name == "Api" for attribute in attributes) or None,
            )
        )
        if (is_request or routes) and not is_interface:
            verbs = () if routes else _find_verbs({interface.name for interface, _ in parents.interfaces}, method)
            self.draft.operations.append(
                DraftOperation(
                    name,
                    position,
                    routes,
                    verbs,
                    parents.returns,
                    find_access(attributes),
                    tuple(_list_tags(attributes)),
                )
            )

    def _add_bases(self, bases: Iterable[TypeUse], parents: _Bases) -> _Bases:
        """Add a class's base, interfaces and return marker to those that are known already."""
        for base in map(self.translate_use, bases):
            if base.name == "IReturn":
                parents.is_request, parents.returns = True, base.arguments[0] if base.arguments else None
            elif base.name == "IReturnVoid":
                parents.is_request = True
            elif base.name in _HELPERS:
                continue
            elif parents.base is None and not _is_interface(base.name) and not parents.interfaces:
                parents.base = base
            else:
                parents.interfaces.append((base, ""))
        return parents

    def make_member(
        self,
        source_name: str,
        use: TypeUse,
        notes: Notes,
        owner: str,
        *,
        is_dotnet: bool = False,
        dotnet: str = "",
        wire: str = "",
    ) -> DraftMember:
        """Return a member of a class.

        :param source_name: its name in the source: the .NET name if `is_dotnet`, otherwise the wire name.
        :param dotnet: its .NET name, if the source has it elsewhere.
        :param wire: its wire name, if the source has it elsewhere.
        """
        path = f"{owner}.{source_name}"
        data_member: DataMember | None = None
        api: ApiMember | None = None
        description, attributes = notes.description, []
        for attribute in notes.attributes:
            if attribute.name == "ApiMember":
                api, also = parse_api_member(attribute, path, self.draft.losses)
                description = also or description
            elif attribute.name == "DataMember":
                data_member = parse_data_member(attribute.values, path)
                for further in attribute.values.keys() - {"Name", "Order", "IsRequired"}:
                    self.draft.losses.add(f"{further} of [DataMember]", path)
            elif attribute.name == "Description":
                description = description or _find_text([attribute], "Description")
            elif attribute.name in ("SerializedName", "JsonPropertyName", "JsonProperty"):
                wire = wire or str(next(iter([*attribute.arguments, *attribute.values.values()]), ""))
            else:
                attributes.append(attribute)
        wire = wire or ("" if is_dotnet else source_name)
        name = dotnet or (source_name if is_dotnet else _make_dotnet_name(wire))
        # A wire name equal to the .NET name is not a rename: hosts that write PascalCase generate types with such names.
        if wire and wire not in (camel_case(name), name) and not (data_member and data_member.name):
            required = data_member is not None and data_member.is_required
            data_member = parse_data_member(
                {"name": wire, "order": data_member.order if data_member else None, "isrequired": required}, path
            )
        dotnet_use = self.translate_use(use)
        if not self.has_nulls:
            dotnet_use = replace(dotnet_use, nullable=True)
        return DraftMember(name, dotnet_use, description, data_member, api, tuple(attributes))

    def add_enum(
        self,
        name: str,
        position: str,
        notes: Notes,
        members: Iterable[Member],
        *,
        namespace: str = "",
        numbered: bool = False,
        flags: bool = False,
        texts: Mapping[str, str] | None = None,
    ) -> None:
        """Add an enum.

        :param members: names, numbers if the source has them, and notes.
        :param texts: the wire texts of members.
        """
        numbered_members: list[tuple[str, int]] = []
        wire_texts = dict(texts or {})
        descriptions = {}
        following = 0
        for member, number, member_notes in members:
            following = following if number is None else number
            numbered_members.append((member, following))
            following += 1
            if description := member_notes.description or _find_text(member_notes.attributes, "Description"):
                descriptions[member] = description
            for attribute in member_notes.attributes:
                if attribute.name in ("EnumMember", "SerializedName") and (
                    text := next(iter([*attribute.values.values(), *attribute.arguments]), "")
                ):
                    wire_texts[member] = str(text)
        attributes = {attribute.name for attribute in notes.attributes}
        flags = flags or "Flags" in attributes
        numbered = not flags and (numbered or "EnumAsInt" in attributes)
        self.draft.types.append(
            DraftEnum(
                name,
                namespace,
                position,
                numbered_members,
                notes.description or _find_text(notes.attributes, "Description"),
                flags,
                numbered,
                {} if flags or numbered else {member: text for member, text in wire_texts.items() if text != member},
                descriptions,
            )
        )


def _is_interface(name: str) -> bool:
    return len(name) > 1 and name[0] == "I" and name[1].isupper()


def _make_dotnet_name(wire: str) -> str:
    if wire.isidentifier():
        return wire[:1].upper() + wire[1:]
    name = "".join(word[:1].upper() + word[1:] for word in _WORD.findall(wire))
    return name if name.isidentifier() else f"N{name}"


def _find_text(attributes: Iterable[Attribute], value: str, *names: str) -> str:
    """Return a text of attributes: the first argument of ``[Description]``, or a named value; empty if there is none."""
    for attribute in attributes:
        if attribute.name in (names or ("Description",)):
            text = attribute.values.get(value) or next(iter(attribute.arguments), "")
            if text:
                return str(text)
    return ""


def _parse_route(attribute: Attribute) -> Route:
    values = {name.lower(): value for name, value in attribute.values.items()}
    path = values.get("path") or next(iter(attribute.arguments), "/")
    verb_text = values.get("verbs") or next(iter(attribute.arguments[1:2]), "")
    verbs = tuple(verb for verb in re.split(r"[,\s]+", str(verb_text).upper()) if verb in _VERBS)
    return Route(verbs or ANY, str(path))


def _find_verbs(interfaces: Set[str], method: str) -> tuple[str, ...]:
    """Return the verbs of an operation without routes: those of interfaces such as IPost, or the one that its method names."""
    names = {interface[1:].upper() for interface in interfaces} & _VERBS
    verbs = tuple(verb for verb in ANY if verb in names)
    return verbs or ((method,) if method and method != "POST" else ANY)


def _list_tags(attributes: Iterable[Attribute]) -> Iterable[str]:
    return (str(attribute.arguments[0]) for attribute in attributes if attribute.name == "Tag" and attribute.arguments)
