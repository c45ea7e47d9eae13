"""Which addresses a bounce speaks of, and with which status (RFC 3464, RFC 3463, and the many who follow neither).

Delivery status fields are read wherever they stand, in their own part or in the text. Where there are none, recipients
and codes are taken from what the server wrote above the returned mail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from contactcenter.channels.email import charsets
from contactcenter.channels.email.addresses import canonical, parse_addresses
from contactcenter.channels.email.bounce_reasons import Phase, Reason, is_hard, phase_of, reason_of
from contactcenter.channels.email.headers import one_line
from contactcenter.channels.email.notices import Found, from_notice
from contactcenter.channels.email.parts import Part, parse_tree
from contactcenter.envelope import BouncedRecipient

MAX_TEXT = 60_000  # characters of report text read
MAX_RECIPIENTS = 100
MAX_SAID = 300  # characters of a server's words that are kept

_STATUS_TYPES = frozenset(("message/delivery-status", "message/global-delivery-status"))
# What may not stand before a match is looked for behind its first character: a pattern that begins with a character is
# found in less than half the time.
_CODE = re.compile(r"([245](?<![\d.A-Za-z=_-].)\.[0-9]\.\d{1,3})(?![\d]|\.\d)")
_REPLY_AND_CODE = re.compile(r"([45](?<!\d.)\d\d)[ -]{1,2}[#(]{0,2}([245]\.[0-9]\.\d{1,3})(?![\d]|\.\d)")
_REPLY = re.compile(r"([45])(?<![^\s:(\[<].)[0-7]\d(?=[\s:;,.)\]-]|$)", re.MULTILINE)
_MAIL = re.compile(r"(?<![\w.+/=-])([\w.+/=&'*!#$%?^`{|}~-]{1,64}@(?:[\w-]{1,63}\.)+[a-zA-Z][\w-]{1,62})")
_ORIGINAL = re.compile(
    r"\n[-=*\s>]{0,40}(?:(?:this is a |below this line is a |included is a |the following is a |a )?copy of (?:the"
    r"|your) (?:original )?(?:message|mail)"
    r"|(?:the )?(?:header|headers|body|text|beginning|start)s? of (?:the |your )?(?:original |unsent )?(?:message"
    r"|mail)"
    r"|(?:your |the )?(?:original|unsent|undelivered|returned|bounced) (?:message|mail|e-?mail)(?: ?header"
    r"| info)?s?(?: details)?(?: ?(?:is )?(?:follow|below|as follow|returned|attached|included)\w*)?"
    r"|message headers? follow|original message|returned message|unsent message follows|message (?:text )?follows"
    r"|forwarded message)\b(?! was received)[^\n]{0,40}[-=:.*\s]{0,40}$",
    re.MULTILINE,
)
_HEADER_RUN = re.compile(
    r"\n(?:received|return-path|message-id|dkim-signature|mime-version"
    r"|x-[\w-]+): [^\n]*\n(?:[ \t][^\n]*\n|[\w-]+:[^\n]*\n){2,}"
)
_BLOCKS = re.compile(r"\n[ \t]*\n")
_NEXT = re.compile(r"\n(?=[ \t>]{0,4}final-recipient[ \t]*:)", re.IGNORECASE)
_RECIPIENTS = ("final-recipient", "original-recipient", "x-actual-recipient")
_FIELDS = frozenset((*_RECIPIENTS, "action", "status", "diagnostic-code", "remote-mta", "x-supplementary-info"))
_ANY_FIELD = re.compile(r"[A-Za-z-]+:")


def bounced_recipients(root: Part, subject: str, text: str, report: str) -> tuple[BouncedRecipient, ...]:
    """Return the recipients a bounce names, each with its best status; one without address when none can be told.

    `report` is what :func:`report_text` gives of the text.
    """
    found = from_notice(text) or _from_status_parts(root) or _from_fields(text[:MAX_TEXT]) or _from_nested(root)
    if not found:
        found = _from_text(root, report)
    failed = [one for one in found if one.action not in ("delivered", "relayed", "expanded")] or found
    names = [one.address for one in failed]
    return tuple(_judge(one, report, subject, names) for one in failed[:MAX_RECIPIENTS])


def report_text(text: str) -> str:
    """Return what the server wrote: the text up to the returned mail."""
    text = text[:MAX_TEXT]
    lowered = text.lower()
    if len(lowered) != len(text):  # a few letters become two: then places would not be the same
        lowered = text
    marks = (_ORIGINAL.search(lowered, 19), _HEADER_RUN.search(lowered, 19))
    ends = [mark.start() + 1 for mark in marks if mark]
    return text[: min(ends)] if ends and text[: min(ends)].strip() else text


def _from_status_parts(root: Part) -> list[Found]:
    """Recipients of the delivery status parts."""
    found: list[Found] = []
    for part in root.all:
        if part.content_type in _STATUS_TYPES:
            found.extend(_from_fields(charsets.decode(part.content[:MAX_TEXT])))
    return found


def _from_nested(root: Part) -> list[Found]:
    """Recipients of a bounce that was forwarded as a nested mail."""
    for part in root.all:
        if part.content_type == "message/rfc822" and b"delivery-status" in part.content[:20_000]:
            return _from_status_parts(parse_tree(part.content)[0])
    return []


def _from_fields(text: str) -> list[Found]:
    """Recipients of delivery status fields, wherever they stand in a text."""
    if not any(map(text.lower().__contains__, _RECIPIENTS)):
        return []
    found: list[Found] = []
    for block in _blocks(text.replace("\r\n", "\n")):
        fields = _fields(block)
        who = _recipient(fields)
        if not who:
            if found and "status" in fields and not found[-1].status:
                _fill(found[-1], fields)
            continue
        one = next((f for f in found if f.address.lower() == who.lower()), None)
        if one is None:
            one = Found(who)
            found.append(one)
        _fill(one, fields)
    return found


def _blocks(text: str) -> Iterator[str]:
    """Split a text at empty lines, and where several recipients stand in one block, before each of them."""
    for block in _BLOCKS.split(text):
        named = block.lower().count(_RECIPIENTS[0])
        recipients = [match.start() for match in _NEXT.finditer(block)] if named else []
        if len(recipients) > 1 or (recipients and _NEXT.match("\n" + block)):
            yield from _NEXT.split(block)
        else:
            yield block


def _fields(block: str) -> dict[str, str]:
    """Fields of one block, unfolded; the longer one of doubled fields."""
    written: list[tuple[str, list[str]]] = []
    unfolding = False
    for line in block.split("\n"):
        head, colon, value = line.partition(":")
        name = head.strip(" \t>").lower() if colon else ""
        if name in _FIELDS:
            written.append((name, [value]))
            unfolding = True
        elif unfolding:
            unfolding = line[:1] in (" ", "\t") or not (colon and _ANY_FIELD.match(line))
            if unfolding:
                written[-1][1].append(line)
    fields: dict[str, str] = {}
    for name, lines in written:
        value = " ".join(" ".join(lines).split())
        if len(value) > len(fields.get(name, "")):
            fields[name] = value
    return fields


def _recipient(fields: dict[str, str]) -> str:
    """Return the address of a block."""
    for name in _RECIPIENTS:
        value = fields.get(name, "")
        if value:
            address = value.partition(";")[2].strip() if ";" in value else value
            mail = _MAIL.search(address)
            return mail[1] if mail else address.strip("<> ")
    return ""


def _fill(one: Found, fields: dict[str, str]) -> None:
    """Take the fields of a block over."""
    code = _CODE.search(fields.get("status", "")) or re.match(r"\s*([245]\.\d{1,3}\.\d{1,3})", fields.get("status", ""))
    one.status = one.status or (code[1] if code else "")
    one.action = one.action or fields.get("action", "").lower().split(" ")[0]
    one.said = " ".join(
        filter(None, (one.said, fields.get("diagnostic-code", ""), fields.get("x-supplementary-info", "")))
    )


_WIDE = "\u2e80-\uffef"
"""Chinese, Japanese and Korean signs and their punctuation: no white space parts them from an address."""

_OURS = re.compile(
    r"^[ \t>|]{0,8}(?:message-id|in-reply-to|references|from|reply-to|sender|return-path)[ \t]{0,4}:[^\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
_STRONG = re.compile(
    r"^[ \t>*]{0,12}(?:[45]\d\d[ -](?:[45]\.\d\.\d{1,3} )?(?=<))?[<\"]?"
    rf"([^\s<>:;,()\"{_WIDE}]{{1,64}}@[^\s<>:;,()\"{_WIDE}]{{1,190}})[>\"]?(?::"
    r"|\s*$|\s+(?:on |\(|-|\.\.\.)|,\s| *\.\.\.)",
    re.MULTILINE,
)
_CONTEXT = re.compile(
    r"(?:deliver(?:ed|ing)?|mail|message|sent?|send(?:ing)?|undeliverable|rejected|failed|unknown|invalid|rcpt"
    r"|recipient|user(?:id)?|addressee|address|mailbox|said|for)[^\n@<]{0,60}?[\s:<\"'(\[]"
    rf"<?([^\s<>:;,()\"'\[\]{_WIDE}]{{1,64}}@[^\s<>:;,()\"'\[\]{_WIDE}]{{1,190}}[^\s<>:;,()\"'.\[\]{_WIDE}])",
    re.IGNORECASE,
)


def _from_text(root: Part, report: str) -> list[Found]:
    """Recipients named in free text, and what was said about each."""
    headers = root.headers
    failed = [a.address for a in parse_addresses(headers.raw("x-failed-recipients"))]
    own = {
        a.address.lower()
        for name in ("to", "from", "sender", "reply-to")
        for a in parse_addresses(headers.raw(name)[:4000])
    }
    addresses = [a for a in failed if a]
    report = _OURS.sub("", report)
    if not addresses:
        named = [canonical(m[1]) for m in _STRONG.finditer(report)]
        addresses = _fresh(named, own)
    if not addresses:
        addresses = _fresh([canonical(m[1]) for m in _CONTEXT.finditer(report)], own)[:1]
    if not addresses:
        addresses = _fresh([canonical(m[1]) for m in _MAIL.finditer(report)], own)[:1]
    if not addresses:
        addresses = [_original_recipient(root)]
    return [Found(address, said=_said_about(address, addresses, report)) for address in addresses]


def _fresh(candidates: list[str], own: set[str]) -> list[str]:
    """Addresses in order, once each, without those of the bounce's own header."""
    seen: dict[str, str] = {}
    for address in candidates:
        if address and address.lower() not in own:
            seen.setdefault(address.lower(), address)
    return list(seen.values())


