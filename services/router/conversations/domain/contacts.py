"""What is known of a person, as their activities tell it. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from schemas.activity import Activity, ContactState, PersonIdentity
from schemas.identity import PersonKey
from services.domain.conversation_state import Contact

MAX_IDENTITIES = 20
"""How many names of one person are stored, the latest."""


def new_contact(person: PersonKey, now: datetime) -> Contact:
    """The contact of a person of whom nothing is known yet."""
    return Contact(key=str(person), workspace=person.workspace, person=person.person, seen_at=now)


def updated_contact(person: Contact | None, activity: Activity, now: datetime) -> Contact:
    """The contact after an activity; `person` None: the activity is their first."""
    known = person or new_contact(activity.person_key, now)
    return replace(
        known,
        name=activity.person_name or known.name,
        language=activity.language or known.language,
        email=_latest(activity.identities, "email") or known.email,
        phone=_latest(activity.identities, "phone") or known.phone,
        identities=merged_identities(known.identities, activity.identities),
        seen_at=now,
        profile_until=activity.profile_until if activity.person_name or activity.identities else known.profile_until,
    )


def _latest(identities: Sequence[PersonIdentity], kind: str) -> str | None:
    return next((identity.value for identity in reversed(identities) if identity.kind == kind), None)


def merged_identities(known: list[PersonIdentity], given: Sequence[PersonIdentity]) -> list[PersonIdentity]:
    """The names of a person with those that an activity gives, each once. What was proven once stays proven."""
    # Nearly every activity gives what is known already.
    if all(identity in known for identity in given):
        return known
    merged = {(identity.kind, identity.value): identity for identity in known}
    for identity in given:
        name = identity.kind, identity.value
        before = merged.pop(name, None)
        merged[name] = before if before is not None and before.proven else identity
    return list(merged.values())[-MAX_IDENTITIES:]


def with_state(person: Contact, state: ContactState, at: datetime) -> Contact:
    """The contact after a person decided about messages of ours, at `at`.

    To block, to ask for messages and to ask us to stop are three things: none of them changes another. An older decision
    that arrives late changes nothing.
    """
    if state in ("opted_in", "opted_out"):
        is_late = person.consent_at is not None and at < person.consent_at
        return person if is_late else replace(person, consent=state, consent_at=at)
    is_late = person.blocked_at is not None and at < person.blocked_at
    return person if is_late else replace(person, blocked=state == "blocked", blocked_at=at)


def has_changed_state(before: Contact, after: Contact) -> bool:
    """Whether a person decided something new about messages of ours."""
    return (before.blocked, before.consent) != (after.blocked, after.consent)
