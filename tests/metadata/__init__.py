"""Tests of what the service says of itself."""

BASE_URL = "http://localhost:8000"
