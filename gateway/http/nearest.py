"""Suggestions for a 404: the route that is most similar to an unknown path."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import SequenceMatcher

_LONGEST = 200
#: Minimum similarity of each segment of a path to that of a route, and of all segments on average: 1 is identical.
_ALIKE = 0.6
_ALIKE_ON_AVERAGE = 0.75
#: The similarity of a route's variable to any text.
_VARIABLE = 0.75

_ELSEWHERE = "Every operation is documented at /metadata."


class Nearest:
    """Suggests routes.

    :param templates: the routes that any client may know of, such as ``/sessions/{SessionId}``.
    :param elsewhere: the sentence for paths that are similar to none of them.
    """

    def __init__(self, templates: Iterable[str], elsewhere: str = _ELSEWHERE) -> None:
        self._elsewhere = elsewhere
        self._routes = [(template, _segments(template)) for template in dict.fromkeys(templates)]

    def __call__(self, path: str) -> str:
        """Return a sentence that names the nearest route, or where all operations are documented."""
        # SECURITY: comparing takes time, and any client can cause it.
        if len(path) > _LONGEST:
            return self._elsewhere
        given = _segments(path)
        likeness, template = max(
            ((_likeness(given, segments), name) for name, segments in self._routes), default=(0.0, "")
        )
        return f"Did you mean {template}?" if likeness >= _ALIKE_ON_AVERAGE else self._elsewhere


def _segments(path: str) -> Collection[str]:
    return path.lower().strip("/").split("/")


def _likeness(given: Collection[str], route: Collection[str]) -> float:
    """Return how similar a path and a route are, from 0 to 1."""
    if len(given) != len(route):
        return 0.0
    likenesses = [
        _VARIABLE if expected.startswith("{") else SequenceMatcher(None, segment, expected).ratio()
        for segment, expected in zip(given, route, strict=True)
    ]
    return sum(likenesses) / len(likenesses) if min(likenesses) >= _ALIKE else 0.0
