"""Renders a decision as one plain sentence in the reader's language, at the time of reading. Pure."""

from collections.abc import Iterable

from schemas.decision import Decision, Reason
from services.records.decisions import DecisionRecord, to_view
from services.router.phrases import PHRASES, Language, Phrases

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"
DIRECTIONS = dict.fromkeys([0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
"""Bidirectional control characters, with which a name could reorder the sentence around it."""


def decision_view(record: DecisionRecord, language: Language) -> Decision:
    """The decision as REST shows it. Decisions stored without a reason keep the sentence that was stored with them."""
    view = to_view(record)
    return view if record.reason is None else view.model_copy(update={"summary": sentence(record, language)})


def sentence(record: DecisionRecord, language: Language) -> str:
    """The sentence of a decision that has a reason."""
    phrases, reason = PHRASES[language], record.reason
    if reason is None:
        return record.summary
    if reason.kind == "waiting":
        return _waiting(phrases, record, reason)
    agent = _agent_name(phrases, record.agent or "", reason.name)
    if reason.kind in ("claimed", "accepted"):
        by_agent = phrases.claimed if reason.kind == "claimed" else phrases.accepted
        return by_agent.format(who=agent, units=_units(phrases, reason))
    if reason.kind == "forced":
        by = _name(phrases, reason.by) if reason.by else phrases.operator
        return phrases.forced.format(who=agent, by=by, units=_units(phrases, reason))
    template = phrases.offered if record.outcome == "offered" else phrases.assigned
    return template.format(who=agent, why=phrases.comma.join(_why(phrases, record, reason)))


def _why(phrases: Phrases, record: DecisionRecord, reason: Reason) -> Iterable[str]:
    for name, least in sorted(record.requirement.skills.items()):
        yield _skill(phrases, name, reason.levels.get(name, 0), least)
    yield _units(phrases, reason)
    team = _teams(phrases, reason)
    if reason.advantage is None:
        yield phrases.only.format(team=team)
    else:
        best_of = phrases.best_of[0 if phrases.is_singular(reason.eligible) else 1]
        count = _number(phrases, reason.eligible)
        yield best_of.format(advantage=phrases.advantages[reason.advantage], count=count, team=team)
    if reason.queue_pick == "reserved":
        yield phrases.reserved
    elif reason.queue_pick == "in_line":
        yield phrases.in_line.format(priority=phrases.priorities[reason.priority])


def _skill(phrases: Phrases, name: str, level: int, minimum: int) -> str:
    levels = {"level": _number(phrases, level), "least": _number(phrases, minimum)}
    if not name.startswith("lang:"):
        return phrases.knows.format(skill=_name(phrases, name), **levels)
    tag = name.removeprefix("lang:")
    return phrases.speaks.format(language=phrases.languages.get(tag) or _name(phrases, tag), **levels)


def _units(phrases: Phrases, reason: Reason) -> str:
    units = phrases.units.format(load=_number(phrases, reason.load), capacity=_number(phrases, reason.capacity))
    return f"{units}{phrases.comma}{phrases.above_capacity}" if reason.above_capacity else units


def _waiting(phrases: Phrases, record: DecisionRecord, reason: Reason) -> str:
    if not reason.agents:
        return phrases.no_agent
    if reason.waits_for is not None:
        return phrases.waits_for.format(who=_name(phrases, reason.waits_for))
    skills = sorted(record.requirement.skills.items())
    wanted = phrases.comma.join(
        phrases.wanted.format(skill=_name(phrases, name), least=_number(phrases, least)) for name, least in skills
    )
    words = {"team": _teams(phrases, reason), "wanted": wanted}
    counts = phrases.comma.join(
        phrases.lacking[name][0 if phrases.is_singular(count) else 1].format(n=_number(phrases, count), **words)
        for name, count in record.excluded.items()
        if name in phrases.lacking
    )
    template = phrases.waiting[0 if phrases.is_singular(reason.agents) else 1]
    return template.format(agents=_number(phrases, reason.agents), counts=counts)


def _teams(phrases: Phrases, reason: Reason) -> str:
    return phrases.comma.join(_name(phrases, team) for team in reason.teams or [reason.team])


def _agent_name(phrases: Phrases, agent: str, name: str | None) -> str:
    display_name = _name(phrases, agent)
    return display_name if name is None or name == agent else f"{display_name} ({_name(phrases, name)})"


def _name(phrases: Phrases, name: str) -> str:
    """The name isolated from the sentence's text direction (UAX 9)."""
    plain = name.translate(DIRECTIONS)
    # ASCII in a left-to-right sentence cannot change the direction of its neighbours.
    if plain.isascii() and not phrases.is_right_to_left:
        return plain
    return f"{FIRST_STRONG_ISOLATE}{plain}{POP_ISOLATE}"


def _number(phrases: Phrases, number: int) -> str:
    return "".join(phrases.digits[int(digit)] for digit in str(number))
