"""Which serializer has a name, a suffix or a media type. Adding a format is one module and one line here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from serializers import csv, html, json, jsonl, jsv, xml
from serializers.base import Serializer

try:
    from serializers import msgpack
except ImportError:  # the optional library is not installed
    OPTIONAL: tuple[Serializer, ...] = ()
else:
    OPTIONAL = (msgpack.serializer,)

#: The formats in order of preference.
FORMATS: tuple[Serializer, ...] = (
    json.serializer,
    jsv.serializer,
    xml.serializer,
    csv.serializer,
    html.serializer,
    jsonl.serializer,
    *OPTIONAL,
)


def names_of(serializer: Serializer) -> tuple[str, ...]:
    """What a format is called: its name, its suffixes, and what stands behind the slash of its media types, as .NET's clients do it
    (``x-msgpack``)."""
    subtypes = (media_type.partition("/")[2] for media_type in serializer.media_types)
    return tuple(dict.fromkeys((serializer.name, *serializer.suffixes, *subtypes)))


class Registry:
    """Serializers by name, suffix and media type, each looked up in any letter case; iterated in order of preference."""

    def __init__(self, serializers: Iterable[Serializer]) -> None:
        self._all = tuple(serializers)
        self._names = {name: each for each in self._all for name in names_of(each)}
        self._suffixes = {suffix: serializer for serializer in self._all for suffix in serializer.suffixes}
        self._media_types = {media: serializer for serializer in self._all for media in serializer.media_types}

    def __iter__(self) -> Iterator[Serializer]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def by_name(self, name: str) -> Serializer | None:
        """The serializer that ``?format=`` and pre-defined routes name so (`names_of`)."""
        return self._names.get(name.lower())

    def by_suffix(self, suffix: str) -> Serializer | None:
        """The serializer of a path's suffix, given without the dot."""
        return self._suffixes.get(suffix.lower())

    def by_media_type(self, media_type: str) -> Serializer | None:
        """The serializer of a media type, given without parameters."""
        return self._media_types.get(media_type.lower())


def default_registry() -> Registry:
    """The formats of this package."""
    return Registry(FORMATS)
