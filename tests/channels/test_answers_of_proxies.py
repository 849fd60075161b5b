"""A proxy before a platform answers in its place: a page to log in, or any other text, with a status that looks like success.

It says nothing of the platform. So no message counts as sent, nothing is sent a second time for it, and no poll goes on as if
there had been nothing new.
"""

import pytest

from services.channels.abilities import find_abilities
from services.channels.port import Channel, CredentialsRejected
from services.channels.registry import CHANNELS
from services.platform.http.outgoing import PermanentSendError, SendOutcomeUnknown, TransientSendError
from tests.channels.test_every_channel import cases_of, message_to
from tests.fakes import FakeHttp
from tests.fakes.http import always

PAGES = (b"<html>Log in</html>", b"[]", b"null", b"17", b'"OK"', b"[" * 10_000)
BY_STATUS_ALONE = {
    "api": "the receiver's answer is a status alone",
    "email": "mail goes out by SMTP",
    "webchat": "no platform in between",
    "survey": "sends nothing",
}
SENDING = [channel for channel in CHANNELS if channel.name not in BY_STATUS_ALONE]
POLLS = find_abilities(CHANNELS).polls
POLLING = [channel for channel in CHANNELS if channel.name in POLLS]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page[:12].decode())
@pytest.mark.parametrize("channel", SENDING, ids=lambda channel: channel.name)
async def test_no_message_counts_as_sent(channel: Channel, page: bytes) -> None:
    account, http = cases_of(channel).account(), FakeHttp(always(200, page))
    # What a repeat does no harm to is tried again; of anything else nobody knows whether it was sent.
    expected = TransientSendError if channel.name == "reviews" else SendOutcomeUnknown
    with pytest.raises(expected):
        await channel.send(message_to(channel, account), account, http)
    assert len(http.calls) == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page[:12].decode())
@pytest.mark.parametrize("channel", POLLING, ids=lambda channel: channel.name)
async def test_no_poll_goes_on_as_if_there_were_nothing(channel: Channel, page: bytes) -> None:
    account = cases_of(channel).account()
    with pytest.raises((TransientSendError, SendOutcomeUnknown, PermanentSendError, CredentialsRejected)):
        await POLLS[channel.name].poll(account, FakeHttp(always(200, page)), None)
