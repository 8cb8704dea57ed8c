"""Fields of DTOs in declarations: a property's type, its attributes and its other metadata."""

from __future__ import annotations

import keyword
from collections.abc import Iterator

from gateway.contract.dto import Dto
from gateway.contract.dto_field import ApiMember, Attribute, DataMember, TypeName
from gateway.contract.naming import pascal_case
from gateway.contract.typeinfo import Contract, EnumInfo, Property, RecordInfo, TypeInfo, TypeRef
from gateway.importing.assembly import is_provided
from gateway.importing.code import (
    Code,
    Piece,
    add_prefix,
    make_call,
    make_list,
    make_tuple,
    quote,
    write_lines,
    write_literal,
)
from gateway.importing.drafts import Losses
from gateway.importing.validators import build_rules
from gateway.metadata.languages.scalars import is_value
from gateway.metadata.languages.selection import list_names
from gateway.metadata.languages.texts import snake_case

_TEXT = TypeRef("scalar", "String")
_SCALARS = {
    "String": make_call("fields.String"),
    "Boolean": make_call("fields.Boolean"),
    "Int8": make_call("fields.Integer", bits="8"),
    "Int16": make_call("fields.Integer", bits="16"),
    "Int32": make_call("fields.Integer"),
    "Int64": make_call("fields.Integer", bits="64"),
    "Byte": make_call("fields.Unsigned", bits="8"),
    "UInt16": make_call("fields.Unsigned", bits="16"),
    "UInt32": make_call("fields.Unsigned"),
    "UInt64": make_call("fields.Unsigned", bits="64"),
    "Byte[]": make_call("fields.Binary"),
    "DateOnly": make_call("fields.Date"),
    "TimeOnly": make_call("fields.Time"),
    **{
        name: make_call(f"fields.{name}")
        for name in (
            "Single",
            "Double",
            "Decimal",
            "DateTime",
            "DateTimeOffset",
            "TimeSpan",
            "Guid",
            "Char",
            "Uri",
            "Type",
            "Object",
            "Stream",
        )
    },
}
#: Names that modules of declarations import from `gateway`.
IMPORTED = (
    "ANYONE",
    "SIGNED_IN",
    "Access",
    "ApiMember",
    "Attribute",
    "DataMember",
    "Dto",
    "DtoEnum",
    "DtoFlags",
    "Interface",
    "TypeName",
    "TypeParameter",
    "close",
    "fields",
    "member",
    "rules",
    "servicestack",
)
#: Names that fields can't have in the body of a class: keywords, names that the body itself uses, and members of every DTO.
_RESERVED_FIELDS = frozenset(
    {*keyword.kwlist, *IMPORTED, "auto", "service", *(name for name in dir(Dto) if not name.startswith("__"))}
)


