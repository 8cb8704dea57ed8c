"""A service's own tables on each engine: migrations beside those of others, queries, and what is wrong with a declaration."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import peewee
import pytest

from gateway import errors
from gateway.rows import Rows, assert_tables_match, new_id
from gateway.transactions import unit_of_work
from models import Database, Duplicate, ReadOnly, Refused, SchemaMismatch, Unit, WrongRows, connect
from models.engine import migrations, owners
from models.engine.migrations import Target
from tests.databases import OWNERS
from tests.shop.models import Base, Customer, Order

ROOT = Path(__file__).parents[1]
SHOP = Rows("tests.shop.models", migrations="tests.shop.migrations")
NOW = "2026-11-23T12:00:00.000000Z"
FIRST = 'UP = (\'CREATE TABLE "things" ("id" INTEGER NOT NULL PRIMARY KEY)\',)\nDOWN = ()\n'
MODELS = "import peewee\n\n\nclass Thing(peewee.Model):\n    class Meta:\n        table_name = 'things'\n"


TYPED_MODELS = """
import peewee
from gateway.rows import IdField, InstantField, JsonField, LongTextField

class Thing(peewee.Model):
    id = peewee.AutoField()
    a = IdField()
    b = peewee.TextField()
    c = LongTextField(null=True)
    d = JsonField()
    e = InstantField()
    f = peewee.IntegerField()
    g = peewee.BigIntegerField()
    h = peewee.BooleanField()
    i = peewee.DecimalField(max_digits=10, decimal_places=2)
    j = peewee.DoubleField()
    k = peewee.BlobField()

    class Meta:
        table_name = "things"
"""
TYPED = """
UP = (
    'CREATE TABLE "things" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "a" VARCHAR(64) NOT NULL, "b" TEXT NOT NULL, '
    '"c" MEDIUMTEXT, "d" MEDIUMTEXT NOT NULL, "e" VARCHAR(27) NOT NULL, "f" INTEGER NOT NULL, "g" BIGINT NOT NULL, '
    '"h" BOOLEAN NOT NULL, "i" DECIMAL(10, 2) NOT NULL, "j" DOUBLE NOT NULL, "k" BLOB NOT NULL)',
)
DOWN = ()
"""


@pytest.fixture
def empty(database_url: str) -> Iterator[Database]:
    """A database without tables."""
    database = connect(database_url)
    yield database
    database.dispose()


@pytest.fixture
def shop(empty: Database) -> Database:
    """A database with the shop's tables and no others."""
    migrations.apply(empty, [SHOP])
    return empty


class Count(NamedTuple):
    """How many orders a customer has."""

    customer: str
    orders: int


def add_customer(unit: Unit, name: str) -> str:
    """Store a customer; the id."""
    key = new_id()
    assert unit.change(Customer.insert(id=key, created=NOW, name=name)) == 1
    return key


def add_order(unit: Unit, of: str, product: str = "tea", price: str = "1.50") -> int:
    """Store an order; its number."""
    return unit.insert(Order.insert(customer=of, product=product, price=Decimal(price)))


class TestMigrations:
    """The shop's sequence is its own."""

    def test_alone(self, shop: Database) -> None:
        assert migrations.missing(shop, [SHOP]) == []
        assert_tables_match(shop, SHOP)
        assert migrations.downgrade(shop, [SHOP], migrations.parse_target("1", [SHOP])) == ["shop/0002_notes"]
        with pytest.raises(SchemaMismatch, match="lacks shop/0002_notes; run"):
            migrations.check(shop, [SHOP])
        with pytest.raises(AssertionError, match="shop_orders: the table lacks the column 'note' of the model"):
            assert_tables_match(shop, SHOP)
        assert migrations.downgrade(shop, [SHOP], Target("shop", 0)) == ["shop/0001_first"]
        assert migrations.apply(shop, [SHOP]) == ["shop/0001_first", "shop/0002_notes"]

    def test_beside_others(self, empty: Database) -> None:
        every = [*OWNERS, SHOP]
        owners.verify(every)
        assert migrations.apply(empty, every) == migrations.list_names(every)
        with empty.unit_of_work() as unit:
            number = add_order(unit, add_customer(unit, "Ada"))
        assert migrations.downgrade(empty, every, Target("users", 0))[-1] == "users/0001_first"
        with empty.unit_of_work(write=False) as unit:
            order = unit.first(Order.select().where(Order.id == number))
            assert order is not None
            assert order.product == "tea"


