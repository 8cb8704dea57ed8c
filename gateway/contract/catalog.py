"""Operations, and the catalog that holds them.

catalog = Catalog(roles=["User"])

@catalog.operation("POST", "/sessions", returns=SessionInfo, role="User")
class NewSession(Dto): ...

@catalog.handles(NewSession)
def create(request, context): ...
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypedDict

import marshmallow

from gateway.contract import fields
from gateway.contract.compiled import Dump, Load, compile_dump, compile_load
from gateway.contract.depth import allow_long_chains
from gateway.contract.dto import Dto, DtoType, Instance
from gateway.contract.dto_field import AnyField
from gateway.contract.failures import field_errors
from gateway.contract.generics import make_field
from gateway.contract.mistakes import find_mistakes
from gateway.contract.shapes import document_shape, field_shape, wire_field_shape, wire_shape
from gateway.contract.typeinfo import check_types
from gateway.errors import CatalogError, FieldError, InvalidArgument, ValidationFailed
from serializers import json, shape

#: A handler: it gets the bound request and the call's context, and returns the response's DTO, or None.
Handler = Callable[[Any, Any], Any]
#: A check of a request beyond its fields' rules: it returns the failures. A field that broke a rule is null; a list lacks its bad items.
Check = Callable[[Any, Any], list[FieldError]]

ANY = ("GET", "POST", "PUT", "PATCH", "DELETE")
_VARIABLE = re.compile(r"{([^{}*]+)\*?}")
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
#: Names of other ids in a log line.
_OTHER_IDS = frozenset({"request_id", "trace_id"})
#: A wildcard: the last segment of a path.
_WILDCARD = re.compile(r"(?:/|\A){[^{}*]+\*}\Z")


@dataclass(frozen=True, slots=True)
class Access:
    """An access rule: anyone, every signed-in caller, or callers with the given roles and permissions.

    :ivar permissions: permissions of which a caller needs all.
    :ivar any_permission: permissions of which a caller needs one.
    :ivar api_key: callers must send an API key; other credentials are refused.
    :ivar administrator: the role that passes every check of roles and permissions; empty for none.
    """

    signed_in: bool = True
    all_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    any_permission: tuple[str, ...] = ()
    api_key: bool = False
    administrator: str = ""

    @property
    def roles(self) -> tuple[str, ...]:
        """All roles that the rule names."""
        return (*self.all_of, *self.any_of)


ANYONE = Access(signed_in=False)
SIGNED_IN = Access()


@dataclass(frozen=True, slots=True)
class Route:
    """Verbs on a path. ``{Name}`` in the path is a variable: it binds to the request's field of that name, in any letter case.

    ``{Name*}`` at the end is a wildcard: it binds to all remaining segments, which may be none.
    """

    verbs: tuple[str, ...]
    path: str

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the path's variables, in order."""
        return tuple(_VARIABLE.findall(self.path))


