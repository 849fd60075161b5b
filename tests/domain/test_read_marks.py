"""What is unread for an agent: by a mark that only moves forward, unless the agent takes it back."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.domain.read_marks import ReadMark, read_up_to, unread_again, unread_of
from tests.fakes import START
from tests.router.test_inbox import case


def mark(order: int, received: int, minute: int = 0) -> ReadMark:
    return ReadMark(order=f"{order:04d}", received=received, at=START + timedelta(minutes=minute))


@given(st.lists(st.sampled_from(["customer", "agent", "read", "unread"]), max_size=30), st.data())
def test_it_is_what_the_customer_wrote_behind_the_mark(steps: list[str], data: st.DataObject) -> None:
    """The model knows which messages were read; the mark knows two numbers."""
    authors: list[str] = []
    known: ReadMark | None = None
    read_to = 0
    for step in steps:
        received = authors.count("customer")
        one = case("c1", received=received)
        if step in ("customer", "agent"):
            authors.append(step)
        elif step == "read" and authors:
            place = data.draw(st.integers(1, len(authors)))
            known = read_up_to(known, mark(place, authors[:place].count("customer")))
            read_to = max(read_to, place)
        elif step == "unread" and "customer" in authors:
            latest = max(n for n, author in enumerate(authors) if author == "customer")
            known = unread_again(one, known, f"{latest:04d}", START)
            read_to = min(read_to, latest)
        assert unread_of(case("c1", received=authors.count("customer")), known) == authors[read_to:].count("customer")


def test_that_an_agent_looked_counts_though_there_is_nothing_new() -> None:
    known = read_up_to(mark(5, 3), mark(4, 2, minute=7))
    assert known == mark(5, 3, minute=7)


def test_what_older_versions_counted_not_can_be_unread_again() -> None:
    one = case("c1", received=0)
    assert unread_of(one, None) == 0
    assert unread_of(one, unread_again(one, None, "0001", START)) == 1
