"""Days as customers name them, reckoned from the message's: written dates, "last Friday", 上周五, 下个月3号."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta

from contactcenter.triage import language as languages
from contactcenter.triage.values import ENGLISH_NUMBERS, chinese_number

MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sept sep", "october oct", "november nov", "december dec"), 1,
    )
    for name in names.split()
}  # fmt: skip

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

DayReckoner = Callable[[datetime | None], str | None]

_YEAR_FIRST = re.compile(r"(\d{4})\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})")
_CHINESE_DAY = re.compile(r"(\d{1,2}|[一二三四五六七八九十]{1,2})\s?月\s?(\d{1,2}|[一二三四五六七八九十]{1,3})")
_CHINESE_END = re.compile(r"(\d{1,2}|[一二三四五六七八九十]{1,2})月[底末]")
_NUMERIC = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4}|\d{2})$")
_WORDS = re.compile(r"[a-z]{3,}|\d+")
_DISTANCE = re.compile(
    r"(\d+|[a-z]+|[一二两三四五六七八九十]{1,3})\s?(?:个(?!月))?(day|week|天|日|周|星期|礼拜)s?\s?(ago|之?前|以前)?"
)
_OF_MONTH = re.compile(r"([上下这本])个?月(\d{1,2}|[一二三四五六七八九十]{1,3})[号日]")
_OF_MONTH_EN = re.compile(r"(\d{1,2})(?:st|nd|rd|th) of (last|this|next) month")
_FARTHEST = 3_660
_DAYS_IN = {"day": 1, "天": 1, "日": 1, "week": 7, "周": 7, "星期": 7, "礼拜": 7}
_AWAY = {"last": -1, "this": 0, "next": 1, "上": -1, "下": 1, "这": 0, "本": 0}

_DAYS_EN = {
    "today": 0, "tonight": 0, "this morning": 0, "this afternoon": 0, "this evening": 0, "yesterday": -1,
    "last night": -1, "day before yesterday": -2, "tomorrow": 1, "day after tomorrow": 2,
}  # fmt: skip
_DAYS_ZH = {
    "今天": 0, "今日": 0, "今早": 0, "今晚": 0, "昨天": -1, "昨日": -1, "昨晚": -1, "昨夜": -1, "前天": -2, "前日": -2,
    "大前天": -3, "明天": 1, "明日": 1, "明早": 1, "明晚": 1, "后天": 2, "大后天": 3,
}  # fmt: skip
_WEEKS_ZH = {"上": -1, "上上": -2, "这": 0, "本": 0, "下": 1, "下下": 2}
_ENDS = {
    languages.EN: {
        f"end of {month}": months
        for month, months in {"the month": 0, "this month": 0, "next month": 1, "last month": -1, "month": 0}.items()
    },
    languages.ZH: {
        f"{month}{end}": months
        for end in ("底", "末")
        for month, months in {"本月": 0, "这个月": 0, "月": 0, "上月": -1, "上个月": -1, "下月": 1, "下个月": 1}.items()
    },
}


def day_names(language: str) -> dict[str, DayReckoner]:
    """Names of days in a language (lower case) and how to reckon each from the message's day."""
    chinese = language == languages.ZH
    table = {name: _days_away(days) for name, days in (_DAYS_ZH if chinese else _DAYS_EN).items()}
    table |= {name: _month_end(months) for name, months in _ENDS[languages.ZH if chinese else languages.EN].items()}
    if chinese:
        for week, weeks in _WEEKS_ZH.items():
            for number, day in (*enumerate("一二三四五六日"), (6, "天")):
                nouns = ("周", "星期", "个星期", "礼拜", "个礼拜")
                table |= {f"{week}{noun}{day}": _weekday(number, weeks) for noun in nouns}
        return table
    for number, day in enumerate(WEEKDAYS):
        table |= {f"last {day}": _last(number), f"this {day}": _weekday(number, 0), f"next {day}": _weekday(number, 1)}
    return table


def calendar_date(text: str, received_at: datetime | None) -> str | None:
    """ISO 8601 day of a date as customers write it; None when it could be two days (``03/04/2026``) or none.

    ``received_at`` is the message's moment, from which "3 days ago" and days without a year are reckoned.
    """
    found = _written(text.lower(), received_at.date() if received_at else None)
    return None if found is None else found.isoformat()