@dataclass(frozen=True)
class Operation:
    """An operation: a request DTO with its routes, the type of its response and its access rule.

    :ivar response: the response type, as a field; None for no content.
    :ivar own_verbs: verbs of the pre-defined routes, in addition to those of the routes.
    """

    dto: type[Dto]
    routes: tuple[Route, ...]
    response: AnyField | None
    access: Access | None
    tags: tuple[str, ...] = ()
    own_verbs: tuple[str, ...] = ()
    #: A request with an Idempotency-Key runs once.
    idempotent: bool = False
    #: A request signs its client in or out, so it is never part of a batch, and no stored result replaces it.
    signs_in: bool = False
    #: File parts of a form are uploaded files, which the handler reads from its context.
    takes_files: bool = False
    #: As the shadow of an old host, a call that writes runs too, and is rolled back (`gateway.upstream.shadow`).
    shadow_writes: bool = False
    #: An operation of the same name that is declared before or after replaces it.
    gives_way: bool = False
    #: Opaque data for user interfaces.
    ui: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @cached_property
    def name(self) -> str:
        """The name of the operation: that of its request DTO."""
        return self.dto.__name__

    @cached_property
    def verbs(self) -> tuple[str, ...]:
        """The verbs of all routes and of the pre-defined routes, without duplicates."""
        return tuple(dict.fromkeys([*(verb for route in self.routes for verb in route.verbs), *self.own_verbs]))

    @cached_property
    def addresses(self) -> tuple[Route, ...]:
        """The routes, or the pre-defined route if there are none."""
        return self.routes or (Route(self.own_verbs, f"/api/{self.name}"),)

    @cached_property
    def returns(self) -> type[Dto] | None:
        """The DTO of the response, or of the items of a bare list; None for other responses."""
        item = self.response.inner if isinstance(self.response, fields.List) else self.response
        return item.dto if isinstance(item, fields.Nested) else None

    @cached_property
    def returns_list(self) -> bool:
        """Whether the response is a bare list of DTOs."""
        return self.returns is not None and isinstance(self.response, fields.List)

    @property
    def service(self) -> str:
        """The name of the service class in ServiceStack, from the first tag."""
        return f"{self.tags[0].capitalize() if self.tags else 'Gateway'}Service"

    @cached_property
    def writes(self) -> bool:
        """Whether a call may change stored data. An operation that only GET reaches does not."""
        return self.verbs != ("GET",)

    def resource(self, values: Mapping[str, Any]) -> str:
        """Return the id of the object that a call changes: the value of the first variable of its routes, wherever the client sent it.
        Empty if a call only reads, or creates an object.

        :param values: the request's values, by wire name.
        """
        value = values.get(self.resource_name) if self.changes_one else None
        return value.lower() if isinstance(value, str) else ""

    @cached_property
    def changes_one(self) -> bool:
        """Whether a call may change an existing object that its request names."""
        return self.writes and bool(self.resource_name)

    @cached_property
    def resource_name(self) -> str:
        """The wire name of the first variable of the routes."""
        variable = next((match[1].lower() for route in self.routes if (match := _VARIABLE.search(route.path))), "")
        return next((name for name in self.request_shape.fields if name.lower() == variable), "")

    @cached_property
    def named_as(self) -> str:
        """The name in log lines for the value of the routes' first variable: ``session_id`` for ``SessionId``, ``resource`` if it is not an
        id; empty if there is no variable."""
        name = _CAPITAL.sub("_", self.resource_name).lower()
        return name if not name or (name.endswith("id") and name not in _OTHER_IDS) else "resource"

    @cached_property
    def lists(self) -> bool:
        """Whether a response holds a list of rows."""
        return self.returns is not None and (self.returns_list or self.returns.rows is not None)

    @cached_property
    def is_readable_raw(self) -> bool:
        """Whether the response is a text or bytes, which some clients read without a format."""
        return isinstance(self.response, fields.String | fields.Binary)

    @cached_property
    def request_shape(self) -> shape.Record:
        """The shape that reads request documents."""
        return wire_shape(self.dto)

    @cached_property
    def response_shape(self) -> shape.Shape | None:
        """The shape that writes responses; None for no content."""
        return None if self.response is None else field_shape(self.response)

    def load(self, values: Mapping[str, Any]) -> Instance:
        """Return the request of values by wire name. Raises ValidationFailed with every failure."""
        try:
            # PERF: what `Dto.instance` does, one call less.
            return Instance(**{**self._nulls, **self._load(values)})
        except marshmallow.ValidationError as error:
            raise ValidationFailed(self.name, list(field_errors(error.messages))) from error

    def dump(self, result: Any) -> Any:
        """Return a result as values by wire name, with nulls."""
        if self.returns is None:
            assert self.response is not None
            return self.response._serialize(result, "", None)
        return [self._dump(item) for item in result] if self.returns_list else self._dump(result)

    def write_kept(self, result: Any) -> str:
        """Return a result as a text that `read_kept` reads."""
        return json.dumps(self.dump(result), self.response_shape)

    def read_kept(self, text: str) -> Any:
        """Return the result that `write_kept` wrote."""
        assert self.response is not None
        return self.response.deserialize(json.loads(text, wire_field_shape(self.response)))

    @cached_property
    def wire_response_shape(self) -> shape.Shape | None:
        """The shape that reads responses of another server; None for no content."""
        return None if self.response is None else wire_field_shape(self.response)

    def bind_response(self, values: Any) -> Any:
        """Return the result of another server's response, given by wire name. Raises ValidationFailed with every failure."""
        assert self.response is not None
        try:
            return self.response.deserialize(values)
        except marshmallow.ValidationError as error:
            raise ValidationFailed(self.name, list(field_errors(error.messages))) from error

    def dump_request(self, request: Instance) -> dict[str, Any]:
        """Return the values of a request by wire name, without nulls."""
        return {name: value for name, value in self._dump_request(request).items() if value is not None}

    @cached_property
    def request_document(self) -> shape.Record:
        """The shape that writes request documents."""
        return document_shape(self.dto)

    @cached_property
    def _dump_request(self) -> Dump:
        return compile_dump(self.dto.schema())

    @cached_property
    def may_be_stored(self) -> bool:
        """Whether the response may be a stored row with a version: its DTO declares no field ``version``."""
        return self.returns is not None and not self.returns_list and "version" not in self.returns.schema().fields

    def stored_version(self, result: Any) -> int | None:
        """Return the version of the stored row in a response; None if it is not one. A declared field ``version`` does not count."""
        version = getattr(result, "version", None) if self.may_be_stored else None
        return version if isinstance(version, int) and hasattr(result, "id") else None

    @cached_property
    def _nulls(self) -> Mapping[str, None]:
        return dict.fromkeys(self.dto.schema().fields)

    @cached_property
    def _load(self) -> Load:
        return compile_load(self.dto.schema())

    @cached_property
    def _dump(self) -> Dump:
        assert self.returns is not None
        return compile_dump(self.returns.schema())


