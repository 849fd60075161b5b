"""Which work an agent has room for, and what load is shown: the right values as tables."""

import pytest

from schemas.channel import Pace
from schemas.values import Surface, WorkClass
from services.router.dispatch.domain.work import Work, WorkInHand, class_of_work, has_room, load


@pytest.mark.parametrize(
    ("in_hand", "chat", "mail", "shown"),
    [
        (WorkInHand(), True, True, 0),
        (WorkInHand(chat=3), True, True, 3),
        (WorkInHand(chat=4), False, False, 4),
        (WorkInHand(chat=2, call=1, public=1), False, False, 4),
        # Mail yields: a full mailbox shuts no door.
        (WorkInHand(mail=4), True, False, 4),
        (WorkInHand(chat=2, mail=2), True, False, 4),
        (WorkInHand(chat=4, mail=2), False, False, 4),
        (WorkInHand(chat=3, mail=9), True, False, 4),
        # Above capacity by customers who came back.
        (WorkInHand(chat=5), False, False, 5),
        (WorkInHand(chat=5, mail=3), False, False, 5),
    ],
)
def test_mail_uses_what_live_work_leaves(in_hand: WorkInHand, chat: bool, mail: bool, shown: int) -> None:
    rooms = [has_room(in_hand, Work(work_class), 4, {}, call_blocks=False) for work_class in ("chat", "mail")]
    assert (rooms, load(in_hand, 4)) == ([chat, mail], shown)


@pytest.mark.parametrize(
    ("in_hand", "work_class", "room"),
    [
        (WorkInHand(), "call", True),
        (WorkInHand(chat=1), "call", False),
        (WorkInHand(public=1), "call", False),
        (WorkInHand(mail=4), "call", True),
        (WorkInHand(call=1), "chat", False),
        (WorkInHand(call=1), "public", False),
        (WorkInHand(call=1), "call", False),
        (WorkInHand(call=1), "mail", True),
    ],
)
def test_call_blocks_other_live_work(in_hand: WorkInHand, work_class: WorkClass, room: bool) -> None:
    assert has_room(in_hand, Work(work_class), 4, {}, call_blocks=True) == room
    assert has_room(in_hand, Work(work_class), 4, {}, call_blocks=False)


@pytest.mark.parametrize(
    ("in_hand", "units", "room"),
    [
        (WorkInHand(chat=2), 2, True),
        (WorkInHand(chat=3), 2, False),
        # More than the whole capacity: all of an agent who has nothing else.
        (WorkInHand(), 9, True),
        (WorkInHand(mail=4), 9, True),
        (WorkInHand(chat=1), 9, False),
    ],
)
def test_task_of_several_units(in_hand: WorkInHand, units: int, room: bool) -> None:
    assert has_room(in_hand, Work("chat", units), 4, {}, call_blocks=False) == room


@pytest.mark.parametrize(
    ("in_hand", "limit", "room"),
    [
        (WorkInHand(mail=1), 2, True),
        (WorkInHand(mail=2), 2, False),
        (WorkInHand(), 0, False),
        (WorkInHand(chat=4), 2, False),
    ],
)
def test_limit_of_a_class_binds_beside_the_capacity(in_hand: WorkInHand, limit: int, room: bool) -> None:
    assert has_room(in_hand, Work("mail"), 4, {"mail": limit}, call_blocks=False) == room
    assert has_room(WorkInHand(mail=2), Work("chat"), 4, {"mail": limit}, call_blocks=False)


@pytest.mark.parametrize(
    ("surface", "pace", "expected"),
    [
        ("private", "chat", "chat"),
        ("private", "mail", "mail"),
        ("private", "call", "call"),
        ("private", "review", "public"),
        ("public", "chat", "public"),
        ("public", "mail", "public"),
    ],
)
def test_class_of_a_task_goes_by_surface_and_pace(surface: Surface, pace: Pace, expected: WorkClass) -> None:
    assert class_of_work(surface, pace) == expected
