"""A message with files: read at the last moment, sent in one attempt, and given more time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from schemas.outbound import OutboundAttachment, OutboundMessage
from services.channels.port import Account, OutgoingFile, SendReceipt
from services.delivery.domain.outcomes import ASSUME_UNKNOWN_AFTER, UPLOAD_BYTES_PER_SECOND
from services.platform.http.outgoing import HttpClient
from services.platform.store.port import Key
from services.records.blobs import BLOB_PARTS, BLOBS, PART_BYTES, Blob, delete_blob, write_blob
from tests.delivery.harness import ScriptedChannel, SenderHarness, outbound
from tests.fakes import START


@dataclass
class UploadingChannel(ScriptedChannel):
    """A channel that uploads files: `uploaded` are the bytes of each message."""

    uploaded: list[list[bytes]] = field(default_factory=list)

    async def send_files(
        self, message: OutboundMessage, files: Sequence[OutgoingFile], account: Account, http: HttpClient
    ) -> SendReceipt:
        self.uploaded.append([b"".join([part async for part in file.content.open()]) for file in files])
        return await self.send(message, account, http)


async def sender_with(channel: ScriptedChannel, **files: bytes) -> tuple[SenderHarness, dict[str, Blob]]:
    sender = SenderHarness(channel)
    await sender.store.prepare([BLOBS, BLOB_PARTS])
    blobs = {
        name: await write_blob(sender.store, name, content, workspace="w", at=START) for name, content in files.items()
    }
    return sender, blobs


def with_files(*names: str, size: int = 1, identity: str = "a") -> OutboundMessage:
    attachments = [
        OutboundAttachment(blob=name, kind="file", media_type="application/octet-stream", size_bytes=size)
        for name in names
    ]
    return outbound(identity).model_copy(update={"attachments": attachments})


async def test_the_files_are_uploaded_in_their_order() -> None:
    channel = UploadingChannel()
    sender, _ = await sender_with(channel, one=b"1", two=b"2")
    await sender.arrive(with_files("two", "one"))
    await sender.complete_all_effects()
    assert channel.uploaded == [[b"2", b"1"]]
    assert sender.facts() == [("sent", "a")]


async def test_a_channel_that_only_names_files_gets_the_message_alone() -> None:
    sender, _ = await sender_with(ScriptedChannel(), one=b"1")
    await sender.arrive(with_files("one"))
    await sender.complete_all_effects()
    assert (sender.channel.attempted, sender.facts()) == (["a"], [("sent", "a")])


async def test_a_message_whose_file_is_gone_fails_and_nothing_goes_out() -> None:
    channel = UploadingChannel()
    sender, blobs = await sender_with(channel, one=b"1")
    await delete_blob(sender.store, "one", blobs["one"])
    await sender.arrive(with_files("one"))
    await sender.complete_all_effects()
    assert (channel.attempted, sender.facts(), sender.error_code("a")) == ([], [("failed", "a")], "file_missing")


async def test_a_message_whose_file_is_deleted_while_it_is_sent_fails() -> None:
    channel = UploadingChannel()
    sender, _ = await sender_with(channel, one=bytes(PART_BYTES + 1))
    del sender.store.documents[Key(BLOB_PARTS.name, "one/1")]
    await sender.arrive(with_files("one"))
    await sender.complete_all_effects()
    assert (channel.attempted, sender.facts(), sender.error_code("a")) == ([], [("failed", "a")], "file_missing")


async def test_files_of_another_workspace_never_go_out() -> None:
    channel = UploadingChannel()
    sender, _ = await sender_with(channel)
    await write_blob(sender.store, "foreign", b"secret", workspace="other", at=START)
    await sender.arrive(with_files("foreign"))
    await sender.complete_all_effects()
    assert (channel.uploaded, sender.facts()) == ([], [("failed", "a")])


async def test_large_files_give_an_attempt_more_time() -> None:
    sender, _ = await sender_with(UploadingChannel(), one=b"1")
    await sender.arrive(with_files("one", size=20 * UPLOAD_BYTES_PER_SECOND))
    assert [t.due_at for t in sender.timers()] == [START + ASSUME_UNKNOWN_AFTER + timedelta(seconds=20)]
