"""Settings, from the environment only, read and checked once at start."""

from __future__ import annotations

import os
import re
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

from environs import EnvValidationError, FileAwareEnv, ValidationError, validate

from gateway import addresses, origins, rates, redis_address, strength
from gateway.compatibility import PROFILES
from gateway.errors import ConfigurationError
from models.engine import address

_BIND = re.compile(r"(unix:.+|fd://\d+|(\[[0-9A-Fa-f:]+\]|[^:\s]+):\d{1,5})")
#: The default service.
_SESSIONS = "gateway.sessions.service:service"
_SERVICE = "a module and its attribute, as module:attribute"
_HIDDEN = "(hidden)"
#: Settings of which only the password is hidden.
_URLS = ("database_url", "events_url")
_FIRST_USER = "admin@example.org"
_LOCAL = ("127.0.0.1", "::1")
SERVERS = ("gunicorn", "granian")
READINGS = ("compatible", "strict", "lenient")
_WITHOUT_PROFILE: Mapping[str, str] = {
    "GATEWAY_CSV": "auto",
    "GATEWAY_ERRORS": "compatible",
    "GATEWAY_READING": "compatible",
    "GATEWAY_REFRESH_LIFETIME": "365d",
    "GATEWAY_TOKEN_LIFETIME": "14d",
}

#: Minimum bytes of a secret: HS256 needs a key as long as its hash (RFC 7518, 3.2).
SECRET_BYTES = 32


#: Seconds of a duration's unit.
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_LONGEST = 10 * 365 * 86_400
_DURATION = "a number of seconds, or of minutes, hours or days as 90m, 12h, 14d"


def _make_check(holds: Callable[[Any], bool], requirement: str) -> Callable[[Any], None]:
    def check(value: Any) -> None:
        if not holds(value):
            raise ValidationError(f"must be {requirement}")

    return check


def _is_duration(value: str) -> bool:
    return 0 < _parse_seconds(value) <= _LONGEST


def _parse_seconds(text: str) -> int:
    """Return the seconds of a duration; 0 for a text that is not one."""
    match = re.fullmatch(r"([1-9]\d{0,8})([smhd]?)", text)
    return 0 if match is None else int(match[1]) * _UNITS[match[2]]


def _is_service(value: str) -> bool:
    return re.fullmatch(r"[^\W\d][\w.]*:[^\W\d]\w*", value) is not None


def _is_bind(value: str) -> bool:
    port = value.rpartition(":")[2]
    return _BIND.fullmatch(value) is not None and not (port.isdecimal() and int(port) > 65_535)


def _is_metrics_bind(value: str) -> bool:
    return not value or (_is_bind(value) and not value.startswith("fd://"))


def _check_database(value: str) -> None:
    try:
        database_address = address.parse(value)
    except ValueError as error:
        raise ValidationError(f"can't be used: {error}") from error
    if isinstance(database_address, address.MysqlAddress) and find_spec("pymysql") is None:
        raise ValidationError("needs the driver PyMySQL: pip install 'sessions-gateway[mysql]'")


def _check_redis(value: str) -> None:
    if not value:
        return
    try:
        redis_address.parse(value)
    except ValueError as error:
        raise ValidationError(f"can't be used: {error}") from error
    if find_spec("redis") is None:
        raise ValidationError("needs redis-py: pip install 'sessions-gateway[redis]'")


def _are_networks(values: list[str]) -> bool:
    try:
        return all(addresses.parse_network(value.strip()) for value in values)
    except ValueError:
        return False


def _check_origins(values: list[str]) -> None:
    problems = []
    for origin in _drop_blank(values):
        try:
            origins.parse(origin)
        except ValueError as error:
            problems.append(f"{error}.")
    if problems:
        raise ValidationError(" ".join(problems))


def _drop_blank(values: Iterable[str]) -> list[str]:
    return [value for value in values if value.strip()]


def _is_rate(value: str) -> bool:
    try:
        rates.parse(value)
    except ValueError:
        return False
    return True


