"""Reads authentic bodies: parses them into activities and enriches these, on a worker thread where that takes long."""

from collections.abc import Callable
from typing import TypeVar

import structlog

from services.channels.abilities import Abilities, SharedEndpoint
from services.channels.port import Channel, InvalidPayload, Request
from services.ingest.accounts import ConnectedAccount
from services.ingest.instruments import IngestInstruments
from services.ingest.parsing import NestedTooDeep, ParsedBody, check_depth, parse_body
from services.ingest.split_cards import SplitCardDetector
from services.ingest.storage_limits import with_storage_limits
from services.ingest.unparsed import error_location, unparsed_activity
from services.ingest.verification import LARGE_BODY_BYTES
from services.platform.core.threads import WorkerThread

LONG_BODY_BYTES = 3_000
"""Longer bodies are read on the worker thread, because they take milliseconds. Nearly every update of a person is shorter."""
Result = TypeVar("Result")
_log = structlog.get_logger(__name__)


class UnreadableBody(InvalidPayload):
    """A malformed body with the answer that its channel wants: 400, or 200 where the platform would repeat it for hours."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class BodyReader:
    """Parses and enriches bodies. It keeps the recent messages in which pieces of a card may stand (`SplitCardDetector`).

    Large bodies have a thread of their own, so that other channels do not wait for a mail.
    """

    def __init__(self, abilities: Abilities, instruments: IngestInstruments, large_bodies: WorkerThread) -> None:
        self._abilities, self._instruments = abilities, instruments
        self._worker, self._large_bodies, self._split_cards = WorkerThread(), large_bodies, SplitCardDetector()

    async def read_activities(self, channel: Channel, connected: ConnectedAccount, request: Request) -> ParsedBody:
        """The enriched activities of a body. Raises UnreadableBody, NestedTooDeep.

        A bug of ours on the body gives one activity of kind `unknown`.
        """
        return await self._run(request, lambda: self._read(channel, connected, request))

    async def read_addressees(
        self, endpoint: SharedEndpoint, channel: Channel, connected: ConnectedAccount, request: Request
    ) -> frozenset[str]:
        """The platform's ids of the accounts that a body is about; none for a body that cannot be read, as parsing will say."""
        return await self._run(request, lambda: self._addressees(endpoint, channel, connected, request))

    async def _run(self, request: Request, work: Callable[[], Result]) -> Result:
        size = len(request.body)
        if size <= LONG_BODY_BYTES:
            return work()
        return await (self._large_bodies if size > LARGE_BODY_BYTES else self._worker).run(work)

    def _addressees(
        self, endpoint: SharedEndpoint, channel: Channel, connected: ConnectedAccount, request: Request
    ) -> frozenset[str]:
        try:
            self._check_depth(channel, connected, request)
            return frozenset(endpoint.addressees(request))
        except InvalidPayload:
            return frozenset()
        except Exception as error:  # noqa: BLE001 -- our bug: the account of the path gets the body, as without a shared URL
            names = {"channel": channel.name, "workspace": connected.account.workspace}
            _log.error("webhook_addressees_not_understood", **names, **error_location(error))
            return frozenset()

    def _check_depth(self, channel: Channel, connected: ConnectedAccount, request: Request) -> None:
        check_depth(request, self._abilities.capabilities_of(channel, connected.account.body))

    def _read(self, channel: Channel, connected: ConnectedAccount, request: Request) -> ParsedBody:
        account, expected, own = connected.account, connected.expected_languages, connected.own
        names = {"channel": channel.name, "workspace": account.workspace}
        try:
            self._check_depth(channel, connected, request)
            parsed = parse_body(channel, account, request)
            enriched = [self._split_cards.enrich(activity, expected, own) for activity in parsed.activities]
            capabilities = self._abilities.capabilities_of(channel, account.body)
            limited = [
                with_storage_limits(activity, capabilities) for activities in enriched for activity in activities
            ]
            return ParsedBody(limited, parsed.verdicts)
        except NestedTooDeep:
            raise
        except InvalidPayload as error:
            _log.warning("webhook_malformed", **names, reason=str(error))
            status = self._abilities.capabilities_of(channel, account.body).invalid_payload_status
            raise UnreadableBody(status, str(error)) from None
        except Exception as error:  # noqa: BLE001 -- our bug; a 5xx would make some platforms hold back all that follows
            _log.error("webhook_not_understood", **names, **error_location(error))
            self._instruments.unparsed.labels(account.workspace, channel.name, "error").inc()
            return ParsedBody([unparsed_activity(account, request, error)])
