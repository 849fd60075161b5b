"""From public to private on every channel whose customers write in public: what they read there, as docs/handoff.md has it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from schemas.channel import Capabilities
from schemas.configuration import AccountBody
from schemas.values import AgentLanguage
from services.channels.port import Channel
from services.channels.registry import CHANNELS
from tests.channels.installation import Installation
from tests.channels.places import text_of
from tests.channels.test_every_channel import cases_of
from tests.channels.test_messages_after_sending import all_places
from tests.router.conversations.test_handoff_methods import LANGUAGES, documented

PAGE = Path(__file__).parents[2] / "docs" / "handoff.md"
CARD = "4539 5787 6362 1486"
WITH_CARD: dict[str, str] = {
    "en": f"Hello, you took the money twice from my card, the number is {CARD}, please look into it",
    "fa": f"سلام، دو بار از کارت من پول برداشتید، شماره کارت من {CARD} است، لطفاً بررسی کنید",
    "ar": f"مرحبًا، لقد سحبتم المبلغ مرتين من بطاقتي، رقم البطاقة هو {CARD}، يرجى التحقق من ذلك",
    "lv": f"Labdien, jūs divreiz noņēmāt naudu no manas kartes, kartes numurs ir {CARD}, lūdzu, pārbaudiet",
}
WEBCHAT = AccountBody(credentials={"identity_secret": "long-enough-for-a-test"})


def ways(able: Capabilities) -> Iterator[str]:
    """The methods of a channel in the order in which they are taken; `webchat` holds where the workspace has one."""
    has = {"private_reply": able.private_reply, "deep_link": able.deep_link, "invitation": able.invitation}
    yield from (name for name, stated in has.items() if stated)
    # An invitation always holds.
    if not able.invitation:
        yield "webchat"


def row(channel: Channel) -> str:
    """The row of a channel in the table of docs/handoff.md."""
    able = channel.capabilities
    hides = "yes" if "hide" in able.actions_on("public") else "no"
    return f"| `{channel.name}` | {', '.join(f'`{name}`' for name in ways(able))} | {hides} |"


IN_PUBLIC = [channel for channel in CHANNELS if "public" in channel.capabilities.surfaces]


@pytest.mark.parametrize("channel", IN_PUBLIC, ids=lambda channel: channel.name)
def test_the_page_says_which_ways_each_channel_has(channel: Channel) -> None:
    assert row(channel) in PAGE.read_text().splitlines()


# Where a private reply goes first, the calls are the platform's own: tests/channels/meta/test_handoff.py plays those.
PUBLIC_PLACES = [
    pytest.param(channel, place.name, method, id=f"{channel.name}/{place.name}/{method}")
    for channel, _, place in all_places()
    if place.surface == "public" and channel.capabilities.private_reply is None
    for method in (
        next(iter(ways(channel.capabilities))),
        *(["none"] if "webchat" in ways(channel.capabilities) else []),
    )
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("channel", "place", "method"), PUBLIC_PLACES)
async def test_a_customer_who_writes_a_card_number_reads_what_the_page_says(
    channel: Channel, place: str, method: str, language: AgentLanguage
) -> None:
    cases = cases_of(channel)
    [(account, found)] = [(owner, one) for known, owner, one in all_places() if (known, one.name) == (channel, place)]
    if method == "none":
        settings = {name: value for name, value in account.body.settings.items() if name != "username"}
        account = replace(account, body=account.body.model_copy(update={"settings": settings}))
    at = Installation(channel, account, found, {} if method == "none" else {"webchat/main": WEBCHAT})
    body = found.post([found.message(1)]).body.replace(
        text_of(1).encode(), json.dumps(WITH_CARD[language])[1:-1].encode()
    )
    at.place = replace(found, post=lambda _: cases.request(body))
    await at.post({})
    await at.send()
    [expected] = [text for known, where, text in documented(method) if (known, where) == (language, "public")]
    [notice] = [message for message in at.house.messages() if message.direction == "outbound"]
    before, _, after = expected.partition("{link}")
    assert notice.text is not None
    assert notice.text.text.startswith(before)
    assert notice.text.text.endswith(after)
    [call] = at.calls
    said = json.dumps(json.loads(call.body), ensure_ascii=False)
    assert json.dumps(notice.text.text, ensure_ascii=False)[1:-1] in said
    assert CARD not in said
    handoff = at.house.case().handoff
    assert handoff is not None
    assert (handoff.method or "none") == method
