"""Who gets a place while room is short: whoever is slow, or holds most of it, makes way."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from starlette.types import Message

from services.platform.core.instruments import AdmissionInstruments
from services.platform.http.admission import AdmissionControl, AdmittedRequest, Displaced, Overloaded


class Crowd:
    """Calls that hold their places until they are let go."""

    def __init__(self, room: AdmissionControl) -> None:
        self.room = room
        self.ends: list[asyncio.Task[None]] = []
        self.leave = asyncio.Event()
        self.places: list[AdmittedRequest] = []

    async def come(self, address: str, account: str = "a", *, size: int = 0, proven: bool = False) -> AdmittedRequest:
        came: asyncio.Future[AdmittedRequest] = asyncio.get_running_loop().create_future()
        self.ends.append(asyncio.create_task(self._call(came, address, account, size, proven)))
        place = await came
        self.places.append(place)
        return place

    async def _call(
        self, came: "asyncio.Future[AdmittedRequest]", address: str, account: str, size: int, proven: bool
    ) -> None:
        try:
            async with self.room.admit(address, account) as place:
                if size:
                    await self.room.count_bytes(place, body_of(size))()
                if proven:
                    self.room.prove(place)
                came.set_result(place)
                await self.leave.wait()
        except Overloaded as error:
            if not came.done():
                came.set_exception(error)
            raise

    async def ended(self) -> list[str]:
        self.leave.set()
        results = await asyncio.gather(*self.ends, return_exceptions=True)
        return ["stayed" if one is None else type(one).__name__ for one in results]


def body_of(size: int):  # type: ignore[no-untyped-def] # a Receive
    async def receive() -> Message:
        return {"type": "http.request", "body": b"x" * size, "more_body": True}

    return receive


async def test_the_oldest_place_of_the_address_that_has_most_is_lost_first() -> None:
    crowd = Crowd(AdmissionControl(calls=6))
    await crowd.come("honest", "b")
    for number in range(8):
        await crowd.come("attacker", f"a{number}")
    ends = await crowd.ended()
    assert ends[0] == "stayed"
    assert ends[1:] == ["Displaced"] * 5 + ["stayed"] * 3


async def test_many_addresses_on_one_account_leave_room_for_the_others() -> None:
    crowd = Crowd(AdmissionControl(calls=10))
    for number in range(30):
        await crowd.come(f"10.0.0.{number}", "attacked")
    await crowd.come("honest", "attacked")
    for number in range(4):
        await crowd.come(f"192.0.2.{number}", f"b{number}")
    ends = await crowd.ended()
    assert ends[30:] == ["stayed"] * 5
    assert ends.count("stayed") <= 10


async def test_a_proven_call_never_loses_its_place_and_an_account_gets_half_at_most() -> None:
    crowd = Crowd(AdmissionControl(calls=10))
    for _ in range(5):
        await crowd.come("platform", "busy", proven=True)
    with pytest.raises(Overloaded):
        await crowd.come("platform", "busy")
    await crowd.come("platform", "quiet", proven=True)
    ends = await crowd.ended()
    assert ends == ["stayed"] * 5 + ["Overloaded"] + ["stayed"]


async def test_large_bodies_make_way_for_small_ones() -> None:
    instruments = AdmissionInstruments()
    crowd = Crowd(AdmissionControl("webhook", body_bytes=10_000, instruments=instruments))
    for number in range(12):
        await crowd.come("attacker", f"a{number}", size=1000)
    await crowd.come("honest", "b", size=500)
    await crowd.come("attacker", "b", size=500)
    ends = await crowd.ended()
    assert ends[-2:] == ["stayed", "stayed"]
    assert ends.count("Displaced") >= 7
    refused = instruments.refused.labels("webhook", "address")
    assert refused._value.get() >= 7


async def test_a_body_too_large_for_the_share_loses_its_own_place_and_everything_is_given_back() -> None:
    room = AdmissionControl(calls=4, body_bytes=1000)
    for _ in range(3):
        with pytest.raises(Displaced):
            async with room.admit("one", "a") as place:
                await room.count_bytes(place, body_of(600))()
    async with AsyncExitStack() as stack:
        for number in range(4):
            await stack.enter_async_context(room.admit(f"{number}", f"{number}"))
    async with room.admit("one", "a") as place:
        await room.count_bytes(place, body_of(400))()


async def test_a_call_whose_place_was_lost_before_its_proof_is_not_handled() -> None:
    room = AdmissionControl(calls=1)
    handled = False

    async def slow() -> None:
        nonlocal handled
        async with room.admit("one", "a") as first:
            async with room.admit("two", "b"):
                pass
            room.prove(first)
            handled = True

    with pytest.raises(Displaced):
        await slow()
    assert not handled
