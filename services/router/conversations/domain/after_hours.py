"""What a customer reads who writes while it is closed: when somebody is back. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import get_args

from schemas.business_calendar import Calendar
from schemas.configuration import AfterHours
from schemas.values import AgentLanguage
from services.domain.business_hours import opening_at
from services.domain.conversation_state import ConversationState
from services.text.sentences import SentenceReader, moment

LANGUAGES: tuple[AgentLanguage, ...] = get_args(AgentLanguage)
CLOSED: Mapping[str, str] = {
    "en": "We are closed now and will be back {opens}. We have your message and will answer then.",
    "fa": "اکنون بیرون از ساعت کاری هستیم و {opens} برمی‌گردیم. پیام شما رسیده است و آن وقت پاسخ می‌دهیم.",
    "ar": "نحن الآن خارج أوقات العمل وسنعود {opens}. وصلتنا رسالتك وسنجيب عندها.",
    "lv": "Pašlaik esam slēgti un atgriezīsimies {opens}. Jūsu ziņu esam saņēmuši un tad atbildēsim.",
}
CLOSED_FOR_LONG: Mapping[str, str] = {
    "en": "We are closed now. We have your message and will answer as soon as we are back.",
    "fa": "اکنون بیرون از ساعت کاری هستیم. پیام شما رسیده است و همین که برگردیم پاسخ می‌دهیم.",
    "ar": "نحن الآن خارج أوقات العمل. وصلتنا رسالتك وسنجيب فور عودتنا.",
    "lv": "Pašlaik esam slēgti. Jūsu ziņu esam saņēmuši un atbildēsim, tiklīdz būsim atpakaļ.",
}
EMAIL: Mapping[str, str] = {
    "en": "Leave your e-mail address below, so that we can reach you when you have closed this page.",
    "fa": "نشانی ایمیل خود را پایین بنویسید تا اگر این صفحه را بستید هم بتوانیم به شما خبر دهیم.",
    "ar": "اترك عنوان بريدك الإلكتروني أدناه لنتمكن من الوصول إليك بعد إغلاق هذه الصفحة.",
    "lv": "Atstājiet zemāk savu e-pasta adresi, lai varam jūs sasniegt arī tad, kad šī lapa ir aizvērta.",
}


def is_to_be_told(case: ConversationState, calendar: Calendar | None, now: datetime) -> bool:
    """Whether the customer of a conversation, who just wrote, is to be told that it is closed."""
    return calendar is not None and case.after_hours_at is None and not opening_at(now, calendar)[0]


def closed_text(
    settings: AfterHours, calendar: Calendar, languages: Sequence[str | None], now: datetime, *, asks_email: bool
) -> str:
    """The text in the first of these languages that has one: of the workspace before ours. English without any."""
    _, opens_at = opening_at(now, calendar)
    if opens_at is None:
        text, language = _pick(CLOSED_FOR_LONG, None, languages)
    else:
        text, language = _pick(CLOSED, settings.closed, languages)
        text = text.replace("{opens}", _when(opens_at, language, calendar, now))
    return f"{text}\n{_pick(EMAIL, settings.email, [language, *languages])[0]}" if asks_email else text


def _when(opens_at: datetime, language: str | None, calendar: Calendar, now: datetime) -> str:
    known: AgentLanguage = next((one for one in LANGUAGES if one == language), "en")
    # The zone's name too: the customer may be in another one.
    return moment(opens_at, SentenceReader(known, calendar.timezone, names_zone=True), now)


def _pick(
    ours: Mapping[str, str], written: str | Mapping[str, str] | None, languages: Sequence[str | None]
) -> tuple[str, str | None]:
    """A text, and the language that it is in; None for the one text of a workspace: its language is not known."""
    if isinstance(written, str):
        return written, next((language for language in languages if language is not None), None)
    texts = {**ours, **(written or {})}
    language = next((one for one in languages if one in texts), "en")
    return texts[str(language)], language
