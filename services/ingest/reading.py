"""Reads authentic bodies: parses them into activities and enriches these, on a worker thread where that takes long."""

import structlog

from services.channels.port import Channel, InvalidPayload, Request
from services.ingest.accounts import ConnectedAccount
from services.ingest.instruments import IngestInstruments
from services.ingest.parsing import NestedTooDeep, ParsedBody, parse_body
from services.ingest.split_cards import SplitCardDetector
from services.ingest.unparsed import error_location, unparsed_activity
from services.platform.core.threads import WorkerThread

LONG_BODY_BYTES = 3_000
"""Longer bodies are read on the worker thread, because they take milliseconds. Nearly every update of a person is shorter."""
_log = structlog.get_logger(__name__)


class UnreadableBody(InvalidPayload):
    """A malformed body with the answer that its channel wants: 400, or 200 where the platform would repeat it for hours."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class BodyReader:
    """Parses and enriches bodies. It keeps the recent messages in which pieces of a card may stand (`SplitCardDetector`)."""

    def __init__(self, instruments: IngestInstruments) -> None:
        self._instruments = instruments
        self._worker, self._split_cards = WorkerThread(), SplitCardDetector()

    async def read_activities(self, channel: Channel, connected: ConnectedAccount, request: Request) -> ParsedBody:
        """The enriched activities of a body. Raises UnreadableBody, NestedTooDeep.

        A bug of ours on the body gives one activity of kind `unknown`.
        """
        if len(request.body) > LONG_BODY_BYTES:
            return await self._worker.run(lambda: self._read(channel, connected, request))
        return self._read(channel, connected, request)

    def _read(self, channel: Channel, connected: ConnectedAccount, request: Request) -> ParsedBody:
        account, expected, own = connected.account, connected.expected_languages, connected.own
        names = {"channel": channel.name, "workspace": account.workspace}
        try:
            parsed = parse_body(channel, account, request)
            enriched = [self._split_cards.enrich(activity, expected, own) for activity in parsed.activities]
            return ParsedBody([activity for activities in enriched for activity in activities], parsed.verdicts)
        except NestedTooDeep:
            raise
        except InvalidPayload as error:
            _log.warning("webhook_malformed", **names, reason=str(error))
            raise UnreadableBody(channel.capabilities.invalid_payload_status, str(error)) from None
        except Exception as error:  # noqa: BLE001 -- our bug; a 5xx would make some platforms hold back all that follows
            _log.error("webhook_not_understood", **names, **error_location(error))
            self._instruments.unparsed.labels(account.workspace, channel.name, "error").inc()
            return ParsedBody([unparsed_activity(account, request, error)])
