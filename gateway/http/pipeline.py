"""The pipeline of a call, from the routed request to the encoded response.

Access rule, body under a limit, decode, bind, validate; then, in one unit of work, the handler and the encoding of its result; then the
commit. A failure anywhere, encoding included, rolls the unit back and becomes a ResponseStatus (`gateway.http.errors`). A unit that the
database rolled back because of a deadlock runs again, including handler and encoding.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.budget import STREAMED, Allowance, Budget
from gateway.calls import Context, Cookie, Once, Principal, Streamed, Subscribers
from gateway.contract.catalog import Catalog, Operation
from gateway.errors import (
    ClientLeft,
    KeyInProgress,
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
from gateway.http.admission import LARGE, PLACE, Admission, is_large
from gateway.http.errors import BATCH_INDEX
from gateway.http.request import Request
from gateway.http.surroundings import Surroundings
from gateway.http.tables import Tables
from gateway.instants import now
from gateway.places import Place
from gateway.replies import BODILESS, Content, Reply
from gateway.transactions import run_unit, unit_of_work
from models import Database, Unit
from serializers.base import Limits, Page
from serializers.registry import Registry
from serializers.shape import Record

#: The limits of a body in operations that anyone may call.
OPEN_LIMITS = Limits(bytes=64 * 1024, items=10_000, names=1_000)
#: Maximum number of requests in a batch.
MOST_IN_BATCH = 1000

#: Seconds after which a call whose outcome is unknown may be repeated, if it is safe to repeat.
_RETRY_AFTER = 2

#: Maximum number of characters of an id in the log.
_LONGEST_NAMED = 64

_SOCKET = "gunicorn.socket"
#: The poll event of a peer that sends no more; Linux only.
_CLOSED = getattr(select, "POLLRDHUP", 0)


@dataclass(slots=True)
class Answer:
    """A response: a status, headers, and a body if there is one, complete or as a stream."""

    status: int
    body: bytes | None = None
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: encoding.Stream | None = None
    cookies: Sequence[str] = ()


class _NotStored(Exception):
    """Rolls back the unit of work of a HEAD, which responds like a GET and changes nothing."""

    def __init__(self, result: object) -> None:
        super().__init__()
        self.result = result


class _Running:
    """The calls with an Idempotency-Key that are running in this process."""

    def __init__(self) -> None:
        self._keys: set[tuple[str, ...]] = set()
        self._lock = threading.Lock()

    def begin(self, key: tuple[str, ...]) -> None:
        """Note that a call is running. Raises KeyInProgress if it is running already."""
        with self._lock:
            if key in self._keys:
                raise KeyInProgress
            self._keys.add(key)

    def end(self, key: tuple[str, ...]) -> None:
        """Note that a call has ended."""
        with self._lock:
            self._keys.remove(key)


@dataclass(slots=True)
class _Done:
    """The number of calls of a batch that are done."""

    calls: int = 0


@dataclass(slots=True)
class _Call:
    """A call of an operation in its unit of work, which the database may repeat.

    :ivar finish: converts the handler's result to the result of the call.
    :ivar values: the values of its request by wire name.
    :ivar cookies: cookies for the client; the calls of a batch share the list.
    :ivar key: its Idempotency-Key; None without one.
    :ivar context: the context of the last run; None before the first.
    :ivar reply: the status, headers and cookies that the handler set.
    """

    pipeline: Pipeline
    operation: Operation
    request: Request
    caller: Principal | None
    limits: Limits
    budget: Budget
    finish: Callable[[_Call, Any], Any]
    values: Mapping[str, Any]
    cookies: list[Cookie]
    key: str | None = None
    context: Context | None = None
    reply: Reply | None = None

    def run(self, unit: Unit) -> Any:
        """Call the handler. Raises _NotStored for a HEAD that would change something."""
        pipeline, operation, request = self.pipeline, self.operation, self.request
        context = self.context = Context(
            unit,
            self.caller,
            now(),
            conditional.expected(request) if "HTTP_IF_MATCH" in request.env else None,
            self.key,
            request.method,
            pipeline.gate.callers,
            request.credentials,
            subscribers=pipeline.subscribers,
        )
        if request.files:
            context.files = request.files
            for file in request.files:
                file.stream.seek(0)
        if self.key and pipeline.once is not None:
            result = pipeline.once.call(pipeline.catalog, operation, self.values, context)
        else:
            result = pipeline.catalog.call(operation, self.values, context)
        self.reply = context.reply
        result = self.finish(self, result)
        if request.method == "HEAD" and operation.writes:
            raise _NotStored(result)
        return result

    def running_key(self) -> tuple[str, ...] | None:
        """Return the key that no other call of this process may use at the same time; None if there is no such key."""
        if not self.key or not self.operation.idempotent or self.caller is None:
            return None
        return self.caller.user_id, self.operation.name, self.key

    def release_key(self) -> None:
        """Forget the key of a failed call of which a part is stored."""
        once, context = self.pipeline.once, self.context
        if once is not None and context is not None and context.unit.partly_stored:
            once.release(self.operation, context)


def client_left(request: Request) -> bool:
    """Return whether the client has closed its side of the connection; False if the server does not provide its socket."""
    connection = request.env.get(_SOCKET)
    if connection is None:
        return False
    poll = select.poll()
    poll.register(connection, _CLOSED)
    return any(events & (_CLOSED | select.POLLHUP | select.POLLERR) for _, events in poll.poll(0))


class Pipeline:
    """Runs operations.

    :param bodies: the limits of a request's body, compressed and inflated, and those of operations that anyone may call.
    :ivar limits: the budget of a request, or of a complete batch.
    :ivar streamed: the budget of a streamed list.
    :param tables: how lists are written in CSV.
    :ivar reading: how strictly requests are read, a mode of `gateway.http.leniency`.
    :ivar once: stores results of idempotency keys; None for none.
    :param surroundings: makes what surrounds documents on pages for people.
    :ivar subscribers: sends events; None if there are none.
    """

    def __init__(
        self,
        catalog: Catalog,
        registry: Registry,
        database: Database | None,
        gate: auth.Gate,
        bodies: tuple[Limits, Limits],
        limits: Allowance = Allowance(),  # noqa: B008 - frozen
        streamed: Allowance = STREAMED,
        admission: Admission | None = None,
        tables: Tables = "auto",
        reading: str = "compatible",
        once: Once | None = None,
        surroundings: Surroundings | None = None,
        subscribers: Subscribers | None = None,
    ) -> None:
        self.catalog = catalog
        self.registry = registry
        self.database = database
        self.gate = gate
        self.limits = limits
        self.streamed = streamed
        self.admission = admission or Admission()
        self.encoder = encoding.Encoder(surroundings or Surroundings(registry, catalog, gate), tables)
        self.reading = reading
        self.once = once
        self.subscribers = subscribers
        self._running = _Running()
        self._body, self._open_body = bodies
        self._counts = bool(self.admission.rates)
        ids = {
            operation.returns: operation.named_as
            for operation in catalog
            if operation.returns and operation.named_as and not operation.lists
        }
        #: By operation that creates an entity: the name of its id in the log, taken from an operation that reads the same entity.
        self._made = {
            operation.name: ids[operation.returns]
            for operation in catalog
            if operation.writes and operation.returns in ids and not operation.named_as and not operation.lists
        }

    def run(
        self,
        operation: Operation,
        request: Request,
        path: Mapping[str, str],
        *,
        predefined: bool = False,
        batch: bool = False,
    ) -> Answer:
        """Run one call of an operation, or every call of a batch. Raises ServiceError.

        :param path: the path's values by wire name.
        """
        request.operation = operation
        if operation.signs_in:
            _check_verb(operation, request, batch=batch)
        caller, admission = self.gate.admit(operation, request), self.admission
        if self._counts and not batch:
            admission.count(operation, request)
        access, env = operation.access, request.env
        limits = self._body if access is None or access.signed_in else self._open_body
        large = False
        # PERF: shorter bodies arrived with the head.
        if len(env.get("CONTENT_LENGTH", "")) > 4 or "HTTP_TRANSFER_ENCODING" in env:
            bodies.receive(request, min(LARGE, limits.bytes))
            large = is_large(request)
        budget = Budget(self.limits, admission.places.pause if batch or operation.lists else None)
        call = _Call(self, operation, request, caller, limits, budget, _part if batch else self._answer, {}, [])
        place = admission.place(operation, request, batch=batch, large=large)
        if place is not None:
            request.waiting = place.waited
        kept = False
        result: Answer | Streamed | Content | None = None
        try:
            result = self._run_batch(call) if batch else self._run(call, path, place, predefined=predefined)
            if place is not None and isinstance(result, Answer) and len(result.body or b"") > LARGE:
                # A large response holds its place until it is sent.
                request.env[PLACE], kept = place, True
        finally:
            if place is not None and not kept:
                place.release()
            # Content that is sent later may be read from them.
            if request.files and not isinstance(result, Content):
                forms.close(request.files)
        response = result if isinstance(result, Answer) else self._streamed(operation, request, result)
        if call.reply is not None and not batch:
            response = _with_reply(response, call.reply)
        if call.cookies or (caller is not None and caller.renewed):
            return self._with_cookies(response, call)
        return response

    def _run(
        self, call: _Call, path: Mapping[str, str], place: Place | None, *, predefined: bool
    ) -> Answer | Streamed | Content:
        operation, request = call.operation, call.request
        if operation.takes_files:
            forms.read_files(request, call.limits)
        call.values = values = binding.read_values(
            request, operation, path, self.registry, call.limits, predefined=predefined, mode=self.reading
        )
        if (named_as := operation.named_as) and isinstance(named := values.get(operation.resource_name), str):
            request.named_as, request.named = named_as, named[:_LONGEST_NAMED]
        if place is not None and operation.changes_one and (resource := operation.resource(values)):
            place.change(resource)
        call.key = request.env.get("HTTP_IDEMPOTENCY_KEY")
        result: Answer | Streamed | Content = self._done(call)
        return result

    def _run_batch(self, call: _Call) -> Answer:
        """Run the calls of a batch in order, each in its own unit of work, within one common budget. The first failure ends the batch and
        is its response; the calls before it stay committed, and the error's meta has the index.

        The responses are encoded one by one, so that no more than the document is held in memory.
        """
        operation, request = call.operation, call.request
        batch = binding.read_batch(request, operation, self.registry, call.limits, self.reading)
        if len(batch) > MOST_IN_BATCH:
            raise TooLarge(f"The batch has {len(batch)} requests; at most {MOST_IN_BATCH} are allowed.")
        done = _Done()
        began = time.perf_counter()
        try:
            body = self._encoded(call, self._results(call, batch, done))
        except ServiceError as error:
            error.meta[BATCH_INDEX] = str(done.calls)
            if not done.calls or not isinstance(error, OutOfTime | ResponseTooLarge):
                raise
            words = f"{error.message} {done.calls} of the batch's {len(batch)} requests are done; send the others in another batch."
            raise TooManyRequests(words, retry_after=1, meta=error.meta) from error
        finally:
            request.encoding = time.perf_counter() - began - request.database
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
        """Yield the results of a batch's calls, each executed on demand."""
        key = call.request.env.get("HTTP_IDEMPOTENCY_KEY")
        for index, values in enumerate(batch):
            if client_left(call.request):
                raise ClientLeft
            call.budget.pause()
            call.budget.check_time()
            if self._counts:
                self.admission.count(call.operation, call.request)
            result = self._done(replace(call, values=values, key=f"{key}[{index}]" if key else None))
            done.calls += 1
            yield result

    def _done(self, call: _Call) -> Any:
        """Return the finished result of a call in its own unit of work, once for each Idempotency-Key."""
        operation, request = call.operation, call.request
        keyed = call.running_key() if call.key else None
        if keyed is not None:
            self._running.begin(keyed)
        began = time.perf_counter()
        try:
            result = run_unit(self.database, operation.writes, call.run, call.budget)
        except _NotStored as rolled_back:
            return rolled_back.result
        except OutcomeUnknown as error:
            # A call with a key is not done twice; one that only reads may be repeated at will.
            error.retry_after = _RETRY_AFTER if keyed or not operation.writes else None
            if call.context is not None:
                call.context.write_records(outcome="unknown")
            raise
        except Exception:
            if keyed:
                call.release_key()
            raise
        finally:
            request.database += time.perf_counter() - began
            if keyed is not None:
                self._running.end(keyed)
        context = call.context
        if context is not None:
            if context.cookies:
                call.cookies.extend(context.cookies)
            if context.recorded:
                context.write_records()
            if context.publisher is not None and context.publisher.wanted and self.subscribers:
                self.subscribers.committed()
        return result

    def _answer(self, call: _Call, result: Any) -> Answer | Streamed | Content:
        operation, request = call.operation, call.request
        if isinstance(result, Content):
            return self._content(call, result)
        if result is None or operation.response_shape is None:
            return Answer(204)
        if isinstance(result, Streamed):
            return result
        tag = conditional.etag(operation, result)
        if tag and "HTTP_IF_NONE_MATCH" in request.env and conditional.unchanged(request, tag):
            return Answer(304, headers={"ETag": tag})
        negotiation = request.negotiation
        headers: Mapping[str, str] = {"ETag": tag} if tag else {}
        if operation.lists or negotiation.serializer.download:
            headers = encoding.headers(operation, result, negotiation.serializer, tag)
        if operation.name in self._made and isinstance(made := getattr(result, "id", None), str):
            request.named_as, request.named = self._made[operation.name], made
        began = time.perf_counter()
        body = self.encoder.encode(operation, result, request, call.budget)
        spent = time.perf_counter() - began
        request.encoding += spent
        request.database -= spent
        return Answer(200, body, negotiation.content_type, headers)

    def _content(self, call: _Call, content: Content) -> Answer | Content:
        """Return the response with content in bytes; other content is read later."""
        if not isinstance(content.data, bytes):
            return content
        call.budget.write(len(content.data))
        return Answer(200, content.data, content.content_type, content.headers)

    def _with_cookies(self, response: Answer, call: _Call) -> Answer:
        """Return the response with the cookies of a log-in or log-out, or with renewed ones."""
        request, callers = call.request, self.gate.callers
        cookies = call.cookies
        if not call.operation.signs_in and callers and call.caller is not None:
            names = {cookie.name for cookie in cookies}
            cookies = [*cookies, *(cookie for cookie in callers.renewal(call.caller) if cookie.name not in names)]
        if not cookies or not request.may_set_cookies:
            return response
        signs_in = call.cookies and call.operation.signs_in
        if signs_in and request.negotiation.serializer.paged and (target := login.wanted(request)):
            response = Answer(302, headers={"Location": login.goal(request, target)})
        lines = auth.cookie_lines(cookies, secure=request.scheme == "https", path=request.prefix or "/")
        return replace(response, cookies=[*lines])

    def _streamed(self, operation: Operation, request: Request, result: Streamed | Content) -> Answer:
        if isinstance(result, Content):
            return self._stream(request, self._content_blocks(result, request), result.content_type, result.headers)
        negotiation = request.negotiation
        assert operation.response_shape is not None
        is_page = negotiation.serializer.paged
        page = self.encoder.surroundings.page(operation, request, result) if is_page else Page()
        blocks = self._blocks(operation, result, page, request)
        headers = encoding.headers(operation, result, negotiation.serializer)
        return self._stream(request, blocks, negotiation.content_type, headers)

    def _stream(
        self, request: Request, blocks: Generator[bytes, None, None], content_type: str, headers: Mapping[str, str]
    ) -> Answer:
        if request.env.get("SERVER_PROTOCOL") == "HTTP/1.0" and "SERVER_SOFTWARE" in request.env:
            # HTTP/1.0 clients can't distinguish a truncated list from a complete one.
            return Answer(200, encoding.joined(blocks, Budget(self.limits)), content_type, headers)
        stream = encoding.Stream(blocks)
        if request.method == "HEAD":
            stream.close()
        return Answer(200, None, content_type, headers, stream)

    def _content_blocks(self, content: Content, request: Request) -> Generator[bytes, None, None]:
        budget = Budget(self.streamed, self.admission.places.pause)
        try:
            with closing(content), self.admission.stream(request):
                yield from encoding.paced(content.blocks(), budget)
        finally:
            forms.close(request.files)

    def _blocks(
        self, operation: Operation, result: Streamed, page: Page, request: Request
    ) -> Generator[bytes, None, None]:
        serializer, expected = jsconfig.serializer_of(request), self.encoder.expected(operation, request)
        budget = Budget(self.streamed, self.admission.places.pause)
        with self.admission.stream(request), unit_of_work(self.database, write=False, budget=budget) as unit:
            response: Any = result.open(unit)
            declared = operation.response_shape
            if expected is not declared and isinstance(declared, Record):
                # The bytes are counted once, when they are collected.
                response = encoding.gathered(response, declared, Budget(self.limits))
            page = replace(page, hold=budget.holder())
            yield from encoding.paced(serializer.stream(response, expected, page=page), budget)

    def form_field(self, operations: Sequence[Operation], request: Request, name: str) -> str | None:
        """Return the last text of a field, its name in lower case, if the body is a form. The body is read only if the caller may
        call one of the operations. Raises ServiceError if the caller may call none."""
        request.operation = operations[0]
        admitted = self.gate.admit_any(operations, request)
        limits = (
            self._body
            if any(operation.access.signed_in for operation in admitted if operation.access)
            else self._open_body
        )
        with self.admission.body(operations[0], request):
            if any(operation.takes_files for operation in admitted):
                forms.read_files(request, limits)
            pairs = forms.form(request, bodies.read(request, limits.bytes), limits) or ()
        texts = [value for given, value in pairs if given.lower() == name and isinstance(value, str)]
        return texts[-1] if texts else None


