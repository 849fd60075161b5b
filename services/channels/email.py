"""Mail: webhooks of the provider that receives it, and answers by SMTP (RFC 5321, 5322). docs/channels/email.md connects one."""

from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from schemas.activity import Activity, Attachment
from schemas.channel import Capabilities, every_kind
from schemas.configuration import AccountBody
from schemas.outbound import OutboundMessage
from services.channels.account_settings import (
    AccountCredentials,
    AccountSettings,
    CalledUrl,
    ChosenSecret,
    HandoffSettings,
    Rotating,
    Secret,
    SecretValue,
    account_example,
)
from services.channels.live_secrets import is_live_secret
from services.channels.mail.activities import to_activities
from services.channels.mail.attachments import inline_files
from services.channels.mail.message import Envelope, MailItem, ReceivedMail
from services.channels.mail.mime import read_mime
from services.channels.mail.provider import MailProvider
from services.channels.mail.providers import PROVIDERS, provider_by_shape
from services.channels.mail.providers.decoding import notice
from services.channels.mail.providers.mailgun import locate_stored_file
from services.channels.mail.providers.proofs import MAX_SIGNATURE_SECONDS
from services.channels.mail.providers.sendgrid import check_public_key
from services.channels.mail.sending import send_mail
from services.channels.mail.smtp import check_login, read_smtp_url
from services.channels.port import (
    Account,
    InlineFile,
    InvalidSignature,
    MediaLocation,
    OutgoingFile,
    Request,
    SendReceipt,
    WebhookResponse,
)
from services.domain.account_phrases import AccountFinding
from services.platform.http.outgoing import HttpClient

MAX_FILE = 25_000_000
RAW_MAIL = "message/rfc822"

EmailAddress = Annotated[str, StringConstraints(pattern=r"^[^\s<>\"(),:;@]{1,64}@[A-Za-z0-9.-]{1,253}$")]
SmtpUrl = Annotated[str, CalledUrl(schemes=("smtp", "smtps")), SecretValue()]
TopicArn = Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]{1,256}$")]
VerificationKey = Annotated[Secret, AfterValidator(check_public_key)]
SHARED_CREDENTIALS = frozenset({"provider", "path_secret", "from_address", "smtp_url"})
"""The credentials that accounts of every provider have."""
BASIC = ("basic_user", "basic_password")


class EmailCredentials(AccountCredentials):
    """Who calls, and how answers go out. Which of the proofs an account has, its provider decides."""

    provider: Literal["mailgun", "sendgrid", "postmark", "ses"] = Field(
        description="who receives the mail: mailgun, sendgrid, postmark or ses"
    )
    signing_key: Rotating[Secret] | None = Field(None, description="Mailgun's HTTP webhook signing key")
    api_key: Rotating[Secret] | None = Field(
        None, description="Mailgun's API key, by which files of mails that a route stored are read"
    )
    public_key: Rotating[VerificationKey] | None = Field(
        None, description="SendGrid's verification key, base64, as its page of signed webhooks shows it"
    )
    basic_user: Rotating[Secret] | None = Field(None, description="the user in the address that Postmark or SNS calls")
    basic_password: Rotating[ChosenSecret] | None = Field(
        None, description="the password in the address that Postmark or SNS calls, at least 8 characters"
    )
    topic_arn: Rotating[TopicArn] | None = Field(
        None, description="the topic that SES publishes to, like arn:aws:sns:eu-west-1:123456789012:mail"
    )
    path_secret: Rotating[ChosenSecret] | None = Field(
        None, description="a word of your own at the end of the webhook's address, at least 8 characters"
    )
    from_address: EmailAddress = Field(description="the address that answers come from, like support@shop.example")
    smtp_url: SmtpUrl = Field(
        description="a server for answers, like smtps://user:password@smtp.shop.example or smtp://...:587 (STARTTLS)"
    )


class EmailSettings(HandoffSettings):
    """How answers look and where answers to them go."""

    from_name: (
        Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\r\n]*\S[^\r\n]*$")] | None
    ) = Field(None, description="the name beside from_address, up to 100 characters")
    plus_addressing: bool = Field(
        True, description="true where mail to support+anything@... reaches the account, which finds lost threads"
    )
    addresses: Annotated[list[EmailAddress], Field(max_length=50)] | None = Field(
        None,
        description="a list of further addresses that lead to the mailbox, like sales@shop.example: they get no copies",
    )
    signature_seconds: Annotated[float, Field(ge=60, le=MAX_SIGNATURE_SECONDS)] | None = Field(
        None, description="how old a signature of Mailgun or SendGrid may be: a number of seconds from 60 to 259200"
    )


class EmailAccount(AccountSettings):
    """A mailbox: a provider that receives, and an SMTP server that sends."""

    model_config = account_example(
        name="Support mailbox",
        credentials={
            "provider": "mailgun",
            "signing_key": "0123456789abcdef0123456789abcdef",
            "from_address": "support@shop.example",
            "smtp_url": "smtps://postmaster:app-password@smtp.shop.example",
        },
        settings={"from_name": "Example Shop"},
    )
    credentials: EmailCredentials
    settings: EmailSettings = EmailSettings()

    @classmethod
    def conflicts(cls, body: AccountBody) -> list[tuple[str, str]]:
        """Each provider has credentials of its own, and no others."""
        provider = _provider(body)
        return [] if provider is None else [(f"/credentials/{one}", why) for one, why in _conflicts(provider, body)]


