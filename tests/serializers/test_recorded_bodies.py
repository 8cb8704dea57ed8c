"""Bodies that real hosts sent, byte for byte."""

from __future__ import annotations

import json
from typing import Any

import pytest

from serializers import csv, jsv, xml
from serializers import json as our_json
from serializers.shape import Boolean, Integer, ListOf, MapOf, Record, Shape, Text
from tests.serializers.vectors import CORPORA

BODIES = json.loads((CORPORA / "recorded_bodies.json").read_text())
CONTRACT = "http://schemas.datacontract.org/2004/07/"
TYPES = "http://schemas.servicestack.net/types"


def make_texts(names: str) -> dict[str, Shape]:
    return {name: Text() for name in names.split()}


def make_session_record(entity_namespace: str, api_namespace: str, customer_namespace: str) -> Record:
    """SessionInfo with its records in three namespaces."""
    base = Record(
        "EntityInfo", make_texts("id dateCreated dateLastModified createdBy lastModifiedBy"), namespace=entity_namespace
    )
    breadcrumb = Record("CustomerBreadcrumb", make_texts("id name"), namespace=customer_namespace)
    log = Record("SessionLogInfo", make_texts("date message"), namespace=api_namespace)
    member = Record(
        "SessionMemberInfo",
        {
            **make_texts("identity endpointId displayName"),
            "isOriginalMember": Boolean(),
            "avatarUrl": Text(),
            "applicationData": MapOf(Text()),
            **make_texts("callState role callSid"),
            "muted": Boolean(),
        },
        namespace=api_namespace,
    )
    fields = {
        **make_texts("dialState callState queueState accountId accountName customerId"),
        "customerBreadcrumb": ListOf(breadcrumb),
        **make_texts("customerName endpointId endpointName dateCompleted destination toAddress fromAddress fromName"),
        **make_texts("answeredByName queueMemberId channel"),
        "ended": Boolean(),
        **make_texts("outcome callSid consoleData holdQueueName heldByUserId holdReason conferenceSid displayName"),
        "log": ListOf(log),
        "members": ListOf(member),
        **make_texts("callbackNumber answeredById direction fromPhoneNumber mostRecentParticipantCallSid"),
        "wasMissed": Boolean(),
        "ringQueueId": Text(),
        **base.fields,
    }
    return Record("SessionInfo", fields, base=base, namespace=api_namespace)


HOST = f"{CONTRACT}Evo.ServiceModel"
SESSION = make_session_record(HOST, HOST, HOST)
API = f"{CONTRACT}Voice.Api"
SPREAD = make_session_record(API, f"{API}.Sessions", f"{API}.Customers")
SESSION_LIST = Record(
    "ListResponse",
    {"items": ListOf(SPREAD), "totalCount": Integer(), "totalPages": Integer(), "hasMorePages": Boolean()},
    namespace=API,
    rows="items",
    xml_name=xml.generic_name("ListResponse", SPREAD),
)
ERROR = Record(
    "ResponseError", {**make_texts("errorCode fieldName message"), "meta": MapOf(Text())}, namespace=TYPES, ordered=True
)
STATUS = Record(
    "ResponseStatus",
    {**make_texts("errorCode message stackTrace"), "errors": ListOf(ERROR), "meta": MapOf(Text())},
    namespace=TYPES,
    ordered=True,
)
AUTHENTICATED = Record(
    "AuthenticateResponse",
    {
        **make_texts("userId sessionId userName displayName referrerUrl bearerToken refreshToken profileUrl"),
        "roles": ListOf(Text()),
        "permissions": ListOf(Text()),
        "responseStatus": STATUS,
        "meta": MapOf(Text()),
    },
    namespace=TYPES,
    ordered=True,
)
FAILURE = Record("ThrowErrorResponse", {"responseStatus": STATUS, "result": Text()}, namespace=HOST)


@pytest.fixture(scope="module")
def value() -> dict[str, Any]:
    return json.loads(BODIES["json"])  # type: ignore[no-any-return]


class TestSession:
    def test_jsv(self, value: dict[str, Any]) -> None:
        assert jsv.dumps(value, SESSION) == BODIES["jsv"]
        assert jsv.loads(BODIES["jsv"], SESSION) == value

    def test_xml(self, value: dict[str, Any]) -> None:
        assert xml.dumps(value, SESSION) == BODIES["xml"]

    def test_csv(self, value: dict[str, Any]) -> None:
        assert csv.dumps(value, SESSION) == BODIES["csv"]

    def test_json_with_escapes(self, value: dict[str, Any]) -> None:
        assert our_json.dumps(value, SESSION) == json.dumps(value, separators=(",", ":"))

    def test_xml_is_read(self, value: dict[str, Any]) -> None:
        read = xml.loads(BODIES["xml"], SESSION)
        assert jsv.dumps(read, SESSION) == BODIES["jsv"]
        assert read["customerName"] is None


class TestList:
    VALUE = {
        "items": [
            {
                "id": "i",
                "callState": "Hold",
                "customerBreadcrumb": [{"id": "c", "name": "n"}],
                "members": [{"identity": "u", "applicationData": {"k": "v"}}],
            }
        ],
        "totalCount": 0,
        "totalPages": 0,
        "hasMorePages": False,
    }

    def test_name_of_a_generic_type(self) -> None:
        assert SESSION_LIST.xml_name == "ListResponseOfSessionInfoBWxtuWQa"
        assert xml.generic_name("KeyValue", Text(), ListOf(Text())) == "KeyValueOfstringArrayOfstringty7Ep6D1"

    def test_xml(self) -> None:
        assert xml.dumps(self.VALUE, SESSION_LIST).partition("?>")[2] == BODIES["list xml"]


class TestErrors:
    def test_failed_log_in(self) -> None:
        status = {"errorCode": "Unauthorized", "message": "Invalid Username or Password", "errors": []}
        assert xml.dumps({"responseStatus": status}, AUTHENTICATED) == BODIES["failed log-in xml"]

    @pytest.mark.parametrize("format_name", ["jsv", "csv"])
    def test_argument(self, format_name: str) -> None:
        value = jsv.loads(BODIES["error jsv"], FAILURE)
        module = {"jsv": jsv, "csv": csv}[format_name]
        assert module.dumps(value, FAILURE) == BODIES[f"error {format_name}"]

    def test_validation_in_jsv(self) -> None:
        shape = Record("UpdateSessionResponse", {"age": Integer(), "responseStatus": STATUS})
        assert jsv.dumps(jsv.loads(BODIES["validation jsv"], shape), shape) == BODIES["validation jsv"]

    def test_argument_in_xml(self) -> None:
        # This host's ResponseError had no meta yet.
        error = Record("ResponseError", make_texts("errorCode fieldName message"), namespace=TYPES, ordered=True)
        status = Record("ResponseStatus", {**STATUS.fields, "errors": ListOf(error)}, namespace=TYPES, ordered=True)
        failure = Record("ThrowErrorResponse", {"responseStatus": status, "result": Text()}, namespace=HOST)
        assert xml.dumps(jsv.loads(BODIES["error jsv"], failure), failure) == BODIES["error xml"]
