"""What the channel `reviews` needs of a provider: what is in its bodies, and how it is asked and answered."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from schemas.channel import ActionKind, TextLimit
from schemas.configuration import AccountBody
from schemas.values import Json
from services.channels.port import Account, InvalidSignature, RefreshedTokens, Request
from services.channels.reviews.api import ReviewApi
from services.channels.reviews.review import PublishedReview, Report
from services.platform.http.outgoing import HttpClient


@dataclass(frozen=True, slots=True)
class ListedReview:
    """A review of a list. `resource` is what the provider shows of it, with all that `read` needs."""

    review: PublishedReview
    resource: Json


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """A page of the list of reviews, the newest first. `next` is the position of the one after it; None: this is the last.

    `at` is the provider's time when it gave the page, if it said so.
    """

    reviews: Sequence[ListedReview]
    next: str | None
    at: datetime | None


class ReviewProvider(ABC):
    """One provider. It is stateless; what does not take an API is pure.

    - `required` and `optional` are the names of the credentials of its accounts; those in `together` only come all at once.
    - `host` is the address of its API. `text_limits` and `actions` are those of our answers.
    - `listed` is how far back its list surely reaches, and after how long a review that is missing in it may just be old.
    - `token_proof`: the names of credentials without which no access token can be had.
    """

    required: ClassVar[tuple[str, ...]]
    optional: ClassVar[tuple[str, ...]]
    together: ClassVar[tuple[str, ...]] = ()
    host: ClassVar[str]
    text_limits: ClassVar[tuple[TextLimit, ...]] = ()
    actions: ClassVar[tuple[ActionKind, ...]] = ("edit", "delete")
    listed: ClassVar[timedelta] = timedelta(days=7)
    token_proof: ClassVar[tuple[str, ...]]

    def key_urls(self, request: Request, account: Account) -> Sequence[str]:
        """See `PublicKeyVerified`; empty for a provider that publishes no keys. Raises InvalidSignature."""
        return ()

    def signs(self, account: Account) -> bool:
        """Whether calls for the account carry a signature of the provider, which `verify` then checks."""
        return False

    def verify(self, request: Request, account: Account) -> None:
        """Check the provider's own proof, of an account that has one. Raises InvalidSignature."""
        raise InvalidSignature("the provider signs no calls")

    @abstractmethod
    def scope(self, account: Account) -> str:
        """The name of that whose reviews the account has: an app, a business. Empty where the account does not say."""

    @abstractmethod
    def owns(self, document: Json) -> bool:
        """Whether a body looks like one of this provider's."""

    @abstractmethod
    def read(self, document: Json) -> Sequence[Report]:
        """What a body in the provider's own shapes says: an item, or a list of items. Empty: it is none of its shapes."""

    @abstractmethod
    def review(self, resource: Json) -> PublishedReview | None:
        """The review in a resource of the provider; None where it is none."""

    def named(self, request: Request) -> Sequence[str]:
        """The reviews that a call names without saying what is in them."""
        return ()

    @abstractmethod
    def is_polled(self, body: AccountBody) -> bool:
        """Whether reviews of the account are asked for."""

    @abstractmethod
    def api(self, account: Account, http: HttpClient) -> ReviewApi:
        """The API for the account."""

    @abstractmethod
    async def page(self, api: ReviewApi, account: Account, after: str | None) -> ReviewPage:
        """The page of the list of reviews at a position (None: the first). Raises as `ReviewApi`."""

    @abstractmethod
    async def find(self, api: ReviewApi, account: Account, review: str) -> Json:
        """The resource of one review; None for one that is gone. Raises as `ReviewApi`."""

    @abstractmethod
    async def answer(self, api: ReviewApi, account: Account, review: str, text: str) -> str | None:
        """Answer a review, or replace the answer. Returns the provider's id of it, if it has one. Raises as `ReviewApi`."""

    @abstractmethod
    async def delete_answer(self, api: ReviewApi, account: Account, review: str, answer: str) -> None:
        """Delete our answer. Raises as `ReviewApi`."""

    @abstractmethod
    async def refresh(self, account: Account, now: datetime, http: HttpClient) -> RefreshedTokens:
        """A new access token. Raises as `RefreshesTokens.refresh`."""
