"""The mail providers by their names in accounts."""

from collections.abc import Mapping

from services.channels.mail.provider import MailProvider
from services.channels.mail.providers.mailgun import Mailgun

PROVIDERS: Mapping[str, MailProvider] = {"mailgun": Mailgun()}