def _conflicts(provider: MailProvider, body: AccountBody) -> Iterator[tuple[str, str]]:
    name, credentials = body.credentials["provider"], body.credentials
    alternative = "" if provider.needs_proof else " (or path_secret alone)"
    for one in _missing_proof(provider, credentials):
        yield one, f"{one} is required of an account of {name}{alternative}"
    for one in _foreign(provider, credentials):
        yield one, f"{one} is no credential of {name}: leave it out"
    further = [one for one in provider.optional if one in BASIC and one not in credentials]
    if len(further) == 1:
        yield further[0], "basic_user and basic_password go together"


def _missing_proof(provider: MailProvider, credentials: Container[str]) -> list[str]:
    """What an account lacks of the proof. One whose provider needs none has all of it, or a `path_secret` alone."""
    missing = [one for one in provider.proof if one not in credentials]
    is_none_wanted = "path_secret" in credentials and not provider.needs_proof and missing == list(provider.proof)
    return [] if is_none_wanted else missing


def _foreign(provider: MailProvider, credentials: Iterable[str]) -> list[str]:
    own = SHARED_CREDENTIALS.union(provider.proof, provider.optional)
    return [one for one in credentials if one in EmailCredentials.model_fields and one not in own]


class Email:
    """The adapter. What differs between providers is in `mail.providers`."""

    name = "email"
    account_model = EmailAccount
    capabilities = Capabilities(
        surfaces=("private",),
        text_limits=(),
        first_contact="always",
        person_ids="lower",
        media=every_kind(MAX_FILE),
        max_files=20,
        max_files_bytes=MAX_FILE,
        # The largest of the providers' bodies: a mail of 25 MB is 34 MB of base64.
        max_body_bytes=max(provider.max_body_bytes for provider in PROVIDERS.values()),
        json_bodies=False,
        # Providers repeat what is not answered with 2xx for hours, and the mail would be just as unreadable.
        invalid_payload_status=200,
        automatic_answer_seconds=3600,
        probe_seconds=1800,
        slow_answer_seconds=30,
        pace="mail",
    )

    def capabilities_for(self, body: AccountBody) -> Capabilities:
        """Bodies are as the account's provider makes them."""
        provider = _provider(body)
        if provider is None:
            return self.capabilities
        return self.capabilities.model_copy(
            update={"json_bodies": provider.json_bodies, "max_body_bytes": provider.max_body_bytes}
        )

    def key_urls(self, request: Request, account: Account) -> Sequence[str]:
        """See `PublicKeyVerified`. Nothing is fetched for a call whose path lacks the account's secret."""
        provider = _checked_provider(request, account)
        return provider.key_urls(request, account) if _has_proof(provider, account) else ()

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        """The provider's handshake, for the account's path alone. Raises InvalidSignature."""
        return _checked_provider(request, account).handshake(request, account)

    def verify(self, request: Request, account: Account) -> None:
        """The secret in the path, of an account that has one, and the provider's own proof. Raises InvalidSignature."""
        provider = _checked_provider(request, account)
        if _has_proof(provider, account):
            provider.verify(request, account)
        elif provider.needs_proof or not account.secrets("path_secret"):
            raise InvalidSignature("the account has nothing by which its provider could prove itself")

    def parse(self, request: Request, account: Account) -> list[Activity]:
        """The activities of a call. Raises InvalidPayload."""
        return [activity for item in _items(request, account) for activity in to_activities(item, request, account)]

    def files(self, request: Request, account: Account) -> Iterator[InlineFile]:
        """The attachments of the mails of a call; see `InlineFiles`."""
        for item in _items(request, account):
            if isinstance(item, ReceivedMail):
                yield from inline_files(item)

    async def locate(self, attachment: Attachment, account: Account, http: HttpClient) -> MediaLocation:
        """Where a file is that Mailgun stored: the others post the files themselves. See `ResolvesMedia`."""
        return locate_stored_file(attachment, account)

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        """Send a mail to the address and to everybody of the thread."""
        return await send_mail(message, account, (), http)

    async def send_files(
        self, message: OutboundMessage, files: Sequence[OutgoingFile], account: Account, http: HttpClient
    ) -> SendReceipt:
        """As `send`, with attachments."""
        return await send_mail(message, account, files, http)

    async def check(
        self, account: Account, http: HttpClient, public_url: str | None, now: datetime
    ) -> AccountFinding | None:
        """Log in at the SMTP server. See `ChecksAccount`."""
        await check_login(read_smtp_url(account.token("smtp_url")), http)
        return None


def _provider(body: AccountBody) -> MailProvider | None:
    name = body.credentials.get("provider")
    return PROVIDERS.get(name) if isinstance(name, str) else None


def _checked_provider(request: Request, account: Account) -> MailProvider:
    """The account's provider, once the path is that of the account. Raises InvalidSignature."""
    provider, secrets = _provider(account.body), account.secrets("path_secret")
    if provider is None:
        raise InvalidSignature("the account names no provider")
    if secrets and not is_live_secret(request.subpath, secrets):
        raise InvalidSignature("the address of the call does not end with the account's path_secret")
    return provider


def _has_proof(provider: MailProvider, account: Account) -> bool:
    return any(account.secrets(name) for name in provider.proof)


def _items(request: Request, account: Account) -> Sequence[MailItem]:
    """What is in a call, read once: `parse` asks for it, and `files` again."""
    provider, content_type = _provider(account.body), request.headers.get("content-type", "")
    return request.once((provider, content_type), lambda: _read_items(request, provider))


def _read_items(request: Request, stated: MailProvider | None) -> Sequence[MailItem]:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    # `pasokh parse` can be given a file without an account; no call of a webhook comes here without one.
    provider = stated or provider_by_shape(request)
    if not request.body.strip():
        return [notice(request, "no_mail")]
    if provider is None or media_type == RAW_MAIL:
        return [read_mime(request.body, Envelope())]
    return provider.decode(request)
