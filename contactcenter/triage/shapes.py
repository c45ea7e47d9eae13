"""What numbers, sums, dates, phones and addresses look like: one table, searched in time linear in the text.

RE2 tells in one pass which rows of the table a text could fit at all (two microseconds for a page); only those rows'
patterns are then run. Where two finds overlap, the surer one wins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import phonenumbers
import re2

from contactcenter.triage import addresses, check_digits, masking
from contactcenter.triage.assessment import EntityType
from contactcenter.triage.dates import MONTHS
from contactcenter.triage.numbers import Numbers
from contactcenter.triage.values import ENGLISH_NUMBERS

NONE = Numbers()


class Found(NamedTuple):
    """A match, where it stands, and its normal form where finding it brought it to light."""

    type: str
    start: int
    end: int
    value: str | None = None


class Shape(NamedTuple):
    """A row of the table: what a match is, what RE2 must find in a text for it, and how its places are found."""

    type: EntityType
    sign: str
    places: Callable[[str], Iterator[tuple[int, int]]]


def _shape(
    kind: EntityType, sign: str, pattern: str | re2._Regexp, right: Callable[[str], bool] | None = None
) -> Shape:
    """A row whose places a pattern finds: its group ``number`` where it has one.

    ``right`` checks them, in bare capitals. Patterns that look at every word are RE2's, the others Python's own.
    """
    compiled = re.compile(pattern) if isinstance(pattern, str) else pattern
    group = compiled.groupindex.get("number", 0)

    def places(text: str) -> Iterator[tuple[int, int]]:
        for match in compiled.finditer(text):
            if right is None or right("".join(filter(str.isalnum, match[group])).upper()):
                yield match.span(group)

    return Shape(kind, sign, places)


_DOLLAR = r"(?:US|HK|NT|AU|CA|[ACS])?\$"
_CODE = "USD|EUR|GBP|CNY|RMB|HKD|JPY|CHF|AUD|CAD|SGD|TWD|INR"
_NAMES = "dollars?|bucks|euros?|pounds?|quid|yuan|yen|francs|rupees"
_ZH_BEFORE = "人民币|港币|美元|美金|欧元|英镑"
_ZH_MONEY = "美元|美金|欧元|英镑|人民币|港币|港元|日元|澳元|加元|新台币|块钱|元|块"
_CURRENCY_AFTER = rf"(?:{_ZH_MONEY}|(?i:{_NAMES}|{_CODE})(?![A-Za-z])|[€£])"
_SUM = "[0-9](?:[0-9.,]{0,16}[0-9])?"
_ZH_DIGITS = "一二两三四五六七八九十百千万亿零〇"
_EN_DIGITS = "|".join(sorted({*ENGLISH_NUMBERS, "hundred", "thousand", "million"}, key=len, reverse=True))
_MONTH = "(?:" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\b\.?"
_MONTH_SIGN = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_COUNT = r"(?:\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_ZH_COUNT = r"(?:\d{1,3}|[一二两三四五六七八九十]{1,3})"
_SHORT_ZH = r"(?:\d{1,2}|[一二三四五六七八九十]{1,3})"

# A pattern begins with the characters it may begin with and looks behind them afterwards: that is what lets the
# regular expression engine skip through the rest of a text quickly.
SHAPES: tuple[Shape, ...] = (
    _shape(EntityType.EMAIL, "@", r"[A-Za-z0-9._%+-]{1,64}+@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+(?<![-.])"),
    _shape(
        EntityType.COMPANY,
        "[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}",
        # With a year where a resident's number has it, it is one of those, mistyped.
        r"[1-9A-Y](?<![0-9A-Za-z].)(?!\d{5}(?:19|20)\d{9})[0-9A-Y]\d{6}[0-9A-Y]{10}(?![0-9A-Za-z])",
        check_digits.social_credit_code,
    ),
    _shape(
        EntityType.VEHICLE,
        "(?i)[0-9A-HJ-NPR-Z]{17}",
        r"[0-9A-Za-z](?<![0-9A-Za-z].)(?=[0-9]{0,16}[A-Za-z])[0-9A-HJ-NPR-Za-hj-npr-z]{16}(?![0-9A-Za-z])",
        check_digits.vehicle,
    ),
    _shape(
        EntityType.DEVICE,
        "(?i)imei|串号",
        r"(?:[Ii][Mm][Ee][Ii]|串号)[^0-9\n]{0,12}(?P<number>\d{15})(?!\d)",
        check_digits.luhn,
    ),
    _shape(
        EntityType.TRACKING,
        "(?i)[a-z]{2}[0-9]{9}[a-z]{2}",
        r"[A-Za-z](?<![0-9A-Za-z].)[A-Za-z]\d{9}[A-Za-z]{2}(?![0-9A-Za-z])",
        check_digits.postal_item,
    ),
    _shape(
        EntityType.TRACKING,
        "(?i)1z[0-9a-z]{16}|(?:sf|jd|jt|yt|zto)[0-9a-z]{11}",
        r"[1SJYZsjyz](?<![0-9A-Za-z].)(?:(?i:z)[0-9A-Za-z]{16}|(?i:f|d|t|to)\d{11,15})(?![0-9A-Za-z])",
    ),
    _shape(
        EntityType.POLICY,
        "(?i)p(?:ol-?)?[0-9]{4}",
        r"[Pp](?<![A-Za-z0-9-].)(?:\d{6,10}|(?:OL|ol)-?\d{4,12})(?![A-Za-z0-9])",
    ),
    _shape(EntityType.INVOICE, "(?i)inv-?[0-9]", r"[Ii](?<![A-Za-z0-9-].)(?:NV|nv)-?\d[\d-]{2,14}+(?![A-Za-z0-9])"),
    _shape(
        EntityType.CLAIM,
        "(?i)c(?:-|l[am]?-?)[0-9]{4}",
        r"[Cc](?<![A-Za-z0-9-].)(?:-|L[AM]?-?|l[am]?-?)\d{4,12}(?![A-Za-z0-9])",
    ),
    _shape(EntityType.ORDER, "(?:#|[Aa]-)[0-9]{4}", r"[Aa#](?<![A-Za-z0-9-].)(?:(?<=#)|-)\d{4,12}(?![A-Za-z0-9])"),
    _shape(EntityType.ORDER, "(?i)ord-?[0-9]{4}", r"[Oo](?<![A-Za-z0-9-].)(?:RD|rd)-?\d{4,12}(?![A-Za-z0-9])"),
    _shape(
        EntityType.DATE,
        r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]",
        r"\d(?<![\d-].)\d{3}[-/.]\d{1,2}[-/.]\d{1,2}(?![\d-])",
    ),
    _shape(EntityType.DATE, r"[0-9]\s?年\s?[0-9]", r"\d{4}\s?年\s?\d{1,2}\s?月\s?\d{1,2}\s?[日号]?"),
    _shape(EntityType.DATE, r"[0-9]\s?月\s?[0-9底末]", r"\d(?<!\d\d)\d?\s?月(?:\s?\d{1,2}\s?[日号]?|[底末])"),
    _shape(
        EntityType.DATE,
        "[一二三四五六七八九十]月[一二三四五六七八九十底末]",
        r"[一二三四五六七八九十](?<![第个].)[一二]?月(?:[一二三四五六七八九十]{1,3}[日号]|[底末])",
    ),
    _shape(EntityType.DATE, f"[上下这本]个?月{_SHORT_ZH}[号日]", f"[上下这本]个?月{_SHORT_ZH}[号日]"),
    _shape(
        EntityType.DATE,
        rf"(?i)[0-9](?:st|nd|rd|th)?\s(?:of\s)?(?:{_MONTH_SIGN})",
        re2.compile(rf"(?i)\b[0-9]{{1,2}}(?:st|nd|rd|th)?\s(?:of\s)?{_MONTH}(?:,?\s[0-9]{{4}}\b)?"),
    ),
    _shape(
        EntityType.DATE,
        rf"(?i)(?:{_MONTH_SIGN})[a-z]{{0,6}}\.?\s[0-9]{{1,2}}(?:st|nd|rd|th|\b)",
        re2.compile(rf"(?i)\b{_MONTH}\s[0-9]{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s[0-9]{{4}}\b)?"),
    ),
    _shape(
        EntityType.DATE,
        "(?i)[0-9](?:st|nd|rd|th) of (?:last|this|next) month",
        r"(?i)\d(?<!\d\d)\d?(?:st|nd|rd|th) of (?:last|this|next) month\b",
    ),
    _shape(
        EntityType.DATE,
        r"[0-9][/.][0-9]{1,2}[/.][0-9]{2}",
        r"\d(?<![\d./].)\d?([/.])\d{1,2}\1(?:\d{4}|\d{2})(?![\d./])",
    ),
    _shape(
        EntityType.DATE,
        "(?i)(?:day|week|month)s? (?:ago|from now)",
        rf"(?i)\b(?<![-.,/])(?<!- )(?<!or ){_COUNT}\s(?:day|week|month)s?\s(?:ago|from\snow)\b",
    ),
    _shape(EntityType.DATE, r"(?i)\bin [0-9a-z]{1,6} (?:day|week)s?\b", rf"(?i)\bin\s{_COUNT}\s(?:day|week)s?\b(?!')"),
    _shape(
        EntityType.DATE,
        "(?:[天日周月]|星期|礼拜)(?:之?[前后]|以[前后])",
        rf"(?<![-\d.~到至或第每一二两三四五六七八九十]){_ZH_COUNT}\s?(?:天|日|周|个?星期|个?礼拜|个月)[之以]?[前后]",
    ),
    _shape(
        EntityType.AMOUNT,
        rf"(?i)(?:[$€£¥₹]|{_CODE}|{_ZH_BEFORE})\s?[0-9]",
        re2.compile(
            rf"(?:{_DOLLAR}|[€£¥₹]|\b(?i:{_CODE})|{_ZH_BEFORE})\s?{_SUM}(?:\s?(?:[万亿]|(?i:million|thousand|[km])\b))?元?"
        ),
    ),
    _shape(
        EntityType.AMOUNT,
        rf"(?i)[0-9]\s?(?:[万亿千百]|k|million|thousand|hundred)?\s?(?:{_ZH_MONEY}|{_NAMES}|{_CODE}|[€£])",
        rf"\d(?<![\d.,A-Za-z-].)[\d.,]{{0,17}}+(?<![.,])\s?(?:[万亿千百]|k(?=\s)|(?i:million|thousand|hundred))?\s?"
        rf"(?:块(?:钱|\d(?!\d)[毛角]?)?|{_CURRENCY_AFTER})",
    ),
    _shape(
        EntityType.AMOUNT,
        f"[{_ZH_DIGITS}](?:{_ZH_MONEY})",
        # One numeral before 块 alone is as likely a piece of something.
        rf"[{_ZH_DIGITS}]{{1,12}}(?:元|块钱|美元|欧元|英镑|港币)"
        rf"|[{_ZH_DIGITS}]{{2,12}}块(?:[一二三四五六七八九](?![十百千万])[毛角]?)?",
    ),
    _shape(
        EntityType.AMOUNT,
        r"[0-9][.0-9]*万",
        r"\d(?<![\d.,A-Za-z-].)[\d.]{0,8}+万(?=[，,。.；;！!？?）)\s左右以的]|$)(?!的?[人次公名位件里])",
    ),
    _shape(
        EntityType.AMOUNT,
        r"(?i)[a-z]{3,9} (?:dollars|euros|pounds|yuan|bucks|quid)\b",
        rf"(?i)\b(?:{_EN_DIGITS})(?:[ -](?:{_EN_DIGITS}|and)){{0,7}}\s(?:dollars|euros|pounds|yuan|bucks|quid)\b",
    ),
    Shape(
        EntityType.ADDRESS,
        rf"(?i)[0-9][a-z]?,? (?:[a-z0-9'.-]+ ){{1,4}}(?:{addresses.STREETS}|{addresses.CAPITAL_STREETS})\b",
        addresses.english,
    ),
    Shape(EntityType.ADDRESS, "(?:道|路|街|巷|弄|里|胡同).{0,6}[0-9][号弄]", addresses.chinese),
)
"""What each type looks like, surest first: where two overlap, the earlier row wins."""

_CUES = {
    "policy": EntityType.POLICY,
    "保单": EntityType.POLICY,
    "order": EntityType.ORDER,
    "订单": EntityType.ORDER,
    "invoice": EntityType.INVOICE,
    "bill": EntityType.INVOICE,
    "发票": EntityType.INVOICE,
    "账单": EntityType.INVOICE,
    "claim": EntityType.CLAIM,
    "理赔": EntityType.CLAIM,
    "报案": EntityType.CLAIM,
    "赔案": EntityType.CLAIM,
    "tracking": EntityType.TRACKING,
    "快递": EntityType.TRACKING,
    "运单": EntityType.TRACKING,
    "物流": EntityType.TRACKING,
}
_CUED = re2.compile(
    rf"(?i)({'|'.join(_CUES)})"
    r"\s?(?:number|num|no|nr|id|code|ref(?:erence)?|申请|编号|单号|号码|号)?"
    r"[.:#\s]{0,4}(?:(?:is|为|是)\s?)?[:#\s]{0,3}([A-Z]{0,4}-?[0-9][0-9-]{3,19})"
)
"""A word that says what the number after it is: "policy no. 1234567"."""
_CUED_SIGN = f"(?i)(?:{'|'.join(_CUES)})[^0-9\n]{{0,24}}[0-9][0-9-]{{3}}"
_DATED = re.compile(r"\d{4}[-/.]\d{1,2}(?!\d)")
_MORE = re.compile(r"[A-Za-z0-9.,]?\d|[年月日元天]")

_PHONE = re.compile(r"[+(\d](?<![A-Za-z0-9_.+(-].)\(?[\d ().-]{6,18}\d(?![A-Za-z0-9_-])")
_PHONE_SIGN = "[+(0-9][0-9 ().-]{6,18}[0-9]"
_FEWEST_PHONE_DIGITS = 8
_MOST_PHONES = 16
"""Candidates looked up in the numbering plans; each costs as much as the rest of a message."""


_HIDDEN_SIGN = "(?i)passport|护照|ssn|social security|社会安全|社安|[a-z]{2}[0-9]{2}[ -]?[0-9a-z]{4}|[0-9]{4}"
_DAY_SIGN = (
    r"(?i)\b(?:today|tonight|yesterday|tomorrow|last night|this (?:morning|afternoon|evening)|end of)\b"
    r"|\b(?:last|this|next) (?:mon|tues|wednes|thurs|fri|satur|sun)day\b"
    "|[今昨明前后][天日早晚夜]|[上下这本]个?(?:周|星期|礼拜)|月[底末]"
)
"""What one of the names of days contains."""


def _signs() -> re2.Set:
    """Everything that could be found, for one pass over a text: the rows of the table, then what is not in it."""
    options = re2.Options()
    options.log_errors = False
    signs = re2.Set.SearchSet(options)
    for sign in (*(shape.sign for shape in SHAPES), _CUED_SIGN, _PHONE_SIGN, _HIDDEN_SIGN, _DAY_SIGN):
        signs.Add(sign)
    signs.Compile()
    return signs


_SIGNS = _signs()
_IS_CUED, _IS_PHONE = len(SHAPES), len(SHAPES) + 1


def promising(text: str) -> bool:
    """Whether there may be anything in a text, a name of a day included; the company's own numbers are left aside."""
    return bool(_SIGNS.Match(text))


