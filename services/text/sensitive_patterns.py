"""The patterns by which secrets and personal data are found in a folded text: words that announce a value, and its shape.

`sensitive` has the rules that stand on them. All patterns match folded text: lower case, ASCII digits, Persian letters.
"""

import re

from services.text.normalise import normalised_words

# Every repeat is bounded and every word begins at a word boundary, so that matching time is linear in the text (no ReDoS).
CARD_WORD = (
    r"(?:(?:(?<!sim )(?<!sim-)(?<!gift )(?<!memory )(?<!sd )(?<!graphics )(?<!id )(?<!loyalty )(?:(?:credit|debit|bank)?cards?|kart[eiaus]?[^\W\d]{0,4}+)"
    r"|kredītkart[^\W\d]{0,4}+|visa|master ?card|maestro|amex|shetab|(?<!سیم )(?<!سیم)(?<!هدیه )کارت|(?:ال)?بطاق[^\W\d]{0,6}+|شتاب|pan"
    r"|cvv2?|cvc2?|expir[^\W\d]{0,8}+|کد امنیتی))"
)
CVV_WORD = r"(?:cvv ?2?|cvc ?2?|cw2|csc|card security code|security code|drošības kod[^\W\d]{0,12}+|drosibas kod[^\W\d]{0,12}+|کد امنیتی|سی وی وی)"
CODE_WORD = (
    r"(?:otp|one[- ]?time (?:code|password|pin|passcode)|(?:verification|confirmation|login|sms|auth[^\W\d]{0,12}+|2fa|security) code"
    r"|passcode|pin(?:[- ]?code)?|vienreiz[^\W\d]{1,12}+ (?:kod|parol)[^\W\d]{0,12}+|apstiprin[^\W\d]{1,12}+ kod[^\W\d]{0,12}+|pin[- ]?kod[^\W\d]{0,12}+|sms kod[^\W\d]{0,12}+"
    r"|کد (?:تایید|تائید|تاييد|فعال ?سازی|ورود|پیامک[^\W\d]{0,12}+|یک ?بار ?مصرف|پویا)|رمز (?:پویا|دوم|اول|یک ?بار ?مصرف|کارت|موقت)[^\W\d]{0,12}+|پین ?کد|پین"
    r"|رمز (?:ال)?(?:تحقق|تحقّق|تاکید|سری)|الرمز السری|کود (?:ال)?(?:تحقق|تفعیل)|رمز التفعیل)"
)
LOGIN_WORD = (
    r"(?:pass ?word|passwd|pwd|passphrase|parol(?:e|i|es|ē|em)|رمز ?(?:عبور|ورود)|گذر ?واژه|پسورد|پسوورد|کلمه ?عبور"
    r"|کلمه (?:ال)?(?:مرور|سر)|رمز(?! ?(?:ارز|تخفیف|رهگیری)))"
)
ID_WORD = (
    r"(?:کد ?ملی|شماره ?ملی|کارت ملی|شناسه ملی|melli|mell?i code|national (?:id|code|number)|الرقم الوطنی|رقم وطنی"
    r"|الهویه|رقم الهویه|personas kod[^\W\d]{0,12}+|p\.? ?k\.?|personal code|id number)"
)
ORDER_WORD = r"(?:order|invoice|parcel|tracking|سفارش|فاکتور|مرسوله|رهگیری|طلب[^\W\d]{0,12}+|الطلب|pasūtījum[^\W\d]{0,12}+|pasutijum[^\W\d]{0,12}+|rēķin[^\W\d]{0,12}+|sūtījum[^\W\d]{0,12}+|sutijum[^\W\d]{0,12}+)"
SHEBA_WORD = r"(?:شبا|sheba|iban|ایبان|آیبان)"

# Between a word and its value: a few other words, no digit, no end of a sentence, and no word that announces another
# number ("the confirmation code for order 12345 never came").
_OTHER = r"(?!order|invoice|parcel|tracking|سفارش|فاکتور|مرسوله|رهگیری|طلب|pasūt|pasut|rēķin|sūtīj|sutij)"
_GAP = rf"(?:{_OTHER}(?:[^\S\n]|[:=#.\-–—،,'\"«(\[]|\u200c|[^\W\d])){{0,28}}?"
_SHORT_GAP = rf"(?:{_OTHER}(?:[^\S\n]|[:=«\"'(]|\u200c|[^\W\d])){{0,12}}?"
_CODE = r"(?<!\d)\d(?:[ \-.]?\d){2,9}(?!\d)"
_CONNECTOR = r"[^\S\n]*(?:[^\W\d]{1,6}[^\S\n]+){0,2}?(?:[:=]+|\bis\b|\bir\b|\bاین\b|\bهو\b|\bهی\b|->)[^\S\n]*"
# Words that follow "password is" in sentences about passwords, and that are no passwords.
NOT_A_PASSWORD = normalised_words(
    """wrong not incorrect invalid expired required correct the a an being too still never always broken lost forgotten
    reset changed blocked locked needed ok fine working no same and but or for to in on it my your nav ir ne
    nepareiza nederīga aizmirsta درست غلط اشتباه فراموش کار نیست است رو را خطا منتهی صحیح خاطئه"""
)