def _written(text: str, today: date | None) -> date | None:
    if match := _YEAR_FIRST.search(text):
        return _day(*map(int, match.groups()))
    if match := _OF_MONTH.search(text):
        return _day_of_month(_AWAY[match[1]], match[2], today)
    if match := _OF_MONTH_EN.search(text):
        return _day_of_month(_AWAY[match[2]], match[1], today)
    if match := _CHINESE_END.search(text):
        return _nearest_end(_number(match[1]), today)
    if match := _CHINESE_DAY.search(text):
        return _nearest(_number(match[1]), _number(match[2]), today)
    if match := _NUMERIC.search(text):
        first, second, year = map(int, match.groups())
        year += 2000 if year < 100 else 0
        if first != second and first <= 12 and second <= 12:
            return None
        # Where one of the two is above 12, it is the day; where both are the same, the order does not matter.
        return _day(year, min(first, second), max(first, second))
    if match := _DISTANCE.search(text):
        return _distant(match[1], match[2], -1 if match[3] else 1, today)
    return _named_month(text, today)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _number(written: str) -> int:
    """A small number in digits, English or Chinese; 0 when it is none."""
    return int(written) if written.isdecimal() else ENGLISH_NUMBERS.get(written) or chinese_number(written) or 0


def _nearest(month: int, day: int, today: date | None) -> date | None:
    """The day of that name closest to the message's; None without one."""
    if today is None:
        return None
    days = [found for year in (-1, 0, 1) if (found := _day(today.year + year, month, day))]
    return min(days, key=lambda found: abs(found - today), default=None)


def _nearest_end(month: int, today: date | None) -> date | None:
    """The last day of the month of that name closest to the message's day."""
    return _nearest(month, _last_day(today.year, month), today) if today and 1 <= month <= 12 else None


def _last_day(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _distant(count: str, unit: str, sign: int, today: date | None) -> date | None:
    """The day so many days or weeks before or after the message's; months are not days, so they give none."""
    number = _number(count)
    if today is None or not 0 < number <= _FARTHEST:
        return None
    return today + timedelta(days=sign * number * _DAYS_IN[unit])


def _named_month(text: str, today: date | None) -> date | None:
    """The day of ``12 March 2026``, ``March 12th`` and the like."""
    words = _WORDS.findall(text)
    month = next((MONTHS[word] for word in words if word in MONTHS), None)
    numbers = [int(word) for word in words if word.isdecimal()]
    if month is None or not numbers:
        return None
    if len(numbers) == 1:
        return _nearest(month, numbers[0], today)
    return _day(numbers[1], month, numbers[0])


def _month_of(months: int, today: date) -> tuple[int, int]:
    """Year and month so many months after a day's."""
    count = today.year * 12 + today.month - 1 + months
    return count // 12, count % 12 + 1


def _day_of_month(months: int, day: str, today: date | None) -> date | None:
    return None if today is None else _day(*_month_of(months, today), _number(day))


def _days_away(days: int) -> DayReckoner:
    return lambda received: None if received is None else (received.date() + timedelta(days=days)).isoformat()


def _weekday(number: int, weeks: int) -> DayReckoner:
    """A weekday (Monday is 0) of the message's week, or of one so many weeks after it."""

    def reckon(received: datetime | None) -> str | None:
        if received is None:
            return None
        today = received.date()
        return (today + timedelta(days=number - today.weekday() + 7 * weeks)).isoformat()

    return reckon


def _last(number: int) -> DayReckoner:
    """The latest such weekday before the message's day: what English means by "last"."""

    def reckon(received: datetime | None) -> str | None:
        if received is None:
            return None
        today = received.date()
        return (today - timedelta(days=(today.weekday() - number - 1) % 7 + 1)).isoformat()

    return reckon


def _month_end(months: int) -> DayReckoner:
    def reckon(received: datetime | None) -> str | None:
        if received is None:
            return None
        year, month = _month_of(months, received.date())
        return date(year, month, _last_day(year, month)).isoformat()

    return reckon
