"""The selection of a policy, and the default policies."""

import pytest

from schemas.configuration import Policy, SlaMatch, Targets
from services.sla.domain.defaults import DEFAULTS, default_policies
from services.sla.domain.policies import choose
from tests.sla.harness import conversation


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        (SlaMatch(), True),
        (SlaMatch(channel="telegram"), True),
        (SlaMatch(channel=["x", "telegram"]), True),
        (SlaMatch(channel="x"), False),
        (SlaMatch(channel="telegram", surface="public"), False),
        (SlaMatch(priority=["urgent", "normal"], team="default"), True),
        (SlaMatch(team="vip"), False),
        (SlaMatch(sensitive=False), True),
        (SlaMatch(sensitive=True), False),
        (SlaMatch(tag=["new", "vip"]), True),
        (SlaMatch(tag="old"), False),
        (SlaMatch(language="fa"), False),
        (SlaMatch(tier="gold"), False),
    ],
)
def test_all_conditions_must_hold_and_any_value_of_a_list(when: SlaMatch, holds: bool) -> None:
    policy = Policy(id="only", when=when, targets=Targets(first_response_seconds=1))
    assert (choose([policy], conversation(tags=["vip"])) is policy) is holds


def test_first_match_wins() -> None:
    targets = Targets(first_response_seconds=1)
    policies = [
        Policy(id="x", when=SlaMatch(channel="x"), targets=targets),
        Policy(id="first", targets=targets),
        Policy(id="second", targets=targets),
    ]
    chosen = choose(policies, conversation())
    assert chosen is not None
    assert chosen.id == "first"
    assert choose(policies[:1], conversation()) is None


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({"channel": "webchat"}, 120),
        ({"channel": "telegram"}, 1800),
        ({"channel": "telegram", "surface": "public"}, 1800),
        ({"channel": "sms"}, 1800),
        ({"channel": "instagram"}, 7200),
        ({"channel": "instagram", "surface": "public"}, 3600),
        ({"channel": "messenger", "surface": "public", "sentiment": "negative"}, 1800),
        ({"channel": "messenger", "sentiment": "negative"}, 7200),
        ({"channel": "x"}, 3600),
        ({"channel": "email"}, 28800),
        ({"channel": "linkedin"}, 86400),
        ({"channel": "reviews", "surface": "public"}, 86400),
        ({"channel": "voice"}, None),
        ({"channel": "telegram", "priority": "urgent"}, 450),
        ({"channel": "email", "priority": "urgent"}, 7200),
    ],
)
def test_first_response_by_default(fields: dict[str, str], seconds: float | None) -> None:
    policy = choose(default_policies("UTC"), conversation("c1", **fields))
    assert policy is not None
    assert policy.targets.first_response_seconds == seconds
    assert (policy.calendar is not None) is (fields["channel"] == "email")


def test_every_default_resolves_in_a_day_and_urgent_in_four_hours() -> None:
    policies = default_policies("UTC")
    assert len(policies) == 2 * len(DEFAULTS)
    assert {p.targets.resolution_seconds for p in policies if p.when.priority == "urgent"} == {4 * 3600}
    assert {p.targets.resolution_seconds for p in policies if p.when.priority is None} == {24 * 3600}


def test_email_counts_office_hours_of_the_workspace() -> None:
    policy = choose(default_policies("Asia/Tehran"), conversation(channel="email"))
    assert policy is not None
    assert policy.calendar is not None
    assert policy.calendar.timezone == "Asia/Tehran"