class TestQueries:
    """Rows are instances of the models; values are bound."""

    def test_rows(self, shop: Database) -> None:
        with shop.unit_of_work() as unit:
            ada, bob = add_customer(unit, "Ada"), add_customer(unit, 'Bob\'s "%s" ? {x}')
            numbers = [add_order(unit, of, price=price) for of, price in ((ada, "1.50"), (ada, "2.25"), (bob, "10"))]
        assert numbers == sorted(set(numbers))
        with shop.unit_of_work(write=False) as unit:
            by_name = Customer.select().order_by(Customer.name)
            assert [row.name for row in unit.all(by_name)] == ["Ada", 'Bob\'s "%s" ? {x}']
            first_customer = unit.first(by_name)
            assert isinstance(first_customer, Customer)
            assert first_customer.id == ada
            assert unit.first(Customer.select().where(Customer.name == "nobody")) is None
            orders = unit.all(Order.select(Order, Customer).join(Customer).order_by(Order.id))
            assert (orders[0].customer.name, orders[0].price, orders[0].paid) == ("Ada", Decimal("1.50"), False)
            sums = Order.select(Order.customer, peewee.fn.COUNT(Order.id).alias("orders")).group_by(Order.customer)
            counts = unit.all(sums, Count)
            assert sorted(row.orders for row in counts) == [1, 2]
            assert unit.first(sums.where(Order.customer == ada), Count) == Count(ada, 2)

    def test_changes(self, shop: Database) -> None:
        with shop.unit_of_work() as unit:
            ada = add_customer(unit, "Ada")
            numbers = [add_order(unit, ada) for _ in range(3)]
            pay = Order.update(paid=True).where(Order.customer == ada)
            assert unit.change(pay) == 3
            assert unit.change(pay) == 3, "rows that have the values already count, on every engine"
            assert unit.change(Order.delete().where(Order.id == numbers[0])) == 1
            assert unit.change(Order.delete().where(Order.id == numbers[0])) == 0
            rows = [{"customer": ada, "product": "milk", "price": 1}] * 5
            assert unit.change(Order.insert_many(rows)) == 5
            assert len(unit.all(Order.select())) == 7

    def test_a_query_that_is_a_constant_reads_anew(self, shop: Database) -> None:
        every = Customer.select()
        for name in ("Ada", "Bob"):
            with shop.unit_of_work() as unit:
                add_customer(unit, name)
                names = {customer.name for customer in unit.all(every)}
        assert names == {"Ada", "Bob"}

    def test_failures(self, shop: Database) -> None:
        with shop.unit_of_work() as unit:
            ada = add_customer(unit, "Ada")
            add_order(unit, ada)
        with pytest.raises(Duplicate), shop.unit_of_work() as unit:
            add_customer(unit, "Ada")
        with pytest.raises(Refused), shop.unit_of_work() as unit:
            add_order(unit, "unknown")
        with pytest.raises(Refused), shop.unit_of_work() as unit:
            unit.change(Customer.delete().where(Customer.id == ada))
        with pytest.raises(errors.Conflict, match="does not fit the stored data"), unit_of_work(shop) as unit:
            add_order(unit, "unknown")
        with pytest.raises(ReadOnly, match="POST"), shop.unit_of_work(write=False) as unit:
            add_customer(unit, "Eve")

    def test_budgets(self, shop: Database) -> None:
        class Budget:
            statement = None
            rows = size = 0

            def spend(self, rows: int, size: int = 0) -> None:
                self.rows += rows
                self.size += size

            def pause(self) -> None:
                pass

        budget = Budget()
        with shop.unit_of_work(budget=budget) as unit:
            ada = add_customer(unit, "Ada")
            rows = [{"customer": ada, "product": "milk", "price": 1, "note": "x" * 1000}] * 150
            unit.change(Order.insert_many(rows))
        assert budget.rows == 151 * 5
        budget = Budget()
        with shop.unit_of_work(write=False, budget=budget) as unit:
            assert len(unit.all(Order.select())) == 150
            unit.first(Order.select())
        assert (budget.rows, budget.size) == (151, 151_000)


