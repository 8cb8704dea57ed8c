"""Serving the application: gunicorn, its worker, and startup."""
