"""Recognises payment card numbers by the issuer's prefix, a length that the issuer uses, and the check digit.

A check digit alone proves nothing: one number of ten passes it by chance, and so does every IMEI. The prefixes are those
of ISO/IEC 7812 that card networks publish, and those of the banks in Iran's Shetab network.
"""

from services.text.checksums import luhn

SHETAB = frozenset(
    [
        "207177",
        "502229",
        "502806",
        "502908",
        "502910",
        "502937",
        "502938",
        "504172",
        "504706",
        "505416",
        "505785",
        "505801",
        "505809",
        "507677",
        "581874",
        "585947",
        "585983",
        "589210",
        "589463",
        "603769",
        "603770",
        "603799",
        "606256",
        "606373",
        "610433",
        "621986",
        "622106",
        "627353",
        "627381",
        "627412",
        "627488",
        "627648",
        "627760",
        "627884",
        "627961",
        "628023",
        "628157",
        "636214",
        "636795",
        "636797",
        "636949",
        "639194",
        "639217",
        "639346",
        "639347",
        "639370",
        "639599",
        "639607",
        "991975",
    ]
)
SIXTEEN = frozenset({16})
Network = tuple[int, int, frozenset[int]]
"""The first and last prefix of a range (equally many digits), and the lengths of its card numbers."""
NETWORKS: tuple[Network, ...] = (
    (4, 4, SIXTEEN),  # Visa
    (51, 55, SIXTEEN),  # Mastercard
    (2221, 2720, SIXTEEN),
    (34, 34, frozenset({15})),  # American Express
    (37, 37, frozenset({15})),
    (62, 62, frozenset({16, 19})),  # UnionPay
    (81, 81, SIXTEEN),
    (50, 50, SIXTEEN),  # Maestro and the debit cards around it
    (56, 56, SIXTEEN),
    (58, 58, SIXTEEN),
    (6304, 6304, frozenset({16, 18, 19})),
    (6390, 6390, frozenset({16, 18, 19})),
    (67, 67, frozenset({16, 17, 18, 19})),
    (3528, 3589, SIXTEEN),  # JCB
    (6011, 6011, SIXTEEN),  # Discover
    (644, 649, SIXTEEN),
    (65, 65, SIXTEEN),  # Discover, RuPay, Troy
    (60, 60, SIXTEEN),  # RuPay
    (2200, 2204, SIXTEEN),  # Mir
    (9792, 9792, SIXTEEN),  # Troy
    (300, 305, frozenset({14})),  # Diners Club
    (36, 36, frozenset({14})),
    (38, 38, frozenset({14})),
)


def _table() -> dict[str, frozenset[int]]:
    # Ranges become single prefixes, so that a look-up is five dictionary reads, whatever the number of networks.
    lengths: dict[str, frozenset[int]] = dict.fromkeys(SHETAB, SIXTEEN)
    for first, last, sizes in NETWORKS:
        for beginning in map(str, range(first, last + 1)):
            lengths[beginning] = lengths.get(beginning, frozenset()) | sizes
    return lengths


LENGTHS = _table()
NO_LENGTHS: frozenset[int] = frozenset()
MONTHS = range(1, 13)
# Mastercard's second range is 2221 to 2720, where order numbers that begin with year and month (YYMM) also lie.
YEARS = range(20, 28)


def card_lengths(beginning: str) -> frozenset[int]:
    """The possible lengths of card numbers with this prefix of six digits; empty when no issuer has it."""
    lengths = [LENGTHS[beginning[:size]] for size in (1, 2, 3, 4, 6) if beginning[:size] in LENGTHS]
    return frozenset().union(*lengths) if lengths else NO_LENGTHS


def is_card(digits: str) -> bool:
    """An issuer's number with its check digit."""
    return len(digits) in card_lengths(digits[:6]) and luhn(digits)


def starts_with_date(digits: str) -> bool:
    """Whether the digits begin with a year and a month of this time, as order numbers do: `2611...` looks like Mastercard."""
    return digits[0] == "2" and int(digits[:2]) in YEARS and int(digits[2:4]) in MONTHS


def is_common_network(digits: str) -> bool:
    """Whether the number is of Visa, Mastercard or Shetab. For these, three glued digits are taken as the CVV."""
    return digits[0] == "4" or "51" <= digits[:2] <= "55" or digits[:6] in SHETAB
