"""Numbers that nobody needs to see in full: bank cards, identity numbers, IBANs, passports.

Cards, resident identity numbers and IBANs count only with right check digits; a social security or passport number
only after a word that announces it. Light on purpose: lists and searches mask with it too. Linear in the text: RE2
looks whether there is anything at all, and the patterns that take it apart have no choices to go back to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

import re2

from contactcenter.triage import check_digits
from contactcenter.triage.assessment import EntityType

MASKED = frozenset(
    {EntityType.BANK_CARD, EntityType.ID_CARD, EntityType.IBAN, EntityType.SOCIAL_SECURITY, EntityType.PASSPORT}
)
"""The types of which no assessment holds more than the masked form."""

_KEPT_WIDE = (0xFF0C, 0xFF0E)
TYPED = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if code not in _KEPT_WIDE}
TYPED |= {0x3000: 0x20, 0xFFE5: 0xA5} | dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)
"""Full-width letters, digits and signs (commas and full stops keep ending numbers) as on a keyboard, one for one.

Lone surrogates, which broken encodings leave behind, become a replacement sign: neither spaCy nor RE2 can take them.
"""


class Sensitive(NamedTuple):
    """A number not to be shown, where it stands, and what may be shown instead."""

    type: EntityType
    start: int
    end: int
    masked: str


_APART = r"[ \t\n\u00a0\u00ad\u2000-\u200d\u2010-\u2015\u202f\u2060\ufeff\u00b7.-]{0,3}"
_RUN = re.compile(rf"[0-9](?<![0-9A-Za-z].)(?:{_APART}[0-9]){{13,}}+")
_GROUP = re.compile("[0-9]+")
_RESIDENT = re.compile(
    r"[1-8](?<![0-9A-Za-z].)[0-9]{5}[ -]?(?:19|20)[0-9]{2}[01][0-9][0-3][0-9][ -]?[0-9]{3}[0-9Xx](?![0-9A-Za-z])"
)
_IBAN = re.compile(r"[A-Za-z](?<![0-9A-Za-z].)[A-Za-z][0-9]{2}(?:[ \u00a0-]?[0-9A-Za-z]){11,30}+")
_SECURITY = re.compile(
    r"(?i:ssn|social security|社会安全号?码?|社安号?码?)[^0-9\n]{0,24}([0-9]{3})([- ]?)([0-9]{2})\2([0-9]{4})(?![0-9-])"
)
_PASSPORT = re.compile(
    r"(?i:passport|护照)\s?(?i:number|num|no|nr|id|号码|号)?[.:#(\s]{0,4}(?:(?:is|was|为|是)\s?)?[:#\s]{0,3}"
    r"([A-Za-z]{0,2}[0-9]{6,9}[A-Za-z]?)(?![0-9A-Za-z])"
)

_BETWEEN_TAGS = re.compile(r"(?:^|>)[^<]{8,}")

_SIGN = re2.compile(
    r"[0-9](?:[ \t\n\x{a0}\x{ad}\x{2000}-\x{200d}\x{2010}-\x{2015}\x{202f}\x{2060}\x{feff}\x{b7}.-]{0,3}[0-9]){13}"
    r"|[A-Za-z]{2}[0-9]{2}[ \x{a0}-]?[0-9A-Za-z]{2}"
    r"|(?i:ssn|social security|passport)|社会安全|社安|护照"
)
"""What there must be at least; nothing is looked for where it is missing."""

_ISSUERS = (
    (300000, 305999, (14,)), (340000, 349999, (15,)), (352800, 358999, (16,)), (360000, 369999, (14,)),
    (370000, 379999, (15,)), (380000, 399999, (14,)), (400000, 499999, (16, 19)), (501800, 501899, (16, 18, 19)),
    (502000, 502099, (16, 18, 19)), (503800, 503899, (16, 18, 19)), (510000, 559999, (16,)),
    (589300, 589399, (16, 18, 19)), (601100, 601199, (16, 19)), (620000, 629999, (16, 17, 18, 19)),
    (630400, 630499, (16, 18, 19)), (644000, 659999, (16, 19)), (675900, 676399, (16, 18, 19)),
    (220000, 220499, (16, 19)), (222100, 272099, (16,)), (810000, 819999, (16, 19)),
)  # fmt: skip
"""First and last six-digit prefix and the lengths of the large card networks, roughly (ISO/IEC 7812)."""

_SHORTEST_CARD, _LONGEST_CARD = 14, 19


def find_sensitive(text: str) -> list[Sensitive]:
    """The numbers in a text (as :data:`TYPED` makes it) that are not to be shown, in order, without overlaps."""
    if _SIGN.search(text) is None:
        return []
    taken = bytearray(len(text))
    found: list[Sensitive] = []
    for one in (*_residents(text), *_ibans(text), *_cards(text), *_security_numbers(text), *_passports(text)):
        if not any(taken[one.start : one.end]):
            taken[one.start : one.end] = b"\1" * (one.end - one.start)
            found.append(one)
    return sorted(found, key=lambda one: one.start)


def mask(text: str) -> str:
    """The text with every such number in its masked form: ``•••• 4242`` stands for a card."""
    if len(text) < 8:
        return text
    pieces, end = [], 0
    for one in find_sensitive(text.translate(TYPED)):
        pieces += [text[end : one.start], one.masked]
        end = one.end
    return "".join([*pieces, text[end:]]) if pieces else text


def mask_html(html: str) -> str:
    """The HTML with such numbers masked, where no tag stands between their digits."""
    return _BETWEEN_TAGS.sub(lambda text: mask(text[0].replace("&nbsp;", "\u00a0")), html)


def _residents(text: str) -> Iterator[Sensitive]:
    """Resident identity numbers; province and year stay readable no more than the last four."""
    for match in _RESIDENT.finditer(text):
        number = _bare(match.group())
        if check_digits.resident_id(number):
            yield Sensitive(EntityType.ID_CARD, *match.span(), f"{number[:4]}{'•' * 10}{number[-4:]}")


def _ibans(text: str) -> Iterator[Sensitive]:
    """IBANs, with spaces or without; what follows behind a space is left aside."""
    for match in _IBAN.finditer(text):
        length = check_digits.IBAN_LENGTHS.get(match.group()[:2].upper(), 0)
        written = match.group()
        places = [place for place, character in enumerate(written) if character.isalnum()]
        if not 0 < length <= len(places):
            continue
        end = places[length - 1] + 1
        number = _bare(written[:end])
        # What goes on without a gap is another number, or a word.
        if written[end : end + 1].isalnum() or not check_digits.iban(number):
            continue
        yield Sensitive(EntityType.IBAN, match.start(), match.start() + end, f"{number[:2]}•••• {number[-4:]}")


def _cards(text: str) -> Iterator[Sensitive]:
    """Bank cards: groups of digits of an issuer's length with a right Luhn digit."""
    for run in _RUN.finditer(text):
        groups = [group.span() for group in _GROUP.finditer(text, *run.span())]
        if sum(end - start for start, end in groups) < _SHORTEST_CARD:
            continue
        start = 0
        while start < len(groups):
            last = _card_from(text, groups[start : start + 6])
            if last is None:
                start += 1
                continue
            first, end = groups[start][0], groups[start + last][1]
            yield Sensitive(EntityType.BANK_CARD, first, end, f"•••• {_bare(text[first:end])[-4:]}")
            start += last + 1


