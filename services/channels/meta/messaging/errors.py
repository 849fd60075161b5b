"""Why Meta refuses a direct message (developers.facebook.com/docs/messenger-platform/error-codes)."""

from services.channels.meta.graph import (
    GraphError,
    SendError,
    Verdicts,
    later_for_chat,
    refused,
    without_permission,
)
from services.platform.http.outgoing import PermanentSendError


def _without_human_agent(error: GraphError) -> SendError:
    """The mark of a person's answer after 24 hours was refused: that says nothing against other messages of the account."""
    return PermanentSendError("window_closed", error.detail, error.status, reason="human_agent_not_approved")


WINDOW_CLOSED = refused("window_closed")
OUTSIDE_WINDOW = "outside of allowed window"
"""What Meta's sentence says of a message that comes too late."""


def window_or_permission(error: GraphError) -> SendError:
    """A missing permission; or a closed window, of which a subcode speaks, and where one is missing the sentence."""
    is_late = error.subcode is None and OUTSIDE_WINDOW in error.detail.lower()
    return (WINDOW_CLOSED if is_late else without_permission)(error)


UNREACHABLE, NO_TESTER, NOT_FOUND = refused("blocked"), refused("not_permitted"), refused("not_found")
TOO_LARGE, OTHER_APP = refused("too_large"), refused("other_app")
VERDICTS: Verdicts = {
    10: window_or_permission,
    551: UNREACHABLE,
    1200: later_for_chat,
    1545041: UNREACHABLE,
    2018001: NOT_FOUND,
    2018022: later_for_chat,
    2018027: NO_TESTER,
    2018028: NO_TESTER,
    2018065: WINDOW_CLOSED,
    2018108: NO_TESTER,
    2018109: TOO_LARGE,
    2018278: WINDOW_CLOSED,
    2018300: OTHER_APP,
    2534014: NOT_FOUND,
    2534022: WINDOW_CLOSED,
}
# Without approval Meta refuses the tag as a missing permission.
TAGGED: Verdicts = {**VERDICTS, 10: _without_human_agent, 200: _without_human_agent}