class TestDeclarations:
    """What is wrong with a declaration is named when the service starts."""

    @pytest.fixture
    def package(
        self, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[Path]:
        """The folder of an empty package ``own`` with one model and no migrations."""
        folder = tmp_path / "own" / "migrations"
        folder.mkdir(parents=True)
        for path in (folder.parent / "__init__.py", folder / "__init__.py"):
            path.write_text("")
        (folder.parent / "models.py").write_text(MODELS)
        monkeypatch.syspath_prepend(tmp_path)
        yield folder.parent
        for name in [module for module in sys.modules if module.partition(".")[0] == "own"]:
            del sys.modules[name]

    @pytest.mark.parametrize(
        ("files", "words"),
        [
            ({}, "own: the package 'own.migrations' has no migrations"),
            ({"first.py": FIRST}, "own: the package 'own.migrations' has no migrations"),
            ({"m1_first.py": FIRST}, "own: 'm1_first' is not a name for a migration; write it as m0001_name"),
            ({"m0001_a.py": FIRST, "m0001_b.py": FIRST}, "own: m0001_a and m0001_b have the same number"),
            ({"m0001_a.py": FIRST, "m0003_b.py": FIRST}, "own: there is no migration 0002 before m0003_b"),
            ({"m0001_a.py": "UP = ()\n"}, "own: the migration m0001_a has no DOWN"),
            ({"m0001_a.py": "UP = 'DROP'\nDOWN = ()\n"}, "own: UP of m0001_a is one change"),
            ({"m0001_a.py": "UP = (1,)\nDOWN = ()\n"}, "own: UP of m0001_a has 1"),
            ({"m0001_a.py": "UP = ()\nDOWN = ()\nEXPANDS = 1\n"}, "own: EXPANDS of m0001_a is 1; write True or False"),
            ({"m0001_a.py": "UP = ('NONSENSE',)\nDOWN = ()\n"}, "own: change 1 of migration 0001_a fails: near"),
            ({"m0001_a.py": "UP = ()\nDOWN = ()\n"}, "own: things: no migration makes this table of the model Thing"),
            (
                {"m0001_a.py": FIRST.replace("PRIMARY KEY", 'PRIMARY KEY, "more" TEXT')},
                "own: things: the model lacks the column 'more' of the table",
            ),
            (
                {"m0001_a.py": FIRST.replace("INTEGER", "TEXT")},
                "own: things.id: the type is TEXT in the table and AUTO in",
            ),
            (
                {"m0001_a.py": "UP = ('CREATE TABLE users (id INTEGER)',)\nDOWN = ()\n"},
                "own: the table 'users' belongs to users; choose another name",
            ),
            (
                {"m0001_a.py": "UP = ('DROP TABLE sessions',)\nDOWN = ()\n"},
                "own: migration 0001_a drops the table 'sessions', which belongs to sessions",
            ),
            (
                {"m0001_a.py": FIRST, "../models.py": MODELS.replace("things", "users")},
                "own: the table 'users' belongs to users",
            ),
            ({"m0001_a.py": FIRST, "../models.py": ""}, "own: the module 'own.models' has no peewee models"),
        ],
    )
    def test_wrong(self, package: Path, files: dict[str, str], words: str) -> None:
        for name, text in files.items():
            (package / "migrations" / name).write_text(text)
        with pytest.raises(WrongRows) as refused:
            owners.verify([*OWNERS, Rows("own.models", migrations="own.migrations")])
        assert words in str(refused.value)

    def test_right(self, package: Path) -> None:
        (package / "migrations" / "m0001_first.py").write_text(FIRST)
        (package / "migrations" / "helper.py").write_text("")
        rows = Rows("own.models", migrations="own.migrations")
        owners.verify([rows])
        assert (rows.owner, [step.name for step in rows.steps]) == ("own", ["0001_first"])

    def test_types_of_every_engine(self, package: Path, empty: Database) -> None:
        """The table of types in docs/storage.rst."""
        (package / "models.py").write_text(TYPED_MODELS)
        (package / "migrations" / "m0001_first.py").write_text(TYPED)
        rows = Rows("own.models", migrations="own.migrations")
        owners.verify([rows])
        migrations.apply(empty, [rows])
        assert_tables_match(empty, rows)
        (model,) = rows.tables
        values = {"a": "a", "b": "b", "c": "c", "d": {"x": [1]}, "e": NOW, "f": 2**31 - 1, "g": 2**62, "h": True}
        values |= {"i": Decimal("12345678.25"), "j": 0.1, "k": b"\0\xff"}
        with empty.unit_of_work() as unit:
            assert unit.insert(model.insert(**values)) == 1
            (row,) = unit.all(model.select())
        assert {name: getattr(row, name) for name in values} == values

    def test_missing_modules(self) -> None:
        with pytest.raises(WrongRows, match=r"^nowhere: there is no module 'nowhere.models'$"):
            owners.verify([Rows("nowhere.models", migrations="nowhere.migrations")])
        with pytest.raises(WrongRows, match=r"^shop: there is no module 'tests.shop.steps'$"):
            owners.verify([Rows("tests.shop.models", migrations="tests.shop.steps")])
        with pytest.raises(WrongRows, match="make it a package of modules such as m0001_first"):
            owners.verify([Rows("tests.shop.models", migrations="tests.shop.models")])

    def test_names(self) -> None:
        assert Rows("acme.shop.models", migrations="x").owner == "shop"
        assert Rows("tables", migrations="x", owner="mine").owner == "mine"
        with pytest.raises(WrongRows, match="'a/b' is not a name"):
            Rows("tables", migrations="x", owner="a/b")
        with pytest.raises(WrongRows, match="two owners of tables are named 'shop'"):
            owners.verify([SHOP, Rows("other.shop.models", migrations="x")])

    def test_a_base_of_models_is_no_table(self) -> None:
        assert SHOP.tables == (Customer, Order)
        assert Base not in SHOP.tables


class TestDocumentation:
    """The shop of docs/storage.rst does what the page says."""

    def test_the_example(self, tmp_path: Path) -> None:
        page = (ROOT / "docs" / "storage.rst").read_text()
        for block in re.findall(r"^\.\. code-block:: python\n\n((?:    .*\n|\n)+)", page, re.MULTILINE):
            text = textwrap.dedent(block)
            path = tmp_path / text.partition("\n")[0].removeprefix("# ")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            (path.parent / "__init__.py").touch()
        (tmp_path / "shop" / "test_products.py").write_text(
            textwrap.dedent("""
            from decimal import Decimal
            from models import connect
            from models.engine import migrations, owners
            from shop import products
            from shop.tables import ROWS

            def test_products(tmp_path):
                owners.verify([ROWS])
                database = connect(f"sqlite:///{tmp_path}/shop.db")
                assert migrations.apply(database, [ROWS]) == ["shop/0001_first"]
                with database.unit_of_work() as unit:
                    made = products.add(unit, "tea", Decimal("1.50"), "2026-11-23T12:00:00.000000Z")
                    assert made.name == "tea"
                    assert products.raise_prices(unit, Decimal("0.25")) == 1
                    assert products.prices(unit) == [products.Price("tea", Decimal("1.75"))]
                database.dispose()
        """)
        )
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            str(tmp_path),
            str(tmp_path),
        ]
        process = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=120, env={"PYTHONPATH": f"{tmp_path}:{ROOT}"}
        )
        assert "2 passed" in process.stdout, process.stdout
