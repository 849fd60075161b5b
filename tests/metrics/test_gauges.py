"""The gauges of what is there now: agents, their free units, opening hours, and how webhooks out fare."""

from datetime import UTC, datetime, timedelta

import pytest

from schemas.business_calendar import Calendar
from schemas.configuration import (
    AgentBody,
    Policy,
    PresenceStatus,
    SlaBody,
    Targets,
    TeamBody,
    Versioned,
    WorkspaceBody,
    WorkspaceConfiguration,
)
from schemas.webhooks import Webhook
from services.metrics.domain.staffing import is_open
from services.metrics.gauges import GaugesCollector
from services.platform.core.errors import Unavailable
from services.platform.store.port import Key
from services.records.agents import AGENTS, AgentRecord, agent_id
from services.records.configuration import CONFIGURATION_HEADS
from services.records.subscriptions import WEBHOOK_ENDPOINTS, EndpointState, endpoint_id
from tests.configuration import configure
from tests.fakes import START, ManualTimeSource, MemoryStore

MONDAY_MORNING = Calendar(timezone="Asia/Tehran", hours={"mon": [("09:00", "13:00")]})
AT_NOON = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)  # 12:00 in Tehran
IN_THE_EVENING = AT_NOON + timedelta(hours=8)


def configured(
    workspace: str = "shop",
    calendar: Calendar | None = None,
    teams: dict[str, Calendar | None] | None = None,
    policy_calendars: list[Calendar | None] | None = None,
    webhooks: dict[str, int] | None = None,
) -> WorkspaceConfiguration:
    policies = [
        Policy(id=f"p{i}", targets=Targets(first_response_seconds=60), calendar=one)
        for i, one in enumerate(policy_calendars or [])
    ]
    return WorkspaceConfiguration(
        workspace=workspace,
        version=1,
        profile=Versioned(body=WorkspaceBody(name=workspace, calendar=calendar), version=1, at=START),
        teams={
            name: Versioned(body=TeamBody(name=name, calendar=one), version=1, at=START)
            for name, one in (teams or {}).items()
        },
        sla=None if policy_calendars is None else Versioned(body=SlaBody(policies=policies), version=1, at=START),
        webhooks={
            name: Versioned(
                body=Webhook(url="https://x.example", types=["pasokh."], secret="s"), version=version, at=START
            )
            for name, version in (webhooks or {}).items()
        },
    )


class Shop(MemoryStore):
    """Documents as dispatch, REST and the webhooks write them."""

    def __init__(self) -> None:
        super().__init__(AGENTS, CONFIGURATION_HEADS, WEBHOOK_ENDPOINTS)

    def configure(self, configuration: WorkspaceConfiguration) -> None:
        configure(self, configuration)

    def agent(
        self,
        name: str,
        presence: PresenceStatus,
        load: int,
        teams: list[str],
        workspace: str = "shop",
        capacity: int = 4,
    ) -> None:
        body = AgentBody(name=name, teams=teams, capacity=capacity)
        one = AgentRecord(workspace=workspace, id=name, body=body, presence=presence, load=load, at=START)
        self.insert(AGENTS, agent_id(workspace, name), one)

    def line(self, webhook: str, partition: int, *, failures: int = 0, gone: int | None = None) -> None:
        one = EndpointState(workspace="shop", webhook=webhook, failures=failures, gone=gone)
        self.insert(WEBHOOK_ENDPOINTS, endpoint_id(partition, "shop", webhook), one)


async def exposed(shop: Shop, name: str) -> dict[tuple[str, ...], float]:
    """The samples of a gauge by the values of its labels."""
    present = GaugesCollector(shop, ManualTimeSource())
    await present.refresh()
    return {
        tuple(sample.labels.values()): sample.value
        for family in present.collect()
        for sample in family.samples
        if sample.name == name
    }


@pytest.fixture
def shop() -> Shop:
    shop = Shop()
    shop.configure(configured(teams={"returns": None}))
    shop.agent("sara", "online", 3, ["default", "returns"])
    shop.agent("omid", "online", 1, ["default"])
    shop.agent("zane", "away", 2, ["returns"])
    shop.agent("lina", "offline", 4, ["default"])
    return shop


async def test_agents_are_counted_once_by_presence(shop: Shop) -> None:
    shop.configure(configured("empty"))
    assert await exposed(shop, "pasokh_agents") == {
        ("shop", "online"): 2,
        ("shop", "away"): 1,
        ("shop", "offline"): 1,
        ("empty", "online"): 0,
        ("empty", "away"): 0,
        ("empty", "offline"): 0,
    }


