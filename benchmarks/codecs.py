"""Compare the serializers with the standard library, in one run: python benchmarks/codecs.py

A round runs all cases one after the other, and the next round in the opposite order. A ratio is the median over the
rounds' pairs, so that a busy machine slows both sides alike. The exit status is 0 if every target is met, or missed by no
more than noise.
"""

from __future__ import annotations

import csv as standard_csv
import io
import json as standard_json
import resource
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

sys.path.insert(0, str(Path(__file__).parent.parent))

from serializers import csv, json, jsonl, jsv, xml
from serializers.shape import Boolean, Choice, ListOf, MapOf, Record, Shape, Text

ROUNDS = 15
#: A target missed by less than this factor is printed, but does not fail the run.
NOISE = 1.15
STREAMED = int(sys.argv[1]) if sys.argv[1:] else 10_000
API = "http://schemas.datacontract.org/2004/07/Voice.Api"
CALL_STATES = Choice({"Disconnected": 0, "Ringing": 1, "Connected": 2, "Hold": 3, "Passive": 4})


def make_texts(names: str) -> dict[str, Shape]:
    return {name: Text() for name in names.split()}


ENTITY = Record("EntityInfo", make_texts("id dateCreated dateLastModified createdBy lastModifiedBy"), namespace=API)
BREADCRUMB = Record("CustomerBreadcrumb", make_texts("id name"), namespace=f"{API}.Customers")
LOG = Record("SessionLogInfo", make_texts("date message"), namespace=f"{API}.Sessions")
MEMBER = Record(
    "SessionMemberInfo",
    {
        **make_texts("identity endpointId displayName"),
        "isOriginalMember": Boolean(),
        "avatarUrl": Text(),
        "applicationData": MapOf(Text()),
        "callState": CALL_STATES,
        "role": Text(),
        "callSid": Text(),
        "muted": Boolean(),
    },
    namespace=f"{API}.Sessions",
)
SESSION = Record(
    "SessionInfo",
    {
        "dialState": Text(),
        "callState": CALL_STATES,
        **make_texts("queueState accountId accountName customerId"),
        "customerBreadcrumb": ListOf(BREADCRUMB),
        **make_texts("customerName endpointId endpointName dateCompleted destination toAddress fromAddress fromName"),
        **make_texts("answeredByName queueMemberId channel"),
        "ended": Boolean(),
        **make_texts("outcome callSid consoleData holdQueueName heldByUserId holdReason conferenceSid displayName"),
        "log": ListOf(LOG),
        "members": ListOf(MEMBER),
        **make_texts("callbackNumber answeredById direction fromPhoneNumber mostRecentParticipantCallSid"),
        "wasMissed": Boolean(),
        "ringQueueId": Text(),
        **ENTITY.fields,
    },
    base=ENTITY,
    namespace=f"{API}.Sessions",
)
SESSIONS = Record("ListResponse", {"items": ListOf(SESSION), "totalCount": Text()}, namespace=API, rows="items")
NEW_SESSION = Record(
    "NewSession",
    {
        **make_texts(
            "displayName channel direction callState fromAddress fromName toAddress parentSessionId customerId"
        ),
        **make_texts("withAddress fromPhoneNumber destination"),
        "memberEmailAddresses": ListOf(Text()),
        "startSession": Text(),
    },
    namespace=f"{API}.Sessions",
)


def convert_to_wire(shape: Shape) -> Shape:
    """Return the shape with a text in place of each scalar, as request bodies are read before validation."""
    if isinstance(shape, Record):
        return Record(shape.name, {name: convert_to_wire(field) for name, field in shape.fields.items()})
    if isinstance(shape, ListOf):
        return ListOf(convert_to_wire(shape.item))
    return MapOf(convert_to_wire(shape.value)) if isinstance(shape, MapOf) else Text()


def make_session(*, quoted: bool = False) -> dict[str, Any]:
    """Return a full session: three members, ten log lines, two breadcrumbs. With `quoted`, addresses, times and names have
    realistic punctuation, and a third of the texts need quotes in JSV."""
    colon, comma = (":", ", ") if quoted else ("-", " ")
    moment = f"2026-01-02T03{colon}04{colon}05.0000000Z"
    document: dict[str, Any] = {}
    for number, (name, field) in enumerate(SESSION.fields.items()):
        if name.startswith("date"):
            document[name] = moment
        elif name.endswith(("Address", "By")):
            document[name] = f"user{colon}{number}"
        elif isinstance(field, Text):
            document[name] = f"{name}{comma if number % 8 == 0 else ' '}{number}"
        elif isinstance(field, Boolean):
            document[name] = number % 2 == 0
        elif isinstance(field, Choice):
            document[name] = "Connected"
        elif name == "customerBreadcrumb":
            document[name] = [{"id": f"c{level}", "name": f"Level{comma}{level}"} for level in range(2)]
        elif name == "log":
            document[name] = [{"date": moment, "message": f"Event {line} happened"} for line in range(10)]
        else:
            document[name] = [make_member(line, colon) for line in range(3)]
    return document


