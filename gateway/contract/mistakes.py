"""Find mistakes in declarations that Python does not detect, before the service starts. Each is one line with its location."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gateway.contract import fields
from gateway.contract.dto import Dto
from gateway.contract.dto_field import AnyField, DtoField
from gateway.contract.enums import DtoEnum
from gateway.contract.rules import Matches
from gateway.contract.shapes import document_shape
from gateway.errors import CatalogError

if TYPE_CHECKING:
    from gateway.contract.catalog import Operation, Route

#: Verbs that a route may have.
VERBS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_BITS = frozenset({8, 16, 32, 64})
_VARIABLE = re.compile(r"\{[^\W\d]\w*\*?\}")
_NOT_IN_PATHS = re.compile(r"[\s?#\x00-\x1f\x7f]")
#: Fields whose values can't be the names of a map's entries.
_NO_KEYS = (fields.Nested, fields.List, fields.Map, fields.Object)


def find_mistakes(operations: Iterable[Operation], handlers: Mapping[str, Callable[..., Any]]) -> Iterator[str]:
    """Yield the mistakes in paths, handlers and the fields of all DTOs that operations use."""
    seen: set[Any] = set()
    for operation in operations:
        for route in operation.routes:
            yield from (f"{operation.name}: {problem}" for problem in _check_route(route))
        for verb in sorted({*operation.own_verbs} - VERBS):
            yield f"{operation.name}: {verb} is not a verb of HTTP"
        if operation.name in handlers:
            yield from _check_handler(operation.name, handlers[operation.name])
        yield from _check_dto(operation.dto, operation.name, seen)
        if operation.response is not None:
            yield from _check_field(operation.response, f"the response of {operation.name}", seen)


def _check_route(route: Route) -> Iterator[str]:
    yield from find_path_problems(route.path)
    for verb in sorted({*route.verbs} - VERBS):
        yield f"{verb} is not a verb of HTTP, at the path '{route.path}'"


def find_path_problems(path: str) -> Iterator[str]:
    """Yield reasons why a path can't be served, with the path."""
    if not path.startswith("/"):
        yield f"the path '{path}' must begin with a slash"
    if _NOT_IN_PATHS.search(path):
        yield f"the path '{path}' has a blank, a question mark or another character that no path has; fields are in the query by themselves"
    if "//" in path:
        yield f"the path '{path}' has two slashes in a row, which requests can't have"
    for segment in path.split("/"):
        if ("{" in segment or "}" in segment) and not _VARIABLE.fullmatch(segment):
            yield f"the segment '{segment}' of the path '{path}' must be a text, or one variable such as {{Id}}"
    names = [segment.strip("{}*").lower() for segment in path.split("/") if segment.startswith("{")]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"the path '{path}' has the variable {name} twice"


def _check_handler(name: str, handler: Any) -> Iterator[str]:
    if not callable(handler):
        yield f"the handler of {name} is a {type(handler).__name__}, which can't be called"
        return
    if inspect.iscoroutinefunction(handler) or inspect.isasyncgenfunction(handler):
        yield f"the handler of {name} is async; handlers are plain functions, which run in threads"
    try:
        inspect.signature(handler).bind(None, None)
    except TypeError:
        yield f"the handler of {name} must take two arguments: the request and the context"
    except ValueError:
        # Some functions written in C have no signature.
        return


def _check_dto(dto: Any, location: str, seen: set[Any]) -> Iterator[str]:
    """Yield the mistakes of a DTO and of those in its fields, each class once."""
    if not (isinstance(dto, type) and issubclass(dto, Dto)):
        yield f"{location}: {getattr(dto, '__name__', repr(dto))} is not a DTO: it must be a subclass of gateway.Dto"
        return
    if dto in seen:
        return
    seen.add(dto)
    try:
        declared_fields = dto.schema().fields
    except CatalogError:
        # The check of types says so.
        return
    for name in _find_fieldless(dto, declared_fields):
        yield f"{dto.__name__}.{name} has a type but no field: write {name} = fields.String() or the like"
    for name, field in declared_fields.items():
        yield from _check_field(field, f"{dto.__name__}.{name}", seen)
    if dto.view is not None:
        try:
            document_shape(dto)
        except CatalogError as error:
            yield f"{dto.__name__}: {error}"


def _find_fieldless(dto: type[Dto], declared_fields: Mapping[str, AnyField]) -> Iterator[str]:
    """Yield the names that a class only annotates."""
    for name, annotation in inspect.get_annotations(dto).items():
        is_class_variable = "ClassVar" in str(annotation)
        if (
            name not in declared_fields
            and not name.startswith("_")
            and not is_class_variable
            and not hasattr(dto, name)
        ):
            yield name


def _check_field(field: AnyField, location: str, seen: set[Any]) -> Iterator[str]:
    if not isinstance(field, DtoField):
        yield f"{location} is a field of {type(field).__module__}: use those of gateway.fields"
        return
    yield from _check_rules(field, location)
    if isinstance(field, fields.List):
        yield from _check_field(field.item, f"an item of {location}", seen)
    elif isinstance(field, fields.Map):
        if isinstance(field.key_field, _NO_KEYS):
            yield f"{location} is a map whose keys are neither texts, numbers, enums, GUIDs nor dates"
        elif field.key_field is not None:
            yield from _check_field(field.key_field, f"a key of {location}", seen)
        if field.value_field is not None:
            yield from _check_field(field.value_field, f"a value of {location}", seen)
    elif isinstance(field, fields.Nested):
        yield from _check_nested(field, location, seen)
    elif isinstance(field, fields.Enum) and field.enum not in seen:
        seen.add(field.enum)
        yield from _check_enum(field.enum, location)
    elif (bits := getattr(field, "bits", getattr(getattr(field, "shape", None), "bits", 32))) not in _BITS:
        yield f"{location} has {bits} bits; numbers have 8, 16, 32 or 64"


def _check_nested(field: fields.Nested, location: str, seen: set[Any]) -> Iterator[str]:
    try:
        dto = field.dto
    except CatalogError:
        # The check of types says so.
        return
    yield from _check_dto(dto, location, seen)


def _check_rules(field: DtoField, location: str) -> Iterator[str]:
    for rule in field.validators:
        if isinstance(rule, type) or not callable(rule):
            name = rule.__name__ if isinstance(rule, type) else repr(rule)
            yield f"{location} has the rule {name}, which is not one: write a call, such as rules.length(0, 50)"
        elif isinstance(rule, Matches):
            try:
                re.compile(rule.pattern)
            except re.error as error:
                yield f"{location} has a pattern that can't be read: '{rule.pattern}': {error}"


def _check_enum(enum: Any, location: str) -> Iterator[str]:
    if not (isinstance(enum, type) and issubclass(enum, DtoEnum)):
        type_name = getattr(enum, "__name__", repr(enum))
        yield f"{location}: {type_name} is not a DtoEnum; fields.Flags takes a DtoFlags"
        return
    for name, member in enum.__members__.items():
        if member.name != name:
            yield f"{location}: the members {member.name} and {name} of {enum.__name__} have the same text '{member.value}'"
