"""What customers of the demo shop write, and what its agents answer to it, in Persian, Arabic, Latvian and English.

`{order}` is an order number. The card number is a payment provider's public test number.
"""

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

Language = Literal["fa", "ar", "lv", "en"]
Topic = Literal["delivery", "refund", "payment", "product", "complaint", "thanks", "card"]

LANGUAGES: tuple[Language, ...] = ("fa", "ar", "lv", "en")
OPENING_TOPICS: tuple[Topic, ...] = ("delivery", "delivery", "refund", "payment", "product", "product", "complaint")

NAMES: Mapping[Language, tuple[str, ...]] = {
    "fa": ("زهرا", "علی", "مریم", "رضا", "نگار", "امیر", "شیرین", "حسین"),
    "ar": ("محمد", "فاطمة", "خالد", "نور", "ليلى", "يوسف", "هدى", "سامي"),
    "lv": ("Jānis", "Līga", "Andris", "Kristīne", "Mārtiņš", "Inese", "Edgars", "Zane"),
    "en": ("Olivia", "James", "Amelia", "Daniel", "Grace", "Thomas", "Ruby", "Henry"),
}


class Exchange(NamedTuple):
    """What a customer writes, and the answer that fits it."""

    question: str
    answer: str


# Data in one table, so that somebody who speaks a language can check it in one place.
EXCHANGES: Mapping[Language, Mapping[Topic, tuple[Exchange, ...]]] = {
    "fa": {
        "delivery": (
            Exchange(
                "سلام، سفارش {order} من هنوز نرسیده. میشه بگید الان کجاست؟",
                "سلام، مرسوله‌ی شما تحویل پست شده و تا فردا عصر به دستتون می‌رسه. لینک رهگیری رو پیامک کردیم.",
            ),
            Exchange(
                "سلام وقت بخیر، کد رهگیری مرسوله‌ی سفارش {order} رو می‌خواستم.",
                "سلام، کد رهگیری مرسوله رو همین الان براتون پیامک کردیم.",
            ),
            Exchange(
                "قرار بود سفارشم دیروز ارسال بشه ولی هنوز توی وضعیت آماده‌سازیه. شماره سفارش {order}",
                "سلام، بابت تأخیر عذر می‌خوایم. سفارش شما امروز از انبار ارسال می‌شه.",
            ),
        ),
        "refund": (
            Exchange(
                "سفارش {order} رو لغو کردم، پولم رو کی برمی‌گردونید؟",
                "سلام، لغو سفارش ثبت شده و وجه ظرف ۴۸ ساعت به حسابتون برمی‌گرده.",
            ),
            Exchange(
                "سلام، کفشی که گرفتم سایزش کوچیکه. می‌خوام مرجوع کنم، چیکار باید بکنم؟",
                "سلام، درخواست مرجوعی کفش ثبت شد. پیک فردا برای تحویل گرفتنش میاد و هزینه‌ای نداره.",
            ),
            Exchange(
                "یک هفته‌ست منتظر بازگشت وجه سفارش {order} هستم، لطفاً پیگیری کنید.",
                "سلام، پیگیری کردیم؛ بازگشت وجه امروز از طرف ما انجام شد و تا فردا به حسابتون می‌شینه.",
            ),
        ),
        "payment": (
            Exchange(
                "پول از حسابم کسر شد ولی سفارش ثبت نشد. درگاه خطا داد.",
                "سلام، تراکنش رو بررسی کردیم؛ مبلغ ناموفق حداکثر تا ۷۲ ساعت خودکار به حسابتون برمی‌گرده.",
            ),
            Exchange(
                "سلام، برای سفارش {order} فاکتور رسمی می‌خوام. از کجا باید بگیرم؟",
                "سلام، فاکتور رسمی سفارش رو به ایمیلتون فرستادیم. در حساب کاربری، بخش فاکتورها هم هست.",
            ),
        ),
        "product": (
            Exchange(
                "سلام، این کاپشن رنگ سرمه‌ای سایز لارج موجود می‌شه؟",
                "سلام، کاپشن سرمه‌ای سایز لارج هفته‌ی آینده موجود می‌شه و بهتون خبر می‌دیم.",
            ),
            Exchange(
                "گارانتی این هدفون چند ماهه؟ ضدآب هم هست؟",
                "سلام، این هدفون ۱۸ ماه گارانتی داره و در برابر پاشیدن آب مقاومه، ولی برای شنا مناسب نیست.",
            ),
            Exchange(
                "برای هدیه می‌خوام، کادوپیچی هم انجام می‌دید؟",
                "سلام، بله، کادوپیچی هدیه رایگانه. موقع ثبت سفارش گزینه‌ی هدیه رو انتخاب کنید.",
            ),
        ),
        "complaint": (
            Exchange(
                "واقعاً افتضاحه! لیوان‌ها همه شکسته رسیده و هیچ‌کس جواب نمی‌ده.",
                "سلام، واقعاً متأسفیم. همین امروز لیوان‌های سالم رو بدون هزینه براتون می‌فرستیم.",
            ),
            Exchange(
                "رنگ اشتباه فرستادید، این دفعه‌ی دومه. خیلی ناراضی‌ام از خرید.",
                "سلام، واقعاً متأسفیم. رنگ درست رو همین امروز بدون هزینه می‌فرستیم و قبلی رو پیک تحویل می‌گیره.",
            ),
        ),
        "thanks": (
            Exchange("خیلی ممنون از پیگیری‌تون 🙏", "خواهش می‌کنم، روز خوبی داشته باشید 🌸"),
            Exchange("عالی شد، دستتون درد نکنه.", "خوشحالیم که حل شد. روزتون بخیر 🌸"),
        ),
        "card": (
            Exchange(
                "پرداختم انجام نشده، شماره کارتم 4242 4242 4242 4242 هست، لطفاً بررسی کنید.",
                "سلام، لطفاً شماره کارت رو این‌جا ننویسید؛ پرداخت شما از طرف ما بررسی و تأیید شد.",
            ),
        ),
    },
    "ar": {
        "delivery": (
            Exchange(
                "السلام عليكم، طلبي رقم {order} لم يصل حتى الآن. أين هو؟",
                "وعليكم السلام، شحنتك خرجت من المستودع وتصلك غداً بإذن الله. أرسلنا رابط التتبع برسالة نصية.",
            ),
            Exchange(
                "مرحباً، كم يستغرق التوصيل إلى الشارقة؟ رقم الطلب {order}",
                "أهلاً بك، يستغرق التوصيل إلى الشارقة يومي عمل، وسيصلك طلبك بعد غد.",
            ),
            Exchange(
                "شركة الشحن تقول إن العنوان ناقص، كيف أعدّله للطلب {order}؟",
                "أهلاً بك، اكتب لنا العنوان كاملاً مع رقم المبنى وسنعدّله لدى شركة الشحن اليوم.",
            ),
        ),
        "refund": (
            Exchange(
                "أريد استرجاع الحذاء لأن المقاس صغير، ما هي الخطوات؟",
                "أهلاً بك، سجّلنا طلب إرجاع الحذاء، وسيأتي المندوب غداً لاستلامه دون أي رسوم.",
            ),
            Exchange(
                "ألغيت الطلب {order} قبل أسبوع، متى يتم رد المبلغ؟",
                "أهلاً بك، راجعنا الإلغاء، وسيصل المبلغ إلى حسابك خلال يومي عمل.",
            ),
            Exchange(
                "هل يمكن استبدال القطعة بدلاً من استرداد المبلغ؟",
                "أهلاً بك، نعم يمكن استبدال القطعة خلال أسبوعين. أي مقاس أو لون تريد؟",
            ),
        ),
        "payment": (
            Exchange(
                "تم خصم المبلغ مرتين للطلب {order}، أرجو المراجعة.",
                "أهلاً، راجعنا العملية وسيعود المبلغ المخصوم مرتين إلى حسابك خلال ثلاثة أيام عمل.",
            ),
            Exchange(
                "لا يعمل الدفع عند الاستلام في مدينتي، هل توجد طريقة أخرى؟",
                "أهلاً، نعم، يمكنك الدفع بالبطاقة أو بالتحويل البنكي من صفحة الطلب.",
            ),
        ),
        "product": (
            Exchange(
                "هل يتوفر هذا الفستان باللون الأسود ومقاس متوسط؟",
                "أهلاً، نعم، الفستان الأسود متوفر بالمقاس المتوسط، ويمكنك طلبه الآن من الموقع.",
            ),
            Exchange(
                "كم مدة ضمان السماعة؟ وهل هي أصلية؟",
                "أهلاً، السماعة أصلية ومعها ضمان سنة ونصف من الوكيل.",
            ),
            Exchange(
                "متى تعود العباءة الزرقاء إلى المخزون؟",
                "أهلاً، تعود العباءة الزرقاء إلى المخزون الأسبوع القادم، وسنرسل لك تنبيهاً.",
            ),
        ),
        "complaint": (
            Exchange(
                "وصلني المنتج مكسوراً، هذا غير مقبول أبداً!",
                "نعتذر منك كثيراً، سنرسل لك قطعة سليمة بدل المكسورة اليوم دون أي تكلفة.",
            ),
            Exchange(
                "هذه ثاني مرة ترسلون لوناً مختلفاً، أنا مستاء جداً من الخدمة.",
                "نعتذر منك كثيراً، سنرسل لك اللون الصحيح اليوم دون أي تكلفة ويستلم المندوب القطعة الأخرى.",
            ),
        ),
        "thanks": (
            Exchange("شكراً جزيلاً على سرعة الرد 🌹", "على الرحب والسعة، يومك سعيد!"),
            Exchange("تمام، يعطيكم العافية.", "الله يعافيك، نسعد بخدمتك دائماً."),
        ),
        "card": (
            Exchange(
                "لم تنجح عملية الدفع، رقم بطاقتي 4242 4242 4242 4242، أرجو التحقق.",
                "أهلاً، نرجو عدم كتابة رقم البطاقة هنا. راجعنا الدفعة من جهتنا وهي مؤكدة.",
            ),
        ),
    },
    "lv": {
        "delivery": (
            Exchange(
                "Labdien! Kur ir mans pasūtījums {order}? Piegādei bija jābūt vakar.",
                "Labdien! Atvainojamies par kavēšanos: sūtījums ir pie kurjera un būs pie jums rīt līdz plkst. 18.",
            ),
            Exchange(
                "Sveiki, vai sūtījumu {order} var pāradresēt uz citu pakomātu?",
                "Sveiki! Jā, sūtījumu var pāradresēt. Lūdzu, uzrakstiet, uz kuru pakomātu.",
            ),
            Exchange(
                "Labrīt! Kurjers šodien neatbrauca, kad varu gaidīt piegādi?",
                "Labrīt! Atvainojamies, kurjers piegādās rīt no plkst. 9 līdz 13 un pirms tam piezvanīs.",
            ),
        ),
        "refund": (
            Exchange(
                "Vēlos atgriezt jaku, izmērs neder. Kā to noformēt?",
                "Labdien! Jakas atgriešana ir reģistrēta, atgriešanas uzlīmi nosūtījām uz jūsu e-pastu.",
            ),
            Exchange(
                "Atcēlu pasūtījumu {order} pirms nedēļas, kad saņemšu naudu atpakaļ?",
                "Labdien! Pārbaudījām: naudu par atcelto pasūtījumu saņemsiet divu darba dienu laikā.",
            ),
            Exchange(
                "Labdien, vai apavus var apmainīt pret citu izmēru bez papildu maksas?",
                "Labdien! Jā, apavus apmainīsim bez maksas. Kādu izmēru jums vajag?",
            ),
        ),
        "payment": (
            Exchange(
                "Maksājums par pasūtījumu {order} nokasīts divreiz, lūdzu, pārbaudiet.",
                "Labdien! Pārbaudījām: liekais maksājums atgriezīsies kontā trīs darba dienu laikā.",
            ),
            Exchange(
                "Vai varat atsūtīt rēķinu uz uzņēmuma vārda par pasūtījumu {order}?",
                "Labdien! Jā, rēķinu izrakstīsim. Lūdzu, atsūtiet uzņēmuma nosaukumu un reģistrācijas numuru.",
            ),
        ),
        "product": (
            Exchange(
                "Sveiki! Vai šīs austiņas der skriešanai lietū?",
                "Sveiki! Jā, šīs austiņas ir drošas pret lietu, un tām ir 18 mēnešu garantija.",
            ),
            Exchange(
                "Kad zilā kleita M izmērā atkal būs pieejama?",
                "Sveiki! Zilā kleita M izmērā būs pieejama nākamnedēļ, mēs jums paziņosim.",
            ),
            Exchange(
                "Vai kafijas automātam ir latviešu valodas instrukcija?",
                "Sveiki! Jā, kafijas automātam ir instrukcija latviešu valodā, tā ir arī mūsu lapā.",
            ),
        ),
        "complaint": (
            Exchange(
                "Krūze pienāca saplīsusi, un neviens neatbild uz zvaniem. Tas ir nepieņemami!",
                "Ļoti atvainojamies! Šodien bez maksas izsūtām jaunu krūzi.",
            ),
            Exchange(
                "Jau otro reizi atsūtāt nepareizu krāsu. Esmu ļoti vīlusies.",
                "Ļoti atvainojamies! Pareizo krāsu izsūtām šodien bez maksas, nepareizo savāks kurjers.",
            ),
        ),
        "thanks": (
            Exchange("Liels paldies par palīdzību! 😊", "Lūdzu! Lai jauka diena!"),
            Exchange("Lieliski, paldies, jauku dienu!", "Paldies jums, lai arī jums jauka diena!"),
        ),
        "card": (
            Exchange(
                "Maksājums neizdodas, manas kartes numurs ir 4242 4242 4242 4242, lūdzu, pārbaudiet.",
                "Labdien! Lūdzu, nerakstiet šeit kartes numuru. Maksājumu pārbaudījām, tas ir apstiprināts.",
            ),
        ),
    },
    "en": {
        "delivery": (
            Exchange(
                "Hi, where is my order {order}? Tracking has not moved for three days.",
                "Hi! Your parcel was held at the depot; it is with the courier now and arrives tomorrow by 6 pm.",
            ),
            Exchange(
                "Hello! Can I change the delivery address for order {order}?",
                "Hello! Yes, it has not left yet. Please send us the new address and we will change it.",
            ),
            Exchange(
                "The courier left a card but I was home all day. When will the parcel come again?",
                "We are sorry about that. The courier brings the parcel again tomorrow between 9 and 1, and will ring first.",
            ),
        ),
        "refund": (
            Exchange(
                "I'd like a refund for order {order}, the shoes don't fit.",
                "Hi! The return is booked; the refund is with you two working days after the shoes reach us.",
            ),
            Exchange(
                "I sent the jacket back ten days ago and still don't have my money back.",
                "Hi! We found the jacket in our returns. The money is on its way and shows within two working days.",
            ),
            Exchange(
                "How do I return one item out of order {order}?",
                "Hi! We have emailed you a label for that one item; drop the parcel at any post office within 30 days.",
            ),
        ),
        "payment": (
            Exchange(
                "I was charged twice for order {order}, can you check please?",
                "Hi! We checked: the second charge is reversed and will show within three working days.",
            ),
            Exchange(
                "My payment was declined but the bank says it went through.",
                "Hi! We see the payment now and your order is confirmed; nothing was charged twice.",
            ),
        ),
        "product": (
            Exchange(
                "Is the navy raincoat coming back in size M?",
                "Hi! Yes, the navy raincoat is back in size M next week. We will let you know.",
            ),
            Exchange(
                "Are these headphones fine for swimming, or only splash-proof?",
                "Hi! These headphones are only splash-proof, so please do not swim with them.",
            ),
            Exchange(
                "Do you gift wrap? It's for my sister's birthday on Friday.",
                "Hi! Yes, gift wrap is free: choose it at the checkout. Order by Wednesday and it is there on Friday.",
            ),
        ),
        "complaint": (
            Exchange(
                "The mug arrived broken and nobody answers the phone. This is unacceptable!",
                "We are really sorry. A new mug goes out today, free of charge.",
            ),
            Exchange(
                "Second time you send the wrong colour. Really disappointed.",
                "We are really sorry. The right colour goes out today, free of charge, and the courier takes the other back.",
            ),
        ),
        "thanks": (
            Exchange("That was quick, thank you so much!", "You're welcome, have a lovely day!"),
            Exchange("Perfect, thanks for sorting it out.", "Glad it is sorted. Have a lovely day!"),
        ),
        "card": (
            Exchange(
                "My payment fails, the card is 4242 4242 4242 4242, could you look into it?",
                "Hi! Please do not write card numbers here. We checked the payment and it is confirmed.",
            ),
        ),
    },
}

ANYTHING_ELSE: Mapping[Language, str] = {
    "fa": "سلام، پیامتون رسید. داریم بررسی می‌کنیم و خیلی زود جواب می‌دیم.",
    "ar": "أهلاً بك، وصلتنا رسالتك. نراجع الأمر ونعود إليك بعد قليل.",
    "lv": "Labdien! Jūsu ziņu saņēmām. Noskaidrosim un drīz atbildēsim.",
    "en": "Hello! We have your message. We are looking into it and will be back with you shortly.",
}
"""The answer to a text that is not of this corpus, such as that of a user who tries the demo."""

_GAPS = re.compile(r"\{order\}|4242 4242 4242 4242")


def answer_to(question: str, language: str | None) -> str:
    """The answer that fits what was written, whatever its order number, with its card number masked, or edited.

    To words that are none of ours, in the conversation's language, else in English.
    """
    for exchanges in (topic for topics in EXCHANGES.values() for topic in topics.values()):
        for exchange in exchanges:
            if all(part in question for part in _GAPS.split(exchange.question)):
                return exchange.answer
    return ANYTHING_ELSE[next((code for code in LANGUAGES if code == language), "en")]
