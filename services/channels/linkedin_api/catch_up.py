"""Fetches the notifications that webhooks have missed: LinkedIn lists those of the last 60 days.

…/community-management/organizations/organization-social-action-notifications#pull-notifications. A walk goes page by page over the
time since the last one; its cursor says whose it is, since when, until when, and from which item on the next page begins.
"""

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from urllib.parse import quote

from services.channels.json_access import dicts, json_object
from services.channels.linkedin_api.calls import LinkedinApi
from services.channels.linkedin_api.webhook import TYPE
from services.channels.port import PollResult
from services.platform.http.outgoing import SendOutcomeUnknown

INTERVAL = timedelta(minutes=15)
"""Four calls an hour: an app of the Development tier has some 500 a day."""
FIRST = timedelta(hours=47)
"""How far back the first walk goes. What is older may be stored no more: see `retention_seconds` of the channel."""
OVERLAP = timedelta(minutes=10)
PAGE_SIZE, PER_BODY = 50, 10
ACTIONS = ("COMMENT", "COMMENT_EDIT", "COMMENT_DELETE", "ADMIN_COMMENT", "SHARE", "SHARE_MENTION")
"""What is asked for; likes are not missed."""


@dataclass(frozen=True, slots=True)
class NotificationWalk:
    """The times are Unix milliseconds. `start` is how many items of the walk are read."""

    organization: str
    since: int
    until: int
    start: int = 0


async def poll(api: LinkedinApi, cursor: str | None) -> PollResult:
    """The next page. Raises CredentialsRejected, TransientSendError, PermanentSendError, SendOutcomeUnknown."""
    walk = _walk(api, cursor)
    query = (
        f"q=criteria&organizationalEntity={quote(api.organization, safe='')}&actions=List({','.join(ACTIONS)})"
        f"&timeRange=(start:{walk.since},end:{walk.until})&start={walk.start}&count={PAGE_SIZE}"
    )
    answer = await api.call("GET", f"organizationalEntityNotifications?{query}", idempotent=True)
    page = json_object(answer.body)
    if page is None:
        # What it lists is not known, so that the walk stays where it is.
        raise SendOutcomeUnknown("the answer is no page of LinkedIn's API")
    items = list(dicts(page.get("elements")))
    items.sort(key=lambda item: stated if isinstance(stated := item.get("lastModifiedAt"), int) else 0)
    groups = [items[first : first + PER_BODY] for first in range(0, len(items), PER_BODY)]
    bodies = [json.dumps({"type": TYPE, "notifications": group}).encode() for group in groups]
    has_more = len(items) == PAGE_SIZE
    return PollResult(bodies, _cursor(walk, len(items), has_more=has_more), has_more)


def _walk(api: LinkedinApi, cursor: str | None) -> NotificationWalk:
    """The walk that goes on; a new one where there is none, or where it is of another Page."""
    now = int(api.now.timestamp() * 1000)
    try:
        known = NotificationWalk(**json.loads(cursor or ""))
    except (ValueError, TypeError):
        known = None
    if known is None or known.organization != api.organization:
        return NotificationWalk(api.organization, int((api.now - FIRST).timestamp() * 1000), now)
    oldest = int((api.now - FIRST).timestamp() * 1000)
    # A walk that has not begun reads until now, and never what is too old to be stored.
    return known if known.start else NotificationWalk(known.organization, max(known.since, oldest), now)


def _cursor(walk: NotificationWalk, read: int, *, has_more: bool) -> str:
    overlap = int(OVERLAP.total_seconds() * 1000)
    after = (
        NotificationWalk(walk.organization, walk.since, walk.until, walk.start + read)
        if has_more
        else NotificationWalk(walk.organization, walk.until - overlap, walk.until)
    )
    return json.dumps(asdict(after))
