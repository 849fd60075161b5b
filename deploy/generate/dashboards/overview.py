"""The overview dashboard: incoming messages, waiting conversations, SLA attainment."""

from deploy.generate.panels import Dashboard, Panel, Query
from deploy.generate.queries import OF, lag, now, or_zero, per_minute, quantile, sla_attainment, within_hour

OVERVIEW = Dashboard(
    "overview",
    "Overview",
    metric="pasokh_messages_total",
    panels=(
        Panel(
            "Messages in",
            (Query(per_minute("pasokh_messages_total", where=f'{OF}, direction="inbound"')),),
            "cpm",
            "stat",
            about="Messages that customers wrote, a minute.",
        ),
        Panel(
            "Conversations opened",
            (Query(per_minute("pasokh_conversations_opened_total")),),
            "cpm",
            "stat",
            about="New cases, a minute; a message in an open case opens none.",
        ),
        Panel(
            "Waiting for an agent",
            (Query(now("pasokh_waiting")),),
            kind="stat",
            bad_above=50,
            about="Conversations that have no agent now.",
        ),
        Panel(
            "Promises kept, 1 h",
            (Query(sla_attainment()),),
            "percentunit",
            "stat",
            bad_below=0.9,
            about="Among the promises that ended in the last hour, the share that was kept.",
        ),
        Panel(
            "First response, median, 1 h",
            (Query(quantile(0.5, "pasokh_first_response_seconds")),),
            "s",
            "stat",
            about="From a customer's first message to the first answer of a person: half were faster.",
        ),
        Panel(
            "First response, 90 %, 1 h",
            (Query(quantile(0.9, "pasokh_first_response_seconds")),),
            "s",
            "stat",
            about="From a customer's first message to the first answer of a person: nine of ten were faster.",
        ),
        Panel(
            "Answers not delivered, 1 h",
            (Query(within_hour("pasokh_deliveries_total", f'{OF}, outcome="failed"')),),
            kind="stat",
            bad_above=1,
            about="Answers that a platform refused for good, or of which nobody knows whether they arrived.",
        ),
        Panel(
            "Events not handled yet",
            (Query(lag()),),
            kind="stat",
            bad_above=1000,
            about="What waits in the log, over all groups. It stays near zero; see Pipeline health.",
        ),
        Panel(
            "Messages by direction",
            (Query(per_minute("pasokh_messages_total", "direction"), "{{direction}}"),),
            "cpm",
            about="Inbound is what customers wrote; outbound what reached them of agents and bots.",
        ),
        Panel(
            "Conversations opened by channel",
            (Query(per_minute("pasokh_conversations_opened_total", "channel"), "{{channel}}"),),
            "cpm",
            stacked=True,
            about="Where new cases come from.",
        ),
        Panel(
            "Conversations opened by language",
            (Query(per_minute("pasokh_conversations_opened_total", "language"), "{{language}}"),),
            "cpm",
            stacked=True,
            about="In which language the first message of a new case was.",
        ),
        Panel(
            "What came in, by kind",
            (Query(per_minute("pasokh_activities_total", "kind"), "{{kind}}"),),
            "cpm",
            stacked=True,
            about="Messages are counted where they were taken in.",
        ),
        Panel(
            "First response",
            (
                Query(quantile(0.5, "pasokh_first_response_seconds"), "50 %"),
                Query(quantile(0.9, "pasokh_first_response_seconds"), "90 %"),
            ),
            "s",
            about="From the first message to the first answer of a person, over the hour before.",
        ),
        Panel(
            "Resolution",
            (
                Query(quantile(0.5, "pasokh_resolution_seconds"), "50 %"),
                Query(quantile(0.9, "pasokh_resolution_seconds"), "90 %"),
            ),
            "s",
            about="From opened to resolved for the first time, over the hour before.",
        ),
        Panel(
            "Resolved and opened again",
            (
                Query(per_minute("pasokh_conversations_resolved_total"), "resolved"),
                Query(or_zero(per_minute("pasokh_conversations_reopened_total")), "opened again"),
            ),
            "cpm",
            about="Cases that agents finished, and those to which a customer came back.",
        ),
        Panel(
            "From public to private",
            (Query(or_zero(per_minute("pasokh_handoffs_total", "outcome")), "{{outcome}}"),),
            "cpm",
            about="Moves from a public place into a private talk: started, completed, expired.",
        ),
    ),
)
