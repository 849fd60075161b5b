"""From public to private on Messenger and Instagram: what the customer sees, word by word, and what the platform is asked."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from schemas.values import AgentLanguage
from services.channels.instagram import Instagram
from services.channels.messenger import Messenger
from services.channels.port import Account
from services.platform.http.outgoing import HttpResponse
from services.platform.processing.inputs import ReceivedEvent
from services.router.conversations.domain.handoff_texts import TEXTS
from tests.channels.instagram import cases as instagram
from tests.channels.installation import Installation
from tests.channels.messenger import cases as messenger
from tests.channels.meta.public_calls import answer, refusal
from tests.channels.places import SENT, Place
from tests.fakes import FakeHttp
from tests.fakes.http import HttpCall

CARD = "4539 5787 6362 1486"
WITH_CARD: dict[AgentLanguage, str] = {
    "en": f"Hello, you took the money twice from my card, the number is {CARD}, please look into it",
    "fa": f"سلام، دو بار از کارت من پول برداشتید، شماره کارت من {CARD} است، لطفاً بررسی کنید",
    "ar": f"مرحبًا، لقد سحبتم المبلغ مرتين من بطاقتي، رقم البطاقة هو {CARD}، يرجى التحقق من ذلك",
    "lv": f"Labdien, jūs divreiz noņēmāt naudu no manas kartes, kartes numurs ir {CARD}, lūdzu, pārbaudiet",
}
CASES: dict[str, tuple[Messenger | Instagram, Any]] = {
    "messenger": (Messenger(), messenger),
    "instagram": (Instagram(), instagram),
}
HIDDEN: dict[str, dict[str, Any]] = {"messenger": {"is_hidden": True}, "instagram": {"hide": True}}
both = pytest.mark.parametrize("name", CASES)


class Shop(Installation):
    """A shop whose sender passes on messages and actions. The Graph API takes all, and `refused` are the paths that it refuses."""

    def __init__(self, name: str, refused: tuple[str, ...] = ()) -> None:
        channel, cases = CASES[name]
        account: Account = cases.account()
        place: Place = next(place for place in cases.places() if place.name == "comments")
        self.chats: Place = next(place for place in cases.places() if place.surface == "private")
        self.refused, self.customer = refused, cases.ANNA
        super().__init__(channel, account, replace(place, http=FakeHttp(self._respond)))
        self.comments, self._passed = place, 0

    def _respond(self, call: HttpCall) -> HttpResponse:
        path = call.url.split("/v25.0/")[1]
        if path in self.refused:
            return refusal(10903)
        if path == "me/messages":
            return answer({"recipient_id": self.customer, "message_id": "m_private1"})
        return answer({"id": "1_ours1", "success": True})

    async def comment(self, number: int, text: str) -> str:
        """The customer comments; the platform's id of the comment."""
        body = orjson.loads(self.comments.post([self.comments.message(number)]).body)
        said = body["entry"][0].get("value") or body["entry"][0]["changes"][0]["value"]
        said["message" if self.channel.name == "messenger" else "text"] = text
        self.place = replace(self.comments, post=lambda _: CASES[self.channel.name][1].request(orjson.dumps(body)))
        await self.post({})
        await self.pass_on()
        return str(said.get("comment_id") or said["id"])

    async def write_in_private(self, number: int) -> None:
        self.place = self.chats
        await self.post(self.chats.message(number))

    async def pass_on(self) -> None:
        """What the router asks for reaches the platform, and its answers the router, until nothing is left."""
        while self._passed < len(self.house.driver.sent):
            asked = self.house.driver.sent[self._passed :]
            self._passed += len(asked)
            outgoing = [event for event in asked if event.type.startswith("pasokh.outbound.")]
            await self.sender.batch([ReceivedEvent(event, "outbound", n) for n, event in enumerate(outgoing)])
            await self.sender.complete_all_effects()
            await self.learn_results()
            await self.house.settle()

    def asked(self) -> list[tuple[str, Any]]:
        """The calls of the Graph API, in order: the path, and the body."""
        assert isinstance(self.http, FakeHttp)
        return [(call.url.split("/v25.0/")[1], call.json) for call in self.http.calls]


