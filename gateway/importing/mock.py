"""A mock service: every operation of a contract returns a sample."""

from __future__ import annotations

import fcntl
import json as plain_json
import os
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from gateway.calls import Context, Credentials, Method, Principal
from gateway.contract import fields
from gateway.contract.catalog import Operation
from gateway.contract.dto import Dto, Instance
from gateway.contract.dto_field import AnyField
from gateway.contract.generics import type_name
from gateway.contract.shapes import document_shape, field_shape
from gateway.importing.drafts import ImportFailed
from gateway.importing.loading import declare, find_dialect, list_roles
from gateway.importing.sources import Imported
from gateway.metadata import samples
from gateway.service import Service
from serializers import json

#: The module that holds the DTOs of a mock.
_MODULE = "gateway_mock"
#: Maximum of records in a response, and of their nesting.
_MOST_RECORDS = 100
_DEEPEST = 6
#: Maximum of items in a list of varied data.
_MOST_ITEMS = 3
#: Maximum depth in a response of values from the request.
_ECHOED_TO = 2


class Recorder(Protocol):
    """Records requests."""

    def record(self, operation: Operation, request: Instance, context: Context) -> None:
        """Keep a request."""
        ...


def build_service(imported: Imported, *, seed: int | None = None, recorder: Recorder | None = None) -> Service:
    """Return the service that returns samples. Every caller is signed in, with every role.

    :param seed: makes varied data, the same for the same request; None for the samples of the metadata pages.
    :param recorder: records valid requests.
    :raises ImportFailed: when the contract can't be declared.
    """
    roles = list_roles(imported.contract)
    caller = replace(Principal.of("mock", roles=[*roles, "Admin"]), method=Method.KEY)

    def authenticate(_credentials: Credentials) -> Principal:
        return caller

    service = Service(
        imported.title or "Mock",
        roles=roles,
        administrator="Admin",
        authenticate=authenticate,
        dialect=find_dialect(imported.version),
    )
    declare(imported.contract, service, imported.losses, _MODULE)
    for operation in service.catalog:
        service.handles(operation.dto)(_Handler(operation, seed, recorder))
    return service


@dataclass(frozen=True)
class _Handler:
    """The handler of an operation."""

    operation: Operation
    seed: int | None
    recorder: Recorder | None

    def __call__(self, request: Instance, context: Context) -> Any:
        if self.recorder is not None:
            self.recorder.record(self.operation, request, context)
        if self.operation.response is None:
            return None
        chance = None
        if self.seed is not None:
            chance = random.Random(f"{self.seed} {self.operation.name} {_encode_request(self.operation, request)}")  # noqa: S311 - no secrets
        return _Maker(chance, dict(_list_values(self.operation.dto, request))).make_value(
            self.operation.response, "", ()
        )


def _encode_request(operation: Operation, request: Instance) -> str:
    """Return a request as JSON."""
    return json.dumps(operation.dto.schema().dump(request), document_shape(operation.dto))


def _list_values(dto: type[Dto], request: Instance) -> Iterator[tuple[tuple[str, str], Any]]:
    """Return the request's values that are not null, by name and type."""
    for name, field in dto.schema().fields.items():
        value = getattr(request, name)
        if value is not None:
            yield (str(field.data_key).lower(), type_name(field)), value


