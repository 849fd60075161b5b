"""What conversations report of a person that is evidence of who they are elsewhere: proven names, and links to another person."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from schemas.activity import Activity, PersonIdentity
from schemas.customer import IdentityProven, PersonRecycled, PersonsLinked
from schemas.identity import PersonKey, person_key
from services.domain.conversation_state import Contact
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import PERSONS
from services.router.conversations.domain.activities import happened_at


def report_evidence(work: UnitOfWork, activity: Activity, before: Contact | None) -> None:
    """Report the names that an activity proved, and that somebody else has its person's id by now. `before` is its person before it."""
    after = work.get(PERSONS, str(activity.person_key))
    if after is None:
        return
    # Nearly every activity gives no name, or gives what is known already: what was proven before was reported then.
    if after.identities and (before is None or after.identities is not before.identities):
        _report_proven_names(work, activity, before.identities if before is not None else [], after)
    if after.moved_at is not None:
        _report_recycled_id(work, activity, after, after.moved_at)


def _report_proven_names(
    work: UnitOfWork, activity: Activity, known: Sequence[PersonIdentity], person: Contact
) -> None:
    if activity.profile_until is not None:
        # Evidence is stored for ever, and these names are not (docs/storage-limits.md).
        return
    new = [one for one in person.identities if one.proven and one.kind != "username" and one not in known]
    if new:
        proven = IdentityProven(person=person.person, identities=new, at=activity.received_at, source=activity.id)
        work.emit("pasokh.identity.proven", person.workspace, proven)


def _report_recycled_id(work: UnitOfWork, activity: Activity, person: Contact, moved_at: datetime) -> None:
    """Who writes under the id of a person who went on under another is not that person."""
    if activity.kind == "message" and activity.author == "customer" and happened_at(activity) > moved_at:
        recycled = PersonRecycled(person=person.person, at=happened_at(activity), source=activity.id)
        work.emit("pasokh.identity.recycled", person.workspace, recycled)
        work.put(PERSONS, person.key, replace(person, moved_at=None))


def report_link(
    work: UnitOfWork, key: str, other: PersonKey, kind: Literal["handoff", "successor"], at: datetime, source: str
) -> None:
    """Report that two persons are one. The same person on both sides is no news."""
    person = person_key(key)
    if person != other and person.workspace == other.workspace:
        linked = PersonsLinked(person=person.person, other=other.person, kind=kind, at=at, source=source)
        work.emit("pasokh.identity.linked", person.workspace, linked)
