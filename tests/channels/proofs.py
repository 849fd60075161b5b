"""Every way in which a platform proves itself: authentic calls, what of them the proof covers, and calls with a forged part.

A channel is in the list by its `cases.py`; the providers of mail are in it one by one, each without a secret in the path, and so is the one provider of
reviews that signs.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from services.channels.email import Email
from services.channels.mail.providers import PROVIDERS
from services.channels.port import Account, Channel, InvalidSignature, Request
from services.channels.reviews.channel import Reviews
from tests.channels.email import cases as mail_cases
from tests.channels.mail.providers import calls
from tests.channels.reviews import cases as review_cases
from tests.channels.test_every_channel import WITH_WEBHOOKS, Cases, account_for, authentic, cases_of

FIXTURES = 12
"""Bodies of a channel that are mutated."""
SNS_SIGNED = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


@dataclass(frozen=True, slots=True)
class SignedPart:
    """A part of an authentic call that the proof covers. `forged` makes the call with other bytes in its place."""

    name: str
    account: Account
    genuine: bytes
    forged: Callable[[bytes], Request]
    is_same: Callable[[bytes], bool]

    def mutations(self, chance: random.Random, count: int) -> Iterator[bytes]:
        """Other bytes: one changed, left out or added, some swapped, the whole cut or doubled; never those that say the same."""
        while count:
            mutated = _mutated(self.genuine, chance)
            if mutated != self.genuine and not self.is_same(mutated):
                count -= 1
                yield mutated


@dataclass(frozen=True, slots=True)
class Proof:
    """One algorithm of one channel or provider."""

    name: str
    channel: Channel
    parts: Sequence[SignedPart]

    def accepts(self, part: SignedPart, mutated: bytes) -> bool:
        """Whether the channel takes a call with this in place of the part for genuine."""
        return accepts(self.channel, part.forged(mutated), part.account)


def accepts(channel: Channel, request: Request, account: Account) -> bool:
    """Whether a call proves itself."""
    try:
        channel.verify(request, account)
    except InvalidSignature:
        return False
    return True


def proofs() -> list[Proof]:
    """All of them."""
    by_cases = [_by_cases(channel) for channel in WITH_WEBHOOKS]
    return [*by_cases, *(_MAIL[provider]() for provider in PROVIDERS), _pubsub()]


def _mutated(genuine: bytes, chance: random.Random) -> bytes:
    at, other = chance.randrange(len(genuine)), chance.randrange(len(genuine))
    changed = bytes([genuine[at] ^ (1 << chance.randrange(8))])
    low, high = sorted((at, other))
    kinds = (
        genuine[:at] + changed + genuine[at + 1 :],
        genuine[:at] + genuine[at + 1 :],
        genuine[:at] + changed + genuine[at:],
        genuine[:at] + bytes([chance.randrange(256)]) + genuine[at + 1 :],
        genuine[:low]
        + genuine[high : high + 1]
        + genuine[low + 1 : high]
        + genuine[low : low + 1]
        + genuine[high + 1 :],
        genuine[:at],
        genuine + genuine[at:],
    )
    return chance.choices(kinds, weights=(3, 2, 2, 2, 2, 1, 1))[0]


# -- channels by their cases -------------------------------------------------------------------------------------------


def _by_cases(channel: Channel) -> Proof:
    cases = cases_of(channel)
    paths = sorted(cases.PAYLOADS.iterdir())[:FIXTURES]
    parts = [_body(cases, path) for path in paths] if cases.SIGNS_BODY else []
    parts += [_header(cases, paths[0], name) for name in cases.PROOF]
    return Proof(channel.name, channel, parts)


def _body(cases: Cases, path: Path) -> SignedPart:
    request = authentic(cases, path)
    return SignedPart(
        f"body {path.name}",
        account_for(cases, path),
        request.body,
        lambda body: replace(request, body=body),
        lambda body: body == request.body,
    )


def _header(cases: Cases, path: Path, name: str) -> SignedPart:
    return _header_of(authentic(cases, path), account_for(cases, path), name)


def _header_of(request: Request, account: Account, name: str) -> SignedPart:
    value = request.subpath if name == "subpath" else request.headers[name]

    def forged(mutated: bytes) -> Request:
        text = mutated.decode("latin-1")
        if name == "subpath":
            return replace(request, subpath=text)
        return replace(request, headers={**request.headers, name: text})

    def is_same(mutated: bytes) -> bool:
        # Headers and paths come without spaces around them, and a list of signatures may hold one that fits. The scheme of
        # Authorization is the same in capitals (RFC 9110, 11.1).
        text = mutated.decode("latin-1")
        scheme, _, rest = text.strip().partition(" ")
        is_same_scheme = name == "authorization" and f"{scheme.capitalize()} {rest.strip()}" == value
        return text.strip() == value or value in text.split() or is_same_scheme

    return SignedPart(name, account, value.encode(), forged, is_same)


# -- providers of mail -------------------------------------------------------------------------------------------------


def _fixtures(provider: str, suffix: str = "") -> list[Path]:
    return sorted(mail_cases.PAYLOADS.glob(f"{provider}_*{suffix}"))[:FIXTURES]


def _whole_body(request: Request, account: Account, is_same: Callable[[bytes], bool] | None = None) -> SignedPart:
    same = is_same or (lambda body: body == request.body)
    return SignedPart("body", account, request.body, lambda body: replace(request, body=body), same)


def _mailgun() -> Proof:
    """The signature is over a time and a token, which stand with it in the form or in the JSON."""
    account, genuine = calls.account("mailgun"), calls.mailgun_signature()
    form, event = (
        _fixtures("mailgun", ".fields.json")[0],
        next(p for p in _fixtures("mailgun") if ".fields." not in p.name),
    )

    def part(path: Path, name: str) -> SignedPart:
        def forged(mutated: bytes) -> Request:
            return calls.mailgun(path, {**genuine, name: mutated.decode("latin-1")})

        same = genuine[name]
        return SignedPart(
            f"{name} {path.name}", account, same.encode(), forged, lambda m: m.decode("latin-1").strip() == same
        )

    return Proof("email by mailgun", Email(), [part(path, name) for path in (form, event) for name in genuine])


def _sendgrid() -> Proof:
    account = calls.account("sendgrid")
    requests = [calls.sendgrid(path) for path in _fixtures("sendgrid")]
    headers = [_header_of(requests[0], account, name) for name in (calls.SENDGRID_SIGNATURE, calls.SENDGRID_TIMESTAMP)]
    return Proof("email by sendgrid", Email(), [*(_whole_body(one, account) for one in requests), *headers])


def _postmark() -> Proof:
    request = calls.postmark(_fixtures("postmark")[0])
    return Proof("email by postmark", Email(), [_header_of(request, calls.account("postmark"), "authorization")])


def _ses() -> Proof:
    """Both versions of the signature. What the canonical text leaves out (white space, further keys) says the same."""
    account = calls.account("ses")
    envelopes = [calls.sns_envelope(Message=json.dumps({"mail": n}), SignatureVersion=n) for n in ("1", "2")]
    return Proof(
        "email by ses",
        Email(),
        [_whole_body(one, account, _says_the_same(one)) for one in map(calls.sns_call, envelopes)],
    )


def _says_the_same(request: Request) -> Callable[[bytes], bool]:
    def signed(body: bytes) -> Mapping[str, Any] | None:
        try:
            read = json.loads(body)
        except ValueError:
            return None
        return {name: read.get(name) for name in (*SNS_SIGNED, "Signature")} if isinstance(read, dict) else None

    genuine = signed(request.body)
    return lambda body: signed(body) == genuine


def _pubsub() -> Proof:
    """The token of a push, which covers no body."""
    request = review_cases.fixture_request(review_cases.PAYLOADS / "google_business_notice.json")
    account = review_cases.account("google_business")
    return Proof("reviews by google_business", Reviews(), [_header_of(request, account, "authorization")])


_MAIL: Mapping[str, Callable[[], Proof]] = {
    "mailgun": _mailgun,
    "sendgrid": _sendgrid,
    "postmark": _postmark,
    "ses": _ses,
}
