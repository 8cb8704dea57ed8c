"""Forwarding to an old host: what the service does not answer itself, another server does."""
