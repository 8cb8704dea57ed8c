"""Dialects: how a host spells names and values.

Hosts of ServiceStack differ in the letter case of names, in dates, GUIDs, enums and durations, and in the values that they omit. A
`Dialect` is one combination. Serializers compile their writers once for each dialect, so writing costs nothing more. Readers accept every
spelling in any dialect. docs/serializers.rst, "Dialects", has the rules and their sources.

>>> Dialect.of("5.8").dates
'wcf'
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Literal, TypeAlias, get_args

from serializers.shape import Record, snake

Names: TypeAlias = Literal["camel", "pascal", "snake", "declared"]
Dates: TypeAlias = Literal["short", "iso", "roundtrip", "wcf", "dcjs", "date", "datetime", "rfc1123", "unix", "unix_ms"]
Guids: TypeAlias = Literal["plain", "dashes"]
Enums: TypeAlias = Literal["name", "number"]
Durations: TypeAlias = Literal["xsd", "standard"]
Escapes: TypeAlias = Literal["ascii", "controls", "web"]
Generation: TypeAlias = Literal["all", "4", "5"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """The spelling of names and values in JSON, JSV and the formats that use them: jsonl, CSV cells, pages, MessagePack.

    XML and the header of CSV are the same in every dialect: those of DataContract. JSV has dates of one form (``short``, or numbers),
    durations in XSD, and no nulls.

    :ivar names: ``camel`` (``isBYOA``), ``pascal`` (the same with a capital first), ``snake`` (``is_b_y_o_a``, as ServiceStack writes it),
        ``declared`` (the .NET name).
    :ivar dates: ``short`` (ISO 8601, at midnight only the day), ``iso`` (ISO 8601 with as many digits as needed, as System.Text.Json),
        ``roundtrip`` (ISO 8601 with seven digits, .NET's "o"), ``wcf`` (``/Date(ms)/`` with an offset unless the time is in UTC), ``dcjs``
        (the same with an offset for times without a zone), ``date`` and ``datetime`` (``2026-01-02 03:04:05``, both without a zone),
        ``rfc1123``, ``unix`` and ``unix_ms`` (numbers).
    :ivar guids: ``plain`` (32 digits) or ``dashes``.
    :ivar enums: ``name`` or ``number``.
    :ivar durations: ``xsd`` (``PT1H``) or ``standard`` (``01:00:00``).
    :ivar nulls: nulls of records are written.
    :ivar map_nulls: nulls of maps are written.
    :ivar empty_nulls: a null in a list of records is ``{}`` in JSON, as ServiceStack.Text writes it.
    :ivar defaults: default values of .NET's types are written: false, 0, the zero GUID, the year 1.
    :ivar default_enums: default values of enums are written although `defaults` is off.
    :ivar local_times: a time that was read in UTC is a local time, as ServiceStack.Text reads it: it has an offset (``+0000``).
    :ivar assume_utc: a time without a zone is in UTC.
    :ivar always_utc: times with an offset are written in UTC.
    :ivar utc_offset: ``/Date(ms)/`` has ``+0000`` for a time in UTC.
    :ivar escapes: characters that JSON's texts escape: ``ascii`` (all except ASCII, as ``\\u``), ``controls`` (only what JSON requires, as
        ServiceStack.Text), ``web`` (as ``ascii``, and what is special in HTML, as System.Text.Json).
    :ivar html: JSON's texts have ``< > & = '`` as ``\\u``.
    :ivar depth: levels of records and lists that are written; 0 for all.
    :ivar generation: the options of ``?jsconfig=``: those of version 4, those from version 5 on, or all.
    :ivar version: the version of ServiceStack that `of` was given; generated types are written as that version writes them. It changes
        no other document.
    """

    names: Names = "camel"
    dates: Dates = "short"
    guids: Guids = "plain"
    enums: Enums = "name"
    durations: Durations = "xsd"
    nulls: bool = False
    map_nulls: bool = False
    empty_nulls: bool = False
    defaults: bool = True
    default_enums: bool = True
    local_times: bool = False
    assume_utc: bool = False
    always_utc: bool = False
    utc_offset: bool = False
    escapes: Escapes = "ascii"
    html: bool = False
    depth: int = 0
    generation: Generation = "all"
    version: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name}={getattr(self, name)!r} is not known; known are {', '.join(choices)}")
        if self.depth < 0:
            raise ValueError(f"depth={self.depth} is less than 0")

    @classmethod
    def of(cls, version: str, **changes: Any) -> Dialect:
        """Return the default dialect of a host of this version: ``4.5``, ``5.8``, ``6``, ``8.1``, ``10.4``.

        :param changes: options that the host's configuration changes: ``Dialect.of("5.8", names="declared")``.
        :raises ValueError: when the version is not one of ServiceStack from 4 on, or the value of an option is invalid.
        """
        numbers = _VERSION.fullmatch(version.strip())
        number = (int(numbers[1]), _parse_minor(numbers[2] or "")) if numbers else (0, 0)
        host_dialect = next((dialect for since, dialect in _HOSTS if number >= since), None)
        if host_dialect is None:
            raise ValueError(f"{version!r} is not a version of ServiceStack from 4 on, such as '5.8' or '8.1'")
        return replace(host_dialect, version=numbers[0].removeprefix("v") if numbers else "", **changes)

    @property
    def in_jsv(self) -> Dialect:
        """Return the dialect of JSV and of the other formats except JSON."""
        return _in_jsv(self)

    def speller(self, record: Record) -> Callable[[str], str]:
        """Return a function from a record's wire name to the name in documents."""
        spell = record.declared_name if self.names == "declared" else _SPELLERS[self.names]
        # The explicit name of a data member is the same in every dialect.
        return (lambda name: name if name in record.verbatim else spell(name)) if record.verbatim else spell

    def changed_by(self, options: str) -> Dialect:
        """Return the dialect of one request, from its ``?jsconfig=``: long or short option names, case-insensitive, separated by commas.

        An option without a value is on; ``false`` and ``0`` turn it off. Unknown options are ignored.
        """
        dialect = self
        for option in options[:_LONGEST_OPTIONS].split(","):
            name, colon, value = option.strip().partition(":")
            change = _OPTIONS.get(name.strip().lower())
            if change is not None:
                dialect = change(dialect, value.strip().lower() if colon else "true")
        return dialect


