"""Notifications of agents by Web Push: which browsers take them, of what, and when none is sent. The push service opens what comes."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.conversation import ConversationFact, ConversationOffer, Status
from schemas.envelope import Event
from schemas.routing import OfferFact
from services.domain.conversation_state import Contact, ConversationState, conversation_view
from services.platform.core import base64url
from services.platform.http.outgoing import HttpResponse, PermanentSendError
from services.platform.http.service import Context
from services.platform.http.web_push import PushSender
from services.records.agents import AGENTS, AgentRecord, agent_id
from services.records.conversations import CONVERSATIONS, PERSONS
from services.records.leases import LEASES, LeaseRecord
from services.records.push import PUSH_DEVICES, device_id
from services.router.push.sending import PushNotifier, contact_of, topic_of
from tests.fakes.http import HttpCall
from tests.platform.http.test_web_push import Browser
from tests.rest import Rest, open_rest, problem_of, settings_with
from tests.router.test_bound_callers import SHOP, bound_key, put_agent
from tests.router.test_routes import conversation

PUSH = f"{SHOP}/agents/me/push"
SERVICE = "https://push.example"


@dataclass
class PushService:
    """The stand-in for a push service: it opens what comes with the keys of the browser."""

    rest: Rest
    browser: Browser = field(default_factory=Browser)
    status: int = 201
    told: list[dict[str, Any]] = field(default_factory=list)
    calls: list[HttpCall] = field(default_factory=list)

    def answer(self, call: HttpCall) -> HttpResponse:
        self.calls.append(call)
        self.told.append(json.loads(self.browser.open(call.body)))
        return HttpResponse(self.status, {}, b"")

    def body(self, **more: Any) -> dict[str, Any]:
        keys = {"p256dh": base64url.encode(self.browser.public), "auth": base64url.encode(self.browser.auth)}
        return {"endpoint": f"{SERVICE}/wpush/1", "keys": keys, **more}


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        await opened.workspace()
        for name in ("sara", "reza"):
            put_agent(opened, name)
            set_presence(opened, name, "online")
        opened.store.insert(CONVERSATIONS, "c1", conversation("c1", agent="sara"))
        case = conversation("c1")
        opened.store.insert(PERSONS, case.key, customer(case))
        yield opened


def customer(case: ConversationState) -> Contact:
    return Contact(key=case.key, workspace="shop", person=case.person, name="Neda", seen_at=case.opened_at)


def set_presence(rest: Rest, agent: str, presence: Any) -> None:
    record: AgentRecord | None = rest.store.find(AGENTS, agent_id("shop", agent))
    assert record is not None
    rest.store.insert(AGENTS, agent_id("shop", agent), replace(record, presence=presence))


@pytest.fixture
async def service(rest: Rest) -> PushService:
    """Sara's browser takes notifications."""
    made = PushService(rest)
    rest.http.respond = made.answer
    answer = await rest.request("PUT", f"{PUSH}/phone", made.body(language="fa"), authorization=await bound_key(rest))
    assert answer.status_code == 201, answer.text
    return made


def notifier(rest: Rest) -> PushNotifier:
    context = Context(settings_with(), rest.store, rest.bus, rest.time_source)
    return PushNotifier(context, rest.http, PushSender(bytes(32), "https://pasokh.invalid"))


def fact(
    rest: Rest,
    word: str,
    number: int = 1,
    *,
    agent: str | None = "sara",
    before: Status | None = "waiting",
    **more: Any,
) -> Event:
    case = conversation("c1", agent=agent)
    told = ConversationFact(
        conversation="c1",
        key=case.key,
        snapshot=conversation_view(case),
        previous_status=before,
        at=rest.time_source.now(),
        **more,
    )
    return event(rest, f"pasokh.conversation.{word}", told.model_dump(mode="json"), number)


def offer(rest: Rest, number: int = 1) -> Event:
    now = rest.time_source.now()
    made = OfferFact(
        conversation="c1",
        key="k",
        offer="o1",
        agent="sara",
        team="default",
        channel="telegram",
        surface="private",
        at=now,
        expires_at=now + timedelta(seconds=30),
    )
    return event(rest, "pasokh.offer.made", made.model_dump(mode="json"), number)


