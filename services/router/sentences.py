"""A decision in one plain sentence, made when it is read, in the language of whoever reads. Pure."""

from collections.abc import Iterable

from schemas.routing import Decision, Reason
from services.records.decisions import DecisionRecord
from services.router.phrases import PHRASES, Language, Phrases

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"
DIRECTIONS = dict.fromkeys([0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
"""Marks by which a name could turn the sentence around it."""


def shown_decision(record: DecisionRecord, language: Language) -> Decision:
    """As REST shows it. One from before reasons were recorded keeps the sentence that it was written with."""
    shown = record.public_view()
    return shown if record.reason is None else shown.model_copy(update={"summary": sentence(record, language)})


def sentence(record: DecisionRecord, language: Language) -> str:
    """The sentence of a decision that has a reason."""
    said, reason = PHRASES[language], record.reason
    if reason is None:
        return record.summary
    if reason.kind == "waiting":
        return _waiting(said, record, reason)
    who = _called(said, record.agent or "", reason.name)
    if reason.kind == "forced":
        by = _name(said, reason.by) if reason.by else said.operator
        return said.forced.format(who=who, by=by, units=_units(said, reason))
    template = said.offered if record.outcome == "offered" else said.assigned
    return template.format(who=who, why=said.comma.join(_why(said, record, reason)))


def _why(said: Phrases, record: DecisionRecord, reason: Reason) -> Iterable[str]:
    for name, least in sorted(record.requirement.skills.items()):
        yield _skill(said, name, reason.levels.get(name, 0), least)
    yield _units(said, reason)
    team = _name(said, reason.team)
    if reason.advantage is None:
        yield said.only.format(team=team)
    else:
        best_of = said.best_of[0 if said.is_one(reason.eligible) else 1]
        count = _number(said, reason.eligible)
        yield best_of.format(advantage=said.advantages[reason.advantage], count=count, team=team)
    if reason.drawn == "reserved":
        yield said.reserved
    elif reason.drawn == "in_line":
        yield said.in_line.format(priority=said.priorities[reason.priority])


def _skill(said: Phrases, name: str, level: int, least: int) -> str:
    levels = {"level": _number(said, level), "least": _number(said, least)}
    if not name.startswith("lang:"):
        return said.knows.format(skill=_name(said, name), **levels)
    tag = name.removeprefix("lang:")
    return said.speaks.format(language=said.languages.get(tag) or _name(said, tag), **levels)


def _units(said: Phrases, reason: Reason) -> str:
    return said.units.format(load=_number(said, reason.load), capacity=_number(said, reason.capacity))


def _waiting(said: Phrases, record: DecisionRecord, reason: Reason) -> str:
    if not reason.agents:
        return said.nobody
    skills = sorted(record.requirement.skills.items())
    wanted = said.comma.join(
        said.wanted.format(skill=_name(said, name), least=_number(said, least)) for name, least in skills
    )
    words = {"team": _name(said, reason.team), "wanted": wanted}
    counts = said.comma.join(
        said.lacking[name][0 if said.is_one(count) else 1].format(n=_number(said, count), **words)
        for name, count in record.excluded.items()
        if name in said.lacking
    )
    template = said.waiting[0 if said.is_one(reason.agents) else 1]
    return template.format(agents=_number(said, reason.agents), counts=counts)


def _called(said: Phrases, agent: str, name: str | None) -> str:
    shown = _name(said, agent)
    return shown if name is None or name == agent else f"{shown} ({_name(said, name)})"


def _name(said: Phrases, name: str) -> str:
    """A name with its own direction, kept from that of the sentence."""
    plain = name.translate(DIRECTIONS)
    if plain.isascii() and not said.is_right_to_left:
        return plain
    return f"{FIRST_STRONG_ISOLATE}{plain}{POP_ISOLATE}"


def _number(said: Phrases, number: int) -> str:
    return "".join(said.digits[int(digit)] for digit in str(number))