class FieldWriter:
    """Writes fields, with their types and attributes; records which names the module imports.

    :ivar module_types: the types that the module declares.
    :ivar written_names: the names of those that are declared above.
    :ivar used_names: the names that the module imports.
    :ivar aliases: aliases of imported names that are also the name of a type.
    """

    def __init__(self, contract: Contract, losses: Losses) -> None:
        self.contract = contract
        self.losses = losses
        self.module_types = {name: info for name, info in contract.types.items() if not self._is_elsewhere(info)}
        self.written_names: set[str] = set()
        self.used_names: set[str] = set()
        self.attributes: dict[str, dict[str, str]] = {}
        # Types with the same name as an import of the module.
        self.aliases = {
            name: f"_{name}" for name in (*IMPORTED, "auto", "ClassVar", "service") if name in contract.types
        }

    @staticmethod
    def _is_elsewhere(info: TypeInfo) -> bool:
        return is_provided(info) or info.name == "KeyValuePair"

    def _import_name(self, name: str) -> str:
        """Return an imported name or its alias, and record that the module imports it."""
        self.used_names.add(name)
        return self.aliases.get(name, name)

    def _write_attribute(self, attribute: Attribute) -> Piece:
        return make_call(
            self._import_name("Attribute"),
            quote(attribute.name),
            make_tuple(map(self._write_value, attribute.arguments)) if attribute.arguments else None,
            values=Code("{", tuple(self._write_pair(*pair) for pair in attribute.values.items()), "}")
            if attribute.values
            else None,
            names=make_tuple(map(quote, attribute.names)) if attribute.names else None,
        )

    def _write_pair(self, name: str, value: object) -> Piece:
        return add_prefix(f"{quote(name)}: ", self._write_value(value))

    def _write_value(self, value: object) -> Piece:
        """Return an argument of an attribute."""
        return (
            make_call(self._import_name("TypeName"), quote(value))
            if isinstance(value, TypeName)
            else write_literal(value)
        )

    # Fields

    def _write_fields(self, info: RecordInfo) -> Iterator[str]:
        names = self._name_attributes(info.name)
        for field in info.properties:
            attribute = names[field.name]
            yield from write_lines(add_prefix(f"{attribute} = ", self._write_field(field, attribute, info)), 1)

    def _name_attributes(self, name: str) -> dict[str, str]:
        """Return the attributes of a record's properties, inherited ones too, by .NET name."""
        if name in self.attributes:
            return self.attributes[name]
        info = self.contract.record(name)
        names = {} if info.base is None else dict(self._name_attributes(info.base.name))
        for field in info.properties:
            if field.name not in names:
                attribute = make_free_name(snake_case(field.name).strip("_") or "_", _RESERVED_FIELDS)
                while attribute in names.values() or not attribute.isidentifier():
                    attribute = f"{attribute}_" if attribute.isidentifier() else f"n{attribute}"
                names[field.name] = attribute
        self.attributes[name] = names
        return names

    def _write_field(self, field: Property, attribute: str, info: RecordInfo) -> Piece:
        field_code = self._write_type(field.type, info)
        rules = build_rules(field, f"{info.name}.{field.name}", self.losses)
        if rules is not None:
            self.used_names.add("rules")
        keywords: dict[str, Piece | None] = {
            "name": quote(field.name) if pascal_case(attribute) != field.name else None,
            "length": repr(field.longest) if field.longest is not None and field.type.name == "String" else None,
            "nullable": None if field.nullable else "False",
            "rules": rules,
            "data_member": self._write_data_member(field.data_member),
            "api_member": self._write_api_member(field.api_member),
            "attributes": make_list(map(self._write_attribute, field.attributes)) if field.attributes else None,
            "ui": write_literal(field.ui) if field.ui else None,
        }
        description = [quote(field.description)] if field.description else []
        return _extend_call(field_code, description, keywords)

    def _write_data_member(self, data_member: DataMember | None) -> Piece | None:
        if data_member is None:
            return None
        return make_call(
            self._import_name("DataMember"),
            quote(data_member.name) if data_member.name else None,
            order=None if data_member.order is None else repr(data_member.order),
            is_required="True" if data_member.is_required else None,
        )

    def _write_api_member(self, api_member: ApiMember | None) -> Piece | None:
        if api_member is None:
            return None
        return make_call(
            self._import_name("ApiMember"),
            quote(api_member.name) if api_member.name else None,
            data_type=quote(api_member.data_type) if api_member.data_type else None,
            format=quote(api_member.format) if api_member.format else None,
            is_required="True" if api_member.is_required else None,
            parameter_type=quote(api_member.parameter_type) if api_member.parameter_type else None,
            described=None if api_member.described else "False",
        )

    # Types of fields

    def _write_type(self, ref: TypeRef, record: RecordInfo | None = None) -> Code:
        """Return the field of a type."""
        self.used_names.add("fields")
        fields = self.aliases.get("fields", "fields")
        match ref.kind:
            case "scalar":
                code = _SCALARS[ref.name]
                return Code(code.opening.replace("fields", fields, 1), code.items, code.closing)
            case "parameter":
                return make_call(self._import_name("TypeParameter"), quote(ref.name))
            case "enum":
                type_info = self.contract.types[ref.name]
                kind = "Flags" if isinstance(type_info, EnumInfo) and type_info.flags else "Enum"
                return make_call(f"{fields}.{kind}", ref.name)
            case "list":
                return make_call(f"{fields}.{ref.name}", self._write_item(ref.arguments[0], record))
            case "map":
                key, value = ref.arguments
                return make_call(
                    f"{fields}.Map",
                    keys=None if key == _TEXT else self._write_item(key, record),
                    values=None if value == _TEXT else self._write_item(value, record),
                )
            case _ if ref.name == "KeyValuePair":
                return make_call(f"{fields}.Pair", *map(self._write_argument, ref.arguments))
            case _:
                return self._write_nested(ref, record)

    def _write_nested(self, ref: TypeRef, record: RecordInfo | None) -> Code:
        nested = f"{self.aliases.get('fields', 'fields')}.Nested"
        if self._are_declared(ref):
            return make_call(nested, self._write_class(ref))
        if not ref.arguments:
            return make_call(nested, quote(ref.name))
        if record is not None and record.parameters and any(name in record.parameters for name in list_names(ref)):
            self.losses.add("a generic type that holds itself: any value", f"{record.name}: {ref.name}")
            return self._write_type(TypeRef("scalar", "Object"))
        return make_call(nested, add_prefix("lambda: ", self._write_class(ref, later=True)))

    def _write_item(self, ref: TypeRef, record: RecordInfo | None = None) -> Piece:
        """Return the field of an item."""
        code = self._write_type(ref, record)
        return _extend_call(code, [], {"nullable": "True"}) if ref.nullable and is_value(ref) else code

    def _write_argument(self, ref: TypeRef, *, later: bool = False) -> Piece:
        """Return an argument of a generic type: a class if it is one."""
        if ref.kind == "enum" and not ref.nullable:
            return ref.name
        if ref.kind == "record" and ref.name != "KeyValuePair" and (later or self._are_declared(ref)):
            return self._write_class(ref, later=later)
        if ref.kind == "record" and ref.name != "KeyValuePair":
            self.used_names.add("fields")
            fields = self.aliases.get("fields", "fields")
            return make_call(f"{fields}.Nested", add_prefix("lambda: ", self._write_class(ref, later=True)))
        return self._write_item(ref)

    def _write_class(self, ref: TypeRef, *, later: bool = False) -> Piece:
        """Return a class, closed if it is generic."""
        name = ref.name
        if is_provided(self.contract.types[name]):
            name = f"{self._import_name('servicestack')}.{name}"
        if not ref.arguments:
            return name
        return make_call(
            self._import_name("close"),
            name,
            *(self._write_argument(argument, later=later) for argument in ref.arguments),
        )

    def _are_declared(self, ref: TypeRef) -> bool:
        return all(name not in self.module_types or name in self.written_names for name in list_names(ref))


def _extend_call(code: Code, first: list[str], keywords: dict[str, Piece | None]) -> Code:
    """Return a field with a description after its positional arguments, and further keywords."""
    positional = [piece for piece in code.items if not _is_keyword(piece)]
    keyword_items = [piece for piece in code.items if _is_keyword(piece)]
    further = [add_prefix(f"{name}=", value) for name, value in keywords.items() if value is not None]
    return Code(code.opening, (*positional, *first, *keyword_items, *further), code.closing)


def _is_keyword(piece: Piece) -> bool:
    start = piece if isinstance(piece, str) else piece.opening
    return start.partition("=")[0].isidentifier() and "=" in start


def make_free_name(name: str, reserved: frozenset[str]) -> str:
    """Return a name that is not taken, with a ``_`` at its end if needed; the .NET name omits the ``_``."""
    is_taken = name in reserved or (name.startswith("_") and name.endswith("_"))
    return f"{name}_" if is_taken or name.endswith("_") else name
