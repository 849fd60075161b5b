"""What other products say in public that theirs do, played here."""

from schemas.values import RelaxStep
from tests.router.dispatch.shift import Shift


def test_twilio_reservation_times_out_and_later_targets_keep_their_times() -> None:
    """Three targets of 10 s, reservations of 5 s: https://www.twilio.com/docs/taskrouter/task-evaluation.

    Offered at 3, timed out at 8; the task goes on to the second target at once, and to the third at 20, by its own age.
    """
    shift = Shift()
    targets = (RelaxStep(after_seconds=10, add_teams=["q2"]), RelaxStep(after_seconds=20, add_teams=["q3"]))
    shift.agent("ann", teams=["q1"], presence="away")
    shift.agent("bea", teams=["q2"], capacity=1)
    shift.queue("other", team="q2")
    shift.agent("cyd", teams=["q3"])
    shift.queue("a", team="q1", relax=targets, offer_seconds=5)
    shift.until(3)
    shift.presence("ann", "online")
    shift.until(8)
    assert shift.place("a").task.requirement.teams == ("q1", "q2"), "the second target, before its time"
    shift.until(21)
    assert shift.story("a") == [(3, "offered", "ann"), (8, "expired", "ann"), (20, "offered", "cyd")]


def test_zendesk_drops_skills_of_low_priority_first() -> None:
    """Optional skills expire by priority.

    https://developer.zendesk.com/documentation/ticketing/using-the-zendesk-api/setting-skill-priority-with-skills-in-trigger-action:
    optional skills of low priority go after the first timeout, those of high priority after the second; required ones never.
    """
    shift = Shift()
    timeouts = (
        RelaxStep(after_seconds=30, drop_skills=["low"]),
        RelaxStep(after_seconds=60, drop_skills=["high"]),
    )
    shift.agent("has-high", {"required": 1, "high": 1}, capacity=1)
    shift.agent("has-required", {"required": 1}, capacity=1)
    shift.agent("has-low", {"low": 1, "high": 1}, capacity=1)
    for name in ("first", "second", "third"):
        shift.queue(name, {"required": 1, "high": 1, "low": 1}, relax=timeouts)
    shift.until(29)
    assert [shift.holder(name) for name in ("first", "second", "third")] == [None] * 3
    shift.until(30)
    assert [shift.holder(name) for name in ("first", "second", "third")] == ["has-high", None, None]
    shift.until(60)
    assert [shift.holder(name) for name in ("first", "second", "third")] == ["has-high", "has-required", None]
    shift.until(1000)
    assert shift.holder("third") is None, "a required skill is never dropped"


def test_amazon_connect_lowers_proficiencies_step_by_step() -> None:
    """As in https://docs.aws.amazon.com/connect/latest/adminguide/proficiency-routing.html.

    French of at least 4 and DynamoDB of at least 5 for 30 seconds; then French 3; after another 30 DynamoDB 4 and French 3.
    """
    steps = (
        RelaxStep(after_seconds=30, skills={"french": 3}),
        RelaxStep(after_seconds=60, skills={"dynamodb": 4}),
    )
    for agent, expected in (
        ({"french": 4, "dynamodb": 5}, 0),
        ({"french": 3, "dynamodb": 5}, 30),
        ({"french": 3, "dynamodb": 4}, 60),
        ({"french": 2, "dynamodb": 5}, None),
    ):
        shift = Shift()
        shift.agent("agent-1", agent)
        shift.queue("contact", {"french": 4, "dynamodb": 5}, relax=steps)
        shift.until(600)
        story = shift.story("contact")
        assert (story[0][0] if story else None) == expected


def test_intercom_gives_to_the_agent_with_fewest_first() -> None:
    """As in https://www.intercom.com/help/en/articles/6553774-balanced-assignment-deep-dive.

    With a limit of 3, A at 3 and B at 1: B gets two before A gets one.
    """
    shift = Shift()
    shift.agent("a", capacity=3)
    for name in ("a1", "a2", "a3"):
        shift.queue(name)
    shift.agent("b", capacity=3)
    shift.queue("b1")
    assert (shift.load("a"), shift.load("b")) == (3, 1)
    for name in ("n1", "n2", "n3"):
        shift.queue(name)
    assert [shift.holder(name) for name in ("n1", "n2", "n3")] == ["b", "b", None]
    shift.close("a1")
    assert shift.holder("n3") == "a"
