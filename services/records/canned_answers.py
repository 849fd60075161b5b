"""The collection of canned answers, one document each: a workspace may have hundreds, and no processor needs them."""

from services.domain.canned_answers import CannedAnswer
from services.platform.store.port import Collection, Index

CANNED_ANSWERS = Collection(
    "canned_answers", CannedAnswer, writer="rest", indexes=(Index("workspace", ("workspace", "title")),)
)


def canned_id(workspace: str, answer: str) -> str:
    """The document id of a canned answer."""
    return f"{workspace}/{answer}"