def _parse_minor(digits: str) -> int:
    # Hosts write 8.0.2 as 8.02.
    return 0 if digits.startswith("0") or not digits else int(digits)


_VERSION = re.compile(r"v?(\d{1,3})(?:\.(\d{1,4}))?(?:\.\d{1,9}){0,2}", re.ASCII)
_LONGEST_OPTIONS = 2000
#: A depth limit from this number on is ignored.
_DEEPEST = 64
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "names": get_args(Names),
    "dates": get_args(Dates),
    "guids": get_args(Guids),
    "enums": get_args(Enums),
    "durations": get_args(Durations),
    "escapes": get_args(Escapes),
    "generation": get_args(Generation),
}

#: The dialect of the gateway.
DEFAULT = Dialect()
_TEXT_4 = Dialect(names="declared", dates="wcf", empty_nulls=True, local_times=True, escapes="controls", generation="4")
_TEXT_5 = replace(_TEXT_4, names="camel", generation="5")
#: Dialects by the first version that has them, newest first.
_HOSTS: tuple[tuple[tuple[int, int], Dialect], ...] = (
    ((8, 1), Dialect(dates="iso", guids="dashes", escapes="web", generation="5")),
    ((5, 0), _TEXT_5),
    ((4, 0), _TEXT_4),
)


@lru_cache(maxsize=256)
def _in_jsv(dialect: Dialect) -> Dialect:
    dates: Dates = dialect.dates if dialect.dates in ("unix", "unix_ms") else "short"
    return replace(dialect, dates=dates, durations="xsd", nulls=False, map_nulls=False)


def _capitalize(name: str) -> str:
    return name[:1].upper() + name[1:]


_SPELLERS: Mapping[str, Callable[[str], str]] = {"camel": str, "pascal": _capitalize, "snake": snake}

_Change: TypeAlias = Callable[[Dialect, str], Dialect]


def _is_on(value: str) -> bool:
    return value not in ("false", "0")


def _set(dialect: Dialect, name: str, value: Any) -> Dialect:
    return replace(dialect, **{name: value})


def _make_flag(field: str) -> _Change:
    return lambda dialect, value: _set(dialect, field, _is_on(value))


def _make_negated_flag(field: str) -> _Change:
    return lambda dialect, value: _set(dialect, field, not _is_on(value))


