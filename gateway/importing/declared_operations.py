"""Operations in declarations: the decorator of a request."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.contract import servicestack
from gateway.contract.catalog import ANY, ANYONE, SIGNED_IN, Access, Route
from gateway.contract.typeinfo import OperationInfo, TypeRef
from gateway.importing.code import (
    WIDTH,
    Code,
    Piece,
    make_call,
    make_list,
    make_tuple,
    quote,
    write_lines,
    write_literal,
)
from gateway.importing.declared_fields import FieldWriter

_VERBS = frozenset(ANY)
_STEP = "    "


class OperationWriter(FieldWriter):
    """Writes operations, too."""

    def _write_decorator(self, operation: OperationInfo) -> Code:
        service = self.aliases.get("service", "service")
        routed = {verb for route in operation.routes for verb in route.verbs}
        further = [verb for verb in operation.verbs if verb not in routed]
        options = self._write_options(operation)
        if further:
            also = [self._write_route(route) for route in operation.routes]
            verbs = "ANY" if {*operation.verbs} >= _VERBS else " ".join(further)
            options = {"also": make_list(also) if also else None, **options}
            return make_call(f"{service}.operation", quote(verbs), **options)
        first, *rest = operation.routes
        options = {"also": make_list(map(self._write_route, rest)) if rest else None, **options}
        verbs = _format_verbs(first)
        if verbs in _VERBS or verbs == "ANY":
            return make_call(f"{service}.{verbs.lower()}", quote(first.path), **options)
        return make_call(f"{service}.operation", quote(verbs), quote(first.path), **options)

    @staticmethod
    def _write_route(route: Route) -> Code:
        return Code("(", (quote(_format_verbs(route)), quote(route.path)), ")")

    def _write_options(self, operation: OperationInfo) -> dict[str, Piece | None]:
        return {
            "returns": None if operation.returns is None else self._write_response_type(operation.returns),
            **self._write_access(operation.access),
            "tags": make_list(map(quote, operation.tags)) if operation.tags else None,
            "gives_way": "True" if operation.name in servicestack.OF_USERS else None,
            "ui": write_literal(operation.ui) if operation.ui else None,
        }

    def _write_response_type(self, ref: TypeRef) -> Piece:
        if ref.name == "List" and ref.arguments[0].kind == "record" and ref.arguments[0].name != "KeyValuePair":
            return make_list([self._write_class(ref.arguments[0])])
        return self._write_argument(ref)

    def _write_access(self, access: Access) -> dict[str, Piece | None]:
        if not access.signed_in:
            return {"access": self._import_name(_get_access_name(ANYONE))}
        if len(access.all_of) > 1 or len(access.permissions) > 1:
            rules: dict[str, Piece | None] = {
                name: make_tuple(map(quote, values)) if values else None
                for name, values in (
                    ("all_of", access.all_of),
                    ("any_of", access.any_of),
                    ("permissions", access.permissions),
                    ("any_permission", access.any_permission),
                )
            }
            return {
                "access": make_call(self._import_name("Access"), **rules, api_key="True" if access.api_key else None)
            }
        options: dict[str, Piece | None] = {
            "role": quote(access.all_of[0]) if access.all_of else None,
            "any_role": make_list(map(quote, access.any_of)) if access.any_of else None,
            "permission": quote(access.permissions[0]) if access.permissions else None,
            "any_permission": make_list(map(quote, access.any_permission)) if access.any_permission else None,
            "api_key": "True" if access.api_key else None,
        }
        return options if any(options.values()) else {"access": self._import_name(_get_access_name(SIGNED_IN))}


def _get_access_name(access: Access) -> str:
    return "SIGNED_IN" if access.signed_in else "ANYONE"


def write_outer_call(function: Code, name: str) -> Iterator[str]:
    """Return a call of the function that another call returns: ``service.get("/x")(X)``."""
    if len(f"{function}({name})") > WIDTH >= len(f"{function}("):
        yield from (f"{function}(", f"{_STEP}{name}", ")")
        return
    *before, last = write_lines(function, 0, f"({name})")
    yield from (*before, last)


def _format_verbs(route: Route) -> str:
    return "ANY" if route.verbs == ANY else " ".join(route.verbs)
