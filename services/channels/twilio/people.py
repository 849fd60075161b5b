"""Whom a webhook is about: a telephone number, or an address of another service that Twilio carries (`whatsapp:+37126000001`)."""

import re
from dataclasses import dataclass, field

from schemas.activity import PersonIdentity
from services.channels.port import NOBODY

SCHEME = re.compile(r"(whatsapp|rcs|messenger|sip|client):(.+)", re.DOTALL)
PHONE = re.compile(r"\+[1-9][0-9]{5,14}")
USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9]{1,128}")
"""The id of a person of WhatsApp who shows no number."""
WITHHELD = frozenset({"", "anonymous", "restricted", "unavailable", "unknown", "private"})
"""What stands in the place of a number that a caller withholds."""
WITHHELD_NUMBERS = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"})
"""The same words as digits of a telephone's keys (help.twilio.com, "Why am I getting calls from these strange numbers")."""


@dataclass(frozen=True, slots=True)
class TwilioUser:
    """The external id of a person, and the other names that Twilio vouches for. `address` is None where nobody can be answered."""

    id: str = NOBODY
    address: str | None = None
    name: str | None = None
    identities: list[PersonIdentity] = field(default_factory=list)


def find_user(
    stated: str, name: str | None = None, user_id: str | None = None, *, anonymous: str = NOBODY
) -> TwilioUser:
    """The person whom Twilio calls `stated`; of a caller who withholds the number the person is `anonymous`."""
    # A plus sign that was not escaped reads as a space.
    text = f"+{stated[1:]}" if stated.startswith(" ") else stated
    text = text.strip()
    if text.lower() in WITHHELD or text in WITHHELD_NUMBERS:
        return TwilioUser(anonymous, None, name)
    carried = SCHEME.fullmatch(text)
    bare = carried.group(2) if carried else text
    identities = [PersonIdentity(kind="phone", value=bare, proven=True)] if PHONE.fullmatch(bare) else []
    other = (user_id or "").partition(":")[2]
    if USER_ID.fullmatch(other) and other != bare:
        identities.append(PersonIdentity(kind="platform", value=other, proven=True))
    return TwilioUser(text[:256], text[:256], name, identities)