def make_member(number: int, colon: str) -> dict[str, Any]:
    return {
        "identity": f"user{colon}{number}",
        "endpointId": f"EP00000{number}",
        "displayName": f"Member {number}",
        "isOriginalMember": number == 0,
        "avatarUrl": f"/avatars/{number}.png",
        "applicationData": {"email": f"user{number}@example.org", f"k{colon}2": "support"},
        "callState": "Connected",
        "role": "Agent",
        "callSid": f"CA0123456789abcdef{number}",
        "muted": False,
    }


def make_new_session() -> dict[str, Any]:
    return {
        "displayName": "Call to support, urgent",
        "channel": "Voice",
        "direction": "Outgoing",
        "callState": "Connected",
        "fromAddress": "user:1234567890",
        "fromName": "Ann Example",
        "toAddress": "team:support",
        "parentSessionId": "S0123456789",
        "customerId": "C0123456789",
        "withAddress": "user:987654321",
        "fromPhoneNumber": "+15551234567",
        "destination": "+15557654321",
        "memberEmailAddresses": ["a@example.org", "b@example.org"],
        "startSession": "True",
    }


def convert_to_object(document: Any, shape: Shape) -> Any:
    """Return the document as objects with attributes, like rows of a database."""
    if isinstance(shape, Record) and document is not None:
        return SimpleNamespace(
            **{name: convert_to_object(document.get(name), field) for name, field in shape.fields.items()}
        )
    if isinstance(shape, ListOf) and document is not None:
        return [convert_to_object(item, shape.item) for item in document]
    return document


def compile_to_dict(shape: Record) -> Callable[[Any], dict[str, Any]]:
    """Return a function from a row to a dict without nulls. It has no loops: the fastest code to compare compiled writers with."""
    namespace: dict[str, Any] = {}
    lines = ["def dump(o):", "    d = {}"]
    for number, (name, field) in enumerate(shape.fields.items()):
        value = "v"
        if isinstance(field, ListOf) and isinstance(field.item, Record):
            namespace[f"f{number}"] = compile_to_dict(field.item)
            value = f"[f{number}(i) for i in v]"
        lines += [f"    v = o.{name}", "    if v is not None:", f"        d[{name!r}] = {value}"]
    exec("\n".join([*lines, "    return d"]), namespace)
    return namespace["dump"]  # type: ignore[no-any-return]


session_to_dict = compile_to_dict(SESSION)


def build_element_tree(document: Any, name: str) -> ElementTree.Element:
    element = ElementTree.Element(name)
    if isinstance(document, dict):
        element.extend([build_element_tree(item, key) for key, item in document.items()])
    elif isinstance(document, list):
        element.extend([build_element_tree(item, "item") for item in document])
    else:
        element.text = str(document)
    return element


def write_csv(document: dict[str, Any], names: list[str]) -> str:
    """Return a header and a row by the standard library, with nested values as JSV."""
    out = io.StringIO()
    writer = standard_csv.writer(out)
    writer.writerow(names)
    writer.writerow([jsv.dumps(value) if isinstance(value, list) else value for value in document.values()])
    return out.getvalue()


Case = tuple[str, Callable[[], object], Callable[[], object], float]


