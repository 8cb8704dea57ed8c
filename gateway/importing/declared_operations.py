"""Operations in declarations: the decorator of a request."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.contract import servicestack
from gateway.contract.catalog import ANY, ANYONE, SIGNED_IN, Access, Route
from gateway.contract.typeinfo import OperationInfo, TypeRef
from gateway.importing.code import WIDTH, Code, Piece, call, lines, literal, quoted, sequence, tuple_of
from gateway.importing.declared_fields import FieldWriter

_VERBS = frozenset(ANY)
_STEP = "    "


class OperationWriter(FieldWriter):
    """Writes operations, too."""

    def _operation(self, operation: OperationInfo) -> Code:
        service = self.aliases.get("service", "service")
        routed = {verb for each in operation.routes for verb in each.verbs}
        further = [each for each in operation.verbs if each not in routed]
        options = self._options(operation)
        if further:
            also = [self._route(each) for each in operation.routes]
            verbs = "ANY" if {*operation.verbs} >= _VERBS else " ".join(further)
            options = {"also": sequence(also) if also else None, **options}
            return call(f"{service}.operation", quoted(verbs), **options)
        first, *rest = operation.routes
        options = {"also": sequence(map(self._route, rest)) if rest else None, **options}
        verbs = _verbs(first)
        if verbs in _VERBS or verbs == "ANY":
            return call(f"{service}.{verbs.lower()}", quoted(first.path), **options)
        return call(f"{service}.operation", quoted(verbs), quoted(first.path), **options)

    @staticmethod
    def _route(route: Route) -> Code:
        return Code("(", (quoted(_verbs(route)), quoted(route.path)), ")")

    def _options(self, operation: OperationInfo) -> dict[str, Piece | None]:
        return {
            "returns": None if operation.returns is None else self._answer(operation.returns),
            **self._access(operation.access),
            "tags": sequence(map(quoted, operation.tags)) if operation.tags else None,
            "gives_way": "True" if operation.name in servicestack.OF_USERS else None,
            "ui": literal(operation.ui) if operation.ui else None,
        }

    def _answer(self, ref: TypeRef) -> Piece:
        if ref.name == "List" and ref.arguments[0].kind == "record" and ref.arguments[0].name != "KeyValuePair":
            return sequence([self._class(ref.arguments[0])])
        return self._argument(ref)

    def _access(self, access: Access) -> dict[str, Piece | None]:
        if not access.signed_in:
            return {"access": self._name(_name_of(ANYONE))}
        if len(access.all_of) > 1 or len(access.permissions) > 1:
            told: dict[str, Piece | None] = {
                name: tuple_of(map(quoted, values)) if values else None
                for name, values in (
                    ("all_of", access.all_of),
                    ("any_of", access.any_of),
                    ("permissions", access.permissions),
                    ("any_permission", access.any_permission),
                )
            }
            return {"access": call(self._name("Access"), **told, api_key="True" if access.api_key else None)}
        options: dict[str, Piece | None] = {
            "role": quoted(access.all_of[0]) if access.all_of else None,
            "any_role": sequence(map(quoted, access.any_of)) if access.any_of else None,
            "permission": quoted(access.permissions[0]) if access.permissions else None,
            "any_permission": sequence(map(quoted, access.any_permission)) if access.any_permission else None,
            "api_key": "True" if access.api_key else None,
        }
        return options if any(options.values()) else {"access": self._name(_name_of(SIGNED_IN))}


def _name_of(access: Access) -> str:
    return "SIGNED_IN" if access.signed_in else "ANYONE"


def called(function: Code, name: str) -> Iterator[str]:
    """Return a call of the function that another call returns: ``service.get("/x")(X)``."""
    if len(f"{function}({name})") > WIDTH >= len(f"{function}("):
        yield from (f"{function}(", f"{_STEP}{name}", ")")
        return
    *before, last = lines(function, 0, f"({name})")
    yield from (*before, last)


def _verbs(route: Route) -> str:
    return "ANY" if route.verbs == ANY else " ".join(route.verbs)
