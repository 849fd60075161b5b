"""The four dashboards. Names of metrics come from the `instruments.py` of the services; a test holds every query to them."""

from deploy.generate.panels import Dashboard, Panel, Query
from deploy.generate.queries import (
    OF,
    WINDOW,
    highest,
    lag,
    now,
    or_zero,
    per_minute,
    quantile,
    rate,
    sla_attainment,
    slowest,
    within_hour,
    zero_if_none,
)

FIRST = 'metric="first_response"'

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

ROUTING = Dashboard(
    "routing",
    "Routing and agents",
    metric="pasokh_waiting",
    panels=(
        Panel(
            "Waiting",
            (Query(now("pasokh_waiting")),),
            kind="stat",
            bad_above=50,
            about="Conversations that have no agent now.",
        ),
        Panel(
            "Assigned",
            (Query(per_minute("pasokh_assignments_total")),),
            "cpm",
            "stat",
            about="Conversations given to agents, a minute.",
        ),
        Panel(
            "Agents online",
            (Query(now("pasokh_agents", where=f'{OF}, presence="online"')),),
            kind="stat",
            bad_below=1,
            about="Agents who take work now.",
        ),
        Panel(
            "Free units",
            (Query(now("pasokh_agent_units_free")),),
            kind="stat",
            bad_below=1,
            about="How many conversations the agents who are online could take now.",
        ),
        Panel(
            "Wait, median, 1 h",
            (Query(quantile(0.5, "pasokh_wait_seconds")),),
            "s",
            "stat",
            about="From queued to assigned: half waited less.",
        ),
        Panel(
            "Wait, 90 %, 1 h",
            (Query(quantile(0.9, "pasokh_wait_seconds")),),
            "s",
            "stat",
            bad_above=300,
            about="From queued to assigned: nine of ten waited less.",
        ),
        Panel(
            "Waiting by team",
            (Query(now("pasokh_waiting", "team"), "{{team}}"),),
            stacked=True,
            about="Who waits now, by the team that has to take them.",
        ),
        Panel(
            "Waiting by priority",
            (Query(now("pasokh_waiting", "priority"), "{{priority}}"),),
            stacked=True,
            about="Who waits now, by priority; urgent ones are taken first.",
        ),
        Panel(
            "Assigned by team",
            (Query(per_minute("pasokh_assignments_total", "team"), "{{team}}"),),
            "cpm",
            stacked=True,
            about="Conversations given to agents, by team.",
        ),
        Panel(
            "Assigned by priority",
            (Query(per_minute("pasokh_assignments_total", "priority"), "{{priority}}"),),
            "cpm",
            stacked=True,
            about="Conversations given to agents, by priority.",
        ),
        Panel(
            "Wait by priority, 90 %",
            (Query(quantile(0.9, "pasokh_wait_seconds", "priority"), "{{priority}}"),),
            "s",
            about="From queued to assigned, over the hour before: nine of ten waited less.",
        ),
        Panel(
            "Wait by team, 90 %",
            (Query(quantile(0.9, "pasokh_wait_seconds", "team"), "{{team}}"),),
            "s",
            about="From queued to assigned, over the hour before: nine of ten waited less.",
        ),
        Panel(
            "Opened and assigned",
            (
                Query(per_minute("pasokh_conversations_opened_total"), "opened"),
                Query(per_minute("pasokh_assignments_total"), "assigned"),
            ),
            "cpm",
            about="Assigned below opened for long: too few agents, or none with the skills.",
        ),
        Panel(
            "Agents by presence",
            (Query(now("pasokh_agents", "presence"), "{{presence}}"),),
            stacked=True,
            about="Everybody is counted once, whatever their teams.",
        ),
        Panel(
            "Free units by team",
            (Query(now("pasokh_team_units_free", "team"), "{{team}}"),),
            about="An agent of several teams is free for each of them, so teams are not to be added up.",
        ),
        Panel(
            "Utilisation by team",
            (Query(highest("pasokh_team_utilisation_ratio", "workspace, team"), "{{workspace}} {{team}}"),),
            "percentunit",
            about="Units in use among those of agents who are online; above 100 % more was given than fits.",
        ),
        Panel(
            "Open and closed",
            (Query(highest("pasokh_open", "workspace, team"), "{{workspace}} {{team}}"),),
            about="1 in a team's opening hours, 0 outside: PasokhNobodyAnswers is quiet then.",
        ),
        Panel(
            "Decisions a second",
            (Query(rate("pasokh_processor_events_total", where='group="dispatch"'), "inputs of dispatch"),),
            "ops",
            about="How much dispatch has to do: tasks, presence and changes of agents.",
        ),
        Panel(
            "Handle time",
            (
                Query(quantile(0.5, "pasokh_handle_seconds"), "50 %"),
                Query(quantile(0.9, "pasokh_handle_seconds"), "90 %"),
            ),
            "s",
            about="Time with an agent whose move it was, from assigned to resolved.",
        ),
        Panel(
            "Moved to others, and changes of priority",
            (
                Query(or_zero(per_minute("pasokh_transfers_total")), "moved"),
                Query(or_zero(per_minute("pasokh_priority_changes_total")), "priority changed"),
            ),
            "cpm",
            about="Transfers to another team or agent, and conversations made more or less urgent.",
        ),
    ),
)

