"""The files of a mail: what activities say of them, and their bytes."""

from collections.abc import Iterator, Mapping
from mimetypes import guess_type

from schemas.activity import Attachment, AttachmentKind
from services.channels.json_access import drop_none
from services.channels.mail.message import MailPart, ReceivedMail
from services.channels.mail.tnef import TnefFile, tnef_files
from services.channels.port import InlineFile

TNEF_TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
KINDS: Mapping[str, AttachmentKind] = {"image": "image", "video": "video", "audio": "audio"}


def attachments(mail: ReceivedMail) -> list[Attachment]:
    """The attachments of a mail, each content once."""
    found = {part.digest or part.url: part for part in _files(mail) if part.content or part.url}
    return [_attachment(part, mail.html or "") for part in found.values()]


def inline_files(mail: ReceivedMail) -> Iterator[InlineFile]:
    """The bytes of what `attachments` names by a digest."""
    for part in _files(mail):
        if part.digest is not None:
            yield InlineFile(part.digest, part.content)


def _files(mail: ReceivedMail) -> Iterator[MailPart]:
    """The parts of a mail; in place of a file of Outlook's the files that are in it, if it can be read."""
    for part in mail.parts:
        inside = tnef_files(part.content) if part.media_type in TNEF_TYPES or part.name == "winmail.dat" else []
        yield from (_from_outlook(file) for file in inside) if inside else (part,)


def _from_outlook(file: TnefFile) -> MailPart:
    stated, _ = guess_type(file.name)
    return MailPart(stated or "application/octet-stream", file.content, name=file.name[:200] or None)


def _attachment(part: MailPart, html: str) -> Attachment:
    # A picture that the text shows is no attachment to people, but it may be the screenshot that the mail is about.
    is_shown = part.is_inline and bool(part.content_id) and f"cid:{part.content_id}" in html
    return Attachment(
        kind=KINDS.get(part.media_type.partition("/")[0], "file"),
        name=part.name,
        media_type=part.media_type,
        size_bytes=len(part.content) if part.content else part.stored_bytes,
        url=part.url,
        digest=part.digest,
        details=drop_none(content_id=part.content_id, inline=is_shown or None),
    )
