"""The history of the tables of server events (`models.engine.migrations`)."""
