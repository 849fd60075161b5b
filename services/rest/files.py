"""The file of an attachment, opened for reading: from the blob store, or from its platform through the guarded client."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

from schemas.activity import Attachment
from schemas.configuration import AccountBody
from services.platform.core.identifiers import hashed_id
from services.platform.core.settings import Settings
from services.platform.http.fair_share import ConnectionShares
from services.platform.http.outgoing import HttpClient, SendOutcomeUnknown, TransientSendError
from services.platform.http.problems import NotFound
from services.platform.processing.unit_of_work import Reader
from services.records.blobs import read_blob, read_content
from services.records.configuration import Configurations
from services.records.tokens import read_account_tokens
from services.rest.file_stream import OpenedFile


class FileLocation(Protocol):
    """Where a file can be downloaded now, and with which headers. Neither leaves this process: both may hold credentials."""

    @property
    def url(self) -> str: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class AttachmentSource:
    """The account by which an attachment came in. `tokens`: its access tokens that were refreshed, by credential name."""

    workspace: str
    channel: str
    account: str
    # Not in `repr`: a source may end in a log.
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)


LocateFile = Callable[[AttachmentSource, AccountBody, Attachment, HttpClient], Awaitable[FileLocation]]
"""Asks a channel where a file is. Raises PermanentSendError, TransientSendError, SendOutcomeUnknown."""


@dataclass(frozen=True, slots=True)
class FileReader:
    """Opens files. `shares` divides the connections to platforms between workspaces."""

    store: Reader
    http: HttpClient
    settings: Settings
    locate: LocateFile
    shares: ConnectionShares
    configurations: Configurations = field(default_factory=Configurations)

    @asynccontextmanager
    async def open(self, source: AttachmentSource, attachment: Attachment) -> AsyncIterator[OpenedFile]:
        """The file of an attachment. Raises NotFound, PermanentSendError, TransientSendError, LookupError, Unavailable."""
        if attachment.blob is not None:
            async with open_blob(self.store, source.workspace, attachment.blob) as file:
                yield file
            return
        configurations = await self.configurations.current(self.store, [source.workspace])
        configuration = configurations.get(source.workspace)
        stored = configuration.accounts.get(f"{source.channel}/{source.account}") if configuration else None
        if stored is None:
            raise NotFound("The account by which the file came is not connected any more.")
        async with self.shares.acquire(source.workspace, f"{source.channel}/{source.account}"):
            try:
                with_tokens = await self._with_tokens(source, stored.body)
                location = await self.locate(with_tokens, stored.body, attachment, self.http)
            except SendOutcomeUnknown as error:
                raise TransientSendError("the platform did not answer") from error
            async with self.http.download(
                location.url,
                location.headers,
                max_bytes=self.settings.file_bytes,
                max_seconds=self.settings.file_seconds,
            ) as download:
                yield OpenedFile(download.size_bytes, download.chunks, _etag(source, attachment))

    async def _with_tokens(self, source: AttachmentSource, body: AccountBody) -> AttachmentSource:
        tokens = await read_account_tokens(self.store, source.workspace, source.channel, source.account, body)
        return replace(source, tokens=tokens)


@asynccontextmanager
async def open_blob(store: Reader, workspace: str, identity: str) -> AsyncIterator[OpenedFile]:
    """A file of the blob store. Raises NotFound, LookupError (a part is gone), Unavailable."""
    blob = await read_blob(store, workspace, identity)
    if blob is None:
        raise NotFound("The file is gone: it was deleted, or its time is over.")
    yield OpenedFile(
        blob.size_bytes,
        read_content(store, identity, blob),
        f'"{blob.digest}"',
        lambda first: read_content(store, identity, blob, first),
    )


def _etag(source: AttachmentSource, attachment: Attachment) -> str | None:
    """The validator of a file at its platform, whose ids name the same bytes for ever; an address may lead to others."""
    if attachment.platform_id is None:
        return None
    return f'"{hashed_id(source.workspace, source.channel, source.account, attachment.platform_id)}"'


def is_file(attachment: Attachment) -> bool:
    """Whether an attachment has bytes that can be fetched: a place or a contact has none."""
    return any((attachment.blob, attachment.platform_id, attachment.url))
