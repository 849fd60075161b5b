"""The four dashboards. Names of metrics come from the `instruments.py` of the services; a test holds every query to them."""

from deploy.generate.panels import Dashboard, Panel, Query
from deploy.generate.queries import (
    OF,
    WINDOW,
    kept,
    lag,
    now,
    or_zero,
    per_minute,
    quantile,
    rate,
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
        ),
        Panel("Conversations opened", (Query(per_minute("pasokh_conversations_opened_total")),), "cpm", "stat"),
        Panel("Waiting for an agent", (Query(now("pasokh_waiting")),), kind="stat", bad_above=50),
        Panel("Promises kept, 1 h", (Query(kept()),), "percentunit", "stat", bad_below=0.9),
        Panel("First response, median, 1 h", (Query(quantile(0.5, "pasokh_first_response_seconds")),), "s", "stat"),
        Panel("First response, 90 %, 1 h", (Query(quantile(0.9, "pasokh_first_response_seconds")),), "s", "stat"),
        Panel(
            "Answers not delivered, 1 h",
            (Query(within_hour("pasokh_deliveries_total", f'{OF}, outcome="failed"')),),
            kind="stat",
            bad_above=1,
        ),
        Panel(
            "Events not handled yet",
            (Query(lag()),),
            kind="stat",
            bad_above=1000,
        ),
        Panel(
            "Messages by direction",
            (Query(per_minute("pasokh_messages_total", "direction"), "{{direction}}"),),
            "cpm",
        ),
        Panel(
            "Conversations opened by channel",
            (Query(per_minute("pasokh_conversations_opened_total", "channel"), "{{channel}}"),),
            "cpm",
            stacked=True,
        ),
        Panel(
            "Conversations opened by language",
            (Query(per_minute("pasokh_conversations_opened_total", "language"), "{{language}}"),),
            "cpm",
            stacked=True,
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
        ),
        Panel(
            "Resolution",
            (
                Query(quantile(0.5, "pasokh_resolution_seconds"), "50 %"),
                Query(quantile(0.9, "pasokh_resolution_seconds"), "90 %"),
            ),
            "s",
        ),
        Panel(
            "Resolved and opened again",
            (
                Query(per_minute("pasokh_conversations_resolved_total"), "resolved"),
                Query(or_zero(per_minute("pasokh_conversations_reopened_total")), "opened again"),
            ),
            "cpm",
        ),
        Panel(
            "From public to private",
            (Query(or_zero(per_minute("pasokh_handoffs_total", "outcome")), "{{outcome}}"),),
            "cpm",
        ),
    ),
)

ROUTING = Dashboard(
    "routing",
    "Routing and agents",
    metric="pasokh_waiting",
    panels=(
        Panel("Waiting", (Query(now("pasokh_waiting")),), kind="stat", bad_above=50),
        Panel("Assigned", (Query(per_minute("pasokh_assignments_total")),), "cpm", "stat"),
        Panel("Wait, median, 1 h", (Query(quantile(0.5, "pasokh_wait_seconds")),), "s", "stat"),
        Panel("Wait, 90 %, 1 h", (Query(quantile(0.9, "pasokh_wait_seconds")),), "s", "stat", bad_above=300),
        Panel("Waiting by team", (Query(now("pasokh_waiting", "team"), "{{team}}"),), stacked=True),
        Panel("Waiting by priority", (Query(now("pasokh_waiting", "priority"), "{{priority}}"),), stacked=True),
        Panel(
            "Assigned by team",
            (Query(per_minute("pasokh_assignments_total", "team"), "{{team}}"),),
            "cpm",
            stacked=True,
        ),
        Panel(
            "Assigned by priority",
            (Query(per_minute("pasokh_assignments_total", "priority"), "{{priority}}"),),
            "cpm",
            stacked=True,
        ),
        Panel(
            "Wait by priority, 90 %", (Query(quantile(0.9, "pasokh_wait_seconds", "priority"), "{{priority}}"),), "s"
        ),
        Panel("Wait by team, 90 %", (Query(quantile(0.9, "pasokh_wait_seconds", "team"), "{{team}}"),), "s"),
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
            "Decisions a second",
            (Query(rate("pasokh_processor_events_total", where='group="dispatch"'), "inputs of dispatch"),),
            "ops",
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
        ),
    ),
)

