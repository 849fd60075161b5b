"""Files of agents and of visitors on their way into the blob store, and the files that a message names."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, ValidationInfo
from starlette.requests import Request
from starlette.types import Receive

from schemas.identity import PersonKey
from schemas.outbound import OutboundAttachment
from services.domain.file_names import name_in_disposition
from services.domain.media_types import kind_for
from services.platform.core.errors import Fenced
from services.platform.core.identifiers import random_id
from services.platform.core.settings import Settings
from services.platform.http.admission import AdmissionControl
from services.platform.http.bodies import ClientDisconnected, declared_length
from services.platform.http.problems import HttpProblem, UnprocessableContent
from services.platform.http.rate_limits import client_address, network_for
from services.platform.http.service import Context
from services.platform.processing.unit_of_work import Reader
from services.platform.store.port import Store
from services.records.blobs import (
    UNUSED_RETENTION,
    Blob,
    FileClaims,
    IntendedKind,
    assign_blobs,
    read_blobs,
    write_chunks,
)
from services.text.own import OwnIdentifierMatcher
from services.text.sensitive import redact

MAX_FILES = 10
"""How many files one message may have."""


def _each_once(identities: list[str]) -> list[str]:
    if len(set(identities)) < len(identities):
        raise ValueError("a file is named twice")
    return identities


def text_required_without(**absent: object) -> Callable[[str | None, ValidationInfo], str | None]:
    """A validator of a text that may be left out where another field is not `absent`: files, a template."""

    def check(text: str | None, info: ValidationInfo) -> str | None:
        # Where another field is wrong itself, it has no value here, and its own error says so.
        if text is None and all(name in info.data and info.data[name] == value for name, value in absent.items()):
            raise ValueError(f"a text is required without {' and '.join(absent)}")
        return text

    return check


required_without_files = text_required_without(attachments=[])
"""Refuses a message of nothing."""

FileIds = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=MAX_FILES), AfterValidator(_each_once)
]


class UploadTooLarge(HttpProblem):
    """413: the file has more bytes than the setting `file_bytes` allows."""

    status = 413

    def __init__(self, limit: int) -> None:
        most = f"{limit / 1_000_000:g} MB ({limit:,} bytes)"
        detail = f"A file has at most {most} here. Send a smaller one, or a link to where it can be had."
        super().__init__(detail, headers={"Connection": "close"})


class UploadTimeout(HttpProblem):
    """408: the file was not complete in time."""

    status = 408

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The file was not complete within {seconds:.0f} seconds.", headers={"Connection": "close"})


class UploadedFile(BaseModel):
    """A file that waits to be sent: a message names it by `id` within 24 hours, else it is deleted."""

    id: str
    media_type: str = Field(description="What its bytes show; `application/octet-stream` where they show nothing.")
    size_bytes: int
    name: str | None


@dataclass(frozen=True, slots=True)
class Uploads:
    """The uploads of a process. Each is written to the store as it comes, so that none is in memory as a whole."""

    context: Context
    admission: AdmissionControl

    async def receive(
        self,
        request: Request,
        workspace: str,
        *,
        own_identifiers: OwnIdentifierMatcher,
        person: PersonKey | None = None,
        is_trusted: bool = False,
        kind: IntendedKind | None = None,
    ) -> UploadedFile:
        """Store the body of a request, `kind` where its bytes do not show it.

        `is_trusted`: its sender has a key, and is not displaced by others.

        Raises UploadTooLarge, UploadTimeout, UnprocessableContent (an empty file), Overloaded, ClientDisconnected,
        Unavailable, Unknown.
        """
        settings, identity = self.context.settings, random_id(self.context.time_source.now())
        self.check_size(request)
        address = network_for(client_address(request))
        name = name_in_disposition(request.headers.get("content-disposition"))
        # A name is text of a person like any other, and rests without card numbers.
        name = redact(name, public=False, own_identifiers=own_identifiers).text if name else None
        try:
            async with self.admission.admit(address, workspace) as admitted, asyncio.timeout(settings.file_seconds):
                if is_trusted:
                    self.admission.prove(admitted)
                blob = await write_chunks(
                    self.context.store,
                    identity,
                    _chunks(request.receive, settings.file_bytes),
                    workspace=workspace,
                    at=self.context.time_source.now(),
                    keep=UNUSED_RETENTION,
                    person=person,
                    claims=FileClaims(name=name, kind=kind),
                )
        except TimeoutError:
            raise UploadTimeout(settings.file_seconds) from None
        return UploadedFile(id=identity, media_type=blob.media_type, size_bytes=blob.size_bytes, name=blob.name)

    def check_size(self, request: Request) -> int:
        """The declared size of a body, or the largest that is allowed. Raises UploadTooLarge, UnprocessableContent."""
        limit, declared = self.context.settings.file_bytes, request.headers.get("content-length")
        size = limit if declared is None else declared_length(request.scope["headers"])
        if size > limit:
            raise UploadTooLarge(limit)
        if size == 0:
            raise _empty_file()
        return size


def open_uploads(context: Context) -> Uploads:
    """The uploads of a process, limited by its settings."""
    settings: Settings = context.settings
    return Uploads(context, AdmissionControl("upload", calls=settings.uploads, instruments=context.admission))


async def _chunks(receive: Receive, limit: int) -> AsyncIterator[bytes]:
    more, size = True, 0
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        body: bytes = message.get("body", b"")
        size += len(body)
        if size > limit:
            raise UploadTooLarge(limit)
        if body:
            yield body
        more = message.get("more_body", False)
    if size == 0:
        raise _empty_file()


def _empty_file() -> UnprocessableContent:
    return UnprocessableContent(("", "The file is empty. Its bytes are the body of the request."))


async def named_files(
    reader: Reader, workspace: str, identities: Sequence[str], may_use: Callable[[Blob], bool]
) -> dict[str, Blob]:
    """The files that a message names, in its order. Raises UnprocessableContent for one that is not there; Unavailable."""
    if not identities:
        return {}
    found = await read_blobs(reader, workspace, list(identities))
    wrong = [
        (f"/attachments/{number}", "There is no such file. Upload it again: an unused file is deleted after 24 hours.")
        for number, identity in enumerate(identities)
        if identity not in found or not may_use(found[identity])
    ]
    if wrong:
        raise UnprocessableContent(*wrong)
    return {identity: found[identity] for identity in identities}


async def assign_files(store: Store, files: Mapping[str, Blob], person: str) -> None:
    """Store files for as long as messages of this person key need them. Raises UnprocessableContent, Unavailable, Unknown."""
    try:
        await assign_blobs(store, files, person)
    except Fenced:
        raise UnprocessableContent(("/attachments", "A file was deleted meanwhile. Upload it again.")) from None


def to_outbound(identity: str, blob: Blob) -> OutboundAttachment:
    """A file as commands carry it, of the kind that it is meant as, else that its media type is."""
    return OutboundAttachment(
        blob=identity,
        kind=blob.kind or kind_for(blob.media_type),
        media_type=blob.media_type,
        size_bytes=blob.size_bytes,
        name=blob.name,
    )
