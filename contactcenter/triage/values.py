"""Normal forms of what entities say: numbers, sums of money, calendar dates."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

CURRENCIES = {
    "$": "USD", "us$": "USD", "usd": "USD", "dollar": "USD", "dollars": "USD", "bucks": "USD", "美元": "USD",
    "美金": "USD",     "€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR", "欧元": "EUR",
    "£": "GBP", "gbp": "GBP", "pound": "GBP", "pounds": "GBP", "英镑": "GBP",
    "¥": "CNY", "cny": "CNY", "rmb": "CNY", "yuan": "CNY", "人民币": "CNY", "元": "CNY", "块": "CNY", "块钱": "CNY",
    "hk$": "HKD", "hkd": "HKD", "港币": "HKD", "港元": "HKD", "jpy": "JPY", "yen": "JPY", "日元": "JPY",
}  # fmt: skip
"""What people write for a currency (lower case) → ISO 4217."""

MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sept sep", "october oct", "november nov", "december dec"), 1,
    )
    for name in names.split()
}  # fmt: skip

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1_000}
_SCALES = {"万": 10_000, "亿": 100_000_000, "千": 1_000, "百": 100, "k": 1_000}
_NUMBER = re.compile(r"\d[\d.,]*")
_SCALE = re.compile(r"[\d.,]\s?([万亿千百k])", re.IGNORECASE)
_CURRENCY = re.compile("|".join(sorted(map(re.escape, CURRENCIES), key=len, reverse=True)), re.IGNORECASE)

_YEAR_FIRST = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})")
_CHINESE_DAY = re.compile(r"(\d{1,2})月(\d{1,2})")
_NUMERIC = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4}|\d{2})$")
_WORDS = re.compile(r"[a-z]{3,}|\d+")
_AGO = re.compile(r"(\d+|[a-z]+|[一二两三四五六七八九十]{1,3})\s?个?(day|week|month|天|日|周|星期|礼拜|月)")
_ENGLISH_NUMBERS = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10}
_DAYS_IN = {"day": 1, "天": 1, "日": 1, "week": 7, "周": 7, "星期": 7, "礼拜": 7}


def chinese_number(text: str) -> int | None:
    """The value of a number in Chinese characters (``三万五千`` is 35000), or None when it is none."""
    total = section = digit = 0
    for character in text:
        if character in _DIGITS:
            digit = _DIGITS[character]
        elif character in _UNITS:
            section += (digit or 1) * _UNITS[character]
            digit = 0
        elif character in ("万", "亿"):
            total = (total + section + digit) * _SCALES[character]
            section = digit = 0
        else:
            return None
    return total + section + digit


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
    """``{"amount", "currency"}`` of a sum such as ``$1,200``, ``3.5万元`` or ``三千元``; None when unreadable."""
    sign = _CURRENCY.search(text)
    if sign is None:
        return None
    found = _NUMBER.search(text)
    if found is not None:
        amount = decimal_number(found.group())
        scale = _SCALE.search(text)
        if amount is not None and scale is not None:
            amount *= _SCALES[scale.group(1).lower()]
    else:
        amount = chinese_number(re.sub(r"[^零〇一二两三四五六七八九十百千万亿]", "", text))
    if amount is None:
        return None
    amount = round(amount, 2)
    return {"amount": int(amount) if amount == int(amount) else amount, "currency": CURRENCIES[sign.group().lower()]}


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _nearest(month: int, day: int, received_at: datetime | None) -> date | None:
    """The day of that name closest to the message's; None without one."""
    if received_at is None:
        return None
    today = received_at.date()
    days = [found for year in (-1, 0, 1) if (found := _day(today.year + year, month, day))]
    return min(days, key=lambda found: abs(found - today), default=None)


def calendar_date(text: str, received_at: datetime | None) -> str | None:
    """ISO 8601 day of a date as customers write it; None when it could be two days (``03/04/2026``) or none."""
    found = _written_date(text.lower(), received_at)
    return None if found is None else found.isoformat()


def _written_date(text: str, received_at: datetime | None) -> date | None:
    if match := _YEAR_FIRST.search(text):
        return _day(*map(int, match.groups()))
    if match := _CHINESE_DAY.search(text):
        return _nearest(int(match[1]), int(match[2]), received_at)
    if match := _NUMERIC.search(text):
        first, second, year = map(int, match.groups())
        year += 2000 if year < 100 else 0
        if first != second and first <= 12 and second <= 12:
            return None
        # Where one of the two is above 12, it is the day; where both are the same, the order does not matter.
        return _day(year, min(first, second), max(first, second))
    if match := _AGO.search(text):
        return _before(match[1], match[2], received_at)
    return _named_month(text, received_at)


def _before(count: str, unit: str, received_at: datetime | None) -> date | None:
    """The day ``count`` days or weeks before the message's; months are not days, so they give none."""
    number = int(count) if count.isdecimal() else _ENGLISH_NUMBERS.get(count) or chinese_number(count)
    if received_at is None or number is None or unit not in _DAYS_IN or number > 3_660:
        return None
    return received_at.date() - timedelta(days=number * _DAYS_IN[unit])


def _named_month(text: str, received_at: datetime | None) -> date | None:
    """The day of ``12 March 2026``, ``March 12th`` and the like."""
    words = _WORDS.findall(text)
    month = next((MONTHS[word] for word in words if word in MONTHS), None)
    numbers = [int(word) for word in words if word.isdecimal()]
    if month is None or not numbers:
        return None
    if len(numbers) == 1:
        return _nearest(month, numbers[0], received_at)
    return _day(numbers[1], month, numbers[0])


def weekday(number: int, weeks: int, received_at: datetime | None) -> str | None:
    """ISO 8601 day of a weekday (Monday is 0) in the message's week, or ``weeks`` weeks after it."""
    if received_at is None:
        return None
    today = received_at.date()
    return (today + timedelta(days=number - today.weekday() + 7 * weeks)).isoformat()


def days_away(days: int, received_at: datetime | None) -> str | None:
    """ISO 8601 day that many days after the message's."""
    return None if received_at is None else (received_at.date() + timedelta(days=days)).isoformat()
