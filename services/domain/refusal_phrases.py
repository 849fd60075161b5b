"""The sentences by which agents learn why a message may not go out, in their languages and in the workspace's time. Pure."""

from collections.abc import Mapping
from datetime import datetime

from schemas.values import AgentLanguage, Failure, Json, Problem
from services.domain.sending_rules import Reason, Refused
from services.text.sentences import Forms, Phrasebook, SentenceReader, Wording, stored_params

TITLES: Mapping[Reason, str] = {
    "window_closed": "Window closed",
    "window_closed_use_template": "Window closed",
    "template_required": "Template required",
    "customer_must_write_first": "Customer must write first",
    "customer_blocked": "Customer blocked",
    "opted_out": "Opted out",
    "opted_out_of_marketing": "Opted out",
    "automatic": "Automatic message held back",
    "automatic_again": "Automatic message held back",
    "no_templates": "No templates",
    "private_reply_used": "Private reply used",
    "private_reply_too_late": "Private reply too late",
    "answer_stands": "Answered already",
    "text_too_long": "Text too long",
}
"""The titles of problems; the `code` of a problem and of a failure is its title in snake case, whatever there is to do about it."""
POINTERS: Mapping[Reason, str] = {"text_too_long": "/text", "no_templates": "/template"}
"""The field of the request that is wrong whatever happened before: the problem is a 422, and else a 409."""

