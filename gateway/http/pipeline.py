"""The walk of a call, from the routed request to the encoded answer.

Policy, body under a limit, decode, bind, validate; then, in one unit of work, the handler and the encoding of its answer; then the
commit. A failure anywhere, encoding included, rolls the unit back and becomes a ResponseStatus (`gateway.http.errors`). A unit that the
database threw out, because two waited for each other's locks, is done again, handler, encoding and all.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.contract.catalog import Catalog, Operation
from gateway.errors import ServiceError, TooLarge
from gateway.http import auth, binding, conditional, encoding
from gateway.http.errors import BATCH_INDEX
from gateway.http.request import Request
from gateway.security.principal import Principal
from gateway.security.sessions import LoginChange
from gateway.services.context import Context, Streamed, now
from gateway.units import run_unit, unit_of_work
from models import Database, Unit
from serializers.base import Page, Serializer
from serializers.registry import Registry
from serializers.shape import Shape

#: Requests that one batch may hold.
MOST_IN_BATCH = 1000


@dataclass(slots=True)
class Answer:
    """What goes back: a status, headers, and a body where there is one, whole or as a stream."""

    status: int
    body: bytes | None = None
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: encoding.Stream | None = None
    cookies: Sequence[str] = ()


class Pipeline:
    """Runs operations.

    :ivar body_limit: bytes that a request's body may have, compressed and inflated.
    """

    def __init__(
        self, catalog: Catalog, registry: Registry, database: Database, gate: auth.Gate, body_limit: int
    ) -> None:
        self.catalog = catalog
        self.registry = registry
        self.database = database
        self.gate = gate
        self.body_limit = body_limit
        self.encoder = encoding.Encoder(registry)

    def run(
        self, operation: Operation, request: Request, path: Mapping[str, str], *, predefined: bool = False
    ) -> Answer:
        """One call of an operation. Raises ServiceError."""
        caller = self._admit(operation, request)
        values = binding.read_values(request, operation, path, self.registry, self.body_limit, predefined=predefined)

        def call(unit: Unit) -> Answer | Streamed:
            context = self._context(unit, caller, request, request.env.get("HTTP_IDEMPOTENCY_KEY"))
            result = self.catalog.call(operation, values, context)
            if result is None or operation.response_shape is None:
                return Answer(204)
            if isinstance(result, Streamed):
                return result
            answer = self._answer(operation, request, result)
            return self._with_cookies(answer, context.login or auth.renewal(caller), request)

        found = run_unit(self.database, operation.writes, call)
        return self._streamed(operation, request, found) if isinstance(found, Streamed) else found

    def run_batch(self, operation: Operation, request: Request) -> Answer:
        """Every call of a batch, in order, each in a unit of work of its own. The first failure ends it and is the answer;
        the calls before it stay done, and the error's meta says at which it stopped."""
        caller = self._admit(operation, request)
        batch = binding.read_batch(request, operation, self.registry, self.body_limit)
        if len(batch) > MOST_IN_BATCH:
            raise TooLarge(f"The batch has {len(batch)} requests; {MOST_IN_BATCH} are the most.")
        results = []
        for index, values in enumerate(batch):
            try:
                results.append(self._one_of_batch(operation, values, caller, request, index))
            except ServiceError as error:
                error.meta[BATCH_INDEX] = str(index)
                raise
        completed = {"X-AutoBatch-Completed": str(len(results))}
        if operation.response_shape is None:
            return Answer(204, headers=completed)
        body = self.encoder.encode_batch(operation, results, request)
        return Answer(200, body, request.negotiation.content_type, completed)

    def _one_of_batch(
        self, operation: Operation, values: Mapping[str, Any], caller: Principal | None, request: Request, index: int
    ) -> Any:
        key = request.get_header("Idempotency-Key")

        def call(unit: Unit) -> Any:
            context = self._context(unit, caller, request, f"{key}[{index}]" if key else None)
            return self.catalog.call(operation, values, context)

        result = run_unit(self.database, operation.writes, call)
        if isinstance(result, Streamed):
            raise TooLarge("A list that is asked for with all=true can't be part of a batch.")
        return result

    def _answer(self, operation: Operation, request: Request, result: Any) -> Answer:
        tag = conditional.etag(result)
        if tag and conditional.unchanged(request, tag):
            return Answer(304, headers={"ETag": tag})
        negotiation = request.negotiation
        headers = encoding.headers(operation, result, negotiation.serializer, tag)
        body = self.encoder.encode(operation, result, request, "" if operation.writes else tag or "")
        return Answer(200, body, negotiation.content_type, headers)

    def _with_cookies(self, answer: Answer, login: LoginChange | None, request: Request) -> Answer:
        if login is None or not request.may_set_cookies:
            return answer
        lines = auth.cookie_lines(login, secure=request.scheme == "https", path=request.prefix or "/")
        return replace(answer, cookies=[*lines])

    def _streamed(self, operation: Operation, request: Request, result: Streamed) -> Answer:
        negotiation = request.negotiation
        assert operation.response_shape is not None
        page = encoding.page(operation.name, request, self.registry)
        blocks = self._blocks(negotiation.serializer, operation.response_shape, result, page)
        headers = encoding.headers(operation, result, negotiation.serializer)
        return Answer(200, None, negotiation.content_type, headers, encoding.Stream(blocks))

    def _blocks(
        self, serializer: Serializer, expected: Shape, result: Streamed, page: Page
    ) -> Generator[bytes, None, None]:
        with unit_of_work(self.database, write=False) as unit:
            yield from serializer.stream(result.open(unit), expected, page=page)

    def _context(self, unit: Unit, caller: Principal | None, request: Request, key: str | None) -> Context:
        return Context(
            unit=unit,
            caller=caller,
            now=now(),
            expected=conditional.expected(request),
            idempotency_key=key,
            verb=request.method,
            authenticator=self.gate.authenticator,
            credentials=request.credentials,
        )

    def _admit(self, operation: Operation, request: Request) -> Principal | None:
        request.operation = operation
        return self.gate.admit(operation, request)
