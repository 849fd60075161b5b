"""Multinomial logistic regression over sparse tf·idf vectors, with the same result every time."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Vectors:
    """The tf·idf vectors of texts, one after the other: `values` at `columns`; text i begins at `starts[i]`."""

    vocabulary: list[str]
    rarity: Floats
    unknown: float
    columns: Integers
    values: Floats
    starts: Integers


def vectors(texts: Sequence[Sequence[str]], fewest: int) -> Vectors:
    """The vectors of texts, each given by its grams. A gram that fewer than `fewest` texts have is unknown."""
    frequency: Counter[str] = Counter()
    for grams in texts:
        frequency.update(set(grams))
    vocabulary = sorted(gram for gram, count in frequency.items() if count >= fewest)
    index = {gram: at for at, gram in enumerate(vocabulary)}
    rarity = np.array([1 + np.log(len(texts) / frequency[gram]) for gram in vocabulary], np.float32)
    unknown = float(np.mean(rarity) ** 2) * UNKNOWN_SHARE
    columns: list[int] = []
    values: list[float] = []
    starts: list[int] = []
    for grams in texts:
        starts.append(len(columns))
        counts = Counter(index[gram] for gram in grams if gram in index)
        missing = len(grams) - sum(counts.values())
        # A gram that occurs twice counts twice in the length as well, because the service adds up square by square.
        length = float(np.sqrt(sum(n * rarity[at] ** 2 for at, n in counts.items()) + missing * unknown)) or 1.0
        columns += counts
        values += [n * float(rarity[at]) / length for at, n in counts.items()]
    return Vectors(
        vocabulary, rarity, unknown, np.array(columns), np.array(values, np.float32), np.array(starts, np.int64)
    )


UNKNOWN_SHARE = 0.25
"""How much a gram that the table lacks counts in the length of a text, against one of usual rarity."""


def fit(data: Vectors, labels: Integers, classes: int, *, strength: float, rounds: int) -> tuple[Floats, Floats]:
    """The weights (a row for each gram) and constants that explain the labels best. `strength`: how little they are held back.

    The loss is the sum over texts plus ‖weights‖² ÷ (2·strength). L-BFGS (Nocedal, 1980) with a memory of `MEMORY` rounds.
    """
    texts, size = len(labels), len(data.vocabulary)
    rows = np.repeat(np.arange(texts), np.diff(np.append(data.starts, len(data.columns))))
    order = np.argsort(data.columns, kind="stable")
    by_column_rows, by_column_values = rows[order], data.values[order, None]
    column_starts = np.searchsorted(data.columns[order], np.arange(size))
    target = np.zeros((texts, classes), np.float32)
    target[np.arange(texts), labels] = 1
    held = np.full((size + 1, classes), 1 / strength, np.float32)
    held[size] = 0  # constants are not held back

    def loss(point: Floats) -> tuple[float, Floats]:
        scores = np.add.reduceat(point[data.columns] * data.values[:, None], data.starts, axis=0) + point[size]
        scores -= scores.max(axis=1, keepdims=True)
        logarithms = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        error = np.exp(logarithms) - target
        slope = held * point
        slope[:size] += np.add.reduceat(error[by_column_rows] * by_column_values, column_starts, axis=0)
        slope[size] += error.sum(axis=0)
        return float(-(logarithms * target).sum() + 0.5 * (held * point * point).sum()), slope

    best = _lowest(loss, np.zeros((size + 1, classes), np.float32), rounds)
    return best[:size], best[size]


MEMORY = 8
FIRST_STEP = 1.0
ENOUGH = 1e-4
"""A step has to lower the loss by this share of what the slope promises (Armijo)."""


def _lowest(loss: Callable[[Floats], tuple[float, Floats]], point: Floats, rounds: int) -> Floats:
    """The point that the method reaches in so many rounds."""
    value, slope = loss(point)
    history: list[tuple[Floats, Floats, float]] = []
    for number in range(rounds):
        direction = -_scaled(slope, history)
        length = 1.0 if number else FIRST_STEP / float(np.linalg.norm(slope))
        promised = float((slope * direction).sum())
        new_value, new_slope = loss(point + np.float32(length) * direction)
        while new_value > value + ENOUGH * length * promised and length > SHORTEST:
            length /= 2
            new_value, new_slope = loss(point + np.float32(length) * direction)
        moved, bent = np.float32(length) * direction, new_slope - slope
        curvature = float((moved * bent).sum())
        if curvature > 0:
            history = [*history, (moved, bent, 1 / curvature)][-MEMORY:]
        point, value, slope = point + moved, new_value, new_slope
    return point


SHORTEST = 1e-6


def _scaled(slope: Floats, history: Sequence[tuple[Floats, Floats, float]]) -> Floats:
    """The slope times an estimate of the inverse curvature, from the last rounds (the two loops of the method)."""
    result, factors = slope.copy(), []
    for moved, bent, inverse in reversed(history):
        factor = np.float32(inverse * float((moved * result).sum()))
        factors.append(factor)
        result -= factor * bent
    if history:
        _, bent, inverse = history[-1]
        result *= np.float32(1 / (inverse * float((bent * bent).sum())))
    for (moved, bent, inverse), factor in zip(history, reversed(factors), strict=True):
        result += moved * (factor - np.float32(inverse * float((bent * result).sum())))
    return result
