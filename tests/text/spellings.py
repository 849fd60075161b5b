"""Cards as people write them, and numbers of shops that are none. Every number is invented or a published test number."""

CARDS = (
    "4111111111111111",
    "5500000000000004",
    "2223003122003222",
    "6037997412345671",
    "6104337812345674",
    "378282246310005",
)
MARK, FILLERS = (
    "\u0301",
    ("\u200b", "\u3164", "\u2800", "\u034f", "\u064e", "\ufeff", "\u00ad", "\u115f", "\u20e3", "\u0483"),
)


def groups(number: str) -> list[str]:
    """As printed on the card."""
    sizes = (4, 6, 5) if len(number) == 15 else (4, 4, 4, 4)
    cut, at = [], 0
    for size in sizes:
        cut.append(number[at : at + size])
        at += size
    return cut


def _in_digits(number: str, zero: str) -> str:
    return "".join(chr(ord(zero) + int(digit)) for digit in number)


JOINED = (
    "{}", " ", "-", ".", "/", "_", ", ", "، ", ",", "،", "; ", " : ", " | ", "\n", "\r\n", "\t", " - ", " – ", "—", " · ", "*", "~",
    " and ", " then ", " و ", " سپس ", " ثم ", " un ", " tad ", " next ", " bad ", "💳", " 💳 ", "➡️", "=>", " > ", "<br>", "<br/>\n",
    "&nbsp;", "&#32;", "&ensp;", "%20", "+", "\\n", "</b> <b>", "&#45;", "(…)", "؛ ", "⁃", "\u3000", "\u2028",
)  # fmt: skip
AROUND = (
    "{}", "my card is {}", "card no:{}", "شماره کارتم {} هست", "کارت:{}", "بطاقتي رقم {} شكرا", "mana karte {}, paldies", "shomare kart {}",
    "cardnumber{}end", "**{}**", "[{}](x)", "'{}'", '"{}"', "<b>{}</b>", "{}.", "({})", "pay?c={}&x=1", "visa {} 12/27 123", "کارت به کارت {}",
    "my order 12345 with {}", "IBAN? no, {}",
)  # fmt: skip
GLUED = (
    "{}12/27",
    "{}1227",
    "{} 12/27",
    "{}12/2027",
    "{}/12/27",
    "{}-123",
    "{}/123",
    "{} cvv 123",
    "{}1227123",
    "card {}123",
    "{} exp 0928",
)
SCRIPTS = "۰٠０०০੦૦୦௦౦೦൦๐໐༠၀០᠐𝟎𝟘𝟬𝟶"


def spelled() -> list[str]:
    """All spellings, each with one card and no other digits of value."""
    found = []
    for index, gap in enumerate(JOINED):
        number = CARDS[index % len(CARDS)]
        found.append((gap if gap != "{}" else "").join(groups(number)))
    found += [around.format(CARDS[index % len(CARDS)]) for index, around in enumerate(AROUND)]
    found += [glued.format(CARDS[index % 5]) for index, glued in enumerate(GLUED)]
    found += [glued.format(" ".join(groups(CARDS[index % 5]))) for index, glued in enumerate(GLUED)]
    found += [_in_digits(CARDS[index % len(CARDS)], zero) for index, zero in enumerate(SCRIPTS)]
    found += [filler.join(CARDS[index % 5]) for index, filler in enumerate(FILLERS)]
    found += [filler.join(groups(CARDS[index % 5])) for index, filler in enumerate(FILLERS)]
    found += ["".join(digit + MARK * (1 + index) for digit in CARDS[index]) for index in range(3)]
    found += [sign.join(CARDS[index]) for index, sign in enumerate((" ", ", ", "-", " . ", "\n"))]
    found += [
        "\n".join(f"{n}{sign} {group}" for n, group in enumerate(groups(CARDS[0]), 1)) for sign in (".", ")", ":", " -")
    ]
    found += [f"first {a} second {b} third {c} last {d}" for a, b, c, d in (groups(number) for number in CARDS[:5])]
    found += [f"اول {a} بعد {b} بعد {c} آخر {d}" for a, b, c, d in (groups(number) for number in CARDS[:2])]
    found += [f"card {a}{b} {c}{d}" for a, b, c, d in (groups(number) for number in CARDS[:3])]
    found += [
        "①".join([""]) + "".join("⓪①②③④⑤⑥⑦⑧⑨"[int(d)] for d in CARDS[1]),
        "".join(f"{d}\ufe0f\u20e3" for d in CARDS[0]),
    ]
    found += [
        "".join(f"&#{ord(d)};" for d in CARDS[0]),
        "".join(f"%3{d}" for d in CARDS[1]),
        "".join(f"\\u003{d}" for d in CARDS[0]),
    ]
    found += [
        "".join("〇一二三四五六七八九"[int(d)] for d in CARDS[0]),
        "%2534" + CARDS[0][1:],
        f"{CARDS[0][:8]}<wbr>{CARDS[0][8:]}",
    ]
    return found


