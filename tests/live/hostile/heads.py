"""Targets and header lines."""

from __future__ import annotations

import base64
from random import Random

from gateway.metadata import types
from tests.live.hostile import documents, values
from tests.servers import API_KEY, EMAIL, PASSWORD

VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
ODD_VERBS = ("TRACE", "CONNECT", "PROPFIND", "QUERY", "BREW", "get", "G" * 30, "PRI", "M-SEARCH", "GET/", "\x00", "")
LANGUAGES = tuple(sorted(types.LANGUAGES))


def _segment(random: Random) -> str:
    return values.escaped(random, values.text(random)[:2000])


def path(random: Random) -> str:
    """An address of the service, or one near it."""
    operation = random.choice((*values.OPERATIONS, "Nothing", _segment(random)))
    name = random.choice((*values.FORMATS, "api", "exe"))
    route = "/".join(
        _segment(random) if segment.startswith("{") else segment for segment in random.choice(values.ROUTES).split("/")
    )
    path_text = random.choice(
        (
            route,
            route,
            route,
            f"/{name}/{random.choice(('reply', 'oneway'))}/{operation}",
            f"/{name}/{random.choice(('reply', 'oneway'))}/{operation}{random.choice(('[]', '%5B%5D', '%5b]', '[', '[0]'))}",
            f"/api/{operation}",
            f"/api/{operation}%5B%5D",
            f"/{name}/metadata",
            f"/types/{random.choice((*LANGUAGES, 'metadata', _segment(random)))}",
            random.choice(
                (
                    "/metadata",
                    "/explorer",
                    "/openapi",
                    "/types",
                    "/api",
                    "/health",
                    "/ready",
                    "/auth",
                    "/operations/metadata",
                )
            ),
            f"/auth/{random.choice(('credentials', 'logout', 'status', 'token', 'bearer', _segment(random)))}",
            "/" + "/".join(_segment(random) for _ in range(random.randrange(6))),
            "/" * random.randrange(1, 50),
            "/" + "a/" * 500,
            "/./../%2e%2e/sessions",
            "/sessions;v=1",
        )
    )
    suffix = random.choice(
        ("", "", "", f".{random.choice(values.FORMATS)}", ".exe", ".", "..", "%2Exml", "/", "//", ".JSON", ".json.xml")
    )
    return random.choice((str, str, str, str.upper, str.title))(path_text) + suffix


def target(random: Random) -> str:
    """What stands between the verb and the version."""
    query = documents.make_form(random)
    if random.random() < 0.2:
        query = f"op={_segment(random)}&lang={random.choice(LANGUAGES)}&IncludeTypes={_segment(random)}&{query}"
    target_text = path(random) + (f"?{query}" if random.random() < 0.5 else "")
    kind = random.random()
    if kind < 0.93:
        return target_text
    return random.choice(
        (
            f"http://elsewhere{target_text}",
            f"http://[::1]:99999{target_text}",
            f"HTTPS://a@b:c{target_text}",
            "*",
            "",
            "x:443",
            f"/{'a' * 65536}",
            f"/?{'a=b&' * 16384}",
            f"{target_text}#x",
            f"{target_text} x",
            "\\",
            "?",
            "//",
            "///x?y",
        )
    )


def _accept(random: Random) -> str:
    media_types = (
        "application/json",
        "text/jsv",
        "application/xml",
        "text/csv",
        "text/html",
        "*/*",
        "a/b",
        "/",
        "text/*",
        "",
    )
    weights = (
        "",
        "",
        ";q=0",
        ";q=1",
        ";q=nan",
        ";q=inf",
        ";q=-1",
        ";q=1e9",
        ";q=",
        ";q",
        ";Q=0.5;q=0",
        ";a=b;q=x",
        ";" * 50,
        ';a="b,c"',
    )
    many = random.choice((1, 2, 5, 300))
    return ",".join(random.choice(media_types) + random.choice(weights) for _ in range(many))[:8000]


