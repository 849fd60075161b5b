"""The shipped tables are what the phrases give, so that nobody edits one of them alone."""

from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from services.text.intents import INTENTS
from services.text.tables import table
from services.text.weights import FIELD_BITS, FIELD_MASK, WeightTable, probabilities, read_table
from training.making import intent_table, language_table
from training.phrases_file import Phrase, read_phrases

Make = Callable[[Sequence[Phrase]], str]
PHRASES = read_phrases()


def bytes_of(weights: WeightTable, gram: str) -> list[int]:
    packed = weights.grams[gram]
    return [packed >> FIELD_BITS * place & FIELD_MASK for place in range(len(weights.classes) + 1)]


@pytest.mark.parametrize(("name", "make"), [("intents", intent_table), ("languages", language_table)])
def test_the_shipped_table_is_what_the_phrases_give(name: str, make: Make) -> None:
    """To a rounding: processors differ in the last digit of an exponential, and so in some bytes by one."""
    shipped, made = table(name), read_table(make(PHRASES))
    assert shipped.classes == made.classes
    assert len(shipped.grams.keys() ^ made.grams.keys()) <= len(made.grams) / 200
    common = shipped.grams.keys() & made.grams.keys()
    differences = Counter(
        abs(one - other)
        for gram in common
        for one, other in zip(bytes_of(shipped, gram), bytes_of(made, gram), strict=True)
    )
    assert max(differences) <= 2
    assert differences[0] >= 0.98 * differences.total()


def test_there_are_phrases_of_every_intent_in_every_language() -> None:
    counts = Counter((phrase.language, phrase.intent) for phrase in PHRASES)
    for language in ("en", "fa", "ar", "lv"):
        assert min(counts[language, intent] for intent in (*INTENTS, "other")) >= 80
    assert min(counts["finglish", intent] for intent in INTENTS) >= 25
    assert len(PHRASES) >= 9_000


def test_scores_are_those_of_the_regression() -> None:
    weights = WeightTable(("a", "b"), (0.5, -0.5), 0.1, 0.5, 2.0, {"x": 138 << 48 | 118 << 24 | 8})
    length = (8 * 0.5 + 2.0) ** 0.5
    assert weights.scores(["x", "unknown"]) == pytest.approx([0.5 + 1 / length, -0.5 - 1 / length])
    assert weights.scores([]) == [0.5, -0.5]
    assert sum(probabilities([1.0, 2.0, 900.0])) == pytest.approx(1)
