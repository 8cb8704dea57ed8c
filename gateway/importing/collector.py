"""Conversion of declarations in a language to drafts: attributes become routes, access, data members and descriptions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from gateway.contract.catalog import ANY, Route
from gateway.contract.dto_field import ApiMember, Attribute, DataMember
from gateway.contract.naming import camel_case
from gateway.importing.drafts import Draft, DraftEnum, DraftMember, DraftOperation, DraftRecord, TypeUse, words
from gateway.importing.members import access_of, api_member, data_member
from gateway.importing.tokens import Notes
from gateway.metadata.languages.scalars import scalars_of

#: A member of an enum: its name, its number if the document has it, and its notes.
Member: TypeAlias = tuple[str, int | None, Notes]

_VERBS = frozenset(ANY)
_WORD = re.compile(r"[^\W_]+")
#: Bases that concern conversion only.
_HELPERS = words("IExtensibleDataObject IConvertible JsonSerializable Codable Equatable Hashable")
#: Attributes that concern code generation only.
_NOISE = words(
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


def table_of(language: str, **others: str) -> dict[str, str]:
    """Return .NET's types by the names of a language; the first one if several have the same name."""
    found: dict[str, str] = {}
    for dotnet, name in scalars_of(language).items():
        found.setdefault(name, dotnet)
    return {**found, **others}