def _original_recipient(root: Part) -> str:
    """To of the returned mail; "" when it did not come back."""
    for part in root.all:
        if part.content_type in ("message/rfc822", "text/rfc822-headers", "message/global"):
            for address in parse_addresses(part.nested.raw("to")):
                return address.address
    text = charsets.decode(root.content[:MAX_TEXT]) if not root.children else ""
    match = re.search(r"^(?:To|RCPT TO)[ \t]*:[ \t]*([^\n]{1,300})", text, re.MULTILINE | re.IGNORECASE)
    people = parse_addresses(match[1]) if match else ()
    return people[0].address if people else ""


def _said_about(address: str, others: list[str], report: str) -> str:
    """Return the text from an address to the next recipient's."""
    if len(others) == 1 or not address:
        return ""
    lowered = report.lower()
    start = lowered.find(address.lower())
    if start < 0:
        return ""
    starts = [lowered.find(other.lower(), start + len(address)) for other in others if other != address]
    end = min((s for s in starts if s > start), default=len(report))
    return report[start:end]


def _judge(one: Found, report: str, subject: str, names: list[str]) -> BouncedRecipient:
    """Status and finality of one recipient by all that was said; `names` are the addresses of all recipients."""
    alone = len(names) == 1
    said = one.said or _said_about(one.address, names, report)
    about = report if alone else _said_about(one.address, names, report)
    status = _best_code(one.status, said)
    if status.endswith(".4.7") or ((not status or status.endswith(".0.0")) and not _CODE.search(said)):
        status = _best_code(status, about)
    words = said or f"{subject}\n{report}"
    if not status:
        status = f"{_class_of(words, one.action)}.0.0"
    phase = phase_of(said)
    if phase is Phase.OTHER:
        phase = phase_of(about)
    reason = reason_of(words, status, phase)
    if reason is Reason.UNDEFINED:
        reason = reason_of(f"{words}\n{about}\n{subject}", status, phase)
    action = one.action or ("delayed" if status.startswith("4") else "failed")
    hard = is_hard(reason, status)
    return BouncedRecipient(one.address.strip(), status, action, hard, _quoted(one, about, report))


