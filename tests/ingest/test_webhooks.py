"""What a platform is answered, and what is on the bus when it is."""

import asyncio
import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from schemas.activity import Activity
from services.channels.port import Account, Request
from services.channels.telegram import Telegram
from services.platform.bus.port import MAX_EVENT_BYTES, partition_for
from services.platform.core.errors import Unavailable, Unknown
from services.platform.core.settings import Settings
from services.platform.http.admission import AdmissionControl
from services.platform.http.rate_limits import RateLimits
from tests.ingest.harness import SECRET_HEADER, Ingest, update


def conserved(ingest: Ingest) -> bool:
    return ingest.count("received") == sum(ingest.count(name) for name in ("published", "rejected", "failed"))


async def test_message_is_published_before_an_empty_200() -> None:
    ingest = Ingest()
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answered = await ingest.call(update(), headers={"traceparent": trace})
    assert (answered.status, answered.body) == (200, b"")
    (event,) = ingest.events
    assert (event.type, event.source, event.workspace) == ("pasokh.inbound.message", "ingest", "shop")
    assert (event.partitionkey, event.traceparent) == ("shop/telegram:main:7", trace)
    assert (event.seq, event.index) == (None, None)
    assert ingest.bus.published[0].partition == partition_for(event.partitionkey, 4)
    (activity,) = ingest.activities
    assert (activity.id, activity.language, activity.intent) == (event.id, "fa", "order_status")
    assert conserved(ingest)


async def test_repeat_is_the_same_event() -> None:
    ingest = Ingest()
    await ingest.call(update())
    await ingest.call(update())
    first, again = ingest.bus.published
    assert first == again


async def test_secret_never_reaches_the_bus() -> None:
    ingest = Ingest()
    card = "4111 1111 1111 1111"
    await ingest.call(update(f"card {card}", group=True, quote={"text": card}))
    await ingest.call(update("x", number=2, author={"id": 7, "first_name": card}))
    await ingest.call(update("", number=3, web_app_data={"data": card, "button_text": card}))
    assert not any(b"1111" in one.value for one in ingest.bus.published)
    assert [(a.masked, a.sensitive) for a in ingest.activities] == [(["card"], True)] * 3


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/webhooks/telegram/shop/other", 404),
        ("/webhooks/telegram/nobody/main", 404),
        ("/webhooks/pigeon/shop/main", 404),
        ("/webhooks/telegram/shop", 404),
        ("/webhooks/telegram/shop/main/", 404),
        ("/webhooks/telegram/SHOP/main", 404),
        ("/webhooks/", 404),
    ],
)
async def test_unknown_address_is_404(path: str, status: int) -> None:
    ingest = Ingest()
    answered = await ingest.call(update(), path=path)
    assert answered.status == status
    assert answered.headers["content-type"] == "application/problem+json"
    assert json.loads(answered.body)["status"] == status
    assert ingest.events == []


async def test_guesses_at_a_secret_are_bounded_and_logged_once_a_minute() -> None:
    ingest = Ingest(rates=RateLimits(Settings(address_failures_per_minute=5)))
    with capture_logs() as logs:
        guesses = [await ingest.call(update(), headers={SECRET_HEADER: f"guess-{n}"}) for n in range(8)]
        assert [one.status for one in guesses] == [401] * 5 + [429] * 3
        assert int(guesses[-1].headers["retry-after"]) >= 1
        assert (await ingest.call(update())).status == 200
        other = await ingest.call(update(), headers={SECRET_HEADER: "guess"}, address="192.0.2.9")
        assert other.status == 401
        ingest.clock.move(60)
        await ingest.call(update(), headers={SECRET_HEADER: "guess"}, address="192.0.2.10")
    lines = [line for line in logs if line["event"] == "webhook_unauthenticated"]
    assert [line["calls"] for line in lines] == [1, 6]
    assert conserved(ingest)


async def test_forged_call_is_401_and_leaves_nothing() -> None:
    ingest = Ingest()
    answered = await ingest.call(update(), headers={SECRET_HEADER: "guess"})
    assert answered.status == 401
    assert ingest.events == []
    assert ingest.count("rejected") == 1
    assert conserved(ingest)


@pytest.mark.parametrize("body", [b"[" * 10_000 + b"]" * 10_000, b'{"a":' * 10_000])
async def test_body_that_nests_too_deeply_is_counted_and_refused(body: bytes) -> None:
    ingest = Ingest()
    assert (await ingest.call(body)).status == 400
    assert (ingest.events, ingest.count("rejected")) == ([], 1)
    assert conserved(ingest)


