"""Who calls: `X-Twilio-Signature` (www.twilio.com/docs/usage/webhooks/webhooks-security).

Base64 of HMAC-SHA1 by the auth token, over the address as Twilio called it and, of a form, each name and value in the order of the
names. The values of one name are sorted, and each is taken once. Of JSON the address alone is signed; its `bodySHA256` is the body's hash.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from services.channels.live_secrets import is_live_secret
from services.channels.port import Account, InvalidSignature, Request
from services.channels.twilio.form import form_pairs, is_json

HEADER = "x-twilio-signature"
PORTS = {"https": 443, "http": 80}


def signature(token: str, address: str, pairs: Iterable[tuple[str, str]] = ()) -> str:
    """The signature of a call to an address with these pairs of its form."""
    text = address + "".join(name + value for name, value in sorted(set(pairs)))
    return b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def verify_signature(request: Request, account: Account, addresses: Sequence[str]) -> None:
    """Require the signature of one of the addresses by any live auth token. Raises InvalidSignature."""
    pairs = _signed_pairs(request)
    genuine = [signature(token, one, pairs) for token in account.secrets("auth_token") for one in addresses]
    if not is_live_secret(request.headers.get(HEADER, ""), genuine):
        raise InvalidSignature("the signature is missing or wrong: is public_url the address that Twilio calls?")


def _signed_pairs(request: Request) -> list[tuple[str, str]]:
    if is_json(request):
        stated = request.query.get("bodySHA256", "")
        if not is_live_secret(stated.lower(), [hashlib.sha256(request.body).hexdigest()]):
            raise InvalidSignature("bodySHA256 is missing, or not that of the body")
        return []
    try:
        return form_pairs(request.body)
    except ValueError as error:
        raise InvalidSignature(str(error)) from None


def called_addresses(public_url: str, request: Request) -> list[str]:
    """The address of a call as Twilio may have signed it: with and without a port, which it does not treat alike."""
    path = f"{request.path}?{request.raw_query}" if request.raw_query else request.path
    return [f"{base}{path}" for base in _spellings(public_url.rstrip("/"))]


def _spellings(url: str) -> list[str]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return []
    host = parts.netloc if port is None else parts.netloc.rpartition(":")[0]
    standard = PORTS.get(parts.scheme)
    hosts = [host, *(f"{host}:{one}" for one in dict.fromkeys((port, standard)) if one is not None)]
    return [f"{parts.scheme}://{one}{parts.path}" for one in hosts]
