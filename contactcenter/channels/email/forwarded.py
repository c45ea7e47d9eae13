"""The mail that another mail passes on: who wrote it, about what, and its words.

Two ways are understood: the original attached as it was (message/rfc822), and the block that mail programs put into the
body, a line such as ``---------- Forwarded message ---------`` or ``Begin forwarded message:`` or 转发邮件信息 and the
original's header fields in words (From, Sent, To, Subject in any language the labels are known in). Without such a
line the header fields count only under a subject that says "forwarded", for a reply quotes in the same way; and a mail
that is a reply by its subject passes nothing on.

Pure and linear: a pattern looks at single lines of capped length, and each line is looked at once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from contactcenter.channels.email.addresses import Address, parse_addresses
from contactcenter.channels.email.headers import parse_date
from contactcenter.channels.email.lines import bare
from contactcenter.channels.email.mime import ReadMail
from contactcenter.channels.email.reply_phrases import Label, label_of
from contactcenter.envelope import Forwarded, Identity, IdentityKind

MAX_LINES = 500  # lines searched for the block
MAX_BLOCK = 14  # lines of header fields, blank ones and continuations included
MAX_SUBJECT = 2000
NEAR = 5  # lines between a mark and the header fields

_SUBJECT = re.compile(
    r"\s*(?:\[[^\]]{0,40}\]\s*)?(?:fwd?|fw|wg|tr|rv|enc|i|转发|轉寄|轉發|转寄)\s?[:：]", re.IGNORECASE
)
_REPLY = re.compile(r"\s*(?:re|aw|sv|antw|回复|答复|回覆|回復)\s?(?:\[\d{1,3}\])?\s?[:：]", re.IGNORECASE)
_MARK = re.compile(
    r"[>\s]{0,10}(?:[-_=*~－—]{2,40}\s{0,3}(?:forwarded (?:message|by)|weitergeleitete nachricht|message transféré"
    r"|mensaje reenviado|messaggio inoltrato|被?转发(?:的?(?:邮件|消息|信息)){0,2}|转寄邮件|轉寄(?:郵件|的訊息))"
    r"|begin forwarded message|anfang der weitergeleiteten (?:nachricht|e-mail)|开始转发的?邮件"
    r"|(?:下面|以下)是被?转发的邮件|début du message (?:réexpédié|transféré))",
    re.IGNORECASE,
)
_RULE = re.compile(
    r"[>\s]{0,10}[-_=*~－—]{2,40}(?:\s|&nbsp;){0,3}(?:original message|原始邮件|邮件原件|$)", re.IGNORECASE
)
_HINTS = ("orwarded", "转发", "轉寄", "weitergeleitet", "transféré", "reenviado", "inoltrato")
_WRAPPED = re.compile(r"[\s*_|]+$|^[\s*_|>]+")
_QUOTE = re.compile(r"^>\s?")


@dataclass(frozen=True, slots=True)
class _Block:
    """Header fields in words, and the lines before and behind them."""

    fields: dict[Label, str]
    before: int  # index of the first line of the block, its mark included
    behind: int  # index of the first line of the passed-on text


def forwarded_in(subject: str, text: str) -> Forwarded | None:
    """The mail that stands in the body of another; None where none does, or nobody could answer it."""
    says_so = _SUBJECT.match(subject[:200]) is not None
    if _REPLY.match(subject[:200]) or not (says_so or any(word in text for word in _HINTS)):
        return None
    lines = text.split("\n")
    block = _find(lines, sure=says_so)
    sender = _person(block.fields.get(Label.FROM, "")) if block else None
    if block is None or sender is None:
        return None
    return Forwarded(
        sender=Identity(IdentityKind.EMAIL, sender.address.lower(), sender.name[:200]),
        subject=block.fields.get(Label.SUBJECT, "")[:MAX_SUBJECT] or _SUBJECT.sub("", subject).strip(),
        text=_unquoted(lines[block.behind :]),
        intro="\n".join(lines[: block.before]).strip(),
        sent_at=parse_date(block.fields.get(Label.DATE, "")),
    )


def attached_mail(intro: str, attached: ReadMail) -> Forwarded | None:
    """The same of a mail that was attached as it was; None where nobody could answer it."""
    if not attached.from_.address or attached.ambiguous_sender:
        return None
    return Forwarded(
        sender=Identity(IdentityKind.EMAIL, attached.from_.address.lower(), attached.from_.name[:200]),
        subject=attached.subject,
        text=attached.text,
        intro=intro.strip(),
        external_id=attached.message_id,
        sent_at=attached.date,
    )


def _find(lines: Sequence[str], *, sure: bool) -> _Block | None:
    """The first block of header fields behind a mark; where the subject says so, also one without a mark."""
    marked, ruled = -NEAR, -NEAR
    for index, line in enumerate(lines[:MAX_LINES]):
        if _MARK.match(line[:200]):
            marked = ruled = index
        elif _RULE.match(line[:200]):
            ruled = index
        elif (sure or index - marked < NEAR) and label_of(_plain(line)) is not None:
            block = _read_block(lines, index, ruled if index - ruled < NEAR else index)
            if block is not None:
                return block
    return None


def _read_block(lines: Sequence[str], start: int, before: int) -> _Block | None:
    """The fields from a line on: a sender and a subject or date at least, none twice."""
    fields: dict[Label, str] = {}
    index, last = start, None
    while index < min(len(lines), start + MAX_BLOCK):
        line = _plain(lines[index])
        found = label_of(line)
        if found is not None and found[0] not in fields:
            last, value = found
            fields[last] = _WRAPPED.sub("", value).strip()
        elif not line.strip():
            if Label.FROM in fields and len(fields) >= 3 and not _goes_on(lines, index + 1, fields):
                break
        elif found is not None or last is None or len(fields) >= 4 or (last is Label.FROM and "@" in fields[last]):
            break  # words of the mail itself: its block ended without an empty line
        else:
            fields[last] = f"{fields[last]} {line.strip()}".strip()[:MAX_SUBJECT]
        index += 1
    complete = Label.FROM in fields and (Label.SUBJECT in fields or Label.DATE in fields)
    return _Block(fields, before, index) if complete else None


def _goes_on(lines: Sequence[str], index: int, fields: dict[Label, str]) -> bool:
    """Whether an empty line stands between two fields (some programs put one behind each)."""
    found = label_of(_plain(lines[index])) if index < len(lines) else None
    return found is not None and found[0] not in fields


def _plain(line: str) -> str:
    """A line without quote mark, invisible characters and the asterisks of bold text."""
    return bare(_QUOTE.sub("", line[:600])).replace("*", "")


def _person(value: str) -> Address | None:
    """The one address of a From field in words: ``Name <a@b>``, ``Name [mailto:a@b]``, ``"Name"<a@b>;``."""
    written = value[:1000].replace("[mailto:", "<").replace("<mailto:", "<").replace("]", ">")
    people = [one for one in parse_addresses(written.strip(" ;；"), 5) if one.address]
    return people[0] if len(people) == 1 else None


def _unquoted(lines: Sequence[str]) -> str:
    """The passed-on text; quote marks that stand before each of its lines are taken off."""
    said = [line for line in lines if line.strip()]
    if said and all(line.startswith(">") for line in said):
        lines = [_QUOTE.sub("", line) for line in lines]
    return "\n".join(lines).strip()
