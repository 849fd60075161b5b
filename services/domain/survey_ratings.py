"""The ratings among the answers of a survey: satisfaction (CSAT) and recommendation (NPS), by the `ref` of their questions. Pure."""

from collections.abc import Iterator, Sequence

from schemas.activity import SurveyAnswer
from schemas.conversation import SurveyRating
from schemas.values import Json

CSAT: tuple[SurveyRating, ...] = ("csat_1", "csat_2", "csat_3", "csat_4", "csat_5")


def ratings_of(answers: Sequence[SurveyAnswer]) -> list[SurveyRating]:
    """The rating of each answer that is one: of a question `csat` from 1 to 5, of a question `nps` from 0 to 10."""
    return list(_ratings(answers))


def _ratings(answers: Sequence[SurveyAnswer]) -> Iterator[SurveyRating]:
    for answer in answers:
        score = _whole(answer.value)
        if answer.ref == "csat" and score is not None and 1 <= score <= 5:
            yield CSAT[score - 1]
        if answer.ref == "nps" and score is not None and 0 <= score <= 10:
            yield "nps_promoter" if score >= 9 else "nps_passive" if score >= 7 else "nps_detractor"


def _whole(value: Json) -> int | None:
    """A whole number; JSON's true and false are none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
