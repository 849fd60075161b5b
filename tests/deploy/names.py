"""Every metric and label that exists, from the instruments of the code; and those that a query uses."""

from collections.abc import Iterable, Iterator

import promql_parser
from prometheus_client import CollectorRegistry, Histogram, ProcessCollector
from prometheus_client.registry import Collector

from services.collector.instruments import AccountInstruments, CollectorInstruments
from services.delivery.instruments import DeliveryInstruments
from services.ingest.instruments import IngestInstruments
from services.metrics.instruments import GAUGES, INSTRUMENTS, LEDGER_GAUGES
from services.platform.core.instruments import (
    AdmissionInstruments,
    HttpInstruments,
    LoopInstruments,
    ProcessorInstruments,
)
from services.router.instruments import DeskInstruments
from services.sla.instruments import AuditInstruments
from services.subscriptions.instruments import WebhookInstruments

OF_A_SCRAPE = frozenset({"job", "instance", "service", "le", "workspace"})
PARTS = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


def existing() -> dict[str, frozenset[str]]:
    """Name of a time series → its labels."""
    found = {"up": OF_A_SCRAPE}
    for one in (*INSTRUMENTS, *GAUGES, *LEDGER_GAUGES):
        for part in PARTS[one.kind]:
            found[f"{one.name}{part}"] = OF_A_SCRAPE | set(one.labels)
    for name, labels in _of_processes():
        found[name] = OF_A_SCRAPE | set(labels)
    return found


def _of_processes() -> Iterator[tuple[str, Iterable[str]]]:
    registry = CollectorRegistry()
    kinds = (
        ProcessorInstruments,
        HttpInstruments,
        LoopInstruments,
        DeliveryInstruments,
        WebhookInstruments,
        AuditInstruments,
        AccountInstruments,
        CollectorInstruments,
        DeskInstruments,
    )
    holders = [kind(registry) for kind in kinds]
    collectors: list[Collector] = [one for holder in holders for one in vars(holder).values()]
    for one in (*collectors, AdmissionInstruments().refused, *IngestInstruments().collectors):
        [family] = one.describe() if hasattr(one, "describe") else one.collect()
        suffixes = (
            PARTS["histogram"] if isinstance(one, Histogram) else ("_total",) if family.type == "counter" else ("",)
        )
        for suffix in suffixes:
            yield f"{family.name}{suffix}", one._labelnames  # type: ignore[attr-defined] # it has no public name
    for family in ProcessCollector(registry=CollectorRegistry()).collect():
        yield family.name + ("_total" if family.type == "counter" else ""), ()


def used(expr: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Name → the labels that its selector names. Raises ValueError for what is no PromQL."""
    found: list[tuple[str, frozenset[str]]] = []

    def note(node: object) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            found.append((str(node.name), frozenset(one.name for one in node.matchers.matchers)))
        return True

    promql_parser.walk(promql_parser.parse(expr), note)
    yield from found


def grouped(expr: str) -> frozenset[str]:
    """The labels that a query aggregates by."""
    found: set[str] = set()

    def note(node: object) -> bool:
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            found.update(node.modifier.labels)
        return True

    promql_parser.walk(promql_parser.parse(expr), note)
    return frozenset(found)
