"""Conversion between scalar values and text. The spelling is ServiceStack's and is described in docs/serializers.rst."""

from serializers.scalars.reading import INTEGER, read_day, read_iso_instant, reader
from serializers.scalars.writing import jsv_writer, write_any, writer

__all__ = ["INTEGER", "jsv_writer", "read_day", "read_iso_instant", "reader", "write_any", "writer"]
