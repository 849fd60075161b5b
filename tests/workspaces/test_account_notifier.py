"""Whoever sends hears that an account was written."""

from schemas.envelope import decode
from services.platform.bus.port import partition_for
from services.platform.core.errors import Unavailable
from tests.rest import Rest, open_rest

MAIN = "/v1/workspaces/shop/accounts/telegram/main"
BODY = {"credentials": {"bot_token": "1:a"}}
TOLD = {"workspace": "shop", "channel": "telegram", "account": "main"}


def told(rest: Rest) -> list[tuple[str, int]]:
    """The topics and partitions on which it was said, and nothing else was."""
    places = []
    for place, log in rest.bus.logs.items():
        for record in log:
            event = decode(record.value)
            assert (event.type, event.data) == ("pasokh.control.account_changed", TOLD)
            places.append(place)
    return places


async def test_every_partition_of_senders_and_whoever_watches_hear_that_an_account_was_written_or_removed() -> None:
    async with open_rest() as rest:
        await rest.workspace()
        partitions = rest.bus.partitions
        everywhere = [("accounts", partition_for("shop", partitions)), *(("outbound", p) for p in range(partitions))]
        await rest.ask("PUT", MAIN, BODY)
        assert sorted(told(rest)) == everywhere
        await rest.ask("PUT", MAIN, BODY)
        assert sorted(told(rest)) == sorted(everywhere * 2)
        await rest.ask("DELETE", MAIN)
        assert sorted(told(rest)) == sorted(everywhere * 3)


async def test_account_is_written_while_the_bus_is_away() -> None:
    async with open_rest() as rest:
        await rest.workspace()
        rest.bus.failure = Unavailable("away")
        assert (await rest.ask("PUT", MAIN, BODY)).status_code == 201
        assert (await rest.ask("GET", MAIN)).status_code == 200
