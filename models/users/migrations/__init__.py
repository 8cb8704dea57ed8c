"""The history of the tables of users (`models.engine.migrations`)."""
