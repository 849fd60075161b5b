"""The glossary has every word of the domain that an event type or a name in OpenAPI uses, and no word that nothing uses."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from schemas.events import EVENT_TYPES
from services.channels.registry import CHANNELS

ROOT = Path(__file__).parents[2]
ENTRY = re.compile(r"^- \*\*(?P<term>[^*]+)\*\*: (?P<meaning>.+)$")
HAPPENS = """
accept accepted add cancelled change changed claim claimed clear cleared close closed completed confirm confirmed continue created decline delete
deleted deletion delivered edit edited expired explain failed follow forward fulfilled late match merge noted opened paused put
perform performed place placed queued removed reapplied reapply received replied request rerouted resolve resolved resumed saved sending sent
set sign started hidden reacted transferred unassigned unhidden unknown withdraw verification warned assigned breached reopened answered
blocked unblocked uploaded erase erased forgotten found join part linked recycled renewed return returned
"""
FORMS = "action body count error field page response result row stat view"
NOUNS = """
answer attempt author text availability calendar content call check configuration data detail due duration event failure file force gate health
identifier link media name overview own phone problem rate readiness removal setting state status unconfirmed warning work
"""
"""Plain English: what happens to a thing, what a document is for, and nouns that mean what they mean everywhere."""


def glossary() -> dict[str, str]:
    lines = (ROOT / "docs" / "glossary.md").read_text().splitlines()
    return {found["term"]: found["meaning"] for found in map(ENTRY.match, lines) if found}


def words_in(name: str) -> Iterator[str]:
    """`TaskDueChanged`, `task_due_changed` and `pasokh.task.due-changed` alike, in lower case."""
    yield from (word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name))


def singular(word: str) -> str:
    return word.removesuffix("ies") + "y" if word.endswith("ies") else word.removesuffix("s") if len(word) > 3 else word


def known_words() -> set[str]:
    """Every word of the terms, of what the glossary sets in italics beside them, of plain English, and channels' names."""
    entries = glossary()
    beside = [word for meaning in entries.values() for word in re.findall(r"\*([a-z ]+)\*", meaning)]
    channels = [channel.name for channel in CHANNELS]
    return {singular(word) for text in (*entries, *beside, *channels, HAPPENS, FORMS, NOUNS) for word in words_in(text)}


def unknown(names: Iterable[str]) -> dict[str, list[str]]:
    known = known_words()
    found = {name: [word for word in words_in(name) if singular(word) not in known] for name in names}
    return {name: words for name, words in found.items() if words}


def test_every_word_of_an_event_type_is_explained() -> None:
    assert unknown(name.removeprefix("pasokh.") for name in EVENT_TYPES) == {}


def test_every_word_of_a_name_in_openapi_is_explained() -> None:
    document = json.loads((ROOT / "schemas" / "export" / "openapi.json").read_text())
    assert unknown(document["components"]["schemas"]) == {}


def test_every_term_is_used() -> None:
    """In a name of the code: a class, a function, a field, an event type, a collection."""
    identifiers = {
        identifier
        for folder in ("schemas", "services")
        for path in (ROOT / folder).rglob("*.py")
        for identifier in re.findall(r"[A-Za-z_][A-Za-z0-9_.]*", path.read_text())
    }
    used = {" ".join(singular(word) for word in words_in(identifier)) for identifier in identifiers}
    everything = "\n".join(f" {words} " for words in used)
    unused = [term for term in glossary() if f" {' '.join(map(singular, words_in(term)))} " not in everything]
    assert unused == []


def test_terms_are_given_once_and_in_order() -> None:
    sections = (ROOT / "docs" / "glossary.md").read_text().split("\n## ")[1:]
    for section in sections:
        terms = [found["term"].lower() for found in map(ENTRY.match, section.splitlines()) if found]
        assert terms == sorted(set(terms))
