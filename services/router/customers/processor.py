"""The processor `customers`: evidence and decisions in, who is one customer out; keyed by workspace.

It alone decides who is one customer. Each person's partition learns of it by `pasokh.command.customer_linked`.
"""

from services.platform.processing.processor import Handler, Processor, no_memory
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.customers import CUSTOMERS, IDENTITY_GRAPHS, IDENTITY_REFERENCES, WRITER
from services.router.customers import decisions, erasure, evidence

DECISION = (decisions.decision_references, decisions.decision_graphs)


def _only_work(work: UnitOfWork, memory: None, dependencies: None) -> UnitOfWork:
    return work


PROCESSOR: Processor[None, None, UnitOfWork] = Processor(
    group=WRITER,
    topics=("customers",),
    context=_only_work,
    memory=no_memory,
    handlers={
        "pasokh.identity.proven": Handler(
            evidence.on_identity_proven, (evidence.proven_references, evidence.proven_graphs)
        ),
        "pasokh.identity.linked": Handler(
            evidence.on_persons_linked, (evidence.linked_references, evidence.linked_graphs)
        ),
        "pasokh.identity.recycled": Handler(
            evidence.on_person_recycled, (evidence.recycled_references, evidence.recycled_graph)
        ),
        "pasokh.identity.forgotten": Handler(
            erasure.on_person_forgotten, (erasure.forgotten_references, erasure.forgotten_graph)
        ),
        "pasokh.identity.join": Handler(decisions.handle_join, DECISION),
        "pasokh.identity.part": Handler(decisions.handle_part, DECISION),
    },
    collections=(CUSTOMERS, IDENTITY_GRAPHS, IDENTITY_REFERENCES),
)
