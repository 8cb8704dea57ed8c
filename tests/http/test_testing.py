"""The client for tests of services: what it calls, as whom, what it returns, and what it leaves behind."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway import ANYONE, SIGNED_IN, Dialect, Dto, Principal, Rows, Service, Users, errors, fields, rules
from gateway.contract.fields import DtoEnum
from gateway.fixtures import ServiceClient
from tests.shop.models import Customer

ROOT = Path(__file__).parents[2]
NAMESPACE = "Acme.Testing"
CLERK = Principal.of("ada", roles=["Clerk"])
NOW = "2026-11-23T12:00:00.000000Z"


class Colour(DtoEnum):
    RED = "Red"
    BLUE = "Blue"


class Item(Dto):
    name = fields.String()
    colour = fields.Enum(Colour)
    count = fields.Integer()
    made = fields.DateTime()


class AddItem(Dto):
    name = fields.String("The name", rules=[rules.not_empty()])
    colour = fields.Enum(Colour)
    count = fields.Integer()
    made = fields.DateTime()
    parts = fields.List(fields.Nested(Item))


class ListItems(Dto):
    name = fields.String()
    count = fields.Integer()


class WhoAmI(Dto):
    pass


class RemoveItem(Dto):
    name = fields.String()


class ReadBytes(Dto):
    pass


class AddCustomer(Dto):
    name = fields.String()


class CountCustomers(Dto):
    pass


def authenticate(credentials: Any) -> Principal | None:
    return CLERK if credentials.api_key == "s3cret" else None


def make_service() -> Service:
    shop = Service("Acme", roles=["Clerk"], authenticate=authenticate)
    shop.post("/items", returns=Item, role="Clerk")(AddItem)
    shop.get("/items/{Name}", returns=[Item], access=ANYONE)(ListItems)
    shop.get("/me", returns=str, access=SIGNED_IN)(WhoAmI)
    shop.delete("/items/{Name}", access=ANYONE)(RemoveItem)
    shop.operation("GET", "/bytes", returns=bytes, access=ANYONE)(ReadBytes)

    @shop.handles(AddItem)
    def add_item(request: Any, context: Any) -> Any:
        assert context.verb == "POST"
        parts = len(request.parts or ())
        return Item.new(name=request.name, colour=request.colour, count=(request.count or 0) + parts, made=request.made)

    @shop.handles(ListItems)
    def list_items(request: Any, context: Any) -> Any:
        assert context.verb == "GET"
        return [Item.new(name=request.name, count=number) for number in range(request.count or 0)]

    @shop.handles(WhoAmI)
    def read_user_id(request: Any, context: Any) -> str:
        return str(context.principal.user_id)

    @shop.handles(RemoveItem)
    def remove_item(request: Any, context: Any) -> None:
        if request.name == "fixed":
            raise errors.status(402, "PaymentRequired", "Pay first.")

    @shop.handles(ReadBytes)
    def read_bytes(request: Any, context: Any) -> bytes:
        return b"\0\xff"

    return shop


@pytest.fixture
def with_rows() -> Service:
    service = Service("Acme", authenticate=authenticate)
    service.use(Rows("tests.shop.models", migrations="tests.shop.migrations"))
    service.post("/customers", returns=str, access=ANYONE)(AddCustomer)
    service.get("/customers", returns=int, access=ANYONE)(CountCustomers)

    @service.handles(AddCustomer)
    def add_customer(request: Any, context: Any) -> str:
        assert context.unit.change(Customer.insert(id=request.name, created=context.now, name=request.name)) == 1
        return str(request.name)

    @service.handles(CountCustomers)
    def count_customers(request: Any, context: Any) -> int:
        return len(context.unit.all(Customer.select()))

    return service


def test_calls(service_client: ServiceClient) -> None:
    client = service_client(make_service(), as_=CLERK)
    instant = datetime(2026, 11, 23, 12, tzinfo=UTC)
    item = client.call(AddItem, name="tea", colour=Colour.BLUE, count=2, made=instant, parts=[Item.new(name="leaf")])
    assert (item.name, item.colour, item.count) == ("tea", Colour.BLUE, 3)
    assert str(item.made).startswith("2026-11-23")
    assert [item.count for item in client.call(ListItems, name="a/b ä", count=2)] == [0, 1]
    assert client.call(ListItems, name="x") == []
    assert client.call(RemoveItem, name="x") is None
    assert client.call(ReadBytes) == b"\0\xff"


def test_failures(service_client: ServiceClient) -> None:
    client = service_client(make_service(), as_=CLERK)
    with pytest.raises(errors.CallFailed) as failed:
        client.call(AddItem, name="", colour="Green", count="many")
    assert failed.value.status == 400
    assert failed.value.code == "SerializationException"
    assert {error.field_name: error.error_code for error in failed.value.errors} == {
        "Name": "NotEmpty",
        "Colour": "SerializationException",
        "Count": "SerializationException",
    }
    assert "AddItem: 400 SerializationException" in str(failed.value)
    with pytest.raises(errors.CallFailed) as failed:
        client.call(RemoveItem, name="fixed")
    assert (failed.value.status, failed.value.code, failed.value.message) == (402, "PaymentRequired", "Pay first.")
    assert failed.value.errors == ()
    with pytest.raises(TypeError, match="AddItem has no nane"):
        client.call(AddItem, nane="x")
    with pytest.raises(errors.CatalogError, match="Item is not an operation"):
        client.call(Item)


def test_callers(service_client: ServiceClient) -> None:
    client = service_client(make_service())
    with pytest.raises(errors.CallFailed) as failed:
        client.call(WhoAmI)
    assert failed.value.status == 401
    assert client.get("/me", headers={"X-Api-Key": "s3cret"}).json == "ada"
    bob = client.acting_as("bob")
    assert bob.call(WhoAmI) == "bob"
    assert bob.get("/me", headers={"X-Api-Key": "s3cret"}).json == "bob"
    assert bob.request("GET", "/me").json == "bob"
    with pytest.raises(errors.CallFailed) as failed:
        bob.call(AddItem, name="tea")
    assert failed.value.status == 403
    assert client.acting_as(CLERK).post("/items", json={"name": "tea"}).json["name"] == "tea"
    assert client.post("/items", json={"name": "tea"}).status_code == 401


def test_rows_last_as_long_as_the_client(with_rows: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATEWAY_DATABASE_URL", "nonsense")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with with_rows.client() as client:
        (folder,) = tmp_path.iterdir()
        assert (folder / "rows.db").exists()
        assert client.call(AddCustomer, name="ada") == "ada"
        with client.unit() as unit:
            unit.change(Customer.insert(id="bob", created=NOW, name="bob"))
        assert client.acting_as("bob").call(CountCustomers) == 2
        with with_rows.client() as other_client:
            assert other_client.call(CountCustomers) == 0
    assert list(tmp_path.iterdir()) == []


def test_no_tables_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    client = make_service().client()
    assert client.get("/metadata").status_code == 200
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(errors.CatalogError, match="no tables"), client.unit():
        pass
    client.close()


def test_a_service_that_contradicts_itself_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    service = Service("Acme")
    service.get("/x", access=ANYONE)(WhoAmI)
    with pytest.raises(errors.CatalogError, match="WhoAmI has no handler"):
        service.client()
    assert list(tmp_path.iterdir()) == []


def test_users(service_client: ServiceClient) -> None:
    """The part's own operations work, and a caller need not be a stored user."""
    service = Service("Acme", roles=["Clerk"], administrator="Boss")
    service.use(Users())
    service.get("/me", returns=str, access=SIGNED_IN)(WhoAmI)
    service.handles(WhoAmI)(lambda request, context: context.principal.user_id)
    client = service_client(service, as_="ada")
    assert client.call(WhoAmI) == "ada"
    assert client.acting_as(None).post("/auth", json={"userName": "x", "password": "y"}).status_code == 401


