"""Whether a channel takes the files of a reply, and as what. Pure."""

from collections.abc import Collection, Sequence

from schemas.activity import Attachment, AttachmentKind
from schemas.channel import Capabilities, MediaLimit
from schemas.outbound import OutboundAttachment
from services.domain.media_types import UNKNOWN, kind_for


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


def file_problem(
    files: Sequence[OutboundAttachment], channel: str, capabilities: Capabilities
) -> tuple[str, str] | None:
    """(JSON pointer, sentence) about why the channel does not take these files; None: it takes them."""
    if not files:
        return None
    if not capabilities.media:
        return "/attachments", f"{channel} takes no files here. Send a text."
    if len(files) > capabilities.max_files:
        sentence = f"{channel} takes at most {capabilities.max_files} files in one message; these are {len(files)}."
        return "/attachments", f"{sentence} Send the rest in another reply."
    for number, file in enumerate(files):
        if _accepted_kind(file, capabilities) is None:
            return f"/attachments/{number}", _refusal(file, channel, capabilities)
    together, most = sum(file.size_bytes for file in files), capabilities.max_files_bytes
    if most is not None and together > most:
        has, taken = _shown_sizes(together, most)
        return "/attachments", f"These files have {has} together, and {channel} takes at most {taken}. Send some apart."
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


def _refusal(file: OutboundAttachment, channel: str, capabilities: Capabilities) -> str:
    name = file.name or "This file"
    of_type = [limit for limit in capabilities.media if limit.kind in (file.kind, kind_for(file.media_type), "file")]
    sizes = [limit.max_bytes for limit in of_type if _takes_type(limit, file.media_type)]
    if sizes:
        has, most = _shown_sizes(file.size_bytes, max(sizes))
        return f"{name} has {has}, and {channel} takes at most {most}. Send a smaller one."
    what = "a type that its bytes do not show" if file.media_type == UNKNOWN else f"of type {file.media_type}"
    return f"{name} is {what}; {channel} takes {', '.join(_known_types(capabilities))}."


def _known_types(capabilities: Capabilities) -> list[str]:
    return sorted({known for limit in capabilities.media for known in limit.media_types or ()})


def _shown_sizes(*sizes: int) -> list[str]:
    """Sizes for people: in MB of a million bytes, or in bytes where that would hide their difference."""
    shown = [f"{size / 1_000_000:.1f} MB" for size in sizes]
    is_clear = min(sizes) >= 100_000 and len(set(shown)) == len(sizes)
    return shown if is_clear else [f"{size:,} bytes" for size in sizes]
