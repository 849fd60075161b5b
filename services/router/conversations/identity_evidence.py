"""What conversations report of a person that is evidence of who they are elsewhere: proven names, and links to another person."""

from dataclasses import replace
from datetime import datetime
from typing import Literal

from schemas.activity import Activity
from schemas.customer import IdentityProven, PersonRecycled, PersonsLinked
from schemas.identity import PersonKey, person_key
from services.domain.conversation_state import Contact
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import PERSONS
from services.router.conversations.domain.activities import happened_at


def report_proven_names(work: UnitOfWork, activity: Activity, before: Contact | None) -> None:
    """Report the names that an activity proved. `before` is its person before it: what they proved then was reported."""
    after = work.get(PERSONS, str(activity.person_key))
    if activity.profile_until is not None:
        # Evidence is stored for ever, and these names are not (docs/storage-limits.md).
        return
    # Nearly every activity gives no name, or gives what is known already.
    if after is None or (before is not None and after.identities is before.identities) or not after.identities:
        return
    known = before.identities if before is not None else []
    new = [one for one in after.identities if one.proven and one.kind != "username" and one not in known]
    if new:
        proven = IdentityProven(person=after.person, identities=new, at=activity.received_at, source=activity.id)
        work.emit("pasokh.identity.proven", after.workspace, proven)


def report_recycled_id(work: UnitOfWork, activity: Activity) -> None:
    """Report that somebody writes under the id of a person who went on under another: they are not that person."""
    person = work.get(PERSONS, str(activity.person_key))
    if person is None or person.moved_at is None or activity.kind != "message" or activity.author != "customer":
        return
    if happened_at(activity) > person.moved_at:
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
