"""Documents: bytes to plain Python values and back, one format a module."""
