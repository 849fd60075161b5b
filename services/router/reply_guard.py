"""What an agent may say where: in public no secret of anybody, in private no card. What is the shop's own is let through.

A reply is never altered. What is refused reaches neither the log nor a store.
"""

import asyncio
from dataclasses import dataclass

import structlog

from schemas.commands import Reply
from services.domain.conversation_state import ConversationState
from services.platform.http.problems import Conflict
from services.platform.http.service import Context
from services.records.configuration import Configurations
from services.router.views import ReplyBody
from services.text.own import OwnIdentifierMatcher, compile_own_identifiers
from services.text.sensitive import RedactionResult, redact, redacted_excerpts

REFUSED_IN_PRIVATE = frozenset({"card"})
"""A temporary password or a code that an agent gives a customer in private is meant for them; nobody sends a card."""
LONG_TEXT = 1_000
_audit = structlog.get_logger("pasokh.audit")


@dataclass(frozen=True, slots=True)
class Guard:
    """What was found in a reply: `found` must not be read in public; `masked` is the text without secrets."""

    seen: RedactionResult
    masked: str
    surface: str

    @property
    def detect(self) -> list[str]:
        return list(self.seen.kinds)

    def check(self, *, confirmed: bool) -> None:
        """Raise Conflict for what is refused there, with where it stands, unless somebody confirmed that it is right."""
        kinds = self.detect if self.surface == "public" else [k for k in self.detect if k in REFUSED_IN_PRIVATE]
        if not kinds or confirmed:
            return
        where, kinds_text = redacted_excerpts(RedactionResult(self.seen.text, kinds)), ", ".join(kinds)
        rest = "Write it without, or, if this is no secret, send it again with `confirm`: true."
        if self.surface == "public":
            rest = f"Write it without, or in private. {rest.partition(', or, ')[2].capitalize()}"
            raise Conflict(
                f"A public reply must not hold a secret ({kinds_text}): {where}. {rest}",
                title="Secret in a public reply",
            )
        raise Conflict(f"A reply must not hold a card number: {where}. {rest}", title="Card number in a reply")


async def guard_of(context: Context, conversation: ConversationState, body: ReplyBody) -> Guard:
    """What is found in a reply, with the workspace's own identifiers let through."""
    own = await own_identifiers_for(context, conversation.workspace)
    seen, private = await masks_of(body.text, own)
    return Guard(seen, private.text, body.surface or conversation.last_surface)


async def own_identifiers_for(context: Context, workspace: str) -> OwnIdentifierMatcher:
    """What is the workspace's own."""
    configuration = (await Configurations().current(context.store, [workspace])).get(workspace)
    return compile_own_identifiers(configuration.profile.body.own if configuration else None)


async def masks_of(text: str, own_identifiers: OwnIdentifierMatcher) -> tuple[RedactionResult, RedactionResult]:
    """As everybody may read it, and as those may who are in the conversation. Long texts are read in a thread."""

    def read() -> tuple[RedactionResult, RedactionResult]:
        return redact(text, public=True, own_identifiers=own_identifiers), redact(
            text, public=False, own_identifiers=own_identifiers
        )

    return read() if len(text) <= LONG_TEXT else await asyncio.to_thread(read)


def record_confirmed(conversation: ConversationState, reply: Reply) -> None:
    """A line of audit: which key sent what the guard had refused."""
    _audit.warning(
        "guard_confirmed",
        key=reply.confirmed_by,
        workspace=conversation.workspace,
        conversation=conversation.id,
        agent=reply.agent,
        kinds=reply.sensitive_kinds,
    )