@pytest.mark.parametrize("body", [b"not json", b"[]", b'{"update_id": 1e400}', b"\xff\xfe"])
async def test_unreadable_body_is_counted_and_answered_quietly(body: bytes) -> None:
    ingest = Ingest()
    answered = await ingest.call(body)
    assert (answered.status, answered.body) == (200, b"")
    assert (ingest.events, ingest.count("rejected")) == ([], 1)
    assert conserved(ingest)


async def test_forged_body_is_not_even_looked_at() -> None:
    answered = await Ingest().call(b"[" * 10_000, headers={SECRET_HEADER: "guess"})
    assert answered.status == 401


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD"])
async def test_other_methods_are_405(method: str) -> None:
    answered = await Ingest().call(method=method)
    assert (answered.status, answered.headers["allow"]) == (405, "POST, GET")


async def test_get_without_a_handshake_is_405() -> None:
    assert (await Ingest().call(method="GET")).status == 405
    assert (await Ingest().call(method="GET", path="/webhooks/telegram/shop/other")).status == 404


async def test_declared_size_over_the_limit_is_refused_unread() -> None:
    async def never() -> Any:
        raise AssertionError("the body was read")

    ingest = Ingest()
    answered = await ingest.call(headers={"content-length": "50000000"}, receive=never)
    assert (answered.status, answered.headers["connection"]) == (413, "close")
    assert conserved(ingest)


async def test_stream_over_the_limit_is_refused_while_reading() -> None:
    ingest = Ingest()
    assert (await ingest.call([b"x" * 400_000] * 4)).status == 413
    assert conserved(ingest)


async def test_slow_body_is_408() -> None:
    async def silent() -> Any:
        await asyncio.Event().wait()

    ingest = Ingest(body_seconds=0)
    answered = await ingest.call(receive=silent)
    assert (answered.status, answered.headers["connection"]) == (408, "close")
    assert conserved(ingest)


async def test_client_that_left_gets_no_answer() -> None:
    async def gone() -> Any:
        return {"type": "http.disconnect"}

    ingest = Ingest()
    assert (await ingest.call(receive=gone)).status == 0
    assert conserved(ingest)


@pytest.mark.parametrize("error", [Unavailable("bus"), Unknown("bus")])
async def test_bus_away_is_503_and_the_repeat_goes_through(error: Exception) -> None:
    ingest = Ingest()
    ingest.bus.failure = error
    answered = await ingest.call(update())
    assert (answered.status, answered.headers["retry-after"]) == (503, "1")
    ingest.bus.failure = None
    assert (await ingest.call(update())).status == 200
    assert (ingest.count("failed"), ingest.count("published")) == (1, 1)
    assert conserved(ingest)


async def test_more_proven_calls_than_there_is_room_for_are_503() -> None:
    ingest = Ingest(admission=AdmissionControl(calls=1))
    published, leave = asyncio.Event(), asyncio.Event()
    publish = ingest.bus.publish

    async def held(events: Any) -> None:
        published.set()
        await leave.wait()
        await publish(events)

    ingest.bus.publish = held  # type: ignore[method-assign] # a bus that takes its time
    first = asyncio.create_task(ingest.call(update()))
    await published.wait()
    refused = await ingest.call(update(number=2))
    assert (refused.status, refused.headers["retry-after"]) == (503, "1")
    leave.set()
    assert (await first).status == 200
    assert (await ingest.call(update(number=3))).status == 200


async def test_more_bytes_than_there_is_room_for_are_503_and_given_back() -> None:
    ingest = Ingest(admission=AdmissionControl(body_bytes=1000))
    assert (await ingest.call([b"x" * 600, b"x" * 600])).status == 503
    assert (await ingest.call(update())).status == 200


async def test_message_too_long_for_the_bus_is_cut() -> None:
    ingest = Ingest()
    body = json.dumps(json.loads(update("\u20ac" * 333_200)), ensure_ascii=False).encode()
    assert len(body) <= 1_000_000
    answered = await ingest.call(body)
    assert answered.status == 200
    [cut] = ingest.activities
    assert cut.text is not None
    assert (cut.kind, cut.details["cut_from"], cut.text.text[:5]) == ("message", 333_200, "\u20ac" * 5)
    assert all(len(one.value) <= MAX_EVENT_BYTES for one in ingest.bus.published)
    assert ingest.count("cut") == 1


class Failing(Telegram):
    """A channel with a bug."""

    def parse(self, request: Request, account: Account) -> list[Activity]:
        raise KeyError(request.body.decode())


async def test_bug_of_ours_does_not_block_the_platforms_queue() -> None:
    ingest = Ingest(channel=Failing())
    assert (await ingest.call(update())).status == 200
    (kept,) = ingest.activities
    assert (kept.kind, kept.details) == ("unknown", {"raw": "not_understood", "error": "KeyError"})
    assert conserved(ingest)
