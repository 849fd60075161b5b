"""Reads connected accounts through a cache of one second.

Whoever is about to refuse a call because of a cached account reads the account again first (`reload`): it may have been
connected, or have got another secret, within that second.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from schemas.configuration import WorkspaceConfiguration
from services.channels.port import Account
from services.platform.core.errors import Unavailable
from services.platform.core.time_source import TimeSource
from services.platform.processing.unit_of_work import Reader
from services.records.accounts import account_id
from services.records.configuration import FRESH_SECONDS, Configurations
from services.records.tokens import AccountTokens, read_tokens, tokens_for
from services.text.own import NO_OWN_IDENTIFIERS, OwnIdentifierMatcher, compile_own_identifiers

STALE_SECONDS = 300.0
"""How old a cached account may be while the store is away: webhooks are then still authenticated, and published."""
MIN_REFRESH_INTERVAL_SECONDS = 0.01
MAX_CACHED = 1024


@dataclass(frozen=True, slots=True)
class ConnectedAccount:
    """An account with what enrichment needs of its workspace.

    `expected_languages` are those that its customers may write in, the likeliest first. `own` matches the shop's own
    identifiers. `generation` rises when an account is deleted and connected again, and when its secret changes.
    """

    account: Account
    expected_languages: tuple[str, ...]
    configuration: WorkspaceConfiguration
    own: OwnIdentifierMatcher = NO_OWN_IDENTIFIERS
    generation: int = 0


@dataclass(frozen=True, slots=True)
class _Entry:
    configuration: WorkspaceConfiguration | None
    at: float
    generation: int
    tokens: Mapping[str, AccountTokens]


class AccountCache:
    """Reads accounts. One read runs at a time, at most one per `spacing` seconds, for all callers that wait.

    So forged calls, each of which makes `reload` read the store, cost the store no more than that.
    """

    def __init__(
        self,
        store: Reader,
        time_source: TimeSource,
        *,
        spacing: float = MIN_REFRESH_INTERVAL_SECONDS,
        refreshing: Collection[str] = (),
    ) -> None:
        """`refreshing`: the channels whose tokens are refreshed; of others no tokens are read."""
        self._refreshing = refreshing
        self._store, self._time_source, self._spacing = store, time_source, spacing
        self._configurations = Configurations()
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._wanted: set[str] = set()
        self._lock = asyncio.Lock()
        self._turn, self._next_read = 0, time_source.monotonic()
        self._failed: tuple[int, Unavailable] | None = None

    async def find(self, workspace: str, channel: str, account: str) -> ConnectedAccount | None:
        """The account as it was at most a second ago; while the store is away, at most five minutes ago.

        Raises Unavailable.
        """
        entry = self._entries.get(workspace)
        age = self._time_source.monotonic() - entry.at if entry else STALE_SECONDS
        if entry is None or age >= FRESH_SECONDS:
            try:
                entry = await self._read(workspace)
            except Unavailable:
                if entry is None or age >= STALE_SECONDS:
                    raise
        return _connected(entry, channel, account)

    async def reload(self, workspace: str, channel: str, account: str) -> ConnectedAccount | None:
        """The account as stored at some moment after this call began. Raises Unavailable."""
        return _connected(await self._read(workspace), channel, account)

    async def _read(self, workspace: str) -> _Entry:
        """Wait for a read that began after this call: its own, or one shared by all waiting callers."""
        # `_turn` numbers the reads. A read with a higher number than now began later, so its answer, or its failure, is
        # good for this caller too.
        arrived = self._turn
        self._wanted.add(workspace)
        async with self._lock:
            entry = self._entries.get(workspace)
            if entry is not None and entry.generation > arrived:
                return entry
            if self._failed is not None and self._failed[0] > arrived:
                raise Unavailable(str(self._failed[1]))
            # A read that failed has taken the workspace off the list.
            self._wanted.add(workspace)
            await self._read_wanted()
            return self._entries[workspace]

    async def _read_wanted(self) -> None:
        await asyncio.sleep(max(0.0, self._next_read - self._time_source.monotonic()))
        self._next_read = self._time_source.monotonic() + self._spacing
        # Without an await in between: a workspace is either in this read or wanted for the next.
        self._turn += 1
        wanted, self._wanted = self._wanted, set()
        try:
            configurations = await self._configurations.current(self._store, wanted)
            tokens = await read_tokens(self._store, self._with_tokens(configurations.values()))
        except Unavailable as error:
            self._failed = (self._turn, error)
            raise
        now = self._time_source.monotonic()
        for workspace in wanted:
            self._entries[workspace] = _Entry(configurations.get(workspace), now, self._turn, tokens)
            self._entries.move_to_end(workspace)
        while len(self._entries) > max(MAX_CACHED, len(wanted)):
            self._entries.popitem(last=False)

    def _with_tokens(self, configurations: Iterable[WorkspaceConfiguration]) -> list[str]:
        """The ids of the accounts whose tokens are refreshed."""
        if not self._refreshing:
            return []
        names = [(one.workspace, *name.split("/", 1)) for one in configurations for name in one.accounts]
        return [account_id(*name) for name in names if name[1] in self._refreshing]


def _connected(entry: _Entry, channel: str, account: str) -> ConnectedAccount | None:
    configuration = entry.configuration
    stored = configuration.accounts.get(f"{channel}/{account}") if configuration else None
    if configuration is None or stored is None:
        return None
    own = [stored.body.language] if stored.body.language else []
    expected = tuple(dict.fromkeys([*own, *configuration.profile.body.languages]))
    refreshed = entry.tokens.get(account_id(configuration.workspace, channel, account))
    return ConnectedAccount(
        Account(configuration.workspace, channel, account, stored.body, tokens_for(stored.body, refreshed)),
        expected,
        configuration,
        compile_own_identifiers(configuration.profile.body.own),
        stored.generation,
    )
