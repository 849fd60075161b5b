"""The mutations of a configuration: each makes a new configuration of the present one or raises an HTTP problem. Pure."""

from collections.abc import Iterable, Sequence
from typing import TypedDict, Unpack

from schemas.configuration import (
    DEFAULT_TEAM,
    AccountBody,
    Body,
    Match,
    Policy,
    RoutingBody,
    RuleActions,
    SlaBody,
    TeamBody,
    Versioned,
    WorkspaceBody,
    WorkspaceConfiguration,
)
from schemas.webhooks import Webhook
from services.platform.http.auth import no_workspace
from services.platform.http.dependencies import Precondition
from services.platform.http.problems import Conflict, NotFound, UnprocessableContent
from services.workspaces.configuration_update import Mutation, Revision

REDACTED = "set"
"""The value that reads show for a credential. Written back, it means the stored credential."""

UNSUPPORTED_TRAITS = ("tier", "tag")
"""Traits that rules and policies cannot match yet, because nothing sets them on a conversation."""


def versioned_part(
    kind: type[Versioned[Body]], body: Body, earlier: Versioned[Body] | None, revision: Revision
) -> Versioned[Body]:
    """The part with its version: the stored one when nothing in it changed, else a new version."""
    if earlier is not None and earlier.body == body:
        return earlier
    return kind(body=body, version=revision.version, at=revision.at)


def stored_version(part: Versioned[Body] | None) -> int | None:
    return part.version if part is not None else None


def require_workspace(workspace: str, current: WorkspaceConfiguration | None) -> WorkspaceConfiguration:
    """The configuration. Raises NotFound without one."""
    if current is None:
        raise no_workspace(workspace)
    return current


def put_workspace(workspace: str, body: WorkspaceBody, condition: Precondition) -> Mutation:
    """Create a workspace, or replace its own settings."""

    def edit(current: WorkspaceConfiguration | None, revision: Revision) -> WorkspaceConfiguration:
        earlier = current.profile if current else None
        condition.check(stored_version(earlier))
        profile = versioned_part(Versioned[WorkspaceBody], body, earlier, revision)
        if current is None:
            return WorkspaceConfiguration(workspace=workspace, version=revision.version, profile=profile)
        return current if profile is earlier else replace_parts(current, revision, profile=profile)

    return edit


OVERFLOW = "/settings/overflow/to_team"


def put_team(workspace: str, team: str, body: TeamBody, condition: Precondition) -> Mutation:
    """Create a team, or replace it. Raises UnprocessableContent where its queue overflows to a team that does not exist, or itself."""

    def edit(current: WorkspaceConfiguration | None, revision: Revision) -> WorkspaceConfiguration:
        current = require_workspace(workspace, current)
        earlier = current.teams.get(team)
        condition.check(stored_version(earlier))
        to_team = _overflow_team(body)
        if to_team == team:
            raise UnprocessableContent((OVERFLOW, "A queue cannot overflow to itself. Name another team."))
        refuse_unknown_teams(current, [(OVERFLOW, to_team)] if to_team is not None else [])
        after = versioned_part(Versioned[TeamBody], body, earlier, revision)
        return current if after is earlier else replace_parts(current, revision, teams={**current.teams, team: after})

    return edit


def delete_team(workspace: str, team: str, condition: Precondition) -> Mutation:
    """Remove a team that no rule and no policy names. Raises NotFound, Conflict."""

    def edit(current: WorkspaceConfiguration | None, revision: Revision) -> WorkspaceConfiguration:
        current = require_workspace(workspace, current)
        if team == DEFAULT_TEAM:
            raise Conflict("The team `default` always exists: what no rule matches goes there.")
        if team not in current.teams:
            raise no_team(team)
        condition.check(current.teams[team].version)
        # Routing rules and policies are parts of the same configuration: this check is atomic with the deletion.
        if users := list(find_references(current, team)):
            raise Conflict(f"The team {team!r} is named by {', '.join(users)}. Change that first.")
        return replace_parts(
            current, revision, teams={name: body for name, body in current.teams.items() if name != team}
        )

    return edit


def no_team(team: str) -> NotFound:
    return NotFound(f"There is no team {team!r} in this workspace.")


def find_references(configuration: WorkspaceConfiguration, team: str) -> Iterable[str]:
    """The rules and policies that name a team, as phrases for an error message."""
    rules = configuration.routing.body.rules if configuration.routing else []
    yield from (f"routing rule {number}" for number, rule in enumerate(rules, 1) if team in _teams_of(rule.then))
    policies = configuration.sla.body.policies if configuration.sla else []
    yield from (f"SLA policy {policy.id!r}" for policy in policies if team in _named_teams(policy))
    teams = configuration.teams.items()
    yield from (f"the overflow of team {name!r}" for name, known in teams if _overflow_team(known.body) == team)


def _overflow_team(body: TeamBody) -> str | None:
    overflow = body.settings.overflow if body.settings else None
    return overflow.to_team if overflow is not None else None


def _named_by(then: RuleActions) -> Iterable[tuple[str, str]]:
    """The teams that a rule names, each with the pointer to it within `then`."""
    yield "team", then.team
    for step, relaxation in enumerate(then.relax):
        for position, team in enumerate(relaxation.add_teams):
            yield f"relax/{step}/add_teams/{position}", team


