"""The walk of a call, from the routed request to the encoded answer.

Policy, body under a limit, decode, bind, validate; then, in one unit of work, the handler and the encoding of its answer; then the
commit. A failure anywhere, encoding included, rolls the unit back and becomes a ResponseStatus (`gateway.http.errors`). A unit that the
database threw out, because two waited for each other's locks, is done again, handler, encoding and all.
"""

from __future__ import annotations

import select
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from gateway.budget import STREAMED, Allowance, Budget
from gateway.calls import Context, Streamed, now
from gateway.contract.catalog import Catalog, Operation
from gateway.errors import (
    ClientLeft,
    MalformedRequest,
    NotSupported,
    OutcomeUnknown,
    OutOfTime,
    ResponseTooLarge,
    ServiceError,
    TooLarge,
    TooManyRequests,
)
from gateway.http import auth, binding, bodies, conditional, encoding, forms, jsconfig, login
from gateway.http.admission import LARGE, PLACE, Admission
from gateway.http.errors import BATCH_INDEX
from gateway.http.request import Request
from gateway.http.tables import Tables
from gateway.places import Place
from gateway.principals import Principal
from gateway.transactions import run_unit, unit_of_work
from gateway.users import idempotency
from gateway.users.sessions import LoginChange
from models import Database, Unit
from serializers.base import Limits, Page
from serializers.registry import Registry
from serializers.shape import Record

#: What a body may hold where anybody may call.
OPEN_LIMITS = Limits(bytes=64 * 1024, items=10_000, names=1_000)
#: Requests that one batch may hold.
MOST_IN_BATCH = 1000

#: Seconds after which a call whose outcome is unknown may be repeated, where it may.
_RETRY_AFTER = 2

Result = TypeVar("Result")

_SOCKET = "gunicorn.socket"
#: The event of a peer that sends no more; Linux alone has it.
_CLOSED = getattr(select, "POLLRDHUP", 0)


@dataclass(slots=True)
class Answer:
    """What goes back: a status, headers, and a body where there is one, whole or as a stream."""

    status: int
    body: bytes | None = None
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: encoding.Stream | None = None
    cookies: Sequence[str] = ()


def _keep(place: Place | None, answer: Answer | Streamed, request: Request) -> None:
    """Keep the place of a large response until it is sent."""
    if place is not None and isinstance(answer, Answer) and len(answer.body or b"") > LARGE:
        place.keep()
        request.env[PLACE] = place


@dataclass(slots=True)
class _Call:
    """A request that was admitted, and what becomes of it.

    :ivar login: what it did to its client's login.
    """

    operation: Operation
    request: Request
    caller: Principal | None
    budget: Budget
    login: LoginChange | None = None


class _NotStored(Exception):
    """Rolls a unit of work back whose result is the answer to a HEAD: as to a GET, and nothing is changed."""

    def __init__(self, result: object) -> None:
        super().__init__()
        self.result = result


class _Running:
    """The calls with an Idempotency-Key that this process is doing."""

    def __init__(self) -> None:
        self._keys: set[tuple[str | None, ...]] = set()
        self._lock = threading.Lock()

    @contextmanager
    def of(self, *key: str | None) -> Iterator[None]:
        """While one is done. Raises Conflict where it is being done."""
        with self._lock:
            if key in self._keys:
                raise idempotency.in_progress()
            self._keys.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._keys.remove(key)


@dataclass(slots=True)
class _Done:
    """How many calls of a batch are done."""

    calls: int = 0


def client_left(request: Request) -> bool:
    """Whether the client has closed its side of the connection, where the server shows its socket."""
    connection = request.env.get(_SOCKET)
    if connection is None:
        return False
    poll = select.poll()
    poll.register(connection, _CLOSED)
    return any(events & (_CLOSED | select.POLLHUP | select.POLLERR) for _, events in poll.poll(0))


