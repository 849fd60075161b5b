"""One notification about a Page: who did what where, and the ids that follow.

learn.microsoft.com/en-us/linkedin/marketing/community-management/organizations/organization-social-action-notifications. The same
shape comes by webhook and from the list of the last 60 days.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from schemas.activity import Activity, ActivityKind, Address, PostContext
from schemas.values import EncryptedText, Json
from services.channels.account_scope import scope_of
from services.channels.json_access import as_dict, as_id_str, as_int, as_str, drop_none
from services.channels.linkedin_api.urns import (
    CommentUrn,
    organization_number,
    own_number,
    permalink,
    read_comment,
    read_post,
    read_urn,
)
from services.channels.port import NOBODY, Account, Request
from services.platform.core.identifiers import hashed_id

LATEST_MILLISECOND = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z, the last millisecond that `datetime` can hold."""


def message_id(workspace: str, account: str, number: str) -> str:
    """The permanent id of a comment or a share by its number, which is unique at LinkedIn."""
    return hashed_id(workspace, "linkedin", account, "message", number)


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification and its call. `id` is the same for every repeat of it, by webhook and by a poll. `page` is the number of the Page."""

    workspace: str
    account: str
    page: str | None
    received_at: datetime
    id: str
    action: str
    at: datetime | None
    raw: dict[str, Json] = field(repr=False)

    def decorated(self, name: str) -> dict[str, Json]:
        """What LinkedIn adds of the comment or share that the notification is about; empty where it adds nothing."""
        return as_dict(as_dict(self.raw.get("decoratedGeneratedActivity")).get(name))

    @property
    def comment(self) -> CommentUrn | None:
        """The comment that it is about."""
        entity = read_comment(self.decorated("comment").get("entity"))
        return entity or read_comment(self.raw.get("generatedActivity"))

    @property
    def post(self) -> str | None:
        """The post below which it happened."""
        comment = self.decorated("comment")
        stated = (self.raw.get("sourcePost"), comment.get("object"), self.comment.thread if self.comment else None)
        return next((found for value in stated if (found := read_post(value)) is not None), None)

    def is_own(self, author: str | None) -> bool:
        """Whether the Page itself did it."""
        number = organization_number(author)
        return number is not None and number == self.page

    def message_id(self, number: str) -> str:
        """The permanent id of a comment or a share."""
        return message_id(self.workspace, self.account, number)

    def unknown(self, reason: str | None = None) -> Activity:
        """The notification as kind `unknown`: its action and where it was, nothing that somebody wrote."""
        details = drop_none(raw=self.action[:64], reason=reason, post=self.post)
        return self.activity("unknown", None, details=details)

    # Any: the fields of `Activity`, which checks them.
    def activity(self, kind: ActivityKind, author: str | None, *, text: str | None = None, **fields: Any) -> Activity:
        """An activity of this notification; `author` is the URN of who did it."""
        return Activity(
            id=hashed_id(self.workspace, "linkedin", self.account, kind, self.id),
            workspace=self.workspace,
            channel="linkedin",
            account=self.account,
            kind=kind,
            author="account" if self.is_own(author) else "customer",
            surface="public",
            person=f"linkedin:{self.account}:{author or NOBODY}",
            text=EncryptedText(text=text) if text else None,
            sent_at=self.at,
            received_at=self.received_at,
            **{"thread": self.post, **fields},
        )

    def about_comment(self, comment: CommentUrn) -> dict[str, Any]:  # Any: fields of `Activity`
        """The fields of an activity that is a comment, or changes one."""
        above = read_comment(self.decorated("comment").get("parentComment"))
        # LinkedIn has two levels: who answers an answer stands below the comment above it.
        chat = self.post or comment.thread
        return {
            "message": self.message_id(comment.number),
            "platform_id": str(comment),
            "thread": chat,
            "address": Address(chat=chat, reply_to=str(above or comment)),
            "context": PostContext(post=chat, parent=str(above) if above else None, permalink=permalink(chat)),
        }


def author_of(decorated: dict[str, Json]) -> str | None:
    """The URN of who wrote a comment or a share: `owner`, in other shapes `actor`."""
    return read_urn(decorated.get("owner")) or read_urn(decorated.get("actor"))


def text_of(decorated: dict[str, Json]) -> str | None:
    """What a comment or a share says: `text`, in other shapes `message.text` or `commentary`."""
    texts = (decorated.get("text"), as_dict(decorated.get("message")).get("text"), decorated.get("commentary"))
    return next((found for value in texts if (found := as_str(value)) is not None), None)


def read_notification(request: Request, account: Account, raw: dict[str, Json]) -> Notification:
    """A notification of a body. One without an id of its own is known by all that it says."""
    stated = as_int(raw.get("lastModifiedAt"))
    known = as_id_str(raw.get("notificationId")) or scope_of(account, None).content_id(json.dumps(raw, sort_keys=True))
    return Notification(
        workspace=account.workspace,
        account=account.id,
        page=organization_number(raw.get("organizationalEntity")) or own_number(account.body),
        received_at=request.received_at,
        id=known,
        action=as_str(raw.get("action")) or "none",
        at=datetime.fromtimestamp(stated / 1000, UTC) if stated and 0 < stated <= LATEST_MILLISECOND else None,
        raw=raw,
    )
