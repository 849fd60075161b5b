"""The notes that the system writes for agents, in their languages. Pure."""

from collections.abc import Mapping

from services.text.sentences import Phrasebook, Wording

SENTENCES: Mapping[str, Wording] = {
    "ask_for_private_message": {
        "en": "This is sensitive, and the platform lets no program write here by itself. Allow a public answer "
        "(POST …/handoff/clear) and ask the customer for a private message yourself.",
        "fa": "این مورد حساس است و پلتفرم اجازه نمی‌دهد برنامه‌ای خودش اینجا بنویسد. پاسخ عمومی را مجاز کنید (POST …/handoff/clear) و "
        "خودتان از مشتری بخواهید پیام خصوصی بدهد.",
        "ar": "هذه محادثة حساسة، ولا تسمح المنصة لبرنامج بالكتابة هنا من تلقاء نفسه. اسمح بالرد العلني (POST …/handoff/clear) "
        "واطلب من العميل بنفسك أن يرسل رسالة خاصة.",
        "lv": "Šis ir sensitīvi, un platforma programmai neļauj šeit rakstīt pašai. Atļaujiet publisku atbildi "
        "(POST …/handoff/clear) un palūdziet klientam uzrakstīt privāti.",
    },
    "private_reply_failed": {
        "en": "The private reply did not reach the customer, and a hidden post takes no answer on this channel. Show the post again "
        "(POST …/handoff/clear) and answer it in public.",
        "fa": "پاسخ خصوصی به مشتری نرسید و در این کانال به پست پنهان نمی‌توان پاسخ داد. پست را دوباره نشان دهید "
        "(POST …/handoff/clear) و عمومی پاسخ دهید.",
        "ar": "لم يصل الرد الخاص إلى العميل، ولا يمكن الرد على منشور مخفي في هذه القناة. أظهر المنشور مرة أخرى "
        "(POST …/handoff/clear) وأجب عنه علنًا.",
        "lv": "Privātā atbilde klientu nesasniedza, un uz paslēptu ierakstu šajā kanālā atbildēt nevar. Parādiet ierakstu atkal "
        "(POST …/handoff/clear) un atbildiet publiski.",
    },
    "unconfirmed_visitor": {
        "en": "This visitor followed the link of conversation {conversation} and is not confirmed to be its customer. "
        "POST …/conversations/{conversation}/handoff/confirm does that.",
        "fa": "این بازدیدکننده از پیوند گفتگوی {conversation} آمده و هنوز تأیید نشده که همان مشتری است. "
        "تأیید با POST …/conversations/{conversation}/handoff/confirm انجام می‌شود.",
        "ar": "جاء هذا الزائر من رابط المحادثة {conversation} ولم يُؤكَّد بعد أنه عميلها. "
        "يؤكده POST …/conversations/{conversation}/handoff/confirm.",
        "lv": "Šis apmeklētājs atvēra sarunas {conversation} saiti, un nav apstiprināts, ka tas ir tās klients. "
        "To apstiprina ar POST …/conversations/{conversation}/handoff/confirm.",
    },
    "continues_elsewhere": {
        "en": "This visitor is the customer of conversation {conversation}, and goes on there.",
        "fa": "این بازدیدکننده همان مشتری گفتگوی {conversation} است و آنجا ادامه می‌دهد.",
        "ar": "هذا الزائر هو عميل المحادثة {conversation} ويتابع هناك.",
        "lv": "Šis apmeklētājs ir sarunas {conversation} klients un turpina tur.",
    },
    "customer_has_another_id": {
        "en": "The customer goes on as {successor}: the platform reports another number or id. Answers go there.",
        "fa": "مشتری با {successor} ادامه می‌دهد: پلتفرم شماره یا شناسهٔ دیگری خبر داده است. پاسخ‌ها به آنجا می‌رود.",
        "ar": "يتابع العميل بـ {successor}: أبلغت المنصة برقم أو معرّف آخر. تُرسل الردود إلى هناك.",
        "lv": "Klients turpina kā {successor}: platforma ziņo citu numuru vai identifikatoru. Atbildes tiek sūtītas tur.",
    },
    "part_deleted": {
        "en": "Part {part} of {parts} of a message was deleted at the platform.",
        "fa": "بخش {part} از {parts} یکی از پیام‌ها در پلتفرم حذف شد.",
        "ar": "حُذف في المنصة الجزء {part} من {parts} من إحدى الرسائل.",
        "lv": "Platformā tika dzēsta {part}. daļa no {parts} kādā ziņā.",
    },
}
NOTES = Phrasebook(SENTENCES)
