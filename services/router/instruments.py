"""Operational metrics of the router. Every name is here; labels come from bounded sets."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class DeskInstruments:
    """The pages of agents that this process serves."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.streams = Gauge(
            "pasokh_desk_streams", "Open streams of inboxes: pages of agents.", ["workspace"], registry=registry
        )


class ErasureInstruments:
    """The erasures that this process has carried out."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.erased = Counter(
            "pasokh_persons_erased_total", "Persons who were erased.", ["workspace"], registry=registry
        )
