"""Wires the collector into the process of ingest, whose way from a body to the bus it goes."""

from prometheus_client import CollectorRegistry

from services.collector.background import AccountHealthMonitor
from services.collector.context import CollectorDependencies
from services.collector.instruments import AccountInstruments, CollectorInstruments
from services.collector.processor import PROCESSOR
from services.ingest.wiring import SharedComponents
from services.platform.http.service import Context, ServiceComponents


def open_collector(context: Context, shared: SharedComponents) -> ServiceComponents:
    """The processor `collector` and its metrics, as a source of messages for `open_ingest`."""
    registry = CollectorRegistry()
    dependencies = CollectorDependencies(
        channels=shared.channels,
        abilities=shared.abilities,
        accounts=shared.accounts,
        http=shared.http,
        time_source=context.time_source,
        publish_body=shared.publish_body,
        instruments=CollectorInstruments(registry),
        public_url=context.settings.public_url,
    )
    monitor = AccountHealthMonitor(context, AccountInstruments(registry))
    return ServiceComponents(
        processors=(PROCESSOR.bind(dependencies),),
        collectors=(registry,),
        background=(monitor.start, monitor.run),
    )