class RolledBack(Pipeline):
    """Runs operations as usual, but stores none of their changes."""

    def _answer(self, call: _Call, result: Any) -> Answer | Streamed | Content:
        response = super()._answer(call, result)
        if call.operation.writes:
            raise _NotStored(response)
        return response


def _part(call: _Call, result: Any) -> Any:
    """Return the result of one call of a batch. Raises TooLarge, MalformedRequest for a result that needs a separate response."""
    if isinstance(result, Streamed):
        raise TooLarge("A list with all=true can't be part of a batch.")
    redirects = call.reply is not None and call.reply.redirects
    if redirects or isinstance(result, Content):
        if isinstance(result, Content):
            result.close()
        what = "redirects" if redirects else "sends a file"
        raise MalformedRequest(
            f"{call.operation.name} {what} and can't be part of a batch. Send each in a request of its own.",
            error_code="NotSupportedException",
        )
    return result


def _with_reply(response: Answer, reply: Reply) -> Answer:
    """Return the response with the values that the handler set. A 304 is unchanged."""
    status = response.status if response.status == 304 else reply.status or response.status
    headers = {**response.headers, **reply.headers}
    if varying := reply.headers.get("Vary"):
        headers = {name: value for name, value in headers.items() if name.lower() != "vary"}
        headers["Vary"] = f"Accept, {varying}"
    if status not in BODILESS:
        return replace(response, status=status, headers=headers)
    if response.stream is not None:
        response.stream.close()
    return Answer(status, headers=headers)


def _check_verb(operation: Operation, request: Request, *, batch: bool) -> None:
    """Refuse operations that sign in or out within a batch or by HEAD. Raises NotSupported, MalformedRequest."""
    if request.method == "HEAD":
        raise NotSupported(
            f"HEAD is not allowed for {operation.name}, which may change something. Use POST.", operation.verbs
        )
    if batch:
        raise MalformedRequest(
            f"{operation.name} signs in or out and can't be part of a batch. Send each in a request of its own.",
            error_code="NotSupportedException",
        )
