"""What handlers publish: selectors, channels, bodies; and what a service without events does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gateway import ANYONE, Context, Dto, Events, Service, fields
from gateway.contract.documents import Documents
from gateway.errors import CatalogError
from gateway.events.counters import Counters
from gateway.events.publishing import Outbox
from gateway.instants import now
from models import Unit, connect
from models.engine import migrations
from models.events import ROWS, outbox
from models.events.outbox import EventRow
from serializers.dialect import Dialect
from serializers.registry import default_registry

NAMESPACE = "Tests.Publishing"


class Order(Dto):
    number = fields.Integer()
    product_name = fields.String()


class Row(NamedTuple):
    number: int
    product_name: str


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    database = connect(f"sqlite:///{tmp_path}/rows.db")
    migrations.apply(database, [ROWS])
    with database.unit_of_work() as unit_of_test:
        yield unit_of_test
    database.dispose()


def make_outbox(unit: Unit, *, wanted: bool = True, dialect: Dialect | None = None) -> Outbox:
    json = default_registry(dialect or Dialect()).by_name("json")
    assert json is not None
    return Outbox(unit if wanted else None, Documents(json), Counters())


def read_stored(unit: Unit) -> list[EventRow]:
    return outbox.read_after(unit, 0, 100).rows


def test_bodies_are_in_the_dialect_of_the_service(unit: Unit) -> None:
    order = Order.new(number=3, product_name="Tea\nand <more>")
    make_outbox(unit).publish("order.paid", order)
    make_outbox(unit, dialect=Dialect(names="declared")).publish("order.paid", order)
    make_outbox(unit).publish("order.paid", Row(3, "x"), dto=Order)
    make_outbox(unit).publish("order.text", "plain")
    make_outbox(unit).publish("order.none")
    assert [(row.type, row.body) for row in read_stored(unit)] == [
        ("Order", '{"number":3,"productName":"Tea\\nand <more>"}'),
        ("Order", '{"Number":3,"ProductName":"Tea\\nand <more>"}'),
        ("Order", '{"number":3,"productName":"x"}'),
        (None, '"plain"'),
        (None, None),
    ]


def test_recipients_of_an_event(unit: Unit) -> None:
    outbox = make_outbox(unit)
    outbox.publish("a.b", channel="home", user=["u1", "Ada@Example.org"])
    outbox.publish("a.b", channel=["x", "y", "x"])
    outbox.publish("a.b", channel='"Bär"\\', user=['a"b', "Ö@example.org"])
    outbox.publish("a.b")
    # Nobody is not everybody.
    outbox.publish("a.b", channel=[], user=[])
    outbox.publish("a.b", user=[])
    assert [(row.channels, row.users) for row in read_stored(unit)] == [
        ('["home"]', '["u1","ada@example.org"]'),
        ('["x","y"]', "[]"),
        (r'["\"B\u00e4r\"\\"]', r'["a\"b","\u00f6@example.org"]'),
        ("null", "[]"),
    ]


@pytest.mark.parametrize("selector", ["nodot", "a@b.c", "a.b\nc", "a.\udfff", ".b", "a.", "a." + "x" * 260])
def test_invalid_selectors(unit: Unit, selector: str) -> None:
    with pytest.raises(ValueError, match="is not a selector"):
        make_outbox(unit, wanted=False).publish(selector)


def test_a_blank_in_a_selector_is_encoded(unit: Unit) -> None:
    make_outbox(unit).publish("css.add-class$#id p")
    assert read_stored(unit)[0].selector == "css.add-class$#id%20p"


def test_invalid_channels_and_bodies(unit: Unit) -> None:
    with pytest.raises(ValueError, match="'a,b' is not a channel"):
        make_outbox(unit).publish("a.b", channel="a,b")
    with pytest.raises(TypeError, match="can't be written"):
        make_outbox(unit).publish("a.b", object())


def test_no_event_is_stored_without_a_subscriber(unit: Unit) -> None:
    make_outbox(unit, wanted=False).publish("a.b", {"x": 1})
    assert read_stored(unit) == []


def test_a_service_without_events_publishes_nothing() -> None:
    service = Service("Shop")

    @service.post("/do", access=ANYONE)
    class Do(Dto):
        pass

    @service.handles(Do)
    def do(_request: Any, context: Context) -> None:
        context.events.publish("a.b", {"x": 1})

    with service.client() as client:
        assert client.post("/do").status_code == 204
        assert client.get("/event-stream").status_code == 404


def test_two_parts_that_send_events() -> None:
    service = Service("Shop", authenticate=lambda _: None)
    service.use(Events())
    with pytest.raises(CatalogError, match="Shop has two parts that send events"):
        service.use(Events())


def test_access_to_event_streams() -> None:
    service = Service("Shop", authenticate=lambda _: None)
    service.use(Events())
    with service.client() as client:
        assert client.get("/event-stream").status_code == 401
        assert client.get("/event-subscribers").status_code == 401
        assert client.request("HEAD", "/event-stream").status_code == 401
    assert now() > "2026"
