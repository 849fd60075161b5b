"""How often an inbox's feed looks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """How a feed collects what changes. After a look that took t seconds of the processor it rests for `rest` × t, within `least` and `most`.

    Counts and colleagues are read at most once in `counts` seconds; for `linger` seconds after the last change too, since
    agents change a little after the conversations. While nothing happens it looks at agents every `idle` seconds.
    """

    least: float = 0.05
    most: float = 0.25
    rest: float = 1.0
    counts: float = 1.0
    linger: float = 3.0
    idle: float = 10.0
