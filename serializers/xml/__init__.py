"""XML as DataContract clients write and read it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from serializers.base import DEFAULT_LIMITS, STRICT, Limits, Page, Reading, Serializer
from serializers.dialect import DEFAULT, Dialect
from serializers.inline import COMMAS, Inline
from serializers.shape import Shape
from serializers.text import from_bytes, to_bytes
from serializers.xml.names import generic_name
from serializers.xml.reader import loads
from serializers.xml.stream import stream
from serializers.xml.writer import compiled, dumps

__all__ = ["Xml", "dumps", "generic_name", "loads", "serializer"]


class Xml(Serializer):
    """The XML serializer. It is the same in every dialect.

    :ivar inline: reads lists that are one text.
    """

    name = "xml"
    suffixes = ("xml",)
    media_types = ("application/xml", "text/xml")
    content_type = "application/xml"
    begins = "<"
    sampled = True

    def __init__(self, dialect: Dialect = DEFAULT, inline: Inline = COMMAS) -> None:
        super().__init__(dialect)
        self.inline = inline

    def encode(self, value: Any, shape: Shape | None = None, *, page: Page | None = None) -> bytes:
        del page
        return to_bytes(dumps(value, shape))

    def decode(
        self, data: bytes, shape: Shape | None = None, *, limits: Limits = DEFAULT_LIMITS, reading: Reading = STRICT
    ) -> Any:
        del reading
        return loads(from_bytes(data, limits), shape, limits=limits, inline=self.inline)

    def stream(self, value: Any, shape: Shape, *, page: Page | None = None) -> Iterator[bytes]:
        del page
        return stream(value, shape)

    def writer(self, shape: Shape) -> Callable[[Any], bytes]:
        write = compiled(shape, attributes=True)
        return lambda value: to_bytes(write(value))

    def sample(self, value: Any, shape: Shape) -> str:
        """Return XML with one element per line; samples have no text that this would change."""
        depth = 0
        lines = []
        for part in _BETWEEN.sub(">\n<", dumps(value, shape)).split("\n"):
            depth -= part.startswith("</")
            lines.append("\t" * depth + part)
            opens = part.startswith("<") and not part.startswith(("</", "<?"))
            depth += opens and "</" not in part and not part.endswith("/>")
        return "\n".join(lines)


_BETWEEN = re.compile(r">\s*<")

serializer = Xml()
