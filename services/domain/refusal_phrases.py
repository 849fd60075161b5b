"""The sentences by which agents learn why a message may not go out, in their languages and in the workspace's time. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from schemas.channel import TextUnit
from schemas.days import to_jalali
from schemas.values import AgentLanguage, Failure, Problem
from services.domain.sending_rules import Reason, Refused
from services.text.numerals import in_digits

TITLES: Mapping[Reason, str] = {
    "window_closed": "Window closed",
    "window_closed_use_template": "Window closed",
    "template_required": "Template required",
    "customer_must_write_first": "Customer must write first",
    "customer_blocked": "Customer blocked the account",
    "opted_out": "Customer opted out",
    "opted_out_of_marketing": "Customer opted out",
    "automatic": "Automatic message held back",
    "automatic_again": "Automatic message held back",
    "no_templates": "No templates",
    "private_reply_used": "Private reply used",
    "private_reply_late": "Private reply too late",
    "text_too_long": "Text too long",
}
"""The titles of problems; their `code` is made of them, and does not change with the language."""
CODES: Mapping[Reason, str] = {"window_closed_use_template": "window_closed", "opted_out_of_marketing": "opted_out"}
"""The codes of failures, where they are not the reasons: what to do about it changes the sentence alone."""
POINTERS: Mapping[Reason, str] = {"text_too_long": "/text", "no_templates": "/template"}
"""The field of the request that is wrong whatever happened before: the problem is a 422, and else a 409."""


@dataclass(frozen=True, slots=True)
class RefusalPhrases:
    """One language. `hours` and `days` are lengths of a window, `today` and `earlier` the times at which one closed."""

    sentences: Mapping[Reason, str]
    hours: str
    days: str
    today: str
    earlier: str
    units: Mapping[TextUnit, str]
    is_jalali: bool = False


_ENGLISH = RefusalPhrases(
    sentences={
        "window_closed": "The {span} window closed {at}. Wait until the customer writes again.",
        "window_closed_use_template": "The {span} window closed {at}; use a template.",
        "template_required": "The customer has not written yet, and until then {channel} takes only a template.",
        "customer_must_write_first": "On {channel} the customer has to write first.",
        "customer_blocked": "The customer blocked this account, so nothing reaches them until they write again.",
        "opted_out": "The customer asked {at} for no more messages. You can answer once they write again.",
        "opted_out_of_marketing": "The customer asked {at} for no more advertising. You can still answer what they write.",
        "automatic": "{channel} takes no automatic messages from this account, so this one was held back. "
        "Write to the customer yourself.",
        "automatic_again": "The customer has just had an automatic answer. So that no two machines answer each other, {channel} takes "
        "the next one {at}. Write to the customer yourself.",
        "no_templates": "There are no templates here: {channel} has none, or the answer is public.",
        "private_reply_used": "This post has had its private reply, and {channel} takes one. You can go on in private once the "
        "customer answers it.",
        "private_reply_late": "The {span} window for a private reply to this post closed {at}. Answer in public.",
        "text_too_long": "{channel} takes at most {limit} {unit}; this has {length}. Split it.",
    },
    hours="{n}-hour",
    days="{n}-day",
    today="at {time}",
    earlier="on {date} at {time}",
    units={
        "code_points": "characters",
        "utf16": "characters (emoji count two)",
        "bytes": "bytes (letters outside English count two or more)",
        "weighted": "characters (emoji count two, a link 23)",
        "segments": "SMS",
    },
)
_PERSIAN = RefusalPhrases(
    sentences={
        "window_closed": "مهلت {span} {at} تمام شد. صبر کنید تا مشتری دوباره بنویسد.",
        "window_closed_use_template": "مهلت {span} {at} تمام شد؛ از یک قالب استفاده کنید.",
        "template_required": "مشتری هنوز ننوشته است و تا آن زمان {channel} فقط قالب را می‌پذیرد.",
        "customer_must_write_first": "در {channel} اول باید مشتری بنویسد.",
        "customer_blocked": "مشتری این حساب را مسدود کرده است و تا دوباره ننویسد چیزی به او نمی‌رسد.",
        "opted_out": "مشتری {at} خواسته است دیگر پیامی نگیرد. وقتی دوباره بنویسد می‌توانید پاسخ دهید.",
        "opted_out_of_marketing": "مشتری {at} خواسته است دیگر پیام تبلیغاتی نگیرد. هنوز می‌توانید به نوشته‌هایش پاسخ دهید.",
        "automatic": "{channel} از این حساب پیام خودکار نمی‌پذیرد و این پیام نگه داشته شد. خودتان به مشتری بنویسید.",
        "automatic_again": "مشتری همین حالا پاسخی خودکار گرفته است. برای اینکه دو ماشین به هم پاسخ ندهند، {channel} پاسخ خودکار "
        "بعدی را {at} می‌پذیرد. خودتان به مشتری بنویسید.",
        "no_templates": "اینجا قالبی نیست: {channel} قالب ندارد یا پاسخ عمومی است.",
        "private_reply_used": "این نوشته پاسخ خصوصی خود را گرفته است و {channel} فقط یکی می‌پذیرد. وقتی مشتری جواب بدهد "
        "می‌توانید در خصوصی ادامه دهید.",
        "private_reply_late": "مهلت {span} پاسخ خصوصی به این نوشته {at} تمام شد. عمومی پاسخ دهید.",
        "text_too_long": "{channel} حداکثر {limit} {unit} می‌پذیرد؛ این متن {length} است. آن را تقسیم کنید.",
    },
    hours="{n} ساعته",
    days="{n} روزه",
    today="ساعت {time}",
    earlier="در {date} ساعت {time}",
    units={
        "code_points": "نویسه",
        "utf16": "نویسه (هر شکلک دو نویسه)",
        "bytes": "بایت (هر حرف فارسی دو بایت)",
        "weighted": "نویسه (هر شکلک دو و هر پیوند ۲۳ نویسه)",
        "segments": "پیامک",
    },
    is_jalali=True,
)
_ARABIC = RefusalPhrases(
    sentences={
        "window_closed": "انتهت مهلة الرد ({span}) {at}. انتظر حتى يكتب العميل مرة أخرى.",
        "window_closed_use_template": "انتهت مهلة الرد ({span}) {at}؛ استخدم قالبًا.",
        "template_required": "لم يكتب العميل بعد، وحتى ذلك الحين لا يقبل {channel} إلا قالبًا.",
        "customer_must_write_first": "في {channel} يجب أن يكتب العميل أولاً.",
        "customer_blocked": "حظر العميل هذا الحساب، فلا يصله شيء حتى يكتب مرة أخرى.",
        "opted_out": "طلب العميل {at} ألا تصله رسائل أخرى. يمكنك الرد عندما يكتب مرة أخرى.",
        "opted_out_of_marketing": "طلب العميل {at} ألا تصله رسائل دعائية أخرى. لا يزال بإمكانك الرد على ما يكتبه.",
        "automatic": "لا يقبل {channel} رسائل تلقائية من هذا الحساب، فحُجبت هذه الرسالة. اكتب إلى العميل بنفسك.",
        "automatic_again": "تلقى العميل ردًا تلقائيًا للتو. وكي لا يرد جهازان أحدهما على الآخر، لن يقبل {channel} الرد التلقائي "
        "التالي إلا {at}. اكتب إلى العميل بنفسك.",
        "no_templates": "لا توجد قوالب هنا: ليس في {channel} قوالب، أو أن الرد علني.",
        "private_reply_used": "تلقى هذا المنشور رده الخاص، ولا يقبل {channel} إلا ردًا واحدًا. يمكنك المتابعة على الخاص "
        "عندما يجيب العميل.",
        "private_reply_late": "انتهت مهلة الرد الخاص ({span}) على هذا المنشور {at}. أجب علنًا.",
        "text_too_long": "يقبل {channel} على الأكثر {limit} {unit}؛ وطول هذا النص {length}. قسّمه.",
    },
    hours="{n} ساعة",
    days="{n} أيام",
    today="في الساعة {time}",
    earlier="في {date} الساعة {time}",
    units={
        "code_points": "حرفًا",
        "utf16": "حرفًا (الرمز التعبيري بحرفين)",
        "bytes": "بايت (الحرف العربي بايتان)",
        "weighted": "حرفًا (الرمز التعبيري بحرفين والرابط بـ٢٣)",
        "segments": "رسالة قصيرة",
    },
)
_LATVIAN = RefusalPhrases(
    sentences={
        "window_closed": "{span} logs aizvērās {at}. Gaidiet, līdz klients raksta vēlreiz.",
        "window_closed_use_template": "{span} logs aizvērās {at}; izmantojiet veidni.",
        "template_required": "Klients vēl nav rakstījis, un līdz tam {channel} pieņem tikai veidni.",
        "customer_must_write_first": "Kanālā {channel} klientam jāraksta pirmajam.",
        "customer_blocked": "Klients šo kontu ir bloķējis: nekas viņu nesasniedz, līdz viņš raksta vēlreiz.",
        "opted_out": "Klients {at} lūdza vairs nesūtīt ziņas. Atbildēt varēs, kad viņš rakstīs vēlreiz.",
        "opted_out_of_marketing": "Klients {at} lūdza vairs nesūtīt reklāmu. Uz to, ko viņš raksta, joprojām varat atbildēt.",
        "automatic": "{channel} no šī konta nepieņem automātiskas ziņas, tāpēc šī tika aizturēta. Rakstiet klientam paši.",
        "automatic_again": "Klients tikko saņēma automātisku atbildi. Lai divas mašīnas neatbildētu viena otrai, nākamo {channel} "
        "pieņems {at}. Rakstiet klientam paši.",
        "no_templates": "Šeit nav veidņu: kanālā {channel} to nav, vai arī atbilde ir publiska.",
        "private_reply_used": "Uz šo ierakstu jau ir atbildēts privāti, un {channel} pieņem vienu atbildi. Privāti varēs "
        "turpināt, kad klients atbildēs.",
        "private_reply_late": "{span} logs privātai atbildei uz šo ierakstu aizvērās {at}. Atbildiet publiski.",
        "text_too_long": "{channel} pieņem ne vairāk kā {limit} {unit}; šeit ir {length}. Sadaliet tekstu.",
    },
    hours="{n} stundu",
    days="{n} dienu",
    today="plkst. {time}",
    earlier="{date} plkst. {time}",
    units={
        "code_points": "rakstzīmes",
        "utf16": "rakstzīmes (emocijzīme ir divas)",
        "bytes": "baiti (burts ar garumzīmi vai mīkstinājumu ir divi)",
        "weighted": "rakstzīmes (emocijzīme ir divas, saite – 23)",
        "segments": "īsziņas",
    },
)
REFUSAL_PHRASES: Mapping[AgentLanguage, RefusalPhrases] = {
    "en": _ENGLISH,
    "fa": _PERSIAN,
    "ar": _ARABIC,
    "lv": _LATVIAN,
}


@dataclass(frozen=True, slots=True)
class RefusalReader:
    """Who reads a refusal: their language, and the workspace's time zone."""

    language: AgentLanguage = "en"
    timezone: str = "UTC"