SLA = Dashboard(
    "sla",
    "SLA",
    metric="pasokh_sla_started_total",
    panels=(
        Panel(
            "Promises kept, 1 h",
            (Query(sla_attainment()),),
            "percentunit",
            "stat",
            bad_below=0.9,
            about="Among the promises that ended in the last hour, the share that was kept.",
        ),
        Panel(
            "First responses in time, 1 h",
            (Query(sla_attainment(where=f"{OF}, {FIRST}")),),
            "percentunit",
            "stat",
            bad_below=0.9,
            about="The share of promised first responses that came in time, of those that ended in the last hour.",
        ),
        Panel(
            "Broken, 1 h",
            (Query(within_hour("pasokh_sla_breached_total")),),
            kind="stat",
            bad_above=1,
            about="Promises that were broken in the last hour.",
        ),
        Panel(
            "Late by, 90 %, 1 h",
            (Query(zero_if_none(quantile(0.9, "pasokh_sla_late_seconds"))),),
            "s",
            "stat",
            about="How much later than promised late answers were: nine of ten were less late.",
        ),
        Panel(
            "Kept, by promise",
            (Query(sla_attainment("metric"), "{{metric}}"),),
            "percentunit",
            about="The share that was kept, over the hour before, for each kind of promise.",
        ),
        Panel(
            "Kept, by team",
            (Query(sla_attainment("team"), "{{team}}"),),
            "percentunit",
            about="The share that was kept, over the hour before, for each team.",
        ),
        Panel(
            "How promises end",
            (
                Query(or_zero(per_minute("pasokh_sla_fulfilled_total")), "kept"),
                Query(or_zero(per_minute("pasokh_sla_breached_total")), "broken"),
                Query(or_zero(per_minute("pasokh_sla_cancelled_total")), "no answer needed"),
            ),
            "cpm",
            about="Kept, broken, or ended because no answer was needed any more.",
        ),
        Panel(
            "Warnings and breaches",
            (
                Query(or_zero(per_minute("pasokh_sla_warned_total")), "warned"),
                Query(or_zero(per_minute("pasokh_sla_breached_total")), "broken"),
            ),
            "cpm",
            about="Warnings come before a promise is due; a breach is told when it was.",
        ),
        Panel(
            "Broken, by team",
            (Query(or_zero(per_minute("pasokh_sla_breached_total", "team")), "{{team}}"),),
            "cpm",
            stacked=True,
            about="Where promises are broken.",
        ),
        Panel(
            "Broken, by priority",
            (Query(or_zero(per_minute("pasokh_sla_breached_total", "priority")), "{{priority}}"),),
            "cpm",
            stacked=True,
            about="For whom promises are broken.",
        ),
        Panel(
            "First response by priority, 90 %",
            (Query(quantile(0.9, "pasokh_first_response_seconds", "priority"), "{{priority}}"),),
            "s",
            about="From the first message to the first answer of a person: nine of ten were faster.",
        ),
        Panel(
            "Late by, by promise, 90 %",
            (Query(zero_if_none(quantile(0.9, "pasokh_sla_late_seconds", "metric")), "{{metric}}"),),
            "s",
            about="How much later than promised late answers were, for each kind of promise.",
        ),
    ),
)

