"""Whether a channel takes the files of a reply, and as what. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from schemas.activity import Attachment, AttachmentKind
from schemas.channel import Capabilities, MediaLimit
from schemas.outbound import OutboundAttachment
from services.domain.media_types import UNKNOWN, kind_for


@dataclass(frozen=True, slots=True)
class FileProblem:
    """Why a channel does not take a file, or several: the JSON pointer, and the name and the parameters of the sentence."""

    pointer: str
    reason: str
    params: Mapping[str, str | int]


def as_sent(files: Sequence[OutboundAttachment], capabilities: Capabilities) -> list[OutboundAttachment]:
    """The files, each of the kind as which the channel takes it; of those that `file_problem` lets pass."""
    return [file.model_copy(update={"kind": _accepted_kind(file, capabilities) or file.kind}) for file in files]


def to_attachment(file: OutboundAttachment) -> Attachment:
    """A file of a reply as an attachment of its message."""
    return Attachment(
        kind=file.kind, name=file.name, media_type=file.media_type, size_bytes=file.size_bytes, blob=file.blob
    )


def caption_limit(kinds: Collection[AttachmentKind], capabilities: Capabilities) -> int | None:
    """The longest text beside files of these kinds in one message; None: no files, or any text that the channel takes."""
    own = {limit.kind: limit.caption_limit for limit in capabilities.media if limit.caption_limit is not None}
    stated = [own.get(kind, capabilities.caption_limit) for kind in kinds]
    return min((limit for limit in stated if limit is not None), default=None)


def file_problem(files: Sequence[OutboundAttachment], channel: str, capabilities: Capabilities) -> FileProblem | None:
    """Why the channel does not take these files; None: it takes them."""
    if not files:
        return None
    if not capabilities.media:
        return FileProblem("/attachments", "no_files", {"channel": channel})
    if len(files) > capabilities.max_files:
        counts = {"limit": capabilities.max_files, "count": len(files)}
        return FileProblem("/attachments", "too_many_files", {"channel": channel, **counts})
    for number, file in enumerate(files):
        if _accepted_kind(file, capabilities) is None:
            reason, params = _refusal(file, capabilities)
            about: dict[str, str | int] = {"file": file.name or file.media_type, "channel": channel}
            return FileProblem(f"/attachments/{number}", reason, {**about, **params})
    together, most = sum(file.size_bytes for file in files), capabilities.max_files_bytes
    if most is not None and together > most:
        reason, sizes = _too_large(together, most, "files")
        return FileProblem("/attachments", reason, {"channel": channel, **sizes})
    return None


def _accepted_kind(file: OutboundAttachment, capabilities: Capabilities) -> AttachmentKind | None:
    """The file's own kind, else that of its type, else `file`: a picture may be too large for a photo, a voice note no kind."""
    kinds: tuple[AttachmentKind, ...] = (file.kind, kind_for(file.media_type), "file")
    return next((kind for kind in kinds if _fitting(file, kind, capabilities)), None)


def _fitting(file: OutboundAttachment, kind: AttachmentKind, capabilities: Capabilities) -> MediaLimit | None:
    limits = [limit for limit in capabilities.media if limit.kind == kind and _takes_type(limit, file.media_type)]
    return next((limit for limit in limits if file.size_bytes <= limit.max_bytes), None)


def _takes_type(limit: MediaLimit, media_type: str) -> bool:
    return limit.media_types is None or media_type in limit.media_types


def _refusal(file: OutboundAttachment, capabilities: Capabilities) -> tuple[str, dict[str, str | int]]:
    of_type = [limit for limit in capabilities.media if limit.kind in (file.kind, kind_for(file.media_type), "file")]
    sizes = [limit.max_bytes for limit in of_type if _takes_type(limit, file.media_type)]
    if sizes:
        return _too_large(file.size_bytes, max(sizes), "file")
    types = ", ".join(sorted({known for limit in capabilities.media for known in limit.media_types or ()}))
    if file.media_type == UNKNOWN:
        return "file_type_unknown", {"types": types}
    return "file_type", {"type": file.media_type, "types": types}


def _too_large(size: int, limit: int, what: str) -> tuple[str, dict[str, str | int]]:
    # In MB where that does not hide their difference.
    is_clear = min(size, limit) >= 100_000 and f"{size / 1_000_000:.1f}" != f"{limit / 1_000_000:.1f}"
    return f"{what}_too_large" if is_clear else f"{what}_slightly_too_large", {"size": size, "limit": limit}
