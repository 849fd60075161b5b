"""The sentence that an agent reads of an error of a channel."""

from schemas.values import AgentLanguage, Failure
from services.domain.failure_phrases import worded
from services.platform.http.outgoing import PermanentSendError


def in_words(error: PermanentSendError, language: AgentLanguage = "en") -> str:
    return worded(
        Failure(code=error.code, detail=str(error), status=error.status, reason=error.reason), language
    ).detail
