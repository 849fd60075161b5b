"""What is known of a person, as their activities tell it. Pure."""

from dataclasses import replace
from datetime import datetime

from schemas.activity import Activity
from services.domain.conversation_state import Contact


def updated_contact(person: Contact | None, activity: Activity, now: datetime) -> Contact:
    """The contact after an activity; `person` None: the activity is their first."""
    known = person or Contact(
        key=str(activity.person_key), workspace=activity.workspace, person=activity.person, seen_at=now
    )
    return replace(
        known,
        name=activity.person_name or known.name,
        language=activity.language or known.language,
        email=_contact_detail(activity, "email") or known.email,
        phone=_contact_detail(activity, "phone") or known.phone,
        seen_at=now,
    )


def _contact_detail(activity: Activity, name: str) -> str | None:
    """An e-mail address or telephone number. One that was written in public was masked, and is not stored."""
    value = activity.details.get(name)
    return value if isinstance(value, str) and value and name not in activity.masked else None
