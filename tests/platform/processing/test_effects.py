"""Results of effects: none is lost, whatever is taken while others still run."""

import asyncio
from datetime import UTC, datetime

from schemas.values import Json
from services.platform.processing.effects import Effects
from services.platform.processing.unit_of_work import Effect


async def test_result_of_an_effect_that_ran_while_others_were_taken_is_not_lost() -> None:
    gates = {"first": asyncio.Event(), "second": asyncio.Event()}

    async def perform(effect: Effect) -> dict[str, Json]:
        await gates[effect.name].wait()
        return {}

    effects = Effects(perform, lambda effect, error: None)
    for name in gates:
        effects.start(Effect(name, {}, datetime(2026, 3, 21, tzinfo=UTC)))
    taken = []
    for gate in gates.values():
        gate.set()
        await effects.has_result()
        results = effects.results()
        taken += [completed.name for completed in results]
        effects.acknowledge(results)
    assert taken == ["first", "second"]


async def test_a_result_stays_until_a_commit_has_handled_it() -> None:
    async def perform(effect: Effect) -> str:
        return "sent"

    effects = Effects(perform, lambda effect, error: None)
    for name in ("first", "second"):
        effects.start(Effect(name, {}, datetime(2026, 3, 21, tzinfo=UTC)))
        await effects.has_result()
        assert effects.results()[-1].name == name
    assert [completed.name for completed in effects.results()] == ["first", "second"]
    effects.acknowledge(effects.results()[:1])
    assert [completed.name for completed in effects.results()] == ["second"]
    assert effects.busy


async def test_an_effect_that_may_be_repeated_is_not_waited_for_but_its_result_is() -> None:
    gate = asyncio.Event()

    async def perform(effect: Effect) -> str:
        await gate.wait()
        return "fetched"

    effects = Effects(perform, lambda effect, error: None)
    effects.start(Effect("poll", {}, datetime(2026, 3, 21, tzinfo=UTC)), is_repeatable=True)
    assert (effects.busy, effects.must_finish) == (True, False)
    gate.set()
    await effects.has_result()
    assert effects.must_finish
    effects.acknowledge(effects.results())
    effects.start(Effect("send", {}, datetime(2026, 3, 21, tzinfo=UTC)))
    assert effects.must_finish
    await effects.has_result()
