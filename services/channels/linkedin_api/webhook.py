"""The body of a webhook: who signed it, whose notifications it has, and what each of them is.

learn.microsoft.com/en-us/linkedin/shared/api-guide/webhook-validation. LinkedIn repeats a call every five minutes for eight hours
until it is answered with 2xx, and tests the address every two hours.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence

from schemas.activity import Activity, Attachment, Reaction
from schemas.values import Json
from services.channels.json_access import as_dict, as_str, dicts
from services.channels.linkedin_api.notification import Notification, author_of, read_notification, text_of
from services.channels.linkedin_api.urns import (
    organization_number,
    own_number,
    permalink,
    read_comment,
    read_reaction,
    read_urn,
)
from services.channels.live_secrets import is_live_secret
from services.channels.port import Account, InvalidPayload, InvalidSignature, Request, WebhookResponse

SIGNATURE_HEADER, SIGNED_PREFIX = "x-li-signature", b"hmacsha256="
"""The prefix is part of what is signed. The header has the hexadecimal digits alone."""
MAX_CHALLENGE = 200
TYPE = "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS"


def verify_signature(request: Request, client_secrets: Sequence[str]) -> None:
    """Require the HMAC-SHA256 of the prefix and the raw body, by any live client secret. Raises InvalidSignature."""
    signed = SIGNED_PREFIX + request.body
    expected = [hmac.digest(secret.encode(), signed, hashlib.sha256).hex() for secret in client_secrets]
    if not is_live_secret(request.headers.get(SIGNATURE_HEADER, ""), expected):
        raise InvalidSignature("X-LI-Signature is missing or not that of this body by the account's client_secret")


def answer_challenge(request: Request, client_secret: str) -> WebhookResponse | None:
    """The answer to LinkedIn's test of the address; None for a POST. Raises InvalidSignature for a GET without challenge."""
    if request.method != "GET":
        return None
    code = request.query.get("challengeCode", "")
    if not code or len(code) > MAX_CHALLENGE or not client_secret:
        raise InvalidSignature("the call has no challengeCode, or the account no client_secret")
    answer = {
        "challengeCode": code,
        "challengeResponse": hmac.digest(client_secret.encode(), code.encode(), hashlib.sha256).hex(),
    }
    return WebhookResponse(200, json.dumps(answer).encode(), "application/json")


def notifications(request: Request) -> list[dict[str, Json]]:
    """The notifications of a call, of a page of the list (`elements`), or the one that a body is. Raises InvalidPayload."""
    try:
        body = as_dict(request.json())
    except (ValueError, RecursionError):
        raise InvalidPayload("the body is no JSON") from None
    for name in ("notifications", "elements"):
        if isinstance(body.get(name), list):
            return list(dicts(body[name]))
    if "action" in body:
        return [body]
    raise InvalidPayload("the body has no list notifications")


def addressed_organizations(request: Request) -> list[str]:
    """The numbers of the organizations that a body is about, each once. Raises InvalidPayload."""
    named = (organization_number(raw.get("organizationalEntity")) for raw in notifications(request))
    return list(dict.fromkeys(number for number in named if number is not None))


def parse(request: Request, account: Account) -> list[Activity]:
    """The activities of the account's notifications, in order; where none is its own, one of kind `unknown`.

    Raises InvalidPayload for a body that has no notifications.
    """
    items = notifications(request)
    page = own_number(account.body)
    own = [raw for raw in items if page in (organization_number(raw.get("organizationalEntity")) or page, None)]
    if not own:
        content = hashlib.sha256(request.body).hexdigest()
        empty = read_notification(request, account, {"action": "none", "notificationId": content})
        return [empty.unknown(reason="of_another_page" if items else "empty")]
    found = [_activity(read_notification(request, account, raw)) for raw in own]
    return list({activity.id: activity for activity in found}.values())


def _activity(notification: Notification) -> Activity:
    return READERS.get(notification.action, Notification.unknown)(notification)


# -- notifications by their action ---------------------------------------------------------------------------------------


def _comment(notification: Notification) -> Activity:
    """A comment: of a member a message, of the Page itself an echo."""
    comment, decorated = notification.comment, notification.decorated("comment")
    author, text = author_of(decorated), text_of(decorated)
    if notification.action == "ADMIN_COMMENT":
        author = f"urn:li:organization:{notification.page}"
    files = _files(decorated)
    if comment is None or author is None or not (text or files):
        return notification.unknown(reason="incomplete")
    above = read_comment(decorated.get("parentComment"))
    answered = above.number if above else comment.thread.rpartition(":")[2]
    return notification.activity(
        "echo" if notification.is_own(author) else "message",
        author,
        text=text,
        attachments=files,
        replies_to=[notification.message_id(answered)],
        **notification.about_comment(comment),
    )


def _files(decorated: dict[str, Json]) -> list[Attachment]:
    """The pictures of a comment (…/community-management/shares/comments-api: `content`)."""
    urls = (as_str(item.get("url")) for item in dicts(decorated.get("content")))
    return [Attachment(kind="image", url=url) for url in urls if url is not None and url.startswith("https://")]


def _comment_edit(notification: Notification) -> Activity:
    comment, decorated = notification.comment, notification.decorated("comment")
    author, text = author_of(decorated), text_of(decorated)
    if comment is None or author is None or text is None:
        return notification.unknown(reason="incomplete")
    return notification.activity("edit", author, text=text, **notification.about_comment(comment))


def _comment_delete(notification: Notification) -> Activity:
    comment = notification.comment
    if comment is None:
        return notification.unknown(reason="incomplete")
    fields = notification.about_comment(comment)
    return notification.activity("deletion", author_of(notification.decorated("comment")), **fields)


def _like(notification: Notification) -> Activity:
    """A like of a comment. One of the post itself concerns no message."""
    decorated = notification.decorated("like")
    named = read_reaction(notification.raw.get("generatedActivity"))
    author = author_of(decorated) or (read_urn(named[0]) if named else None)
    liked = read_comment(decorated.get("object")) or (read_comment(named[1]) if named else None)
    if author is None or liked is None:
        return notification.unknown()
    fields = notification.about_comment(liked)
    return notification.activity("reaction", author, reaction=Reaction(emoji="\U0001f44d"), **fields)


def _share(notification: Notification) -> Activity:
    """A post of a member that names the Page, or passes a post of it on with words of their own. It is answered below it."""
    decorated = notification.decorated("share")
    post = read_urn(decorated.get("entity")) or read_urn(notification.raw.get("generatedActivity"))
    author, text = author_of(decorated), text_of(decorated)
    if post is None or author is None or text is None or notification.is_own(author):
        return notification.unknown()
    number = post.rpartition(":")[2]
    return notification.activity(
        "message",
        author,
        text=text,
        thread=post,
        message=notification.message_id(number),
        platform_id=post,
        address={"chat": post},
        context={"post": post, "permalink": permalink(post)},
    )


READERS: Mapping[str, Callable[[Notification], Activity]] = {
    "COMMENT": _comment,
    "ADMIN_COMMENT": _comment,
    "COMMENT_EDIT": _comment_edit,
    "COMMENT_DELETE": _comment_delete,
    "LIKE": _like,
    "SHARE": _share,
    "SHARE_MENTION": _share,
}
"""Action → its activity. Every other action is of kind `unknown`, and keeps its name."""
