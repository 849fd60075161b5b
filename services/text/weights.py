"""A table of weights by gram: logistic regression that a text is judged with in pure Python.

A gram counts by how rare it is (its inverse document frequency), and a text by the length of its vector: x = tf·idf ÷ ‖tf·idf‖.
The table has idf·weight of each gram and class in one byte, and idf² in one more. All bytes of a gram are fields of one
integer, so that one addition adds up all classes: a text of 60 characters is judged in some 40 µs.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, sqrt

FIELD_BYTES = 3
"""The bytes of a field of the integer: the sum of 65,000 bytes fits."""
FIELD_BITS, FIELD_MASK = 8 * FIELD_BYTES, (1 << 8 * FIELD_BYTES) - 1
ZERO = 128
"""The byte of the weight 0: a weight of −1 is 127."""


@dataclass(frozen=True, slots=True)
class WeightTable:
    """The classes with their constant scores, and each gram's bytes: a weight for each class, then the square of its rarity.

    `step` is what a weight of 1 means in scores, `rarity_step` what a square of 1 means. `unknown` is the square of the
    rarity of a gram that the table lacks: a text of unknown words has small scores.
    """

    classes: tuple[str, ...]
    constants: tuple[float, ...]
    step: float
    rarity_step: float
    unknown: float
    grams: Mapping[str, int]

    def scores(self, grams: Sequence[str]) -> list[float]:
        """The score of each class (the logarithm of its odds, up to a constant), in the order of `classes`."""
        known = [*filter(None, map(self.grams.get, grams))]
        total, count = sum(known), len(known)
        rarity = (total & FIELD_MASK) * self.rarity_step + (len(grams) - count) * self.unknown
        factor = self.step / sqrt(rarity) if rarity else 0.0
        scores = []
        for constant in reversed(self.constants):
            total >>= FIELD_BITS
            scores.append(constant + ((total & FIELD_MASK) - ZERO * count) * factor)
        return scores[::-1]


def probabilities(scores: Iterable[float]) -> list[float]:
    """Scores as probabilities that add up to 1."""
    listed = list(scores)
    highest = max(listed)
    parts = [exp(score - highest) for score in listed]
    whole = sum(parts)
    return [part / whole for part in parts]


def packed(fields: Sequence[int]) -> int:
    """Bytes as the fields of one integer, the last one lowest."""
    spread = bytearray(FIELD_BYTES * len(fields))
    spread[FIELD_BYTES - 1 :: FIELD_BYTES] = bytes(fields)
    return int.from_bytes(spread, "big")


def read_table(text: str) -> WeightTable:
    """The table of a file as `write_table` makes it."""
    lines = text.split("\n")
    step, rarity_step, unknown = map(float, lines[0].split("\t"))
    classes = [line.split("\t") for line in lines[1 : lines.index("")]]
    rows = (line.split("\t") for line in lines[lines.index("") + 1 :] if line)
    grams = {gram: packed(b64decode(fields)) for gram, fields in rows}
    return WeightTable(
        tuple(name for name, _ in classes),
        tuple(float(constant) for _, constant in classes),
        step,
        rarity_step,
        unknown,
        grams,
    )


def write_table(table: WeightTable, fields: Mapping[str, Sequence[int]]) -> str:
    """A file: a line of the three numbers, a line for each class, an empty one, and a line for each gram in their order."""
    head = "\t".join(f"{number:.6g}" for number in (table.step, table.rarity_step, table.unknown))
    classes = [f"{name}\t{constant:.4f}" for name, constant in zip(table.classes, table.constants, strict=True)]
    rows = [f"{gram}\t{b64encode(bytes(fields[gram])).decode()}" for gram in sorted(fields)]
    return "\n".join([head, *classes, "", *rows, ""])
