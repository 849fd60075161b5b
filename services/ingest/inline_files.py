"""Stores the files that came inside a webhook (mail), before what refers to them is published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from schemas.activity import Activity, Attachment
from services.channels.abilities import InlineFiles
from services.channels.port import Account, InlineFile, Request
from services.ingest.unparsed import error_location
from services.platform.core.threads import WorkerThread
from services.platform.store.port import Store
from services.records.blobs import customer_blob_id, read_blob, write_blob

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class InlineFileStore:
    """Stores files. `sources` are the channels whose webhooks carry some."""

    sources: Mapping[str, InlineFiles]
    store: Store
    worker: WorkerThread

    async def store_files(
        self, account: Account, request: Request, activities: Sequence[Activity]
    ) -> Sequence[Activity]:
        """The activities, their attachments referring to stored files. Raises Unavailable, Unknown; a repeat does no harm.

        A file that cannot be read is left out: the message is worth more.
        """
        source = self.sources.get(account.channel)
        if source is None:
            return activities
        digests = {one.digest for activity in activities for one in activity.attachments if one.digest is not None}
        if not digests:
            return activities
        files = await self.worker.run(lambda: _read_files(source, account, request, digests))
        return [await self._with_files(activity, files, request) for activity in activities]

    async def _with_files(self, activity: Activity, files: Mapping[str, InlineFile], request: Request) -> Activity:
        attachments: list[Attachment] = []
        for attachment in activity.attachments:
            file = files.get(attachment.digest or "")
            attachments.append(await self._store_file(activity, attachment, file, request) if file else attachment)
        return activity.model_copy(update={"attachments": attachments})

    async def _store_file(
        self, activity: Activity, attachment: Attachment, file: InlineFile, request: Request
    ) -> Attachment:
        identity = customer_blob_id(activity.person_key, file.digest)
        # A repeated call finds the file: platforms repeat for days what they got no answer for.
        if await read_blob(self.store, activity.workspace, identity) is None:
            await write_blob(
                self.store,
                identity,
                file.content,
                workspace=activity.workspace,
                at=request.received_at,
                person=activity.person_key,
                name=attachment.name,
            )
        return attachment.model_copy(update={"blob": identity, "size_bytes": len(file.content)})


def _read_files(source: InlineFiles, account: Account, request: Request, digests: set[str]) -> Mapping[str, InlineFile]:
    try:
        return {file.digest: file for file in source.files(request, account) if file.digest in digests}
    except Exception as error:  # noqa: BLE001 -- our bug; the message is published without its files
        names = {"channel": account.channel, "workspace": account.workspace}
        _log.error("inline_files_not_read", **names, **error_location(error))
        return {}
