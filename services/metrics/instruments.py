"""Every business metric: its name, what it counts, from where, and its labels. Dashboards of others use these names.

All labels come from bounded sets and never name a person or an agent; `workspace` is on each. What is counted from
where, so that it is exact over restarts and repeats:

- messages, conversations, waiting and times: from facts of conversations, which are numbered, so none is counted twice;
- SLA clocks: from facts of `sla`, numbered too;
- deliveries: from `deliveries`, numbered too;
- activities: from `inbound`, whose writers have no numbers and may repeat an event; each activity's id is kept for as
  long as it can be repeated. Plain messages are the exception: a message is counted where it was taken in
  (`message_received`), which saves an id per message, so what becomes a message (a postback, a missed call's text) is
  counted as `message` beside its own kind.
"""

from dataclasses import dataclass
from typing import Literal

MINUTE, HOUR, DAY = 60, 3600, 86400
ANSWER_BUCKETS = (
    5,
    15,
    30,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
    DAY,
    2 * DAY,
)
"""Holds every default target, so that the share within it is read exactly."""
WAIT_BUCKETS = (1, 5, 10, 20, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 4 * HOUR, DAY)
RESOLUTION_BUCKETS = (
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
    DAY,
    2 * DAY,
    3 * DAY,
    7 * DAY,
)

CONVERSATION_LABELS = ("channel", "surface", "team", "priority", "language")
SURFACE_LABELS = ("channel", "surface", "team", "priority")
SLA_LABELS = (*SURFACE_LABELS, "metric")


