"""Whose turn it is: what the customer asked and which answers are on their way. Pure.

Order on the log decides which messages an answer has answered, for a message's own time may be earlier than its coming.
"""

from datetime import datetime

from services.domain.metrics_state import ConversationMetricsState, PendingAnswer, PendingRequest


def on_customer_message(known: ConversationMetricsState, since: datetime, begun: datetime) -> ConversationMetricsState:
    """The customer wrote: a turn begins, unless one runs; after an answer on its way, the turn after it."""
    turn = PendingRequest.unvalidated(since=since, begun=begun)
    if known.turn is None:
        return known.model_copy(update={"turn": turn})
    if known.said and known.said[-1].asked is None:
        *earlier, last = known.said
        return known.model_copy(update={"said": [*earlier, last.model_copy(update={"asked": turn})]})
    return known


def on_reply_accepted(known: ConversationMetricsState, message: str) -> ConversationMetricsState:
    """An agent answered; whether it arrives is not known yet."""
    if known.turn is None:
        return known
    return known.model_copy(update={"said": [*known.said, PendingAnswer(message=message)]})


def on_reply_delivered(
    known: ConversationMetricsState, message: str
) -> tuple[ConversationMetricsState, PendingRequest | None]:
    """The answer arrived: the turn that it ended (None: it was said before anything was asked), and what is next."""
    place = _place(known, message)
    if known.turn is None or place is None:
        return known, None
    later = known.said[place:]
    next_asked = next((i for i, said in enumerate(later) if said.asked is not None), len(later))
    turn = later[next_asked].asked if next_asked < len(later) else None
    return known.model_copy(update={"turn": turn, "said": later[next_asked + 1 :]}), known.turn


def on_reply_failed(known: ConversationMetricsState, message: str) -> ConversationMetricsState:
    """The answer will not arrive: as if it had not been said."""
    place = _place(known, message)
    if place is None:
        return known
    said = list(known.said)
    failed = said.pop(place)
    if place > 0 and said[place - 1].asked is None:
        said[place - 1] = said[place - 1].model_copy(update={"asked": failed.asked})
    return known.model_copy(update={"said": said})


def clear(known: ConversationMetricsState) -> ConversationMetricsState:
    """Nobody waits for an answer any more."""
    return known.model_copy(update={"turn": None, "said": []})


def _place(known: ConversationMetricsState, message: str) -> int | None:
    return next((i for i, said in enumerate(known.said) if said.message == message), None)
