"""What the owners of partitions share in one process."""

from dataclasses import dataclass, field

from services.platform.bus.port import Bus
from services.platform.core.instruments import ProcessorInstruments
from services.platform.core.time_source import TimeSource
from services.platform.processing import failpoints
from services.platform.processing.document_cache import ImmutableDocuments
from services.platform.processing.time_slices import TimeSlicer
from services.platform.store.port import Store


@dataclass(frozen=True, slots=True)
class Runtime:
    """What every owner of a partition needs from its process.

    `data_version` is the newest version of the data that this process knows.
    """

    store: Store
    bus: Bus
    time_source: TimeSource
    instruments: ProcessorInstruments
    hook: failpoints.Hook = failpoints.no_failpoint
    slicer: TimeSlicer = field(default_factory=TimeSlicer)
    immutable: ImmutableDocuments = field(default_factory=ImmutableDocuments)
    data_version: int = 0
