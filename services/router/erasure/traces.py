"""Finds a person in documents and events, and takes them out. Pure."""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import orjson

from schemas.identity import PersonKey
from schemas.values import Json
from services.platform.bus.port import partition_for

PREFIX = "erased-"
"""What the external id of a pseudonym begins with."""
_BEFORE, _BEHIND = r"(?<![^\s/\"'(])", r"(?![^\s/\"'),])"
"""What stands around a person in a sentence or an id. An external id may go on with any other character."""


def choose_pseudonym(
    person: PersonKey, partitions: int, random: Callable[[], str] = lambda: secrets.token_hex(10)
) -> str:
    """A random person of the same account, in the same partition: what is stored under it keeps its owner."""
    account, wanted = person.person.rsplit(":", 1)[0], partition_for(str(person), partitions)
    channel, name = account.split(":", 2)[:2]
    while True:
        pseudonym = f"{channel}:{name}:{PREFIX}{random()}"
        if partition_for(f"{person.workspace}/{pseudonym}", partitions) == wanted:
            return pseudonym


@dataclass(frozen=True, slots=True)
class Trace:
    """A person, the pseudonym in their place, and their mail addresses in lower case."""

    key: PersonKey
    pseudonym: str
    addresses: frozenset[str] = frozenset()
    _pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_pattern", re.compile(_BEFORE + re.escape(self.key.person) + _BEHIND))

    @property
    def pseudonym_key(self) -> PersonKey:
        """The key of the pseudonym."""
        return PersonKey(self.key.workspace, self.pseudonym)

    def is_in(self, value: Json) -> bool:
        """Whether a JSON value names the person, as a person or by a mail address."""
        raw = orjson.dumps(value)
        # Nearly every document is somebody else's: only where these bytes stand it is worth to look closer.
        if orjson.dumps(self.key.person)[1:-1] not in raw and not self._may_have_address(raw):
            return False
        return bool(self.without(value) != value)

    def _may_have_address(self, raw: bytes) -> bool:
        lower = raw.lower() if self.addresses else b""
        return any(address.encode() in lower for address in self.addresses)

    def without(self, value: Json) -> Json:
        """A value with the pseudonym in place of the person, without their names, and without them among those who take part."""
        if isinstance(value, str):
            return self._pattern.sub(self.pseudonym, value)
        if isinstance(value, list):
            return [self.without(one) for one in value if not self._is_participant(one)]
        if not isinstance(value, dict):
            return value
        known = {name: self.without(one) for name, one in value.items()}
        # An author or a follower of a link, with the name that the platform told.
        if known.get("name") is not None and any(value.get(field) in self._names for field in ("id", "person")):
            known["name"] = None
        return known

    @property
    def _names(self) -> tuple[str, str]:
        return self.key.person, str(self.key)

    def _is_participant(self, one: Json) -> bool:
        address = one.get("address") if isinstance(one, Mapping) else None
        return isinstance(address, str) and address.casefold() in self.addresses
