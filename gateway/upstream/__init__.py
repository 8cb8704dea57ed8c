"""Forwarding to an old host of the operations that the service does not handle."""
