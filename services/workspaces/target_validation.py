"""Validates addresses and secrets of accounts. Private targets need the operator's permission; weak secrets are refused."""

from urllib.parse import urlsplit

from schemas.configuration import AccountBody
from services.platform.core.settings import Settings
from services.platform.http.client_address import DEFAULT_PORTS, is_host, validate_callback_url
from services.workspaces.mutations import REDACTED

MIN_SECRET_LENGTH = 8
CHOSEN_SECRETS = frozenset({"secret_token", "secret_token_previous", "identity_secret"})
"""Credentials that authenticate callers and that people choose. The secret of `api` is checked by its channel."""


def validate_api_base(api_base: str | None, settings: Settings) -> list[tuple[str, str]]:
    """(pointer, sentence) when `api_base` is no plain http(s) address, or one that the settings do not allow."""
    if api_base is None:
        return []
    address = _address(api_base)
    if address is None:
        return [("/api_base", "Give an http or https URL with a host, without user, query or fragment.")]
    # Without the operator's consent a key could make the server call hosts that only its network reaches.
    if settings.allow_private_targets or address in settings.allowed_targets:
        return []
    sentence = f"The address {address} is not allowed. Leave `api_base` out, or have the operator add it to"
    return [("/api_base", f"{sentence} PASOKH_ALLOWED_TARGETS or set PASOKH_ALLOW_PRIVATE_TARGETS=true.")]


def validate_callback_urls(body: AccountBody, settings: Settings) -> list[tuple[str, str]]:
    """(pointer, sentence) for each credential `…_url` that cannot be called, or is private and not allowed."""
    urls = {name: url for name, url in body.credentials.items() if name.endswith("_url")}
    return [pair for name, url in urls.items() for pair in validate_callback_url(f"/credentials/{name}", url, settings)]


def _address(api_base: str) -> str | None:
    """`host:port` of a URL that has nothing besides scheme, host, port and path; None for any other."""
    try:
        parts = urlsplit(api_base)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        # A port that is no number, or a malformed IPv6 address.
        return None
    if parts.scheme not in DEFAULT_PORTS or any((parts.username, parts.password, parts.query, parts.fragment)):
        return None
    host = parts.hostname
    return f"{host}:{port}" if host and port and is_host(host) else None


def weak_secrets(body: AccountBody) -> list[tuple[str, str]]:
    """(pointer, sentence) for each secret that is short enough to be guessed."""
    short = [name for name, value in body.credentials.items() if is_weak(name, value)]
    sentence = f"Give a secret of at least {MIN_SECRET_LENGTH} characters, better 32 random ones: openssl rand -hex 32."
    return [(f"/credentials/{name}", sentence) for name in short]


def is_weak(name: str, value: str) -> bool:
    """Whether a credential authenticates callers and could be guessed. The value `set` stands for the stored one and passes."""
    return name in CHOSEN_SECRETS and value != REDACTED and 0 < len(value) < MIN_SECRET_LENGTH
