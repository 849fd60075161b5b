"""Files of agents, on every channel of the registry: what its platform takes is accepted, and all else is refused at once,
with a sentence that says what to do. Nothing is sent to find it out.
"""

import re
from typing import Any

import pytest

from schemas.channel import Capabilities, MediaLimit
from schemas.commands import CommandResult, WriteFirst
from schemas.outbound import MessageTemplate, OutboundAttachment, OutboundMessage
from schemas.values import EncryptedText, Problem
from services.channels.registry import CHANNELS
from services.delivery.domain.parts import part_of
from services.domain.media_types import kind_for
from tests.router.conversations.harness import ConversationsHarness

TYPES = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/mpeg",
    "voice": "audio/ogg",
    "sticker": "image/webp",
    "file": "application/pdf",
}
CAPABILITIES = {channel.name: channel.capabilities for channel in CHANNELS}
EVERY_LIMIT = [(name, limit) for name, capabilities in CAPABILITIES.items() for limit in capabilities.media]
LIMITS = [pytest.param(name, limit, id=f"{name}-{limit.kind}") for name, limit in EVERY_LIMIT]
with_files = pytest.mark.parametrize("name", [name for name, one in CAPABILITIES.items() if one.media])
with_captions = pytest.mark.parametrize("name", [name for name, one in CAPABILITIES.items() if one.caption_limit])


def with_first_limit(name: str, **changed: Any) -> Capabilities:
    """What the channel takes if that were files of its first limit alone, with these values: no platform may have such now."""
    [first, *_] = CAPABILITIES[name].media
    return CAPABILITIES[name].model_copy(update={"media": [first.model_copy(update=changed)]})


def file(limit: MediaLimit, size: int, media_type: str | None = None) -> OutboundAttachment:
    known = media_type or next(iter(limit.media_types or ()), TYPES[limit.kind])
    return OutboundAttachment(blob="b1", kind=limit.kind, name="mug", media_type=known, size_bytes=size)


async def answered(
    name: str,
    files: list[OutboundAttachment],
    text: str = "Here.",
    way: str = "reply",
    capabilities: Capabilities | None = None,
) -> tuple[CommandResult, list[OutboundMessage]]:
    """What becomes of a message with these files to a customer of this channel, and what goes to the sender."""
    found = ConversationsHarness(capabilities={name: capabilities or CAPABILITIES[name]})
    found.key = f"w/{name}:main:1"
    await found.customer(channel=name, person=f"{name}:main:1")
    await found.assign()
    outcome = await WAYS[way](found, text=text, attachments=files)
    sent = [event.payload_as(OutboundMessage) for event in found.driver.sent if event.type == "pasokh.outbound.message"]
    return outcome, sent


async def _first(found: ConversationsHarness, **content: Any) -> CommandResult:
    """We write first, to the customer of the harness."""
    command = WriteFirst(
        person=found.key.partition("/")[2],
        agent="sara",
        text=EncryptedText(text=content.pop("text")),
        accepted_at=found.driver.now,
        request_hash="h",
        **content,
    )
    return await found.command("write_first", command)


async def _reply(found: ConversationsHarness, **content: Any) -> CommandResult:
    return await found.reply(**content)


WAYS = {"reply": _reply, "first": _first}
each_way = pytest.mark.parametrize("way", WAYS)


async def refusal(
    name: str,
    files: list[OutboundAttachment],
    text: str = "Here.",
    way: str = "reply",
    capabilities: Capabilities | None = None,
) -> Problem:
    outcome, sent = await answered(name, files, text, way, capabilities)
    assert (outcome.status, sent) == ("refused", [])
    assert outcome.problem is not None
    assert outcome.problem.status == 422
    return outcome.problem


def largest(capabilities: Capabilities, media_type: str, kind: str) -> int:
    """The largest size of a file of a kind and type, which may also go out as what its type is, or as a mere file."""
    return max(
        one.max_bytes
        for one in capabilities.media
        if one.kind in (kind, kind_for(media_type), "file")
        and (one.media_types is None or media_type in one.media_types)
    )


@each_way
@pytest.mark.parametrize(("name", "limit"), LIMITS)
async def test_a_file_up_to_the_limit_is_accepted_and_one_over_it_refused(
    name: str, limit: MediaLimit, way: str
) -> None:
    exact = file(limit, limit.max_bytes)
    outcome, [sent] = await answered(name, [exact], way=way)
    assert outcome.status == "applied"
    assert [(one.kind, one.size_bytes) for one in sent.attachments] == [(limit.kind, limit.max_bytes)]
    over = largest(CAPABILITIES[name], exact.media_type, limit.kind) + 1
    problem = await refusal(name, [file(limit, over, exact.media_type)], way=way)
    sentence = rf"mug has .*, and {name} takes at most .*\. Send a smaller one\."
    assert problem.pointer == "/attachments/0"
    assert re.fullmatch(sentence, problem.detail), problem.detail


@each_way
@with_files
async def test_more_files_than_fit_into_a_message_are_refused(name: str, way: str) -> None:
    capabilities = CAPABILITIES[name]
    one = file(capabilities.media[0], 1)
    outcome, [sent] = await answered(name, [one] * capabilities.max_files, way=way)
    assert (outcome.status, len(sent.attachments)) == ("applied", capabilities.max_files)
    problem = await refusal(name, [one] * (capabilities.max_files + 1), way=way)
    assert problem.detail.endswith("Send the rest in another reply.")