def _make_choice(field: str, on: str, off: str) -> _Change:
    return lambda dialect, value: _set(dialect, field, on if _is_on(value) else off)


def _make_named_choice(field: str, values: Mapping[str, str]) -> _Change:
    return lambda dialect, value: _set(dialect, field, values[value]) if value in values else dialect


def _make_case(on: Names, *, off: Names | None = None) -> _Change:
    def change(dialect: Dialect, value: str) -> Dialect:
        if _is_on(value):
            return replace(dialect, names=on)
        # Hosts from version 5 on have one text case; an option that is off does not change it.
        may_turn_off = dialect.generation in ("all", "4") and dialect.names == on
        return replace(dialect, names=off) if off is not None and may_turn_off else dialect

    return change


def _limit_to(change: _Change, *generations: Generation) -> _Change:
    """Return an option that only hosts of these generations have."""
    return lambda dialect, value: change(dialect, value) if dialect.generation in generations else dialect


def _set_depth(dialect: Dialect, value: str) -> Dialect:
    number = int(value) if value.isdecimal() and len(value) < len(str(_DEEPEST)) + 1 else 0
    return replace(dialect, depth=number if number < _DEEPEST else 0)


_DATE_HANDLERS = {
    **dict.fromkeys(("timestampoffset", "to"), "wcf"),
    **dict.fromkeys(("dcjscompatible", "dcjsc"), "dcjs"),
    "iso8601": "roundtrip",
    **dict.fromkeys(("iso8601dateonly", "iso8601do"), "date"),
    **dict.fromkeys(("iso8601datetime", "iso8601dt"), "datetime"),
    "rfc1123": "rfc1123",
    **dict.fromkeys(("unixtime", "ut"), "unix"),
    **dict.fromkeys(("unixtimems", "utm"), "unix_ms"),
}
_DURATION_HANDLERS = {
    **dict.fromkeys(("durationformat", "df"), "xsd"),
    **dict.fromkeys(("standardformat", "sf"), "standard"),
}
_TEXT_CASES = {
    **dict.fromkeys(("default", "d"), "declared"),
    **dict.fromkeys(("pascalcase", "pc"), "pascal"),
    **dict.fromkeys(("camelcase", "cc"), "camel"),
    **dict.fromkeys(("snakecase", "sc"), "snake"),
}
_NUMBERS = _make_choice("enums", "number", "name")

#: The options by their names. ServiceStack's other options are ignored, as they only change how it reads or which types it writes: cotisd,
#: ttpptv, ttpnt, iti, eti, pi, tode, toe, sdtc, ipf, pc, i, pp.
_BY_NAMES: tuple[tuple[tuple[str, ...], _Change], ...] = (
    (("inv", "includenullvalues"), _make_flag("nulls")),
    (("invid", "includenullvaluesindictionaries"), _make_flag("map_nulls")),
    (("edv", "excludedefaultvalues"), _make_negated_flag("defaults")),
    (("ide", "includedefaultenums"), _make_flag("default_enums")),
    (("teai", "treatenumasinteger"), _NUMBERS),
    (("tei", "eai"), _limit_to(_NUMBERS, "all")),
    (("eccn", "emitcamelcasenames"), _make_case("camel", off="declared")),
    (("elun", "emitlowercaseunderscorenames"), _make_case("snake", off="declared")),
    (("epcn", "emitpascalcasenames"), _limit_to(_make_case("pascal", off="camel"), "all")),
    (("tc", "textcase"), _limit_to(_make_named_choice("names", _TEXT_CASES), "all", "5")),
    (("dh", "datehandler"), _make_named_choice("dates", _DATE_HANDLERS)),
    (("tsh", "timespanhandler"), _make_named_choice("durations", _DURATION_HANDLERS)),
    (("auo", "appendutcoffset"), _make_flag("utc_offset")),
    (("au", "assumeutc"), _make_flag("assume_utc")),
    (("auu", "alwaysuseutc"), _limit_to(_make_flag("always_utc"), "all")),
    (("eu", "escapeunicode"), _limit_to(_make_choice("escapes", "ascii", "controls"), "all")),
    (("ehc", "escapehtmlchars"), _limit_to(_make_flag("html"), "all")),
    (("md", "maxdepth"), _limit_to(_set_depth, "all")),
)
_OPTIONS: Mapping[str, _Change] = {name: change for names, change in _BY_NAMES for name in names}
