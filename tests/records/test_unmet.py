"""Requirements of routing rules that no agent meets are reported by pointer; requirements that an agent meets are not."""

from typing import Any

import pytest

from schemas.configuration import (
    AccountBody,
    AgentBody,
    RoutingBody,
    TeamBody,
    Versioned,
    WorkspaceBody,
    WorkspaceConfiguration,
)
from services.platform.store.port import Collection
from services.records.agents import AGENTS, AgentRecord, agent_id
from services.records.unmet import read_warnings
from tests.fakes import START, MemoryStore

BY_LANGUAGE = {"then": {"skills": {"lang:{language}": 2}}}


def shop(*rules: dict[str, Any], languages: tuple[str, ...] = ("fa", "en"), account: str | None = None) -> Any:
    profile = Versioned(body=WorkspaceBody(name="Shop", languages=list(languages)), version=1, at=START)
    connected = Versioned(body=AccountBody(credentials={}, language=account), version=1, at=START)
    return WorkspaceConfiguration(
        workspace="shop",
        version=2,
        profile=profile,
        accounts={"telegram/main": connected},
        teams={"support": Versioned(body=TeamBody(name="Support"), version=1, at=START)},
        routing=Versioned(body=RoutingBody.model_validate({"rules": list(rules)}), version=2, at=START),
    )


async def warnings_for(configuration: WorkspaceConfiguration, **agents: dict[str, Any]) -> dict[str, str]:
    """The warnings, as pointer → detail; `agents` are names with teams and skills."""
    store = MemoryStore()
    agents_only: list[Collection[Any]] = [AGENTS]
    await store.prepare(agents_only)
    for name, body in agents.items():
        written = AgentBody.model_validate({"name": name, "teams": ["default"], **body})
        store.insert(AGENTS, agent_id("shop", name), AgentRecord(workspace="shop", id=name, body=written, at=START))
    return {one.pointer: one.detail for one in await read_warnings(store, configuration)}


async def test_a_language_of_the_workspace_that_nobody_speaks_well_enough_is_named() -> None:
    warned = await warnings_for(shop(BY_LANGUAGE), sara={"skills": {"lang:fa": 5, "lang:en": 1}})
    assert list(warned) == ["/rules/0/then/skills/lang:{language}"]
    detail = warned["/rules/0/then/skills/lang:{language}"]
    assert "customers who write en" in detail
    assert "`lang:en` of at least 2" in detail


@pytest.mark.parametrize(
    ("rule", "account"),
    [
        ({"when": {"language": "lv"}, **BY_LANGUAGE}, None),
        ({"when": {"language": ["fa", "lv"]}, **BY_LANGUAGE}, None),
        (BY_LANGUAGE, "lv"),
    ],
)
async def test_languages_of_the_condition_and_of_accounts_are_looked_at(rule: dict[str, Any], account: str) -> None:
    configuration = shop(rule, {}, account=account)
    warned = await warnings_for(configuration, sara={"skills": {"lang:fa": 5, "lang:en": 5}})
    assert list(warned) == ["/rules/0/then/skills/lang:{language}"]
    assert "write lv" in warned["/rules/0/then/skills/lang:{language}"]


async def test_all_is_well_where_each_language_is_spoken_by_somebody() -> None:
    assert await warnings_for(shop(BY_LANGUAGE), a={"skills": {"lang:fa": 2}}, b={"skills": {"lang:en": 2}}) == {}


async def test_a_skill_that_nobody_of_the_team_has_is_named() -> None:
    rule = {"then": {"team": "support", "skills": {"re/fund~s": 3}}}
    agents: dict[str, dict[str, Any]] = {
        "a": {"teams": ["support"], "skills": {"re/fund~s": 2}},
        "b": {"skills": {"re/fund~s": 5}},
    }
    assert list(await warnings_for(shop(rule), **agents)) == ["/rules/0/then/skills/re~1fund~0s"]


async def test_skills_that_nobody_has_together_are_named() -> None:
    rule = {"then": {"skills": {"x": 1, "y": 1}}}
    assert list(await warnings_for(shop(rule), a={"skills": {"x": 1}}, b={"skills": {"y": 1}})) == [
        "/rules/0/then/skills"
    ]


async def test_of_a_team_without_anybody_one_thing_is_said() -> None:
    rule = {"then": {"team": "support", "skills": {"lang:{language}": 1, "x": 2}}}
    assert list(await warnings_for(shop(rule), a={"skills": {"x": 5}})) == ["/rules/0/then/team"]


async def test_what_no_rule_meets_needs_somebody_too() -> None:
    rule = {"when": {"language": "fa"}, "then": {"team": "support"}}
    assert list(await warnings_for(shop(rule), a={"teams": ["support"]})) == ["/rules"]
    assert await warnings_for(shop(rule, {"then": {"team": "support"}}), a={"teams": ["support"]}) == {}


async def test_without_rules_nothing_is_said() -> None:
    assert await warnings_for(shop()) == {}


async def test_rules_behind_one_that_meets_everything_are_never_asked() -> None:
    assert await warnings_for(shop({}, {"then": {"team": "support"}}), a={}) == {}


async def test_whoever_is_on_a_later_page_counts() -> None:
    agents: dict[str, dict[str, Any]] = {f"a{number:03d}": {} for number in range(250)}
    assert await warnings_for(shop(BY_LANGUAGE, languages=("fa",)), **agents, z={"skills": {"lang:fa": 2}}) == {}


RELAXED = {
    "then": {
        "team": "support",
        "skills": {"vip": 3},
        "relax": [
            {"after_seconds": 60, "drop_skills": ["vip"], "add_teams": ["default"]},
            {"after_seconds": 30, "skills": {"vip": 2}},
        ],
    }
}


@pytest.mark.parametrize(
    ("teams", "skills", "warned"),
    [(["default"], {}, False), (["support"], {}, False), (["elsewhere"], {"vip": 5}, True)],
)
async def test_what_a_rule_asks_for_in_the_end_is_what_must_be_met(
    teams: list[str], skills: dict[str, int], warned: bool
) -> None:
    warnings = await warnings_for(shop(RELAXED), ali={"teams": teams, "skills": skills})
    assert ("/rules/0/then/team" in warnings) == warned
    assert not any("vip" in pointer for pointer in warnings)
