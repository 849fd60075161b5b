"""Which names of a person are evidence, and in which spelling two of them are the same. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from schemas.activity import PersonIdentity
from services.domain.customer_state import NameKind, ProvenName

KINDS: frozenset[NameKind] = frozenset({"email", "phone", "user", "platform"})
MIN_PHONE_DIGITS = 7
"""Shorter numbers are short codes and extensions, which many people have."""
MAX_NAMES = 50
"""How many names of a person are evidence: those that they proved first."""


def proven_names(person: str, identities: Iterable[PersonIdentity], at: datetime, source: str) -> list[ProvenName]:
    """The evidence in some names of a person. What the person only typed is none."""
    found = (
        ProvenName(kind=identity.kind, value=value, at=at, source=source)
        for identity in identities
        if identity.proven
        and identity.kind != "username"
        and (value := _spelled(person, identity.kind, identity.value))
    )
    return list(found)


def merged_names(known: Sequence[ProvenName], given: Iterable[ProvenName]) -> list[ProvenName]:
    """The names of a person, each as it was proven first, in one order whatever the order in which they came."""
    first: dict[tuple[str, str], ProvenName] = {}
    for name in (*known, *given):
        before = first.get((name.kind, name.value))
        if before is None or _rank(name) < _rank(before):
            first[name.kind, name.value] = name
    return sorted(first.values(), key=_rank)[:MAX_NAMES]


def _rank(name: ProvenName) -> tuple[datetime, str, str, str]:
    return name.at, name.kind, name.value, name.source


def _spelled(person: str, kind: NameKind, value: str) -> str | None:
    """The value as two accounts would both give it; None: it is no evidence."""
    match kind:
        case "email":
            return value.strip().lower() if "@" in value else None
        case "phone":
            digits = "".join(character for character in value if character.isdecimal() and character.isascii())
            return f"+{digits}" if len(digits) >= MIN_PHONE_DIGITS else None
        case "platform":
            # The id of a person at one platform says nothing about another.
            return f"{person.partition(':')[0]}:{value}" if value else None
        case "user":
            return value or None