def event(rest: Rest, kind: str, data: dict[str, Any], number: int, at: datetime | None = None) -> Event:
    return Event(
        id=f"e{number}",
        source="conversations/0",
        type=kind,
        time=at or rest.time_source.now(),
        workspace="shop",
        partitionkey="shop/k",
        data=data,
    )


# -- devices -----------------------------------------------------------------------------------------------------------


async def test_a_browser_subscribes_is_shown_without_its_keys_and_ends_it(rest: Rest, service: PushService) -> None:
    key = await bound_key(rest)
    shown = (await rest.request("GET", PUSH, authorization=key)).json()
    assert len(base64url.decode(shown["public_key"])) == 65
    [device] = shown["devices"]
    assert {name: device[name] for name in ("device", "service", "language")} == {
        "device": "phone",
        "service": "push.example",
        "language": "fa",
    }
    again = await rest.request("PUT", f"{PUSH}/phone", service.body(), authorization=key)
    assert (again.status_code, again.json()["language"]) == (200, "en")
    assert (await rest.request("DELETE", f"{PUSH}/phone", authorization=key)).status_code == 204
    problem_of(await rest.request("DELETE", f"{PUSH}/phone", authorization=key), 404)
    assert (await rest.request("GET", PUSH, authorization=key)).json()["devices"] == []


async def test_nobody_subscribes_for_another(rest: Rest, service: PushService) -> None:
    key = await bound_key(rest, "reza")
    for method, path, body in (("GET", "", None), ("PUT", "/phone", service.body()), ("DELETE", "/phone", None)):
        answer = await rest.request(method, f"{SHOP}/agents/sara/push{path}", body, authorization=key)
        problem_of(answer, 403)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"endpoint": "https://127.0.0.1/push"}, "/endpoint"),
        ({"endpoint": "https://router.local/push"}, "/endpoint"),
        ({"endpoint": "http://push.example/push"}, "/endpoint"),
        ({"endpoint": "push"}, "/endpoint"),
        ({"keys": {"p256dh": "AAAA", "auth": "AAAA"}}, "/keys"),
        ({"language": "de"}, "/language"),
    ],
)
async def test_what_is_no_subscription_is_refused(
    rest: Rest, service: PushService, change: dict[str, Any], pointer: str
) -> None:
    answer = await rest.request("PUT", f"{PUSH}/p2", service.body(**change), authorization=await bound_key(rest))
    assert [error["pointer"] for error in problem_of(answer, 422)["errors"]] == [pointer]


