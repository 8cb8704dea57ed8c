"""Convert marshmallow's nested messages to the flat failures of a ServiceStack response."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.contract.naming import words
from gateway.contract.rules import Failure
from gateway.errors import FieldError


def field_errors(messages: Any, path: str = "") -> Iterator[FieldError]:
    """Yield the failures of a schema's messages, flat, in the fields' order, by wire path (``members[0].role``)."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            step = f"[{key}]" if isinstance(key, int) else f".{key}" if path else str(key)
            yield from field_errors(inner, path + step)
        return
    for message in messages:
        yield _make_field_error(message, path)


def _make_field_error(message: str, path: str) -> FieldError:
    if not isinstance(message, Failure):
        return FieldError("Invalid", path, message)
    last = path.rsplit(".", 1)[-1].split("[")[0]
    name = words(last[:1].upper() + last[1:])
    text = message.replace("{path}", path).replace("{name}", name)
    return FieldError(message.code, path, text, _make_meta(message, name))


def _make_meta(message: Failure, name: str) -> Mapping[str, str]:
    if message.code == "SerializationException":
        return message.meta
    meta = {**message.meta, "PropertyName": name}
    if "PropertyValue" in meta:
        # The value comes last, as in ServiceStack's responses.
        meta["PropertyValue"] = meta.pop("PropertyValue")
    return meta
