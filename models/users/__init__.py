"""Users, keys, log-ins and idempotency keys: tables and the functions that read and write them."""

from models.engine.owners import Rows

ROWS = Rows("models.users.tables", migrations="models.users.migrations", owner="users")
