"""Check digits: whether a number can be right at all, before it counts as a card, an identity or a policy.

Every function takes a number in capitals without spaces and hyphens, and is linear in it. Sources: ISO/IEC 7812-1
(Luhn), ISO/IEC 7064 (MOD 11-2, MOD 97-10), ISO 13616 (IBAN), GB 11643 (resident identity numbers), GB 32100 (unified
social credit codes), ISO 3779 with 49 CFR 565 (vehicles), UPU S10 (parcels).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType

_LUHN_TWICE = tuple(2 * digit - 9 * (digit > 4) for digit in range(10))

_USCC_ALPHABET = {character: value for value, character in enumerate("0123456789ABCDEFGHJKLMNPQRTUWXY")}
_USCC_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))

_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VIN_VALUES = dict(zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", map(int, "012345678912345678123457923456789"), strict=True))

_S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)

_PROVINCES = frozenset(
    {*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82, 83}
)

_COUNTRIES = {
    15: "NO", 16: "BE", 18: "DK FI FK FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK", 21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL", 24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST", 26: "IS TR", 27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HU LB NI PL SV",
    29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC", 32: "LC", 33: "RU",
}  # fmt: skip
IBAN_LENGTHS: Mapping[str, int] = MappingProxyType(
    {country: length for length, countries in _COUNTRIES.items() for country in countries.split()}
)
"""ISO 3166 code of a country → characters of an IBAN there."""


def luhn(number: str) -> bool:
    """Whether the digits of a number end with their Luhn digit; its letters are left aside."""
    digits = [int(character) for character in number if character in "0123456789"]
    total = sum(digits[-1::-2]) + sum(_LUHN_TWICE[digit] for digit in digits[-2::-2])
    return len(digits) > 1 and total % 10 == 0


def mod_97(number: str) -> bool:
    """ISO 7064 MOD 97-10 over the number as it stands; letters count 10 to 35."""
    try:
        return int("".join(str(int(character, 36)) for character in number)) % 97 == 1
    except ValueError:
        return False


def mod_11(number: str) -> bool:
    """Weights 2 to 7 from the right, over and over; the last digit makes the sum a multiple of 11, X stands for 10."""
    digits = _digits_then_x(number)
    if digits is None:
        return False
    weighted = sum(digit * (2 + place % 6) for place, digit in enumerate(reversed(digits[:-1])))
    return (weighted + digits[-1]) % 11 == 0


def iso7064_mod_11_2(number: str) -> bool:
    """ISO 7064 MOD 11-2; the last character may be X, for 10."""
    digits = _digits_then_x(number)
    if digits is None:
        return False
    rest = 0
    for digit in digits[:-1]:
        rest = (rest + digit) * 2 % 11
    return (rest + digits[-1]) % 11 == 1


def _digits_then_x(number: str) -> list[int] | None:
    """The values of a number's digits, letters before them left aside; None for something else."""
    digits = number.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ-").replace("-", "")
    body, last = digits[:-1], digits[-1:]
    if not (body.isascii() and body.isdigit()) or last not in {*"0123456789X"}:
        return None
    return [*map(int, body), 10 if last == "X" else int(last)]


def resident_id(number: str) -> bool:
    """Whether it is a Chinese resident identity number of 18 characters: province, day of birth, MOD 11-2."""
    if len(number) != 18 or not number[:17].isdecimal() or int(number[:2]) not in _PROVINCES:
        return False
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return 1850 < born.year < 2100 and iso7064_mod_11_2(number)


def iban(number: str) -> bool:
    """Whether it is an IBAN: a country's length, MOD 97-10 with the first four characters moved to the end."""
    return IBAN_LENGTHS.get(number[:2]) == len(number) and mod_97(number[4:] + number[:4])


def social_credit_code(number: str) -> bool:
    """Whether it is the unified social credit code of a Chinese organisation (18 characters, modulo 31)."""
    if len(number) != 18 or not all(character in _USCC_ALPHABET for character in number):
        return False
    values = [_USCC_ALPHABET[character] for character in number]
    total = sum(value * weight for value, weight in zip(values, _USCC_WEIGHTS, strict=False))
    return (total + values[17]) % 31 == 0


def vehicle(number: str) -> bool:
    """Whether it is a vehicle's number of 17 characters with the check digit of North America and China."""
    if len(number) != 17 or not all(character in _VIN_VALUES for character in number):
        return False
    rest = sum(_VIN_VALUES[character] * weight for character, weight in zip(number, _VIN_WEIGHTS, strict=True)) % 11
    return number[8] == "0123456789X"[rest]


def postal_item(number: str) -> bool:
    """Whether it is a parcel's number such as ``RR473124829GB``."""
    digits = number[2:11]
    if len(number) != 13 or not (digits.isascii() and digits.isdigit()):
        return False
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(digits, _S10_WEIGHTS, strict=False)) % 11
    return int(digits[8]) == {10: 0, 11: 5}.get(rest, rest)


CHECKS: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {"luhn": luhn, "mod97": mod_97, "mod11": mod_11, "iso7064-mod11-2": iso7064_mod_11_2, "none": bool}
)
"""What ``check`` of a number in the settings may say."""