def _card_from(text: str, groups: list[tuple[int, int]]) -> int | None:
    """Which of the groups ends the card that the first of them begins, or None."""
    sizes = [end - start for start, end in groups]
    if sizes[0] < 4 or sizes[0] > _LONGEST_CARD or sum(sizes) < _SHORTEST_CARD:
        return None
    totals = list(accumulate(sizes))
    for last in range(len(groups) - 1, -1, -1):
        written = text[groups[0][0] : groups[last][1]]
        plausible = all(size >= 3 for size in sizes[1:last]) and written.count("\n") < 2
        ends = not text[groups[last][1] : groups[last][1] + 1].isalpha() or text[groups[last][1]] > "\u2e80"
        if plausible and ends and _SHORTEST_CARD <= totals[last] <= _LONGEST_CARD and _is_card(_bare(written)):
            return last
    return None


def _is_card(number: str) -> bool:
    prefix = int(number[:6])
    issued = any(low <= prefix <= high and len(number) in lengths for low, high, lengths in _ISSUERS)
    return issued and check_digits.luhn(number)


def _security_numbers(text: str) -> Iterator[Sensitive]:
    """Social security numbers of the United States, after the words."""
    for match in _SECURITY.finditer(text):
        area, group, serial = match[1], match[3], match[4]
        if area not in {"000", "666"} and area < "900" and group != "00" and serial != "0000":
            yield Sensitive(EntityType.SOCIAL_SECURITY, match.start(1), match.end(4), f"•••-••-{serial}")


def _passports(text: str) -> Iterator[Sensitive]:
    """Passport numbers, after the word."""
    for match in _PASSPORT.finditer(text):
        yield Sensitive(EntityType.PASSPORT, *match.span(1), f"•••••{match[1][-3:].upper()}")


def _bare(number: str) -> str:
    """A number's letters and digits alone, in capitals."""
    return "".join(filter(str.isalnum, number)).upper()
