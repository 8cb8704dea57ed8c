"""Detect request fields that hold secrets. Pages never put them into links, query strings or code."""

from __future__ import annotations

import re

from gateway.contract.typeinfo import Property

_NAME = re.compile(
    r"password|passphrase|passwd|secret|credential|(?:api|private|access)_?key|"
    r"(?:access|refresh|bearer|auth|id|session|api|user|reset|login)_?token|^token$|(?-i:(?:^|_)(?:pin|PIN|Pin)$|[a-z]P(?:in|IN)$)",
    re.IGNORECASE,
)
#: Kinds of values that can hold a secret. A boolean can't, such as the choice whether to return a token.
_KINDS = frozenset({"String", "Byte[]", "Stream", "Object", "List", "Array", "Dictionary"})


def is_secret(field: Property) -> bool:
    """Return whether a field's value is a secret: by its name, or because it is declared as a password input."""
    ui_input = field.ui.get("input")
    kind = ui_input.get("type") if isinstance(ui_input, dict) else None
    if kind == "password" or (field.api_member is not None and field.api_member.format.lower() == "password"):
        return True
    return field.type.name in _KINDS and is_secret_name(field.wire)


def is_secret_name(wire_name: str) -> bool:
    """Return whether a field of this name holds a secret, if its type can hold one."""
    return _NAME.search(wire_name) is not None