def _quoted(one: Found, about: str, report: str) -> str:
    """What the server wrote about a recipient, on one line; of free text the line that carries the answer."""
    if one.said:
        words = re.sub(r"^\s*(?:smtp|x-[\w-]+|dns|unix)\s*;", "", one.said, flags=re.IGNORECASE)
    else:
        lines = (about or report).splitlines()
        words = next((line for line in lines if _REPLY.search(line) or _CODE.search(line)), "")
    return " ".join(one_line(words[: 4 * MAX_SAID]).split())[:MAX_SAID]


def _best_code(status: str, said: str) -> str:
    """Return the code that tells most: a specific one behind an SMTP reply, then the given one, then any other."""
    behind_reply = [str(match[2]) for match in _REPLY_AND_CODE.finditer(said) if match[1][0] == match[2][0]]
    specific = [code for code in behind_reply if not code.endswith(".0.0")]
    if specific:
        return specific[0]
    others = [code for code in _CODE.findall(said) if code[0] != "2"]
    telling: list[str] = [code for code in others if not code.endswith(".0.0")]
    if telling and (not status or status.endswith((".0.0", ".4.7"))):
        return telling[0]
    return status or (others[0] if others else "")


def _class_of(words: str, action: str) -> str:
    """5 or 4 where no enhanced code is given: by the SMTP reply, else by what is said."""
    reply = _REPLY.search(words)
    if reply:
        return reply[1]
    if action == "delayed" or re.search(
        r"temporar|will (?:be )?retr|still (?:being|trying)|delayed|warning", words, re.IGNORECASE
    ):
        return "4"
    return "5"