async def test_an_agent_of_several_teams_is_counted_in_each(shop: Shop) -> None:
    agents = await exposed(shop, "pasokh_team_agents")
    assert agents["shop", "default", "online"] == 2
    assert agents["shop", "returns", "online"] == 1
    assert agents["shop", "returns", "away"] == 1
    assert await exposed(shop, "pasokh_team_units_free") == {("shop", "default"): 4, ("shop", "returns"): 1}


async def test_free_units_and_utilisation_are_of_who_is_online(shop: Shop) -> None:
    assert await exposed(shop, "pasokh_agent_units_free") == {("shop",): 4}
    assert await exposed(shop, "pasokh_agent_utilisation_ratio") == {("shop",): 0.5}
    assert await exposed(shop, "pasokh_team_utilisation_ratio") == {("shop", "default"): 0.5, ("shop", "returns"): 0.75}


async def test_who_has_more_than_fits_has_nothing_free_and_is_used_above_one(shop: Shop) -> None:
    shop.agent("sara", "online", 6, ["default"])
    shop.agent("omid", "offline", 0, ["default"])
    assert await exposed(shop, "pasokh_agent_units_free") == {("shop",): 0}
    assert await exposed(shop, "pasokh_agent_utilisation_ratio") == {("shop",): 1.5}


async def test_more_agents_than_a_page_are_all_counted() -> None:
    shop = Shop()
    shop.configure(configured())
    for number in range(450):
        shop.agent(f"a{number}", "online", 1, ["default"])
    assert (await exposed(shop, "pasokh_agents"))["shop", "online"] == 450


async def test_a_store_that_is_away_leaves_what_was_read(shop: Shop) -> None:
    present = GaugesCollector(shop, ManualTimeSource())
    await present.refresh()
    shop.failure = Unavailable("the store is away")
    with pytest.raises(Unavailable):
        await present.refresh()
    assert any(family.samples for family in present.collect())


async def test_a_workspace_that_is_gone_is_shown_no_more(shop: Shop) -> None:
    present = GaugesCollector(shop, ManualTimeSource())
    await present.refresh()
    del shop.documents[Key(CONFIGURATION_HEADS.name, "shop")]
    await present.refresh()
    assert not any(family.samples for family in present.collect())


async def test_subscriptions_are_counted_by_how_their_endpoints_fare() -> None:
    shop = Shop()
    shop.configure(configured(webhooks={"fine": 1, "slow": 1, "dead": 1, "closed": 3, "written": 4}))
    shop.line("fine", 0)
    shop.line("slow", 0, failures=1)
    shop.line("dead", 0)
    shop.line("dead", 1, failures=9)
    shop.line("closed", 0, gone=3)
    shop.line("closed", 1, failures=9)
    shop.line("written", 0, gone=3)
    shop.line("forgotten", 0, failures=9)
    counted = await exposed(shop, "pasokh_webhook_subscriptions")
    assert counted == {("shop", "taken"): 3, ("shop", "failing"): 1, ("shop", "gone"): 1}


# -- opening hours -----------------------------------------------------------------------------------------------------


def test_a_team_is_open_by_its_own_calendar_before_the_workspaces() -> None:
    around = Calendar(hours={"mon": [("00:00", "24:00")]})
    shop = configured(calendar=MONDAY_MORNING, teams={"night": around, "day": None})
    assert [is_open(shop, team, IN_THE_EVENING) for team in ("night", "day", "default")] == [True, False, False]
    assert is_open(shop, "day", AT_NOON)


def test_without_a_calendar_of_its_own_those_of_the_policies_hold() -> None:
    assert not is_open(configured(policy_calendars=[MONDAY_MORNING]), "default", IN_THE_EVENING)
    assert is_open(configured(policy_calendars=[MONDAY_MORNING]), "default", AT_NOON)
    assert is_open(configured(policy_calendars=[MONDAY_MORNING, None]), "default", IN_THE_EVENING)


def test_without_any_calendar_it_is_always_open() -> None:
    assert is_open(configured(), "default", IN_THE_EVENING)
    assert is_open(configured(policy_calendars=[]), "default", IN_THE_EVENING)


def test_it_closes_to_the_second() -> None:
    shop = configured(calendar=MONDAY_MORNING)
    closing = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    assert is_open(shop, "default", closing - timedelta(seconds=1))
    assert not is_open(shop, "default", closing)


async def test_opening_hours_are_shown_for_every_team_that_has_a_name() -> None:
    shop = Shop()
    shop.configure(configured(calendar=MONDAY_MORNING, teams={"returns": None}))
    assert await exposed(shop, "pasokh_business_hours_open") == {("shop", "default"): 1, ("shop", "returns"): 1}


def test_what_is_registered_reads_nothing() -> None:
    assert all(not family.samples for family in GaugesCollector(Shop(), ManualTimeSource()).describe())
