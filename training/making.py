"""Makes a weight table of phrases: vectors, regression, rounding to bytes, and the choice of the grams that are worth a line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from services.text.grams import MARKS, intent_grams, language_grams
from services.text.normalise import LETTERS, normalise
from services.text.weights import WeightTable, packed, write_table
from training.phrases_file import Phrase
from training.regression import Floats, Integers, Vectors, fit, vectors

SENTIMENTS = ("negative", "neutral", "positive")
PERSIAN_AS_ARABIC = str.maketrans({"ی": "ي", "ک": "ك", "\u200c": " "})
OTHER_KEYBOARD: dict[str, Callable[[str], str]] = {
    "fa": lambda text: text.translate(PERSIAN_AS_ARABIC),
    "ar": lambda text: text.translate(LETTERS),
    "lv": lambda text: text.translate(MARKS),
}
"""How a text of each language looks from a keyboard that lacks its letters."""
FEWEST = 2
"""A gram that only one phrase has says nothing of the next one."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a table is made: from which texts and classes, how strongly the weights may speak, and how many grams it keeps."""

    strength: float
    rounds: int
    keeps: int


INTENTS = Recipe(strength=40.0, rounds=80, keeps=40_000)
LANGUAGES = Recipe(strength=12.0, rounds=40, keeps=30_000)


def intent_table(phrases: Sequence[Phrase]) -> str:
    """The file that finds intents and sentiments: the classes are `intent …` and then `sentiment …`."""
    meant = [phrase for phrase in phrases if phrase.intent]
    data = vectors([intent_grams(normalise(phrase.text)) for phrase in meant], FEWEST)
    columns: list[tuple[list[str], list[str]]] = [
        (sorted({phrase.intent for phrase in meant}), [phrase.intent for phrase in meant]),
        (list(SENTIMENTS), [phrase.sentiment for phrase in meant]),
    ]
    fitted = [_fitted(data, names, labels, INTENTS) for names, labels in columns]
    weights = np.concatenate([weights for weights, _ in fitted], axis=1)
    constants = np.concatenate([constants for _, constants in fitted])
    classes = [f"intent {name}" for name in columns[0][0]] + [f"sentiment {name}" for name in SENTIMENTS]
    return _written(data, classes, weights, constants, INTENTS.keeps)


def language_table(phrases: Sequence[Phrase]) -> str:
    """The file that finds languages, with the spellings of keyboards that lack a language's letters."""
    spelled = [(phrase.language, text) for phrase in phrases for text in _spellings(phrase)]
    data = vectors([language_grams(text) for _, text in spelled], FEWEST)
    labels = [language for language, _ in spelled]
    classes = sorted(set(labels))
    weights, constants = _fitted(data, classes, labels, LANGUAGES)
    return _written(data, classes, weights, constants, LANGUAGES.keeps)


def _spellings(phrase: Phrase) -> list[str]:
    respelled = OTHER_KEYBOARD.get(phrase.language, str)(phrase.text.lower())
    return list(dict.fromkeys([phrase.text, respelled]))


def _fitted(data: Vectors, names: Sequence[str], labels: Sequence[str], recipe: Recipe) -> tuple[Floats, Floats]:
    numbers: Integers = np.array([names.index(label) for label in labels])
    return fit(data, numbers, len(names), strength=recipe.strength, rounds=recipe.rounds)


def _written(data: Vectors, classes: Sequence[str], weights: Floats, constants: Floats, keeps: int) -> str:
    # Of a gram the table has idf·weight; what moves no class by much is left out.
    moved = weights * data.rarity[:, None]
    spread = moved.max(axis=1) - moved.min(axis=1)
    chosen = np.sort(np.argsort(-spread, kind="stable")[:keeps])
    step = float(np.abs(moved[chosen]).max()) / 127
    rarity_step = float(data.rarity.max() ** 2) / 255
    steps = np.rint(moved[chosen] / step).astype(int) + 128
    squares = np.clip(np.rint(data.rarity[chosen] ** 2 / rarity_step), 1, 255).astype(int)
    fields = {
        data.vocabulary[at]: [*map(int, row), int(square)]
        for at, row, square in zip(chosen, steps, squares, strict=True)
    }
    table = WeightTable(
        tuple(classes),
        tuple(map(float, constants)),
        step,
        rarity_step,
        data.unknown,
        {gram: packed(row) for gram, row in fields.items()},
    )
    return write_table(table, fields)
