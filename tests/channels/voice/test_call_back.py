"""An agent calls a customer: what is posted to Twilio, what its answers mean, and what the two legs are connected by."""

import json
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from schemas.activity import Address
from schemas.channel import ActionKind
from schemas.configuration import AccountBody
from schemas.outbound import ChannelAction
from services.channels.port import CredentialsRejected, Request
from services.channels.voice import Voice
from services.platform.http.outgoing import HttpResponse, PermanentSendError, SendOutcomeUnknown, TransientSendError
from tests.channels.twilio.calls import CREDENTIALS, form_of, signed_call
from tests.channels.voice.cases import AGENT, CUSTOMER, OURS, account
from tests.fakes import START, FakeHttp

MESSAGE = "0195511e-0000-7000-8000-00000000000a"
WITH_AGENTS = account(
    settings={"agents": [{"agent": "mina", "phone": AGENT}], "ring_seconds": 15, "limit_seconds": 600}
)
CALL = {"CallSid": "CA9", "From": OURS, "To": AGENT, "Direction": "outbound-api"}
DIALED = {"CallSid": "CA10", "ParentCallSid": "CA9", "From": OURS, "To": CUSTOMER, "Direction": "outbound-dial"}


def action(kind: ActionKind = "call", agent: str = "mina") -> ChannelAction:
    return ChannelAction(
        id="a1", conversation="c1", key=f"shop/voice:main:{CUSTOMER}", workspace="shop", channel="voice", account="main",
        surface="private", address=Address(chat=CUSTOMER), kind=kind, message=MESSAGE, agent=agent, accepted_at=START,
    )  # fmt: skip


async def posted() -> dict[str, list[str]]:
    http = FakeHttp(lambda call: HttpResponse(201, {}, b'{"sid": "CA9", "status": "queued"}'))
    receipt = await Voice().perform(action(), WITH_AGENTS, http)
    assert receipt.platform_id == "CA9"
    (call,) = http.calls
    assert call.url.endswith(f"/Accounts/{CREDENTIALS['account_sid']}/Calls.json")
    return parse_qs(call.body.decode())


def to_us(address: str, **fields: str) -> Request:
    """A call of Twilio to an address that we gave it."""
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}" == CREDENTIALS["public_url"]
    request = signed_call(parts.path, form_of(fields), parts.query)
    Voice().verify(request, WITH_AGENTS)
    return request


async def test_the_agents_telephone_rings_and_its_states_are_reported_to_us() -> None:
    form = await posted()
    assert (form["To"], form["From"], form["Timeout"]) == ([AGENT], [OURS], ["15"])
    assert form["StatusCallbackEvent"] == ["initiated", "ringing", "answered", "completed"]
    named = {"leg": "agent", "direction": "outbound", "customer": CUSTOMER, "message": MESSAGE}
    assert dict(parse_qsl(urlsplit(form["StatusCallback"][0]).query)) == named
    assert dict(parse_qsl(urlsplit(form["Url"][0]).query)) == named | {"connect": "1"}


async def test_the_agent_who_takes_it_is_connected_with_the_customer_by_our_number() -> None:
    form = await posted()
    taken = to_us(form["Url"][0], **CALL, CallStatus="in-progress")
    markup = Voice().response(taken, WITH_AGENTS, []).body.decode()
    assert f'callerId="{OURS}"' in markup
    assert 'timeLimit="600"' in markup
    assert f">{CUSTOMER}</Number></Dial>" in markup
    assert f"leg=customer&amp;direction=outbound&amp;customer=%2B37126000001&amp;message={MESSAGE}" in markup
    # A state of the same leg asks for nothing: the customer is not called twice.
    state = to_us(form["StatusCallback"][0], **CALL, CallStatus="in-progress")
    assert Voice().response(state, WITH_AGENTS, []).body.endswith(b"<Response/>")


async def test_both_legs_are_reported_under_the_id_of_our_message() -> None:
    form = await posted()
    markup = Voice().response(to_us(form["Url"][0], **CALL, CallStatus="in-progress"), WITH_AGENTS, []).body.decode()
    customer_leg = markup.split('statusCallback="')[1].split('"')[0].replace("&amp;", "&")
    dialed = markup.split('action="')[1].split('"')[0].replace("&amp;", "&")
    requests = (
        to_us(form["StatusCallback"][0], **CALL, CallStatus="in-progress"),
        to_us(customer_leg, **DIALED, CallStatus="in-progress"),
        to_us(customer_leg, **DIALED, CallStatus="completed", CallDuration="38"),
        to_us(
            dialed,
            **CALL,
            CallStatus="in-progress",
            DialCallSid="CA10",
            DialCallStatus="completed",
            DialCallDuration="38",
        ),
        to_us(form["StatusCallback"][0], **CALL, CallStatus="completed", CallDuration="50"),
    )
    found = [one for request in requests for one in Voice().parse(request, WITH_AGENTS)]
    assert {(one.message, one.person) for one in found} == {(MESSAGE, f"voice:main:{CUSTOMER}")}
    calls = [(one.call.leg, one.call.state, one.call.agent, one.call.direction) for one in found if one.call]
    assert calls[0] == ("agent", "answered", "mina", "outbound")
    assert [state for leg, state, *_ in calls if leg == "customer"] == [
        "answered",
        "answered",
        "ended",
        "answered",
        "ended",
    ]
    assert Voice().response(requests[3], WITH_AGENTS, []).body.endswith(b"<Response><Hangup/></Response>")


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, 21211, PermanentSendError),
        (400, 21215, PermanentSendError),
        (401, 20003, CredentialsRejected),
        (429, 20429, TransientSendError),
        (503, 20503, TransientSendError),
        (500, 20500, SendOutcomeUnknown),
        (502, None, SendOutcomeUnknown),
        (201, None, SendOutcomeUnknown),
    ],
)
async def test_the_errors_of_calls_are_those_of_texts(status: int, code: int | None, error: type[Exception]) -> None:
    body = json.dumps({"code": code, "message": "said", "status": status}).encode() if code else b"<html>"
    with pytest.raises(error):
        await Voice().perform(action(), WITH_AGENTS, FakeHttp(lambda call: HttpResponse(status, {}, body)))


@pytest.mark.parametrize("one", [action(agent="ben"), action("typing")])
async def test_what_cannot_be_done_is_not_posted(one: ChannelAction) -> None:
    http = FakeHttp(lambda call: HttpResponse(201, {}, b"{}"))
    with pytest.raises(PermanentSendError):
        await Voice().perform(one, WITH_AGENTS, http)
    assert http.calls == []


def test_the_agents_of_the_account_can_call() -> None:
    phones = [{"agent": "mina", "phone": AGENT}, {"agent": "ben", "phone": CUSTOMER}, {"agent": "mina", "phone": OURS}]
    body = AccountBody.model_validate({"credentials": CREDENTIALS, "settings": {"agents": phones}})
    assert Voice().capabilities_for(body).callers == ("mina", "ben")
    assert Voice().capabilities_for(account().body).callers == ()
