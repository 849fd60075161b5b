"""Which answers of a survey are ratings, and which rating each is."""

import pytest

from schemas.activity import SurveyAnswer
from schemas.values import Json
from services.domain.survey_ratings import ratings_of


@pytest.mark.parametrize(
    ("ref", "value", "rating"),
    [
        *(("csat", score, f"csat_{score}") for score in range(1, 6)),
        *(("nps", score, "nps_detractor") for score in range(7)),
        *(("nps", score, "nps_passive") for score in (7, 8)),
        *(("nps", score, "nps_promoter") for score in (9, 10)),
    ],
)
def test_an_answer_in_its_scale_is_a_rating(ref: str, value: int, rating: str) -> None:
    assert ratings_of([SurveyAnswer(ref=ref, value=value)]) == [rating]


@pytest.mark.parametrize(
    ("ref", "value"),
    [("csat", 0), ("csat", 6), ("nps", -1), ("nps", 11), ("csat", True), ("csat", "5"), ("csat", 4.5), ("why", 5)],
)
def test_anything_else_is_none(ref: str, value: Json) -> None:
    assert ratings_of([SurveyAnswer(ref=ref, value=value)]) == []


def test_a_survey_may_have_both() -> None:
    answers = [SurveyAnswer(ref="csat", value=4), SurveyAnswer(ref="why", value="x"), SurveyAnswer(ref="nps", value=9)]
    assert ratings_of(answers) == ["csat_4", "nps_promoter"]
