"""Formats of documents: from bytes to plain Python values and back, one module per format."""
