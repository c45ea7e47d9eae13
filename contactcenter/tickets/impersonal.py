"""A reply that was written to one customer, made fit to be sent to another.

What tells who the first one was goes: his name becomes the new customer's, his addresses, phones and numbers become a
placeholder that nobody overlooks. It errs on the side of taking out too much: an agent reads the text before he sends
it and sees each placeholder, while a name that slipped through would be seen by the wrong customer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contactcenter.knowledge.scoring import is_common
from contactcenter.tickets.pictures import without_pictures
from contactcenter.triage.masking import TYPED, mask

HIDDEN = "[…]"
"""Stands for what must not be passed on."""
SHORTEST = 4
"""Characters of the shortest address or number that is looked for word by word."""
SHORT = 3
"""Characters of a name that may well be a word."""

_HAN = r"\u3400-\u9fff"
_LETTER = rf"[^\W\d_{_HAN}]"
_BEFORE, _BEHIND = rf"(?<![^\W_{_HAN}])", rf"(?![^\W_{_HAN}])"  # a Chinese character is no part of a Latin word
_GAP = r"[ \t\u00a0()./\u2010-\u2015-]{0,3}"
_ADDRESS = re.compile(
    rf"(?:[^\W{_HAN}]|[.!#$%&'*+/=?^`{{|}}~-]){{1,64}}+@(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*|[\w-]+(?:\.[\w-]+)*)"
)
_QUERY = re.compile(r"(?i)(?P<kept>https?://[^\s?#<>]{1,500}[?#])[^\s<>]+")
_DAY = r"(?:19|20)[0-9]{2}[-./][0-9]{1,2}[-./][0-9]{1,2}|[0-9]{1,2}[-./][0-9]{1,2}[-./](?:19|20)[0-9]{2}"
_NUMBER = re.compile(
    rf"(?P<kept>(?<![0-9A-Za-z•])(?:{_DAY})(?![0-9]))"
    rf"|(?<![0-9A-Za-z•])\+?\(?[0-9](?:{_GAP}[0-9]){{6,}}"
    r"|(?<![0-9A-Za-z])(?=[A-Za-z0-9-]{0,30}[0-9]{4})[A-Za-z]{1,5}-?[0-9][A-Za-z0-9-]*"
    r"|#[ ]?[0-9]{2,}"
)
"""Phones and other long numbers, with letters before them or not; days are no numbers."""
_ANNOUNCED = re.compile(
    rf"(?P<kept>{_BEFORE}(?i:order|invoice|policy|claim|contract|customer|account|case|ticket|reference|ref|booking)"
    r"\.?\s?(?i:number|num|no|nr|id)?\.?\s?[:#]?\s?(?i:is\s)?"
    r"|(?:订单|发票|保单|理赔|合同|客户|账户|账号|工单|单号|编号|案件|运单|快递)(?:号码|号)?\s?[为是:]?\s?)[0-9]{3,}"
)
"""Digits after a word that says what they are."""

_TITLE = r"(?:(?i:mrs?|ms|miss|mx|dr|prof|sir|madam)\b\.?\s+)"
_TITLE_ZH = "(?:先生|女士|小姐|太太|老师|同学|总|经理|医生|师傅|老板|阿姨|叔叔|大哥|大姐|哥|姐)"
_BETWEEN = (
    rf"(?:,[ \t]+|\.?[\s-]+)(?:(?i:{_LETTER}|van|von|der|den|de|del|della|di|da|la|le|el|al|bin|ibn)\.?\s+){{0,3}}"
)
"""What may stand between two parts of a name, initials of others among it."""
_GREETINGS = (
    re.compile(
        r"\A\s*(?P<kept>(?i:dear|hello|hi|hey|good (?:morning|afternoon|evening))[ \t]+)"
        rf"(?:{_LETTER}[\w.'’-]{{0,40}}"
        rf"|{_TITLE}?{_LETTER}[\w.'’-]{{0,40}}(?:[ \t]+(?![a-z]){_LETTER}[\w.'’-]{{0,40}}){{1,3}})"
        r"(?=[ \t]*(?:[,!:，！：\n]|\Z))"
    ),
    re.compile(r"\A\s*(?P<kept>尊敬的|亲爱的)[ \t]*[^\s,，:：!！。]{1,20}?(?=[ \t]*(?:[,，:：!！\n]|您好|你好|\Z))"),
    re.compile(
        rf"\A\s*(?P<kept>)(?!尊敬的|亲爱的|感谢|谢谢|请)[{_HAN}·]{{1,6}}?"
        r"(?=[ \t]*[,，:：!！]?\s*(?:您好|你好)(?:[\s,，:：!！。]|\Z))"
    ),
)
"""How a letter begins: whoever is greeted there is the customer, by whatever name."""

_SURNAMES = "欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 夏侯 司徒 司空 端木 南宫 独孤"
_COMPOUND_SURNAMES = frozenset(_SURNAMES.split())
_COMMON_PARTS = (
    "van von der den de del della di da la le el al bin ibn of the and mr mrs ms miss mx dr prof sir madam "
    "ltd llc inc gmbh plc co corp info support sales contact mail office service admin hello team noreply"
)
_NO_NAMES = frozenset(_COMMON_PARTS.split())
"""Parts of names and of addresses that tell nobody apart."""
_WORDS_TOO = (
    "bill mark will may june april rose grace hope joy faith young long short white brown green black gray king price "
    "case page banks waters rich frank art sue pat drew chance miles best good day back"
)
_ALSO_WORDS = frozenset(_WORDS_TOO.split())
"""Names that are words too: they count with a capital letter only."""

_GAPS = re.compile(r"\n\s*\n\s*\n")
_WORD = re.compile(rf"{_LETTER}+(?:['’-]{_LETTER}+)*")
_HAN_NAME = re.compile(rf"[{_HAN}]\s?[{_HAN}·]+(?:\s[{_HAN}]+)?")


@dataclass(frozen=True, slots=True)
class Personal:
    """What is known of the customer a reply was written to, and may stand in it.

    ``names`` are all that he was ever called, ``values`` his addresses, phones and numbers, ``ticket`` the number of
    his ticket.
    """

    names: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    ticket: int = 0


def impersonal(reply: str, written_to: Personal, name: str, *, author: str = "") -> str:
    """The reply for a customer of this name (empty: a placeholder), without the name of its author at its end.

    Quoted lines are left out, and pictures; card and identity numbers are masked.
    """
    name = name.strip() or HIDDEN
    lines = [line for line in without_pictures(reply).splitlines() if not line.lstrip().startswith((">", "＞"))]
    text = mask(unicodedata.normalize("NFC", _GAPS.sub("\n\n", "\n".join(_unsigned(lines, author))).strip()))
    for pattern in (_QUERY, _written_out(written_to), _ADDRESS, _ANNOUNCED, _NUMBER):
        text = _replaced(text, pattern, HIDDEN)
    for pattern in (_called(written_to), *_GREETINGS):
        text = _replaced(text, pattern, name)
    return text


def _replaced(text: str, pattern: re.Pattern[str] | None, instead: str) -> str:
    """The text with each match replaced behind its group ``kept``, if it has one.

    Full-width letters and digits are read as the plain ones they stand for.
    """
    if pattern is None:
        return text
    pieces, end = [], 0
    for match in pattern.finditer(text.translate(TYPED)):
        begin = match.end("kept") if match.re.groupindex and match["kept"] is not None else match.start()
        if begin < match.end():
            pieces += [text[end:begin], instead]
            end = match.end()
    return "".join([*pieces, text[end:]])


def _unsigned(lines: list[str], author: str) -> list[str]:
    """The lines without the author's name below them: somebody else will sign."""
    own = {author.casefold(), *author.casefold().split()[:1]}
    while lines and lines[-1].strip(" \t*_-—–.,").casefold() in {"", *own}:
        lines = lines[:-1]
    return lines


