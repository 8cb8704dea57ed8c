"""IP addresses and networks, each in one spelling.

An IPv4 address that is mapped into IPv6 (``::ffff:192.0.2.1``, as a socket on ``[::]`` reports it) is the IPv4 address.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: Length of the prefix of an IPv6 network that belongs to one client.
_CLIENT_BITS = 64
#: Bits of the prefix ``::ffff:0:0``, under which IPv6 maps the IPv4 addresses.
_MAPPED_BITS = 96


def parse(text: str) -> Address | None:
    """Return the address of a text, or None when it is not one.

    Blanks, quotes, IPv6 brackets, a port and an IPv6 zone are cut off, as proxies write them: ``192.0.2.1:8080``, ``"[2001:db8::1]:443"``.
    """
    text = text.strip(" \t").strip('"')
    if text.startswith("["):
        text, bracket, port = text[1:].partition("]")
        if not bracket or not _is_port(port):
            return None
    elif text.count(":") == 1:
        text, colon, port = text.partition(":")
        if not _is_port(colon + port):
            return None
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def format_canonical(text: str) -> str:
    """Return the one spelling of an address; a text that is not an address, such as a Unix socket's, stays as it is."""
    address = parse(text)
    return text if address is None else str(address)


def parse_network(text: str) -> Network:
    """Return the network of an address or network; bits after the prefix are ignored.

    :raises ValueError: when the text is neither.
    """
    network = ip_network(text, strict=False)
    if isinstance(network, IPv6Network) and network.prefixlen >= _MAPPED_BITS:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))
    return network


def contains(networks: Iterable[Network], text: str) -> bool:
    """Return whether an address is in one of the networks. A text that is not an address is in none."""
    address = parse(text)
    return address is not None and any(
        address.version == network.version and address in network for network in networks
    )


def find_client_network(address: str) -> str:
    """Return what counts as one client: an IPv4 address, or the network of an IPv6 address; another text is unchanged."""
    parsed = parse(address)
    if parsed is None or parsed.version == 4:
        return address if parsed is None else str(parsed)
    return str(ip_network((parsed, _CLIENT_BITS), strict=False))


def _is_port(text: str) -> bool:
    """Return whether a text is empty, or a colon and what RFC 7239 allows after it: digits, or a made-up name."""
    return not text or (text[0] == ":" and (text[1:].isdecimal() or text[1:2] == "_"))
