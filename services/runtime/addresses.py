"""Which addresses are of the open internet, and which URLs may be called. Pure; names are judged where they connect."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from services.runtime.settings import Settings

NAT64 = IPv6Network("64:ff9b::/96")
DEFAULT_PORTS = {"http": 80, "https": 443}
PRIVATE_NAMES = ("localhost", "local", "internal", "home.arpa")
"""Last parts of names that are never of the open internet (RFC 6761, 6762, 8375; `internal` by ICANN)."""


def is_public(address: str) -> bool:
    """Whether an IP address, or any IPv4 address inside it, is one of the open internet."""
    return all(one.is_global and not one.is_multicast and not one.is_reserved for one in _all_of(ip_address(address)))


def _all_of(address: IPv4Address | IPv6Address) -> Iterable[IPv4Address | IPv6Address]:
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address in NAT64:
        return [IPv4Address(int(address) & 0xFFFF_FFFF)]
    inside = [address.sixtofour, *(address.teredo or ())]
    return [address, *(one for one in inside if one is not None)]


def host_and_port(url: str) -> tuple[str, int] | None:
    """Where an http(s) URL without user and fragment leads; None for any other text."""
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    plain = not (parts.username or parts.password or parts.fragment) and url.isprintable() and " " not in url
    return (parts.hostname, port) if plain and parts.hostname and port and parts.scheme in DEFAULT_PORTS else None


def wrong_callback(pointer: str, url: str, settings: Settings) -> list[tuple[str, str]]:
    """(pointer, sentence) when `url` cannot be called back: no URL, or plainly private and not allowed by the settings.

    A name may still lead to a private address: that is found, and refused, each time a connection is made.
    """
    where = host_and_port(url)
    if where is None:
        return [(pointer, "Give an http or https URL with a host, without user or fragment.")]
    host, port = where
    if settings.allow_private_targets or f"{host}:{port}" in settings.allowed_targets or not _plainly_private(host):
        return []
    sentence = f"{host}:{port} is in a private network. Give a public address, or have the operator add it to"
    return [(pointer, f"{sentence} PASOKH_ALLOWED_TARGETS or set PASOKH_ALLOW_PRIVATE_TARGETS=true.")]


def _plainly_private(host: str) -> bool:
    try:
        return not is_public(host)
    except ValueError:
        name = host.rstrip(".").lower()
        return any(name == last or name.endswith(f".{last}") for last in PRIVATE_NAMES)
