"""Tokens: whatever is not signed by us, for this use, is refused."""

import base64
import hmac
import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.security.tokens import (
    ACCESS,
    ACCESS_USE,
    ALGORITHM,
    REFRESH_USE,
    TokenError,
    TokenExpired,
    Tokens,
    _key,
    is_token,
)
from models.identity import Identity

SECRET, OTHER = "a" * 32, "b" * 32
USER = Identity("u1", "ada@example.org", None, None, None, ["User"], False, 3, None, [])
NOW = 1_795_000_000.0


def tokens(*secrets: str, now: float = NOW) -> Tokens:
    return Tokens(secrets or [SECRET], lambda: now)


def forged(key: Any = None, **changes: Any) -> str:
    claims = {
        "iss": "gateway",
        "sub": "u1",
        "iat": NOW,
        "exp": NOW + 60,
        "use": "access",
        "cv": 3,
        "sid": "",
        **changes,
    }
    present = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(present, _key(SECRET) if key is None else key, ALGORITHM)


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_what_a_token_says() -> None:
    token = tokens().access(USER, "hash")
    assert is_token(token)
    assert jwt.get_unverified_header(token)["alg"] == "HS256"
    says = jwt.decode(token, options={"verify_signature": False})
    assert says == {
        "iss": "gateway",
        "sub": "u1",
        "iat": NOW,
        "exp": NOW + 3600,
        "roles": ["User"],
        "use": "access",
        "cv": 3,
        "sid": "hash",
    }
    claims = tokens().read(token, ACCESS_USE)
    assert (claims.user_id, claims.credentials_version, claims.session_hash, claims.expires) == (
        "u1",
        3,
        "hash",
        NOW + 3600,
    )


def test_it_expires_after_an_hour() -> None:
    token = tokens().access(USER)
    assert tokens(now=NOW + ACCESS - 1).read(token, ACCESS_USE)
    with pytest.raises(TokenExpired):
        tokens(now=NOW + ACCESS).read(token, ACCESS_USE)


def test_one_use_is_not_the_other() -> None:
    with pytest.raises(TokenError):
        tokens().read(tokens().refresh(USER, "hash"), ACCESS_USE)
    with pytest.raises(TokenError):
        tokens().read(tokens().access(USER, "hash"), REFRESH_USE)


def test_secrets_are_changed_without_a_break() -> None:
    old = tokens(SECRET).access(USER)
    both = tokens(OTHER, SECRET)
    assert both.read(old, ACCESS_USE)
    new = both.access(USER)
    assert tokens(OTHER).read(new, ACCESS_USE)
    with pytest.raises(TokenError):
        tokens(SECRET).read(new, ACCESS_USE)
    with pytest.raises(TokenError):
        tokens(OTHER).read(old, ACCESS_USE)


def test_an_empty_secret_signs_nothing() -> None:
    with pytest.raises(TokenError):
        tokens(SECRET, "").read(forged(key=_key("")), ACCESS_USE)


def test_a_forgery_by_our_own_key_would_pass() -> None:
    assert tokens().read(forged(), ACCESS_USE), "else the refusals below prove nothing"


def signed(header: Any, digest: str) -> str:
    """A token that is signed by our key with another hash than SHA-256."""
    text = f"{part(header)}.{body}"
    made = hmac.digest(_key(SECRET), text.encode(), digest)
    return f"{text}.{base64.urlsafe_b64encode(made).decode().rstrip('=')}"


good = forged()
head, body, signature = good.split(".")
UNSIGNED = f"{part({'alg': 'none', 'typ': 'JWT'})}.{body}."
FORGERIES = {
    "no algorithm": UNSIGNED,
    "no algorithm, with a signature": UNSIGNED + signature,
    "None": f"{part({'alg': 'None'})}.{body}.",
    "no header": f"{part({})}.{body}.{signature}",
    "HS384": signed({"alg": "HS384"}, "sha384"),
    "HS512": signed({"alg": "HS512"}, "sha512"),
    "another key": forged(key=b"x" * 32),
    "the secret itself as key": forged(key=SECRET.encode()),
    "cut": good[:-2],
    "other body": f"{head}.{part({'sub': 'u2'})}.{signature}",
    "other issuer": forged(iss="somebody"),
    "no issuer": forged(iss=None),
    "no subject": forged(sub=None),
    "no expiry": forged(exp=None),
    "expiry is a text": forged(exp="soon"),
    "no version": forged(cv=None),
    "version is a list": forged(cv=[3]),
    "no use": forged(use=None),
    "another use": forged(use="refresh"),
    "key in the header": jwt.encode(
        {"sub": "u1"}, "k" * 32, "HS256", headers={"jwk": {"k": "aw"}, "kid": "../../dev/null"}
    ),
    "empty": "",
    "dots": "..",
    "text": "eyJ.b.c",
    "deep": f"{base64.urlsafe_b64encode(b'[' * 2000).decode()}.{body}.{signature}",
    "deep object": base64.urlsafe_b64encode(b'{"a":' * 400).decode() + f".{body}.{signature}",
    "many digits": base64.urlsafe_b64encode(b'{"a":' + b"1" * 2900 + b"}").decode() + f".e30.{signature}",
    "long": good + "x" * 5000,
    "endless": forged(exp=float("inf"), cv=float("inf")),
    "surrogate": "eyJ\ud83d.b.c",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forgeries_are_refused(name: str) -> None:
    with pytest.raises(TokenError):
        tokens().read(FORGERIES[name], ACCESS_USE)


@given(st.text(), st.text(), st.text())
def test_no_text_breaks_the_reader(one: str, two: str, three: str) -> None:
    for token in (
        one,
        f"{one}.{two}.{three}",
        f"eyJ{one}.{two}.{three}",
        f"{head}.{two}.{three}",
        f"{head}.{body}.{three}",
    ):
        with pytest.raises(TokenError):
            tokens().read(token, ACCESS_USE)