class OperationOptions(TypedDict, total=False):
    """The keywords of `Catalog.operation`."""

    also: Iterable[tuple[str, str]]
    returns: Any
    access: Access | None
    role: str
    any_role: Iterable[str]
    permission: str
    any_permission: Iterable[str]
    api_key: bool
    tags: Iterable[str]
    idempotent: bool
    signs_in: bool
    files: bool
    shadow_writes: bool
    gives_way: bool
    ui: Mapping[str, Any]


@dataclass
class Catalog:
    """The operations of a service, by name and by route, and their handlers.

    :ivar roles: the roles that access rules may name.
    :ivar administrator: the one of them that passes every check; empty for none.
    """

    roles: Iterable[str] = ()
    administrator: str = ""
    operations: dict[str, Operation] = field(default_factory=dict)
    handlers: dict[str, Handler] = field(default_factory=dict)
    further_checks: dict[str, Check] = field(default_factory=dict)
    _folded: dict[str, Operation] = field(default_factory=dict)
    #: The declarations that the last check found valid.
    _valid_declarations: object = field(default=None, compare=False, repr=False)

    def operation(
        self,
        verbs: str,
        path: str = "",
        *,
        also: Iterable[tuple[str, str]] = (),
        returns: Any = None,
        access: Access | None = None,
        role: str = "",
        any_role: Iterable[str] = (),
        permission: str = "",
        any_permission: Iterable[str] = (),
        api_key: bool = False,
        tags: Iterable[str] = (),
        idempotent: bool = False,
        signs_in: bool = False,
        files: bool = False,
        shadow_writes: bool = False,
        gives_way: bool = False,
        ui: Mapping[str, Any] | None = None,
    ) -> Callable[[DtoType], DtoType]:
        """Declare the decorated DTO as an operation.

        :param verbs: one or more verbs separated by blanks; ``ANY`` or an empty text for all. Without a path they are the verbs of the
            pre-defined routes.
        :param path: the path of the route; empty for an operation with pre-defined routes only.
        :param also: further routes, each as verbs and path.
        :param returns: the type of the response: a DTO, a list of one DTO for a bare list, or another type that
            `gateway.contract.generics.make_field` takes, such as ``str``, ``bytes`` or ``dict[str, int]``; None for no content (204).
        :param access: `ANYONE` or `SIGNED_IN`. Or give a `role`, several roles of which a caller needs one (`any_role`), a `permission`,
            several permissions (`any_permission`), or require an API key. A caller must meet all rules that you set.
        :param idempotent: a repeated ``Idempotency-Key`` of the same user returns the first result again.
        :param signs_in: the operation signs the client in or out.
        :param shadow_writes: as the shadow of an old host, the handler runs although it writes, in a unit of work that is rolled back. It
            must have no other effects.
        :param gives_way: another operation of this name, such as the Authenticate of ``Users()``, replaces this one without an error.
        :param ui: opaque data for user interfaces, such as ``viewModel`` and ``formLayout``: ``/types/metadata`` includes it.
        :param files: the handler reads uploaded files from ``context.files``. Otherwise a file part of a form is the text of a field.
        :raises CatalogError: when the name is declared already, or `returns` is not a type.
        """
        _check_options(access, any_role=any_role, any_permission=any_permission, tags=tags, also=also)
        if role or any_role or permission or any_permission or api_key:
            if access is not None and not access.signed_in:
                raise CatalogError(
                    "access=ANYONE admits everyone; leave it out, or leave the role, permission or key out"
                )
            access = Access(
                all_of=(role,) if role else (),
                any_of=tuple(any_role),
                permissions=(permission,) if permission else (),
                any_permission=tuple(any_permission),
                api_key=api_key,
            )
        if access is not None:
            access = replace(access, administrator=self.administrator)
        addresses = ((verbs, path), *also) if path else tuple(also)
        routes = tuple(Route(_parse_verbs(route_verbs), route_path) for route_verbs, route_path in addresses)
        own_verbs = _parse_verbs(verbs) if verbs or not routes else ()

        def declare(dto: DtoType) -> DtoType:
            if not (isinstance(dto, type) and issubclass(dto, Dto)):
                raise CatalogError(f"{getattr(dto, '__name__', repr(dto))} is not a subclass of gateway.Dto")
            response = _read_response_type(dto, returns)
            self._add(
                Operation(
                    dto,
                    routes,
                    response,
                    access,
                    tuple(tags),
                    own_verbs,
                    idempotent,
                    signs_in,
                    files,
                    shadow_writes,
                    gives_way,
                    ui or {},
                )
            )
            return dto

        return declare

    def _add(self, operation: Operation) -> None:
        existing = self._folded.get(operation.name.lower())
        if existing is not None and not existing.gives_way:
            if operation.gives_way:
                return
            raise CatalogError(f"the operation {operation.name} is declared twice")
        if existing is not None and operation.gives_way:
            raise CatalogError(f"the operation {operation.name} is declared twice, and both give way")
        if existing is not None:
            del self.operations[existing.name]
        self.operations[operation.name] = self._folded[operation.name.lower()] = operation

    def handles(self, dto: type[Dto]) -> Callable[[Handler], Handler]:
        """Bind the decorated function to an operation. Raises CatalogError when another one is bound to it."""

        def bind(handler: Handler) -> Handler:
            if dto.__name__ in self.handlers:
                raise CatalogError(f"the operation {dto.__name__} has two handlers")
            self.handlers[dto.__name__] = handler
            return handler

        return bind

    def checks(self, dto: type[Dto]) -> Callable[[Check], Check]:
        """Let the decorated function add failures to those of a request's rules, so that one response has all of them.

        The function runs only when a rule is broken. The handler must make the same check for requests that break no rule.
        """

        def bind(check: Check) -> Check:
            self.further_checks[dto.__name__] = check
            return check

        return bind

    def call(self, operation: Operation, values: Mapping[str, Any], context: Any) -> Any:
        """Return the result of an operation for values by wire name.

        :raises ValidationFailed: when values break rules, with every failure.
        :raises InvalidArgument: when the handler raises ValueError. Its other errors pass.
        """
        try:
            request = operation.load(values)
        except ValidationFailed as error:
            check = self.further_checks.get(operation.name)
            valid = getattr(error.__cause__, "valid_data", None)
            if check is None or not isinstance(valid, dict):
                raise
            failures = [*error.errors, *check(operation.dto.instance(valid), context)]
            raise ValidationFailed(operation.name, failures) from error
        try:
            return self.handlers[operation.name](request, context)
        except UnicodeEncodeError:
            # The database can't store the text; `gateway.transactions` reports it.
            raise
        except ValueError as error:
            raise InvalidArgument(error) from error

    def complete(self, handler: Handler) -> Catalog:
        """Return a catalog in which operations without a handler get this one. Those of them without an access rule admit anyone."""
        operations = {
            name: operation
            if operation.access is not None or name in self.handlers
            else replace(operation, access=replace(ANYONE, administrator=self.administrator))
            for name, operation in self.operations.items()
        }
        return replace(
            self,
            operations=operations,
            handlers={**dict.fromkeys(operations, handler), **self.handlers},
            _folded={name.lower(): operation for name, operation in operations.items()},
        )

    def restrict(self, names: Collection[str]) -> Catalog:
        """Return a catalog of only the operations with these names."""
        operations = {name: operation for name, operation in self.operations.items() if name in names}
        return replace(
            self,
            operations=operations,
            handlers={name: handler for name, handler in self.handlers.items() if name in operations},
            further_checks={name: check for name, check in self.further_checks.items() if name in operations},
            _folded={name.lower(): operation for name, operation in operations.items()},
        )

    def find(self, name: str) -> Operation | None:
        """Return the operation with this name, in any letter case; None if there is none."""
        return self._folded.get(name.lower())

    def __iter__(self) -> Iterator[Operation]:
        return iter(self.operations.values())

    def check(self) -> None:
        """Check the declarations. Raises CatalogError with a line for each contradiction."""
        # PERF: each part of a service checks it at startup.
        declarations = self.roles, [*self.operations.items()], [*self.handlers.items()], [*self.further_checks]
        if declarations == self._valid_declarations:
            return
        allow_long_chains()
        problems = [
            *self._check_handlers(),
            *self._check_access_rules(),
            *self._check_duplicates(),
            *self._check_idempotency(),
            *self._check_wildcards(),
            *find_mistakes(self, self.handlers),
        ]
        # The check of types needs declarations without other mistakes.
        problems += check_types(self) if not problems else ()
        if problems:
            raise CatalogError("\n".join(problems))
        self._valid_declarations = declarations

    def _check_handlers(self) -> Iterator[str]:
        for name in self.operations.keys() - self.handlers.keys():
            yield f"{name} has no handler"
        for name in self.handlers.keys() - self.operations.keys():
            yield f"a handler is bound to {name}, which is no operation"
        for name in self.further_checks.keys() - self.operations.keys():
            yield f"a check is bound to {name}, which is no operation"

    def _check_access_rules(self) -> Iterator[str]:
        for operation in self:
            if operation.access is None:
                yield f"{operation.name} has no access rule"
                continue
            for role in operation.access.roles:
                if role not in self.roles:
                    yield f"{operation.name} needs the role {role}, which does not exist"

    def _check_idempotency(self) -> Iterator[str]:
        for operation in self:
            reasons = {
                "anyone may call it, and a key is remembered for a user": operation.access
                and not operation.access.signed_in,
                "it changes nothing": not operation.writes,
                "it signs in or out": operation.signs_in,
                "a key does not remember uploaded files": operation.takes_files,
            }
            if operation.idempotent:
                yield from (
                    f"{operation.name} can't be idempotent: {reason}" for reason, applies in reasons.items() if applies
                )

    def _check_wildcards(self) -> Iterator[str]:
        for operation in self:
            for route in operation.routes:
                if has_misplaced_wildcard(route.path):
                    yield f"{operation.name}: a wildcard must be the last segment of its path, as /files/{{Path*}}, not {route.path}"

    def _check_duplicates(self) -> Iterator[str]:
        seen: dict[tuple[str, str, bool], str] = {}
        for operation in self:
            for route in operation.routes:
                for verb in route.verbs:
                    # A specific verb precedes ANY, so these two may share a path.
                    address = (verb, route_key(route.path), route.verbs == ANY)
                    other = seen.setdefault(address, operation.name)
                    if other != operation.name:
                        yield f"{operation.name} and {other} are both at {verb} {route.path}"


