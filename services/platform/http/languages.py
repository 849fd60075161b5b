"""Selects one of the available languages by `Accept-Language` (RFC 9110, 12.5.4)."""

from collections.abc import Sequence
from typing import TypeVar

Known = TypeVar("Known", bound=str)


def preferred_language(header: str | None, known: Sequence[Known]) -> Known:
    """The known language with the highest weight in the header; the first known one if the header names none.

    Regions are ignored: `pt-BR` is `pt`.
    """
    weighted = [_weighted(part) for part in (header or "").split(",")]
    best: Known = known[0]
    best_weight = 0.0
    for tag, weight in weighted:
        found = next((one for one in known if one == tag.split("-")[0]), None)
        found = known[0] if found is None and tag == "*" else found
        if found is not None and weight > best_weight:
            best, best_weight = found, weight
    return best


def _weighted(part: str) -> tuple[str, float]:
    tag, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = next((one.removeprefix("q=") for one in parameters if one.startswith("q=")), "1")
    try:
        return tag, float(weight)
    except ValueError:
        return tag, 0.0