def _check_secret(value: str) -> None:
    if not value:
        return
    if len(value.encode()) < SECRET_BYTES:
        raise ValidationError(f"must be at least {SECRET_BYTES} bytes long")
    if strength.is_guessable(value, strength.SECRET):
        raise ValidationError("can be guessed; take what 'openssl rand -base64 32' prints")


@dataclass(frozen=True, slots=True)
class _Basis:
    """The values from which defaults and bounds of other settings are derived.

    :ivar profile: the old host's profile (GATEWAY_COMPATIBILITY); empty for none.
    """

    profile: str
    threads: int

    @classmethod
    def read(cls, env: FileAwareEnv) -> _Basis:
        """Read both from the environment."""
        profile = env.str("GATEWAY_COMPATIBILITY", "", validate=validate.OneOf(["", *PROFILES])) or ""
        return cls(profile, env.int("GATEWAY_THREADS", 16, validate=validate.Range(1, 1024)) or 1)

    def get_profile_default(self, variable: str) -> str:
        """Return the default of a setting that profiles have."""
        return PROFILES.get(self.profile, {}).get(variable) or _WITHOUT_PROFILE[variable]


#: A default, or a function that returns it.
_Default: TypeAlias = Any | Callable[[_Basis], Any]


def _resolve_default(default: _Default, basis: _Basis) -> Any:
    return default(basis) if callable(default) else default


def _setting(
    variable: str, help_text: str, read: Callable[[FileAwareEnv, _Basis], Any], *, secret: bool = False
) -> Any:
    return field(metadata={"variable": variable, "help": help_text, "secret": secret, "read": read})


def _text(
    variable: str,
    help_text: str,
    default: _Default = "",
    check: Callable[[Any], None] | None = None,
    *,
    secret: bool = False,
) -> Any:
    def read(env: FileAwareEnv, basis: _Basis) -> Any:
        return env.str(variable, _resolve_default(default, basis), validate=check)

    return _setting(variable, help_text, read, secret=secret)


def _one_of(variable: str, help_text: str, choices: Sequence[str], default: _Default = None) -> Any:
    """Declare a setting that is one of some texts. Without a default it is the profile's."""
    check = validate.OneOf([*choices])
    return _text(variable, help_text, default or (lambda basis: basis.get_profile_default(variable)), check)


def _number(variable: str, help_text: str, default: _Default, least: int, most: int | None = None) -> Any:
    def read(env: FileAwareEnv, basis: _Basis) -> Any:
        return env.int(variable, _resolve_default(default, basis), validate=validate.Range(least, most))

    return _setting(variable, help_text, read)