@each_way
@pytest.mark.parametrize("name", [name for name, one in CAPABILITIES.items() if one.max_files_bytes is not None])
async def test_files_that_are_too_large_together_are_refused(name: str, way: str) -> None:
    capabilities = CAPABILITIES[name]
    assert capabilities.max_files_bytes is not None
    half = file(capabilities.media[0], capabilities.max_files_bytes // 2)
    outcome, [sent] = await answered(name, [half, half], way=way)
    assert (outcome.status, len(sent.attachments)) == ("applied", 2)
    problem = await refusal(name, [half, half, file(capabilities.media[0], 200_000)], way=way)
    assert problem.pointer == "/attachments"
    sentence = rf"These files have .* MB together, and {name} takes at most .* MB\. Send some apart\."
    assert re.fullmatch(sentence, problem.detail), problem.detail


@each_way
@with_captions
async def test_what_does_not_fit_beside_a_file_follows_it(name: str, way: str) -> None:
    capabilities = CAPABILITIES[name]
    assert capabilities.caption_limit is not None
    one = file(capabilities.media[0], 1)
    _, [fitting] = await answered(name, [one], "x" * capabilities.caption_limit, way)
    assert fitting.parts == []
    words = "word " * (capabilities.caption_limit // 5) + "and the end."
    _, [sent] = await answered(name, [one], words, way)
    caption, rest = [part_of(sent, part) for part in range(2)]
    assert (len(caption.attachments), len(caption.text.text) <= capabilities.caption_limit) == (1, True)
    assert (rest.attachments, f"{caption.text.text} {rest.text.text}") == ([], words)


@with_captions
async def test_a_text_follows_a_file_that_has_none_beside_it(name: str) -> None:
    capabilities = with_first_limit(name, caption_limit=0)
    _, [sent] = await answered(name, [file(capabilities.media[0], 1)], "Here.", capabilities=capabilities)
    first, second = [part_of(sent, part) for part in range(2)]
    assert (first.text.text, len(first.attachments)) == ("", 1)
    assert (second.text.text, second.attachments) == ("Here.", [])


@with_files
async def test_a_type_that_the_platform_does_not_take_is_refused_with_those_that_it_takes(name: str) -> None:
    capabilities = with_first_limit(name, media_types=("image/jpeg", "image/png"))
    strange = "application/x-strange"
    problem = await refusal(name, [file(capabilities.media[0], 1, strange)], capabilities=capabilities)
    assert re.fullmatch(rf"mug is of type {strange}; {name} takes .*/.*\.", problem.detail)


@pytest.mark.parametrize("name", CAPABILITIES)
async def test_a_channel_without_files_says_so(name: str) -> None:
    without = CAPABILITIES[name].model_copy(update={"media": []})
    problem = await refusal(name, [file(MediaLimit(kind="image", max_bytes=1), 1)], capabilities=without)
    assert problem.detail == f"{name} takes no files here. Send a text."


@pytest.mark.parametrize("name", [name for name, one in CAPABILITIES.items() if one.files_apart])
@each_way
async def test_files_that_go_out_apart_follow_the_text_one_by_one(name: str, way: str) -> None:
    one = file(CAPABILITIES[name].media[0], 1)
    _, [sent] = await answered(name, [one, one], "Here.", way)
    parts = [part_of(sent, part) for part in range(3)]
    assert [(part.text.text, len(part.attachments)) for part in parts] == [("Here.", 0), ("", 1), ("", 1)]


@pytest.mark.parametrize(
    "name", [name for name, one in CAPABILITIES.items() if any(limit.surface == "private" for limit in one.media)]
)
async def test_files_that_go_out_in_private_alone_are_refused_in_public(name: str) -> None:
    found = ConversationsHarness(capabilities={name: CAPABILITIES[name]})
    found.key = f"w/{name}:main:1"
    await found.customer(channel=name, person=f"{name}:main:1", surface="public", thread="t")
    await found.assign()
    outcome = await found.reply(text="Here.", attachments=[file(CAPABILITIES[name].media[0], 1)])
    assert outcome.problem is not None
    assert outcome.problem.detail == f"{name} takes no files here. Send a text."


@pytest.mark.parametrize(
    "name", [name for name, one in CAPABILITIES.items() if one.first_contact != "never" and one.media]
)
async def test_a_stranger_gets_a_file_where_the_platform_lets_us_write_to_them(name: str) -> None:
    found = ConversationsHarness(capabilities={name: CAPABILITIES[name]})
    found.key = f"w/{name}:main:1"
    one = file(next(limit for limit in CAPABILITIES[name].media if limit.kind == "file"), 1)
    is_template = CAPABILITIES[name].first_contact == "template"
    template = MessageTemplate(name="invoice", language="fa") if is_template else None
    outcome = await _first(found, text="Your invoice.", attachments=[one], template=template)
    assert outcome.status == "applied"
    [sent] = [
        event.payload_as(OutboundMessage) for event in found.driver.sent if event.type == "pasokh.outbound.message"
    ]
    assert (sent.first, sent.template) == (True, template)
    # Where each file is a message of its own, the text goes before it.
    assert bool(sent.parts) == CAPABILITIES[name].files_apart
    assert [(given.kind, given.name) for given in sent.attachments] == [("file", "mug")]
