"""Serializers by name, suffix and media type.

A new format is one module and one line here. Another distribution adds a format by an entry point of the group ``gateway.formats``: a
`Serializer`, or a function that returns one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points

from serializers import csv, html, json, jsonl, jsv, xml
from serializers.base import Serializer
from serializers.dialect import DEFAULT, Dialect

try:
    from serializers import msgpack
except ImportError:  # the optional library is not installed
    OPTIONAL: tuple[Serializer, ...] = ()
else:
    OPTIONAL = (msgpack.MessagePack(inline=jsv),)

#: The formats of this package in order of preference. Lists that are one text in a document are JSV.
FORMATS: tuple[Serializer, ...] = (
    json.Json(inline=jsv),
    jsv.serializer,
    xml.Xml(inline=jsv),
    csv.serializer,
    html.serializer,
    jsonl.JsonLines(inline=jsv),
    *OPTIONAL,
)

#: The entry points of formats of other distributions.
GROUP = "gateway.formats"


class RegistryError(ValueError):
    """Formats that can't be used together, or an entry point that is not a format."""


def names_of(serializer: Serializer) -> tuple[str, ...]:
    """Return the names of a format: its name, its suffixes, and the subtypes of its media types, as .NET's clients use them
    (``x-msgpack``)."""
    subtypes = (media_type.partition("/")[2] for media_type in serializer.media_types)
    return tuple(dict.fromkeys((serializer.name, *serializer.suffixes, *subtypes)))


class Registry:
    """Serializers by name, suffix and media type, case-insensitive; iteration is in order of preference.

    :ivar dialect: the dialect of all serializers.
    :raises RegistryError: when two formats share a name, a suffix or a media type.
    """

    def __init__(self, serializers: Iterable[Serializer], dialect: Dialect = DEFAULT) -> None:
        self.dialect = dialect
        self._all = tuple(serializer.spelled(dialect) for serializer in serializers)
        self._names = self._index("name", names_of)
        self._suffixes = self._index("suffix", lambda serializer: serializer.suffixes)
        self._media_types = self._index("media type", lambda serializer: serializer.media_types)

    def _index(self, kind: str, list_names: Callable[[Serializer], Iterable[str]]) -> dict[str, Serializer]:
        index: dict[str, Serializer] = {}
        for serializer in self._all:
            for name in list_names(serializer):
                other = index.setdefault(name, serializer)
                if other is not serializer:
                    raise RegistryError(f"the formats {other.name} and {serializer.name} have the same {kind}: {name}")
        return index

    def spelled(self, dialect: Dialect) -> Registry:
        """Return the same formats in another dialect."""
        return self if dialect == self.dialect else Registry(self._all, dialect)

    @property
    def preferred(self) -> Serializer:
        """The default format."""
        return self._all[0]

    def beginning_like(self, data: bytes) -> Serializer | None:
        """Return the first format whose documents begin with the first character of a body, after a BOM and blanks."""
        first = data.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")[:1].decode("latin-1")
        return next((serializer for serializer in self._all if first and first in serializer.begins), None)

    def __iter__(self) -> Iterator[Serializer]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def by_name(self, name: str) -> Serializer | None:
        """Return the serializer of a name in ``?format=`` and pre-defined routes (`names_of`)."""
        return self._names.get(name.lower())

    def by_suffix(self, suffix: str) -> Serializer | None:
        """Return the serializer of a path's suffix, given without the dot."""
        return self._suffixes.get(suffix.lower())

    def by_media_type(self, media_type: str) -> Serializer | None:
        """Return the serializer of a media type, given without parameters."""
        return self._media_types.get(media_type.lower())


def installed(points: Iterable[EntryPoint] | None = None) -> tuple[Serializer, ...]:
    """Return the formats of installed distributions, by the names of their entry points.

    :raises RegistryError: when one can't be loaded or is not a format.
    """
    entry_point_list = _find_points(tuple(sys.path)) if points is None else points
    return tuple(_load(point) for point in sorted(entry_point_list, key=lambda point: point.name))


@lru_cache(maxsize=1)
def _find_points(_path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Return the entry points on a module search path. PERF: reading all distributions takes a third of the time to build a service."""
    return tuple(entry_points(group=GROUP))


def _load(point: EntryPoint) -> Serializer:
    try:
        target = point.load()
        serializer = target if isinstance(target, Serializer) else target()
    except Exception as error:
        raise RegistryError(f"the format {point.name} ({point.value}) can't be loaded: {error}") from error
    if not isinstance(serializer, Serializer):
        raise RegistryError(
            f"the format {point.name} ({point.value}) is a {type(serializer).__name__}, not a Serializer"
        )
    return serializer


def default_registry(dialect: Dialect = DEFAULT) -> Registry:
    """Return the formats of this package and of installed distributions. Raises RegistryError."""
    return Registry((*FORMATS, *installed()), dialect)