def _places(variable: str, help_text: str, part: int) -> Any:
    """Declare a setting that is a number of requests, at most that of threads; by default a part of it."""

    def read(env: FileAwareEnv, basis: _Basis) -> Any:
        return env.int(variable, max(1, basis.threads // part), validate=validate.Range(1, basis.threads))

    return _setting(variable, help_text, read)


def _switch(variable: str, help_text: str) -> Any:
    return _setting(variable, help_text, lambda env, _: env.bool(variable, False))


def _duration(variable: str, help_text: str) -> Any:
    """Declare a setting in seconds; by default the profile's."""
    check = _make_check(_is_duration, _DURATION)
    return _setting(
        variable,
        help_text,
        lambda env, basis: _parse_seconds(env.str(variable, basis.get_profile_default(variable), validate=check) or ""),
    )


def _texts(variable: str, help_text: str, check: Callable[[Any], None], default: Sequence[str] = ()) -> Any:
    # Errors of a check are collected, and reported with all others.
    return _setting(variable, help_text, lambda env, _: tuple(env.list(variable, [*default], validate=check) or ()))


def _networks(variable: str, help_text: str, default: Sequence[str] = ()) -> Any:
    return _texts(
        variable, help_text, _make_check(_are_networks, "addresses or networks, separated by commas"), default
    )


_IS_BIND = _make_check(_is_bind, "an address and port up to 65535, or unix:PATH")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings. `from_environment` reads and checks all of them, and names every wrong variable."""

    bind: str = _text(
        "GATEWAY_BIND",
        "address and port, or unix:PATH, to listen on",
        "127.0.0.1:8000",
        _IS_BIND,
    )
    service: str = _text(
        "GATEWAY_SERVICE",
        "the service: a module and its attribute, as module:attribute",
        _SESSIONS,
        _make_check(_is_service, _SERVICE),
    )
    database_url: str = _text(
        "GATEWAY_DATABASE_URL",
        "sqlite:///FILE, or mysql://USER:PASSWORD@HOST:3306/NAME; several servers: @a,b:3307,c/NAME",
        "sqlite:///gateway.db",
        _check_database,
        secret=True,
    )
    database_wait: int = _number(
        "GATEWAY_DATABASE_WAIT", "seconds that gateway serve waits for the database at its start", 60, 0, 3600
    )
    server: str = _one_of(
        "GATEWAY_SERVER", "HTTP server: gunicorn, or granian, which is faster behind a proxy", SERVERS, "gunicorn"
    )
    workers: int = _number(
        "GATEWAY_WORKERS", "processes that handle requests", lambda _: min(os.cpu_count() or 1, 4), 1, 256
    )
    threads: int = _setting(
        "GATEWAY_THREADS", "threads that handle requests, in each process", lambda _, basis: basis.threads
    )
    connections: int = _number(
        "GATEWAY_CONNECTIONS",
        "database connections that each process opens at most",
        lambda basis: basis.threads,
        1,
        1024,
    )
    connection_age: int = _number(
        "GATEWAY_CONNECTION_AGE", "seconds after which a connection to a database server is replaced", 600, 1, 604_800
    )
    sqlite_sync: str = _one_of(
        "GATEWAY_SQLITE_SYNC",
        "full: each commit on SQLite waits for the disk; normal: a power failure may lose the last commits",
        ("normal", "full"),
        "normal",
    )
    galera_sync: bool = _switch(
        "GATEWAY_GALERA_SYNC", "whether a Galera node applies all earlier commits of the other nodes before it reads"
    )
    secret: str = _text(
        "GATEWAY_SECRET",
        "signs tokens; at least 32 bytes, the same on every node. Required on MySQL and MariaDB",
        "",
        _check_secret,
        secret=True,
    )
    previous_secret: str = _text(
        "GATEWAY_SECRET_PREVIOUS",
        "the previous secret, while the tokens that it signed are still valid",
        "",
        _check_secret,
        secret=True,
    )
    trusted_proxies: tuple[str, ...] = _networks(
        "GATEWAY_TRUSTED_PROXIES",
        "addresses or networks of the proxies whose X-Forwarded-… and Forwarded headers are trusted",
        _LOCAL,
    )
    token_lifetime: int = _duration(
        "GATEWAY_TOKEN_LIFETIME", "lifetime of an access token, in seconds or as 90m, 12h, 14d"
    )
    refresh_lifetime: int = _duration("GATEWAY_REFRESH_LIFETIME", "lifetime of a refresh token, in the same forms")
    login_attempts: int = _number(
        "GATEWAY_LOGIN_ATTEMPTS",
        "failed log-ins with one user name from one address, before that name is locked out at that address",
        20,
        1,
        10_000,
    )
    login_address_attempts: int = _number(
        "GATEWAY_ADDRESS_ATTEMPTS",
        "failed log-ins with any user name from one address, before that address is locked out",
        200,
        1,
        100_000,
    )
    login_window: int = _number("GATEWAY_LOGIN_WINDOW", "seconds for which a failed log-in counts", 600, 1, 86_400)
    login_exempt: tuple[str, ...] = _networks(
        "GATEWAY_LOGIN_EXEMPT", "addresses or networks that many users share and that are never locked out"
    )
    request_seconds: int = _number(
        "GATEWAY_REQUEST_SECONDS", "seconds that a request, or a complete batch, may take", 30, 1, 3600
    )
    request_rows: int = _number(
        "GATEWAY_REQUEST_ROWS", "rows that a request, or a complete batch, may use", 100_000, 1000
    )
    request_bytes: int = _number(
        "GATEWAY_REQUEST_BYTES", "bytes of the response to a request, or a complete batch", 8 * 1024**2, 64 * 1024
    )
    list_seconds: int = _number(
        "GATEWAY_LIST_SECONDS", "seconds that one database statement of a list or search may take", 5, 1, 3600
    )
    stream_seconds: int = _number("GATEWAY_STREAM_SECONDS", "seconds that a streamed list may take", 3600, 1, 86_400)
    stream_rows: int = _number("GATEWAY_STREAM_ROWS", "rows that a streamed list may use", 1_000_000_000, 1000)
    stream_bytes: int = _number("GATEWAY_STREAM_BYTES", "bytes of a streamed list", 64 * 1024**3, 64 * 1024)
    list_places: int = _places(
        "GATEWAY_LIST_PLACES", "lists and searches that a process runs at once; as many batches", 4
    )
    stream_places: int = _places("GATEWAY_STREAM_PLACES", "streamed lists that a process runs at once", 4)
    caller_requests: int = _places("GATEWAY_CALLER_REQUESTS", "requests of one caller that a process runs at once", 1)
    caller_streams: int = _places(
        "GATEWAY_CALLER_STREAMS", "streamed lists of one caller that a process runs at once", 8
    )
    caller_share: int = _number(
        "GATEWAY_CALLER_SHARE",
        "percent of a processor that one caller may use in a process while others call; 100 for no limit",
        25,
        1,
        100,
    )
    rate: str = _text(
        "GATEWAY_RATE",
        "requests of one caller by class: read=100/s,list=10/s,write=600/m,login=20/m",
        "",
        _make_check(_is_rate, "CLASS=COUNT/UNIT, separated by commas"),
    )
    events_bind: str = _text(
        "GATEWAY_EVENTS_BIND",
        "address and port, or unix:PATH, that gateway events listens on",
        "127.0.0.1:8001",
        _IS_BIND,
    )
    events_url: str = _text(
        "GATEWAY_EVENTS_URL",
        "Redis, by which workers and nodes learn of server events at once: redis://USER:PASSWORD@HOST:6379/0",
        "",
        _check_redis,
        secret=True,
    )
    events_heartbeat: int = _number(
        "GATEWAY_EVENTS_HEARTBEAT", "seconds between two heartbeats of a client of server events", 10, 1, 3600
    )
    events_idle: int = _number(
        "GATEWAY_EVENTS_IDLE",
        "seconds without a heartbeat after which the event stream of a client that sent some ends",
        30,
        2,
        7200,
    )
    events_per_user: int = _number(
        "GATEWAY_EVENTS_PER_USER", "event streams that one user may have open, on all nodes", 5_000, 1
    )
    events_subscribers: int = _number(
        "GATEWAY_EVENTS_SUBSCRIBERS", "event streams that may be open, on all nodes", 20_000, 1
    )
    bootstrap_email: str = _setting(
        "GATEWAY_BOOTSTRAP_EMAIL",
        "e-mail address of the first user",
        lambda env, _: env.str("GATEWAY_BOOTSTRAP_EMAIL", "") or _FIRST_USER,
    )
    bootstrap_password: str = _text("GATEWAY_BOOTSTRAP_PASSWORD", "password of the first user", secret=True)
    bootstrap_api_key: str = _text("GATEWAY_BOOTSTRAP_API_KEY", "API key of the first user", secret=True)
    cors_origins: tuple[str, ...] = _texts(
        "GATEWAY_CORS_ORIGINS",
        "web origins whose pages may call, separated by commas; * for all, without cookies",
        _check_origins,
    )
    transport_seconds: int = _number(
        "GATEWAY_HSTS",
        "seconds for which browsers use https only, after the first https response; 0 sends no such header",
        31_536_000,
        0,
        63_072_000,
    )
    jsonp: bool = _switch("GATEWAY_JSONP", "whether ?callback= is honoured")
    compatibility: str = _setting(
        "GATEWAY_COMPATIBILITY",
        "the replaced ServiceStack host, for instance servicestack-5.8; changes the defaults of other settings",
        lambda _, basis: basis.profile,
    )
    reading: str = _one_of("GATEWAY_READING", "how strictly requests are read: strict, compatible or lenient", READINGS)
    default_format: str = _one_of(
        "GATEWAY_DEFAULT_FORMAT",
        "response format of a request that names none: json, jsv, xml, csv or html",
        ("json", "jsv", "xml", "csv", "html"),
        "json",
    )
    csv: Literal["auto", "rows", "envelope"] = _one_of(
        "GATEWAY_CSV",
        "lists in CSV: rows, envelope (one row that ServiceStack's client reads), or auto: by client",
        ("auto", "rows", "envelope"),
    )
    errors: str = _one_of(
        "GATEWAY_ERRORS", "field names and reason phrases of errors: ServiceStack's, or plain", ("compatible", "plain")
    )
    metadata: str = _one_of(
        "GATEWAY_METADATA",
        "operations on metadata pages: all, or permitted: those that the caller may call",
        ("all", "permitted"),
        "all",
    )
    log: str = _one_of(
        "GATEWAY_LOG",
        "format of log lines: text or json",
        ("text", "json"),
        lambda _: "text" if sys.stderr.isatty() else "json",
    )
    slow_request: int = _number(
        "GATEWAY_SLOW_REQUEST",
        "milliseconds from which a request's log line is a warning; 0 for never",
        1000,
        0,
        3_600_000,
    )
    metrics_bind: str = _text(
        "GATEWAY_METRICS_BIND",
        "address and port, or unix:PATH, of /metrics alone; if empty, it is at GATEWAY_BIND",
        "",
        _make_check(_is_metrics_bind, "an address and port, or unix:PATH"),
    )
    metrics_networks: tuple[str, ...] = _networks(
        "GATEWAY_METRICS_NETWORKS",
        "addresses or networks of the clients that /metrics at GATEWAY_BIND responds to",
        _LOCAL,
    )
    debug: bool = _switch("GATEWAY_DEBUG", "whether error responses contain stack traces; never use it in production")

    @classmethod
    def from_environment(cls) -> Settings:
        """Return the settings of this process. Raises ConfigurationError with a line for each wrong variable.

        A variable's name with ``_FILE`` names a UTF-8 file with the value, as containers and systemd provide secrets.
        """
        env = FileAwareEnv(eager=False, strip_whitespace=True)
        try:
            settings = cls._read(env)
            env.seal()
            settings = replace(
                settings, cors_origins=tuple(dict.fromkeys(map(origins.parse, _drop_blank(settings.cors_origins))))
            )
        except EnvValidationError as error:
            problems = cast("Mapping[str, list[str]]", error.error_messages)
            lines = [f"{name}: {' '.join(texts)}" for name, texts in problems.items()]
            raise ConfigurationError("\n".join(["settings that can't be used:"] * (len(lines) > 1) + lines)) from error
        except UnicodeDecodeError as error:
            raise ConfigurationError("The file that a GATEWAY_…_FILE variable names is not UTF-8.") from error
        except (ValueError, OSError) as error:
            raise ConfigurationError(str(error)) from error
        return settings

    @classmethod
    def defaults(cls) -> Settings:
        """Return the settings of an empty environment. The environment of this process is ignored."""
        return cls._read(_Empty(eager=False))

    @classmethod
    def _read(cls, env: FileAwareEnv) -> Settings:
        # An invalid value becomes None or the default, and is reported together with all others.
        basis = _Basis.read(env)
        return cls(**{setting.name: setting.metadata["read"](env, basis) for setting in fields(cls)})

    def read_signing_secret(self) -> str:
        """Return the secret that signs tokens. Without GATEWAY_SECRET, the first call creates it in a file beside the SQLite database.

        :raises ConfigurationError: when GATEWAY_SECRET is not set, and the database is a server's or the file can't be used.
        """
        return self.secret or _create_secret(self._find_secret_file())

    def read_existing_secret(self) -> str:
        """Return the secret that signs tokens; empty if the first start will create it. Nothing is created here.

        :raises ConfigurationError: as for `read_signing_secret`.
        """
        if self.secret:
            return self.secret
        path = self._find_secret_file()
        try:
            return _read_secret(path) if path.exists() else ""
        except OSError as error:
            raise _make_unusable_error(path, error) from error

    def _find_secret_file(self) -> Path:
        database = self.sqlite_path
        if database is None:
            raise ConfigurationError(
                "GATEWAY_SECRET must be set: with this database the nodes have no file to share it in."
            )
        return database.with_name(f"{database.name}.secret")

    @property
    def sqlite_path(self) -> Path | None:
        """The file of an SQLite database; None for a database server."""
        return address.find_sqlite_path(self.database_url)

    def list_values(self) -> Iterator[tuple[str, str, str]]:
        """Yield each variable, its value with secrets hidden, and its meaning."""
        for setting in fields(self):
            value = getattr(self, setting.name)
            value = ",".join(value) if isinstance(value, tuple) else value
            is_url = setting.name in _URLS
            text = address.hide_secrets(value) if is_url else str(value)
            hidden = setting.metadata["secret"] and not is_url and value
            variable = setting.metadata["variable"]
            profile_value = PROFILES.get(self.compatibility, {}).get(variable, "")
            of_profile = profile_value and value in (profile_value, _parse_seconds(profile_value))
            by_profile = f"; as {self.compatibility} has it" if of_profile else ""
            yield variable, _HIDDEN if hidden else text, setting.metadata["help"] + by_profile


class _Empty(FileAwareEnv):
    """An environment without variables; environs itself reads only that of the process."""

    def _get_value(self, env_key: str, default: Any) -> Any:
        del env_key
        return default


def names_service() -> bool:
    """Return whether the environment names a service."""
    return bool(FileAwareEnv(strip_whitespace=True).str("GATEWAY_SERVICE", ""))


_PROTOCOL = "http/protobuf"


def find_traces_exporter() -> str:
    """Return how traces are exported according to OpenTelemetry's variables: ``otlp`` or ``console``; empty if they are not.

    OTEL_TRACES_EXPORTER or an endpoint turns the export on.

    :raises ConfigurationError: when the variables name an exporter that does not exist here.
    """
    env = FileAwareEnv(strip_whitespace=True)
    exporter = env.str("OTEL_TRACES_EXPORTER", "")
    endpoints = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    endpoint = next(filter(None, (env.str(variable, "") for variable in endpoints)), "")
    is_asked = exporter != "none" and bool(exporter or endpoint)
    if not is_asked or env.str("OTEL_SDK_DISABLED", "").lower() == "true":
        return ""
    if exporter not in ("", "otlp", "console"):
        raise ConfigurationError(f"OTEL_TRACES_EXPORTER: {exporter} is not supported. Use otlp, console or none.")
    if exporter == "console":
        return exporter
    for name in ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        if (protocol := env.str(name, "") or _PROTOCOL) != _PROTOCOL:
            raise ConfigurationError(
                f"{name}: traces can't be sent by {protocol}. Use {_PROTOCOL}, port 4318 as a rule."
            )
    if endpoint and re.fullmatch(r"https?://[^\s/]+(/\S*)?", endpoint) is None:
        raise ConfigurationError("OTEL_EXPORTER_OTLP_ENDPOINT: must be a URL, as http://127.0.0.1:4318")
    return "otlp"


def find_service_name() -> str:
    """Return the name of this process's service, as module:attribute. Raises ConfigurationError."""
    name = FileAwareEnv(strip_whitespace=True).str("GATEWAY_SERVICE", _SESSIONS)
    if not _is_service(name):
        raise ConfigurationError(f"GATEWAY_SERVICE must be {_SERVICE}")
    return name


def _create_secret(path: Path) -> str:
    """Return the secret in a file. The first process to need it creates it. Raises ConfigurationError."""
    try:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _read_secret(path)
        with os.fdopen(descriptor, "w") as file:
            secret = secrets.token_urlsafe(SECRET_BYTES)
            file.write(secret)
    except OSError as error:
        raise _make_unusable_error(path, error) from error
    return secret


def _make_unusable_error(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"GATEWAY_SECRET is not set, and {path} can't be used to keep one: {error.strerror}")


def _read_secret(path: Path) -> str:
    secret = path.read_text().strip()
    if len(secret.encode()) < SECRET_BYTES:
        raise ConfigurationError(
            f"{path} holds no secret of at least {SECRET_BYTES} bytes; delete it or set GATEWAY_SECRET."
        )
    return secret