def to_problem(refused: Refused, channel: str, reader: RefusalReader, now: datetime) -> Problem:
    """The problem that a request is answered with."""
    pointer = POINTERS.get(refused.reason)
    return Problem(
        status=409 if pointer is None else 422,
        title=TITLES[refused.reason],
        detail=sentence(refused, channel, reader, now),
        pointer=pointer,
    )


def to_failure(refused: Refused, channel: str, reader: RefusalReader, now: datetime) -> Failure:
    """The failure of a message that was accepted or made, and may not go out."""
    return Failure(code=CODES.get(refused.reason, refused.reason), detail=sentence(refused, channel, reader, now))


def sentence(refused: Refused, channel: str, reader: RefusalReader, now: datetime) -> str:
    """What is wrong and what to do about it."""
    phrases = REFUSAL_PHRASES[reader.language]
    return phrases.sentences[refused.reason].format(
        channel=channel,
        span=_span(refused.span, reader.language) if refused.span else "",
        at=_moment(refused.at, reader, now) if refused.at else "",
        limit=_number(refused.limit, reader.language),
        length=_number(refused.length, reader.language),
        unit=phrases.units[refused.unit],
    )


def _span(span: timedelta, language: AgentLanguage) -> str:
    phrases, hours = REFUSAL_PHRASES[language], round(span.total_seconds() / 3600)
    form, count = (phrases.hours, hours) if hours < 48 or hours % 24 else (phrases.days, hours // 24)
    return form.format(n=_number(count, language))


def _moment(at: datetime, reader: RefusalReader, now: datetime) -> str:
    phrases, zone = REFUSAL_PHRASES[reader.language], ZoneInfo(reader.timezone)
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    form = phrases.today if local.date() == today else phrases.earlier
    day = _day(local.date(), phrases)
    return form.format(time=in_digits(f"{local:%H:%M}", reader.language), date=in_digits(day, reader.language))


def _day(day: date, phrases: RefusalPhrases) -> str:
    return "{:04}/{:02}/{:02}".format(*to_jalali(day)) if phrases.is_jalali else f"{day:%Y-%m-%d}"


def _number(number: int, language: AgentLanguage) -> str:
    return in_digits(str(number), language)
