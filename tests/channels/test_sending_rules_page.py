"""docs/sending-rules.md says what each channel takes, and the sentences that agents read, word by word."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest

from schemas.channel import Capabilities, RateLimit, Window
from schemas.values import AgentLanguage
from services.channels.port import Channel
from services.channels.registry import CHANNELS
from services.domain.refusal_phrases import POINTERS, sentence, to_failure
from services.domain.sending_rules import Reason, Refused
from services.text.sentences import SentenceReader

PAGE = Path(__file__).parents[2] / "docs" / "sending-rules.md"
AT = datetime(2026, 3, 2, 14, 5, tzinfo=UTC)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
EXAMPLES: dict[Reason, tuple[str, Refused]] = {
    "window_closed_use_template": ("whatsapp", Refused(reason="window_closed_use_template", span=DAY, at=AT)),
    "window_closed": ("messenger", Refused(reason="window_closed", span=WEEK, at=AT - DAY)),
    "template_required": ("whatsapp", Refused(reason="template_required")),
    "customer_must_write_first": ("telegram", Refused(reason="customer_must_write_first")),
    "customer_blocked": ("telegram", Refused(reason="customer_blocked")),
    "opted_out": ("email", Refused(reason="opted_out", at=AT)),
    "opted_out_of_marketing": ("whatsapp", Refused(reason="opted_out_of_marketing", at=AT)),
    "automatic": ("x", Refused(reason="automatic")),
    "automatic_again": ("email", Refused(reason="automatic_again", at=AT + HOUR)),
    "no_templates": ("telegram", Refused(reason="no_templates")),
    "private_reply_used": ("messenger", Refused(reason="private_reply_used")),
    "private_reply_too_late": ("instagram", Refused(reason="private_reply_too_late", span=WEEK, at=AT - DAY)),
    "answer_stands": ("reviews", Refused(reason="answer_stands")),
    "text_too_long": (
        "instagram",
        Refused(reason="text_too_long", length=2500, limit=2200, unit="code_points"),
    ),
}
"""A refusal for each reason, and the channel of the example. It is 2 March 2026, in a workspace whose time zone is UTC."""


def sentences(reason: Reason) -> Iterator[str]:
    """The rows of a reason: language and sentence."""
    channel, refused = EXAMPLES[reason]
    for language in get_args(AgentLanguage):
        yield f"| {language} | {sentence(refused, channel, SentenceReader(language), AT)} |"


def section(reason: Reason) -> str:
    """The section of a reason as the page has it."""
    channel, refused = EXAMPLES[reason]
    status = 422 if reason in POINTERS else 409
    code = to_failure(refused, channel, SentenceReader(), AT).code
    head = [
        f"### {reason}",
        "",
        f"A request is answered with {status}; the `code` of a message that waited is `{code}`.",
        "",
    ]
    return "\n".join([*head, "| language | what the agent reads |", "|---|---|", *sentences(reason)])


def row(name: str, able: Capabilities) -> str:
    """The row of a channel in the table of what each channel takes."""
    cells = [
        ", ".join(map(window, able.windows)) or "any time",
        {"never": "no", "template": "by a template", "always": "yes"}[able.first_contact],
        ", ".join(map(rate, able.rate_limits)) or "none stated",
        {"messages": "everything", "marketing": "templates and first messages"}[able.opt_out],
    ]
    return f"| `{name}` | {' | '.join(cells)} |"


def window(stated: Window) -> str:
    hours = round(stated.seconds / 3600)
    span = f"{hours} h" if hours < 48 else f"{hours // 24} days"
    return f"{span} for people, marked `{stated.tag}`" if stated.people_only else span


def rate(stated: RateLimit) -> str:
    burst = f" ({stated.burst:g} at once)" if stated.burst > 1 else ""
    return f"{stated.count:g} in {stated.seconds:g} s per {stated.scope}{burst}"


@pytest.mark.parametrize("reason", get_args(Reason))
def test_the_page_has_every_sentence_word_by_word(reason: Reason) -> None:
    assert section(reason) in PAGE.read_text()


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_the_page_says_what_each_channel_takes(channel: Channel) -> None:
    name, able = channel.name, channel.capabilities
    assert row(name, able) in PAGE.read_text().splitlines()