def _teams_of(then: RuleActions) -> list[str]:
    return [team for _, team in _named_by(then)]


def _named_teams(policy: Policy) -> list[str]:
    return as_list(policy.when.team) + as_list(policy.escalate.team if policy.escalate else None)


def put_routing(workspace: str, body: RoutingBody, condition: Precondition) -> Mutation:
    """Replace the routing rules. Raises UnprocessableContent for an unknown team, and a rule by sentiment alone."""

    def edit(current: WorkspaceConfiguration | None, revision: Revision) -> WorkspaceConfiguration:
        current = require_workspace(workspace, current)
        # Rules that were never written are an empty list of version 0, so that If-Match can name it.
        condition.check(stored_version(current.routing) or 0)
        named = [
            (f"/rules/{index}/then/{pointer}", team)
            for index, rule in enumerate(body.rules)
            for pointer, team in _named_by(rule.then)
        ]
        refuse_unknown_traits("rules", [rule.when for rule in body.rules])
        refuse_sentiment_alone("rules", [rule.when for rule in body.rules])
        refuse_unknown_teams(current, named)
        after = versioned_part(Versioned[RoutingBody], body, current.routing, revision)
        return current if after is current.routing else replace_parts(current, revision, routing=after)

    return edit


def put_sla(workspace: str, body: SlaBody, condition: Precondition) -> Mutation:
    """Replace the SLA policies. Raises UnprocessableContent for a repeated id, an unknown team, and one by sentiment alone."""

    def edit(current: WorkspaceConfiguration | None, revision: Revision) -> WorkspaceConfiguration:
        current = require_workspace(workspace, current)
        condition.check(stored_version(current.sla) or 0)
        refuse_repeated_ids(body)
        refuse_unknown_traits("policies", [policy.when for policy in body.policies])
        refuse_sentiment_alone("policies", [policy.when for policy in body.policies])
        named = [(f"/policies/{i}/when/team", t) for i, p in enumerate(body.policies) for t in as_list(p.when.team)]
        escalations = [(i, p.escalate.team) for i, p in enumerate(body.policies) if p.escalate and p.escalate.team]
        refuse_unknown_teams(current, named + [(f"/policies/{i}/escalate/team", team) for i, team in escalations])
        after = versioned_part(Versioned[SlaBody], body, current.sla, revision)
        return current if after is current.sla else replace_parts(current, revision, sla=after)

    return edit


def refuse_unknown_traits(kind: str, matches: Sequence[Match]) -> None:
    """Raise UnprocessableContent for the traits in `UNSUPPORTED_TRAITS`: a rule that asks for one would never match."""
    sentence = "Conversations have no {} yet, so this would never match. Leave it out."
    unknown = [
        (i, name) for i, when in enumerate(matches) for name in UNSUPPORTED_TRAITS if getattr(when, name) is not None
    ]
    if unknown:
        raise UnprocessableContent(*[(f"/{kind}/{i}/when/{name}", sentence.format(name)) for i, name in unknown])


def refuse_sentiment_alone(kind: str, matches: Sequence[Match]) -> None:
    """Raise UnprocessableContent for what has `sentiment` as its only condition: it is too often a wrong guess."""
    only = {"sentiment"}
    alone = [i for i, when in enumerate(matches) if {name for name, value in when if value is not None} == only]
    if alone:
        sentence = "A sentiment is a guess, and no reason by itself. Add another condition, such as `surface`."
        raise UnprocessableContent(*[(f"/{kind}/{i}/when/sentiment", sentence) for i in alone])


def refuse_repeated_ids(body: SlaBody) -> None:
    """Raise UnprocessableContent for policies of one id: clocks and reports name a policy by it."""
    ids = [policy.id for policy in body.policies]
    repeated = [index for index, identity in enumerate(ids) if identity in ids[:index]]
    if repeated:
        raise UnprocessableContent(
            *[(f"/policies/{i}/id", f"{ids[i]!r} is the id of an earlier policy too.") for i in repeated]
        )


def refuse_unknown_teams(configuration: WorkspaceConfiguration, named: Iterable[tuple[str, str]]) -> None:
    """Raise UnprocessableContent for each (pointer, team) whose team the workspace does not have."""
    unknown = [(at, team) for at, team in named if team != DEFAULT_TEAM and team not in configuration.teams]
    if unknown:
        raise UnprocessableContent(
            *[(at, f"There is no team {team!r}. Create it first: PUT …/teams/{team}.") for at, team in unknown]
        )


def as_list(one_or_more: str | list[str] | None) -> list[str]:
    if one_or_more is None:
        return []
    return [one_or_more] if isinstance(one_or_more, str) else one_or_more


class _Parts(TypedDict, total=False):
    """The parts of a configuration, so that the type checker sees the arguments of `replace_parts`."""

    profile: Versioned[WorkspaceBody]
    accounts: dict[str, Versioned[AccountBody]]
    teams: dict[str, Versioned[TeamBody]]
    routing: Versioned[RoutingBody] | None
    sla: Versioned[SlaBody] | None
    webhooks: dict[str, Versioned[Webhook]]


def replace_parts(
    current: WorkspaceConfiguration, revision: Revision, **parts: Unpack[_Parts]
) -> WorkspaceConfiguration:
    return current.model_copy(update={**parts, "version": revision.version})