SENTENCES: Mapping[Reason, Wording] = {
    "window_closed": {
        "en": "The {span:{span_unit}} window closed {at:moment}. Wait until the customer writes again.",
        "fa": "مهلت {span:{span_unit}} {at:moment} تمام شد. صبر کنید تا مشتری دوباره پیام بدهد.",
        "ar": "انتهت مهلة الرد ({span:{span_unit}}) {at:moment}. انتظر حتى يكتب العميل مرة أخرى.",
        "lv": "Atbildes termiņš ({span:{span_unit}}) beidzās {at:moment}. Gaidiet, līdz klients uzraksta vēlreiz.",
    },
    "window_closed_use_template": {
        "en": "The {span:{span_unit}} window closed {at:moment}; use a template.",
        "fa": "مهلت {span:{span_unit}} {at:moment} تمام شد؛ از یک قالب استفاده کنید.",
        "ar": "انتهت مهلة الرد ({span:{span_unit}}) {at:moment}؛ استخدم قالبًا.",
        "lv": "Atbildes termiņš ({span:{span_unit}}) beidzās {at:moment}; izmantojiet veidni.",
    },
    "template_required": {
        "en": "The customer has not written yet, and until then {channel} takes only a template.",
        "fa": "مشتری هنوز پیامی نداده است و تا وقتی پیام ندهد {channel} فقط قالب می‌پذیرد.",
        "ar": "لم يكتب العميل بعد، وحتى ذلك الحين لا يقبل {channel} إلا قالبًا.",
        "lv": "Klients vēl nav rakstījis, un līdz tam {channel} pieņem tikai veidni.",
    },
    "customer_must_write_first": {
        "en": "On {channel} the customer has to write first.",
        "fa": "در {channel} اول باید مشتری پیام بدهد.",
        "ar": "في {channel} يجب أن يكتب العميل أولًا.",
        "lv": "Kanālā {channel} klientam jāraksta pirmajam.",
    },
    "customer_blocked": {
        "en": "The customer blocked this account, so nothing reaches them until they write again.",
        "fa": "مشتری این حساب را مسدود کرده است و تا دوباره پیام ندهد چیزی به او نمی‌رسد.",
        "ar": "حظر العميل هذا الحساب، فلا يصله شيء حتى يكتب مرة أخرى.",
        "lv": "Klients ir bloķējis šo kontu, tāpēc nekas viņu nesasniedz, līdz viņš uzraksta vēlreiz.",
    },
    "opted_out": {
        "en": "The customer asked {at:moment} for no more messages. You can answer once they write again.",
        "fa": "مشتری {at:moment} خواسته است دیگر پیامی نگیرد. وقتی دوباره پیام بدهد می‌توانید پاسخ دهید.",
        "ar": "طلب العميل {at:moment} ألا تصله رسائل أخرى. يمكنك الرد عندما يكتب مرة أخرى.",
        "lv": "Klients {at:moment} lūdza vairs nesūtīt ziņas. Atbildēt varēsiet, kad viņš uzrakstīs vēlreiz.",
    },
    "opted_out_of_marketing": {
        "en": "The customer asked {at:moment} for no more advertising. You can still answer what they write.",
        "fa": "مشتری {at:moment} خواسته است دیگر پیام تبلیغاتی نگیرد. هنوز می‌توانید به پیام‌هایش پاسخ دهید.",
        "ar": "طلب العميل {at:moment} ألا تصله رسائل دعائية أخرى. لا يزال بإمكانك الرد على ما يكتبه.",
        "lv": "Klients {at:moment} lūdza vairs nesūtīt reklāmu. Uz to, ko viņš raksta, joprojām varat atbildēt.",
    },
    "automatic": {
        "en": "{channel} takes no automatic messages from this account, so this one was held back. Write to the customer yourself.",
        "fa": "{channel} از این حساب پیام خودکار نمی‌پذیرد و این پیام فرستاده نشد. خودتان به مشتری بنویسید.",
        "ar": "لا يقبل {channel} رسائل تلقائية من هذا الحساب، فلم تُرسل هذه الرسالة. اكتب إلى العميل بنفسك.",
        "lv": "{channel} no šī konta nepieņem automātiskas ziņas, tāpēc šī netika nosūtīta. Uzrakstiet klientam personīgi.",
    },
    "automatic_again": {
        "en": "The customer has just had an automatic answer. So that no two machines answer each other, {channel} takes the next "
        "one {at:moment}. Write to the customer yourself.",
        "fa": "مشتری همین حالا یک پاسخ خودکار گرفته است. برای اینکه دو سامانهٔ خودکار به هم پاسخ ندهند، {channel} پاسخ خودکار بعدی را "
        "{at:moment} می‌پذیرد. خودتان به مشتری بنویسید.",
        "ar": "تلقى العميل ردًا تلقائيًا للتو. وكي لا يرد نظامان آليان أحدهما على الآخر، لن يقبل {channel} الرد التلقائي التالي إلا "
        "{at:moment}. اكتب إلى العميل بنفسك.",
        "lv": "Klients tikko saņēma automātisku atbildi. Lai divas sistēmas neatbildētu viena otrai, nākamo {channel} pieņems "
        "{at:moment}. Uzrakstiet klientam personīgi.",
    },
    "no_templates": {
        "en": "There are no templates here: {channel} has none, or the answer is public.",
        "fa": "اینجا نمی‌توان قالب فرستاد: {channel} قالب ندارد یا پاسخ عمومی است.",
        "ar": "لا قوالب هنا: ليس في {channel} قوالب، أو أن الرد علني.",
        "lv": "Šeit veidņu nav: kanālā {channel} to nav, vai arī atbilde ir publiska.",
    },
    "private_reply_used": {
        "en": "This post has had its private reply, and {channel} takes one. You can go on in private once the customer answers it.",
        "fa": "به این پست یک بار خصوصی پاسخ داده شده است و {channel} فقط یک پاسخ می‌پذیرد. وقتی مشتری جواب بدهد می‌توانید خصوصی "
        "ادامه دهید.",
        "ar": "سبق الرد على هذا المنشور برسالة خاصة، ولا يقبل {channel} إلا ردًا واحدًا. يمكنك المتابعة على الخاص عندما يجيب العميل.",
        "lv": "Uz šo ierakstu jau ir atbildēts privāti, un {channel} pieņem vienu atbildi. Privāti varēsiet turpināt, kad klients "
        "atbildēs.",
    },
    "private_reply_too_late": {
        "en": "The {span:{span_unit}} window for a private reply to this post closed {at:moment}. Answer in public.",
        "fa": "مهلت {span:{span_unit}} پاسخ خصوصی به این پست {at:moment} تمام شد. عمومی پاسخ دهید.",
        "ar": "انتهت مهلة الرد الخاص ({span:{span_unit}}) على هذا المنشور {at:moment}. أجب علنًا.",
        "lv": "Termiņš privātai atbildei uz šo ierakstu ({span:{span_unit}}) beidzās {at:moment}. Atbildiet publiski.",
    },
    "answer_stands": {
        "en": "Your answer stands there, and {channel} shows one. Edit it.",
        "fa": "پاسخ شما آنجا هست و {channel} فقط یک پاسخ نشان می‌دهد. همان را ویرایش کنید.",
        "ar": "ردك منشور هناك، ولا يعرض {channel} إلا ردًا واحدًا. عدّله.",
        "lv": "Jūsu atbilde tur jau ir, un {channel} rāda vienu. Labojiet to.",
    },
    "text_too_long": {
        "en": "{channel} takes at most {limit:{unit}}; this has {length}. Split it.",
        "fa": "{channel} حداکثر {limit:{unit}} می‌پذیرد؛ طول این متن {length} است. آن را تقسیم کنید.",
        "ar": "أقصى ما يقبله {channel} هو {limit:{unit}}؛ وطول هذا النص {length}. قسّمه.",
        "lv": "{channel} pieņem ne vairāk kā {limit:{unit}}; šeit ir {length}. Sadaliet tekstu.",
    },
}


def _arabic(one: str, two: str, few: str, many: str, other: str) -> Forms:
    return {"one": one, "two": two, "few": f"{{n}} {few}", "many": f"{{n}} {many}", "other": f"{{n}} {other}"}


