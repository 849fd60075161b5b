"""Files of messages: replies carry them as the channel takes them, and a deletion takes them along."""

import pytest

from schemas.activity import Attachment
from schemas.outbound import OutboundAttachment, OutboundMessage
from services.records.blobs import BLOB_PARTS, BLOBS, PART_BYTES, write_blob
from tests.fakes import START
from tests.router.conversations.harness import CAPABILITIES, ConversationsHarness

PHOTO = OutboundAttachment(blob="b1", kind="image", media_type="image/png", size_bytes=7, name="a.png")


@pytest.fixture
async def house() -> ConversationsHarness:
    harness = ConversationsHarness()
    await harness.customer(1)
    await harness.assign()
    return harness


def outgoing(house: ConversationsHarness) -> OutboundMessage:
    [event] = [event for event in house.driver.sent if event.type == "pasokh.outbound.message"]
    return event.payload_as(OutboundMessage)


async def test_a_reply_takes_its_files_along(house: ConversationsHarness) -> None:
    outcome = await house.reply(text="", attachments=[PHOTO])
    assert outcome.status == "applied"
    assert outgoing(house).attachments == [PHOTO]
    message = house.messages()[-1]
    assert message.text is None
    assert message.attachments == [
        Attachment(kind="image", blob="b1", media_type="image/png", size_bytes=7, name="a.png")
    ]


async def test_files_go_out_after_the_text_where_the_channel_takes_them_apart() -> None:
    apart = CAPABILITIES["telegram"].model_copy(update={"files_apart": True, "caption_limit": None})
    house = ConversationsHarness(capabilities={"telegram": apart})
    await house.customer(1)
    await house.assign()
    await house.reply(text="Both of them.", attachments=[PHOTO, PHOTO])
    sent = outgoing(house)
    assert [part.text for part in sent.parts] == ["Both of them.", "", ""]
    assert (sent.files_apart, len(sent.attachments)) == (True, 2)


async def test_one_file_without_a_text_is_no_message_of_parts() -> None:
    apart = CAPABILITIES["telegram"].model_copy(update={"files_apart": True})
    house = ConversationsHarness(capabilities={"telegram": apart})
    await house.customer(1)
    await house.assign()
    await house.reply(text="", attachments=[PHOTO])
    assert (outgoing(house).parts, outgoing(house).files_apart) == ([], False)


async def test_a_picture_that_is_too_large_for_a_photo_goes_out_as_a_document(house: ConversationsHarness) -> None:
    await house.reply(attachments=[PHOTO.model_copy(update={"size_bytes": 101})])
    assert [file.kind for file in outgoing(house).attachments] == ["file"]


@pytest.mark.parametrize(
    ("files", "text", "pointer", "sentence"),
    [
        ([PHOTO] * 4, "", "/attachments", "telegram takes at most 3 files in one message; these are 4."),
        (
            [PHOTO, PHOTO.model_copy(update={"size_bytes": 501})],
            "",
            "/attachments/1",
            "a.png has 501 bytes, and telegram takes at most 500 bytes.",
        ),
    ],
)
async def test_a_reply_whose_files_the_channel_does_not_take_is_refused_with_a_sentence(
    house: ConversationsHarness, files: list[OutboundAttachment], text: str, pointer: str, sentence: str
) -> None:
    outcome = await house.reply(text=text, attachments=files)
    assert outcome.problem is not None
    assert (outcome.problem.status, outcome.problem.pointer) == (422, pointer)
    assert outcome.problem.detail.startswith(sentence)
    assert len(house.messages()) == 1


async def test_a_deletion_takes_the_file_along(house: ConversationsHarness) -> None:
    store = house.driver.store
    await store.prepare([BLOBS, BLOB_PARTS])
    for identity in ("b1", "b2"):
        await write_blob(store, identity, bytes(2 * PART_BYTES + 1), workspace="shop", at=START)
    held = Attachment(kind="image", blob="b1", size_bytes=2 * PART_BYTES + 1)
    await house.customer(2, attachments=[held, Attachment(kind="location")])
    await house.customer(2, "deletion")
    assert house.messages()[-1].attachments == []
    assert [identity for identity, _ in await store.scan(BLOBS.name, "", 10)] == ["b2"]
    assert [identity for identity, _ in await store.scan(BLOB_PARTS.name, "", 10)] == ["b2/0", "b2/1", "b2/2"]
