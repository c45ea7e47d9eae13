"""Normal forms of what entities say: numbers and sums of money."""

from __future__ import annotations

import re

CURRENCIES = {
    "$": "USD", "us$": "USD", "usd": "USD", "dollar": "USD", "dollars": "USD", "bucks": "USD", "美元": "USD",
    "美金": "USD", "€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR", "欧元": "EUR",
    "£": "GBP", "gbp": "GBP", "pound": "GBP", "pounds": "GBP", "quid": "GBP", "英镑": "GBP",
    "¥": "CNY", "cny": "CNY", "rmb": "CNY", "yuan": "CNY", "人民币": "CNY", "元": "CNY", "块": "CNY", "块钱": "CNY",
    "hk$": "HKD", "hkd": "HKD", "港币": "HKD", "港元": "HKD", "jpy": "JPY", "yen": "JPY", "日元": "JPY",
    "a$": "AUD", "au$": "AUD", "aud": "AUD", "澳元": "AUD", "c$": "CAD", "ca$": "CAD", "cad": "CAD", "加元": "CAD",
    "s$": "SGD", "sgd": "SGD", "新加坡元": "SGD", "nt$": "TWD", "twd": "TWD", "新台币": "TWD",
    "chf": "CHF", "francs": "CHF", "瑞士法郎": "CHF", "inr": "INR", "₹": "INR", "rupees": "INR",
}  # fmt: skip
"""What people write for a currency (lower case) → ISO 4217."""

_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1_000}
_SCALES = {"万": 10_000, "亿": 100_000_000, "千": 1_000, "百": 100, "k": 1_000, "m": 1_000_000}
_SCALES |= {"hundred": 100, "thousand": 1_000, "million": 1_000_000}
_NUMBER = re.compile(r"\d[\d.,]*")
_SCALE = re.compile(r"[\d.,]\s?([万亿千百km](?![a-z])|hundred|thousand|million)", re.IGNORECASE)
_GROUPED = re.compile(r"\d{1,3}(?:\.\d{3})+")
_CURRENCY = re.compile("|".join(sorted(map(re.escape, CURRENCIES), key=len, reverse=True)), re.IGNORECASE)
_TENTHS = re.compile(r"块([\d一二三四五六七八九])")

ENGLISH_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90, "a": 1, "an": 1,
}  # fmt: skip
"""Words for numbers below a hundred."""


def chinese_number(text: str) -> int | None:
    """The value of a number in Chinese characters, or None when it is none.

    ``三万五千`` is 35000, and so is the ``三万五`` of everyday speech.
    """
    total = section = digit = 0
    before, unit = "", 1
    for character in text:
        if character in _DIGITS:
            digit = _DIGITS[character]
            # A last digit right behind a unit above ten counts in tenths of it.
            unit = _SCALES[before] // 10 if before in _SCALES else 1
        elif character in _UNITS:
            section += (digit or 1) * _UNITS[character]
            digit = 0
        elif character in ("万", "亿"):
            total = (total + section + digit) * _SCALES[character]
            section = digit = 0
        else:
            return None
        before = character
    return total + section + digit * unit


def english_number(text: str) -> int | None:
    """The value of ``two thousand five hundred`` and the like (lower case), or None when it is none."""
    total = section = 0
    words = text.replace("-", " ").split()
    for word in words:
        if word in ENGLISH_NUMBERS:
            section += ENGLISH_NUMBERS[word]
        elif word == "hundred":
            section = (section or 1) * 100
        elif word in ("thousand", "million"):
            total, section = total + (section or 1) * _SCALES[word], 0
        elif word != "and":
            return None
    return (total + section) or None


def decimal_number(text: str) -> float | None:
    """``1,234.56``, ``1.234,56``, ``1234,5`` and ``1234`` as a number; None for something else."""
    text = text.strip(".,")
    comma, point = text.rfind(","), text.rfind(".")
    if comma >= 0 and point >= 0:
        text = text.replace(",", "") if point > comma else text.replace(".", "").replace(",", ".")
    elif comma >= 0:
        decimal = text.count(",") == 1 and len(text) - comma - 1 <= 2
        text = text.replace(",", "." if decimal else "")
    elif text.count(".") > 1:
        text = text.replace(".", "")
    try:
        return float(text)
    except ValueError:
        return None


def money(text: str) -> dict[str, float | int | str] | None:
    """``{"amount", "currency"}`` of a sum such as ``$1,200``, ``3.5万元`` or ``三千元``; None when unreadable.

    Ten thousands without a currency (``1.2万``) are yuan: nobody else counts in them.
    """
    sign = _CURRENCY.search(text)
    currency = CURRENCIES[sign.group().lower()] if sign else "CNY" if "万" in text or "亿" in text else ""
    amount = _amount(text)
    if amount is None or not currency:
        return None
    tenths = _TENTHS.search(text)
    if tenths is not None:
        amount += (_DIGITS.get(tenths[1]) or int(tenths[1] if tenths[1].isdecimal() else 0)) / 10
    amount = round(amount, 2)
    return {"amount": int(amount) if amount == int(amount) else amount, "currency": currency}


def _amount(text: str) -> float | None:
    """How much, in whatever currency."""
    found = _NUMBER.search(text.partition("块")[0] or text)
    if found is None:
        numerals = re.sub(r"[^零〇一二两三四五六七八九十百千万亿]", "", text.partition("块")[0])
        if numerals:
            return chinese_number(numerals)
        return english_number(" ".join(re.findall(r"[a-z-]+", text.lower())[:-1]))
    written = found.group().strip(".,")
    scale = _SCALE.search(text)
    # Nobody writes a thousandth of a euro: three places behind every point are thousands.
    amount = decimal_number(written.replace(".", "") if _GROUPED.fullmatch(written) and not scale else written)
    return amount * _SCALES[scale[1].lower()] if amount is not None and scale else amount
