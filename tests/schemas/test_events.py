"""The table of event types says everything that is ever sent, and nothing else."""

import ast
import re
from collections.abc import Iterator

import pytest

from schemas.events import ACCOUNT_FACTS, CONVERSATION_FACTS, EVENT_TYPES, FACTS, SLA_FACTS, of_topic
from schemas.topics import BY_NAME, TOPICS, is_fact
from tests.sources import ROOT, parse_source

SOURCES = sorted(path.relative_to(ROOT) for path in (ROOT / "services").rglob("*.py"))
TYPE = re.compile(
    r"pasokh\.(inbound|command|assignment|customer|identity|sla|delivery|conversation|outbound|routing|control)\.[a-z_]+"
)


def literals() -> Iterator[tuple[str, str]]:
    """Every text in the code that is an event type as a whole, and where it stands."""
    for path in SOURCES:
        for node in ast.walk(parse_source(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and TYPE.fullmatch(node.value):
                yield node.value, f"{path}:{node.lineno}"


def words_of(function: str, position: int, folder: str) -> set[str]:
    """The texts that stand at one place of each call of a function."""
    found = set()
    for path in [one for one in SOURCES if one.is_relative_to(folder)]:
        for node in ast.walk(parse_source(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == function:
                inside = node.args[position : position + 1]
                constants = (one for argument in inside for one in ast.walk(argument) if isinstance(one, ast.Constant))
                found |= {one.value for one in constants if isinstance(one.value, str)}
    return found


def test_every_type_that_stands_in_the_code_is_in_the_table() -> None:
    unknown = {where: name for name, where in literals() if name not in EVENT_TYPES}
    assert len(set(dict(literals()))) > 25
    assert unknown == {}


def test_every_word_that_conversations_record_is_in_the_table() -> None:
    recorded = words_of("record_fact", 1, "services/router/conversations")
    assert {"opened", "message_received", "replied"} <= recorded
    assert recorded <= set(CONVERSATION_FACTS)


def test_every_word_that_sla_emits_is_in_the_table() -> None:
    recorded = words_of("ClockEvent", 0, "services/sla")
    assert {"started", "breached"} <= recorded <= set(SLA_FACTS)


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
def test_each_type_travels_on_topics_that_there_are(name: str) -> None:
    topics = EVENT_TYPES[name].topics
    assert topics
    assert set(topics) <= set(BY_NAME)


def test_each_topic_carries_something() -> None:
    assert [topic.name for topic in TOPICS if not of_topic(topic.name)] == []


def test_facts_are_what_is_kept_for_ever() -> None:
    of_accounts = {f"pasokh.account.{fact}" for fact in ACCOUNT_FACTS}
    assert set(FACTS) | of_accounts == {name for name in EVENT_TYPES if is_fact(name)}
