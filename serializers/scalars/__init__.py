"""Scalar values as text and back. The spelling is ServiceStack's and is described in docs/serializers.rst."""

from serializers.scalars.reading import reader
from serializers.scalars.writing import write_any, writer

__all__ = ["reader", "write_any", "writer"]