def build_cases() -> list[Case]:
    plain, mixed, new = make_session(), make_session(quoted=True), make_new_session()
    row, plain_row = convert_to_object(mixed, SESSION), convert_to_object(plain, SESSION)
    names = [SESSION.declared_name(name) for name in SESSION.fields]
    dump = standard_json.JSONEncoder(separators=(",", ":")).encode
    wire_session = convert_to_wire(SESSION)
    jsv_texts = {name: jsv.dumps(value) for name, value in (("plain", plain), ("mixed", mixed), ("new", new))}
    json_texts = {name: dump(value) for name, value in (("plain", plain), ("mixed", mixed), ("new", new))}
    write_jsv, write_json, write_xml = (module.serializer.writer(SESSION) for module in (jsv, json, xml))
    assert jsv.loads(jsv_texts["mixed"], SESSION) == mixed
    assert jsv.loads(jsv_texts["plain"], wire_session)["members"][0]["muted"] == "False"
    assert jsv.loads(jsv_texts["new"], NEW_SESSION) == new
    assert write_jsv(row).decode() == jsv_texts["mixed"] == jsv.dumps(mixed, SESSION)
    assert standard_json.loads(write_json(row)) == mixed
    return [
        ("JSV encode, tree by its shape", lambda: jsv.dumps(plain, SESSION), lambda: dump(plain), 1.25),
        ("JSV encode, tree by its shape, quotes", lambda: jsv.dumps(mixed, SESSION), lambda: dump(mixed), 0),
        ("JSV encode, tree without a shape", lambda: jsv.dumps(plain), lambda: dump(plain), 0),
        ("JSV encode, tree without a shape, quotes", lambda: jsv.dumps(mixed), lambda: dump(mixed), 0),
        (
            "JSV compiled writer : dict + json",
            lambda: write_jsv(plain_row),
            lambda: dump(session_to_dict(plain_row)),
            0.9,
        ),
        ("JSV compiled writer, quotes : dict + json", lambda: write_jsv(row), lambda: dump(session_to_dict(row)), 0.9),
        ("JSON compiled writer : dict + json", lambda: write_json(row), lambda: dump(session_to_dict(row)), 0.9),
        (
            "JSV decode NewSession",
            lambda: jsv.loads(jsv_texts["new"], NEW_SESSION),
            lambda: standard_json.loads(json_texts["new"]),
            2.5,
        ),
        (
            "JSV decode session, no quotes",
            lambda: jsv.loads(jsv_texts["plain"], wire_session),
            lambda: standard_json.loads(json_texts["plain"]),
            3.2,
        ),
        (
            "JSV decode session, no quotes, typed",
            lambda: jsv.loads(jsv_texts["plain"], SESSION),
            lambda: standard_json.loads(json_texts["plain"]),
            0,
        ),
        (
            "JSV decode session, quotes",
            lambda: jsv.loads(jsv_texts["mixed"], wire_session),
            lambda: standard_json.loads(json_texts["mixed"]),
            5.7,
        ),
        (
            "XML write : ElementTree",
            lambda: xml.dumps(mixed, SESSION),
            lambda: ElementTree.tostring(build_element_tree(mixed, "SessionInfo"), encoding="unicode"),
            1,
        ),
        ("XML compiled writer : dict + json", lambda: write_xml(row), lambda: dump(session_to_dict(row)), 0),
        ("CSV write : csv.writer", lambda: csv.dumps(mixed, SESSION), lambda: write_csv(mixed, names), 1),
        (
            "JSON decode NewSession : json.loads",
            lambda: json.loads(json_texts["new"], NEW_SESSION),
            lambda: standard_json.loads(json_texts["new"]),
            0,
        ),
    ]


def measure(function: Callable[[], object], times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        function()
    return time.perf_counter() - start


def compute_ratios(all_cases: list[Case], rounds: int = ROUNDS) -> dict[str, float]:
    """Return the median ratio of each case."""
    measured: dict[str, list[float]] = {name: [] for name, *_ in all_cases}
    times = {name: max(1, int(0.02 / measure(peer_case, 3) * 3)) for name, _, peer_case, _ in all_cases}
    for number in range(rounds):
        for name, own_case, peer_case, _ in all_cases if number % 2 else reversed(all_cases):
            first_case, second_case = (own_case, peer_case) if number % 2 else (peer_case, own_case)
            pair = measure(first_case, times[name]), measure(second_case, times[name])
            measured[name].append(pair[0] / pair[1] if number % 2 else pair[1] / pair[0])
    return {name: statistics.median(values) for name, values in measured.items()}


def measure_stream(serializer: Any) -> tuple[float, float, float]:
    """Return figures of a long stream: peak memory in MB, milliseconds from the first row to the first block, microseconds per row."""
    started: list[float] = []

    def make_rows(count: int) -> Iterator[Any]:
        for number in range(count):
            row = convert_to_object(make_session(quoted=True), SESSION)
            row.id = str(number)
            if not started:
                started.append(time.perf_counter())
            yield row

    def make_stream(count: int) -> Iterator[bytes]:
        return serializer.stream({"items": make_rows(count), "totalCount": str(count)}, SESSIONS)  # type: ignore[no-any-return]

    next(make_stream(1))  # compiles
    started.clear()
    next(make_stream(STREAMED))
    first_block = time.perf_counter() - started[0]
    document = convert_to_object(make_session(quoted=True), SESSION)
    start = time.perf_counter()
    for _ in serializer.stream({"items": [document] * 500, "totalCount": ""}, SESSIONS):
        pass
    per_row = (time.perf_counter() - start) / 500
    tracemalloc.start()
    for _ in make_stream(STREAMED):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6, first_block * 1e3, per_row * 1e6


def main() -> int:
    missed = 0
    all_cases = build_cases()
    measured = compute_ratios(all_cases)
    print(f"{'case':<44}{'ratio':>8}{'target':>9}")
    for name, _, _, target in all_cases:
        holds = not target or measured[name] <= target
        missed += bool(target) and measured[name] > target * NOISE
        print(f"{name:<44}{measured[name]:>8.2f}{target or '':>9}{'' if holds else '  missed'}")
    print(f"\nstream of {STREAMED} sessions{'MB':>17}{'first ms':>10}{'us a row':>10}")
    for serializer in (json.serializer, jsv.serializer, xml.serializer, csv.serializer, jsonl.serializer):
        peak, first_block, per_row = measure_stream(serializer)
        holds = peak <= 8 and first_block <= 10
        missed += not holds
        print(f"{serializer.name:<32}{peak:>10.1f}{first_block:>10.2f}{per_row:>10.1f}{'' if holds else '  missed'}")
    print(f"peak resident size of the whole run: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
