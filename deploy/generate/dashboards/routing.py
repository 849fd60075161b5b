"""The routing dashboard: queues of teams, presence of agents, assignments."""

from deploy.generate.panels import Dashboard, Panel, Query
from deploy.generate.queries import OF, highest, now, or_zero, per_minute, quantile, rate

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
            "Waits withdrawn",
            (Query(or_zero(per_minute("pasokh_withdrawn_seconds_count", "by")), "{{by}}"),),
            "cpm",
            about="Waits that ended without an agent: by a resolve, or by a customer who deleted every message.",
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
            "Open pages of agents",
            (Query(or_zero(now("pasokh_desk_streams")), "pages"),),
            about="Streams of inboxes, of all processes: fewer than agents online means that some have lost their connection.",
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
            (Query(highest("pasokh_business_hours_open", "workspace, team"), "{{workspace}} {{team}}"),),
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
            about="Time with an agent whose move it was, from assigned to resolved, without gaps of over half an hour.",
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
