"""The table of a conversation's life decides every pair, and nothing outside it compares a status with a literal."""

import ast
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from schemas.conversation import Status
from services.domain.lifecycle import (
    EVENTS,
    FINISHED,
    OPEN,
    QUEUED,
    STATUSES,
    TRANSITIONS,
    WITH_AGENT,
    LifecycleEvent,
    is_finished,
    is_open,
    is_queued,
    is_with_agent,
    next_status,
)
from tests.sources import ROOT, parse_source

SERVICES = Path("services")
TABLE = SERVICES / "domain" / "lifecycle.py"
FILES = sorted(path.relative_to(ROOT) for path in (ROOT / SERVICES).rglob("*.py"))
ASKING = [path for path in FILES if path != TABLE]
PAIRS = list(product(STATUSES, EVENTS))


def test_every_pair_of_status_and_event_is_decided() -> None:
    assert {(status, event) for event, row in TRANSITIONS.items() for status in row} == set(PAIRS)


def test_sets_part_all_statuses() -> None:
    assert set(STATUSES) == OPEN | FINISHED
    assert not OPEN & FINISHED
    assert QUEUED | WITH_AGENT | {"bot"} == OPEN
    assert not QUEUED & WITH_AGENT


@pytest.mark.parametrize(("status", "event"), PAIRS)
@pytest.mark.parametrize("has_agent", [True, False])
def test_finished_conversation_is_opened_by_a_reopening_alone(
    status: Status, event: LifecycleEvent, *, has_agent: bool
) -> None:
    after = next_status(status, event, has_agent=has_agent)
    if after is not None and is_finished(status) and is_open(after):
        assert (status, event, after) == ("resolved", "reopened", "waiting")


@pytest.mark.parametrize(("status", "event"), PAIRS)
def test_no_event_leads_back_to_a_bot(status: Status, event: LifecycleEvent) -> None:
    assert next_status(status, event) != "bot" or status == "bot"


@pytest.mark.parametrize("status", STATUSES)
def test_what_happens_to_an_answer_finishes_and_opens_nothing(status: Status) -> None:
    for event in ("reply_delivered", "reply_failed"):
        after = next_status(status, event)
        assert is_finished(after) == is_finished(status)
        assert is_queued(after) == is_queued(status)


@pytest.mark.parametrize("status", STATUSES)
def test_customer_message_makes_it_our_turn(status: Status) -> None:
    assert next_status(status, "message_received") != "pending"
    assert next_status("pending", "message_received", has_agent=False) == "waiting"


def test_failed_answer_makes_it_the_agents_turn_where_there_is_one() -> None:
    assert next_status("pending", "reply_failed") == "assigned"
    assert next_status("pending", "reply_failed", has_agent=False) == "pending"


@pytest.mark.parametrize("status", sorted(FINISHED))
def test_finished_conversation_takes_no_agent(status: Status) -> None:
    for event in ("assigned", "unassigned", "transferred_to_agent", "transferred_to_team", "replied", "resolved"):
        assert next_status(status, event) is None
    assert not is_with_agent(status)


# -- the rest of services asks the table -------------------------------------------------------------------------------


def test_no_status_is_compared_with_a_literal() -> None:
    found = {str(path): list(_literal_comparisons(parse_source(path))) for path in ASKING}
    assert {path: comparisons for path, comparisons in found.items() if comparisons} == {}


@pytest.mark.parametrize(
    "written",
    [
        'case.status == "pending"',
        '"closed" != before.status',
        'status in {"resolved", "closed"}',
        'case.status not in ("waiting", "offered")',
        'FINISHED = frozenset({"resolved", "closed"})',
        'match case.status:\n    case "pending":\n        pass',
    ],
)
def test_a_literal_comparison_is_found(written: str) -> None:
    assert list(_literal_comparisons(ast.parse(written)))


@pytest.mark.parametrize("written", ['word == "resolved"', "answer.status == 200", 'found.status == "ok"'])
def test_what_compares_no_status_is_not_found(written: str) -> None:
    assert list(_literal_comparisons(ast.parse(written))) == []


def _literal_comparisons(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(_is_status(side) for side in sides) and any(_names_statuses(side) for side in sides):
                yield ast.unparse(node)
        elif isinstance(node, ast.Match) and _is_status(node.subject):
            yield ast.unparse(node.subject)
        elif isinstance(node, ast.Set) and _names_statuses(node):
            yield ast.unparse(node)


def _is_status(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name == "status" or name.endswith("_status") or name in {"now_status", "before", "after"}


def _names_statuses(node: ast.expr) -> bool:
    """Whether it is a status, or a collection of nothing but statuses."""
    if isinstance(node, ast.Constant):
        return node.value in STATUSES
    elements = node.elts if isinstance(node, ast.Set | ast.Tuple | ast.List) else []
    return bool(elements) and all(_names_statuses(element) for element in elements)