TEST_CARDS = [
    "4111111111111111",
    "4242424242424242",
    "4012888888881881",
    "4000056655665556",
    "4917610000000000",
    "5555555555554444",
    "5105105105105100",
    "5200828282828210",
    "5454545454545454",
    "2223003122003222",
    "2223000048400011",
    "378282246310005",
    "371449635398431",
    "6011111111111117",
    "6011000990139424",
    "3530111333300000",
    "3566002020360505",
    "6200000000000005",
    "6304000000000000",
    "6759649826438453",
    "2200000000000053",
    "30569309025904",
    "38520000023237",
    "9792030000000000",
]

HARMLESS = """The phone is broken, its IMEI is 356938035643809
IMEI: 490154203237518
imei 49-015420-323751-8
شماره سریال 356938035643809 است
گوشی با IMEI ۳۵۶۹۳۸۰۳۵۶۴۳۸۰۹ خراب است
serial number 4539578763621486
S/N 4539578763621486
SIM card number 8937102000000000019
ICCID 89371020000000000196
سیم کارت من ۸۹۹۸۱۱۰۰۰۰۰۰۰۰۰۰۰۰۰۵ کار نمی کند
Your tracking number is 774895012345671
tracking 4012888888881881
کد رهگیری ۴۰۱۲۸۸۸۸۸۸۸۸۱۸۸۱
کد رهگیری پستی 240710098300012345678912
رقم التتبع 1234567890123452
RR123456785LV
parcel LX473124829DE where
EAN 4006381333931
GTIN 04006381333931
barcode 5901234123457
بارکد 6260000000007
ISBN 9783161484100
SSCC 340123450000000015
2026-11-22T10:30:45.123Z
2026-11-22 10:30:45
2026-11-22 10:30:45.123456 order failed
at 22.11.2026 10:30 and 23.11.2026 11:45
1405/09/01 12:30:00
1732270000000 is the time
1732270000000000
prices 450,000 550,000 650,000
قیمت ها ۴۵۰٬۰۰۰ و ۵۵۰٬۰۰۰ و ۶۵۰٬۰۰۰ تومان
4,500,000 and 5,300,000 toman
45,250,000 55,300,002
450000 550000 650000
123456 789012 345674
total 4500 5000 6000 7000
2019 2020 2021 2024
orders 4539, 5787, 6362, 1486
سفارش ۴۵۳۹ و ۵۷۸۷ و ۶۳۶۲ و ۱۴۸۶
order 4521 then order 4533 then order 4544 then 4551
+371 29 123 456
+371 67123456, +371 67654321
67123456 67654321
67123456, 67654328
+98 912 123 4567 or 0912 123 4568
00989121234567
09121234567 09351234568
0044 20 7946 0958
+1 (415) 555-2671
(021) 88776655 - 88776656
LV80BANK0000435195001
DE25 5001 0517 5400 0009 00
IR062960000000100324200001
GB82WEST12345698765432
35.689252, 51.388973
35.6892523 51.3889736
56.946285,24.105078
192.168.100.101 10.0.0.12
2001:4860:4860:0000:0000:0000:0000:8888
550e8400-e29b-41d4-a716-446655440000
version 1.2.3.4.5.6.7.8.9.10.11
order 1000000012345
order 2024112200012345
2611280000012345
2401150000000008
invoice 20261122-000123-0001
SKU 123-456-789-012-345
PO 0000000000001234
1234567890123
12345678901234
1234567890123452
8888888888888888
7777777777777777
9999 8888 7777 6666
1111 1111 1111 1111
0000000000000000
4111 1111 1111 1112
4111111111111112
5500000000000005
378282246310006
1112223334445
AB12345678901234567
id 018f3c5e-7a2b-7000-8000-0123456789ab
100 200 300 400 500 600
10 20 30 40 50 60 70 80
5 x 12 = 60, 4 x 15 = 60, 16 x 2
12:30 - 14:45, 15:00 - 18:30, 19:00 - 20:15
size 38/40/42/44/46/48/50/52
1 2 3 4 5 6 7 8 9 10 11 12 13 14
A4 210x297, A5 148x210, A6 105x148
9 August 2026 10 August 2026 11 August 2026
https://shop.example/p/1000200030004?v=20261122
https://shop.example/%D8%B3%D9%84%D8%A7%D9%85?page=50%25
#1000200030004
nr. 4000-1234-567
1.250.000,00 / 2.500.000,00
customer 00012345678901
meter reading 0012345678901234567
پلاک ۱۲ ایران ۳۴۵ ب ۶۷
USPS 9400110200881234567890
UPS 1Z999AA10123456784
FedEx 449044304137821
DHL 00340434161094015902
gift card 4006381333931""".splitlines()
