"""Changes that arrived before the message that they change: which of them are stored, and in which order they apply. Pure."""

from collections.abc import Iterable, Sequence

from schemas.activity import Activity
from services.router.conversations.domain.activities import happened_at

MAX_EARLY = 50
"""How many changes wait for one message: the latest of them."""
ORDER = ("edit", "reaction", "visibility", "receipt", "deletion")
"""Kinds in the order in which they apply: a deletion takes everything else along."""


def merged(early: Sequence[Activity], change: Activity) -> list[Activity]:
    """The stored changes after one more. Of those of one sort the newest stays; of two of one time the later to arrive."""
    same = next((one for one in early if _sort(one) == _sort(change)), None)
    if same is not None and happened_at(same) > happened_at(change):
        return list(early)
    return [*(one for one in early if one is not same), change][-MAX_EARLY:]


def in_order(early: Iterable[Activity]) -> list[Activity]:
    """The changes in the order in which they apply."""
    return sorted(early, key=lambda change: ORDER.index(change.kind))


def _sort(change: Activity) -> tuple[str, ...]:
    """What a change replaces: the reaction of the same person, the receipt of the same state, any other change of its kind."""
    if change.kind == "reaction":
        return change.kind, change.author, change.person
    if change.kind == "receipt":
        return change.kind, str(change.receipt_state)
    return (change.kind,)