def _written_out(whose: Personal) -> re.Pattern[str] | None:
    """His addresses, phones and numbers as they are written, and the number of his ticket."""
    values = {value.strip().translate(TYPED) for value in whose.values}
    longest = sorted((value for value in values if len(value) >= SHORTEST), key=len, reverse=True)
    ways = [*map(re.escape, longest), *([rf"#?{whose.ticket}"] if whose.ticket else [])]
    return re.compile(rf"(?i){_BEFORE}(?:{'|'.join(ways)}){_BEHIND}(?![.,][0-9])") if ways else None


def _called(whose: Personal) -> re.Pattern[str] | None:
    """Every way to call him: whole names, first and last ones in any order, with titles."""
    latin = list(dict.fromkeys(part for written in whose.names for part in _parts(written)))
    chinese = {way for written in whose.names for name in _HAN_NAME.findall(written) for way in _chinese(name)}
    ways = []
    if latin:
        part = _any_of(latin)
        ways.append(rf"{_BEFORE}{_TITLE}?(?:{part}){_BEHIND}(?:{_BETWEEN}(?:{part}){_BEHIND})*")
    if chinese:
        ways.append("|".join(sorted(chinese, key=len, reverse=True)))
    return re.compile("|".join(ways)) if ways else None


def _parts(written: str) -> Iterator[str]:
    """The words of a name that is not Chinese, also without accents, and both halves of double ones.

    Of an address, the words before its ``@``: people sign with them.
    """
    local, at, _ = written.partition("@")
    for word in _WORD.findall(local.replace("_", " ") if at else written):
        for part in dict.fromkeys([word, *word.split("-")]):
            if len(part) >= (3 if at else 2) and part.casefold() not in _NO_NAMES:
                plain = unicodedata.normalize("NFKD", part)
                yield unicodedata.normalize("NFC", part)
                yield "".join(sign for sign in plain if not unicodedata.combining(sign))


def _any_of(parts: Sequence[str]) -> str:
    """A pattern of these names: in any case, but those that are short or words too with a capital only."""
    found = []
    for part in sorted(parts, key=len, reverse=True):
        if len(part) <= SHORT or part.casefold() in _ALSO_WORDS or is_common(part.casefold()):
            found += [re.escape(part.capitalize()), re.escape(part.upper())]
        else:
            found.append(f"(?i:{re.escape(part)})")
    return "|".join(found)


def _chinese(name: str) -> Iterator[str]:
    """Patterns for somebody of a Chinese name: whole, given name, surname with a title or behind 小 and 老."""
    name = re.sub(r"\s", "", name)
    surname = name[:2] if name[:2] in _COMPOUND_SURNAMES and len(name) > 2 else name[:1]
    given = name[len(surname) :]
    yield r"\s?".join(name) + f"{_TITLE_ZH}?"
    yield f"{surname}{_TITLE_ZH}"
    if given:
        yield f"[小老阿]{surname}(?![{_HAN}])"
        yield f"{given}{_TITLE_ZH}{'' if len(given) == 1 else '?'}"
