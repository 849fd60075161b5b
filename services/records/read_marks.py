"""Up to where agents have read conversations: one document per conversation. REST writes it; no fact says so."""

from dataclasses import dataclass, field

from schemas.values import Instant
from services.domain.read_marks import ReadMark
from services.platform.store.port import Collection, Index


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMarks:
    """The marks of a conversation's agents, by their ids. Its document id is the conversation's.

    `version` rises with each write, `at` is when that was.
    """

    workspace: str
    conversation: str
    version: int = 0
    marks: dict[str, ReadMark] = field(default_factory=dict)
    at: Instant


READ_MARKS = Collection("read_marks", ReadMarks, writer="rest", indexes=(Index("changed", ("workspace", "at")),))
