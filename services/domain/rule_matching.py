"""Whether the conditions of a rule hold: the one implementation, for routing rules and SLA policies alike."""

from collections.abc import Callable, Iterable

from schemas.configuration import Match


def matches(when: Match, values_of: Callable[[str], Iterable[object]]) -> bool:
    """Whether all conditions that are given hold. `values_of` gives the values of a conversation by the name of a condition.

    A condition holds when any of its values (one, or a list) is among those; without values it never holds.
    """
    given = ((name, wanted) for name, wanted in vars(when).items() if wanted is not None)
    return all(_holds(wanted, values_of(name)) for name, wanted in given)


def _holds(wanted: object, values: Iterable[object]) -> bool:
    return any(value in wanted if isinstance(wanted, list) else value == wanted for value in values)
