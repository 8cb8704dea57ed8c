"""Errors of a service's own: a status and code that a handler names, and ValueError, in every format, alone and in batches."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs
from webtest import TestApp

from gateway import ANYONE, Context, Dto, Instance, Service, errors, fields
from gateway.settings import Settings
from serializers.registry import default_registry

NAMESPACE = "Errors.Tests"
FORMATS = [serializer.name for serializer in default_registry()]
MESSAGE = "The account has no credit."
_WRONG = {
    "message": ValueError("'x' is not a number"),
    "nothing": ValueError(),
    "subclass": type("Odd", (ValueError,), {})("odd"),
}


@pytest.fixture
def shop() -> TestApp:
    """A service whose handlers raise what their requests name."""
    service = Service("Shop")

    @service.post("/pay/{Amount}", returns=str, access=ANYONE)
    class Pay(Dto):
        amount = fields.Integer()

    @service.handles(Pay)
    def pay(request: Instance, context: Context) -> Any:
        if request.amount > 100:
            raise errors.status(402, "PaymentRequired", MESSAGE)
        return "paid"

    @service.post("/wrong/{How}", returns=str, access=ANYONE)
    class Wrong(Dto):
        how = fields.String()

    @service.handles(Wrong)
    def wrong(request: Instance, context: Context) -> Any:
        if request.how in _WRONG:
            raise _WRONG[request.how]
        return request.how.encode("utf-8").decode()

    return TestApp(service.application(Settings.from_environment()))


@pytest.mark.parametrize("name", FORMATS)
def test_a_status_of_the_services_own_in_every_format(shop: TestApp, name: str) -> None:
    response = shop.post(f"/pay/500?format={name}", status="*")
    assert response.status == "402 PaymentRequired"
    assert b"PaymentRequired" in response.body
    assert MESSAGE.encode() in response.body


@pytest.mark.parametrize("name", FORMATS)
def test_a_value_error_is_an_argument_exception_in_every_format(shop: TestApp, name: str) -> None:
    response = shop.post(f"/wrong/message?format={name}", status="*")
    assert response.status == "400 ArgumentException"
    assert b"ArgumentException" in response.body
    assert b"is not a number" in response.body


@pytest.mark.parametrize(
    ("how", "message"), [("nothing", "Value does not fall within the expected range."), ("subclass", "odd")]
)
def test_every_value_error_has_the_same_code_and_a_message(shop: TestApp, how: str, message: str) -> None:
    status = shop.post(f"/wrong/{how}", status=400).json["responseStatus"]
    assert (status["errorCode"], status["message"]) == ("ArgumentException", message)


def test_half_of_a_pair_that_a_handler_encodes_is_refused(shop: TestApp) -> None:
    body = shop.post("/json/reply/Wrong", '{"how":"\\ud800"}', {"Content-Type": "application/json"}, status=400).json
    assert body["responseStatus"]["errorCode"] == "SerializationException"


@pytest.mark.parametrize(
    ("operation", "bad", "good", "code"),
    [
        ("Pay", {"amount": 101}, {"amount": 1}, "PaymentRequired"),
        ("Wrong", {"how": "message"}, {"how": "a"}, "ArgumentException"),
    ],
)
def test_errors_end_a_batch(shop: TestApp, operation: str, bad: Any, good: Any, code: str) -> None:
    response = shop.post_json(f"/json/reply/{operation}[]", [good, bad, good], status="*")
    assert response.status.endswith(code)
    assert response.json["responseStatus"]["errorCode"] == code
    assert response.headers["X-AutoBatch-Completed"] == "1"


@pytest.fixture
def every_level() -> Iterator[None]:
    """Debug lines are written, whatever tests before this one have set up."""
    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
    yield
    structlog.configure(wrapper_class=before)


@pytest.mark.usefixtures("every_level")
def test_a_value_error_is_logged_without_the_requests_values(shop: TestApp) -> None:
    with capture_logs() as lines:
        for _ in range(2):
            shop.post("/wrong/message", status=400)
    warnings = [line for line in lines if line["log_level"] == "warning"]
    assert [(line["operation"], line["raised"].split(" at ")[0]) for line in warnings] == [("Wrong", "ValueError")]
    assert "is not a number" not in str(warnings)
    traces = [line for line in lines if line["log_level"] == "debug"]
    assert [line["exc_info"] for line in traces] == [_WRONG["message"]] * 2


@pytest.mark.parametrize("status", [200, 302, 399, 600])
def test_only_statuses_of_errors_are_raised(status: int) -> None:
    with pytest.raises(ValueError, match="400 to 599"):
        errors.status(status, "Odd")
