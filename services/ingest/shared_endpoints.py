"""Which accounts a body is for, where a platform calls one URL for many of them.

A body speaks for another account than that of its path only in the same workspace, and only if the account's own `verify`
accepts the same request: whoever has the secret of one account can write nothing into another.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from services.channels.abilities import SharedEndpoint
from services.channels.port import Channel, Request
from services.ingest.accounts import AccountCache, ConnectedAccount
from services.ingest.instruments import IngestInstruments
from services.ingest.reading import BodyReader
from services.ingest.verification import CallVerifier


@dataclass(frozen=True, slots=True)
class SharedEndpoints:
    """Finds the accounts of a body. `endpoints` are the channels that have such URLs."""

    endpoints: Mapping[str, SharedEndpoint]
    accounts: AccountCache
    verifier: CallVerifier
    reader: BodyReader
    instruments: IngestInstruments

    async def recipients(
        self, channel: Channel, connected: ConnectedAccount, request: Request
    ) -> list[ConnectedAccount]:
        """The accounts that a body is for; that of the path where it is for none of the workspace's. Raises Unavailable.

        What such a body says to other accounts beside these is counted as rejected.
        """
        endpoint = self.endpoints.get(channel.name)
        if endpoint is None:
            return [connected]
        ids = await self.reader.read_addressees(endpoint, channel, connected, request)
        own = endpoint.own_id(connected.account.body)
        others = set(ids) - {own}
        found = await self._find(endpoint, channel, connected, request, others) if others else []
        recipients = [*([connected] if own in ids else []), *(account for account, _ in found)]
        foreign = others - {one for _, one in found}
        if recipients and foreign:
            self.instruments.count_rejected(connected.account, "foreign", len(foreign))
        return recipients or [connected]

    async def _find(
        self,
        endpoint: SharedEndpoint,
        channel: Channel,
        connected: ConnectedAccount,
        request: Request,
        ids: Collection[str],
    ) -> list[tuple[ConnectedAccount, str]]:
        """The other accounts of the workspace that have these ids and accept the request, each with its id."""
        found = await self._accepting(endpoint, channel, connected, request, ids)
        if len({one for _, one in found}) == len(ids):
            return found
        # One of them may have been connected, or have got another secret, within the second that the cache is old.
        own = connected.account
        fresh = await self.accounts.reload(own.workspace, channel.name, own.id)
        if fresh is None or fresh.configuration.version == connected.configuration.version:
            return found
        return await self._accepting(endpoint, channel, fresh, request, ids)

    async def _accepting(
        self,
        endpoint: SharedEndpoint,
        channel: Channel,
        connected: ConnectedAccount,
        request: Request,
        ids: Collection[str],
    ) -> list[tuple[ConnectedAccount, str]]:
        own = connected.account
        found: list[tuple[ConnectedAccount, str]] = []
        for name, stored in connected.configuration.accounts.items():
            of_channel, account = name.split("/", 1)
            identity = endpoint.own_id(stored.body) if of_channel == channel.name and account != own.id else None
            if identity is None or identity not in ids:
                continue
            other = await self.accounts.find(own.workspace, channel.name, account)
            if other is not None and await self.verifier.accepts(channel, other.account, request):
                found.append((other, identity))
        return found