async def test_an_agent_has_a_bounded_number_of_devices(
    rest: Rest, service: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.router.push.devices.MAX_DEVICES", 1)
    key = await bound_key(rest)
    problem_of(await rest.request("PUT", f"{PUSH}/other", service.body(), authorization=key), 409)
    assert (await rest.request("PUT", f"{PUSH}/phone", service.body(), authorization=key)).status_code == 200


# -- what is told ------------------------------------------------------------------------------------------------------


async def test_a_message_is_told_with_name_and_channel_and_never_its_text(rest: Rest, service: PushService) -> None:
    await notifier(rest).tell(fact(rest, "message_received", message="m1", before="assigned"))
    [told], [call] = service.told, service.calls
    assert told == {
        "kind": "message",
        "title": "\u200fNeda نوشت",
        "channel": "telegram",
        "conversation": "c1",
        "url": "/desk/c/c1",
    }
    headers = {name: call.headers[name] for name in ("ttl", "topic", "urgency", "content-encoding")}
    assert headers == {"ttl": "300", "topic": topic_of("c1"), "urgency": "normal", "content-encoding": "aes128gcm"}
    assert (call.method, call.url) == ("POST", f"{SERVICE}/wpush/1")
    assert b"Neda" not in call.body


@pytest.mark.parametrize(
    ("word", "more", "kind"),
    [
        ("assigned", {}, "given"),
        ("assigned", {"before": "assigned"}, None),
        ("noted", {"mentions": ["sara"], "agent": "reza"}, "mention"),
        ("noted", {"mentions": ["reza"]}, None),
        ("message_received", {"agent": None}, None),
        ("replied", {}, None),
        ("resolved", {}, None),
    ],
)
async def test_what_is_told_and_to_whom(
    rest: Rest, service: PushService, word: str, more: dict[str, Any], kind: str | None
) -> None:
    await notifier(rest).tell(fact(rest, word, **more))
    assert [told["kind"] for told in service.told] == ([kind] if kind else [])


async def test_an_offer_is_told_for_a_minute_and_always(rest: Rest, service: PushService) -> None:
    case = conversation("c1", status="offered", agent=None)
    held = ConversationOffer(id="o1", agent="sara", expires_at=rest.time_source.now() + timedelta(seconds=30))
    rest.store.insert(CONVERSATIONS, "c1", replace(case, offer=held))
    for number in (1, 2):
        await notifier(rest).tell(offer(rest, number))
    assert [(told["kind"], call.headers["ttl"]) for told, call in zip(service.told, service.calls, strict=True)] == [
        ("offer", "60")
    ] * 2


async def test_of_a_conversation_one_is_told_in_half_a_minute(rest: Rest, service: PushService) -> None:
    for number in range(6):
        await notifier(rest).tell(fact(rest, "message_received", number, before="assigned"))
        rest.time_source.move(10)
    assert len(service.told) == 2


async def test_of_several_processes_one_sends(rest: Rest, service: PushService) -> None:
    one, other, known = notifier(rest), notifier(rest), offer(rest)
    await one.tell(known)
    await other.tell(known)
    assert len(service.told) == 1


# -- when nothing is told ----------------------------------------------------------------------------------------------


async def test_who_is_offline_or_has_a_page_in_view_is_told_nothing(rest: Rest, service: PushService) -> None:
    key = await bound_key(rest)
    beat = await rest.request("POST", f"{SHOP}/agents/me/beat", {"visible": True}, authorization=key)
    assert beat.status_code == 204
    await notifier(rest).tell(fact(rest, "message_received", 1))
    # Another browser of theirs, which is not in view, changes nothing of that.
    await rest.request("POST", f"{SHOP}/agents/me/beat", {}, authorization=key)
    await notifier(rest).tell(fact(rest, "message_received", 2))
    assert service.told == []
    lease: LeaseRecord | None = rest.store.find(LEASES, agent_id("shop", "sara"))
    assert lease is not None
    assert lease.visible_at is not None
    rest.time_source.move(20)
    set_presence(rest, "sara", "offline")
    await notifier(rest).tell(fact(rest, "message_received", 3))
    assert service.told == []
    set_presence(rest, "sara", "away")
    await notifier(rest).tell(fact(rest, "message_received", 4))
    assert len(service.told) == 1


async def test_what_is_history_is_not_told(rest: Rest, service: PushService) -> None:
    old = fact(rest, "message_received")
    rest.time_source.move(61)
    await notifier(rest).tell(old)
    assert service.told == []


@pytest.mark.parametrize(("status", "kept"), [(201, True), (404, False), (410, False), (429, True), (503, True)])
async def test_a_subscription_that_the_service_does_not_know_is_forgotten(
    rest: Rest, service: PushService, status: int, kept: bool
) -> None:
    service.status = status
    await notifier(rest).tell(fact(rest, "message_received"))
    assert (rest.store.find(PUSH_DEVICES, device_id("shop", "sara", "phone")) is not None) == kept


async def test_a_service_in_a_private_network_is_not_called_and_ends_nothing(rest: Rest, service: PushService) -> None:
    def refuse(call: HttpCall) -> HttpResponse:
        raise PermanentSendError("target", "it is in a private network")

    rest.http.respond = refuse
    await notifier(rest).tell(fact(rest, "message_received"))
    assert service.told == []


async def test_a_device_goes_with_its_session_and_with_its_agent(rest: Rest, service: PushService) -> None:
    identity = device_id("shop", "sara", "phone")
    record = rest.store.find(PUSH_DEVICES, identity)
    assert record is not None
    for gone in (replace(record, session="ended"), replace(record, generation=99)):
        rest.store.insert(PUSH_DEVICES, identity, gone)
        await notifier(rest).tell(fact(rest, "message_received"))
        assert rest.store.find(PUSH_DEVICES, identity) is None
    assert service.told == []


def test_a_topic_is_what_push_services_take() -> None:
    assert len(topic_of("c1")) == 32
    assert topic_of("c1") != topic_of("c2")


@pytest.mark.parametrize(
    ("url", "contact"),
    [
        ("https://desk.example/", "https://desk.example"),
        ("http://desk.example", "https://pasokh.invalid"),
        (None, "https://pasokh.invalid"),
    ],
)
def test_who_may_be_asked_about_it(url: str | None, contact: str) -> None:
    assert contact_of(url) == contact
