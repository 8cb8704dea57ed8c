"""Addresses as proxies and sockets write them."""

from __future__ import annotations

import pytest

from gateway import addresses


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1\t", "192.0.2.1"),
        ("192.0.2.1:51234", "192.0.2.1"),
        ('"192.0.2.1:51234"', "192.0.2.1"),
        ("192.0.2.1:_hidden", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ('"[2001:db8::1]:443"', "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("[::ffff:c000:201]:80", "192.0.2.1"),
        ("unknown", "unknown"),
        ("_hidden", "_hidden"),
        ("192.0.2.1:port", "192.0.2.1:port"),
        ("[2001:db8::1", "[2001:db8::1"),
        ("[2001:db8::1]443", "[2001:db8::1]443"),
        ("192.0.2.256", "192.0.2.256"),
        ("", ""),
    ],
)
def test_one_spelling(text: str, address: str) -> None:
    assert addresses.format_canonical(text) == address


@pytest.mark.parametrize(
    ("network", "address", "inside"),
    [
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.1/8", "::ffff:10.1.2.3", True),
        ("10.0.0.0/8", "11.0.0.1", False),
        ("::ffff:10.0.0.0/104", "10.1.2.3", True),
        ("::1", "[::1]:8000", True),
        ("2001:db8::/32", "2001:db8::1", True),
        ("0.0.0.0/0", "2001:db8::1", False),
        ("0.0.0.0/0", "unknown", False),
    ],
)
def test_networks(network: str, address: str, inside: bool) -> None:
    assert addresses.contains([addresses.parse_network(network)], address) is inside
