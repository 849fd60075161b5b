"""The words of the story of a card number, in two languages, and the numbers that are in them."""

from dataclasses import dataclass

from tests.live.leak_search import dashed, persian, spaced

CARD = "4539578763621486"
PARCEL = "4539578763621487"
"""As long as a card number, and none: its last digit is another."""
ORDER = "774895012345672"
"""Fifteen digits that do not add up: beside the word card, those that do are taken for one."""


@dataclass(frozen=True)
class Dialogue:
    """The words of the story in one language. `written` is the card as Neda writes it, `again` as she writes it later.

    `harmless` stands in what she asks, and a parcel's number in how her agent `ends`: both must be found where texts
    belong.
    """

    language: str
    written: str
    again: str
    asks: str
    harmless: str
    notice: str
    goes_on: str
    agent_asks: str
    agrees: str
    ends: str


ENGLISH = Dialogue(
    language="en",
    written=spaced(CARD),
    again=dashed(CARD),
    asks="My card {} was charged twice for the blue teapot.",
    harmless="the blue teapot",
    notice="To protect your personal information, we continue this conversation in a private message. "
    "Please do not write personal or bank details here.",
    goes_on="Continue in private:",
    agent_asks="Hello Neda. Was it the card {}?",
    agrees="Yes, it was {}.",
    ends=f"The payment for parcel {spaced(PARCEL)} is on its way back to you.",
)
PERSIAN = Dialogue(
    language="fa",
    written=persian(spaced(CARD)),
    again=persian(dashed(CARD)),
    asks="سلام، از کارت من {} برای قوری آبی دو بار پول کم شده است.",
    harmless="قوری آبی",
    notice="برای حفظ اطلاعات شخصی شما، این گفتگو را در پیام خصوصی ادامه می‌دهیم. "
    "لطفاً اینجا اطلاعات شخصی یا بانکی ننویسید.",
    goes_on="ادامه در گفتگوی خصوصی:",
    agent_asks="سلام ندا. همین کارت {} بود؟",
    agrees="بله، همین {} بود.",
    ends=f"مبلغ مرسوله {persian(dashed(PARCEL))} تا فردا به حساب شما برمی‌گردد.",
)