class _Maker:
    """Builds one response.

    :ivar chance: chooses values; None for samples.
    :ivar request_values: values of the request by name and type, which records of the response copy.
    :ivar remaining: records that the response may still have.
    """

    def __init__(self, chance: random.Random | None, request_values: Mapping[tuple[str, str], Any]) -> None:
        self.chance = chance
        self.request_values = request_values
        self.remaining = _MOST_RECORDS

    def make_value(self, field: AnyField, name: str, enclosing: tuple[type[Dto], ...]) -> Any:
        """Return a value of a field inside the enclosing records."""
        match field:
            case fields.Nested():
                return self._make_record(field.dto, enclosing)
            case fields.List():
                items = [self.make_value(field.item, name, enclosing) for _ in range(self._count_items())]
                return [item for item in items if item is not None]
            case fields.Map():
                assert field.key_field is not None
                assert field.value_field is not None
                value = self.make_value(field.value_field, name, enclosing)
                return {} if value is None else {self.make_value(field.key_field, "", enclosing): value}
            case fields.Enum():
                members = [*field.enum.__members__.values()]
                return self._choose(members) if members else None
            case fields.Flags():
                return self._choose([field.enum(0), *field.enum.__members__.values()])
            case _:
                sample = samples.make_sample(field_shape(field))
                return sample if self.chance is None else _vary(sample, name, field, self.chance)

    def _count_items(self) -> int:
        return 1 if self.chance is None else self.chance.randint(1, _MOST_ITEMS)

    def _choose(self, values: list[Any]) -> Any:
        return values[0] if self.chance is None else self.chance.choice(values)

    def _make_record(self, dto: type[Dto], enclosing: tuple[type[Dto], ...]) -> Instance | None:
        """Return a record, or null if it contains itself or exceeds the limits."""
        if dto in enclosing or len(enclosing) == _DEEPEST or not self.remaining:
            return None
        self.remaining -= 1
        ancestors = (*enclosing, dto)
        values = {
            name: self._make_member(str(field.data_key), field, ancestors)
            for name, field in dto.schema().fields.items()
        }
        return dto.instance(values)

    def _make_member(self, name: str, field: AnyField, ancestors: tuple[type[Dto], ...]) -> Any:
        if name == "responseStatus":
            # A status would mean that the call failed.
            return None
        if (
            len(ancestors) <= _ECHOED_TO
            and (value := self.request_values.get((name.lower(), type_name(field)))) is not None
        ):
            return value
        return self.make_value(field, name, ancestors)


_NAMES = ("Ada", "Bob", "Cleo", "Dora", "Emil", "Fay", "Gus", "Hana", "Ivo", "Jo")
_WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "haven", "inlet", "jade")


def _vary(sample: Any, name: str, field: AnyField, chance: random.Random) -> Any:
    """Return a value like a sample, by its type and its name."""
    if isinstance(sample, bool):
        return chance.random() < 0.5
    if isinstance(sample, int):
        return chance.randint(1, 100)
    if isinstance(sample, float):
        return chance.randint(100, 10_000) / 100
    if isinstance(sample, Decimal):
        return Decimal(chance.randint(100, 10_000)) / 100
    if isinstance(sample, datetime):
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=chance.randint(0, 500_000))
    if isinstance(sample, timedelta):
        return timedelta(minutes=chance.randint(1, 600))
    if isinstance(sample, UUID):
        return UUID(int=chance.getrandbits(128), version=4)
    if isinstance(sample, bytes):
        return chance.randbytes(12)
    return _vary_text(name.lower(), chance) if isinstance(field, fields.String) else sample


def _vary_text(name: str, chance: random.Random) -> str:
    word, person = chance.choice(_WORDS), chance.choice(_NAMES)
    if "email" in name:
        return f"{person.lower()}@example.org"
    if "phone" in name or name.endswith("number"):
        return f"+1555{chance.randint(1_000_000, 9_999_999)}"
    if "url" in name or "uri" in name:
        return f"https://example.org/{word}"
    if "date" in name or name.endswith("time"):
        return (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=chance.randint(0, 8_000))).strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        )
    if name.endswith("id"):
        return f"{chance.getrandbits(48):012x}"
    if "name" in name:
        return f"{person} {word.capitalize()}"
    return f"{word} {chance.choice(_WORDS)}"


#: Members of requests that hold secrets, which are not recorded.
_SECRET = ("password", "secret", "token", "apikey", "accesskey")


class FileRecorder:
    """Appends requests to a file, each as a line of JSON. Processes may share the file."""

    def __init__(self, path: Path) -> None:
        """Open a file for appending; only its owner may read it.

        :raises ImportFailed: when it can't be opened.
        """
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        except OSError as error:
            raise ImportFailed(f"{path}: can't be written: {error.strerror}") from error
        self._path = path

    def record(self, operation: Operation, request: Instance, context: Context) -> None:
        """Append a request, without secrets."""
        values = {
            name: value
            for name, value in plain_json.loads(_encode_request(operation, request)).items()
            if not _is_secret(name)
        }
        entry = {"time": context.now, "verb": context.verb, "operation": operation.name, "request": values}
        line = plain_json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n"
        with self._path.open("a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(line)


def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in _SECRET)
