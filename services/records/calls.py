"""Calls by their persons: what is known of both legs, and what came of each. Written by the group `conversations` alone."""

from services.domain.calls import CallRecord
from services.platform.store.port import Collection, Index
from services.records.conversations import WRITER

CALLS = Collection("calls", CallRecord, writer=WRITER, indexes=(Index("key", ("key", "started_at")),))
