"""Somebody who changes promises while everything goes wrong, and the auditor, who must never find a difference."""

import asyncio
from collections.abc import Sequence

from schemas.commands import ReapplySla, SetPriority
from schemas.configuration import Policy, SlaBody, SlaMatch, Targets, Versioned, WorkspaceConfiguration
from schemas.values import PRIORITIES, instant_text
from services.platform.store.port import Document, DocumentPage, Key, Query
from services.records.configuration import CONFIGURATION_HEADS, CONFIGURATIONS, version_id
from services.sla.audit_queries import SETTLING_TIME, load_for_audit, read_policy_history, read_progress
from tests.simulator.graph import WORKSPACE, event_of
from tests.simulator.process import Process
from tests.simulator.run import publish_until_known
from tests.simulator.world import World

ACTS = 12
CHANGES = "change-"
"""How the ids of the commands begin: they may be refused, when the conversation is over."""


async def change_promises(client: Process) -> None:
    """Write other policies, ask for them, change priorities: each at any time, each command twice."""
    world = client.world
    for number in range(ACTS):
        await asyncio.sleep(world.rng.uniform(0, 5))
        _write(world)
        for identity, document in sorted(world.documents["conversations"].items()):
            if world.rng.random() < 0.3:
                await _command(client, identity, str(document["key"]), number)


async def _command(client: Process, identity: str, key: str, number: int) -> None:
    world = client.world
    asked = {"conversation": identity, "accepted_at": world.now(), "request_hash": "h"}
    raised = SetPriority.model_validate({**asked, "priority": world.rng.choice(PRIORITIES)})
    kind, data = world.rng.choice((("reapply_sla", ReapplySla.model_validate(asked)), ("set_priority", raised)))
    event = event_of(world, f"pasokh.command.{kind}", key, f"{CHANGES}{number}-{identity}", data)
    await publish_until_known(client, "commands", event)
    await publish_until_known(client, "commands", event)


def _write(world: World) -> None:
    """The next version of the policies, as REST would write it: other targets, sometimes more of them."""
    head = int(str(world.documents[CONFIGURATION_HEADS.name][WORKSPACE]["version"]))
    known = world.documents[CONFIGURATIONS.name][version_id(WORKSPACE, head)]
    before, rng = WorkspaceConfiguration.model_validate(known), world.rng
    urgent = Policy(
        id="urgent",
        when=SlaMatch(priority="urgent"),
        targets=Targets(first_response_seconds=rng.uniform(3, 10), resolution_seconds=rng.uniform(5, 40)),
    )
    usual = Targets(first_response_seconds=rng.uniform(8, 30), pickup_seconds=rng.choice((None, 1.0, 20.0)))
    body = SlaBody(policies=[urgent, Policy(id="usual", targets=usual, warn_at=[0.5])])
    sla = Versioned[SlaBody](body=body, version=head + 1, at=world.now())
    after = before.model_copy(update={"sla": sla, "version": head + 1})
    world.documents[CONFIGURATIONS.name][version_id(WORKSPACE, head + 1)] = after.model_dump(mode="json")
    world.documents[CONFIGURATION_HEADS.name][WORKSPACE] = {"workspace": WORKSPACE, "version": head + 1}


class Moment:
    """The documents as they are now: reading them takes no time, so nothing changes meanwhile."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Document]:
        return self._world.read(keys)

    async def query(self, query: Query) -> DocumentPage:
        return self._world.query(query)


async def audit_now(world: World) -> tuple[int, list[str]]:
    """How many conversations can be judged now, and every difference. Nothing has to have settled first."""
    moment = Moment(world)
    history = await read_policy_history(moment, WORKSPACE)
    progress, judged, found = await read_progress(moment, world.partitions), 0, list[str]()
    for identity in sorted(world.documents["conversations"]):
        findings = await load_for_audit(
            moment, WORKSPACE, identity, history or [], progress, world.now() + SETTLING_TIME
        )
        judged += findings is not None
        found += [
            f"{instant_text(world.now())} the auditor found {one}"
            for one in (findings.differences if findings is not None else ())
        ]
    return judged, found


async def audit_again_and_again(world: World, found: list[str]) -> None:
    """In one seed of four all the time, which takes longer than all else; differences are added to `found`."""
    pause = 1.5 if world.seed % 4 == 1 else 15.0
    while True:
        await asyncio.sleep(world.rng.uniform(pause / 8, pause))
        found += (await audit_now(world))[1]
