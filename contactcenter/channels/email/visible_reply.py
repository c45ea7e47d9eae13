"""The visible reply: what the customer newly wrote, apart from quotation and signature.

Structure first (containers that mail programs make, quote marks, header blocks), phrases second. One pass over the
lines, each looked at with patterns of capped length, so the work is linear. When in doubt the words stay: losing what a
customer wrote is worse than showing a quotation twice. When nothing would be left, the whole text is the reply.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from contactcenter.channels.email.device_lines import is_device_line
from contactcenter.channels.email.lines import Line, Mark, bare, join_lines
from contactcenter.channels.email.reply_phrases import (
    Label,
    announces,
    inner_introduction,
    inner_labels,
    is_framed,
    is_introduction,
    is_marked_introduction,
    is_rule,
    is_separator,
    label_of,
    may_end_introduction,
)
from contactcenter.channels.email.signature import is_afterthought, signature_start

MAX_LINES = 5_000  # lines looked at; what follows belongs to the quotation

_QUOTED = re.compile(r"\s{0,3}(?:>|&gt;)")
_TELLING = re.compile(r"[\d@<]")
_LONG = 55  # characters from which on a quoted line may have been wrapped by the mailer
_MOMENT = re.compile(r"\b(?:19|20)\d\d\b.*\d{1,2}[:.]\d{2}")  # a year and a time of day


class Role(Enum):
    """What a line is."""

    OWN = "own"
    QUOTE = "quote"
    SIGNATURE = "signature"


@dataclass(frozen=True, slots=True)
class Reply:
    """A body taken apart. The three texts together hold every line of it that is seen."""

    visible: str
    quoted: str
    signature: str


def split_reply(lines: list[Line]) -> Reply:
    """Return what was newly written, what was quoted, and the signature, of the lines of a body.

    Words that are not seen are in none of them, unless nothing else is there.
    """
    seen = [line for line in lines if line.mark is not Mark.UNSEEN]
    if len(seen) < len(lines):
        if any(line.text.strip() for line in seen):
            return split_reply(seen)
        lines = [Line(line.text) for line in lines]
    head, endings = _head(lines)
    roles = [Role.OWN] * len(head)
    _mark_structure(head, roles)
    _mark_quotations(head, roles, endings)
    _mark_signature(head, roles)
    visible = join_lines([line for line, role in zip(head, roles, strict=True) if role is Role.OWN])
    if not visible.strip():
        return _nothing_left(lines)
    quoted = join_lines(
        [line for line, role in zip(head, roles, strict=True) if role is Role.QUOTE] + lines[MAX_LINES:]
    )
    signature = join_lines([line for line, role in zip(head, roles, strict=True) if role is Role.SIGNATURE])
    return Reply(visible.strip(), quoted.strip(), signature.strip())


def _head(lines: list[Line]) -> tuple[list[Line], set[int]]:
    """Return the lines looked at, and the indexes of those that may end an introduction.

    An introduction that stands in one line with words before it gets a line.
    """
    out: list[Line] = []
    endings: set[int] = set()
    for line in lines[:MAX_LINES]:
        text = bare(line.text)
        if text and may_end_introduction(text):
            if at := inner_introduction(text):
                if may_end_introduction(text[:at]):
                    endings.add(len(out))
                out.append(Line(text[:at], line.mark))
                text = text[at:]
            if not at or may_end_introduction(text):
                endings.add(len(out))
        out.append(line if text is line.text else Line(text, line.mark))
    return out, endings


def _nothing_left(lines: list[Line]) -> Reply:
    """Return a mail that is all quotation or signature, such as a forwarded one, is shown whole."""
    return Reply(join_lines(lines).strip(), "", "")


def _mark_structure(lines: list[Line], roles: list[Role]) -> None:
    """Take over what the HTML containers said."""
    seen_own = False
    for index, line in enumerate(lines):
        match line.mark:
            case Mark.CUT if seen_own:
                roles[index:] = [Role.QUOTE] * (len(roles) - index)
                return
            case Mark.QUOTE:
                roles[index] = Role.QUOTE
            case Mark.SIGNATURE:
                roles[index] = Role.SIGNATURE
            case Mark.NONE if line.text.strip():
                seen_own = True


def _mark_quotations(lines: list[Line], roles: list[Role], endings: set[int]) -> None:
    """Find quotations by their quote marks, introductions, separators and header blocks."""
    index, own = 0, False
    while index < len(lines):
        text = lines[index].text
        if roles[index] is not Role.OWN or not text.strip():
            index += 1
            continue
        if is_marked_introduction(text) and not _is_quoted_next(lines, index):
            _mark_rest(roles, index)
            return
        if _QUOTED.match(text):
            index = _mark_quoted_block(lines, roles, index)
            continue
        if _starts_original(lines, index):
            _mark_rest(roles, _with_rules(lines, index))
            return
        if own and is_device_line(text) and _stands_alone(lines, index):
            roles[index] = Role.SIGNATURE
            if not _has_structure(lines, roles, index + 1, endings) and not _is_afterthought(lines, index + 1):
                _mark_rest(roles, index + 1)
                return
            index += 1
            continue
        end = _introduction_end(lines, index, endings)
        if end is None:
            own = True
            index += 1
            continue
        following = _next_text(lines, end + 1)
        roles[index : end + 1] = [Role.QUOTE] * (end + 1 - index)
        if following is None or _starts_quotation(lines[following], roles[following]):
            index = end + 1
            if following is not None and lines[following].mark is Mark.BLOCK:
                index = _mark_bare_block(lines, roles, following)
            continue
        _mark_rest(roles, index)
        return


def _mark_rest(roles: list[Role], start: int) -> None:
    """From `start` on everything is quotation."""
    roles[start:] = [Role.QUOTE] * (len(roles) - start)


def _with_rules(lines: list[Line], index: int) -> int:
    """Start of a header block together with the drawn rules and empty lines above it."""
    start = index
    while start > 0 and (not lines[start - 1].text.strip() or is_rule(lines[start - 1].text)):
        start -= 1
    return start


def _next_text(lines: list[Line], index: int) -> int | None:
    """Index of the next line that is not empty."""
    for position in range(index, len(lines)):
        if lines[position].text.strip():
            return position
    return None


def _is_quoted_next(lines: list[Line], index: int) -> bool:
    """Whether the next line that is not empty has quote marks."""
    following = _next_text(lines[: index + 4], index + 1)
    return following is not None and bool(_QUOTED.match(lines[following].text))


def _starts_quotation(line: Line, role: Role) -> bool:
    """Whether a line is marked as quoted by itself."""
    return role is Role.QUOTE or line.mark is Mark.BLOCK or bool(_QUOTED.match(line.text))


def _mark_quoted_block(lines: list[Line], roles: list[Role], index: int) -> int:
    """Mark lines with quote marks, and the pieces a mailer broke off them; returns the index behind them."""
    while index < len(lines):
        text = lines[index].text
        if _QUOTED.match(text):
            roles[index] = Role.QUOTE
        elif not (text.strip() and _is_broken_off(lines, index)):
            return index
        else:
            roles[index] = Role.QUOTE
        index += 1
    return index


def _is_broken_off(lines: list[Line], index: int) -> bool:
    """Whether a line without quote mark is the wrapped end of the long quoted line above it."""
    above = lines[index - 1].text.rstrip()
    below = lines[index + 1].text if index + 1 < len(lines) else ""
    return bool(
        len(above) >= _LONG and _QUOTED.match(above) and _QUOTED.match(below) and len(lines[index].text) < len(above)
    )


def _mark_bare_block(lines: list[Line], roles: list[Role], index: int) -> int:
    """Mark a blockquote that an introduction announced; returns the index behind it."""
    while index < len(lines) and (lines[index].mark is Mark.BLOCK or not lines[index].text.strip()):
        roles[index] = Role.QUOTE
        index += 1
    return index


def _introduction_end(lines: list[Line], index: int, endings: set[int]) -> int | None:
    """Last line of an introduction that starts at `index`: it may have been wrapped into four lines."""
    if endings.isdisjoint(range(index, index + 4)):
        return None
    joined = ""
    for end in range(index, min(index + 4, len(lines))):
        text = lines[end].text.strip()
        if not text or (end > index and _QUOTED.match(text) and "<" not in joined.rpartition(">")[2]):
            return None
        joined = f"{joined} {text}" if joined else text
        if len(joined) > 500:
            return None
        if end in endings and (is_introduction(joined) or _announces_quote(lines, end, joined)):
            return end
        if end == index and not _may_go_on(joined):
            return None
    return None


def _announces_quote(lines: list[Line], end: int, joined: str) -> bool:
    """Whether lines that say who wrote are followed by lines with quote marks."""
    following = _next_text(lines[: end + 4], end + 1)
    if following is None or not _QUOTED.match(lines[following].text):
        return False
    return announces(joined) or announces(lines[end].text)


def _may_go_on(text: str) -> bool:
    """Whether an introduction may go on in the next line: it has a number or an at-sign so far and ends no sentence."""
    ends = text[-1] in "!?。！？" or (text[-1] == "." and not text[-2:-1].isdigit())
    return not ends and bool(_TELLING.search(text))


def _starts_original(lines: list[Line], index: int) -> bool:
    """Whether the mail answered to starts here: with a separator, or with its header."""
    if is_separator(lines[index].text) or _is_header_block(lines, index):
        return True
    following = _next_text(lines[: index + 4], index + 1) if is_framed(lines[index].text) else None
    return following is not None and _is_header_block(lines, following)


def _is_header_block(lines: list[Line], index: int) -> bool:
    """Whether the repeated header of a quoted mail starts at `index`: From with others beside it, near together."""
    first = label_of(lines[index].text)
    if first is None:
        return False
    if first[0] is Label.FROM and "@" in first[1]:
        if inner_labels(lines[index].text) >= {Label.TO, Label.SUBJECT}:
            return True
        if index and is_rule(lines[index - 1].text):
            return True
    found: dict[Label, str] = {}
    misses = 0
    for line in lines[index : index + 12]:
        label = label_of(line.text)
        if label:
            if label[0] is not Label.OTHER:
                found.setdefault(*label)
            misses = 0
        elif line.text.strip():
            misses += 1
            if misses > 2:
                break
    if Label.FROM not in found:
        return Label.DATE in found and Label.SUBJECT in found and Label.TO in found
    others = len(found) - 1
    mail = any("@" in value for value in found.values())
    if list(found)[:3] == [Label.FROM, Label.DATE, Label.TO] and _MOMENT.search(found[Label.DATE]):
        return True
    return (others >= 1 and mail) or (others >= 2 and Label.SUBJECT in found)


def _stands_alone(lines: list[Line], index: int) -> bool:
    """Whether an empty line, or the start, is above."""
    return index == 0 or not lines[index - 1].text.strip() or lines[index].mark is Mark.SIGNATURE


def _has_structure(lines: list[Line], roles: list[Role], start: int, endings: set[int]) -> bool:
    """Whether something recognisable as quotation follows, so that no more than that needs to go."""
    for index in range(start, min(start + 400, len(lines))):
        text = lines[index].text
        if not text.strip():
            continue
        if roles[index] is not Role.OWN or _QUOTED.match(text) or _starts_original(lines, index):
            return True
        if _introduction_end(lines, index, endings) is not None:
            return True
    return False


def _is_afterthought(lines: list[Line], start: int) -> bool:
    """Whether a postscript follows."""
    following = _next_text(lines, start)
    return following is not None and is_afterthought(lines[following].text)


def _mark_signature(lines: list[Line], roles: list[Role]) -> None:
    """Find the signature below the own words."""
    own = [index for index, role in enumerate(roles) if role is Role.OWN]
    start = signature_start(lines, own)
    if start is not None:
        for index in own[start:]:
            roles[index] = Role.SIGNATURE
