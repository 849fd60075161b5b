"""What an activity says about itself: its times, its thread, whether it asks for an answer. Pure."""

import re
from datetime import datetime, timedelta
from typing import TypedDict

from schemas.activity import Activity, Call, Participant, PostContext, Review, SurveyAnswer

PLATFORM_TIME_TRUSTED_AFTER = timedelta(seconds=5)
PRIVATE_THREAD = ""
"""The thread of all that a person writes in private."""
MAX_EDIT_AGE = timedelta(minutes=15)
"""An edit of a message that never arrived is taken for the message, unless the message is older than that."""
MAX_PARTICIPANTS = 100
"""How many people of a mail thread a conversation names."""
THUMBS_UP = re.compile("(?:\\s{0,20}+\U0001f44d[\U0001f3fb-\U0001f3ff\ufe0f]{0,8}+)++\\s{0,20}+")
"""One or several, in any skin tone. Possessive quantifiers: a long text of thumbs must not backtrack."""


def waiting_started_at(activity: Activity) -> datetime:
    """When the wait for an answer began: our receipt, or the platform's time where that is more than 5 s earlier."""
    # Below 5 s the difference may be the clocks of two machines. Above, the message was late: an outage, or a poll.
    sent, received = activity.sent_at, activity.received_at
    return sent if sent is not None and received - sent > PLATFORM_TIME_TRUSTED_AFTER else received


def happened_at(activity: Activity) -> datetime:
    """When an activity happened: the platform's time, or that of our receipt where the platform names none."""
    return activity.sent_at or activity.received_at


def is_late_edit(activity: Activity) -> bool:
    """Whether an edit of a message that never arrived comes too late to be answered as that message."""
    sent_at = activity.original_sent_at or happened_at(activity)
    return activity.received_at - sent_at > MAX_EDIT_AGE


def thread_for(activity: Activity) -> str:
    """The thread of an activity, by which `Contact.open` names its conversation: in private one, else the public place."""
    return (activity.thread or "") if activity.surface == "public" else PRIVATE_THREAD


class ContentFields(TypedDict):
    """The fields of a message that are those of its activity, whichever side wrote it."""

    subject: str | None
    participants: list[Participant]
    context: PostContext | None
    review: Review | None
    call: Call | None
    answers: list[SurveyAnswer]
    album: str | None
    automatic: bool
    stored_until: datetime | None
    profile_until: datetime | None


def content_fields(activity: Activity) -> ContentFields:
    """What a message takes over from its activity as it is."""
    return {
        "subject": activity.subject,
        "participants": activity.participants,
        "context": activity.context,
        "review": activity.review,
        "call": activity.call,
        "answers": activity.answers,
        "album": activity.album,
        "automatic": activity.automatic,
        "stored_until": activity.stored_until,
        "profile_until": activity.profile_until,
    }


def asks_for_nothing(activity: Activity) -> bool:
    """Whether nobody has to answer: a machine wrote it, or it is an acknowledgement or the answers of a survey."""
    return activity.automatic or activity.kind == "survey_answer" or is_acknowledgement(activity)


def merged_participants(known: list[Participant], given: list[Participant]) -> list[Participant]:
    """Everybody of a mail thread, each address once, as the latest mail names them."""
    if not given or given == known:
        return known
    merged = {participant.address.casefold(): participant for participant in [*known, *given]}
    return list(merged.values())[:MAX_PARTICIPANTS]


def is_acknowledgement(activity: Activity) -> bool:
    """Whether a message is nothing but a thumbs-up, written or as a sticker: it asks for no answer."""
    if activity.kind != "message":
        return False
    text = activity.text.text if activity.text else ""
    if not activity.attachments:
        return _is_thumb(text)
    return not text and all(
        file.kind == "sticker" and _is_thumb(file.details.get("emoji")) for file in activity.attachments
    )


def _is_thumb(emoji: object) -> bool:
    return isinstance(emoji, str) and THUMBS_UP.fullmatch(emoji) is not None
