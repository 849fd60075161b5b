"""The mail providers by their names in accounts."""

from collections.abc import Mapping

from services.channels.mail.provider import MailProvider
from services.channels.mail.providers.mailgun import Mailgun
from services.channels.mail.providers.postmark import Postmark
from services.channels.mail.providers.sendgrid import SendGrid
from services.channels.mail.providers.ses import Ses

PROVIDERS: Mapping[str, MailProvider] = {
    "mailgun": Mailgun(),
    "sendgrid": SendGrid(),
    "postmark": Postmark(),
    "ses": Ses(),
}
