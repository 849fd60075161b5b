"""The SLA dashboard: clocks, breaches, attainment."""

from deploy.generate.panels import Dashboard, Panel, Query
from deploy.generate.queries import OF, or_zero, per_minute, quantile, sla_attainment, within_hour, zero_if_none

FIRST = 'metric="first_response"'

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
                Query(or_zero(per_minute("pasokh_sla_cancelled_total")), "cancelled"),
            ),
            "cpm",
            about="Kept, broken, or cancelled: the policy changed, or the conversation was resolved without an answer.",
        ),
        Panel(
            "Resolved without an answer",
            (Query(or_zero(per_minute("pasokh_unanswered_total", "metric")), "{{metric}}"),),
            "cpm",
            about="Customers who waited for an answer when their conversation was resolved. The attainment leaves them out.",
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
