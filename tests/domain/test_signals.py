"""Who reads and types where: the strongest sign of an agent's browsers counts, and what is not said again is forgotten."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from schemas.signals import AgentSignal, SignalKind
from services.domain.signals import LIFETIME, SignalBoard, Told
from tests.fakes import START

ORDER: Sequence[SignalKind] = ("gone", "viewing", "note", "reply")


def said(kind: SignalKind, conversation: str = "c1", agent: str = "sara", source: str = "s1") -> AgentSignal:
    return AgentSignal(conversation=conversation, agent=agent, name=agent.title(), kind=kind, source=source)


def told(kind: SignalKind, conversation: str = "c1", agent: str = "sara") -> Told:
    return Told("shop", conversation, agent, agent.title(), kind)


def test_the_first_word_is_told_and_its_repetition_is_not() -> None:
    board = SignalBoard()
    assert board.take("shop", said("viewing"), START) == [told("viewing")]
    assert board.take("shop", said("viewing"), START + timedelta(seconds=15)) == []
    assert board.take("shop", said("reply"), START + timedelta(seconds=16)) == [told("reply")]
    assert board.of("shop") == [told("reply")]
    assert board.of("elsewhere") == []


def test_who_goes_to_another_conversation_has_left_the_first() -> None:
    board = SignalBoard()
    board.take("shop", said("reply"), START)
    assert board.take("shop", said("viewing", "c2"), START) == [told("gone"), told("viewing", "c2")]
    assert board.take("shop", said("gone"), START) == [], "a late word about the first"
    assert board.of("shop") == [told("viewing", "c2")]
    assert board.take("shop", said("gone", "c2"), START) == [told("gone", "c2")]


def test_of_two_browsers_the_stronger_sign_counts() -> None:
    board = SignalBoard()
    board.take("shop", said("viewing", source="s1"), START)
    assert board.take("shop", said("reply", source="s2"), START) == [told("reply")]
    assert board.take("shop", said("gone", source="s2"), START) == [told("viewing")]
    assert board.of("shop") == [told("viewing")]


def test_what_is_not_said_again_is_forgotten() -> None:
    board = SignalBoard()
    board.take("shop", said("viewing"), START)
    board.take("shop", said("viewing", agent="reza"), START + timedelta(seconds=10))
    assert board.expire(START + LIFETIME - timedelta(microseconds=1)) == []
    assert board.expire(START + LIFETIME) == [told("gone")]
    assert board.expire(START + LIFETIME + timedelta(seconds=10)) == [told("gone", agent="reza")]
    assert board.of("shop") == []


STEPS = st.lists(
    st.tuples(
        st.sampled_from(ORDER),
        st.sampled_from(["c1", "c2"]),
        st.sampled_from(["sara", "reza"]),
        st.sampled_from(["s1", "s2"]),
        st.integers(0, 25),
    ),
    max_size=30,
)


@given(STEPS)
def test_what_is_told_adds_up_to_where_everybody_is(
    steps: list[tuple[SignalKind, str, str, str, int]],
) -> None:
    board, now = SignalBoard(), START
    shown: dict[tuple[str, str], SignalKind] = {}
    places: dict[tuple[str, str], tuple[str, SignalKind, int]] = {}
    elapsed = 0
    for kind, conversation, agent, source, seconds in steps:
        elapsed += seconds
        now = START + timedelta(seconds=elapsed)
        for change in [*board.expire(now), *board.take("shop", said(kind, conversation, agent, source), now)]:
            shown[change.conversation, change.agent] = change.kind
        places = {key: place for key, place in places.items() if place[2] + LIFETIME.total_seconds() > elapsed}
        if kind != "gone":
            places[agent, source] = (conversation, kind, elapsed)
        elif places.get((agent, source), ("", "gone", 0))[0] == conversation:
            del places[agent, source]
        expected = {
            (one, name): max(kinds, key=ORDER.index)
            for one in ("c1", "c2")
            for name in ("sara", "reza")
            if (kinds := [k for (a, _), (c, k, _) in places.items() if (a, c) == (name, one)])
        }
        assert {key: kind for key, kind in shown.items() if kind != "gone"} == expected
        assert {(one.conversation, one.agent): one.kind for one in board.of("shop")} == expected
