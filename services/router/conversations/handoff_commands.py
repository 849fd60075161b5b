"""The steps of a hand-off: its token arrives, activities are forwarded, an invitation expires."""

from dataclasses import replace

from schemas.activity import Activity, Address
from schemas.commands import Forward
from schemas.identity import PersonKey
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_closed, is_finished
from services.platform.processing.inputs import TimerFired
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, PERSONS
from services.router.conversations.context import ConversationsContext
from services.router.conversations.domain import handoff
from services.router.conversations.domain.activities import PRIVATE_THREAD
from services.router.conversations.domain.contacts import updated_contact
from services.router.conversations.facts import record_fact, text_field
from services.router.conversations.forwarding import send_forward
from services.router.conversations.handoff_notices import EXPIRY
from services.router.conversations.identity_evidence import report_link
from services.router.conversations.lifecycle_commands import change_priority


def claim_handoff(work: UnitOfWork, case: ConversationState, activity: Activity) -> None:
    """Complete the hand-off of a customer who returns its token: their private messages continue the conversation."""
    person = updated_contact(work.get(PERSONS, str(activity.person_key)), activity, work.now)
    address = handoff.private_address(activity)
    # Without an address no answer can reach the customer in private.
    if address is None:
        return
    # From here on the private thread of the person leads to this conversation.
    work.put(PERSONS, person.key, replace(person, open={**person.open, PRIVATE_THREAD: case.id}))
    complete(work, case, activity.person_key, address)


def complete(work: UnitOfWork, case: ConversationState, person: PersonKey, address: Address) -> None:
    """Record that the private side is open. A second token changes nothing."""
    work.cancel_timer(f"{EXPIRY}{case.id}")
    if case.handoff is None or case.handoff.state != "completed":
        record_fact(work, "handoff_completed", handoff.completed(case, person, address, work.now), case.status)
        report_link(work, case.key, person, "handoff", work.now, case.id)


def forward(work: UnitOfWork, activity: Activity, case: ConversationState) -> None:
    """Send an activity to the partition of another person's conversation, which alone may write that."""
    person = updated_contact(work.get(PERSONS, str(activity.person_key)), activity, work.now)
    work.put(PERSONS, person.key, person)
    send_forward(work, case.key, Forward(conversation=case.id, activity=activity))


def on_expiry_timer(context: ConversationsContext, timer: TimerFired) -> None:
    """Expire an invitation that nobody followed, and raise the priority so that an agent sees the conversation.

    A finished conversation expires without a higher priority: otherwise it would wait for a customer who never comes
    once it is reopened.
    """
    work = context.work
    case = work.get(CONVERSATIONS, text_field(timer.data, "conversation"))
    after = handoff.expired(case, work.now) if case else None
    if case is None or after is None or is_closed(case.status):
        return
    record_fact(work, "handoff_expired", after, case.status, at=work.now)
    if not is_finished(case.status) and handoff.escalated(after.priority) != after.priority:
        change_priority(work, after, handoff.escalated(after.priority))
