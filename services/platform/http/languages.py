"""Which language a reader wants of those that there are, by `Accept-Language` (RFC 9110, 12.5.4)."""

from collections.abc import Sequence
from typing import TypeVar

Known = TypeVar("Known", bound=str)


def preferred_language(header: str | None, known: Sequence[Known]) -> Known:
    """The known language that the header likes best; the first one where it names none. Regions do not matter."""
    weighted = [_weighted(part) for part in (header or "").split(",")]
    best: Known = known[0]
    most = 0.0
    for tag, weight in weighted:
        found = next((one for one in known if one == tag.split("-")[0]), None)
        found = known[0] if found is None and tag == "*" else found
        if found is not None and weight > most:
            best, most = found, weight
    return best


def _weighted(part: str) -> tuple[str, float]:
    tag, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = next((one.removeprefix("q=") for one in parameters if one.startswith("q=")), "1")
    try:
        return tag, float(weight)
    except ValueError:
        return tag, 0.0