def _authorization(random: Random) -> str:
    def basic(text: str) -> str:
        return "Basic " + base64.b64encode(values.encoded(text)).decode()

    name, password = values.text(random)[:3000], values.text(random)[:2000]
    # PERF: right passwords and known names cost a hash each.
    if random.random() < 0.02:
        return basic(random.choice((f"{EMAIL}:{PASSWORD}", f"{EMAIL}:{password}")))
    return random.choice(
        (
            basic(f"{name}"),
            basic(f"{name}:"),
            basic(f"{API_KEY}:"),
            "Basic ====",
            "Basic \xff\xfe",
            "Basic",
            f"Bearer {API_KEY[:-1]}",
            "Bearer " + "a" * 5000,
            "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
            "Bearer eyJhbGciOiJIUzI1NiJ9.e30.AAAA",
            "Bearer a.b.c",
            "Bearer ...",
            f"Bearer {API_KEY} {API_KEY}",
            f"bearer\t{API_KEY}",
            "Digest username=x",
            f"Negotiate {password}",
            API_KEY,
            "",
        )
    )


def _cookie(random: Random) -> str:
    value = values.text(random)[:2000]
    return random.choice(
        (
            f"ss-id={value}; ss-pid={value}; ss-opt=perm",
            "ss-id=" * 200,
            ";" * 2000,
            '="; ss-id="',
            "ss-opt=perm; " * 300,
            "Expires=Fri, 01-Jan-2027; ss-id=x",
            "\xff=\xfe",
        )
    )


def odd_headers(random: Random) -> list[str]:
    """Header lines that something of the service reads."""
    value = values.text(random)
    tags = ('"', 'W/"x-1"', "*", 'W/"', '"x-99999999999999999999"', ",,,", '"a"-1', "W/" * 500, '"' + "-" * 3000 + '1"')
    lines = [
        f"Accept: {_accept(random)}",
        f"Accept-Encoding: {random.choice(('gzip', 'gzip;q=0', 'gzip;q=nan', '*', 'identity;q=0', ',' * 500, 'br, zstd'))}",
        f"Authorization: {_authorization(random)}",
        f"Cookie: {_cookie(random)}",
        f"If-Match: {random.choice(tags)}",
        f"If-None-Match: {random.choice(tags)}",
        f"If-Modified-Since: {value[:99]}",
        f"Range: bytes={value[:99]}",
        f"Idempotency-Key: {random.choice(('k' * 10_000, 'k' * 7000, value[:3000], '', 'é', 'same'))}",
        f"X-HTTP-Method-Override: {random.choice((*VERBS, *ODD_VERBS, value[:99]))}",
        f"X-Forwarded-For: {random.choice((value[:500], '1.2.3.4, ' * 500, '::1', '[::1]:80', '1.2.3.4:5', 'unknown', '999.1.1.1'))}",
        f"X-Forwarded-Proto: {random.choice(('https', 'http', 'ftp', '', 'https,http'))}",
        f"X-Request-Id: {value[:200]}",
        f"X-Api-Key: {random.choice((value[:2000], API_KEY, API_KEY[:-1]))}",
        f"X-ss-id: {value[:2000]}",
        f"Origin: {random.choice(('null', 'http://elsewhere', value[:200], 'http://'))}",
        f"Sec-Fetch-Site: {random.choice(('cross-site', 'same-origin', value[:50]))}",
        f"Access-Control-Request-Method: {random.choice(VERBS)}",
        f"Host: {random.choice(('', 'x y', '[::1', 'a' * 300, 'elsewhere:99999', '<script>', value[:99]))}",
        f"Expect: {random.choice(('100-continue', '100-Continue', 'miracles', ''))}",
        f"Upgrade: {random.choice(('h2c', 'websocket', 'TLS/1.0'))}",
        f"Connection: {random.choice(('close', 'keep-alive', 'upgrade, HTTP2-Settings', value[:50]))}",
        f"TE: {random.choice(('trailers', 'gzip;q=1'))}",
        f"Trailer: {value[:50]}",
        f"Content-Type: {value[:200]}",
        f"Content-Encoding: {value[:200]}",
        f"Forwarded: for={value[:200]}",
        f"SCRIPT_NAME: {value[:50]}",
        f"PATH_INFO: {value[:50]}",
        f"Content_Length: {random.randrange(99)}",
        f"Proxy: {value[:50]}",
        f"{value[:50]}: x",
        f"X-{random.randrange(9)}: {value}",
    ]
    return random.sample(lines, random.choice((0, 1, 1, 2, 3, 9)))
