"""Tokens: whatever is not signed by us, for this use, is refused."""

import base64
import hmac
import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.users.tokens import (
    ACCESS_USE,
    ALGORITHM,
    LONGEST,
    REFRESH_USE,
    Lifetimes,
    TokenError,
    TokenExpired,
    Tokens,
    _derive_key,
    is_token,
)
from models.users.identity import Identity

SECRET, OTHER = "a" * 32, "b" * 32
USER = Identity("u1", "ada@example.org", None, None, None, ["User"], False, 3, None, [])
NOW = 1_795_000_000.0


def make_tokens(*secrets: str, now: float = NOW) -> Tokens:
    return Tokens(secrets or [SECRET], lambda: now)


def forge(key: Any = None, **changes: Any) -> str:
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
    return jwt.encode(present, _derive_key(SECRET) if key is None else key, ALGORITHM)


def encode_part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_the_claims_of_a_token() -> None:
    token = make_tokens().access(USER, "hash", "Ada")
    assert is_token(token)
    assert jwt.get_unverified_header(token)["alg"] == "HS256"
    says = jwt.decode(token, options={"verify_signature": False})
    assert says == {
        "iss": "gateway",
        "sub": "u1",
        "iat": NOW,
        "exp": NOW + 14 * 86_400,
        "roles": ["User"],
        "name": "Ada",
        "email": "ada@example.org",
        "preferred_username": "ada@example.org",
        "use": "access",
        "cv": 3,
        "sid": "hash",
    }
    claims = make_tokens().read(token, ACCESS_USE)
    assert (claims.user_id, claims.credentials_version, claims.family, claims.expires) == (
        "u1",
        3,
        "hash",
        NOW + 14 * 86_400,
    )


ACCESS = Lifetimes().access


def test_it_expires_after_two_weeks() -> None:
    token = make_tokens().access(USER, "", "Ada")
    assert make_tokens(now=NOW + ACCESS - 1).read(token, ACCESS_USE)
    with pytest.raises(TokenExpired):
        make_tokens(now=NOW + ACCESS).read(token, ACCESS_USE)


@pytest.mark.parametrize("now", [1e9, 4e9])
def test_times_are_those_of_its_own_clock(now: float) -> None:
    """Not of the machine's: the nodes' clocks differ a little."""
    assert make_tokens(now=now + 60).read(make_tokens(now=now).access(USER, "", "Ada"), ACCESS_USE)


def test_lifetimes_are_settings() -> None:
    short = Tokens([SECRET], lambda: NOW, Lifetimes(access=60, refresh=120))
    assert short.read(short.access(USER, "", "Ada"), ACCESS_USE).expires == NOW + 60
    assert short.read(short.refresh(USER, ""), REFRESH_USE).expires == NOW + 120
    assert short.read(short.refresh(USER, "", "id", NOW + 30), REFRESH_USE).expires == NOW + 30


def test_claims_for_clients() -> None:
    claims = jwt.decode(make_tokens().access(USER, "", "Ada Lovelace"), options={"verify_signature": False})
    assert (claims["name"], claims["email"], claims["preferred_username"], claims["roles"]) == (
        "Ada Lovelace",
        USER.email_address,
        USER.email_address,
        list(USER.roles),
    )


def test_no_name_makes_it_too_long() -> None:
    long = USER._replace(email_address="\N{PILE OF POO}" * 255)
    token = make_tokens().access(long, "f" * 64, "\N{PILE OF POO}" * 511)
    assert len(token) <= LONGEST
    assert make_tokens().read(token, ACCESS_USE).user_id == USER.user_id


def test_the_family_of_any_token_of_this_gateway() -> None:
    for token in (make_tokens().access(USER, "f", "Ada"), make_tokens().refresh(USER, "f")):
        assert make_tokens(now=NOW + 10**9).find_family(token) == "f"
        assert make_tokens(OTHER).find_family(token) == ""
    assert make_tokens().find_family("eyJ.b.c") == ""


def test_one_use_is_not_the_other() -> None:
    with pytest.raises(TokenError):
        make_tokens().read(make_tokens().refresh(USER, "hash"), ACCESS_USE)
    with pytest.raises(TokenError):
        make_tokens().read(make_tokens().access(USER, "hash", "Ada"), REFRESH_USE)


def test_secrets_are_changed_without_a_break() -> None:
    old = make_tokens(SECRET).access(USER, "", "Ada")
    both = make_tokens(OTHER, SECRET)
    assert both.read(old, ACCESS_USE)
    new = both.access(USER, "", "Ada")
    assert make_tokens(OTHER).read(new, ACCESS_USE)
    with pytest.raises(TokenError):
        make_tokens(SECRET).read(new, ACCESS_USE)
    with pytest.raises(TokenError):
        make_tokens(OTHER).read(old, ACCESS_USE)


def test_an_empty_secret_signs_nothing() -> None:
    with pytest.raises(TokenError):
        make_tokens(SECRET, "").read(forge(key=_derive_key("")), ACCESS_USE)


def test_a_forgery_by_our_own_key_would_pass() -> None:
    assert make_tokens().read(forge(), ACCESS_USE), "else the refusals below prove nothing"


def sign(header: Any, digest: str) -> str:
    """A token that is signed by our key with another hash than SHA-256."""
    text = f"{encode_part(header)}.{body}"
    signature_bytes = hmac.digest(_derive_key(SECRET), text.encode(), digest)
    return f"{text}.{base64.urlsafe_b64encode(signature_bytes).decode().rstrip('=')}"


good = forge()
head, body, signature = good.split(".")
UNSIGNED = f"{encode_part({'alg': 'none', 'typ': 'JWT'})}.{body}."
FORGERIES = {
    "no algorithm": UNSIGNED,
    "no algorithm, with a signature": UNSIGNED + signature,
    "None": f"{encode_part({'alg': 'None'})}.{body}.",
    "no header": f"{encode_part({})}.{body}.{signature}",
    "HS384": sign({"alg": "HS384"}, "sha384"),
    "HS512": sign({"alg": "HS512"}, "sha512"),
    "another key": forge(key=b"x" * 32),
    "the secret itself as key": forge(key=SECRET.encode()),
    "cut": good[:-2],
    "other body": f"{head}.{encode_part({'sub': 'u2'})}.{signature}",
    "other issuer": forge(iss="somebody"),
    "no issuer": forge(iss=None),
    "no subject": forge(sub=None),
    "no expiry": forge(exp=None),
    "expiry is a text": forge(exp="soon"),
    "no version": forge(cv=None),
    "version is a list": forge(cv=[3]),
    "no use": forge(use=None),
    "another use": forge(use="refresh"),
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
    "endless": forge(exp=float("inf"), cv=float("inf")),
    "surrogate": "eyJ\ud83d.b.c",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forgeries_are_refused(name: str) -> None:
    with pytest.raises(TokenError):
        make_tokens().read(FORGERIES[name], ACCESS_USE)


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
            make_tokens().read(token, ACCESS_USE)