@dataclass(frozen=True, slots=True)
class Instrument:
    """One metric. `labels` beside `workspace`; `buckets` are the upper bounds of a histogram, in seconds."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...]
    buckets: tuple[int, ...] = ()


FIRST_RESPONSE = Instrument(
    "pasokh_first_response_seconds",
    "histogram",
    "From the start of the first response run to the acceptance of the human answer that was delivered.",
    CONVERSATION_LABELS,
    ANSWER_BUCKETS,
)
RESOLUTION = Instrument(
    "pasokh_resolution_seconds",
    "histogram",
    "From opened to first resolved (variant `first`).",
    CONVERSATION_LABELS,
    RESOLUTION_BUCKETS,
)
FIRST_ANSWER = Instrument(
    "pasokh_first_answer_seconds",
    "histogram",
    "From the first customer message to the acceptance of the first delivered answer by any author: agent, bot or system.",
    SURFACE_LABELS,
    ANSWER_BUCKETS,
)
NEXT_RESPONSE = Instrument(
    "pasokh_next_response_seconds",
    "histogram",
    "From the earliest customer message after an answer to the acceptance of the next human answer that arrived.",
    CONVERSATION_LABELS,
    ANSWER_BUCKETS,
)
NEXT_ANSWER = Instrument(
    "pasokh_next_answer_seconds",
    "histogram",
    "From the earliest customer message after an answer to the acceptance of the next delivered answer by any author.",
    SURFACE_LABELS,
    ANSWER_BUCKETS,
)
FULL_RESOLUTION = Instrument(
    "pasokh_full_resolution_seconds",
    "histogram",
    "From opened to last resolved, counted when closed; `full_less_pending` leaves out waiting for the customer.",
    (*SURFACE_LABELS, "variant"),
    RESOLUTION_BUCKETS,
)
HANDLE = Instrument(
    "pasokh_handle_seconds",
    "histogram",
    "Time in which an agent had the next move, without gaps over the idle limit, per resolve.",
    SURFACE_LABELS,
    RESOLUTION_BUCKETS,
)
HANDLE_IDLE = Instrument(
    "pasokh_handle_idle_seconds",
    "histogram",
    "Gaps between facts over the idle limit in which an agent had the next move, per resolve.",
    SURFACE_LABELS,
    RESOLUTION_BUCKETS,
)
HANDOFF_TIME = Instrument(
    "pasokh_handoff_seconds",
    "histogram",
    "From the public invitation to the customer's first message in private.",
    ("channel", "team"),
    ANSWER_BUCKETS,
)
WAIT = Instrument(
    "pasokh_wait_seconds",
    "histogram",
    "From queued to assigned to an agent, offers included.",
    SURFACE_LABELS,
    WAIT_BUCKETS,
)
WITHDRAWN = Instrument(
    "pasokh_withdrawn_seconds",
    "histogram",
    "Waits that ended without an agent: by a resolve, or by a customer who had deleted every message of the run.",
    (*SURFACE_LABELS, "by"),
    WAIT_BUCKETS,
)
MESSAGES = Instrument(
    "pasokh_messages_total",
    "counter",
    "Messages of customers taken in (inbound), answers of agents and bots that reached the platform (outbound).",
    ("channel", "surface", "language", "direction"),
)
SENTIMENTS = Instrument(
    "pasokh_message_sentiments_total",
    "counter",
    "Messages of customers by the sentiment that is known after each: positive, neutral, negative.",
    ("channel", "surface", "sentiment"),
)
OPENED = Instrument("pasokh_conversations_opened_total", "counter", "Conversations opened.", CONVERSATION_LABELS)
ASSIGNMENTS = Instrument(
    "pasokh_assignments_total", "counter", "Assignments of conversations to agents.", SURFACE_LABELS
)
OFFERS = Instrument(
    "pasokh_offers_total",
    "counter",
    "Offers of conversations to agents by how they ended: accepted, declined, expired, withdrawn.",
    ("channel", "surface", "team", "outcome"),
)
CUSTOMER_CHANGES = Instrument(
    "pasokh_customer_changes_total",
    "counter",
    "Persons who were joined with a customer's others or parted from them, and conflicts of evidence, by the person's channel.",
    ("channel", "change"),
)
REOPENED = Instrument("pasokh_conversations_reopened_total", "counter", "Conversations reopened.", SURFACE_LABELS)
RESOLVED = Instrument("pasokh_conversations_resolved_total", "counter", "Resolves of conversations.", SURFACE_LABELS)
CLOSED = Instrument("pasokh_conversations_closed_total", "counter", "Conversations closed for good.", SURFACE_LABELS)
TRANSFERS = Instrument("pasokh_transfers_total", "counter", "Transfers to another team or agent.", SURFACE_LABELS)
PRIORITY_CHANGES = Instrument(
    "pasokh_priority_changes_total", "counter", "Changes of priority, by the new priority.", SURFACE_LABELS
)
NOTES = Instrument("pasokh_notes_total", "counter", "Notes that only agents see.", ("channel", "team"))
REPLIES_FAILED = Instrument(
    "pasokh_replies_failed_total",
    "counter",
    "Answers of agents and bots that never reached the customer.",
    SURFACE_LABELS,
)
AUTOMATIC_MESSAGES = Instrument(
    "pasokh_notices_total",
    "counter",
    "Notices of the system itself, which are no answers: delivered or failed.",
    ("channel", "surface", "outcome"),
)
HANDOFFS = Instrument(
    "pasokh_handoffs_total",
    "counter",
    "Moves from public to private: started, completed, expired.",
    ("channel", "team", "outcome"),
)
SURVEY_RATINGS = Instrument(
    "pasokh_survey_ratings_total",
    "counter",
    "Ratings of surveys: csat_1 to csat_5, nps_promoter, nps_passive, nps_detractor.",
    ("channel", "team", "rating"),
)
UNANSWERED = Instrument(
    "pasokh_unanswered_total",
    "counter",
    "Response runs that a resolve ended without an answer; `metric` is the kind of response that never came.",
    (*SURFACE_LABELS, "metric"),
)
WAITING = Instrument("pasokh_waiting", "gauge", "Conversations that wait for an agent now.", SURFACE_LABELS)
ACTIVITIES = Instrument("pasokh_activities_total", "counter", "What came in, by kind.", ("channel", "surface", "kind"))
DELIVERIES = Instrument(
    "pasokh_deliveries_total", "counter", "Answers that platforms took (sent) or not (failed).", ("channel", "outcome")
)
STARTED = Instrument("pasokh_sla_started_total", "counter", "SLA clocks started.", SLA_LABELS)
WARNED = Instrument("pasokh_sla_warned_total", "counter", "Warnings before an SLA clock was due.", SLA_LABELS)
BREACHED = Instrument("pasokh_sla_breached_total", "counter", "SLA clocks breached.", SLA_LABELS)
SLA_MET = Instrument("pasokh_sla_fulfilled_total", "counter", "SLA clocks fulfilled.", SLA_LABELS)
CANCELLED = Instrument(
    "pasokh_sla_cancelled_total",
    "counter",
    "SLA clocks cancelled: by a change of policy, or because the conversation was resolved without an answer.",
    SLA_LABELS,
)
LATE = Instrument(
    "pasokh_sla_late_seconds",
    "histogram",
    "How late answers were whose SLA clock was breached.",
    SLA_LABELS,
    ANSWER_BUCKETS,
)

AGENTS = Instrument("pasokh_agents", "gauge", "Agents, by presence.", ("presence",))
AGENTS_FREE = Instrument("pasokh_agent_units_free", "gauge", "Units that agents who are online could take now.", ())
AGENTS_USED = Instrument(
    "pasokh_agent_utilisation_ratio", "gauge", "Units in use among those of agents who are online.", ()
)
TEAM_AGENTS = Instrument(
    "pasokh_team_agents",
    "gauge",
    "Agents of a team, by presence; one of several teams is in each, so teams are not to be added up.",
    ("team", "presence"),
)
TEAM_FREE = Instrument("pasokh_team_units_free", "gauge", "Units that agents of a team could take now.", ("team",))
TEAM_USED = Instrument(
    "pasokh_team_utilisation_ratio", "gauge", "Units in use among those of a team's agents who are online.", ("team",)
)
OPEN = Instrument(
    "pasokh_business_hours_open",
    "gauge",
    "1 in the opening hours of a team (its own, else the workspace's, else those of the SLA policies), 0 outside.",
    ("team",),
)
WEBHOOKS = Instrument(
    "pasokh_webhook_subscriptions",
    "gauge",
    "Subscriptions of integrators by the state of their endpoints: taken, failing repeatedly, or gone (410).",
    ("state",),
)
GAUGES = (AGENTS, AGENTS_FREE, AGENTS_USED, TEAM_AGENTS, TEAM_FREE, TEAM_USED, OPEN, WEBHOOKS)
"""What is there now, read from documents and not counted."""
LEDGER = Instrument(
    "pasokh_ledger_activities",
    "gauge",
    "Activities of an account by what became of them, since counting began: received = published + rejected + failed, and "
    "consumed = new + duplicates + refetched + dead_lettered; `on_its_way` is published and not consumed yet, and "
    "`without_content` the part of published that came in without its content.",
    ("channel", "account", "term"),
)
LEDGER_DIFFERENCE = Instrument(
    "pasokh_ledger_difference",
    "gauge",
    "Activities of an account without a term: of the sum `received`, of the sum `consumed`, or lost on the log. 0 is right.",
    ("channel", "account", "sum"),
)
LEDGER_GAUGES = (LEDGER, LEDGER_DIFFERENCE)
"""The ledgers of accounts. Their labels are bounded by the accounts that are connected."""

INSTRUMENTS = (
    FIRST_RESPONSE,
    FIRST_ANSWER,
    NEXT_RESPONSE,
    NEXT_ANSWER,
    RESOLUTION,
    FULL_RESOLUTION,
    WAIT,
    WITHDRAWN,
    HANDLE,
    HANDLE_IDLE,
    HANDOFF_TIME,
    MESSAGES,
    SENTIMENTS,
    SURVEY_RATINGS,
    AUTOMATIC_MESSAGES,
    OPENED,
    ASSIGNMENTS,
    OFFERS,
    CUSTOMER_CHANGES,
    TRANSFERS,
    RESOLVED,
    REOPENED,
    CLOSED,
    PRIORITY_CHANGES,
    NOTES,
    REPLIES_FAILED,
    UNANSWERED,
    HANDOFFS,
    WAITING,
    ACTIVITIES,
    DELIVERIES,
    STARTED,
    WARNED,
    BREACHED,
    SLA_MET,
    CANCELLED,
    LATE,
)
"""What is counted, in documents of the batches."""
BY_NAME = {instrument.name: instrument for instrument in INSTRUMENTS}