class Pipeline:
    """Runs operations.

    :param bodies: what a request's body may hold, compressed and inflated, and what it may hold where anybody may call.
    :ivar limits: what a request, or a batch with all its calls, may use.
    :ivar streamed: what a streamed list may use.
    :param tables: how lists are written in CSV.
    :ivar reading: how strictly requests are read, a mode of `gateway.http.leniency`.
    """

    def __init__(
        self,
        catalog: Catalog,
        registry: Registry,
        database: Database,
        gate: auth.Gate,
        bodies: tuple[Limits, Limits],
        limits: Allowance = Allowance(),  # noqa: B008 - frozen
        streamed: Allowance = STREAMED,
        admission: Admission | None = None,
        tables: Tables = "auto",
        reading: str = "compatible",
    ) -> None:
        self.catalog = catalog
        self.registry = registry
        self.database = database
        self.gate = gate
        self.limits = limits
        self.streamed = streamed
        self.admission = admission or Admission()
        self.encoder = encoding.Encoder(registry, tables)
        self.reading = reading
        self._running = _Running()
        self._body, self._open_body = bodies

    def run(
        self, operation: Operation, request: Request, path: Mapping[str, str], *, predefined: bool = False
    ) -> Answer:
        """One call of an operation. Raises ServiceError."""
        caller = self._admit(operation, request)
        self.admission.count(operation, request)
        call = _Call(
            operation, request, caller, Budget(self.limits, self.admission.places.pause if operation.lists else None)
        )
        with self.admission.place(operation, request) as place:
            found = self._run(call, path, place, predefined=predefined)
            _keep(place, found, request)
        answer = self._streamed(operation, request, found) if isinstance(found, Streamed) else found
        return self._with_cookies(answer, call)

    def _run(self, call: _Call, path: Mapping[str, str], place: Place | None, *, predefined: bool) -> Answer | Streamed:
        operation, request = call.operation, call.request
        limits = self._limits_of(operation)
        values = binding.read_values(
            request, operation, path, self.registry, limits, predefined=predefined, mode=self.reading
        )
        if place is not None and (resource := operation.resource(values)):
            place.change(resource)

        def finish(result: Any) -> Answer | Streamed:
            if result is None or operation.response_shape is None:
                return Answer(204)
            if isinstance(result, Streamed):
                return result
            return self._answer(operation, request, result, call.budget)

        return self._done(call, values, request.env.get("HTTP_IDEMPOTENCY_KEY"), finish)

    def run_batch(self, operation: Operation, request: Request) -> Answer:
        """Every call of a batch, in order, each in a unit of work of its own, within one budget for all. The first failure ends it and
        is the answer; the calls before it stay done, and the error's meta says at which it stopped.

        The responses are encoded one by one, so that no more than the document is held in memory.
        """
        caller = self._admit(operation, request)
        if operation.signs_in:
            raise MalformedRequest(
                f"{operation.name} signs in or out and can't be part of a batch. Send each in a request of its own.",
                error_code="NotSupportedException",
            )
        call = _Call(operation, request, caller, Budget(self.limits, self.admission.places.pause))
        with self.admission.place(operation, request, batch=True) as place:
            answer = self._run_batch(call)
            _keep(place, answer, request)
        return self._with_cookies(answer, call)

    def _run_batch(self, call: _Call) -> Answer:
        operation, request = call.operation, call.request
        batch = binding.read_batch(request, operation, self.registry, self._limits_of(operation), self.reading)
        if len(batch) > MOST_IN_BATCH:
            raise TooLarge(f"The batch has {len(batch)} requests; {MOST_IN_BATCH} are the most.")
        done = _Done()
        try:
            body = self._encoded(call, self._results(call, batch, done))
        except ServiceError as error:
            error.meta[BATCH_INDEX] = str(done.calls)
            if not done.calls or not isinstance(error, OutOfTime | ResponseTooLarge):
                raise
            words = f"{error.message} {done.calls} of the batch's {len(batch)} requests are done; send the others in another batch."
            raise TooManyRequests(words, retry_after=1, meta=error.meta) from error
        completed = {"X-AutoBatch-Completed": str(done.calls)}
        if body is None:
            return Answer(204, headers=completed)
        return Answer(200, body, request.negotiation.content_type, completed)

    def _encoded(self, call: _Call, results: Iterator[Any]) -> bytes | None:
        if call.operation.response_shape is not None:
            return self.encoder.encode_batch(call.operation, results, call.request, call.budget)
        for _ in results:
            pass
        return None

    def _results(self, call: _Call, batch: Sequence[Mapping[str, Any]], done: _Done) -> Iterator[Any]:
        """The results of a batch's calls, each called when it is asked for."""
        key = call.request.env.get("HTTP_IDEMPOTENCY_KEY")
        for index, values in enumerate(batch):
            if client_left(call.request):
                raise ClientLeft
            call.budget.pause()
            call.budget.check_time()
            self.admission.count(call.operation, call.request)
            result = self._done(call, values, f"{key}[{index}]" if key else None, lambda result: result)
            if isinstance(result, Streamed):
                raise TooLarge("A list that is asked for with all=true can't be part of a batch.")
            done.calls += 1
            yield result

    def _done(self, call: _Call, values: Mapping[str, Any], key: str | None, finish: Callable[[Any], Result]) -> Result:
        """A call in a unit of work of its own, once for each Idempotency-Key; what `finish` makes of its result within that unit."""
        contexts: list[Context] = []

        def work(unit: Unit) -> Result:
            context = self._context(unit, call, key)
            contexts.append(context)
            result = finish(idempotency.call(self.catalog, call.operation, values, context))
            if call.request.method == "HEAD" and call.operation.writes:
                raise _NotStored(result)
            call.login = context.login
            return result

        keyed = bool(key) and call.operation.idempotent and call.caller is not None
        with (
            self._running.of(call.caller.user_id, call.operation.name, key) if keyed and call.caller else nullcontext()
        ):
            try:
                result = run_unit(self.database, call.operation.writes, work, call.budget)
            except _NotStored as rolled_back:
                return cast("Result", rolled_back.result)
            except OutcomeUnknown as error:
                # Under its key it is not done twice; what only reads may be done as often as one likes.
                error.retry_after = _RETRY_AFTER if keyed or not call.operation.writes else None
                for context in contexts[-1:]:
                    context.write_records(outcome="unknown")
                raise
            except Exception:
                if keyed and contexts and contexts[-1].unit.partly_stored:
                    idempotency.release(self.database, call.operation, contexts[-1])
                raise
            contexts[-1].write_records()
            return result

    def _answer(self, operation: Operation, request: Request, result: Any, budget: Budget) -> Answer:
        tag = conditional.etag(operation, result)
        if tag and conditional.unchanged(request, tag):
            return Answer(304, headers={"ETag": tag})
        negotiation = request.negotiation
        headers = encoding.headers(operation, result, negotiation.serializer, tag)
        body = self.encoder.encode(operation, result, request, budget, "" if operation.writes else tag or "")
        return Answer(200, body, negotiation.content_type, headers)

    def _with_cookies(self, answer: Answer, call: _Call) -> Answer:
        """The answer with what the call did to its client's login, or with cookies that last anew."""
        change, request = call.login or auth.renewal(call.caller), call.request
        if change is None or not request.may_set_cookies:
            return answer
        if call.login and request.negotiation.serializer.paged and (target := login.wanted(request)):
            answer = Answer(302, headers={"Location": login.goal(request, target)})
        lines = auth.cookie_lines(change, secure=request.scheme == "https", path=request.prefix or "/")
        return replace(answer, cookies=[*lines])

    def _streamed(self, operation: Operation, request: Request, result: Streamed) -> Answer:
        negotiation = request.negotiation
        assert operation.response_shape is not None
        page = encoding.page(operation.name, request, self.registry)
        blocks = self._blocks(operation, result, page, request)
        headers = encoding.headers(operation, result, negotiation.serializer)
        if request.env.get("SERVER_PROTOCOL") == "HTTP/1.0" and _SOCKET in request.env:
            # Its clients can't tell a list that was cut from a complete one.
            return Answer(200, encoding.joined(blocks, Budget(self.limits)), negotiation.content_type, headers)
        return Answer(200, None, negotiation.content_type, headers, encoding.Stream(blocks))

    def _blocks(
        self, operation: Operation, result: Streamed, page: Page, request: Request
    ) -> Generator[bytes, None, None]:
        serializer, expected = jsconfig.serializer_of(request), self.encoder.expected(operation, request)
        budget = Budget(self.streamed, self.admission.places.pause)
        with self.admission.stream(request), unit_of_work(self.database, write=False, budget=budget) as unit:
            answer: Any = result.open(unit)
            declared = operation.response_shape
            if expected is not declared and isinstance(declared, Record):
                # What is written is counted once, when it is gathered.
                answer = encoding.gathered(answer, declared, Budget(self.limits))
            page = replace(page, hold=budget.holder())
            yield from encoding.paced(serializer.stream(answer, expected, page=page), budget)

    def _context(self, unit: Unit, call: _Call, key: str | None) -> Context:
        return Context(
            unit=unit,
            caller=call.caller,
            now=now(),
            expected=conditional.expected(call.request),
            idempotency_key=key,
            verb=call.request.method,
            authenticator=self.gate.authenticator,
            credentials=call.request.credentials,
        )

    def form_field(self, operations: Sequence[Operation], request: Request, name: str) -> str | None:
        """The last text of a field, its name in lower case, of a body that is a form; nothing of it is read unless the caller may
        call one of the operations. Raises ServiceError where the caller may call none."""
        request.operation = operations[0]
        admitted = self.gate.admit_any(operations, request)
        limits = self._body if any(each.access.signed_in for each in admitted if each.access) else self._open_body
        with self.admission.body(operations[0], request):
            pairs = forms.form(request, bodies.read(request, limits.bytes), limits) or ()
        texts = [value for given, value in pairs if given.lower() == name and isinstance(value, str)]
        return texts[-1] if texts else None

    def _limits_of(self, operation: Operation) -> Limits:
        return self._body if operation.access is None or operation.access.signed_in else self._open_body

    def _admit(self, operation: Operation, request: Request) -> Principal | None:
        request.operation = operation
        if request.method == "HEAD" and operation.signs_in:
            raise NotSupported(f"HEAD changes nothing, and {operation.name} may. Use POST.", operation.verbs)
        return self.gate.admit(operation, request)
