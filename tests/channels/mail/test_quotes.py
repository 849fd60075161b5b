"""Where a reply ends and what it quotes begins, in the words that mail programs write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.channels.mail.quotes import split_reply

NEW = "Thanks, it has come.\nBut one is broken."

QUOTES = {
    "gmail en": "On Sun, Mar 1, 2026 at 12:10 PM Example Shop <support@shop.example> wrote:\n\n> It is on its way.",
    "gmail en, wrapped": "On Sun, Mar 1, 2026 at 12:10 PM Example Shop <\nsupport@shop.example> wrote:\n\n> It is on its way.",
    "apple en": "On 1 Mar 2026, at 12:10, Example Shop <support@shop.example> wrote:\n\n> It is on its way.",
    "thunderbird en": "On 01/03/2026 12:10, Example Shop wrote:\n> It is on its way.",
    "gmail en, no quote signs": "On Sun, Mar 1, 2026 at 12:10 PM Example Shop <s@shop.example> wrote:\n\nIt is on its way.",
    "short date but quoted": "On Sunday Example Shop wrote:\n> It is on its way.",
    "gmail fa": "در تاریخ یکشنبه ۱ مارس ۲۰۲۶ ساعت ۱۲:۱۰ Example Shop <support@shop.example> نوشت:\n\n> در راه است.",
    "gmail fa, with marks": "\u202bدر تاریخ یکشنبه ۱ مارس ۲۰۲۶ ساعت ۱۲:۱۰ <\u202as@shop.example\u202c> نوشت:\u202c\n> در راه است.",
    "apple fa": "در ۱۰ اسفند ۱۴۰۴، ساعت ۱۲:۱۰، فروشگاه <support@shop.example> نوشته است:\n> در راه است.",
    "gmail ar": "في الأحد، 1 مارس 2026 في 12:10 م تمت كتابة ما يلي بواسطة Example Shop <s@shop.example>:\n\n> في الطريق.",
    "apple ar": "في ٠١\u200f/٠٣\u200f/٢٠٢٦، الساعة ١٢:١٠ م، كتب Example Shop <support@shop.example>:\n> في الطريق.",
    "ar, the writer first": "كتب Example Shop <support@shop.example> في 1 مارس 2026:\n> في الطريق.",
    "gmail lv": "svētd., 2026. g. 1. marts, plkst. 12:10 — lietotājs Example Shop (<s@shop.example>)\nrakstīja:\n\n> Ceļā.",
    "thunderbird lv": "Example Shop 01.03.2026 12:10 rakstīja:\n> Ceļā.",
    "ar, the writer last": "في الأحد، 1 مارس 2026 كتب Example Shop (<s@shop.example>) :\n> في الطريق.",
    "the writer first, then the date": "Example Shop <s@shop.example> on 1 March 2026 wrote :\n> It is on its way.",
    "an address within an address": "2026-03-01 Shop <s@shop.example<mailto:s@shop.example>> wrote:\n> It is on its way.",
    "gmail lv, the sender behind": "svētd., 2026. g. 1. marts, Example Shop rakstīja (<s@shop.example>) :\n> Ceļā.",
    "gmail de": "Am So., 1. März 2026 um 12:10 Uhr schrieb Example Shop <support@shop.example>:\n> Unterwegs.",
    "gmail ru": "вс, 1 мар. 2026 г. в 12:10, Example Shop <support@shop.example> пишет:\n> В пути.",
    "outlook en": (
        "From: Example Shop <support@shop.example>\nSent: Sunday, March 1, 2026 12:10 PM\n"
        "To: Sara <sara@example.org>\nSubject: Order\n\nIt is on its way."
    ),
    "outlook en, with a rule": (
        "________________________________\nFrom: Example Shop <support@shop.example>\n"
        "Sent: Sunday, March 1, 2026 12:10 PM\nTo: Sara\nSubject: Order\n\nIt is on its way."
    ),
    "outlook en, in bold": "*From:* Example Shop <s@shop.example>\n*Date:* Sunday, 1 March 2026\n*To:* Sara\n*Subject:* x\n\nCome.",
    "outlook fa": "از: فروشگاه <s@shop.example>\nارسال شده: یکشنبه ۱ مارس ۲۰۲۶\nبه: سارا\nموضوع: سفارش\n\nدر راه است.",
    "outlook ar": "من: متجر <s@shop.example>\nتم الإرسال: الأحد، 1 مارس 2026\nإلى: سارة\nالموضوع: طلب\n\nفي الطريق.",
    "outlook lv": "No: Veikals <s@shop.example>\nNosūtīts: svētdiena, 2026. gada 1. marts\nKam: Jānis\nTēma: x\n\nCeļā.",
    "divider en": "-----Original Message-----\nFrom: Example Shop\n\nIt is on its way.",
    "divider fa": "-----پیام اصلی-----\nاز: فروشگاه\n\nدر راه است.",
    "divider ar": "-----الرسالة الأصلية-----\nمن: متجر\n\nفي الطريق.",
    "divider lv": "-----Sākotnējais ziņojums-----\nNo: Veikals\n\nCeļā.",
    "quoted lines alone": "> It is on its way.\n> Kind regards",
    "signature": "-- \nSara Example\n+371 20000000",
    "telephone en": "Sent from my iPhone",
    "telephone fa": "ارسال شده از آیفون من",
    "telephone ar": "أُرسلت من الـ iPhone",
    "telephone lv": "Nosūtīts no mana iPhone",
}


@pytest.mark.parametrize("name", QUOTES)
def test_what_stands_below_a_reply_is_its_quote(name: str) -> None:
    split = split_reply(f"{NEW}\n\n{QUOTES[name]}\n")
    assert split.text.strip() == NEW
    assert split.quote == QUOTES[name]


@pytest.mark.parametrize("name", QUOTES)
def test_a_mail_that_only_quotes_stays_whole(name: str) -> None:
    assert split_reply(QUOTES[name]).text == QUOTES[name]
    assert split_reply(QUOTES[name]).quote is None


WHOLE = {
    "own words about a letter": "On Monday your colleague wrote:\nthat it would come today. It has not.",
    "a parcel": "From: Riga\nTo: Tehran\nDate: 1 March\nPlease confirm.",
    "answers between the lines": "On 01/03/2026 12:10, Shop wrote:\n> Which colour?\nBlue.\n> Which size?\nLarge.",
    "a colon, but not at the end": "Am Montag um 12:10 schrieb ich: am 1. 3. 2026 kam nichts",
    "a long sentence": f"On 1 March 2026 at 12:10 {'very ' * 120}kindly somebody wrote:\nit comes.",
    "a list": "- one\n- two\n--- three",
    "Arabic words about a letter": "كتب لي الموظف ما يلي:\nسيصل غدا. لم يصل.",
    "an answer above a forwarded mail": "Is it yours?\n\n---------- Forwarded message ---------\nFrom: A <a@x.example>\n\nHi\n",
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_text_that_only_looks_like_a_quote_stays_whole(name: str) -> None:
    split = split_reply(WHOLE[name])
    assert (split.text, split.quote) == (WHOLE[name].strip("\n"), None)


def test_an_answer_below_the_quote_is_found() -> None:
    split = split_reply("On 01/03/2026 12:10, Shop wrote:\n> Which colour?\n> And size?\n\nBlue, large.\n")
    assert split.text == "Blue, large."
    assert split.quote == "On 01/03/2026 12:10, Shop wrote:\n> Which colour?\n> And size?"


def test_words_above_and_below_the_quote_are_both_new() -> None:
    split = split_reply("Hi.\n\nOn 01/03/2026 12:10, Shop wrote:\n> Which colour?\n\nBlue.\n")
    assert split.text == "Hi.\n\n\nBlue."


def test_a_mail_that_is_sent_on_by_outlook_keeps_what_it_is_about() -> None:
    text = f"See below.\n\n{QUOTES['outlook en']}"
    assert split_reply(text, subject="FW: Order").quote is None
    assert split_reply(text, subject="RE: Order").quote == QUOTES["outlook en"]


@pytest.mark.parametrize("subject", ["Fwd: Order", "  FW : Order", "هدایت: سفارش", "\tPārs: x"])
def test_a_subject_says_that_a_mail_is_sent_on(subject: str) -> None:
    assert split_reply(f"See below.\n\n{QUOTES['outlook en']}", subject=subject).quote is None


@pytest.mark.parametrize("subject", ["Forward: Order", "Order fwd: x", "Fwd Order", ""])
def test_other_subjects_do_not(subject: str) -> None:
    assert split_reply(f"See below.\n\n{QUOTES['outlook en']}", subject=subject).quote == QUOTES["outlook en"]


lines = st.sampled_from([*"\n".join(QUOTES.values()).split("\n"), "", "Hello", "> a", "-- ", "text:", "\u202b"])


@given(st.lists(lines, max_size=30))
def test_no_line_is_lost_and_words_are_left(given_lines: list[str]) -> None:
    text = "\n".join(given_lines)
    split = split_reply(text)
    found = sorted(line.strip() for line in f"{split.text}\n{split.quote or ''}".split("\n") if line.strip())
    assert found == sorted(line.strip() for line in given_lines if line.strip())
    assert bool(split.text.strip()) == bool(text.strip())


@given(st.text(max_size=300))
def test_any_text_can_be_split(text: str) -> None:
    assert bool(split_reply(text).text.strip()) == bool(text.strip())
