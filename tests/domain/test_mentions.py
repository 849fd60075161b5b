"""Mentions: whoever may see a conversation finds it by its scope, and nobody else does."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from schemas.conversation import ConversationOffer
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import STATUSES
from services.domain.mentions import mention_scope, mentioning, no_longer_mentioning, visible_scopes
from services.domain.viewer import Viewer
from tests.fakes import START

AGENTS, TEAMS = ("sara", "reza"), ("support", "billing")


def case(**given: object) -> ConversationState:
    known: dict[str, object] = {
        "status": "assigned",
        "team": "support",
        "opened_at": START,
        "updated_at": START,
        **given,
    }
    return ConversationState(
        id="c1",
        workspace="shop",
        channel="telegram",
        account="main",
        surface="private",
        person="telegram:main:1",
        key="shop/telegram:main:1",
        **known,  # type: ignore[arg-type]
    )


OFFERS = st.sampled_from(AGENTS).map(
    lambda agent: ConversationOffer(id="o1", agent=agent, expires_at=START + timedelta(seconds=30))
)
CASES = st.builds(
    case,
    status=st.sampled_from(sorted(STATUSES)),
    team=st.sampled_from(TEAMS),
    agent=st.none() | st.sampled_from(AGENTS),
    offer=st.none() | OFFERS,
)
VIEWERS = st.builds(Viewer, st.sampled_from(AGENTS), st.frozensets(st.sampled_from(TEAMS)), own_only=st.booleans())


@given(CASES, VIEWERS)
def test_the_scope_is_among_those_of_a_viewer_exactly_when_they_may_see_the_conversation(
    one: ConversationState, viewer: Viewer
) -> None:
    assert viewer.agent is not None
    scopes = visible_scopes(viewer)
    assert (mention_scope(one, viewer.agent) in scopes) == viewer.can_see(one)
    assert len(set(scopes)) == len(scopes)


def test_who_is_mentioned_again_is_mentioned_by_the_later_note() -> None:
    twice = mentioning(mentioning(case(), ["sara", "reza"], "n1"), ["sara"], "n2")
    assert twice.mentioned == {"sara": "n2", "reza": "n1"}
    assert no_longer_mentioning(twice, "sara").mentioned == {"reza": "n1"}


def test_who_is_not_mentioned_changes_nothing() -> None:
    before = mentioning(case(), ["sara"], "n1")
    assert no_longer_mentioning(before, "reza") is before
    assert no_longer_mentioning(before, None) is before
