"""A ServiceStack-compatible gateway for a sessions API."""

__version__ = "0.1.0"
