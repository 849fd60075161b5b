"""Validates addresses and secrets of accounts. Private targets need the operator's permission; weak secrets are refused."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from services.platform.core.settings import Settings
from services.platform.http.client_address import (
    DEFAULT_PORTS,
    SUBMISSION_PORTS,
    is_host,
    validate_callback_url,
    validate_submission_url,
)
from services.workspaces.mutations import REDACTED

MIN_SECRET_LENGTH = 8


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
    sentence = f"The address {address} is not allowed. Leave `api_base` out, or have the operator start Pasokh with"
    return [("/api_base", f"{sentence} PASOKH_ALLOWED_TARGETS='[\"{address}\"]'.")]


def validate_called_urls(urls: Iterable[tuple[str, str]], settings: Settings) -> list[tuple[str, str]]:
    """(pointer, sentence) for each of these (pointer, address) that cannot be called, or is private and not allowed."""
    return [problem for pointer, url in urls for problem in _validate_called_url(pointer, url, settings)]


def _validate_called_url(pointer: str, url: str, settings: Settings) -> list[tuple[str, str]]:
    is_mail_server = url.partition(":")[0].lower() in SUBMISSION_PORTS
    validate = validate_submission_url if is_mail_server else validate_callback_url
    return validate(pointer, url, settings)


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


def weak_secrets(secrets: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """(pointer, sentence) for each of these (pointer, secret) that is short enough to be guessed."""
    sentence = f"Give a secret of at least {MIN_SECRET_LENGTH} characters, better 32 random ones: openssl rand -hex 32."
    return [(pointer, sentence) for pointer, secret in secrets if is_weak(secret)]


def is_weak(secret: str) -> bool:
    """Whether a secret that callers prove themselves by could be guessed. `set` stands for the stored one and passes."""
    return secret != REDACTED and 0 < len(secret) < MIN_SECRET_LENGTH
