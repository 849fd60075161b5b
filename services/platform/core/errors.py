"""Errors whose class is the verdict. Anything that is none of these is our bug and says so."""


class Unavailable(Exception):
    """The store, the bus or a platform cannot be reached now. Nothing is known to have happened; try again later."""


class Unknown(Exception):
    """A commit or publish was sent and its result never came: it may have happened, or happen yet."""


class Fenced(Exception):
    """A condition of the commit did not hold: somebody else was first. Let go of what was in memory."""


class Revoked(Exception):
    """The partition is no longer ours to read. Not an error of the system: stop working on it."""


class OffsetOutOfRange(Exception):
    """A stored position lies outside the log (data was lost or retention passed it). An operator must decide."""


class TooLarge(Exception):
    """An event is larger than the bus takes. Raised before anything is committed."""


class Misconfigured(Exception):
    """The server cannot start like this. The message names the setting and the fix."""
