"""Compares a secret that a caller presented with those of an account."""

import hmac
from collections.abc import Sequence


def is_live_secret(presented: str, live: Sequence[str]) -> bool:
    """Whether the presented text (a header, a path, a password) is one of the live secrets; an empty text never is.

    No comparison ends early, neither within a secret nor after the first that fits: the time tells nothing about them.
    """
    content = presented.encode(errors="surrogatepass")
    # A list, so that every secret is compared.
    matches = [hmac.compare_digest(content, secret.encode()) for secret in live]
    return bool(content) and any(matches)
