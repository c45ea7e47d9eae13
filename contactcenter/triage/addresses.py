"""Postal addresses, roughly: a street and what stands around it. Linear in the text.

English ones begin with a house number; Chinese ones end with one, and are read backwards from their street.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

STREETS = "street|avenue|boulevard|road|lane|terrace|crescent|parkway|highway|blvd|ave|rd"
CAPITAL_STREETS = "St|Drive|Dr|Ln|Court|Ct|Place|Pl|Square|Sq|Way|Close|Gardens|Row|Hill|Grove|Mews|Park|Quay|Walk"
_ORDINARY = (
    "the|a|an|to|on|in|of|off|at|my|your|our|his|her|their|this|that|is|was|and|or|for|from|by|down|up|across|along|"
    "into|over|with|days?|weeks?|hours?|minutes?|km|miles?|people|less|more"
)
# Words that are ordinary ones too count only with a capital letter.
_ENGLISH = re.compile(
    rf"[0-9](?<![0-9A-Za-z.,$€£-].)[0-9]{{0,4}}[A-Za-z]?,?[ ]"
    rf"(?:(?!(?i:{_ORDINARY})[ ])[A-Za-z0-9'.-]{{1,20}}[ ]){{1,4}}?"
    rf"(?:(?i:{STREETS})|{CAPITAL_STREETS})\b(?:\.(?=,))?"
    r"(?:,?[ ](?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor)\.?[ ]?#?[0-9A-Za-z]{1,5}\b|,?[ ]#[0-9]{1,5})?"
    r"(?:,?\s[A-Z][A-Za-z]{2,20}(?:[ ][A-Z][A-Za-z]{2,20}){0,2}(?=,|\s[A-Z0-9]))?"
    r"(?:,?\s(?:[A-Z]{2}[ ])?[0-9]{5}(?:-[0-9]{4})?\b|,?\s[A-Z]{1,2}[0-9][0-9A-Z]?[ ][0-9][A-Z]{2}\b)?"
)
_UNIT = re.compile("[0-9]")

_HOUSE = re.compile(
    r"(?:大道|[路街巷弄里]|胡同)(?:[东西南北中]?[一二三四五六七八九十0-9]{1,3}[段巷弄里])?\s?[0-9]{1,5}(?:-[0-9]{1,4})?[号弄]"
    r"(?:[院楼]|\s?[0-9A-Za-z]{1,4}(?:号楼|栋|幢|座|单元|室|层|楼|号)){0,5}"
)
_STOPS = "我你您他她它们在到住是址寄往从去了的请把给为改成"
_NAME = rf"(?:(?![{_STOPS}])[\u4e00-\u9fff])"
_BEFORE_HOUSE = re.compile(
    rf"(?:{_NAME}{{2,7}}(?:省|自治区))?(?:{_NAME}{{2,6}}市)?(?:{_NAME}{{1,6}}[区县镇乡])?{_NAME}{{1,8}}$"
)
_REACH = 32
"""Characters before a Chinese street's name that can belong to its address."""

MOST = 8
"""Addresses looked for in a text."""


def english(text: str) -> Iterator[tuple[int, int]]:
    """Places of addresses such as ``12 Mill Lane, Springfield, IL 62701``."""
    for count, match in enumerate(_ENGLISH.finditer(text), 1):
        yield match.span()
        if count == MOST:
            return


def chinese(text: str) -> Iterator[tuple[int, int]]:
    """Places of addresses such as 上海市浦东新区世纪大道100号2号楼301室."""
    for count, match in enumerate(_HOUSE.finditer(text), 1):
        before = text[max(0, match.start() - _REACH) : match.start()]
        name = _BEFORE_HOUSE.search(before)
        if name is not None:
            yield match.start() - len(before) + name.start(), match.end()
        if count == MOST:
            return
