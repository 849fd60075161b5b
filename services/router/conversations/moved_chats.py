"""Public chats whose id at the platform changed (a group that became a supergroup): conversations continue there."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from schemas.activity import Activity, Address
from services.domain.conversation_state import Contact, ConversationState
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import MOVED_CHATS, MessageRecord, MovedChat
from services.router.conversations.domain.activities import thread_for


def chat_key(workspace: str, channel: str, account: str, chat: str) -> str:
    """The id of the `MovedChat` of a chat, under one of its ids at the platform."""
    return f"{workspace}/{channel}:{account}:{chat}"


def public_chats(activities: Iterable[Activity]) -> Iterator[str]:
    """The ids of the chats of these activities, as far as they are public."""
    for activity in activities:
        if activity.surface == "public" and activity.address is not None:
            yield chat_key(activity.workspace, activity.channel, activity.account, activity.address.chat)


def answered_chats(cases: Iterable[ConversationState]) -> Iterator[str]:
    """The ids of the chats in which these conversations are answered in public."""
    for case in cases:
        if "public" in case.addresses:
            yield _chat_of(case)


def _chat_of(case: ConversationState) -> str:
    return chat_key(case.workspace, case.channel, case.account, case.addresses["public"].chat)


def record_move(work: UnitOfWork, activity: Activity) -> None:
    """Store both ids of a chat whose move an activity reports.

    Telegram reports a move twice: in the old chat with the new id, and in the new chat with the old one.
    """
    here = activity.address.chat if activity.address is not None else None
    to, since = activity.details.get("migrate_to_chat_id"), activity.details.get("migrate_from_chat_id")
    old, new = (here, to) if to else (since, here)
    if not isinstance(old, str) or not isinstance(new, str) or old == new:
        return
    scope = (activity.workspace, activity.channel, activity.account)
    # The first of the two reports says when.
    known = work.get(MOVED_CHATS, chat_key(*scope, here)) if here else None
    moved_at = (known and known.moved_at) or work.now
    there = MovedChat(workspace=activity.workspace, moved_to=new, moved_at=moved_at)
    work.put(MOVED_CHATS, chat_key(*scope, old), there)
    work.put(MOVED_CHATS, chat_key(*scope, new), replace(there, moved_to=None, moved_from=old))


def open_conversation_id(work: UnitOfWork, person: Contact, activity: Activity) -> str | None:
    """The person's open conversation on the thread of an activity, also one that began before the chat moved."""
    thread, earlier = thread_for(activity), earlier_thread(work, activity)
    return person.open.get(thread) or (person.open.get(earlier) if earlier else None)


def earlier_thread(work: UnitOfWork, activity: Activity) -> str | None:
    """The thread of an activity under the id that its chat had before it moved; None where it did not move."""
    if activity.surface != "public" or activity.address is None or activity.thread is None:
        return None
    chat = activity.address.chat
    moved = work.get(MOVED_CHATS, chat_key(activity.workspace, activity.channel, activity.account, chat))
    if moved is None or moved.moved_from is None or not activity.thread.startswith(chat):
        return None
    # A thread begins with the id of its chat; a topic of the chat may follow.
    return moved.moved_from + activity.thread.removeprefix(chat)


def is_left_behind(work: UnitOfWork, case: ConversationState, message: MessageRecord) -> bool:
    """Whether a public message is in the chat of before a move, whose numbers name other messages in the chat of today."""
    moved = (
        work.get(MOVED_CHATS, _chat_of(case)) if message.surface == "public" and "public" in case.addresses else None
    )
    return moved is not None and moved.moved_at is not None and message.received_at < moved.moved_at


def current_address(work: UnitOfWork, case: ConversationState, surface: str, address: Address | None = None) -> Address:
    """The address of an answer on this surface (by default its last one), in the chat of today where the chat moved."""
    address = address or case.addresses[surface]
    moved = work.get(MOVED_CHATS, _chat_of(case)) if surface == "public" else None
    if moved is None or moved.moved_to is None:
        return address
    # The platform numbers messages anew in the new chat: `reply_to` would name another message there.
    return address.model_copy(update={"chat": moved.moved_to, "reply_to": None})
