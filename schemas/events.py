"""The table of event types: the contract of `data` and the topics of every type that Pasokh sends."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import get_args

from schemas import (
    accounts,
    activity,
    commands,
    contact,
    conversation,
    customer,
    erasure,
    outbound,
    routing,
    signals,
    sla,
    webhooks,
)
from schemas.topics import TOPICS, topic_for
from schemas.values import Contract


@dataclass(frozen=True, slots=True)
class EventType:
    """The contract of `data` of an event type, and the topics of the type."""

    contract: type[Contract]
    topics: tuple[str, ...]


CONVERSATION_FACTS = (
    "opened",
    "message_received",
    "message_edited",
    "message_deleted",
    "survey_answered",
    "message_hidden",
    "message_unhidden",
    "snoozed",
    "woken",
    "action_failed",
    "call_placed",
    "reaction_changed",
    "queued",
    "offered",
    "assigned",
    "transferred",
    "priority_changed",
    "sla_reapplied",
    "rerouted",
    "noted",
    "content_removed",
    "replied",
    "reply_delivered",
    "reply_failed",
    "pending",
    "resolved",
    "reopened",
    "closed",
    "erased",
    "handoff_started",
    "handoff_completed",
    "handoff_expired",
    "handoff_claimed",
    "handoff_cleared",
)
OFFER_FACTS = ("made", *get_args(routing.EndReason))
AGENT_FACTS: Mapping[str, type[Contract]] = {
    "presence_changed": routing.AgentFact,
    "work_returned": routing.WorkReturned,
}
CONTACT_FACTS = ("blocked", "unblocked", "opted_in", "opted_out")
CUSTOMER_FACTS = get_args(customer.CustomerChange)
ACCOUNT_FACTS = ("health_changed",)
SLA_FACTS = ("started", "changed", "paused", "resumed", "warned", "breached", "late", "fulfilled", "cancelled")

AGENT, CONVERSATION, CUSTOMER, OFFER, SLA = (
    "pasokh.agent.",
    "pasokh.conversation.",
    "pasokh.customer.",
    "pasokh.offer.",
    "pasokh.sla.",
)
"""What the types of the facts about agents, conversations, customers, offers and clocks begin with."""
PERSON_ERASED = "pasokh.person.erased"

# An event type is `pasokh.<prefix>.<word>`, and the prefix decides the topic (`schemas.topics`).
_DATA: Mapping[str, type[Contract]] = {
    **{f"pasokh.inbound.{kind}": activity.Activity for kind in get_args(activity.ActivityKind)},
    **{f"{CONVERSATION}{fact}": conversation.ConversationFact for fact in CONVERSATION_FACTS},
    **{f"pasokh.contact.{fact}": contact.ContactFact for fact in CONTACT_FACTS},
    **{f"{CUSTOMER}{fact}": customer.CustomerFact for fact in CUSTOMER_FACTS},
    PERSON_ERASED: erasure.PersonErased,
    **{f"{OFFER}{fact}": routing.OfferFact for fact in OFFER_FACTS},
    **{f"{AGENT}{fact}": contract for fact, contract in AGENT_FACTS.items()},
    **{f"{SLA}{fact}": sla.ClockFact for fact in SLA_FACTS},
    **{f"pasokh.account.{fact}": accounts.AccountFact for fact in ACCOUNT_FACTS},
    "pasokh.command.reply": commands.Reply,
    "pasokh.command.write_first": commands.WriteFirst,
    "pasokh.command.resolve": commands.Resolve,
    "pasokh.command.reopen": commands.Reopen,
    "pasokh.command.transfer": commands.Transfer,
    "pasokh.command.snooze": commands.Snooze,
    "pasokh.command.unsnooze": commands.Unsnooze,
    "pasokh.command.set_priority": commands.SetPriority,
    "pasokh.command.reapply_sla": commands.ReapplySla,
    "pasokh.command.add_note": commands.AddNote,
    "pasokh.command.perform_action": commands.PerformAction,
    "pasokh.command.place_call": commands.PlaceCall,
    "pasokh.command.reroute": commands.Reroute,
    "pasokh.command.return_task": commands.ReturnTask,
    "pasokh.command.clear_handoff": commands.ClearHandoff,
    "pasokh.command.confirm_handoff": commands.ConfirmHandoff,
    "pasokh.command.forward": commands.Forward,
    "pasokh.command.check_echo": commands.CheckEcho,
    "pasokh.command.claim_handoff": commands.ClaimHandoff,
    "pasokh.command.request_verification": commands.RequestVerification,
    "pasokh.command.merge_conversation": commands.MergeConversation,
    "pasokh.command.continue_conversation": commands.ContinueConversation,
    "pasokh.command.customer_linked": customer.CustomerLinked,
    "pasokh.command.erase_person": erasure.ErasePerson,
    "pasokh.command.erase_traces": erasure.EraseTraces,
    "pasokh.identity.proven": customer.IdentityProven,
    "pasokh.identity.linked": customer.PersonsLinked,
    "pasokh.identity.recycled": customer.PersonRecycled,
    "pasokh.identity.join": customer.JoinPersons,
    "pasokh.identity.part": customer.PartPersons,
    "pasokh.identity.forgotten": erasure.PersonForgotten,
    "pasokh.command.task_due_changed": sla.TaskDueChanged,
    "pasokh.command.escalate": sla.Escalate,
    "pasokh.outbound.message": outbound.OutboundMessage,
    "pasokh.outbound.action": outbound.ChannelAction,
    "pasokh.outbound.withdraw": erasure.WithdrawMessages,
    "pasokh.outbound.erase": erasure.EraseSends,
    "pasokh.delivery.sent": outbound.DeliverySent,
    "pasokh.delivery.failed": outbound.DeliveryFailed,
    "pasokh.delivery.action_performed": outbound.ActionPerformed,
    "pasokh.delivery.action_failed": outbound.ActionFailed,
    "pasokh.assignment.assigned": routing.Assigned,
    "pasokh.assignment.unassigned": routing.Unassigned,
    "pasokh.assignment.offered": routing.Offered,
    "pasokh.assignment.offer_ended": routing.OfferClosed,
    "pasokh.routing.task_queued": routing.TaskQueued,
    "pasokh.routing.task_changed": routing.TaskChanged,
    "pasokh.routing.task_force_assigned": routing.TaskForceAssigned,
    "pasokh.routing.task_closed": routing.TaskClosed,
    "pasokh.routing.task_erased": erasure.TaskErased,
    "pasokh.routing.task_paused": routing.TaskPaused,
    "pasokh.routing.task_resumed": routing.TaskResumed,
    "pasokh.routing.task_returned": routing.TaskReturned,
    "pasokh.routing.task_claim": routing.TaskClaim,
    "pasokh.routing.offer_accept": routing.OfferAccept,
    "pasokh.routing.offer_decline": routing.OfferDecline,
    "pasokh.routing.rules_changed": routing.RulesChanged,
    "pasokh.routing.reapply_sla": routing.ReapplySlaPolicies,
    "pasokh.routing.agent_put": routing.AgentPut,
    "pasokh.routing.agent_deleted": routing.AgentDeleted,
    "pasokh.routing.presence_set": routing.PresenceSet,
    "pasokh.signal.shown": signals.AgentSignal,
    "pasokh.routing.wrap_up_end": routing.WrapUpEnd,
    "pasokh.routing.lease_renewed": routing.LeaseRenewed,
}

# The sender of a control event chooses its topic; a `dead_letter_action` goes to any topic that the group reads.
_CONTROL: Mapping[str, EventType] = {
    "pasokh.control.watermark_request": EventType(sla.WatermarkRequest, ("sla",)),
    "pasokh.control.watermark": EventType(sla.Watermark, ("conversations",)),
    "pasokh.control.account_changed": EventType(accounts.AccountChanged, ("outbound", "accounts")),
    "pasokh.control.account_sending_changed": EventType(accounts.AccountChanged, ("accounts",)),
    "pasokh.control.check_accounts": EventType(accounts.CheckAccounts, ("accounts",)),
    "pasokh.control.webhook_replay": EventType(webhooks.WebhookReplay, ("conversations",)),
    "pasokh.control.workspace_gate": EventType(
        commands.WorkspaceGate, ("inbound", "conversations", "outbound", "routing", "accounts")
    ),
    "pasokh.control.erased": EventType(erasure.ErasedRecord, tuple(topic.name for topic in TOPICS)),
    "pasokh.control.dead_letter_action": EventType(
        commands.DeadLetterAction, ("inbound", "conversations", "outbound", "routing")
    ),
}


def _topics_of(name: str) -> tuple[str, ...]:
    """The topic of an event type. An activity that may be stored for a limited time only goes to a topic of its own."""
    carries_activity = name.startswith("pasokh.inbound.") or name == "pasokh.command.forward"
    return (topic_for(name).name, *(("inbound_limited",) if carries_activity else ()))


EVENT_TYPES: Mapping[str, EventType] = {
    **{name: EventType(contract, _topics_of(name)) for name, contract in _DATA.items()},
    **_CONTROL,
}
FACTS: tuple[str, ...] = tuple(
    name
    for name in EVENT_TYPES
    if name.split(".")[1] in ("conversation", "contact", "customer", "person", "offer", "agent", "sla")
)
"""The facts that integrators get by webhook, stream and `…/events`. Facts about accounts are in the stream only."""


def of_topic(topic: str) -> Iterable[str]:
    """The event types that a topic carries, in the order of the table."""
    return [name for name, event in EVENT_TYPES.items() if topic in event.topics]
