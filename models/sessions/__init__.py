"""Sessions, messages, accounts and customers: tables and the functions that read and write them."""

from models.engine.owners import Rows

ROWS = Rows("models.sessions.tables", migrations="models.sessions.migrations", owner="sessions")
