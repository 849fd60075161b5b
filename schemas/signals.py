"""Signals: who reads or types in a conversation at this moment. They are forgotten after a minute, and are no facts."""

from typing import Literal

from schemas.values import Contract

SignalKind = Literal["viewing", "reply", "note", "gone"]
"""`reply`, `note`: what the agent types. `gone`: the agent does not look any more."""

Typing = Literal["reply", "note"]


class AgentSignal(Contract):
    """`pasokh.signal.shown`: where an agent is, from one of their browsers (`source`). Lost ones do no harm: the next one says it again."""

    conversation: str
    agent: str
    name: str | None = None
    kind: SignalKind
    source: str = ""
