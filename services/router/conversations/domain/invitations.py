"""How a customer is taken from a public place to a private one: what the channel can do decides, as data. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from schemas.activity import Activity
from schemas.channel import Capabilities
from schemas.configuration import WorkspaceConfiguration
from schemas.conversation import HandoffMethod
from services.domain.conversation_state import ConversationState
from services.domain.sending_rules import AnsweredPost, Draft, Recipient, refusal
from services.router.conversations.domain.accounts import account_of
from services.router.conversations.domain.activities import happened_at
from services.router.conversations.domain.handoff import WEBCHAT, Handoffs, sign_token
from services.router.conversations.domain.handoff_texts import TextName, text_for


@dataclass(frozen=True, slots=True)
class PublicPost:
    """The public post that is answered: the platform's id, and the platform's time of it."""

    platform_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """How the customer is invited. `link` is that of a deep link or of the web chat, `channel` the channel of the private side.

    Without a method nothing can be offered: the customer is only asked to write nothing private.
    """

    method: HandoffMethod | None = None
    channel: str | None = None
    link: str | None = None


def post_of(activity: Activity) -> PublicPost | None:
    """The post of a public activity; None where the platform gave it no id."""
    if activity.platform_id is None:
        return None
    # Of an edit the time of the post counts, not that of the edit.
    return PublicPost(activity.platform_id, activity.original_sent_at or happened_at(activity))


def choose_invitation(
    case: ConversationState,
    configuration: WorkspaceConfiguration | None,
    capabilities: Capabilities | None,
    handoffs: Handoffs,
    post: PublicPost | None,
    author: Recipient,
    now: datetime,
) -> Invitation:
    """The surest way that there is. `post` is None where it cannot be answered in private (any more)."""
    if capabilities is not None and post is not None and _takes_private_reply(case, capabilities, post, author, now):
        return Invitation("private_reply", case.channel)
    token = sign_token(handoffs.secret, case.workspace, case.id)
    # The same platform first: the customer need not leave it. Then the web chat, which needs no account anywhere.
    on_platform = _on_platform(case, configuration, capabilities, token) if capabilities is not None else None
    return on_platform or _by_webchat(case, configuration, handoffs.public_url, token)


def by_agents(case: ConversationState, capabilities: Capabilities | None) -> Invitation:
    """Where no program may write, agents ask themselves, if a public answer may: the customer's message is the answer to it."""
    has_way = capabilities is not None and capabilities.invitation
    return Invitation("invitation", case.channel) if has_way else Invitation()


def _on_platform(
    case: ConversationState, configuration: WorkspaceConfiguration | None, capabilities: Capabilities, token: str
) -> Invitation | None:
    """A link into the private chat with the account, or the platform's own invitation; None where it has neither."""
    account = account_of(configuration, case.channel, case.account)
    username = account.settings.get("username") if account else None
    link = capabilities.deep_link
    if link and (isinstance(username, str) or "{username}" not in link):
        return Invitation("deep_link", case.channel, link.format(username=username, token=token))
    return Invitation("invitation", case.channel) if capabilities.invitation else None


def _by_webchat(
    case: ConversationState, configuration: WorkspaceConfiguration | None, public_url: str | None, token: str
) -> Invitation:
    """A link to the web chat; an invitation without a method where there is none."""
    webchat = _webchat_account(configuration)
    if webchat is None or public_url is None:
        return Invitation()
    link = f"{public_url.rstrip('/')}/{WEBCHAT}/{quote(case.workspace)}/{quote(webchat)}?handoff={token}"
    return Invitation("webchat", WEBCHAT, link)


def _takes_private_reply(
    case: ConversationState, capabilities: Capabilities, post: PublicPost, author: Recipient, now: datetime
) -> bool:
    answered = AnsweredPost(post.at, has_reply=post.platform_id in case.private_replies)
    draft = Draft(surface="private", text="", is_automatic=True, post=answered)
    return capabilities.private_reply is not None and refusal(draft, author, capabilities, now) is None


def may_write_by_itself(capabilities: Capabilities | None) -> bool:
    """Whether a message that no person wrote may go out on the channel.

    `approved` is no: an account that has the approval says so by capabilities of its own.
    """
    return capabilities is None or capabilities.automated == "yes"


def public_text(
    invitation: Invitation, languages: Sequence[str | None], configuration: WorkspaceConfiguration | None
) -> str:
    """The public notice of an invitation. It quotes nothing that the customer wrote."""
    name: TextName
    match invitation.method:
        case "private_reply":
            name = "replied_privately"
        case "invitation":
            name = "invitation"
        case "deep_link" | "webchat":
            name = "link"
        case None:
            name = "notice"
    return text_for(name, languages, configuration).replace("{link}", invitation.link or "")


def _webchat_account(configuration: WorkspaceConfiguration | None) -> str | None:
    prefix = f"{WEBCHAT}/"
    names = sorted(configuration.accounts) if configuration else []
    return next((name.removeprefix(prefix) for name in names if name.startswith(prefix)), None)
