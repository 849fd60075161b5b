"""Guards agents' replies: in public they may hold no secret or personal data, in private no card number.

The shop's own identifiers are allowed. A reply is never altered. A refused reply reaches neither the bus nor a store.
"""

import asyncio
from dataclasses import dataclass

import structlog

from schemas.commands import PerformAction, Reply, WriteFirst
from schemas.values import Surface
from services.platform.http.auth import Principal
from services.platform.http.problems import CommandRejected, Forbidden
from services.platform.http.service import Context
from services.records.configuration import read_configuration
from services.router.conversations.domain.command_phrases import refused as rejected
from services.text.own import OwnIdentifierMatcher, compile_own_identifiers
from services.text.sensitive import RedactionResult, redact, redacted_excerpts

REFUSED_IN_PRIVATE = frozenset({"card"})
"""Kinds refused in private. A temporary password or a code may be meant for the customer; a card number never is."""
LONG_TEXT = 1_000
"""Characters from which a text is redacted in a thread: the event loop serves other requests meanwhile."""
_audit = structlog.get_logger("pasokh.audit")


@dataclass(frozen=True, slots=True)
class Guard:
    """What was found in a reply: `seen` for readers in public; `masked` is the text without secrets."""

    seen: RedactionResult
    masked: str
    surface: str

    @property
    def kinds_found(self) -> list[str]:
        """The kinds of secrets and personal data in the reply."""
        return list(self.seen.kinds)

    def confirmed_by(self, caller: Principal, *, confirm: bool) -> str | None:
        """The key that confirmed what was found; None when nothing was, or nobody confirmed it."""
        return caller.key if confirm and self.kinds_found else None

    def check(self, *, confirmed: bool) -> None:
        """Raise CommandRejected (409), quoting the redacted places, for kinds refused on this surface, unless the caller confirmed them."""
        refused = (
            self.kinds_found if self.surface == "public" else [k for k in self.kinds_found if k in REFUSED_IN_PRIVATE]
        )
        if not refused or confirmed:
            return
        where = redacted_excerpts(RedactionResult(self.seen.text, refused))
        # In public there is a safer way than to confirm: the private surface.
        if self.surface == "public":
            title, kinds = "Secret in a public reply", ", ".join(refused)
            raise CommandRejected(rejected(409, title, "secret_in_public_at", kinds=kinds, where=where))
        raise CommandRejected(rejected(409, "Card number in a reply", "card_number", where=where))


def require_may_confirm(caller: Principal, *, confirm: bool) -> None:
    """Raise Forbidden for a caller who confirms and may not."""
    if confirm and not caller.has_scope("write"):
        raise Forbidden("To send what the guard refuses (`confirm`) needs a key with the scope `write`.")


async def check_text(context: Context, workspace: str, text: str, surface: Surface) -> Guard:
    """The guard's findings in a text for this surface, with the workspace's own identifiers allowed."""
    seen, private = await redact_reply(text, await own_identifiers_for(context, workspace))
    return Guard(seen, private.text, surface)


async def own_identifiers_for(context: Context, workspace: str) -> OwnIdentifierMatcher:
    """The matcher for the workspace's own identifiers."""
    configuration = await read_configuration(context.store, workspace)
    return compile_own_identifiers(configuration.profile.body.own if configuration else None)


async def redact_reply(text: str, own_identifiers: OwnIdentifierMatcher) -> tuple[RedactionResult, RedactionResult]:
    """The text redacted for the public, and redacted for its participants. Long texts are redacted in a thread."""

    def redact_both() -> tuple[RedactionResult, RedactionResult]:
        return redact(text, public=True, own_identifiers=own_identifiers), redact(
            text, public=False, own_identifiers=own_identifiers
        )

    return redact_both() if len(text) <= LONG_TEXT else await asyncio.to_thread(redact_both)


def record_confirmed(workspace: str, conversation: str | None, reply: Reply | WriteFirst | PerformAction) -> None:
    """Write an audit log line where somebody confirmed: which key sent a text that the guard had refused."""
    if reply.confirmed_by is None:
        return
    _audit.warning(
        "guard_confirmed",
        key=reply.confirmed_by,
        workspace=workspace,
        conversation=conversation,
        agent=reply.agent,
        kinds=reply.sensitive_kinds,
    )
