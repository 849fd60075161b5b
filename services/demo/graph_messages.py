"""What the stand-in takes as a page or an Instagram account: messages (…/messenger-platform/reference/send-api,
…/instagram-platform/instagram-api-with-instagram-login/messaging-api), and what can be done to comments.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from schemas.values import Json
from services.demo.graph_shapes import GraphCall, GraphFiles, GraphRefusal, derived_id, wrong_parameter

MetaChannel = Literal["whatsapp", "messenger", "instagram"]
SENDER_ACTIONS: Mapping[str, str] = {
    "typing_on": "typing",
    "typing_off": "typing",
    "mark_seen": "seen",
    "react": "react",
    "unreact": "react",
}
MESSENGER_LIMIT = 2000
INSTAGRAM_BYTES = 1000


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment that a customer wrote; `author` is the id under which they can be answered in private."""

    id: str
    author: str
    text: str = ""
    username: str = ""
    parent: str = ""


@dataclass
class Comments:
    """The comments that the stand-in knows, those that are hidden, and those that were answered in private."""

    by_id: dict[str, Comment] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)

    def author(self, comment: str) -> str:
        """Who wrote a comment, as messages name them; of an unknown comment always the same invented person."""
        known = self.by_id.get(comment)
        return known.author if known else derived_id(comment)

    def shape(self, comment: Comment, channel: MetaChannel) -> dict[str, Json]:
        """A comment as it can be read."""
        if channel == "instagram":
            who: dict[str, Json] = {"id": comment.author, "username": comment.username}
            return {"id": comment.id, "text": comment.text, "from": who, "hidden": comment.id in self.hidden}
        name: dict[str, Json] = {"id": comment.author, "name": comment.username}
        return {"id": comment.id, "message": comment.text, "from": name, "is_hidden": comment.id in self.hidden}


@dataclass(frozen=True, slots=True)
class Addressed:
    """A message to a person: whom it reaches, the text that they see, and the comment that it answers in private."""

    person: str
    text: str
    comment: str | None


def check_message(call: GraphCall, channel: MetaChannel, comments: Comments, files: GraphFiles) -> Addressed:
    """The message of a call of `/me/messages`. Raises GraphRefusal."""
    recipient = call.object("recipient")
    person, post = recipient.get("id"), recipient.get("comment_id") or recipient.get("post_id")
    if call.text("messaging_type") == "MESSAGE_TAG" and not call.text("tag"):
        raise wrong_parameter("Param tag must be set with messaging_type MESSAGE_TAG.")
    text = _content(call, channel, files)
    if isinstance(person, str) and person.isdecimal():
        return Addressed(person, text, None)
    if not isinstance(post, str) or not post:
        raise wrong_parameter("No matching user found")
    if post in comments.answered:
        raise GraphRefusal(10900, "(#10900) Activity already replied to")
    return Addressed(comments.author(post), text, post)


def accepted(person: str, channel: MetaChannel, number: int) -> dict[str, Json]:
    """The answer to an accepted message."""
    return {"recipient_id": person, "message_id": message_id(channel, number)}


def message_id(channel: MetaChannel, number: int) -> str:
    """An id as the platform gives it, always the same for a number."""
    return f"{'aWdfZAG1f' if channel == 'instagram' else 'm_'}demo{number:012d}"


def check_sender_action(call: GraphCall) -> tuple[str, str]:
    """The person and the action of a call that sends no message. Raises GraphRefusal."""
    person, action = call.object("recipient").get("id"), SENDER_ACTIONS.get(call.text("sender_action"))
    if not isinstance(person, str) or action is None:
        raise wrong_parameter("Invalid sender action")
    return person, action


def upload(call: GraphCall, files: GraphFiles) -> dict[str, Json]:
    """`POST /{page-id}/message_attachments`: the file, or the address of one. Raises GraphRefusal."""
    file = next(iter(call.files.values()), None)
    if file is None:
        raise wrong_parameter("Upload attachment failure.")
    return {"attachment_id": files.add(file)}


def changed_comment(call: GraphCall) -> str:
    """What a POST to a comment changes: `hide`, `unhide` or `edit`. Raises GraphRefusal."""
    hidden = call.values.get("is_hidden", call.values.get("hide"))
    if hidden is not None:
        return "hide" if hidden in (True, "true", "1", 1) else "unhide"
    if call.text("message"):
        return "edit"
    raise wrong_parameter("The parameter hide is required")


def _content(call: GraphCall, channel: MetaChannel, files: GraphFiles) -> str:
    message = call.object("message")
    text, attachment = message.get("text"), message.get("attachment") or message.get("attachments")
    if isinstance(attachment, dict):
        _check_attachment(attachment, call, files)
        return ""
    if isinstance(attachment, list) and attachment:
        return ""
    if not isinstance(text, str) or not text.strip():
        raise wrong_parameter("Param message must be non-empty.")
    is_long = len(text.encode()) > INSTAGRAM_BYTES if channel == "instagram" else len(text) > MESSENGER_LIMIT
    if is_long:
        raise wrong_parameter("Length of param message[text] must be less than or equal to its limit")
    return text


def _check_attachment(attachment: Mapping[str, Json], call: GraphCall, files: GraphFiles) -> None:
    payload = attachment.get("payload")
    stated = payload if isinstance(payload, dict) else {}
    is_known = files.get(str(stated.get("attachment_id"))) is not None
    if not (attachment.get("type") and (is_known or stated.get("url") or stated.get("elements") or call.files)):
        raise wrong_parameter("Invalid attachment: there is no file of that id")
