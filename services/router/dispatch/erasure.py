"""Takes an erased person out of the decisions and offers about their conversations; why who got which stays."""

from collections.abc import Iterator
from dataclasses import replace

from schemas.erasure import TaskErased
from schemas.values import Json
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.reads import ByIndex, Read
from services.platform.store.port import Query
from services.records.decisions import DECISIONS
from services.records.offers import OFFERS
from services.router.dispatch.context import DispatchContext


def on_task_erased(context: DispatchContext, received: ReceivedEvent) -> None:
    """Name the pseudonym in the decisions, and delete what agents said when they declined."""
    work, erased = context.work, received.event.payload_as(TaskErased)
    for identity, decision in work.found(DECISIONS, _of_conversation(DECISIONS.name, received)).items():
        work.put(DECISIONS, identity, replace(decision, key=erased.key))
    for identity, offer in work.found(OFFERS, _of_conversation(OFFERS.name, received)).items():
        work.put(OFFERS, identity, replace(offer, reason=None))


def erased_documents(context: DispatchContext, received: ReceivedEvent) -> Iterator[Read]:
    """The decisions and the offers of the conversation."""
    yield ByIndex(DECISIONS, _of_conversation(DECISIONS.name, received), every_page=True)
    yield ByIndex(OFFERS, _of_conversation(OFFERS.name, received), every_page=True)


def _of_conversation(collection: str, received: ReceivedEvent) -> Query:
    conversation = received.event.payload_as(TaskErased).conversation
    equals: dict[str, Json] = {"workspace": received.event.workspace, "conversation": conversation}
    return Query(collection, "conversation", equals)
