"""What a person's partition is told: to which customer of several persons the person belongs."""

from dataclasses import replace

from schemas.customer import CustomerFact, CustomerLinked
from schemas.identity import person_key
from services.platform.processing.inputs import ReceivedEvent
from services.records.conversations import PERSONS
from services.router.conversations.context import ConversationsContext
from services.router.conversations.domain.contacts import new_contact


def handle_customer_linked(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Store to which customer a person belongs, and record it as a fact."""
    command, work = received.event.payload_as(CustomerLinked), context.work
    key = person_key(received.event.partitionkey)
    person = work.get(PERSONS, str(key)) or new_contact(key, work.now)
    work.put(PERSONS, person.key, replace(person, customer=command.customer))
    fact = CustomerFact(
        key=person.key,
        workspace=person.workspace,
        person=person.person,
        customer=command.customer,
        previous_customer=person.customer,
        evidence=command.evidence,
        others=command.others,
        by=command.by,
        at=command.at,
    )
    work.emit(f"pasokh.customer.{command.change}", person.key, fact)
