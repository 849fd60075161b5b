"""Why agents are refused, in their languages and in the numbers of these."""

import pytest

from schemas.values import AgentLanguage
from services.domain.work_phrases import BOOK


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "sara uses 4 of 4 units."),
        ("fa", "sara ۴ از ۴ واحد را به کار گرفته است."),
        ("ar", "يشغل sara ٤ من ٤ وحدات."),
        ("lv", "Aģents sara izmanto 4 no 4 vienībām."),
    ],
)
def test_a_full_agent_is_told_so_in_their_language(language: AgentLanguage, words: str) -> None:
    problem = BOOK.problem(409, "No free unit", "no_free_unit", None, {"agent": "sara", "load": 4, "capacity": 4})
    said = BOOK.translated(problem, language).detail
    assert said.translate({0x2068: None, 0x2069: None}).startswith(words)
    assert (problem.reason, problem.params) == ("no_free_unit", {"agent": "sara", "load": 4, "capacity": 4})


def test_a_problem_of_another_book_keeps_its_words() -> None:
    problem = BOOK.problem(409, "Not snoozed", "not_snoozed", None, {}).model_copy(update={"reason": "of_others"})
    assert BOOK.translated(problem, "fa") == problem
