"""What customers of the demo shop write and what its agents answer, in Persian, Arabic, Latvian and English.

`{order}` is an order number. The card number is a payment provider's public test number.
"""

from collections.abc import Mapping
from typing import Literal

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

MESSAGES: Mapping[Language, Mapping[Topic, tuple[str, ...]]] = {
    "fa": {
        "delivery": (
            "سلام، سفارش {order} من هنوز نرسیده. میشه بگید الان کجاست؟",
            "سلام وقت بخیر، کد رهگیری مرسوله‌ی سفارش {order} رو می‌خواستم.",
            "قرار بود سفارشم دیروز ارسال بشه ولی هنوز توی وضعیت آماده‌سازیه. شماره سفارش {order}",
        ),
        "refund": (
            "سفارش {order} رو لغو کردم، پولم رو کی برمی‌گردونید؟",
            "سلام، کفشی که گرفتم سایزش کوچیکه. می‌خوام مرجوع کنم، چیکار باید بکنم؟",
            "یک هفته‌ست منتظر بازگشت وجه سفارش {order} هستم، لطفاً پیگیری کنید.",
        ),
        "payment": (
            "پول از حسابم کسر شد ولی سفارش ثبت نشد. درگاه خطا داد.",
            "سلام، برای سفارش {order} فاکتور رسمی می‌خوام. از کجا باید بگیرم؟",
        ),
        "product": (
            "سلام، این کاپشن رنگ سرمه‌ای سایز لارج موجود می‌شه؟",
            "گارانتی این هدفون چند ماهه؟ ضدآب هم هست؟",
            "برای هدیه می‌خوام، کادوپیچی هم انجام می‌دید؟",
        ),
        "complaint": (
            "واقعاً افتضاحه! لیوان‌ها همه شکسته رسیده و هیچ‌کس جواب نمی‌ده.",
            "رنگ اشتباه فرستادید، این دفعه‌ی دومه. خیلی ناراضی‌ام از خرید.",
        ),
        "thanks": ("خیلی ممنون از پیگیری‌تون 🙏", "عالی شد، دستتون درد نکنه."),
        "card": ("پرداختم انجام نشده، شماره کارتم 4242 4242 4242 4242 هست، لطفاً بررسی کنید.",),
    },
    "ar": {
        "delivery": (
            "السلام عليكم، طلبي رقم {order} لم يصل حتى الآن. أين هو؟",
            "مرحباً، كم يستغرق التوصيل إلى الشارقة؟ رقم الطلب {order}",
            "شركة الشحن تقول إن العنوان ناقص، كيف أعدّله للطلب {order}؟",
        ),
        "refund": (
            "أريد استرجاع الحذاء لأن المقاس صغير، ما هي الخطوات؟",
            "ألغيت الطلب {order} قبل أسبوع، متى يتم رد المبلغ؟",
            "هل يمكن استبدال القطعة بدلاً من استرداد المبلغ؟",
        ),
        "payment": (
            "تم خصم المبلغ مرتين للطلب {order}، أرجو المراجعة.",
            "لا يعمل الدفع عند الاستلام في مدينتي، هل توجد طريقة أخرى؟",
        ),
        "product": (
            "هل يتوفر هذا الفستان باللون الأسود ومقاس متوسط؟",
            "كم مدة ضمان السماعة؟ وهل هي أصلية؟",
            "متى تعود العباءة الزرقاء إلى المخزون؟",
        ),
        "complaint": (
            "وصلني المنتج مكسوراً، هذا غير مقبول أبداً!",
            "هذه ثاني مرة ترسلون لوناً مختلفاً، أنا مستاء جداً من الخدمة.",
        ),
        "thanks": ("شكراً جزيلاً على سرعة الرد 🌹", "تمام، يعطيكم العافية."),
        "card": ("لم تنجح عملية الدفع، رقم بطاقتي 4242 4242 4242 4242، أرجو التحقق.",),
    },
    "lv": {
        "delivery": (
            "Labdien! Kur ir mans pasūtījums {order}? Piegādei bija jābūt vakar.",
            "Sveiki, vai sūtījumu {order} var pāradresēt uz citu pakomātu?",
            "Labrīt! Kurjers šodien neatbrauca, kad varu gaidīt piegādi?",
        ),
        "refund": (
            "Vēlos atgriezt jaku, izmērs neder. Kā to noformēt?",
            "Atcēlu pasūtījumu {order} pirms nedēļas, kad saņemšu naudu atpakaļ?",
            "Labdien, vai apavus var apmainīt pret citu izmēru bez papildu maksas?",
        ),
        "payment": (
            "Maksājums par pasūtījumu {order} nokasīts divreiz, lūdzu, pārbaudiet.",
            "Vai varat atsūtīt rēķinu uz uzņēmuma vārda par pasūtījumu {order}?",
        ),
        "product": (
            "Sveiki! Vai šīs austiņas der skriešanai lietū?",
            "Kad zilā kleita M izmērā atkal būs pieejama?",
            "Vai kafijas automātam ir latviešu valodas instrukcija?",
        ),
        "complaint": (
            "Krūze pienāca saplīsusi, un neviens neatbild uz zvaniem. Tas ir nepieņemami!",
            "Jau otro reizi atsūtāt nepareizu krāsu. Esmu ļoti vīlusies.",
        ),
        "thanks": ("Liels paldies par palīdzību! 😊", "Lieliski, paldies, jauku dienu!"),
        "card": ("Maksājums neizdodas, manas kartes numurs ir 4242 4242 4242 4242, lūdzu, pārbaudiet.",),
    },
    "en": {
        "delivery": (
            "Hi, where is my order {order}? Tracking has not moved for three days.",
            "Hello! Can I change the delivery address for order {order}?",
            "The courier left a card but I was home all day. When will the parcel come again?",
        ),
        "refund": (
            "I'd like a refund for order {order}, the shoes don't fit.",
            "I sent the jacket back ten days ago and still don't have my money back.",
            "How do I return one item out of order {order}?",
        ),
        "payment": (
            "I was charged twice for order {order}, can you check please?",
            "My payment was declined but the bank says it went through.",
        ),
        "product": (
            "Is the navy raincoat coming back in size M?",
            "Are these headphones fine for swimming, or only splash-proof?",
            "Do you gift wrap? It's for my sister's birthday on Friday.",
        ),
        "complaint": (
            "The mug arrived broken and nobody answers the phone. This is unacceptable!",
            "Second time you send the wrong colour. Really disappointed.",
        ),
        "thanks": ("That was quick, thank you so much!", "Perfect, thanks for sorting it out."),
        "card": ("My payment fails, the card is 4242 4242 4242 4242, could you look into it?",),
    },
}