PIPELINE = Dashboard(
    "pipeline",
    "Pipeline health",
    panels=(
        Panel(
            "Processes up",
            (Query('sum (up{job="pasokh"})'),),
            kind="stat",
            about="Processes that answer the scrape.",
        ),
        Panel(
            "Events not handled yet",
            (Query(lag()),),
            kind="stat",
            bad_above=1000,
            about="What waits in the log, over all groups. It stays near zero; see Pipeline health.",
        ),
        Panel(
            "Dead letters, 1 h",
            (Query(or_zero("sum (increase(pasokh_processor_dead_letters_total[1h]))")),),
            kind="stat",
            bad_above=1,
            about="Events that could not be handled and were set aside; `pasokh dead-letters list` has them.",
        ),
        Panel(
            "Stopped partitions",
            (Query(or_zero("sum (pasokh_processor_stopped_partitions)")),),
            kind="stat",
            bad_above=1,
            about="Partitions that wait for an operator, because too much of them could not be handled.",
        ),
        Panel(
            "Lag by group",
            (Query(lag("group"), "{{group}}"),),
            about="Events in the log that a group has not handled yet.",
        ),
        Panel(
            "Inputs handled, by group",
            (Query(rate("pasokh_processor_events_total", "group"), "{{group}}"),),
            "ops",
            about="Events and wake-ups that each group has handled, a second.",
        ),
        Panel(
            "Commit, 99 %",
            (Query(slowest(0.99, "pasokh_processor_commit_seconds", "group"), "{{group}}"),),
            "s",
            about="How long the database takes for a commit: all but one of a hundred were faster.",
        ),
        Panel(
            "Inputs per batch, mean",
            (
                Query(
                    f"{rate('pasokh_processor_batch_events_sum', 'group')} / {rate('pasokh_processor_batch_events_count', 'group')}",
                    "{{group}}",
                ),
            ),
            about="How many inputs go into one commit; it rises with the load.",
        ),
        Panel(
            "Partitions owned",
            (Query("sum by (group) (pasokh_processor_partitions)", "{{group}}"),),
            about="On how many partitions each group works; below their number, some are not worked on.",
        ),
        Panel(
            "Memory dropped after an error",
            (Query(or_zero(rate("pasokh_processor_reopened_total", "group, reason")), "{{group}} {{reason}}"),),
            "ops",
            about="How often a group read its memory anew. `fenced` alone, during a deployment, is normal.",
        ),
        Panel(
            "Repeats dropped and events set aside",
            (
                Query(or_zero(rate("pasokh_processor_duplicates_total")), "repeats"),
                Query(or_zero(rate("pasokh_processor_dead_letters_total")), "dead letters"),
            ),
            "ops",
            about="Repeats are what at-least-once means, and harmless; dead letters are not.",
        ),
        Panel(
            "Webhooks: what became of them",
            (
                Query(rate("pasokh_ingest_received_total"), "received"),
                Query(rate("pasokh_ingest_published_total"), "published"),
                Query(or_zero(rate("pasokh_ingest_rejected_total")), "rejected"),
                Query(or_zero(rate("pasokh_ingest_failed_total")), "to be sent again"),
            ),
            "ops",
            about="Received = published + rejected + to be sent again.",
        ),
        Panel(
            "Requests by status",
            (Query(rate("pasokh_http_requests_total", "status"), "{{status}}"),),
            "reqps",
            stacked=True,
            about="Requests to all processes, by the status of the answer.",
        ),
        Panel(
            "Request to answer, 99 %",
            (Query(slowest(0.99, "pasokh_http_request_seconds", "route"), "{{route}}"),),
            "s",
            about="How long requests take, by route: all but one of a hundred were faster. Waiting for an outcome counts.",
        ),
        Panel(
            "Attempts to send, by result",
            (Query(rate("pasokh_delivery_attempts_total", "channel, result"), "{{channel}} {{result}}"),),
            "ops",
            about="Calls to platforms to send an answer, and how they ended.",
        ),
        Panel(
            "Webhooks out, by answer",
            (Query(or_zero(rate("pasokh_webhook_calls_total", "answer")), "{{answer}}"),),
            "ops",
            about="Calls to the endpoints of integrators, by the class of their answer; none is no answer at all.",
        ),
        Panel(
            "Webhook out, 95 %",
            (Query(zero_if_none(slowest(0.95, "pasokh_webhook_call_seconds")), "95 %"),),
            "s",
            about="How long endpoints of integrators take for one call: nineteen of twenty were faster.",
        ),
        Panel(
            "Subscriptions by how they fare",
            (Query(now("pasokh_webhooks", "state", where=""), "{{state}}"),),
            about="Taken is well; failing failed several times in a row; gone was answered 410 and is asked no more.",
        ),
        Panel(
            "One attempt, 95 %",
            (Query(slowest(0.95, "pasokh_delivery_attempt_seconds", "channel"), "{{channel}}"),),
            "s",
            about="How long a platform takes for one call: nineteen of twenty were faster.",
        ),
        Panel(
            "Event loop late by, 99 %",
            (Query(slowest(0.99, "pasokh_event_loop_lag_seconds", "service, instance"), "{{service}} {{instance}}"),),
            "s",
            about="How late a process comes to what is due; above half a second it is overloaded.",
        ),
        Panel(
            "Calls to ingest in flight",
            (Query("sum (pasokh_ingest_in_flight)"),),
            about="Webhooks that are being taken in now.",
        ),
        Panel(
            "Memory",
            (Query('process_resident_memory_bytes{job="pasokh"}', "{{service}} {{instance}}"),),
            "bytes",
            about="Memory of each process.",
        ),
        Panel(
            "Processor time",
            (Query(f'rate(process_cpu_seconds_total{{job="pasokh"}}{WINDOW})', "{{service}} {{instance}}"),),
            "percentunit",
            about="Processor time of each process; 100 % is a whole core.",
        ),
    ),
)

DASHBOARDS = (OVERVIEW, ROUTING, SLA, PIPELINE)
