"""Errors whose class decides what happens next. Any other exception is a bug and is reported as one."""


class Unavailable(Exception):
    """The store, the bus or a platform cannot be reached now. Nothing has happened; try again later."""


class Unknown(Exception):
    """A commit or publish was sent and its result never arrived: it may have happened, or may still happen."""


class Fenced(Exception):
    """A condition of the commit did not hold: another writer was first. The caller must drop its memory and read again."""


class Revoked(Exception):
    """Another member owns the partition now. This is no fault: stop working on it."""


class OffsetOutOfRange(Exception):
    """A stored position lies outside the log (data was lost or retention passed it). An operator must decide."""


class TooLarge(Exception):
    """An event is larger than the bus takes. Raised before anything is committed."""


class Misconfigured(Exception):
    """The server cannot start like this. The message names the setting and the fix."""
