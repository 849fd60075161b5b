"""Transfer, reopen, priority and notes."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.commands import AddNote, CommandResult, ReapplySla, Reopen, Reroute, SetPriority, Transfer
from schemas.configuration import Relaxation, RoutingBody, Rule, RuleActions, Versioned
from schemas.outbound import OutboundAttachment
from schemas.routing import TaskChanged, TaskQueued, Unassigned
from schemas.values import EncryptedText, RelaxStep
from services.records.configuration import CONFIGURATION_HEADS, CONFIGURATIONS, ConfigurationHead
from tests.router.conversations.harness import ConversationsHarness


@pytest.fixture
async def house() -> ConversationsHarness:
    harness = ConversationsHarness()
    await harness.customer(1)
    await harness.assign("sara")
    return harness


async def move(house: ConversationsHarness, verb: str, contract: Any, **more: Any) -> CommandResult:
    agent_command = contract(conversation=house.case().id, accepted_at=house.driver.now, request_hash="h", **more)
    return await house.command(verb, agent_command)


async def test_transfer_to_an_agent_is_shown_at_once_and_confirmed_by_dispatch(house: ConversationsHarness) -> None:
    await move(house, "transfer", Transfer, agent="sara", to_agent="omar")
    case = house.case()
    assert (case.status, case.agent, case.transfers) == ("assigned", "omar", 1)
    assert house.driver.sent[-1].type == "pasokh.routing.task_force_assigned"
    assert await house.assign("omar") == ["assigned"]
    assert await house.assign("omar") == []


async def test_transfer_keeps_a_conversation_pending(house: ConversationsHarness) -> None:
    await house.reply("sara")
    await move(house, "transfer", Transfer, to_agent="omar")
    await house.assign("omar")
    assert house.case().status == "pending"


async def test_transfer_to_an_agent_who_is_gone_by_then_comes_back_to_the_queue(house: ConversationsHarness) -> None:
    await move(house, "transfer", Transfer, to_agent="omar")
    case = house.case()
    gone = Unassigned(
        conversation=case.id, key=case.key, workspace="w", agent="omar", at=house.driver.now, reason="gone"
    )
    assert await house.arrives("assignments", "pasokh.assignment.unassigned", gone) == ["queued"]
    assert house.case().status == "waiting"


async def test_transfer_to_a_team_waits_there(house: ConversationsHarness) -> None:
    await move(house, "transfer", Transfer, to_team="billing")
    case = house.case()
    assert (case.status, case.agent, case.team) == ("waiting", None, "billing")
    assert [f.previous_status for f in house.facts("transferred")] == ["assigned"]
    assert len(house.facts("queued")) == 2
    assert house.driver.sent[-1].data["team"] == "billing"


async def test_transfer_to_where_it_is_says_so(house: ConversationsHarness) -> None:
    outcome = await move(house, "transfer", Transfer, to_agent="sara")
    assert outcome.problem is not None
    assert outcome.problem.status == 409


async def test_priority_tells_dispatch_and_everybody(house: ConversationsHarness) -> None:
    await move(house, "set_priority", SetPriority, priority="urgent")
    assert house.case().priority == "urgent"
    assert house.facts("priority_changed")[0].snapshot.priority == "urgent"
    assert house.driver.sent[-1].data["priority"] == "urgent"


async def test_the_same_priority_changes_nothing(house: ConversationsHarness) -> None:
    assert (await move(house, "set_priority", SetPriority, priority="normal")).status == "applied"
    assert house.facts("priority_changed") == []


async def test_reapplying_is_told_and_changes_nothing_of_the_conversation(house: ConversationsHarness) -> None:
    before = house.case()
    assert (await move(house, "reapply_sla", ReapplySla, agent="sara")).status == "applied"
    assert house.driver.sent[-1].type == "pasokh.conversation.sla_reapplied"
    assert house.case() == replace(before, updated_at=house.driver.now)


async def test_an_agent_reopens_what_was_resolved(house: ConversationsHarness) -> None:
    await house.resolve()
    await move(house, "reopen", Reopen, agent="sara")
    assert house.case().status == "waiting"
    assert house.driver.sent[-1].data["preferred"] == "sara"
    assert not [t for t in house.driver.timers() if t.name.startswith("close/")]


async def test_only_resolved_conversations_are_reopened(house: ConversationsHarness) -> None:
    outcome = await move(house, "reopen", Reopen)
    assert outcome.problem is not None
    assert outcome.problem.title == "Not resolved"


async def test_a_note_is_kept_and_moves_nothing(house: ConversationsHarness) -> None:
    before = house.case().status
    await move(house, "add_note", AddNote, agent="sara", text=EncryptedText(text="call back"))
    note = house.messages()[-1]
    assert (note.direction, note.author.id, note.text and note.text.text) == ("note", "sara", "call back")
    assert house.case().status == before
    assert house.facts("replied") == []


async def test_a_note_keeps_its_files_and_may_have_no_text(house: ConversationsHarness) -> None:
    photo = OutboundAttachment(blob="b1", kind="image", media_type="image/png", size_bytes=7, name="a.png")
    await move(house, "add_note", AddNote, agent="sara", text=EncryptedText(text=""), attachments=[photo])
    note = house.messages()[-1]
    assert (note.direction, note.text, [file.blob for file in note.attachments]) == ("note", None, ["b1"])
    assert [event for event in house.driver.sent if event.type == "pasokh.outbound.message"] == []


@pytest.mark.parametrize(
    ("verb", "contract", "more"),
    [
        ("transfer", Transfer, {"to_agent": "omar"}),
        ("set_priority", SetPriority, {"priority": "low"}),
        ("reapply_sla", ReapplySla, {}),
    ],
)
async def test_a_finished_conversation_is_moved_no_more(
    house: ConversationsHarness, verb: str, contract: Any, more: Any
) -> None:
    await house.resolve()
    outcome = await move(house, verb, contract, **more)
    assert outcome.problem is not None
    assert (outcome.problem.status, outcome.problem.title) == (409, "Conversation is finished")


# -- rules that were written meanwhile -----------------------------------------------------------------------------------


def rules_of_now(house: ConversationsHarness, *rules: Rule, version: int = 4) -> None:
    """Routing rules that were written after the conversation was opened."""
    before = house.driver.get(CONFIGURATIONS, "w/3")
    assert before is not None
    routing = Versioned(body=RoutingBody(rules=list(rules)), version=version, at=house.driver.now)
    after = before.model_copy(update={"version": version, "routing": routing})
    house.driver.put(CONFIGURATIONS, f"w/{version}", after)
    house.driver.put(CONFIGURATION_HEADS, "w", ConfigurationHead(workspace="w", version=version))


async def reroute(house: ConversationsHarness, version: int = 4) -> list[str]:
    return await house.arrives(
        "commands", "pasokh.command.reroute", Reroute(conversation=house.case().id, version=version)
    )


async def test_new_rules_plan_a_waiting_conversation_again_at_its_old_place() -> None:
    house = ConversationsHarness(Rule(then=RuleActions(skills={"typing-errorr": 1})))
    await house.customer(1)
    before = house.case()
    rules_of_now(house, Rule(then=RuleActions(team="billing", skills={"lang:{language}": 2}, priority="high")))
    assert await reroute(house) == ["rerouted", "routing.task_changed"]
    after = house.case()
    assert (after.team, after.priority, after.requirement.skills) == ("billing", "high", {"lang:fa": 2})
    assert (after.rule, after.config_version, after.queued_at) == ("rule 1", 4, before.queued_at)
    changed = TaskChanged.model_validate(house.driver.sent[-1].data)
    assert (changed.team, changed.priority, changed.keeps_agent) == ("billing", "high", True)
    assert await reroute(house) == []


async def test_steps_of_relaxation_go_to_dispatch_in_order_and_in_the_language_of_the_conversation() -> None:
    steps = [
        Relaxation(after_seconds=60, drop_skills=["lang:{language}"], add_teams=["billing", "gone"]),
        Relaxation(after_seconds=30, skills={"lang:{language}": 1, "vip": 1}),
    ]
    rule = Rule(then=RuleActions(skills={"lang:{language}": 3, "vip": 2}, relax=steps))
    house = ConversationsHarness(rule)
    await house.customer(1)
    queued = next(event for event in house.driver.sent if event.type == "pasokh.routing.task_queued")
    assert TaskQueued.model_validate(queued.data).relax == [
        RelaxStep(after_seconds=30, skills={"lang:fa": 1, "vip": 1}),
        RelaxStep(after_seconds=60, drop_skills=["lang:fa"], add_teams=["billing"]),
    ]
    rules_of_now(house, Rule(then=RuleActions(relax=[Relaxation(after_seconds=5, drop_skills=["vip"])])))
    await reroute(house)
    changed = TaskChanged.model_validate(house.driver.sent[-1].data)
    assert changed.relax == house.case().relax == [RelaxStep(after_seconds=5, drop_skills=["vip"])]


async def test_rules_that_say_the_same_tell_dispatch_and_nobody_else() -> None:
    house = ConversationsHarness(Rule(then=RuleActions()))
    await house.customer(1)
    rules_of_now(house, Rule(then=RuleActions()))
    assert await reroute(house) == ["routing.task_changed"]
    assert house.case().config_version == 4


async def test_new_rules_leave_what_has_an_agent(house: ConversationsHarness) -> None:
    rules_of_now(house, Rule(then=RuleActions(team="billing")))
    assert await reroute(house) == []
    assert house.case().team == "default"


async def test_new_rules_leave_what_a_person_decided() -> None:
    house = ConversationsHarness()
    await house.customer(1)
    await move(house, "set_priority", SetPriority, priority="urgent")
    rules_of_now(house, Rule(then=RuleActions(team="billing", priority="low")))
    await reroute(house)
    assert (house.case().priority, house.case().team) == ("urgent", "billing")


async def test_a_new_priority_while_waiting_sees_the_rules_of_now() -> None:
    house = ConversationsHarness(Rule(then=RuleActions(skills={"typing-errorr": 1})))
    await house.customer(1)
    rules_of_now(house, Rule(then=RuleActions()))
    await move(house, "set_priority", SetPriority, priority="high")
    assert (house.case().priority, house.case().requirement.skills) == ("high", {})


async def test_reopening_sees_the_rules_of_now(house: ConversationsHarness) -> None:
    await house.resolve("sara")
    rules_of_now(house, Rule(then=RuleActions(team="billing", skills={"refunds": 2})))
    await move(house, "reopen", Reopen)
    case = house.case()
    assert (case.team, case.requirement.skills, case.rule, case.last_agent) == (
        "billing",
        {"refunds": 2},
        "rule 1",
        "sara",
    )


async def test_who_reopens_a_conversation_is_waited_for(house: ConversationsHarness) -> None:
    await house.resolve("sara")
    await move(house, "reopen", Reopen, agent="omar")
    queued = TaskQueued.model_validate(house.driver.sent[-1].data)
    assert (queued.preferred, queued.preferred_seconds) == ("omar", 60)


async def test_a_conversation_that_an_operator_reopens_prefers_its_last_agent(house: ConversationsHarness) -> None:
    await house.resolve("sara")
    await move(house, "reopen", Reopen)
    queued = TaskQueued.model_validate(house.driver.sent[-1].data)
    assert (queued.preferred, queued.preferred_seconds) == ("sara", None)


@pytest.mark.parametrize("target", [{"to_agent": "omar"}, {"to_team": "billing"}])
async def test_a_transfer_may_have_a_note(house: ConversationsHarness, target: dict[str, str]) -> None:
    note = EncryptedText(text="Wants a refund.")
    outcome = await move(house, "transfer", Transfer, agent="sara", note=note, masked=["card"], **target)
    assert outcome.status == "applied"
    written = house.messages()[-1]
    assert (written.direction, written.author.id, written.text, written.masked) == ("note", "sara", note, ["card"])
    case = house.case()
    assert (case.agent, case.team) == (target.get("to_agent"), target.get("to_team", "default"))
    kinds = [event.type.rpartition(".")[2] for event in house.driver.sent]
    assert kinds.index("noted") < kinds.index("transferred")


async def test_a_refused_transfer_leaves_no_note(house: ConversationsHarness) -> None:
    note = EncryptedText(text="Wants a refund.")
    outcome = await move(house, "transfer", Transfer, agent="sara", to_agent="sara", note=note)
    assert outcome.status == "refused"
    assert [message.direction for message in house.messages()] == ["inbound"]
