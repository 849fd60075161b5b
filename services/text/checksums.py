"""Check digits of payment cards, bank accounts and national ids. Arguments are ASCII."""

from datetime import date
from itertools import accumulate

# Weights of the digits in the two national ids: the Iranian code melli, and the Latvian personas kods.
MELLI_WEIGHTS = range(10, 1, -1)
KODS_WEIGHTS = (1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_LENGTHS = """
    15 NO  16 BE  18 DK FI FK FO GL NL SD  19 MK SI  20 AT BA EE KZ LT LU MN XK  21 CH CR HR LI LV  22 BG BH DE GB GE IE ME RS
    23 AE GI IL IQ OM SO TL  24 AD CZ ES MD PK RO SA SE SK TN VG  25 LY PT ST  26 IR IS TR  27 BI DJ FR GR IT MC MR SM
    28 AL AZ BY CY DO GT HN HU LB NI PL SV  29 BR EG PS QA UA  30 JO KW MU YE  31 MT SC  32 LC  33 RU
"""


def _lengths() -> dict[str, int]:
    lengths: dict[str, int] = {}
    length = 0
    for word in _LENGTHS.split():
        if word.isdigit():
            length = int(word)
        else:
            lengths[word] = length
    return lengths


IBAN_LENGTHS = _lengths()
"""How many characters an account number of each country has (registry of ISO 13616)."""


class LuhnSums:
    """Check digits (ISO/IEC 7812, Luhn) of every part of a row of digits. Prefix sums make each query constant time."""

    def __init__(self, digits: str) -> None:
        # Luhn doubles every second digit counted from the right, so a part of the row needs one of two sums, by the parity
        # of its end. Both are made once; the sum of a part is the difference of two prefix sums.
        doubled_at = [
            [int(d) * (2 if position % 2 == parity else 1) for position, d in enumerate(digits)] for parity in (0, 1)
        ]
        self._sums = [[0, *accumulate(d // 10 + d % 10 for d in row)] for row in doubled_at]

    def fit(self, start: int, stop: int) -> bool:
        """Whether the last digit before `stop` checks those from `start` on."""
        sums = self._sums[stop % 2]
        return (sums[stop] - sums[start]) % 10 == 0


def luhn(digits: str) -> bool:
    """The check digit of payment cards."""
    return LuhnSums(digits).fit(0, len(digits))


def iban(value: str) -> bool:
    """ISO 13616: country, two check digits, account; modulo 97. `value` is upper case without spaces."""
    # Country and check digits move to the end, letters become numbers from 10 (A) to 35 (Z).
    moved = value[4:] + value[:4]
    return len(value) == IBAN_LENGTHS.get(value[:2]) and int("".join(str(int(c, 36)) for c in moved)) % 97 == 1


def iranian_id(digits: str) -> bool:
    """The check digit of an Iranian national id (کد ملی) of ten digits. Ten equal digits pass the sum but are not issued."""
    if len(digits) != 10 or len(set(digits)) == 1:
        return False
    rest = sum(int(d) * w for d, w in zip(digits, MELLI_WEIGHTS, strict=False)) % 11
    return int(digits[9]) == (rest if rest < 2 else 11 - rest)


def latvian_id(first: str, last: str) -> bool:
    """A personas kods `first-last`: of a birth date with its check digit, or the newer kind, 32-39 and no date."""
    # Numbers given out since July 2017 begin with 32 to 39, hold no birth date and have no check digit.
    if first[0] == "3" and first[1] in "23456789":
        return True
    total = sum(int(d) * w for d, w in zip(first + last, KODS_WEIGHTS, strict=False))
    return _is_birthday(first, last[0]) and int(last[-1]) == (1101 - total) % 11 % 10


def _is_birthday(ddmmyy: str, century: str) -> bool:
    # The digit after the hyphen is the century of birth: 0 for 18xx, 1 for 19xx, 2 for 20xx.
    if century not in "012":
        return False
    try:
        date(1800 + 100 * int(century) + int(ddmmyy[4:]), int(ddmmyy[2:4]), int(ddmmyy[:2]))
    except ValueError:
        return False
    return True
