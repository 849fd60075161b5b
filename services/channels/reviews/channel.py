"""Reviews: they are public, one answer of ours stands below each, and both can be changed. docs/channels/reviews.md connects each provider."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from schemas.activity import Activity
from schemas.channel import Capabilities
from schemas.configuration import AccountBody
from schemas.outbound import ChannelAction, OutboundMessage
from services.channels.account_scope import scope_of
from services.channels.live_secrets import is_live_secret
from services.channels.port import (
    Account,
    InvalidSignature,
    PollResult,
    RefreshedTokens,
    Request,
    SendReceipt,
    WebhookResponse,
)
from services.channels.reviews.accounts import ReviewsAccount
from services.channels.reviews.bodies import parse
from services.channels.reviews.provider import ReviewProvider
from services.channels.reviews.providers import provider_of
from services.channels.reviews.review import answer_id, answer_platform_id
from services.channels.reviews.walk import INTERVAL, deleted_body, poll_reviews, review_body
from services.platform.http.outgoing import HttpClient, PermanentSendError


class Reviews:
    """The adapter. What differs between providers is in `reviews.providers`."""

    name = "reviews"
    account_model = ReviewsAccount
    interval = INTERVAL
    capabilities = Capabilities(
        surfaces=("public",),
        # Each provider has its own, of its accounts.
        text_limits=(),
        actions=("edit", "delete"),
        edits=True,
        single_answer=True,
        # To answer a review again replaces the answer: the same one twice is one.
        drops_repeats=True,
        # Providers repeat what is not answered with 2xx, and it would be just as unreadable.
        invalid_payload_status=200,
        pace="review",
    )

    def capabilities_for(self, body: AccountBody) -> Capabilities:
        """Limits of the account's provider, and the shop's own way to a private place."""
        provider = provider_of(body)
        if provider is None:
            return self.capabilities
        link = body.settings.get("private_link")
        own = {"text_limits": provider.text_limits, "actions": provider.actions}
        return self.capabilities.model_copy(update={**own, "deep_link": link if isinstance(link, str) else None})

    def key_urls(self, request: Request, account: Account) -> Sequence[str]:
        """See `PublicKeyVerified`. Nothing is fetched for a call whose path lacks the account's secret."""
        return _checked_provider(request, account).key_urls(request, account)

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        """No provider has one: always None."""
        return None

    def verify(self, request: Request, account: Account) -> None:
        """The secret in the path, of an account that has one, and the provider's own proof. Raises InvalidSignature."""
        provider = _checked_provider(request, account)
        if provider.signs(account):
            provider.verify(request, account)
        elif not account.secrets("path_secret"):
            raise InvalidSignature("the account has nothing by which its provider could prove itself")

    def parse(self, request: Request, account: Account) -> list[Activity]:
        """The activities of a body; see `reviews.bodies`. Raises InvalidPayload."""
        return parse(request, account)

    def named(self, request: Request, account: Account) -> Sequence[str]:
        """The review that a notice names; see `FetchesNamed`."""
        provider = provider_of(account.body)
        return provider.named(request) if provider is not None else ()

    async def fetch(self, named: Sequence[str], account: Account, http: HttpClient) -> Sequence[bytes]:
        """What the named reviews say now; of one that is gone, that it is deleted. See `FetchesNamed`."""
        provider = _provider(account)
        api = provider.api(account, http)
        resources = [(name, await provider.find(api, account, name)) for name in named]
        return [review_body(found) if found is not None else deleted_body(name) for name, found in resources]

    def is_polled(self, body: AccountBody) -> bool:
        """Whether the account's provider is asked for reviews."""
        provider = provider_of(body)
        return provider is not None and provider.is_polled(body)

    async def begin_polling(self, account: Account, http: HttpClient) -> None:
        """Nothing has to be set up for that."""

    async def poll(self, account: Account, http: HttpClient, cursor: str | None) -> PollResult:
        """The next page of the account's reviews; see `reviews.walk`."""
        provider = _provider(account)
        return await poll_reviews(provider, provider.api(account, http), account, cursor)

    def expires_at(self, account: Account, now: datetime) -> datetime | None:
        """In the past: the credentials hold no access token, so the first refresh fetches it. None where none can be had."""
        provider = provider_of(account.body)
        has_proof = provider is not None and all(account.secrets(name) for name in provider.token_proof)
        return now - timedelta(seconds=1) if has_proof else None

    async def refresh(self, account: Account, now: datetime, http: HttpClient) -> RefreshedTokens:
        """An access token of the account's provider. See `RefreshesTokens`."""
        return await _provider(account).refresh(account, now, http)

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        """Answer the review in public; an answer that stands there is replaced."""
        review = message.address.reply_to or message.address.chat
        provider = _answering_provider(account)
        own = await provider.answer(provider.api(account, http), account, review, message.text.text)
        scope = scope_of(account, provider.scope(account))
        return SendReceipt(own or answer_platform_id(review), aliases=(answer_id(scope, review),))

    async def perform(self, action: ChannelAction, account: Account, http: HttpClient) -> SendReceipt:
        """Replace our answer to a review, or delete it."""
        review = action.address.reply_to or action.address.chat
        provider = _answering_provider(account)
        api = provider.api(account, http)
        if action.kind == "edit" and action.text is not None:
            own = await provider.answer(api, account, review, action.text.text)
            return SendReceipt(own or action.platform_id)
        if action.kind == "delete" and action.platform_id is not None:
            await provider.delete_answer(api, account, review, action.platform_id)
            return SendReceipt(action.platform_id)
        raise PermanentSendError("unsupported", f"{action.kind} is not possible with a review")


def _provider(account: Account) -> ReviewProvider:
    """The account's provider. Raises PermanentSendError for an account that names none."""
    provider = provider_of(account.body)
    if provider is None:
        raise PermanentSendError("account_missing", "the account names no provider")
    return provider


def _answering_provider(account: Account) -> ReviewProvider:
    """The account's provider, where it takes answers of the account. Raises PermanentSendError (`account_missing`)."""
    provider = _provider(account)
    missing = [name for name in provider.token_proof if not account.secrets(name)]
    if missing:
        detail = f"the account has no {' and no '.join(missing)}, so that its provider takes no answers of it"
        raise PermanentSendError("account_missing", detail)
    return provider


def _checked_provider(request: Request, account: Account) -> ReviewProvider:
    """The account's provider, once the path is that of the account. Raises InvalidSignature."""
    provider, secrets = provider_of(account.body), account.secrets("path_secret")
    if provider is None:
        raise InvalidSignature("the account names no provider")
    if secrets and not is_live_secret(request.subpath, secrets):
        raise InvalidSignature("the address of the call does not end with the account's path_secret")
    return provider
