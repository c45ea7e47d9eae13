"""The signature at the end of what somebody wrote: behind a delimiter, a closing formula, a card, a device line.

Only the last lines are looked at, each with patterns of capped length. A question, a postscript and lines that the
words above announce with a colon are the customer's own and never signature.
"""

from __future__ import annotations

import re

from contactcenter.channels.email.device_lines import is_device_line
from contactcenter.channels.email.lines import Line
from contactcenter.channels.email.reply_phrases import is_rule, is_sign_off

_DELIMITER = re.compile(r"\s{0,2}(?:--|—|––|- -)\s*$")
_FOOTER_LINES = 40  # a footer is no longer
_SIGNATURE_LINES = 20
_AFTERTHOUGHT = re.compile(r"p\.?\s?s\b|p\.p\.s|nb\b|又及|附言|另外|补充", re.IGNORECASE)
_NAME_WORD = re.compile(
    r"[A-ZÀ-ÖØ-Þ\u0370-\u03ff\u0400-\u052f\u2e80-\uffdc(].*"
    r"|(?:de|von|van|der|den|di|da|la|le|del|bin|al|and|&|of|-|–|\|)$"
)
_TABLE_LINE = re.compile(r"[|\s]+")
_CONTACT = re.compile(
    r"https?://|\bwww\.|\b(?:tel|phone|mobile|fax|cell|skype|whatsapp|wechat|qq)\b\s?[:：.]?"
    r"|(?:电话|手机|微信|传真|邮箱|地址)\s?[:：]|\d{2,4}\)?[\s./-]?\d{3,4}[\s./-]?\d{3,4}"
)
_MAIL_ADDRESS = re.compile(r"[\w+-]@[\w-]{1,63}\.[\w.-]")
_FOOTER = re.compile(
    r"mailing list|unsubscribe|you (?:are )?receiv(?:ed|ing) this|reply to this email directly|view it on github"
    r"|confidential"
    r"|intended (?:only|solely) for|if you (?:are not|have received)|virus-free|avast|退订"
    r"|本邮件(?:及其附件)?(?:含有|包含)|保密"
    r"|avg\.com",
    re.IGNORECASE,
)


def signature_start(lines: list[Line], own: list[int]) -> int | None:
    """Position in `own`, the indexes of somebody's own lines, where the signature starts; None where there is none."""
    start = _delimiter(lines, own)
    return _closing(lines, own) if start is None else start


def is_afterthought(line: str) -> bool:
    """Whether a line is a postscript."""
    return bool(_AFTERTHOUGHT.match(line.strip()))


def _delimiter(lines: list[Line], own: list[int]) -> int | None:
    """Position in `own` of the first signature delimiter that has words above and few lines below."""
    seen = False
    several = sum(len(lines[index].text) < 9 and bool(_DELIMITER.match(lines[index].text)) for index in own) > 1
    for position, index in enumerate(own):
        text = lines[index].text
        if seen and _DELIMITER.match(text) and _may_be_signature(text, lines, own[position + 1 :], several):
            return position
        if seen and len(own) - position <= _FOOTER_LINES and is_rule(text) and _is_footer(lines, own[position + 1 :]):
            return position
        seen = seen or bool(text.strip())
    return None


def _may_be_signature(delimiter: str, lines: list[Line], below: list[int], several: bool) -> bool:
    """Whether what stands below a delimiter is a signature: below one that is not the exact "-- " it must be short.

    It may not ask then, and where several such lines divide the text it must tell how to reach somebody.
    """
    if delimiter == "-- ":
        return True
    texts = [lines[index].text.strip() for index in below[: _FOOTER_LINES + 1]]
    filled = [text for text in texts if text]
    if len(filled) > _SIGNATURE_LINES or any(text[-1] in "?？:：" for text in filled):
        return False
    return not several or any(_FOOTER.search(text[:300]) or _has_contact(text[:200]) for text in filled)


def _is_footer(lines: list[Line], below: list[int]) -> bool:
    """Whether what stands below a rule is a list's footer, a disclaimer or a business card."""
    texts = [lines[index].text.strip() for index in below]
    texts = [text for text in texts if text]
    if not texts:
        return False
    if any(_FOOTER.search(text[:300]) for text in texts):
        return True
    contacts = sum(_has_contact(text[:200]) for text in texts)
    return contacts >= 2 and all(len(text) <= 80 for text in texts)


def _closing(lines: list[Line], own: list[int]) -> int | None:
    """Position in `own` of a closing formula, a business card or a device line at the very end."""
    last = len(own)
    while last and not lines[own[last - 1]].text.strip():
        last -= 1
    first = last
    texts: list[str] = []
    for position in range(last - 1, max(last - 14, 0), -1):
        text = lines[own[position]].text.strip()
        if len(text) > 80 or _AFTERTHOUGHT.match(text):
            break
        texts.insert(0, text)
        above = lines[own[position - 1]].text.strip()
        if text and is_sign_off(text) and len([t for t in texts if t]) <= 8:
            first = position
            if not is_sign_off(above):
                break
        if is_device_line(texts[-1]) and (len(texts) == 1 or (not above and _is_name(texts[:-1]))):
            first = position
        if above or _is_announced(lines, own[:position]):
            continue
        apart = position > 1 and not lines[own[position - 2]].text.strip()
        if _is_table_card(texts) or _is_card(texts) or (apart and _is_card_apart(texts)):
            first = position
    return first if 0 < first < last and any(lines[i].text.strip() for i in own[:first]) else None


def _has_contact(text: str) -> bool:
    """Whether a line tells how to reach somebody."""
    return ("@" in text and bool(_MAIL_ADDRESS.search(text))) or bool(_CONTACT.search(text.lower()))


def _is_name(texts: list[str]) -> bool:
    """Whether one or two lines are a name, so that a device line below belongs to a signature with it."""
    return len(texts) <= 2 and all(0 < len(text) <= 40 and text[-1] not in ".,:;?!。，：；？！" for text in texts)


def _is_card_apart(texts: list[str]) -> bool:
    """Whether short lines below a gap are what mail programs put there by themselves: a name, a title, an address."""
    filled = [text for text in texts if text]
    if not 1 <= len(filled) <= 8 or any(len(text) > 40 or text[-1] in ".,:;?!。，：；？！" for text in filled):
        return False
    return any(_has_contact(text) for text in filled)


def _is_announced(lines: list[Line], above: list[int]) -> bool:
    """Whether the last words above end with a colon: then what follows is what the customer wants to say."""
    last = next((lines[i].text.rstrip() for i in reversed(above) if lines[i].text.strip()), "")
    return last.endswith((":", "："))


def _is_table_card(texts: list[str]) -> bool:
    """Whether the last lines are a card drawn as a table, as phone clients of Chinese providers add it."""
    return (
        len(texts) <= 14 and texts[0].startswith("|") and sum(bool(_TABLE_LINE.fullmatch(t)) for t in texts if t) >= 3
    )


def _is_card(texts: list[str]) -> bool:
    """Whether the last lines of a mail are a name with ways to reach it."""
    filled = [text.strip("*_ ") for text in texts if text.strip("*_ ")]
    if not 2 <= len(filled) <= 12 or not re.match(r"[^\W\d_]", filled[0]) or filled[0][-1] in ".:?!,;。：？！，；":
        return False
    if not all(_NAME_WORD.match(word) for word in filled[0].replace(",", " ").split()):
        return False
    contacts = sum(_has_contact(text) for text in filled)
    return contacts * 2 >= len(filled) and not any(text[-1] in "?？:：" for text in filled)
