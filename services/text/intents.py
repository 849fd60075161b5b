"""Guesses a customer's intent from words in four languages. Routing rules may use it; it never produces an answer."""

from services.text.normalise import normalise

# The intent with the most hits wins, the first one on a tie. A stem matches the beginning of a word.
INTENTS: dict[str, tuple[str, ...]] = {
    "refund": (
        *("refund", "money back", "chargeback", "return my", "want to return", "reimburse"),
        *(
            "مرجوع",
            "پس بدید",
            "پس بدین",
            "پولم رو",
            "پولمو",
            "پول من",
            "بازگشت وجه",
            "عودت",
            "استرداد",
            "استرجاع",
            "ارجاع",
            "رد المبلغ",
        ),
        *("atmaks", "naudu atpakal", "naudu atpakaļ", "atgriezt", "atgriešan", "atgriesan", "poolam"),
    ),
    "delivery": (
        *("deliver", "shipping", "shipment", "courier", "tracking", "where is my order", "not arrived", "parcel"),
        *(
            "ارسال",
            "نرسید",
            "مرسوله",
            "پست",
            "پیک",
            "رهگیری",
            "کی میرسه",
            "کجاست",
            "توصیل",
            "الشحن",
            "شحن",
            "لم یصل",
            "این طلب",
        ),
        *("piegād", "piegad", "sūtījum", "sutijum", "kurjer", "kur ir mans", "pakomāt", "pakomat", "kojast"),
    ),
    "payment": (
        *("payment", "paid", "charged", "invoice", "checkout", "declined", "transaction"),
        *("پرداخت", "واریز", "تراکنش", "درگاه", "کسر شد", "فاکتور", "الدفع", "دفعت", "خصم", "فاتوره"),
        *("maksāj", "maksaj", "samaks", "apmaks", "rēķin", "rekin", "nokās"),
    ),
    "complaint": (
        *("complain", "terrible", "unacceptable", "scam", "worst", "broken", "damaged", "defect", "wrong item"),
        *("شکایت", "افتضاح", "کلاهبردار", "خراب", "شکسته", "معیوب", "اشتباه فرستاد", "شکوی", "احتیال", "مکسور", "تالف"),
        *("sūdz", "sudz", "bojāt", "bojat", "saplīs", "krāpnie", "krapnie", "nepieņemam"),
    ),
}
_NORMALISED = {intent: tuple(f" {normalise(s)}" for s in stems) for intent, stems in INTENTS.items()}


def detect_intent(text: str) -> str | None:
    """`refund`, `delivery`, `payment` or `complaint`; None without a matching word."""
    # A stem has a space before it, so that it matches only where a word begins; so does the first word of the text.
    padded = f" {normalise(text)}"
    hits = {intent: sum(map(padded.__contains__, stems)) for intent, stems in _NORMALISED.items()}
    best = max(hits.values())
    return next((intent for intent, count in hits.items() if count == best), None) if best else None
