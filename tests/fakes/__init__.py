"""Fakes of our ports, in memory: one of each, for every test. They keep the promises of the ports and nothing else.

What belongs here stands in for something outside the code under test: time, bus, store, HTTP. What builds documents and
plays users for one service is that service's `harness.py`.
"""

from tests.fakes.bus import MemoryBus
from tests.fakes.http import AppHttp, FakeHttp, HttpCall, always, in_order
from tests.fakes.store import MemoryStore
from tests.fakes.time_source import START, LoopTimeSource, ManualTimeSource

__all__ = [
    "START",
    "AppHttp",
    "FakeHttp",
    "HttpCall",
    "LoopTimeSource",
    "ManualTimeSource",
    "MemoryBus",
    "MemoryStore",
    "always",
    "in_order",
]
