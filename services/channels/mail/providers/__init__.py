"""The mail providers by their names in accounts."""

from collections.abc import Mapping

from services.channels.mail.forms import is_form, read_form
from services.channels.mail.json_bodies import read_document
from services.channels.mail.provider import MailProvider
from services.channels.mail.providers.mailgun import Mailgun
from services.channels.mail.providers.postmark import Postmark
from services.channels.mail.providers.sendgrid import SendGrid
from services.channels.mail.providers.ses import Ses
from services.channels.port import InvalidPayload, Request

PROVIDERS: Mapping[str, MailProvider] = {
    "mailgun": Mailgun(),
    "sendgrid": SendGrid(),
    "postmark": Postmark(),
    "ses": Ses(),
}
SHAPES: Mapping[str, str] = {
    "event-data": "mailgun",
    "body-mime": "mailgun",
    "message-headers": "mailgun",
    "body-plain": "mailgun",
    "FromFull": "postmark",
    "RecordType": "postmark",
    "RawEmail": "postmark",
    "TextBody": "postmark",
    "TopicArn": "ses",
    "notificationType": "ses",
    "envelope": "sendgrid",
    "charsets": "sendgrid",
    "sg_event_id": "sendgrid",
}
"""A field that only this provider's calls have."""


def provider_by_shape(request: Request) -> MailProvider | None:
    """Whose call a body looks like; None where it looks like nobody's."""
    try:
        names = _field_names(request)
    except InvalidPayload:
        return None
    return next((PROVIDERS[provider] for name, provider in SHAPES.items() if name in names), None)


def _field_names(request: Request) -> set[str]:
    if is_form(request):
        return {field.name for field in read_form(request, only=SHAPES).fields}
    document = read_document(request.body)
    first = document[0] if isinstance(document, list) and document else document
    return set(first) if isinstance(first, dict) else set()
