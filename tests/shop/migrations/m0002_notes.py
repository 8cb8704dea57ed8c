"""Orders have notes."""

from models.engine.ddl import add_column, drop_column

UP = (add_column("shop_orders", "note", "TEXT"),)

DOWN = (drop_column("shop_orders", "note"),)
