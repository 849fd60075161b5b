"""Leases: when the page of an agent was last heard. REST writes one document for each answer to a beat; dispatch reads it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from schemas.values import OMITTED_IF_EMPTY, Instant
from services.platform.store.port import Collection, Expiry, Index

LEASE_RETENTION = timedelta(days=1)
"""How long the lease of a page that is not heard any more is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRecord:
    """The lease of an agent. Its document id is that of the agent.

    `beat_at` is when a page of the agent was last heard, `input_at` when the agent last touched one of them, where pages say so.
    `push`: notices are pushed to a telephone of the agent. `visible_at` is when a page of the agent was last in view. The record is deleted after `expires_at`.
    """

    workspace: str
    agent: str
    beat_at: Instant
    input_at: Annotated[Instant | None, OMITTED_IF_EMPTY] = None
    push: Annotated[bool, OMITTED_IF_EMPTY] = False
    visible_at: Annotated[Instant | None, OMITTED_IF_EMPTY] = None
    expires_at: Instant


LEASES = Collection(
    "leases",
    LeaseRecord,
    writer="rest",
    indexes=(Index("workspace", ("workspace", "agent")), Index("expiry", ("expires_at",))),
    expires=Expiry("expires_at"),
)
