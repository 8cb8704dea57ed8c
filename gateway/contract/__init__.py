"""Declare operations, and find them."""
