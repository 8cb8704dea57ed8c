"""The history of the tables of the sessions API (`models.engine.migrations`)."""
