"""The pipeline dashboard: lag, batches, deliveries, dead letters."""

from deploy.generate.panels import Dashboard, Panel, Query
from deploy.generate.queries import WINDOW, lag, now, or_zero, rate, slowest, zero_if_none

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
            "Unaccounted activities",
            (Query(or_zero("sum (abs(max by (workspace, channel, account, sum) (pasokh_ledger_difference)))")),),
            kind="stat",
            bad_above=1,
            about="What is in no term of a ledger, over all accounts; `GET …/accounts/{channel}/{account}/ledger` says more.",
        ),
        Panel(
            "What came in, by what became of it",
            (
                Query(
                    f"sum by (term) (max without (instance) (deriv(pasokh_ledger_activities{WINDOW})))",
                    "{{term}}",
                ),
            ),
            "ops",
            about="The terms of the ledgers of all accounts, a second: received = published + rejected + failed, and "
            "consumed = new + duplicates + refetched + dead_lettered.",
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
            (Query(or_zero(rate("pasokh_processor_restarts_total", "group, reason")), "{{group}} {{reason}}"),),
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
            "Polls, by result",
            (Query(or_zero(rate("pasokh_collector_polls_total", "channel, result")), "{{channel}} {{result}}"),),
            "ops",
            about="Questions to platforms for what is new, and how they ended; unclear is no clear answer, which is asked again.",
        ),
        Panel(
            "Token refreshes",
            (
                Query(
                    or_zero(rate("pasokh_collector_token_refreshes_total", "channel, result")), "{{channel}} {{result}}"
                ),
            ),
            "ops",
            about="Access tokens that were renewed, and refreshes that failed; refused takes a person.",
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
            (Query(now("pasokh_webhook_subscriptions", "state", where=""), "{{state}}"),),
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
