"""Keeps an access token out of the errors of a call that carried it."""

from collections.abc import Iterator
from contextlib import contextmanager

from services.channels.port import CredentialsRejected
from services.platform.http.outgoing import PermanentSendError, SendOutcomeUnknown, TransientSendError


@contextmanager
def without_token(token: str) -> Iterator[None]:
    """Errors from within without the token, which may be part of a URL or a header that they quote."""
    # `from None`: the original error, which a log would show with its cause, quotes the call.
    try:
        yield
    except TransientSendError as error:
        raise TransientSendError(_redact_token(str(error), token), error.after, error.scope) from None
    except PermanentSendError as error:
        raise PermanentSendError(
            error.code, _redact_token(str(error), token), error.status, reason=error.reason
        ) from None
    except CredentialsRejected as error:
        raise CredentialsRejected(_redact_token(str(error), token), error.status) from None
    except SendOutcomeUnknown as error:
        raise SendOutcomeUnknown(_redact_token(str(error), token)) from None


def _redact_token(detail: str, token: str) -> str:
    return detail.replace(token, "<token>") if token else detail
