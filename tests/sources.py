"""The code as syntax trees, for tests that hold all of it to a rule."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]


@cache
def parse_source(path: Path) -> ast.Module:
    """The syntax tree of a file. Several tests walk all files, and parsing them takes 0.6 s: each is parsed once."""
    return ast.parse((ROOT / path).read_text())
