"""Actions on a message over REST: who may, what the guard refuses, and what is answered."""

from typing import Any

import pytest
import structlog

from schemas.conversation import Author, MessageAction
from schemas.envelope import Event
from schemas.values import EncryptedText, Failure, Problem
from services.records.conversations import MESSAGES
from tests.rest import Rest, problem_of
from tests.router.test_routes import CARD, SHOP, message, rest

__all__ = ["rest"]

ONE = f"{SHOP}/messages/m1"


def ours(given: Rest, **more: Any) -> None:
    """A message of sara's, which the platform has."""
    fields = {"direction": "outbound", "author": Author(kind="agent", id="sara"), "state": "sent", "platform_id": "9"}
    given.store.insert(MESSAGES, "m1", message("m1", "1", **{**fields, **more}))


async def test_edit_is_a_command_and_answers_with_the_message_and_what_is_pending(rest: Rest) -> None:
    ours(rest)

    def applied(event: Event) -> object:
        action = MessageAction(id="a1", kind="edit", text=EncryptedText(text="better"))
        ours(rest, actions=[action.model_dump(mode="json")])
        return rest.outcome(event, result="m1")

    rest.outcome_for = applied  # type: ignore[assignment]  # a result of the right class
    answer = await rest.request("POST", f"{ONE}/edit", {"agent": "sara", "text": "better"})
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert (shown["id"], shown["text"]) == ("m1", "hello")
    assert shown["actions"] == [
        {"id": "a1", "kind": "edit", "state": "pending", "text": "better", "emoji": None, "error": None}
    ]
    (event,) = rest.events
    assert (event.type, event.partitionkey) == ("pasokh.command.perform_action", "shop/telegram:main:7")
    sent = {name: event.data[name] for name in ("conversation", "message", "kind", "agent", "text")}
    assert sent == {
        "conversation": "c1",
        "message": "m1",
        "kind": "edit",
        "agent": "sara",
        "text": {"key": None, "text": "better"},
    }


@pytest.mark.parametrize(
    ("action", "body", "expected"),
    [
        ("delete", {}, {"kind": "delete"}),
        ("hide", {}, {"kind": "hide"}),
        ("unhide", {}, {"kind": "unhide"}),
        ("react", {"emoji": "👍"}, {"kind": "react", "emoji": "👍"}),
        ("react", {}, {"kind": "react", "emoji": None}),
    ],
)
async def test_each_action_is_a_command(
    rest: Rest, action: str, body: dict[str, Any], expected: dict[str, Any]
) -> None:
    ours(rest)
    rest.outcome_for = lambda event: rest.outcome(event, result="m1")
    answer = await rest.request("POST", f"{ONE}/{action}", {"agent": "sara", **body})
    assert answer.status_code == 200, answer.text
    assert expected.items() <= rest.events[0].data.items()


async def test_failed_action_and_what_was_done_are_shown(rest: Rest) -> None:
    error = Failure(code="too_late", detail="Two days are over.", status=400)
    failed = MessageAction(id="a1", kind="delete", state="failed", error=error).model_dump(mode="json")
    ours(rest, hidden=True, actions=[failed])
    shown = (await rest.request("GET", f"{SHOP}/conversations/c1/messages")).json()["items"][0]
    assert shown["hidden"]
    assert [(one["kind"], one["state"], one["error"]["code"]) for one in shown["actions"]] == [
        ("delete", "failed", "too_late")
    ]


@pytest.mark.parametrize("text", [f"card {CARD}", "password: Sommer2026!", "call 0912 123 4567"])
async def test_guard_refuses_a_secret_in_a_public_edit(rest: Rest, text: str) -> None:
    ours(rest, surface="public")
    found = problem_of(await rest.request("POST", f"{ONE}/edit", {"agent": "sara", "text": text}), 409)
    assert found["title"] == "Secret in a public reply"
    assert rest.events == []


async def test_guard_refuses_a_card_in_a_private_edit(rest: Rest) -> None:
    ours(rest)
    found = problem_of(await rest.request("POST", f"{ONE}/edit", {"agent": "sara", "text": f"card {CARD}"}), 409)
    assert found["title"] == "Card number in a reply"
    assert rest.events == []


async def test_who_may_write_confirms_an_edit_and_the_audit_log_says_so(rest: Rest) -> None:
    ours(rest, surface="public")
    rest.outcome_for = lambda event: rest.outcome(event, result="m1")
    body = {"agent": "sara", "text": f"No secret: {CARD}", "confirm": True}
    with structlog.testing.capture_logs() as lines:
        assert (await rest.request("POST", f"{ONE}/edit", body)).status_code == 200
    assert rest.events[0].data["confirmed_by"] == "admin"
    (line,) = [line for line in lines if line["event"] == "guard_confirmed"]
    assert (line["agent"], line["kinds"]) == ("sara", ["card"])
    assert CARD not in str(lines)


async def test_what_the_conversation_refuses_is_the_answer(rest: Rest) -> None:
    ours(rest)
    problem = Problem(status=409, title="Not possible on this channel", detail="telegram cannot edit messages.")
    rest.outcome_for = lambda event: rest.outcome(event, problem=problem)
    found = problem_of(await rest.request("POST", f"{ONE}/edit", {"agent": "sara", "text": "better"}), 409)
    assert (found["title"], found["code"]) == ("Not possible on this channel", "not_possible_on_this_channel")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("m1/edit", {"agent": "nobody", "text": "x"}, 422),
        ("m1/edit", {"agent": "sara"}, 422),
        ("m1/edit", {"agent": "sara", "text": " "}, 422),
        ("m1/react", {"agent": "sara", "emoji": "two words"}, 422),
        ("m1/delete", {"agent": "sara", "text": "x"}, 422),
        ("m1/delete", {}, 422),
        ("m2/delete", {"agent": "sara"}, 404),
        ("m1/burn", {"agent": "sara"}, 404),
    ],
)
async def test_wrong_requests_are_refused(rest: Rest, path: str, body: dict[str, Any], status: int) -> None:
    ours(rest)
    answer = await rest.request("POST", f"{SHOP}/messages/{path}", body)
    assert answer.status_code == status, answer.text
    assert rest.events == []


async def test_message_of_another_workspace_is_404(rest: Rest) -> None:
    ours(rest)
    await rest.workspace("other")
    answer = await rest.request("POST", "/v1/workspaces/other/messages/m1/delete", {"agent": "sara"})
    problem_of(answer, 404)
    assert rest.events == []
