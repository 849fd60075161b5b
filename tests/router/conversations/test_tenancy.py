"""What one workspace holds opens nothing in another, also when the names of both are the same."""

import base64
import hashlib
import hmac
from typing import Any
from uuid import UUID

import pytest

from schemas.activity import Activity, Address
from schemas.commands import Forward
from schemas.configuration import AccountBody, Versioned, WorkspaceBody, WorkspaceConfiguration
from services.records.configuration import CONFIGURATION_HEADS, CONFIGURATIONS, ConfigurationHead
from services.router.conversations.domain.handoff import sign_token, verify_token
from tests.router.conversations.harness import HANDOFFS, ConversationsHarness

GROUP = Address(chat="-100", thread="7", reply_to="11")
USER = "webchat:main:user-u1"


def unbound_token(conversation: str) -> str:
    """A token as versions made it that bound none to a workspace."""
    identity = UUID(conversation).bytes
    mac = hmac.digest(HANDOFFS.secret, b"handoff\x00" + identity, hashlib.sha256)[:16]
    return base64.urlsafe_b64encode(identity + mac).rstrip(b"=").decode()


@pytest.fixture
def house() -> ConversationsHarness:
    """Two workspaces on one partition: `w`, whose cases these are, and `beta`, with the same accounts."""
    harness = ConversationsHarness()
    at = harness.driver.now
    accounts = {name: Versioned(body=AccountBody(credentials={}), version=1, at=at) for name in ("webchat/main",)}
    for workspace in ("w", "beta"):
        itself = Versioned(body=WorkspaceBody(name=workspace), version=1, at=at)
        configuration = WorkspaceConfiguration(workspace=workspace, version=3, profile=itself, accounts=accounts)
        harness.driver.put(CONFIGURATIONS, f"{workspace}/3", configuration)
        harness.driver.put(CONFIGURATION_HEADS, workspace, ConfigurationHead(workspace=workspace, version=3))
    return harness


async def case_in_public(house: ConversationsHarness) -> str:
    public: dict[str, Any] = {
        "surface": "public",
        "thread": "-100/7",
        "address": GROUP,
        "sensitive": True,
        "masked": ["card"],
    }
    await house.customer(1, **public)
    return house.case().id


def visitor(house: ConversationsHarness, number: int, workspace: str, **details: Any) -> Activity:
    return house.activity(
        number,
        workspace=workspace,
        channel="webchat",
        person=USER,
        message=f"{workspace}-{number}",
        address=Address(chat="user-u1"),
        details=details,
    )


async def says(house: ConversationsHarness, activity: Activity) -> list[str]:
    return await house.arrives("inbound", "pasokh.inbound.message", activity)


async def test_a_token_in_public_opens_nothing_for_the_equally_named_visitor_of_another_workspace(
    house: ConversationsHarness,
) -> None:
    case = await case_in_public(house)
    for number, token in enumerate((sign_token(HANDOFFS.secret, "w", case), unbound_token(case))):
        emitted = await says(house, visitor(house, number, "beta", handoff=token))
        assert "command.forward" not in emitted
    assert sorted(one.workspace for one in house.cases()) == ["beta", "w"]
    assert all(one.private_person is None for one in house.cases())


async def test_start_with_a_token_of_another_workspace_is_an_ordinary_message_there(
    house: ConversationsHarness,
) -> None:
    case = await case_in_public(house)
    for number, token in enumerate((sign_token(HANDOFFS.secret, "w", case), unbound_token(case)), start=5):
        start = house.activity(number, workspace="beta", details={"command": "start", "start": token})
        assert (await says(house, start))[0] in ("opened", "message_received")
    [handoff] = [one.handoff for one in house.cases() if one.workspace == "w"]
    assert handoff is not None
    assert handoff.state == "started"


@pytest.mark.parametrize(("kind", "emitted"), [("message", ["command.forward"]), ("edit", []), ("deletion", [])])
async def test_what_is_forwarded_by_another_workspace_changes_no_case(
    house: ConversationsHarness, kind: str, emitted: list[str]
) -> None:
    case = await case_in_public(house)
    before, messages = house.cases()[0], house.messages()
    foreign = visitor(house, 9, "beta").model_copy(update={"kind": kind, "message": messages[0].id})
    forwarded = Forward(conversation=case, activity=foreign)
    assert await house.arrives("commands", "pasokh.command.forward", forwarded) == emitted
    assert all(event.workspace == "beta" for event in house.driver.sent[-len(emitted) :] if emitted)
    assert house.cases()[0] == before
    assert house.messages() == messages


@pytest.mark.parametrize("kind", ["edit", "deletion", "receipt"])
async def test_who_names_a_message_of_another_workspace_does_not_change_it(
    house: ConversationsHarness, kind: str
) -> None:
    await case_in_public(house)
    messages = house.messages()
    state = {"state": "read"}
    foreign = visitor(house, 9, "beta", **state).model_copy(update={"kind": kind, "message": messages[0].id})
    emitted = await house.arrives("inbound", f"pasokh.inbound.{kind}", foreign)
    assert emitted == []
    assert house.messages() == messages


async def test_a_token_without_a_workspace_opens_the_case_of_its_own(house: ConversationsHarness) -> None:
    token = unbound_token(await case_in_public(house))
    start = house.activity(9, address=Address(chat="1"), details={"command": "start", "start": token})
    assert await says(house, start) == ["handoff_completed"]


@pytest.mark.parametrize("workspace", ["w", "beta", ""])
def test_an_unbound_token_says_that_it_names_no_workspace(workspace: str) -> None:
    conversation = "019d0f68-8324-7001-958c-2102dc746d6c"
    assert verify_token(HANDOFFS.secret, workspace, unbound_token(conversation)) == (conversation, False)