SLA = Dashboard(
    "sla",
    "SLA",
    metric="pasokh_sla_started_total",
    panels=(
        Panel("Promises kept, 1 h", (Query(kept()),), "percentunit", "stat", bad_below=0.9),
        Panel(
            "First responses in time, 1 h", (Query(kept(where=f"{OF}, {FIRST}")),), "percentunit", "stat", bad_below=0.9
        ),
        Panel(
            "Broken, 1 h",
            (Query(within_hour("pasokh_sla_breached_total")),),
            kind="stat",
            bad_above=1,
        ),
        Panel("Late by, 90 %, 1 h", (Query(zero_if_none(quantile(0.9, "pasokh_sla_late_seconds"))),), "s", "stat"),
        Panel("Kept, by promise", (Query(kept("metric"), "{{metric}}"),), "percentunit"),
        Panel("Kept, by team", (Query(kept("team"), "{{team}}"),), "percentunit"),
        Panel(
            "How promises end",
            (
                Query(or_zero(per_minute("pasokh_sla_fulfilled_total")), "kept"),
                Query(or_zero(per_minute("pasokh_sla_breached_total")), "broken"),
                Query(or_zero(per_minute("pasokh_sla_cancelled_total")), "no answer needed"),
            ),
            "cpm",
        ),
        Panel(
            "Warnings and breaches",
            (
                Query(or_zero(per_minute("pasokh_sla_warned_total")), "warned"),
                Query(or_zero(per_minute("pasokh_sla_breached_total")), "broken"),
            ),
            "cpm",
        ),
        Panel(
            "Broken, by team",
            (Query(or_zero(per_minute("pasokh_sla_breached_total", "team")), "{{team}}"),),
            "cpm",
            stacked=True,
        ),
        Panel(
            "Broken, by priority",
            (Query(or_zero(per_minute("pasokh_sla_breached_total", "priority")), "{{priority}}"),),
            "cpm",
            stacked=True,
        ),
        Panel(
            "First response by priority, 90 %",
            (Query(quantile(0.9, "pasokh_first_response_seconds", "priority"), "{{priority}}"),),
            "s",
        ),
        Panel(
            "Late by, by promise, 90 %",
            (Query(zero_if_none(quantile(0.9, "pasokh_sla_late_seconds", "metric")), "{{metric}}"),),
            "s",
        ),
    ),
)

PIPELINE = Dashboard(
    "pipeline",
    "Pipeline health",
    panels=(
        Panel("Processes up", (Query('sum (up{job="pasokh"})'),), kind="stat"),
        Panel(
            "Events not handled yet",
            (Query(lag()),),
            kind="stat",
            bad_above=1000,
        ),
        Panel(
            "Dead letters, 1 h",
            (Query(or_zero("sum (increase(pasokh_processor_dead_letters_total[1h]))")),),
            kind="stat",
            bad_above=1,
        ),
        Panel(
            "Stopped partitions",
            (Query(or_zero("sum (pasokh_processor_stopped_partitions)")),),
            kind="stat",
            bad_above=1,
        ),
        Panel(
            "Lag by group",
            (Query(lag("group"), "{{group}}"),),
        ),
        Panel("Inputs handled, by group", (Query(rate("pasokh_processor_events_total", "group"), "{{group}}"),), "ops"),
        Panel("Commit, 99 %", (Query(slowest(0.99, "pasokh_processor_commit_seconds", "group"), "{{group}}"),), "s"),
        Panel(
            "Inputs per batch, mean",
            (
                Query(
                    f"{rate('pasokh_processor_batch_events_sum', 'group')} / {rate('pasokh_processor_batch_events_count', 'group')}",
                    "{{group}}",
                ),
            ),
        ),
        Panel("Partitions owned", (Query("sum by (group) (pasokh_processor_partitions)", "{{group}}"),)),
        Panel(
            "Memory dropped after an error",
            (Query(or_zero(rate("pasokh_processor_reopened_total", "group, reason")), "{{group}} {{reason}}"),),
            "ops",
        ),
        Panel(
            "Repeats dropped and events set aside",
            (
                Query(or_zero(rate("pasokh_processor_duplicates_total")), "repeats"),
                Query(or_zero(rate("pasokh_processor_dead_letters_total")), "dead letters"),
            ),
            "ops",
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
            about="received = published + rejected + to be sent again",
        ),
        Panel(
            "Requests by status",
            (Query(rate("pasokh_http_requests_total", "status"), "{{status}}"),),
            "reqps",
            stacked=True,
        ),
        Panel(
            "Request to answer, 99 %", (Query(slowest(0.99, "pasokh_http_request_seconds", "route"), "{{route}}"),), "s"
        ),
        Panel(
            "Attempts to send, by result",
            (Query(rate("pasokh_delivery_attempts_total", "channel, result"), "{{channel}} {{result}}"),),
            "ops",
        ),
        Panel(
            "One attempt, 95 %",
            (Query(slowest(0.95, "pasokh_delivery_attempt_seconds", "channel"), "{{channel}}"),),
            "s",
        ),
        Panel(
            "Event loop late by, 99 %",
            (Query(slowest(0.99, "pasokh_event_loop_lag_seconds", "service, instance"), "{{service}} {{instance}}"),),
            "s",
        ),
        Panel("Calls to ingest in flight", (Query("sum (pasokh_ingest_in_flight)"),)),
        Panel("Memory", (Query('process_resident_memory_bytes{job="pasokh"}', "{{service}} {{instance}}"),), "bytes"),
        Panel(
            "Processor time",
            (Query(f'rate(process_cpu_seconds_total{{job="pasokh"}}{WINDOW})', "{{service}} {{instance}}"),),
            "percentunit",
        ),
    ),
)

DASHBOARDS = (OVERVIEW, ROUTING, SLA, PIPELINE)
