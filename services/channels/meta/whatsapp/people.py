"""Whom an item of a webhook is about: a phone number where the platform gives one, else a business-scoped user id.

Users with a username may hide their number; then only their business-scoped user id (BSUID, like `US.1349120865530274`) is
known, and some bodies have it in the place of the number
(developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from schemas.activity import IdentityKind, PersonIdentity
from schemas.values import Json
from services.channels.json_access import as_dict, as_str, dicts
from services.channels.meta.webhook import as_platform_id
from services.channels.port import NOBODY

USER_ID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")
PHONE = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class WhatsappUser:
    """The external id of a person, their name, and the other names that the platform vouches for."""

    id: str = NOBODY
    name: str | None = None
    identities: list[PersonIdentity] = field(default_factory=list)

    @property
    def is_known(self) -> bool:
        """Whether the platform named anybody."""
        return self.id != NOBODY


def is_phone(external_id: str) -> bool:
    """Whether the external id of a person is a phone number: digits with the country's code, without a plus sign."""
    return PHONE.fullmatch(external_id) is not None


@dataclass(frozen=True, slots=True)
class WhatsappContact:
    """What a change says of a person beside its items."""

    ids: tuple[str, ...]
    name: str | None
    username: str | None


NO_CONTACT = WhatsappContact((), None, None)


def read_contacts(value: Mapping[str, Json]) -> list[WhatsappContact]:
    """The contacts of a change. Two people of one change are two contacts."""
    return [_contact(contact) for contact in dicts(value.get("contacts"))]


def _contact(contact: Mapping[str, Json]) -> WhatsappContact:
    profile = as_dict(contact.get("profile"))
    ids = tuple(one for name in ("wa_id", "user_id") if (one := as_platform_id(contact.get(name))))
    return WhatsappContact(ids, as_str(profile.get("name")), as_str(profile.get("username")))


def find_customer(contacts: Sequence[WhatsappContact], *ids: Json) -> WhatsappUser:
    """The person with these ids, a number before a user id, with what the contacts know of them.

    An item without any id is about the only contact there is.
    """
    named = tuple(one for value in ids if (one := as_platform_id(value)))
    if not named and len(contacts) == 1:
        return _customer(contacts[0], contacts[0].ids)
    known = next((contact for contact in contacts if not set(named).isdisjoint(contact.ids)), NO_CONTACT)
    return _customer(known, (*named, *known.ids))


def _customer(contact: WhatsappContact, ids: tuple[str, ...]) -> WhatsappUser:
    external = next((one for one in ids if is_phone(one)), ids[0] if ids else NOBODY)
    return WhatsappUser(external, contact.name, list(_identities(external, ids, contact.username)))


def _identities(external: str, ids: tuple[str, ...], username: str | None) -> Iterator[PersonIdentity]:
    for one in dict.fromkeys(ids):
        if is_phone(one):
            yield _proven("phone", f"+{one}")
        elif USER_ID.fullmatch(one):
            # Also where it is the external id: elsewhere the same person has a number, and this id beside it.
            yield _proven("platform", one)
    if username:
        yield _proven("username", username.removeprefix("@"))


def _proven(kind: IdentityKind, value: str) -> PersonIdentity:
    return PersonIdentity(kind=kind, value=value, proven=True)
