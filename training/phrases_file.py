"""Reads the phrases that the tables are made of.

A file per language has headings `# intent` or `# intent sentiment`, and below each one phrase a line. Without a stated
sentiment a complaint is negative, praise positive, anything else neutral; a line that begins with `-` or `+` is negative or
positive whatever its heading says.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "phrases"
FROM_INTENT = {"complaint": "negative", "praise": "positive"}
FROM_SIGN = {"-": "negative", "+": "positive"}


@dataclass(frozen=True, slots=True)
class Phrase:
    """A message as a customer may write it, with what it is. `intent` and `sentiment` are empty where only its language counts."""

    language: str
    intent: str
    sentiment: str
    text: str


def read_phrases(folder: Path = FOLDER) -> list[Phrase]:
    """The phrases of all files, in the order of the files' names; a text that stands twice under one heading counts once."""
    found = (phrase for path in sorted(folder.glob("*.txt")) for phrase in _of_file(path))
    return list(dict.fromkeys(found))


def _of_file(path: Path) -> Iterator[Phrase]:
    language, intent, stated = path.stem.split("-")[0], "", ""
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("# "):
            intent, _, stated = line[2:].strip().partition(" ")
        elif line.strip():
            sign = FROM_SIGN.get(line[0], "")
            text = line[1:].strip() if sign else line.strip()
            yield Phrase(language, intent, sign or stated or FROM_INTENT.get(intent, "neutral"), text)
