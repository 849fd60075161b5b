"""Whether a person can be reached and wants to be: they blocked the account, asked for messages, or asked us to stop."""

from schemas.activity import Activity
from schemas.contact import ContactFact
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import PERSONS
from services.router.conversations import greeting
from services.router.conversations.context import ActivityContext
from services.router.conversations.customer_messages import open_conversation
from services.router.conversations.domain.activities import happened_at
from services.router.conversations.domain.contacts import has_changed_state, updated_contact, with_state


def on_contact_state(work: UnitOfWork, activity: Activity, activity_context: ActivityContext) -> None:
    """Store what a person decided, and record it as a fact where it is new. A start is answered with the greeting."""
    before = updated_contact(work.get(PERSONS, str(activity.person_key)), activity, work.now)
    state = activity.contact_state
    if state is None:
        work.put(PERSONS, before.key, before)
        return
    person = with_state(before, state, happened_at(activity))
    conversation = open_conversation(work, person, activity)
    if state == "started" and conversation is None:
        person = greeting.greet(work, person, activity, activity_context.configuration, activity_context.capabilities)
    work.put(PERSONS, person.key, person)
    if has_changed_state(before, person):
        fact = ContactFact(
            key=person.key,
            workspace=person.workspace,
            person=person.person,
            # A start by somebody who had blocked the account unblocks it.
            state="unblocked" if state == "started" else state,
            conversation=conversation.id if conversation else None,
            at=work.now,
        )
        work.emit(f"pasokh.contact.{fact.state}", person.key, fact)
