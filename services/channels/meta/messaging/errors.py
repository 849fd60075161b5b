"""Why Meta refuses a direct message, in sentences for agents (developers.facebook.com/docs/messenger-platform/error-codes)."""

from services.channels.meta.graph import GraphError, SendError, Verdict, Verdicts, later_for_chat, without_permission
from services.platform.http.outgoing import PermanentSendError


def refused_because(code: str, sentence: str) -> Verdict:
    """It will never accept the message, for a reason that an agent understands."""

    def verdict(error: GraphError) -> SendError:
        return PermanentSendError(code, f"{sentence} ({error.detail})", error.status)

    return verdict


WINDOW_CLOSED = refused_because(
    "window_closed", "The time for an answer is over. Wait until the customer writes again."
)
OUTSIDE_WINDOW = "outside of allowed window"
"""What Meta's sentence says of a message that comes too late."""


def window_or_permission(error: GraphError) -> SendError:
    """A missing permission; or a closed window, of which a subcode speaks, and where one is missing the sentence."""
    is_late = error.subcode is None and OUTSIDE_WINDOW in error.detail.lower()
    return (WINDOW_CLOSED if is_late else without_permission)(error)


UNREACHABLE = refused_because("blocked", "The customer takes no messages: they blocked the account, or left.")
NO_TESTER = refused_because(
    "not_permitted", "The app is not live yet: until Meta approves it, it reaches only its own testers."
)
NOT_FOUND = refused_because("not_found", "Meta knows no such customer of this account.")
TOO_LARGE = refused_because("too_large", "The file is too large for the platform. Send a smaller one.")
OTHER_APP = refused_because("other_app", "Another app has this chat. Take it over in the inbox, then send again.")
NO_HUMAN_AGENT = refused_because(
    "window_closed",
    "The 24-hour window closed, and Meta has not approved Human Agent for the app. Wait until the customer writes again.",
)
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
# Without approval Meta refuses the tag as a missing permission, which says nothing against other messages of the account.
TAGGED: Verdicts = {**VERDICTS, 10: NO_HUMAN_AGENT, 200: NO_HUMAN_AGENT}
