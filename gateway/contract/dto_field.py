"""The base of all fields of DTOs, and .NET's attributes of members."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias, cast, overload

import marshmallow
from marshmallow import fields as base

from gateway.contract.naming import camel_case, pascal_case
from gateway.contract.rules import Failure, Rule

#: A field of any DTO: a `DtoField`, or marshmallow's field within an enum's field.
AnyField: TypeAlias = base.Field[Any]

if TYPE_CHECKING:
    # A mixin for marshmallow's classes; the type checker sees it as a subclass of them.
    _Field = base.Field[Any]
else:
    _Field = object


_NAME = re.compile(r"[\w.@-]+")
_TYPE_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")


@dataclass(frozen=True, slots=True)
class DataMember:
    """.NET's ``[DataMember]``.

    :ivar name: the exact name in documents of every format; empty for the member's name.
    :ivar order: the position in documents: members without a number come first, then the others by number.
    :ivar is_required: whether .NET's readers require the member. In requests the service's rules decide.
    """

    name: str = ""
    order: int | None = None
    is_required: bool = False

    def __post_init__(self) -> None:
        # JSV does not quote names, and generated types have them in string literals.
        if self.name and not _NAME.fullmatch(self.name):
            raise ValueError(
                f"{self.name!r} is not the name of a data member: expected letters, digits and any of _ . @ -"
            )


@dataclass(frozen=True, slots=True)
class ApiMember:
    """ServiceStack's ``[ApiMember]``: metadata of a member for pages, OpenAPI and generated types. The description is the field's.

    :ivar parameter_type: the part of a request that has the member: ``path``, ``query``, ``body``, ``form``, ``header`` or ``model``.
    :ivar described: the attribute has the description.
    """

    name: str = ""
    data_type: str = ""
    format: str = ""
    is_required: bool = False
    parameter_type: str = ""
    described: bool = True


class TypeName(str):
    """A type as an argument of an attribute, by its .NET name: ``TypeName("Acme.Coupon")`` is ``typeof(Acme.Coupon)``.

    :raises ValueError: when the text is not a name.
    """

    __slots__ = ()

    def __new__(cls, name: str) -> Self:
        # SECURITY: the name becomes source text of generated types.
        if not _TYPE_NAME.fullmatch(name):
            raise ValueError(f"{name[:200]!r} is not the name of a .NET type: expected names separated by dots")
        return super().__new__(cls, name)

    @property
    def plain(self) -> str:
        """The name without its namespace."""
        return self.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Attribute:
    """Another .NET attribute of a type or a member. Metadata and generated .NET types have it.

    ``Attribute("Validate", values={"Validator": "NotEmpty"})`` is ``[Validate(Validator="NotEmpty")]``.

    :ivar name: the name without the suffix ``Attribute``.
    :ivar arguments: the constructor's arguments: texts, numbers, booleans, types (`TypeName`).
    :ivar values: properties, by their .NET names.
    :ivar names: the names of the constructor's parameters, which metadata has; empty if they are not known.
    """

    name: str
    arguments: tuple[str | int | float | bool, ...] = ()
    values: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    names: tuple[str, ...] = ()


#: In the meta of an error: the values that a field accepts, separated by commas.
ALLOWED_VALUES = "AllowedValues"


def unbindable(value: Any, allowed: Iterable[str] = ()) -> marshmallow.ValidationError:
    """Return the error of a value that is not of its field's type, in ServiceStack's words.

    :param allowed: the texts that the field accepts, for the error's meta; empty if they can't be listed.
    """
    message = f"'{str(value)[:200]}' is an Invalid value for '{{path}}'"
    names = ", ".join(allowed)
    meta = {ALLOWED_VALUES: names} if names else None
    return marshmallow.ValidationError(cast("list[str]", [Failure(message, "SerializationException", meta)]))


class DtoField(_Field):
    """The base of all fields of DTOs.

    :ivar description: the text for metadata pages and generated types.
    :ivar declared_name: the .NET name, if it does not follow from the attribute's name (``IsBYOA``).
    :ivar nullable: whether .NET's type has a mark for null (``int?``), of types that have no null themselves. Properties have one unless
        they are declared with ``nullable=False``; items of lists and maps have none unless they are declared with ``nullable=True``.
    :ivar zero: the default value of the .NET type; None if that is null.
    :ivar data_member: the member's ``[DataMember]``, or None.
    :ivar api_member: the member's ``[ApiMember]``, if it has more than a description.
    :ivar attributes: its other .NET attributes.
    :ivar ui: opaque data for user interfaces (``input``, ``format``, ``ref``). Metadata contains it.
    """

    blank_is_null: ClassVar[bool] = True
    zero: Any = None

    if TYPE_CHECKING:
        # A handler's request is typed by its DTO: reading one of its fields returns a value.
        @overload
        def __get__(self, instance: None, owner: type[Any]) -> Self: ...
        @overload
        def __get__(self, instance: object, owner: type[Any]) -> Any: ...
        def __get__(self, instance: object, owner: type[Any]) -> Any: ...

    def __init__(
        self,
        *args: Any,
        description: str = "",
        name: str = "",
        rules: Iterable[Rule] = (),
        nullable: bool | None = None,
        data_member: DataMember | None = None,
        api_member: ApiMember | None = None,
        attributes: Iterable[Attribute] = (),
        ui: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if nullable is not None:
            kwargs.setdefault("allow_none", nullable)
        super().__init__(*args, validate=[*rules], load_default=None, **kwargs)
        self.description = description
        self.declared_name = name
        self.nullable = nullable
        self.data_member = data_member
        self.api_member = api_member
        self.attributes = tuple(attributes)
        self.ui = {} if ui is None else ui

    def dotnet_name(self, attribute: str) -> str:
        """Return the .NET name of the member declared as this attribute."""
        return self.declared_name or pascal_case(attribute)

    def wire_name(self, attribute: str) -> str:
        """Return the name in documents of the member declared as this attribute."""
        member_name = self.data_member.name if self.data_member else ""
        return member_name or camel_case(self.dotnet_name(attribute))

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """Return the bound value. Raises marshmallow's ValidationError with every broken rule."""
        if value is marshmallow.missing or (self.blank_is_null and isinstance(value, str) and not value.strip()):
            value = None
        output = None if value is None else self._deserialize(value, attr, data, **kwargs)
        self._validate(output)
        return self.initial if output is None else output

    @property
    def initial(self) -> Any:
        """The value of a property that is absent: null, or the default of the .NET type if that has no mark for null."""
        return self.zero if self.nullable is False else None