def test_a_dialect_of_the_service(service_client: ServiceClient) -> None:
    old = Service("Old", dialect=Dialect.of("4.5"))
    old.post("/items", returns=Item, access=ANYONE)(AddItem)
    old.handles(AddItem)(lambda request, context: Item.new(name=request.name, colour=request.colour, made=request.made))
    client = service_client(old)
    instant = datetime(2026, 11, 23, 12, tzinfo=UTC)
    item = client.call(AddItem, name="tea", colour=Colour.BLUE, made=instant)
    assert (item.name, item.colour, item.count) == ("tea", Colour.BLUE, None)
    with pytest.raises(errors.CallFailed) as failed:
        client.call(AddItem, name="")
    assert [(error.field_name, error.error_code) for error in failed.value.errors] == [("Name", "NotEmpty")]


def test_servers_do_not_import_it() -> None:
    code = "import sys; import gateway.service, gateway.wsgi; print([n for n in sys.modules if 'falcon.testing' in n or n == 'pytest'])"
    process = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert process.stdout.strip() == "[]", process.stderr


@pytest.mark.parametrize(
    ("set_reply", "status"),
    [
        (lambda context: context.redirect("/elsewhere"), 302),
        (lambda context: setattr(context, "status", 201), 201),
        (lambda context: setattr(context, "status", 205), 205),
        (lambda context: setattr(context, "status", 202), 202),
    ],
)
def test_responses_without_a_body(service_client: ServiceClient, set_reply: Any, status: int) -> None:
    service = Service("Bodiless")
    service.get("/do", access=ANYONE)(RemoveItem)
    service.handles(RemoveItem)(lambda request, context: set_reply(context))
    response = service_client(service).get("/do")
    assert (response.status_code, response.content) == (status, b"")
    assert "content-type" not in response.headers
    assert response.headers.get("location") == ("/elsewhere" if status == 302 else None)
