"""Server events: the outbox, its readers and their subscriptions."""

from models.engine.owners import Rows

ROWS = Rows("models.events.tables", migrations="models.events.migrations", owner="events", passing=True)
