"""Identity graphs, the references that find them, and the customers that follow from them. Only `customers` writes them."""

from dataclasses import dataclass

from schemas.values import Instant
from services.domain.customer_state import CustomerRecord, GraphReference, IdentityGraph
from services.platform.core.identifiers import hashed_id
from services.platform.store.port import Collection, Index

WRITER = "customers"


@dataclass(frozen=True, slots=True, kw_only=True)
class NameReport:
    """That the names which persons had proven in versions without customers are reported, since when, and of how many."""

    at: Instant
    persons: int


CUSTOMERS = Collection("customers", CustomerRecord, writer=WRITER, indexes=(Index("workspace", ("workspace",)),))
IDENTITY_GRAPHS = Collection("identity_graphs", IdentityGraph, writer=WRITER)
IDENTITY_REFERENCES = Collection("identity_references", GraphReference, writer=WRITER)

NAME_REPORTS = Collection("name_reports", NameReport, writer="rest")


def reference_id(workspace: str, kind: str, value: str) -> str:
    """The id of the reference of a person (`kind` is `person`) or of a proven name. Names are hashed: ids stand in logs."""
    return f"{workspace}/{hashed_id(kind, value)}"