def private_reply(comment: str, language: AgentLanguage) -> tuple[str, Any]:
    return "me/messages", {
        "recipient": {"comment_id": comment},
        "message": {"text": TEXTS["private_reply"][language]},
    }


@pytest.mark.parametrize("language", WITH_CARD)
async def test_page_hides_the_comment_answers_in_private_and_says_so_below(language: AgentLanguage) -> None:
    shop = Shop("messenger")
    comment = await shop.comment(1, WITH_CARD[language])
    assert shop.asked() == [
        (comment, {"is_hidden": True}),
        private_reply(comment, language),
        (f"{comment}/comments", {"message": TEXTS["replied_privately"][language]}),
    ]


@pytest.mark.parametrize("language", WITH_CARD)
async def test_instagram_answers_in_private_and_hides_the_comment_which_takes_no_answer_then(
    language: AgentLanguage,
) -> None:
    shop = Shop("instagram")
    comment = await shop.comment(1, WITH_CARD[language])
    assert shop.asked() == [private_reply(comment, language), (comment, {"hide": True})]


@both
async def test_what_agents_read_has_no_digit_of_the_card(name: str) -> None:
    shop = Shop(name)
    await shop.comment(1, WITH_CARD["en"])
    first = shop.house.messages()[0]
    assert first.text is not None
    assert (first.masked, first.hidden) == (["card"], True)
    assert not any(group in first.text.text for group in CARD.split())


@both
async def test_customer_who_answers_in_private_goes_on_with_the_same_agent(name: str) -> None:
    shop = Shop(name)
    await shop.comment(1, WITH_CARD["en"])
    await shop.house.assign()
    shop.now = SENT
    await shop.write_in_private(1)
    (case,) = shop.house.cases()
    assert case.handoff is not None
    assert (case.handoff.state, case.handoff.method, case.agent) == ("completed", "private_reply", "sara")
    assert (await shop.house.reply(text="hello")).status == "applied"
    await shop.pass_on()
    path, body = shop.asked()[-1]
    assert (path, body["recipient"], body["message"]["text"]) == ("me/messages", {"id": shop.customer}, "hello")


@both
async def test_further_sensitive_comments_are_hidden_and_nothing_more_is_written(name: str) -> None:
    shop = Shop(name)
    await shop.comment(1, WITH_CARD["en"])
    before = len(shop.asked())
    second = await shop.comment(2, WITH_CARD["en"])
    assert shop.asked()[before:] == [(second, HIDDEN[name])]


async def test_private_reply_that_fails_on_a_page_leaves_the_notice_in_public() -> None:
    shop = Shop("messenger", refused=("me/messages",))
    comment = await shop.comment(1, WITH_CARD["en"])
    assert shop.asked()[-1] == (f"{comment}/comments", {"message": TEXTS["notice"]["en"]})


async def test_private_reply_that_fails_on_instagram_tells_the_agents() -> None:
    shop = Shop("instagram", refused=("me/messages",))
    await shop.comment(1, WITH_CARD["en"])
    assert [path for path, _ in shop.asked()] == ["me/messages", "17800001"]
    note = shop.house.messages()[-1]
    assert note.text is not None
    assert (note.direction, "takes no answer" in note.text.text) == ("note", True)


@both
async def test_agent_answers_a_comment_in_private_once(name: str) -> None:
    shop = Shop(name)
    comment = await shop.comment(1, "Do you ship to Riga? I would like to know before I order.")
    await shop.house.assign()
    assert (await shop.house.reply(text="Your order is ready.", surface="private")).status == "applied"
    await shop.pass_on()
    body = {"recipient": {"comment_id": comment}, "message": {"text": "Your order is ready."}}
    assert shop.asked() == [("me/messages", body)]
    again = await shop.house.reply(text="And more.", surface="private")
    assert again.problem is not None
    assert again.problem.title == "Private reply used"
    assert len(shop.asked()) == 1
    # The customer's answer continues the conversation, where it is answered without the comment from then on.
    shop.now = SENT
    await shop.write_in_private(1)
    (case,) = shop.house.cases()
    assert (case.status, case.last_surface, case.handoff) == ("assigned", "private", None)
    assert (await shop.house.reply(text="And more.")).status == "applied"

    shop = Shop(name)
    await shop.comment(1, WITH_CARD["en"])
    assert shop.house.messages()[0].hidden
