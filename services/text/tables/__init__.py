"""The tables of weights that `python -m training` makes of the phrases in `training/phrases`. Nobody edits them by hand."""

from functools import lru_cache
from importlib.resources import files

from services.text.weights import WeightTable, read_table


# Reading a table takes some 60 ms and 10 MB, so each is read at the first text that needs it, and once.
@lru_cache(maxsize=2)
def table(name: str) -> WeightTable:
    """The table `intents` or `languages`."""
    return read_table(files(__name__).joinpath(f"{name}.tsv").read_text("utf-8"))
