"""`python -m training`: write the tables of `services/text/tables` anew, after the phrases or the grams changed."""

from pathlib import Path

from training.making import intent_table, language_table
from training.phrases_file import read_phrases

TABLES = Path(__file__).parent.parent / "services" / "text" / "tables"


def main() -> None:
    """Write both tables."""
    phrases = read_phrases()
    (TABLES / "intents.tsv").write_text(intent_table(phrases), "utf-8")
    (TABLES / "languages.tsv").write_text(language_table(phrases), "utf-8")


if __name__ == "__main__":
    main()