def find(text: str, regions: tuple[str, ...], numbers: Numbers = NONE) -> Iterator[Found]:
    """Every match that overlaps no earlier one, surest kinds first; phones as dialled in ``regions`` (ISO 3166).

    ``text`` is as :data:`masking.TYPED` makes it. What must not be shown has its masked form as value.
    """
    taken = bytearray(len(text))
    for match in _matches(text, numbers):
        if not any(taken[match.start : match.end]):
            taken[match.start : match.end] = b"\1" * (match.end - match.start)
            yield match
    yield from _phones(text, regions, taken)


def _matches(text: str, numbers: Numbers) -> Iterator[Found]:
    """All matches: what must not be shown, the company's own numbers, those that a word announces, the table's."""
    for one in masking.find_sensitive(text):
        yield Found(*one)
    for own in numbers.find(text):
        yield Found(*own)
    signs = sorted(_SIGNS.Match(text) or ())
    if _IS_CUED in signs:
        yield from (found for found in _cued(text) if found.type not in numbers.types)
    for index in signs:
        if index < len(SHAPES) and SHAPES[index].type not in numbers.types:
            for start, end in SHAPES[index].places(text):
                yield Found(SHAPES[index].type, start, end)


def _cued(text: str) -> Iterator[Found]:
    for match in _CUED.finditer(text):
        number = match[2]
        if _DATED.match(number) or _MORE.match(text, match.end()):
            continue
        # Four bare digits after "order" are as likely a year or a street number.
        if len(number.strip("-")) >= (4 if number[0].isalpha() else 5):
            yield Found(_CUES[match[1].lower()], match.start(2), match.start(2) + len(number.rstrip("-")))


def _phones(text: str, regions: tuple[str, ...], taken: bytearray) -> Iterator[Found]:
    """Numbers that a telephone network could connect, where nothing else was found."""
    tried = 0
    for match in _PHONE.finditer(text):
        start, end = match.span()
        if sum(map(str.isdigit, match.group())) < _FEWEST_PHONE_DIGITS or any(taken[start:end]):
            continue
        tried += 1
        if tried > _MOST_PHONES:
            return
        number = phone_number(match.group(), regions)
        if number is not None:
            yield Found(EntityType.PHONE, start, end, number)


def phone_number(text: str, regions: tuple[str, ...]) -> str | None:
    """E.164 of a number that is valid as it stands (with +) or in one of the regions; None otherwise."""
    for region in (None,) if text.startswith("+") else regions:
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return None