def _characters(english: str, persian: str, arabic: str, latvian: str) -> Mapping[AgentLanguage, Forms]:
    """Characters, with a remark on how they are counted."""
    forms = _arabic("حرف واحد", "حرفان", "أحرف", "حرفًا", "حرف")
    return {
        "en": {"one": f"{{n}} character{english}", "other": f"{{n}} characters{english}"},
        "fa": {"other": f"{{n}} نویسه{persian}"},
        "ar": {category: f"{form}{arabic}" for category, form in forms.items()},
        "lv": {
            "zero": f"{{n}} rakstzīmju{latvian}",
            "one": f"{{n}} rakstzīmi{latvian}",
            "other": f"{{n}} rakstzīmes{latvian}",
        },
    }


NOUNS: Mapping[str, Mapping[AgentLanguage, Forms]] = {
    "hours": {
        "en": {"other": "{n}-hour"},
        "fa": {"other": "{n} ساعته"},
        "ar": _arabic("ساعة واحدة", "ساعتان", "ساعات", "ساعة", "ساعة"),
        "lv": {"zero": "{n} stundu", "one": "{n} stunda", "other": "{n} stundas"},
    },
    "days": {
        "en": {"other": "{n}-day"},
        "fa": {"other": "{n} روزه"},
        "ar": _arabic("يوم واحد", "يومان", "أيام", "يومًا", "يوم"),
        "lv": {"zero": "{n} dienu", "one": "{n} diena", "other": "{n} dienas"},
    },
    "code_points": _characters("", "", "", ""),
    "utf16": _characters(
        " (emoji count two)", " (هر شکلک دو نویسه)", " (الرمز التعبيري بحرفين)", " (emocijzīme ir divas)"
    ),
    "weighted": _characters(
        " (emoji count two, a link 23)",
        " (هر شکلک دو و هر پیوند ۲۳ نویسه)",
        " (الرمز التعبيري بحرفين والرابط بـ٢٣)",
        " (emocijzīme ir divas, saite – 23)",
    ),
    "bytes": {
        "en": {
            "one": "{n} byte (letters outside English count two or more)",
            "other": "{n} bytes (letters outside English count two or more)",
        },
        "fa": {"other": "{n} بایت (هر حرف فارسی دو بایت)"},
        "ar": {
            category: f"{form} (الحرف العربي بايتان)"
            for category, form in _arabic("بايت واحد", "بايتان", "بايتات", "بايتًا", "بايت").items()
        },
        "lv": {
            "zero": "{n} baitu (burts ar garumzīmi vai mīkstinājumu ir divi)",
            "one": "{n} baitu (burts ar garumzīmi vai mīkstinājumu ir divi)",
            "other": "{n} baitus (burts ar garumzīmi vai mīkstinājumu ir divi)",
        },
    },
    "segments": {
        "en": {"other": "{n} SMS"},
        "fa": {"other": "{n} پیامک"},
        "ar": _arabic("رسالة قصيرة واحدة", "رسالتان قصيرتان", "رسائل قصيرة", "رسالة قصيرة", "رسالة قصيرة"),
        "lv": {"zero": "{n} īsziņu", "one": "{n} īsziņu", "other": "{n} īsziņas"},
    },
}
BOOK = Phrasebook({str(reason): wording for reason, wording in SENTENCES.items()}, NOUNS)


def to_problem(refused: Refused, channel: str, reader: SentenceReader, now: datetime) -> Problem:
    """The problem that a request is answered with."""
    pointer = POINTERS.get(refused.reason)
    return Problem(
        status=409 if pointer is None else 422,
        title=TITLES[refused.reason],
        detail=sentence(refused, channel, reader, now),
        pointer=pointer,
        reason=refused.reason,
        params=_params(refused, channel),
    )


def to_failure(refused: Refused, channel: str, reader: SentenceReader, now: datetime) -> Failure:
    """The failure of a message that was accepted or made, and may not go out."""
    return Failure(
        code=TITLES[refused.reason].lower().replace(" ", "_"),
        detail=sentence(refused, channel, reader, now),
        reason=refused.reason,
        params=_params(refused, channel),
    )


def sentence(refused: Refused, channel: str, reader: SentenceReader, now: datetime) -> str:
    """What is wrong and what to do about it."""
    return BOOK.word(refused.reason, reader, _params(refused, channel), now)


def _params(refused: Refused, channel: str) -> dict[str, Json]:
    hours = round(refused.span.total_seconds() / 3600) if refused.span else 0
    unit, span = ("hours", hours) if hours < 48 or hours % 24 else ("days", hours // 24)
    has_limit = refused.limit > 0
    return stored_params(
        channel=channel,
        span=span if refused.span else None,
        span_unit=unit if refused.span else None,
        at=refused.at,
        limit=refused.limit if has_limit else None,
        length=refused.length if has_limit else None,
        unit=refused.unit if has_limit else None,
    )