def _check_options(access: Any, **lists: Any) -> None:
    """Refuse options of wrong types, such as a text that would be split into letters. Raises CatalogError."""
    if access is not None and not isinstance(access, Access):
        raise CatalogError(f"access={access!r} is not an access rule: use ANYONE or SIGNED_IN")
    for name, option in lists.items():
        if isinstance(option, str):
            raise CatalogError(f"{name}={option!r} must be a list: {name}=[...]")
    also = [*lists["also"]]
    for route in also:
        if not (isinstance(route, tuple | list) and len(route) == 2 and all(isinstance(part, str) for part in route)):
            raise CatalogError(f"also={also!r} must be a list of verbs and paths: also=[('GET', '/orders')]")


def _read_response_type(dto: type[Dto], returns: Any) -> AnyField | None:
    """Return the type of a response as a field. Raises CatalogError when it is not a type."""
    try:
        return None if returns is None else make_field(returns)
    except TypeError as error:
        raise CatalogError(f"{dto.__name__} has an invalid returns=: {error}") from None


def has_misplaced_wildcard(path: str) -> bool:
    """Return whether a path has a wildcard that is not its last segment."""
    return "*" in path and not (_WILDCARD.search(path) and path.count("*") == 1)


def route_key(path: str) -> str:
    """Return a path in the form that routing compares: literals in lower case, variables without names."""
    parts = (
        "{*}" if part.endswith("*}") else "{}" if part.startswith("{") else part.lower()
        for part in (path.rstrip("/") or "/").split("/")
    )
    return "/".join(parts)


def _parse_verbs(text: str) -> tuple[str, ...]:
    names = text.upper()
    return ANY if names in ("", "ANY") else tuple(names.split())
