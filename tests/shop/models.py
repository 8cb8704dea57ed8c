"""The shop's tables."""

from __future__ import annotations

import peewee

from gateway.rows import IdField, InstantField


class Base(peewee.Model):
    """What every table has."""

    id = IdField(primary_key=True)
    created = InstantField()


class Customer(Base):
    """A customer."""

    name = peewee.CharField(max_length=100, unique=True)

    class Meta:
        table_name = "shop_customers"


class Order(peewee.Model):
    """What a customer ordered. The database counts the orders."""

    id = peewee.AutoField()
    customer = peewee.ForeignKeyField(Customer, on_delete="RESTRICT")
    product = peewee.CharField(max_length=64, index=True)
    price = peewee.DecimalField(max_digits=10, decimal_places=2)
    paid = peewee.BooleanField(default=False)
    note = peewee.TextField(null=True)

    class Meta:
        table_name = "shop_orders"
