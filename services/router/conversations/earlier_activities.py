"""Activities of the version before, which the log holds for a week: words in `details` that have a field of their own now."""

from schemas.activity import Activity, ContactState, PersonIdentity
from schemas.values import Json

_STATES: dict[str, ContactState] = {"started": "started", "blocked": "blocked", "unblocked": "unblocked"}
_WORDS = frozenset({"email", "phone", "language_code", "media_group_id", "state"})


def with_typed_fields(activity: Activity) -> Activity:
    """The activity with what `details` said in its typed fields, where these say nothing."""
    if _WORDS.isdisjoint(activity.details):
        return activity
    details = activity.details
    state = details.get("state") if activity.kind == "follow" else None
    changes: dict[str, object] = {
        "locale": activity.locale or _text(details.get("language_code")),
        "album": activity.album or _text(details.get("media_group_id")),
        "identities": activity.identities or _identities(activity),
        "contact_state": activity.contact_state or _STATES.get(str(state)),
    }
    return activity.model_copy(update=changes)


def _identities(activity: Activity) -> list[PersonIdentity]:
    # What was written in public was masked in place, and identifies nobody.
    email, phone = (
        None if kind in activity.masked else _text(activity.details.get(kind)) for kind in ("email", "phone")
    )
    known = [PersonIdentity(kind="email", value=email)] if email else []
    return known + ([PersonIdentity(kind="phone", value=phone)] if phone else [])


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None
