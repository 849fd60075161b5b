"""The sentences by which agents learn why a message of ours did not arrive, in their languages. Pure.

What the platform said itself stands behind the sentence, as it said it.
"""

from collections.abc import Mapping

from schemas.values import AgentLanguage, Failure
from services.domain.refusal_phrases import SENTENCES as SENDING_RULES
from services.text.sentences import Forms, Phrasebook, SentenceReader, Wording, quoted

FAILURES: Mapping[str, Wording] = {
    "rejected": {
        "en": "The platform refused the message.",
        "fa": "پلتفرم این پیام را نپذیرفت.",
        "ar": "رفضت المنصة هذه الرسالة.",
        "lv": "Platforma ziņu nepieņēma.",
    },
    "not_found": {
        "en": "The platform knows no such recipient or message.",
        "fa": "پلتفرم چنین گیرنده یا پیامی را نمی‌شناسد.",
        "ar": "لا تعرف المنصة مستلمًا أو رسالة كهذه.",
        "lv": "Platforma šādu saņēmēju vai ziņu nepazīst.",
    },
    "gone": {
        "en": "The receiver takes no more messages.",
        "fa": "گیرنده دیگر پیامی نمی‌پذیرد.",
        "ar": "لم يعد المستلم يقبل رسائل.",
        "lv": "Saņēmējs ziņas vairs nepieņem.",
    },
    "too_long": {
        "en": "The text is too long for the platform. Split it.",
        "fa": "متن برای پلتفرم بیش از حد بلند است. آن را تقسیم کنید.",
        "ar": "النص أطول مما تقبله المنصة. قسّمه.",
        "lv": "Teksts platformai ir par garu. Sadaliet to.",
    },
    "too_large": {
        "en": "The file is too large for the platform. Send a smaller one.",
        "fa": "فایل برای پلتفرم بیش از حد بزرگ است. فایل کوچک‌تری بفرستید.",
        "ar": "الملف أكبر مما تقبله المنصة. أرسل ملفًا أصغر.",
        "lv": "Fails platformai ir par lielu. Nosūtiet mazāku.",
    },
    "media_rejected": {
        "en": "The platform does not take this file: its content is not what its type says. Send another one.",
        "fa": "پلتفرم این فایل را نمی‌پذیرد: محتوای آن با نوعش نمی‌خواند. فایل دیگری بفرستید.",
        "ar": "لا تقبل المنصة هذا الملف: محتواه لا يطابق نوعه. أرسل ملفًا آخر.",
        "lv": "Platforma šo failu nepieņem: saturs neatbilst tā tipam. Nosūtiet citu.",
    },
    "file_missing": {
        "en": "A file of the message was deleted before it was sent. Attach it again.",
        "fa": "یکی از فایل‌های پیام پیش از فرستادن حذف شد. آن را دوباره پیوست کنید.",
        "ar": "حُذف ملف من ملفات الرسالة قبل إرسالها. أرفقه مرة أخرى.",
        "lv": "Kāds ziņas fails tika dzēsts, pirms to nosūtīja. Pievienojiet to vēlreiz.",
    },
    "target": {
        "en": "The server of the platform that the account names may not be called. Ask whoever runs this installation.",
        "fa": "تماس با سروری که در حساب برای پلتفرم نوشته شده مجاز نیست. از مسئول این سامانه بپرسید.",
        "ar": "لا يُسمح بالاتصال بخادم المنصة المذكور في الحساب. اسأل المسؤول عن هذا النظام.",
        "lv": "Platformas serveri, kas norādīts kontā, nav atļauts izsaukt. Jautājiet šīs sistēmas uzturētājam.",
    },
    "unsupported": {
        "en": "The platform cannot do this here.",
        "fa": "پلتفرم اینجا این کار را نمی‌تواند انجام دهد.",
        "ar": "لا تستطيع المنصة فعل ذلك هنا.",
        "lv": "Platforma to šeit nevar izdarīt.",
    },
    "credentials": {
        "en": "The platform does not accept the account's credentials. Ask whoever manages the account.",
        "fa": "پلتفرم کلیدهای این حساب را نمی‌پذیرد. از مسئول حساب بپرسید.",
        "ar": "لا تقبل المنصة بيانات دخول هذا الحساب. اسأل المسؤول عن الحساب.",
        "lv": "Platforma nepieņem konta pieejas datus. Jautājiet tam, kurš pārvalda kontu.",
    },
    "account_missing": {
        "en": "The account is not connected, or has no usable credentials. Ask whoever manages it to connect it, and answer again.",
        "fa": "این حساب وصل نیست یا کلید قابل‌استفاده‌ای ندارد. از مسئول حساب بخواهید آن را وصل کند و دوباره پاسخ دهید.",
        "ar": "هذا الحساب غير متصل، أو ليست له بيانات دخول صالحة. اطلب من المسؤول عنه وصله ثم أجب مرة أخرى.",
        "lv": "Konts nav pievienots, vai tam nav derīgu pieejas datu. Palūdziet konta pārvaldītājam to pievienot un atbildiet vēlreiz.",
    },
    "rate_limited": {
        "en": "Too many messages were sent at once, and the platform dropped this one. Send it again later.",
        "fa": "پیام‌های زیادی با هم فرستاده شد و پلتفرم این یکی را کنار گذاشت. بعداً دوباره بفرستید.",
        "ar": "أُرسلت رسائل كثيرة دفعة واحدة فأسقطت المنصة هذه الرسالة. أعد إرسالها لاحقًا.",
        "lv": "Vienlaikus tika nosūtīts pārāk daudz ziņu, un platforma šo atmeta. Vēlāk nosūtiet to vēlreiz.",
    },
    "blocked": {
        "en": "The customer blocked the account, or the account may not write here.",
        "fa": "مشتری این حساب را مسدود کرده است، یا این حساب اجازه ندارد اینجا بنویسد.",
        "ar": "حظر العميل هذا الحساب، أو لا يُسمح للحساب بالكتابة هنا.",
        "lv": "Klients ir bloķējis kontu, vai arī konts šeit nedrīkst rakstīt.",
    },
    "blocked_by_platform": {
        "en": "The platform has restricted the account. Ask whoever manages it.",
        "fa": "پلتفرم این حساب را محدود کرده است. از مسئول حساب بپرسید.",
        "ar": "قيّدت المنصة هذا الحساب. اسأل المسؤول عنه.",
        "lv": "Platforma ir ierobežojusi kontu. Jautājiet tam, kurš to pārvalda.",
    },
    "not_permitted": {
        "en": "The platform has not approved the account's app yet: until then it reaches only its own testers.",
        "fa": "پلتفرم هنوز برنامهٔ این حساب را تأیید نکرده است و تا آن زمان فقط به آزمایش‌کنندگان خودش پیام می‌رسد.",
        "ar": "لم توافق المنصة بعد على تطبيق هذا الحساب، وحتى ذلك الحين لا تصل رسائله إلا إلى مختبريه.",
        "lv": "Platforma konta lietotni vēl nav apstiprinājusi: līdz tam tā sasniedz tikai savus testētājus.",
    },
    "not_connected": {
        "en": "The business account has disconnected the bot: its owner has to answer in the app.",
        "fa": "حساب تجاری ربات را جدا کرده است: صاحب حساب باید در خود برنامه پاسخ دهد.",
        "ar": "فصل حساب الأعمال الروبوت: على صاحبه أن يجيب من التطبيق.",
        "lv": "Uzņēmuma konts ir atvienojis botu: īpašniekam jāatbild lietotnē.",
    },
    "other_app": {
        "en": "Another app has this chat. Take it over in the platform's inbox, then send again.",
        "fa": "این گفتگو در اختیار برنامهٔ دیگری است. آن را در صندوق پیام پلتفرم به دست بگیرید و دوباره بفرستید.",
        "ar": "هذه المحادثة لدى تطبيق آخر. تولّها في صندوق رسائل المنصة ثم أعد الإرسال.",
        "lv": "Šī saruna ir citai lietotnei. Pārņemiet to platformas iesūtnē un nosūtiet vēlreiz.",
    },
    "payment": {
        "en": "The account has no valid payment method at the platform. Ask whoever manages it.",
        "fa": "این حساب نزد پلتفرم روش پرداخت معتبری ندارد. از مسئول حساب بپرسید.",
        "ar": "ليس لهذا الحساب وسيلة دفع صالحة لدى المنصة. اسأل المسؤول عنه.",
        "lv": "Kontam platformā nav derīga maksāšanas līdzekļa. Jautājiet tam, kurš to pārvalda.",
    },
    "template": {
        "en": "The template does not fit. Check its name, its language, its parameters and whether it is approved.",
        "fa": "قالب درست نیست. نام، زبان، متغیرها و تأیید شدنش را بررسی کنید.",
        "ar": "القالب غير صالح. تحقق من اسمه ولغته ومتغيراته ومن الموافقة عليه.",
        "lv": "Veidne neder. Pārbaudiet tās nosaukumu, valodu, parametrus un to, vai tā ir apstiprināta.",
    },
    "duplicate": {
        "en": "The same text stands there already.",
        "fa": "همین متن از پیش آنجا هست.",
        "ar": "النص نفسه موجود هناك من قبل.",
        "lv": "Tāds pats teksts tur jau ir.",
    },
    "window_closed": {
        "en": "The time for an answer is over. Wait until the customer writes again.",
        "fa": "مهلت پاسخ تمام شده است. صبر کنید تا مشتری دوباره پیام بدهد.",
        "ar": "انتهت مهلة الرد. انتظر حتى يكتب العميل مرة أخرى.",
        "lv": "Atbildes termiņš ir beidzies. Gaidiet, līdz klients uzraksta vēlreiz.",
    },
    "opted_out": {
        "en": "The customer wants no more such messages.",
        "fa": "مشتری دیگر چنین پیام‌هایی نمی‌خواهد.",
        "ar": "لا يريد العميل رسائل كهذه بعد الآن.",
        "lv": "Klients šādas ziņas vairs nevēlas.",
    },
    "private_reply_used": {
        "en": "This post has had its private reply: somebody may have sent it in the app. Answer in public.",
        "fa": "به این پست پیش‌تر خصوصی پاسخ داده شده است، شاید در خود برنامه. عمومی پاسخ دهید.",
        "ar": "سبق الرد على هذا المنشور برسالة خاصة، ربما من التطبيق. أجب علنًا.",
        "lv": "Uz šo ierakstu jau ir atbildēts privāti, varbūt lietotnē. Atbildiet publiski.",
    },
    "private_reply_too_late": {
        "en": "It is too late for a private reply to this post. Answer in public.",
        "fa": "مهلت پاسخ خصوصی به این پست گذشته است. عمومی پاسخ دهید.",
        "ar": "فات وقت الرد الخاص على هذا المنشور. أجب علنًا.",
        "lv": "Privātai atbildei uz šo ierakstu ir par vēlu. Atbildiet publiski.",
    },
    "undeliverable": {
        "en": "The platform cannot deliver this message to the customer now.",
        "fa": "پلتفرم اکنون نمی‌تواند این پیام را به مشتری برساند.",
        "ar": "لا تستطيع المنصة إيصال هذه الرسالة إلى العميل الآن.",
        "lv": "Platforma šo ziņu klientam pašlaik nevar piegādāt.",
    },
    "not_delivered": {
        "en": "The platform reported that it could not deliver the message.",
        "fa": "پلتفرم خبر داد که نتوانست پیام را برساند.",
        "ar": "أبلغت المنصة أنها لم تستطع إيصال الرسالة.",
        "lv": "Platforma ziņoja, ka nevarēja piegādāt ziņu.",
    },
    "invalid_address": {
        "en": "This is no valid address. Correct it.",
        "fa": "این نشانی درست نیست. آن را اصلاح کنید.",
        "ar": "هذا العنوان غير صالح. صحّحه.",
        "lv": "Šī adrese nav derīga. Izlabojiet to.",
    },
    "address_rejected": {
        "en": "The customer's mail server does not accept this address.",
        "fa": "سرور ایمیل مشتری این نشانی را نمی‌پذیرد.",
        "ar": "لا يقبل خادم بريد العميل هذا العنوان.",
        "lv": "Klienta pasta serveris šo adresi nepieņem.",
    },
    "address_not_supported": {
        "en": "The mail server takes only addresses with English letters.",
        "fa": "سرور ایمیل فقط نشانی‌هایی با حروف انگلیسی می‌پذیرد.",
        "ar": "لا يقبل خادم البريد إلا عناوين بأحرف إنجليزية.",
        "lv": "Pasta serveris pieņem tikai adreses ar angļu burtiem.",
    },
    "sender_rejected": {
        "en": "The mail server does not send for the account's address. Ask whoever manages the account.",
        "fa": "سرور ایمیل از نشانی این حساب نمی‌فرستد. از مسئول حساب بپرسید.",
        "ar": "لا يرسل خادم البريد من عنوان هذا الحساب. اسأل المسؤول عن الحساب.",
        "lv": "Pasta serveris nesūta no konta adreses. Jautājiet tam, kurš pārvalda kontu.",
    },
    "mailbox_full": {
        "en": "The customer's mailbox is full. Write again later, or in another way.",
        "fa": "صندوق ایمیل مشتری پر است. بعداً یا از راه دیگری بنویسید.",
        "ar": "صندوق بريد العميل ممتلئ. اكتب لاحقًا أو بطريقة أخرى.",
        "lv": "Klienta pastkaste ir pilna. Rakstiet vēlāk vai citā veidā.",
    },
    "suppressed": {
        "en": "The mail provider sends nothing to this address: an earlier mail came back, or the customer complained or unsubscribed.",
        "fa": "سرویس ایمیل به این نشانی چیزی نمی‌فرستد: ایمیل پیشین برگشته، یا مشتری شکایت کرده یا اشتراکش را لغو کرده است.",
        "ar": "لا يرسل مزود البريد شيئًا إلى هذا العنوان: ارتدت رسالة سابقة، أو اشتكى العميل أو ألغى اشتراكه.",
        "lv": "Pasta pakalpojums uz šo adresi neko nesūta: agrāka vēstule atnāca atpakaļ vai klients sūdzējās vai atteicās.",
    },
    "expired": {
        "en": "The mail could not be delivered in time, and was given up.",
        "fa": "ایمیل به‌موقع نرسید و تلاش برای رساندن آن پایان یافت.",
        "ar": "تعذّر تسليم البريد في الوقت المحدد فتوقفت المحاولات.",
        "lv": "Vēstuli nevarēja piegādāt laikā, un mēģinājumi ir beigušies.",
    },
    "unreachable": {
        "en": "Given up after {attempts:attempts}: the platform did not take the message.",
        "fa": "پس از {attempts:attempts} کنار گذاشته شد: پلتفرم پیام را نگرفت.",
        "ar": "توقفت المحاولات بعد {attempts:attempts}: لم تأخذ المنصة الرسالة.",
        "lv": "Pēc {attempts:attempts} sūtīšana pārtraukta: platforma ziņu nepaņēma.",
    },
    "outcome_unknown": {
        "en": "It cannot be known whether the platform has this message. Ask the customer or look there before writing it again.",
        "fa": "نمی‌توان دانست این پیام به پلتفرم رسیده است یا نه. پیش از نوشتن دوباره از مشتری بپرسید یا آنجا نگاه کنید.",
        "ar": "لا يمكن معرفة هل وصلت هذه الرسالة إلى المنصة. اسأل العميل أو انظر هناك قبل كتابتها مرة أخرى.",
        "lv": "Nevar zināt, vai šī ziņa ir platformā. Pirms rakstāt vēlreiz, pajautājiet klientam vai apskatieties tur.",
    },
    "not_sent": {
        "en": "The platform has no message to do this to: it was not sent, or got no id.",
        "fa": "پلتفرم پیامی ندارد که این کار روی آن انجام شود: پیام فرستاده نشد یا شناسه‌ای نگرفت.",
        "ar": "ليست لدى المنصة رسالة لفعل ذلك بها: لم تُرسل أو لم تحصل على معرّف.",
        "lv": "Platformā nav ziņas, ar kuru to darīt: tā netika nosūtīta vai nesaņēma identifikatoru.",
    },
    "other_conversation": {
        "en": "This is our answer to another comment of the thread: it stands in the conversation of that comment's author.",
        "fa": "این پاسخ ما به نظر دیگری در همین رشته است و در گفتگوی نویسندهٔ آن نظر قرار دارد.",
        "ar": "هذا ردنا على تعليق آخر في السلسلة نفسها، وهو في محادثة صاحب ذلك التعليق.",
        "lv": "Šī ir mūsu atbilde uz citu komentāru tajā pašā pavedienā: tā atrodas tā autora sarunā.",
    },
    "too_late_to_call": {
        "en": "The platform could not be reached in time, so nobody was called.",
        "fa": "پلتفرم به‌موقع در دسترس نبود و به کسی زنگ زده نشد.",
        "ar": "تعذّر الوصول إلى المنصة في الوقت المناسب، فلم يُتصل بأحد.",
        "lv": "Platformu neizdevās laikus sasniegt, tāpēc nevienam nezvanīja.",
    },
    "too_late": {
        "en": "It would have been shown too late.",
        "fa": "دیگر برای نشان دادن آن دیر بود.",
        "ar": "كان سيظهر بعد فوات الأوان.",
        "lv": "To parādītu pārāk vēlu.",
    },
}
"""The codes of failures."""
REASONS: Mapping[str, Wording] = {
    "human_agent_not_approved": {
        "en": "The 24-hour window closed, and Meta has not approved Human Agent for the app. Wait until the customer writes again.",
        "fa": "مهلت ۲۴ ساعته تمام شد و متا Human Agent را برای این برنامه تأیید نکرده است. صبر کنید تا مشتری دوباره پیام بدهد.",
        "ar": "انتهت مهلة ٢٤ ساعة ولم توافق ميتا على Human Agent لهذا التطبيق. انتظر حتى يكتب العميل مرة أخرى.",
        "lv": "24 stundu termiņš ir beidzies, un Meta nav lietotnei apstiprinājusi Human Agent. Gaidiet, līdz klients uzraksta vēlreiz.",
    },
    "live_video": {
        "en": "Instagram takes no public answer to a comment on a live video. Answer it in private while the video is live.",
        "fa": "اینستاگرام پاسخ عمومی به نظر زیر پخش زنده را نمی‌پذیرد. تا پخش زنده است خصوصی پاسخ دهید.",
        "ar": "لا يقبل إنستغرام ردًا علنيًا على تعليق في بث مباشر. أجب على الخاص ما دام البث مستمرًا.",
        "lv": "Instagram nepieņem publisku atbildi uz komentāru pie tiešraides. Atbildiet privāti, kamēr tiešraide notiek.",
    },
    "only_like": {
        "en": "A Page can only like a comment: react with a thumbs-up.",
        "fa": "صفحه فقط می‌تواند نظر را بپسندد: با 👍 واکنش نشان دهید.",
        "ar": "لا تستطيع الصفحة إلا الإعجاب بالتعليق: تفاعل بـ 👍.",
        "lv": "Lapai komentārs var tikai patikt: reaģējiet ar 👍.",
    },
    "only_heart": {
        "en": "Instagram lets accounts react with a heart alone.",
        "fa": "اینستاگرام فقط واکنش قلب را می‌پذیرد.",
        "ar": "لا يسمح إنستغرام للحسابات إلا بالتفاعل بالقلب.",
        "lv": "Instagram kontiem ļauj reaģēt tikai ar sirsniņu.",
    },
    "only_in_answer": {
        "en": "WhatsApp shows this only in answer to a message of the customer.",
        "fa": "واتساپ این را فقط در پاسخ به پیام مشتری نشان می‌دهد.",
        "ar": "لا يعرض واتساب ذلك إلا ردًا على رسالة من العميل.",
        "lv": "WhatsApp to rāda tikai kā atbildi uz klienta ziņu.",
    },
    "no_reactions_in_business_chats": {
        "en": "Telegram takes no reactions of a bot in chats of a business account.",
        "fa": "تلگرام در گفتگوهای حساب تجاری واکنش ربات را نمی‌پذیرد.",
        "ar": "لا يقبل تيليغرام تفاعلات الروبوت في محادثات حساب الأعمال.",
        "lv": "Telegram uzņēmuma konta sarunās bota reakcijas nepieņem.",
    },
    "read_only_in_business_chats": {
        "en": "A bot can mark messages as read only in chats of a business account that it is connected to.",
        "fa": "ربات فقط در گفتگوهای حساب تجاری‌ای که به آن وصل است می‌تواند پیام‌ها را خوانده‌شده کند.",
        "ar": "لا يستطيع الروبوت تعليم الرسائل كمقروءة إلا في محادثات حساب الأعمال المتصل به.",
        "lv": "Bots ziņas var atzīmēt kā izlasītas tikai tā uzņēmuma konta sarunās, kuram tas pievienots.",
    },
    "no_typing_in_direct_messages": {
        "en": "Telegram shows no typing in the direct messages of a channel.",
        "fa": "تلگرام در پیام‌های مستقیم کانال «در حال نوشتن» را نشان نمی‌دهد.",
        "ar": "لا يعرض تيليغرام «يكتب الآن» في الرسائل المباشرة للقناة.",
        "lv": "Telegram kanāla tiešajās ziņās nerāda, ka kāds raksta.",
    },
    "business_window": {
        "en": "In the chats of a business account the bot may write for 24 hours after the last message.",
        "fa": "در گفتگوهای حساب تجاری، ربات تا ۲۴ ساعت پس از آخرین پیام می‌تواند بنویسد.",
        "ar": "في محادثات حساب الأعمال يستطيع الروبوت الكتابة خلال ٢٤ ساعة من آخر رسالة.",
        "lv": "Uzņēmuma konta sarunās bots drīkst rakstīt 24 stundas pēc pēdējās ziņas.",
    },
    "group_needs_administrator": {
        "en": "The bot may not write in this group: an administrator has to let it.",
        "fa": "ربات در این گروه اجازهٔ نوشتن ندارد: یکی از مدیران گروه باید اجازه دهد.",
        "ar": "لا يُسمح للروبوت بالكتابة في هذه المجموعة: على أحد المشرفين السماح له.",
        "lv": "Bots šajā grupā nedrīkst rakstīt: tas jāatļauj administratoram.",
    },
    "topic_closed": {
        "en": "The topic is closed: an administrator has to open it.",
        "fa": "این تاپیک بسته است: یکی از مدیران باید آن را باز کند.",
        "ar": "هذا الموضوع مغلق: على أحد المشرفين فتحه.",
        "lv": "Temats ir slēgts: tas jāatver administratoram.",
    },
    "stars_wanted": {
        "en": "The customer takes messages only for Telegram Stars, which the bot does not pay.",
        "fa": "مشتری فقط در برابر استارز تلگرام پیام می‌پذیرد و ربات آن را نمی‌پردازد.",
        "ar": "لا يقبل العميل الرسائل إلا مقابل نجوم تيليغرام، والروبوت لا يدفعها.",
        "lv": "Klients ziņas pieņem tikai par Telegram zvaigznēm, kuras bots nemaksā.",
    },
    "delete_too_late": {
        "en": "Telegram deletes messages of the last 48 hours only, and in groups what others wrote only for an administrator with "
        "that right.",
        "fa": "تلگرام فقط پیام‌های ۴۸ ساعت گذشته را حذف می‌کند، و در گروه‌ها نوشتهٔ دیگران را فقط برای مدیری که این اجازه را دارد.",
        "ar": "لا يحذف تيليغرام إلا رسائل آخر ٤٨ ساعة، وفي المجموعات لا يحذف ما كتبه غيرك إلا لمشرف له هذا الحق.",
        "lv": "Telegram dzēš tikai pēdējo 48 stundu ziņas, bet grupās citu rakstīto – tikai administratoram ar šādām tiesībām.",
    },
    "edit_impossible": {
        "en": "Telegram edits messages that this bot wrote; in chats of a business account only for 48 hours.",
        "fa": "تلگرام فقط پیام‌های همین ربات را ویرایش می‌کند؛ در گفتگوهای حساب تجاری فقط تا ۴۸ ساعت.",
        "ar": "لا يعدّل تيليغرام إلا رسائل هذا الروبوت، وفي محادثات حساب الأعمال خلال ٤٨ ساعة فقط.",
        "lv": "Telegram labo ziņas, ko rakstījis šis bots; uzņēmuma konta sarunās tikai 48 stundas.",
    },
}
"""Sentences that say more than those of their codes."""
PARTS: Mapping[str, Wording] = {
    "parts_sent": {
        "en": "Of {parts:parts}, {parts_sent:sent} went out and the next one failed.",
        "fa": "از {parts:parts}، {parts_sent:sent} بخش فرستاده شد و بخش بعدی نرسید.",
        "ar": "عدد الأجزاء {parts}: أُرسل منها {parts_sent:sent} وتعذّر إرسال التالي.",
        "lv": "No {parts:parts} {parts_sent:sent}; nākamo nosūtīt neizdevās.",
    },
    "part": {
        "en": "Part {part} of {parts} did not arrive.",
        "fa": "بخش {part} از {parts} نرسید.",
        "ar": "لم يصل الجزء {part} من {parts}.",
        "lv": "{part}. daļa no {parts} netika piegādāta.",
    },
}
"""What stands before the sentence of a message in parts."""
NOUNS: Mapping[str, Mapping[AgentLanguage, Forms]] = {
    "attempts": {
        "en": {"one": "{n} attempt", "other": "{n} attempts"},
        "fa": {"other": "{n} بار تلاش"},
        "ar": {
            "one": "محاولة واحدة",
            "two": "محاولتين",
            "few": "{n} محاولات",
            "many": "{n} محاولة",
            "other": "{n} محاولة",
        },
        "lv": {"one": "{n} mēģinājuma", "other": "{n} mēģinājumiem"},
    },
    "parts": {
        "en": {"one": "{n} part", "other": "{n} parts"},
        "fa": {"other": "{n} بخش"},
        "ar": {"other": "{n}"},
        "lv": {"one": "{n} daļas", "other": "{n} daļām"},
    },
    "sent": {
        "en": {"other": "{n}"},
        "fa": {"other": "{n}"},
        "ar": {"other": "{n}"},
        "lv": {"one": "nosūtīta {n}", "other": "nosūtītas {n}"},
    },
}
BOOK = Phrasebook({**FAILURES, **REASONS, **PARTS}, NOUNS)


