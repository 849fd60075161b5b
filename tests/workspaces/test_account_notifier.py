"""Senders are notified that an account was written or deleted."""

from schemas.envelope import decode
from services.platform.bus.port import partition_for
from services.platform.core.errors import Unavailable
from tests.rest import Rest, open_rest

MAIN = "/v1/workspaces/shop/accounts/telegram/main"
BODY = {"credentials": {"bot_token": "1:a"}}
PAYLOAD = {"workspace": "shop", "channel": "telegram", "account": "main"}


def notified(rest: Rest) -> list[tuple[str, int]]:
    """The topics and partitions of the notifications; fails when any other event was published."""
    partitions = []
    for partition, log in rest.bus.logs.items():
        for record in log:
            event = decode(record.value)
            assert (event.type, event.data) == ("pasokh.control.account_changed", PAYLOAD)
            partitions.append(partition)
    return partitions


async def test_every_sender_partition_and_the_account_check_are_notified_of_a_written_or_deleted_account() -> None:
    async with open_rest() as rest:
        await rest.workspace()
        partitions = rest.bus.partitions
        everywhere = [
            ("accounts", partition_for("shop/telegram:main", partitions)),
            *(("outbound", p) for p in range(partitions)),
        ]
        await rest.request("PUT", MAIN, BODY)
        assert sorted(notified(rest)) == sorted(everywhere)
        await rest.request("PUT", MAIN, BODY)
        assert sorted(notified(rest)) == sorted(everywhere * 2)
        await rest.request("DELETE", MAIN)
        assert sorted(notified(rest)) == sorted(everywhere * 3)


async def test_an_account_is_written_while_the_bus_is_unavailable() -> None:
    async with open_rest() as rest:
        await rest.workspace()
        rest.bus.failure = Unavailable("down")
        assert (await rest.request("PUT", MAIN, BODY)).status_code == 201
        assert (await rest.request("GET", MAIN)).status_code == 200
