"""Whether an answer would go out now, on each surface, and what it may hold: so that a page says so before anybody writes."""

from datetime import datetime

from pydantic import BaseModel, Field

from schemas.activity import AttachmentKind
from schemas.channel import Capabilities, TextLimit, TextUnit
from schemas.commands import Reply
from schemas.configuration import WorkspaceConfiguration
from schemas.conversation import Conversation
from schemas.values import AgentLanguage, EncryptedText, Instant, Problem, Surface
from services.domain.channel_capabilities import ChannelCapabilities
from services.domain.conversation_state import Contact, ConversationState, conversation_view
from services.domain.sending_rules import MAX_PARTS
from services.domain.windows import closes_at
from services.platform.http.problems import problem_code
from services.router.conversations.domain.command_phrases import in_language
from services.router.conversations.domain.plans import Plan, channel_of, plan_reply, rules_for


class MediaView(BaseModel):
    """Files of a kind that may go with an answer."""

    kind: AttachmentKind
    max_bytes: int = Field(description="How large one file may be.")
    media_types: list[str] | None = Field(description="Null: any.")


class SurfaceAbility(BaseModel):
    """Whether an answer would go out on a surface now, and what it may hold."""

    allowed: bool = Field(description="Whether it would go out.")
    code: str | None = Field(description="Why not: the code of the problem that a reply would get.")
    reason: str | None = Field(description="The name of the sentence in `detail`.")
    detail: str | None = Field(description="Why not, in the language of the request.")
    until: Instant | None = Field(
        description="When the platform takes, or took, no more answers unless the customer writes; null: no such time."
    )
    text_limit: int | None = Field(description="The longest text; null: no limit is known.")
    text_unit: TextUnit = Field(description="In what `text_limit` counts.")
    media: list[MediaView] = Field(description="The files that may go with it; empty: none.")
    max_files: int = Field(description="How many files may go with it.")
    receives: bool = Field(description="Whether what the customer answers comes in; false: the channel only sends.")


class ReplyAbility(BaseModel):
    """Whether an answer of the caller would go out: in private, and in public."""

    private: SurfaceAbility = Field(description="In private.")
    public: SurfaceAbility = Field(description="Where everybody can read it.")


class ConversationDetail(Conversation):
    """A conversation, its customer of several persons, and what may be answered in it."""

    customer_id: str | None = Field(description="The customer of several persons whose person wrote it.")

    can_reply: ReplyAbility = Field(description="Whether an answer would go out now, by surface.")


def conversation_detail(
    case: ConversationState,
    person: Contact | None,
    capabilities: ChannelCapabilities,
    configuration: WorkspaceConfiguration | None,
    *,
    agent: str | None,
    language: AgentLanguage,
    now: datetime,
) -> ConversationDetail:
    """A conversation as it is read alone. Pure. `agent` would answer; None: who has it would."""

    def ability(surface: Surface) -> SurfaceAbility:
        channel, account = channel_of(case, case.addresses.get(surface))
        known = capabilities.of_account(channel, account, configuration)
        rules = rules_for(capabilities, channel, account, configuration, language, now)
        draft = _any_reply(case, surface, agent, language, now)
        return _ability(case, surface, known, plan_reply(case, draft, person, rules), language)

    can_reply = ReplyAbility(private=ability("private"), public=ability("public"))
    customer = person.customer if person is not None else None
    return ConversationDetail(**dict(conversation_view(case)), customer_id=customer, can_reply=can_reply)


def _any_reply(
    case: ConversationState, surface: Surface, agent: str | None, language: AgentLanguage, now: datetime
) -> Reply:
    return Reply(
        conversation=case.id,
        agent=agent or case.agent or "",
        text=EncryptedText(text="."),
        surface=surface,
        language=language,
        accepted_at=now,
        request_hash="",
    )


def _ability(
    case: ConversationState,
    surface: Surface,
    known: Capabilities | None,
    planned: Plan | Problem,
    language: AgentLanguage,
) -> SurfaceAbility:
    problem = in_language(planned, language) if isinstance(planned, Problem) else None
    stated = known.text_limit(surface) if known is not None else None
    on_surface = known.with_media_of(surface) if known is not None else None
    # The private answer to a public post is one message: no second part, and no files.
    is_private_reply = isinstance(planned, Plan) and planned.answers_post is not None
    media = _media(on_surface) if on_surface is not None and not is_private_reply else []
    return SurfaceAbility(
        allowed=problem is None,
        code=problem_code(problem.title) if problem is not None else None,
        reason=problem.reason if problem is not None else None,
        detail=problem.detail if problem is not None else None,
        until=_closes_at(case, surface, known),
        text_limit=_longest_text(stated, is_private_reply) if stated is not None else None,
        text_unit=stated.unit if stated is not None else "code_points",
        media=media,
        max_files=on_surface.max_files if media and on_surface is not None else 0,
        receives=known is None or known.receives,
    )


def _longest_text(stated: TextLimit, is_private_reply: bool) -> int:
    """A longer text goes out in parts, where the platform takes several."""
    return stated.limit * (MAX_PARTS if stated.splits and not is_private_reply else 1)


def _media(on_surface: Capabilities) -> list[MediaView]:
    return [
        MediaView(
            kind=limit.kind,
            max_bytes=limit.max_bytes,
            media_types=list(limit.media_types) if limit.media_types is not None else None,
        )
        for limit in on_surface.media
    ]


def _closes_at(case: ConversationState, surface: Surface, known: Capabilities | None) -> datetime | None:
    wrote_at = case.wrote_at.get("private")
    if surface != "private" or known is None or not known.windows or wrote_at is None:
        return None
    return closes_at(known.windows[-1], wrote_at)
