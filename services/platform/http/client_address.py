"""Decides which addresses are public and which URLs may be called. Host names are checked when a connection is made."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from services.platform.core.settings import Settings

GLOBAL_UNICAST = IPv6Network("2000::/3")
"""The public part of IPv6 that IANA assigns from. Outside are unique local, link local, site local and multicast."""
SPECIAL_V4 = tuple(
    map(
        IPv4Network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16"),
            *("192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        ),
    )
)
"""The IANA IPv4 Special-Purpose Address Registry, and multicast: no webhook receiver has such an address."""
SPECIAL_V6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")))
"""The same for IPv6 within global unicast: Teredo, ORCHID and others, documentation, 6to4, AS112."""
NAT64 = IPv6Network("64:ff9b::/96")
DEFAULT_PORTS = {"http": 80, "https": 443}
SUBMISSION_PORTS = {"smtp": 587, "smtps": 465}
"""Ports of mail submission (RFC 6409, RFC 8314)."""
PRIVATE_NAMES = ("localhost", "local", "internal", "home.arpa")
"""Top-level names that never resolve in the public internet (RFC 6761, 6762, 8375; `internal` by ICANN)."""
MAX_NAME_LENGTH, MAX_LABEL_LENGTH = 253, 63
"""The maximum lengths of a host name and of each of its labels (RFC 1035, 2.3.4)."""


def is_public(address: str) -> bool:
    """Whether an IP address is public. For an IPv4-mapped or NAT64 address, the IPv4 address inside decides.

    Tunnel addresses (6to4, Teredo) can contain any other address, so they are not public.
    """
    found = ip_address(address)
    if isinstance(found, IPv6Address):
        inside = _mapped(found)
        if inside is None:
            return found in GLOBAL_UNICAST and not any(found in network for network in SPECIAL_V6)
        found = inside
    return not any(found in network for network in SPECIAL_V4)


def _mapped(address: IPv6Address) -> IPv4Address | None:
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped


def host_and_port(url: str) -> tuple[str, int] | None:
    """The host and port of an http(s) URL; None for other texts, and for URLs with user or fragment."""
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    if parts.username or parts.password or parts.fragment or not url.isprintable() or " " in url:
        return None
    return _valid_target(parts.hostname, port) if parts.scheme in DEFAULT_PORTS else None


def submission_target(url: str) -> tuple[str, int] | None:
    """The host and port of an smtp(s) URL, which may have user and password; None for other texts."""
    try:
        parts = urlsplit(url)
        port = parts.port or SUBMISSION_PORTS.get(parts.scheme)
    except ValueError:
        return None
    if parts.fragment or parts.path.strip("/") or not url.isprintable() or " " in url:
        return None
    return _valid_target(parts.hostname, port) if parts.scheme in SUBMISSION_PORTS else None


def _valid_target(host: str | None, port: int | None) -> tuple[str, int] | None:
    return (host, port) if host and port and is_host(host) else None


def is_host(name: str) -> bool:
    """Whether a name is a valid host: an address, or labels of 1 to 63 characters and at most 253 together."""
    if ":" in name:
        return True
    try:
        encoded = name.removesuffix(".").encode("idna")
    except UnicodeError:
        return False
    labels = encoded.split(b".")
    return len(encoded) <= MAX_NAME_LENGTH and all(1 <= len(label) <= MAX_LABEL_LENGTH for label in labels)


def validate_callback_url(pointer: str, url: str, settings: Settings) -> list[tuple[str, str]]:
    """The errors of a callback URL as (pointer, sentence): no URL, or a private host that the settings do not allow.

    A public name may still resolve to a private address: that is checked each time a connection is made.
    """
    where = host_and_port(url)
    if where is None:
        sentence = "Give an http or https URL with a host (labels of at most 63 characters), without user or fragment."
        return [(pointer, sentence)]
    return validate_target(pointer, where, settings)


def validate_submission_url(pointer: str, url: str, settings: Settings) -> list[tuple[str, str]]:
    """As `validate_callback_url`, of the address of a mail server."""
    where = submission_target(url)
    if where is None:
        sentence = "Give an smtp or smtps URL with a host (labels of at most 63 characters), without path or fragment."
        return [(pointer, sentence)]
    return validate_target(pointer, where, settings)


def validate_target(pointer: str, where: tuple[str, int], settings: Settings) -> list[tuple[str, str]]:
    """The error of a private host that the settings do not allow."""
    host, port = where
    if settings.allow_private_targets or f"{host}:{port}" in settings.allowed_targets or not _is_private_name(host):
        return []
    sentence = f"{host}:{port} is in a private network. Give a public address, or have the operator start Pasokh with"
    return [(pointer, f"{sentence} PASOKH_ALLOWED_TARGETS='[\"{host}:{port}\"]'.")]


def _is_private_name(host: str) -> bool:
    try:
        return not is_public(host)
    except ValueError:
        name = host.rstrip(".").lower()
        return any(name == last or name.endswith(f".{last}") for last in PRIVATE_NAMES)