CVV = re.compile(rf"(?<!\w){CVV_WORD}{_GAP}(?P<value>(?<!\d)\d[ \-.]?\d[ \-.]?\d(?:[ \-.]?\d)?(?!\d))")
CODE_AFTER_WORD = re.compile(rf"(?<!\w){CODE_WORD}(?!\w){_GAP}(?P<value>{_CODE})")
CODE_BEFORE_WORD = re.compile(rf"(?P<value>{_CODE})[^\S\n]*(?:is my|is the|ir mans|ir mana)[^\S\n]*{CODE_WORD}(?!\w)")
PASSWORD_STATED = re.compile(rf"(?<!\w){LOGIN_WORD}\w{{0,3}}{_CONNECTOR}(?P<value>[^\s،,;]{{1,200}})")
PASSWORD_SHAPED = re.compile(
    rf"(?<!\w){LOGIN_WORD}\w{{0,3}}{_SHORT_GAP}(?P<value>(?=[^\s]{{0,60}}\d)(?<![^\s:=«\"'(])[^\s،;]{{4,200}})"
)
NATIONAL_ID_STATED = re.compile(rf"(?<!\w){ID_WORD}{_GAP}(?P<value>(?<!\d)\d(?:[ \-.]?\d){{9,10}}(?!\d))")
TEN_DIGITS = re.compile(r"(?<!\d)\d(?:[ \-.]?\d){9}(?!\d)")
ANY_ID_WORD = re.compile(rf"(?<!\w){ID_WORD}")
PERSONAS_KODS = re.compile(r"(?<!\d)(?P<first>\d{6})[ ]?[-–—‑−][ ]?(?P<last>\d{5})(?!\d)")
ANY_CARD_WORD = re.compile(rf"(?<!\w){CARD_WORD}")
LOOSE_CVV = re.compile(r"(?<![\d\w.,/٬٫،])\d{3,4}(?![\d\w])(?!\s*(?:[/.,٬٫،]\d|%))")
COUNTING = re.compile(rf"(?<!\w)(?:{ORDER_WORD}|items?|pieces?|eur|usd|تومان|ریال)|[€$£#]")
DIGIT = re.compile(r"\d")
EMAIL = re.compile(r"(?<![\w.+\-])[\w.+\-]{1,64}+@[\w\-]{1,63}+(?:\.[\w\-]{1,63}+){1,8}+")
IBAN = re.compile(r"(?<![a-z0-9])[a-z]{2}\d{2}(?:[ \-]?[a-z0-9]){11,30}")
SHEBA = re.compile(rf"(?<!\w){SHEBA_WORD}{_GAP}(?P<value>\d(?:[ \-]?\d){{23}}(?!\d))")
# RFC 9562. One of digits alone is left to the other rules.
UUID = re.compile(
    r"(?<![^\W_])(?=[\d-]{0,35}[a-f])[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}(?![^\W_])", re.IGNORECASE
)
PHONE = re.compile(
    r"(?<![\d\w])(?:\+|00|0|\(0)[ \-.()]{0,2}\d(?:[ \-.()]{0,2}\d){6,13}(?!\d)|(?<![\d\w+])[26]\d(?: ?\d){6}(?!\d)"
)
ORDER = re.compile(
    rf"(?<!\w){ORDER_WORD}{_GAP}(?P<value>[#№]?(?<![a-z\d])(?:[a-z]{{1,4}}-?)?\d(?:[\-/]{{0,2}}\d){{2,40}}+)|(?P<hash>[#№] ?[a-z]{{0,4}}-?\d{{3,40}}+)"
)
POSTCODE = re.compile(
    rf"(?<!\w)lv ?[-–] ?(?P<value>\d{{4}})(?!\d)|(?:کد ?پستی|postcode|zip code){_GAP}(?P<code>\d(?:[ \-]?\d){{3,9}})"
)