def worded(failure: Failure, language: AgentLanguage) -> Failure:
    """A failure in words, once: until then its `detail` is what the platform said, or what went wrong.

    What a system of your own reports by a code that is not known here, or without what is in the sentence, keeps its own words.
    """
    code = failure.reason or failure.code
    is_known = code in BOOK.sentences and BOOK.needs(code) <= failure.params.keys()
    if is_known and failure.reason not in SENDING_RULES:
        failure = _with_sentence(failure, language)
    return _after_parts(failure, "parts_sent", language) if "parts_sent" in failure.params else failure


def failure_of_part(failure: Failure, part: int, parts: int, language: AgentLanguage) -> Failure:
    """A failure in words, as that of one part of a message, counted from 1: the others may have arrived."""
    params = {**failure.params, "part": part, "parts": parts}
    return _after_parts(failure.model_copy(update={"params": params}), "part", language)


def _with_sentence(failure: Failure, language: AgentLanguage) -> Failure:
    said = failure.detail
    sentence = BOOK.word(failure.reason or failure.code, SentenceReader(language), failure.params)
    # Without an answer of the platform a reason says it all.
    if not said or (failure.reason and failure.status is None):
        return failure.model_copy(update={"detail": sentence})
    params = {**failure.params, "said": said}
    return failure.model_copy(update={"detail": f"{sentence} ({quoted(said, language)})", "params": params})


def _after_parts(failure: Failure, name: str, language: AgentLanguage) -> Failure:
    """The failure, after a sentence about the parts that arrived or did not."""
    before = BOOK.word(name, SentenceReader(language), failure.params)
    return failure.model_copy(update={"detail": f"{before} {failure.detail}"})