ANSWERS: Mapping[Language, Mapping[Topic, tuple[str, ...]]] = {
    "fa": {
        "delivery": ("سلام، مرسوله‌ی شما تحویل پست شده و تا فردا عصر به دستتون می‌رسه. لینک رهگیری رو پیامک کردیم.",),
        "refund": ("سلام، درخواست مرجوعی ثبت شد. بعد از تحویل کالا، وجه ظرف ۴۸ ساعت به حسابتون برمی‌گرده.",),
        "payment": ("سلام، تراکنش رو بررسی کردیم؛ مبلغ ناموفق حداکثر تا ۷۲ ساعت خودکار برمی‌گرده.",),
        "product": ("سلام، بله موجوده و ۱۸ ماه گارانتی داره. می‌تونید همین الان از سایت ثبت سفارش کنید.",),
        "complaint": ("سلام، واقعاً متأسفیم. همین امروز کالای سالم رو بدون هزینه براتون می‌فرستیم.",),
        "thanks": ("خواهش می‌کنم، روز خوبی داشته باشید 🌸",),
        "card": ("سلام، لطفاً شماره کارت رو این‌جا ننویسید؛ پرداخت شما از طرف ما بررسی و تأیید شد.",),
    },
    "ar": {
        "delivery": ("وعليكم السلام، شحنتك خرجت من المستودع وتصلك غداً بإذن الله. أرسلنا رابط التتبع برسالة نصية.",),
        "refund": ("أهلاً بك، سجّلنا طلب الإرجاع، ويصلك المبلغ خلال يومي عمل بعد استلام القطعة.",),
        "payment": ("أهلاً، راجعنا العملية وسيعود المبلغ الزائد إلى حسابك خلال ثلاثة أيام عمل.",),
        "product": ("أهلاً، نعم متوفر ومعه ضمان سنة ونصف، ويمكنك الطلب الآن من الموقع.",),
        "complaint": ("نعتذر منك كثيراً، سنرسل لك قطعة سليمة اليوم دون أي تكلفة.",),
        "thanks": ("على الرحب والسعة، يومك سعيد!",),
        "card": ("أهلاً، نرجو عدم كتابة رقم البطاقة هنا. راجعنا الدفعة من جهتنا وهي مؤكدة.",),
    },
    "lv": {
        "delivery": (
            "Labdien! Sūtījums ir nodots kurjeram un būs pie jums rīt līdz plkst. 18. Saiti nosūtījām īsziņā.",
        ),
        "refund": ("Labdien! Atgriešana ir reģistrēta, naudu saņemsiet divu darba dienu laikā pēc preces saņemšanas.",),
        "payment": ("Labdien! Pārbaudījām: liekais maksājums atgriezīsies kontā trīs darba dienu laikā.",),
        "product": ("Sveiki! Jā, prece ir noliktavā, un tai ir 18 mēnešu garantija.",),
        "complaint": ("Ļoti atvainojamies! Šodien bez maksas izsūtām jaunu preci.",),
        "thanks": ("Lūdzu! Lai jauka diena!",),
        "card": ("Labdien! Lūdzu, nerakstiet šeit kartes numuru. Maksājumu pārbaudījām, tas ir apstiprināts.",),
    },
    "en": {
        "delivery": ("Hi! Your parcel is with the courier and arrives tomorrow by 6 pm. We texted you the link.",),
        "refund": ("Hi! The return is booked; the money is back two working days after the parcel reaches us.",),
        "payment": ("Hi! We checked: the extra charge is reversed and will show within three working days.",),
        "product": ("Hi! Yes, it is in stock and comes with an 18-month warranty.",),
        "complaint": ("We are really sorry. A new one goes out today, free of charge.",),
        "thanks": ("You're welcome, have a lovely day!",),
        "card": ("Hi! Please do not write card numbers here. We checked the payment and it is confirmed.",),
    },
}