class Collector:
    """Collects the declarations of a document.

    :ivar table: .NET's types by the names of the language.
    :ivar has_nulls: the language marks values that may be null; in other languages all values may be.
    """

    def __init__(self, kind: str, table: Mapping[str, str], *, has_nulls: bool = False) -> None:
        self.draft = Draft(kind)
        self.table = table
        self.has_nulls = has_nulls

    def use(self, use: TypeUse) -> TypeUse:
        """Return a use of a type with .NET names."""
        name = self.table.get(use.name, use.name)
        arguments = tuple(map(self.use, use.arguments))
        if name == "Byte[]":
            return TypeUse("Array", (TypeUse("Byte"),), use.nullable)
        return replace(use, name=name, arguments=arguments)

    def record(
        self,
        name: str,
        place: str,
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
        found = self._bases(bases, _Bases(base, returns=returns))
        is_request = bool(method) or found.is_request
        attributes = notes.attributes
        description = notes.description or _told(attributes, "Description", "Api")
        routes = tuple(_route(each) for each in attributes if each.name in ("Route", "FallbackRoute"))
        own = [*members]
        if any(each.name == "DataContract" for each in attributes) or any(each.data_member for each in own):
            for member in own:
                member.data_member = member.data_member or DataMember()
        self.draft.types.append(
            DraftRecord(
                name,
                namespace,
                place,
                own,
                None if found.base is None else self.use(found.base),
                tuple(parameters),
                found.interfaces,
                description,
                tuple(each for each in attributes if each.name not in _NOISE),
                is_interface=is_interface,
            )
        )
        if (is_request or routes) and not is_interface:
            verbs = () if routes else _verbs({each.name for each, _ in found.interfaces}, method)
            self.draft.operations.append(
                DraftOperation(
                    name,
                    place,
                    routes,
                    verbs,
                    found.returns,
                    access_of(attributes),
                    tuple(_tags(attributes)),
                )
            )

    def _bases(self, bases: Iterable[TypeUse], found: _Bases) -> _Bases:
        """Add a class's base, interfaces and return marker to those that are known already."""
        for each in map(self.use, bases):
            if each.name == "IReturn":
                found.is_request, found.returns = True, each.arguments[0] if each.arguments else None
            elif each.name == "IReturnVoid":
                found.is_request = True
            elif each.name in _HELPERS:
                continue
            elif found.base is None and not _is_interface(each.name) and not found.interfaces:
                found.base = each
            else:
                found.interfaces.append((each, ""))
        return found

    def member(
        self,
        spelled: str,
        use: TypeUse,
        notes: Notes,
        owner: str,
        *,
        is_dotnet: bool = False,
        dotnet: str = "",
        wire: str = "",
    ) -> DraftMember:
        """Return a member of a class.

        :param spelled: its name in the source: the .NET name if `is_dotnet`, otherwise the wire name.
        :param dotnet: its .NET name, if the source has it elsewhere.
        :param wire: its wire name, if the source has it elsewhere.
        """
        place = f"{owner}.{spelled}"
        told: DataMember | None = None
        api: ApiMember | None = None
        description, attributes = notes.description, []
        for each in notes.attributes:
            if each.name == "ApiMember":
                api, also = api_member(each, place, self.draft.losses)
                description = also or description
            elif each.name == "DataMember":
                told = data_member(each.values, place)
                for further in each.values.keys() - {"Name", "Order", "IsRequired"}:
                    self.draft.losses.add(f"{further} of [DataMember]", place)
            elif each.name == "Description":
                description = description or _told([each], "Description")
            elif each.name in ("SerializedName", "JsonPropertyName", "JsonProperty"):
                wire = wire or str(next(iter([*each.arguments, *each.values.values()]), ""))
            else:
                attributes.append(each)
        wire = wire or ("" if is_dotnet else spelled)
        name = dotnet or (spelled if is_dotnet else _dotnet_name(wire))
        # A wire name equal to the .NET name is not a rename: hosts that write PascalCase generate types with such names.
        if wire and wire not in (camel_case(name), name) and not (told and told.name):
            required = told is not None and told.is_required
            told = data_member({"name": wire, "order": told.order if told else None, "isrequired": required}, place)
        found = self.use(use)
        if not self.has_nulls:
            found = replace(found, nullable=True)
        return DraftMember(name, found, description, told, api, tuple(attributes))

    def enum(
        self,
        name: str,
        place: str,
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
        found: list[tuple[str, int]] = []
        spelled = dict(texts or {})
        descriptions = {}
        following = 0
        for member, number, told in members:
            following = following if number is None else number
            found.append((member, following))
            following += 1
            if described := told.description or _told(told.attributes, "Description"):
                descriptions[member] = described
            for each in told.attributes:
                if each.name in ("EnumMember", "SerializedName") and (
                    text := next(iter([*each.values.values(), *each.arguments]), "")
                ):
                    spelled[member] = str(text)
        attributes = {each.name for each in notes.attributes}
        flags = flags or "Flags" in attributes
        numbered = not flags and (numbered or "EnumAsInt" in attributes)
        self.draft.types.append(
            DraftEnum(
                name,
                namespace,
                place,
                found,
                notes.description or _told(notes.attributes, "Description"),
                flags,
                numbered,
                {} if flags or numbered else {each: text for each, text in spelled.items() if text != each},
                descriptions,
            )
        )


def _is_interface(name: str) -> bool:
    return len(name) > 1 and name[0] == "I" and name[1].isupper()


def _dotnet_name(wire: str) -> str:
    if wire.isidentifier():
        return wire[:1].upper() + wire[1:]
    made = "".join(word[:1].upper() + word[1:] for word in _WORD.findall(wire))
    return made if made.isidentifier() else f"N{made}"


def _told(attributes: Iterable[Attribute], value: str, *names: str) -> str:
    """Return a text of attributes: the first argument of ``[Description]``, or a named value; empty if there is none."""
    for each in attributes:
        if each.name in (names or ("Description",)):
            found = each.values.get(value) or next(iter(each.arguments), "")
            if found:
                return str(found)
    return ""


def _route(attribute: Attribute) -> Route:
    given = {name.lower(): value for name, value in attribute.values.items()}
    path = given.get("path") or next(iter(attribute.arguments), "/")
    told = given.get("verbs") or next(iter(attribute.arguments[1:2]), "")
    verbs = tuple(each for each in re.split(r"[,\s]+", str(told).upper()) if each in _VERBS)
    return Route(verbs or ANY, str(path))


def _verbs(interfaces: Set[str], method: str) -> tuple[str, ...]:
    """Return the verbs of an operation without routes: those of interfaces such as IPost, or the one that its method names."""
    told = {each[1:].upper() for each in interfaces} & _VERBS
    verbs = tuple(each for each in ANY if each in told)
    return verbs or ((method,) if method and method != "POST" else ANY)


def _tags(attributes: Iterable[Attribute]) -> Iterable[str]:
    return (str(each.arguments[0]) for each in attributes if each.name == "Tag" and each.arguments)
