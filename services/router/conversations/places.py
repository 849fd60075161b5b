"""Public places whose id at the platform changed: conversations go on there, and answers follow them. Pure."""

from collections.abc import Iterable, Iterator

from schemas.activity import Activity, Address
from services.domain.conversation_state import Contact, ConversationState
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import MOVED_CHATS, MovedChat
from services.router.conversations.domain.activities import thread_for


def place_id(workspace: str, channel: str, account: str, chat: str) -> str:
    """The document of a place, under one of its ids at the platform."""
    return f"{workspace}/{channel}:{account}:{chat}"


def public_locations(activities: Iterable[Activity]) -> Iterator[str]:
    """The places in which these happened, as far as they are public."""
    for one in activities:
        if one.surface == "public" and one.address is not None:
            yield place_id(one.workspace, one.channel, one.account, one.address.chat)


def places_answered(cases: Iterable[ConversationState]) -> Iterator[str]:
    """The places in which these conversations are answered in public."""
    for case in cases:
        if "public" in case.addresses:
            yield _of_case(case)


def _of_case(case: ConversationState) -> str:
    return place_id(case.workspace, case.channel, case.account, case.addresses["public"].chat)


def note_moved(work: UnitOfWork, activity: Activity) -> None:
    """Remember both ids of a place that tells of its move."""
    here = activity.address.chat if activity.address is not None else None
    to, since = activity.details.get("migrate_to_chat_id"), activity.details.get("migrate_from_chat_id")
    old, new = (here, to) if to else (since, here)
    if not isinstance(old, str) or not isinstance(new, str) or old == new:
        return
    scope = (activity.workspace, activity.channel, activity.account)
    work.put(MOVED_CHATS, place_id(*scope, old), MovedChat(workspace=activity.workspace, moved_to=new))
    work.put(MOVED_CHATS, place_id(*scope, new), MovedChat(workspace=activity.workspace, moved_from=old))


def open_in(work: UnitOfWork, person: Contact, activity: Activity) -> str | None:
    """The person's open conversation where this happened, also one that began before the place moved."""
    here, earlier = thread_for(activity), earlier_thread(work, activity)
    return person.open.get(here) or (person.open.get(earlier) if earlier else None)


def earlier_thread(work: UnitOfWork, activity: Activity) -> str | None:
    """The thread of this activity as it was called before the place moved; None where it did not move."""
    if activity.surface != "public" or activity.address is None or activity.thread is None:
        return None
    chat = activity.address.chat
    place = work.get(MOVED_CHATS, place_id(activity.workspace, activity.channel, activity.account, chat))
    if place is None or place.moved_from is None or not activity.thread.startswith(chat):
        return None
    return place.moved_from + activity.thread.removeprefix(chat)


def current_address(work: UnitOfWork, case: ConversationState, surface: str) -> Address:
    """Where an answer goes now: the messages of before a move have other numbers there, so none of them is answered."""
    address = case.addresses[surface]
    place = work.get(MOVED_CHATS, _of_case(case)) if surface == "public" else None
    if place is None or place.moved_to is None:
        return address
    return address.model_copy(update={"chat": place.moved_to, "reply_to": None})
