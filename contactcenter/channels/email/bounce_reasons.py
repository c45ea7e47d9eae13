"""Why a mail bounced, read from status codes (RFC 3463) and from what mail servers write.

The question behind it is one: is the address dead for good? Only an unknown user or host, a moved user, and a host that
takes no mail at all are. Everything else may work again, even after a 5xx code: a full mailbox, a policy, a reputation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum


class Reason(StrEnum):
    """Causes of a failed delivery, as far as they differ for us."""

    USER_UNKNOWN = "user-unknown"
    HOST_UNKNOWN = "host-unknown"
    HAS_MOVED = "has-moved"
    NOT_ACCEPT = "not-accept"
    MAILBOX_FULL = "mailbox-full"
    SUSPENDED = "suspended"
    TOO_BIG = "too-big"
    POLICY = "policy"
    EXPIRED = "expired"
    SYSTEM = "system"
    FILTERED = "filtered"
    UNDEFINED = "undefined"


HARD = frozenset((Reason.USER_UNKNOWN, Reason.HOST_UNKNOWN, Reason.HAS_MOVED, Reason.NOT_ACCEPT))

# Written and looked for in lower case: searching regardless of case takes five times as long.
_PHRASES: tuple[tuple[Reason, re.Pattern[str]], ...] = tuple(
    (reason, re.compile(pattern))
    for reason, pattern in (
        (
            Reason.MAILBOX_FULL,
            (
                r"mailbox (?:is |was |has )?(?:full|exceed)|(?:over|exceed(?:ed|s|ing)?|beyond).{0,40}quota"
                r"|quota.{0,30}(?:exceed|full|violat)|mailbox.{0,40}exceed"
                r"|insufficient (?:system )?(?:disk )?(?:storage|space)|(?:out of|not enough|no) (?:storage"
                r"|disk space)|inbox is full|account (?:is )?full|mailfolder is full|mailbox size limit"
                r"|too much mail data|maildir over|user is over|delivery failed: over|exceeded (?:its|the"
                r"|his) (?:storage|mailbox|local limit)|would exceed|storage (?:limit|allocation)"
                r"|space (?:is )?not enough|メールボックスが一杯|容量|(?:邮箱|信箱|空间|郵箱"
                r"|空間).{0,10}(?:已?满|已?滿|不足)"
                r"|超(?:出|过).{0,8}(?:配额|限额|大小限制)"
            ),
        ),
        (
            Reason.SUSPENDED,
            (
                r"(?:account|mailbox|user|recipient|address).{0,40}(?:disabled|suspended|inactive|deactivated"
                r"|de-activated|discontinued|locked|blocked|restricted|not active|expired|frozen)"
                r"|(?:disabled|suspended|inactive|inactivity|boxed) (?:account|mailbox|user|recipient)"
                r"|not accepting mail.{0,20}suspend|temporarily (?:disabled|suspended)"
            ),
        ),
        (
            Reason.TOO_BIG,
            (
                r"(?:message|mail|size|length).{0,40}(?:too (?:big|large)|exceed(?:s|ed)?|limit)|too large|size limit"
                r"|max(?:imum)? (?:message )?size"
            ),
        ),
        (
            Reason.POLICY,
            (
                r"\bspam\b|spamhaus|spamcop|black ?list|block(?:ed|ing)? ?list|\brbl\b|dnsbl|\bblocked\b"
                r"|poor reputation|reputation|unsolicited|virus|infected|\bdmarc\b|\bspf\b|\bdkim\b|authenticat"
                r"|policy|(?:relay|relaying) (?:access )?(?:denied|not permitted|prohibited)|not (?:allowed"
                r"|permitted) to relay|relay(?:ing)? (?:is )?not|access denied|too many (?:connections|messages"
                r"|recipients|emails)|rate limit"
                r"|reverse (?:dns|lookup|hostname)|\bptr\b|rdns|prohibited|content (?:rejected|filter)"
                r"|not authori[sz]ed|unauthori[sz]ed|permission|sender (?:address )?(?:rejected|denied|verify)"
                r"|bad reputation|banned|suspicious"
                r"|client host rejected|message (?:content )?(?:was )?rejected|rejected by (?:the )?(?:domain"
                r"|recipient domain|remote).{0,20}filter|restricted|not rfc|rfc ?[25]322|greylist|throttl|duplicate"
                r"|loop|垃圾邮件|垃圾郵件|黑名单|黑名單|拒绝接收|拒收|发信频率|发送频率"
            ),
        ),
        (
            Reason.EXPIRED,
            (
                r"delivery time expired|retry time|(?:message|mail|delivery).{0,30}(?:expired|time[d]? ?out)|too long"
                r"|giving up|could not be delivered for|delivery.{0,30}delay|still being retried|in the queue|deferred"
                r"|retry timeout|queue.{0,20}expire|undeliverable for|max(?:imum)? (?:retry|time)|last \d+ (?:seconds"
                r"|hours|days)|temporarily unable|aborted after \d|(?:投递|连接|发送).{0,10}超时|多次(?:尝试|重试)"
            ),
        ),
        (
            Reason.NOT_ACCEPT,
            (
                r"does ?n[o']t accept (?:any )?(?:e?-?mail|messages|smtp)|null mx|no mail accepted"
                r"|not accept(?:ing)? (?:any )?mail|does not receive mail|domain that (?:does not|doesn't) accept"
                r"|smtp is disabled|(?:indicated|indicates) no smtp service|host.{0,40}does not accept mail"
            ),
        ),
        (
            Reason.HAS_MOVED,
            (
                r"has (?:been )?moved|address (?:has )?changed|user (?:has )?moved|recipient (?:has )?moved"
                r"|new (?:e-?mail )?address|no longer (?:at|with|employed|works)|has been replaced by|moved to"
                r"|changed (?:his|her|their) (?:e-?mail )?address"
            ),
        ),
        (
            Reason.HOST_UNKNOWN,
            (
                r"(?:host|domain|server)(?: name)? (?:is )?(?:unknown|not found|invalid)|unknown (?:host|domain)"
                r"|no such (?:host|domain)|(?:host|domain).{0,60}(?:does ?n[o']t exist|not exist|not found"
                r"|could not be found|unknown)"
                r"|unrouteable mail domain|nxdomain|non-?existent (?:host|domain)|couldn'?t find any host|illegal host"
                r"|bad destination host|no mx|host (?:or domain )?name.{0,20}not found|invalid (?:host|domain|mail)"
                r"|mx records point to non-?existent|could not find (?:a gateway|route)|unable to resolve"
                r"|dns.{0,40}(?:fail|non-?existent|nxdomain)|domain must exist|has no (?:valid )?(?:mx|mail exchanger)"
                r"|no route to (?:host|domain) name|域名.{0,30}(?:不存在|无法解析|解析失败|错误)"
            ),
        ),
        (
            Reason.USER_UNKNOWN,
            (
                r"(?:user|recipient|mailbox|account|address|alias|addressee|destination|member|customer)(?:s|'s| id"
                r"| name| address| account| mailbox)?.{0,50}(?:unknown|not found|does ?n[o']t exist|do not exist"
                r"|not exist|not known|invalid"
                r"|not (?:a )?valid|not (?:be )?(?:found|listed|recogni[sz]ed|located)|not (?:been )?recogni[sz]ed"
                r"|unavailable|not here|no longer|is not a|unroutable|no existe)"
                r"|(?:unknown|invalid|no such|non-?existent|bad|undeliverable|illegal|unrouteable|unroutable|incorrect"
                r"|inexistent|no)(?: final delivery| local| e-?mail| mail| virtual| recipient| destination| target"
                r"| mailbox| user| such| valid)?"
                r" (?:user|userid|recipient|mailbox|account|address|alias|person|local[- ]?part|subscriber|destination"
                r"|employee|recipients)|not our customer|(?:doesn't|does not) have (?:an?|any) .{0,40}account"
                r"|no mailbox here"
                r"|user doesn't|not a (?:valid|known|local) (?:user|recipient|mailbox|address|account)|recipnotfound"
                r"|no one by that name|check if (?:the )?address is correct|(?:宛先|アドレス|ディレクトリ|ユーザー?"
                r"|受信者).{0,40}(?:存在しません|見つかりません|ありません)|用户不存在|收件人不存在|邮箱不存在|无此用户"
                r"|destination addresses were unknown|no account by that name|mailbox name not allowed"
                r"|there is no (?:such )?(?:user|one)|(?:收件人|邮箱|邮件地址|用户|帐号|账号|账户|使用者"
                r"|信箱|收信人).{0,60}不存在"
                r"|(?:找不到|查无|没有|無).{0,6}(?:收件人|用户|使用者|此人|电子邮件地址)|无效的?(?:收件人|邮箱|地址)"
            ),
        ),
        (
            Reason.SYSTEM,
            (
                r"name server reply|(?:internal|system|server|local) (?:\w+ )?(?:error|failure|problem)"
                r"|configuration error|connection (?:refused|timed|reset|lost|dropped)|unable to connect"
                r"|could not connect|temporar|try again|unable to (?:contact|reach)|tls|mail loop|hop count"
                r"|too many hops"
            ),
        ),
    )
)

_NOT_ACCEPT = dict(_PHRASES)[Reason.NOT_ACCEPT]

# Words of which each phrase has at least one. Looking for them first spares most of the searches, which cost ten times
# as much; a reason that is not named here has words that nearly every report has.
_WORDS: Mapping[Reason, tuple[str, ...]] = {
    Reason.MAILBOX_FULL: (
        *("full", "exceed", "quota", "storage", "space", "too much mail data", "maildir over", "user is over"),
        *(
            "delivery failed: over",
            "mailbox size limit",
            "メールボックスが一杯",
            "容量",
            "满",
            "滿",
            "不足",
            "超出",
            "超过",
        ),
    ),
    Reason.SUSPENDED: (
        *("disabled", "suspend", "inactiv", "activated", "discontinued", "locked", "restricted", "not active"),
        *("expired", "frozen", "boxed"),
    ),
    Reason.TOO_BIG: ("too big", "too large", "exceed", "limit", "size"),
    Reason.POLICY: (
        *("spam", "black", "block", "rbl", "dnsbl", "reputation", "unsolicited", "virus", "infected", "dmarc", "spf"),
        *("dkim", "authenticat", "policy", "relay", "denied", "not permitted", "too many", "rate limit", "reverse"),
        *("ptr", "rdns", "prohibited", "content", "authori", "permission", "sender", "banned", "suspicious", "reject"),
        *("restricted", "rfc", "greylist", "throttl", "duplicate", "loop", "垃圾", "黑名", "拒绝接收", "拒收", "频率"),
    ),
    Reason.EXPIRED: (
        *("expire", "retry", "time", "too long", "giving up", "could not be delivered for", "delay", "being retried"),
        *(
            "in the queue",
            "deferred",
            "undeliverable for",
            "last ",
            "temporarily unable",
            "aborted after",
            "超时",
            "多次",
        ),
    ),
    Reason.NOT_ACCEPT: (*("accept", "null mx", "does not receive mail", "smtp is disabled", "no smtp service"),),
    Reason.HAS_MOVED: ("moved", "changed", "new ", "no longer", "replaced by"),
    Reason.HOST_UNKNOWN: (
        *(
            "host",
            "domain",
            "server",
            "mx",
            "mail exchanger",
            "could not find",
            "unable to resolve",
            "dns",
            "nxdomain",
            "invalid mail",
        ),
        "域名",
    ),
    Reason.SYSTEM: (
        *("error", "failure", "problem", "name server reply", "connect", "temporar", "try again", "unable to", "tls"),
        *("mail loop", "hop count", "too many hops"),
    ),
}
_BY_CODE: dict[str, Reason] = {
    "1.1": Reason.USER_UNKNOWN, "1.0": Reason.USER_UNKNOWN, "1.2": Reason.HOST_UNKNOWN, "1.3": Reason.USER_UNKNOWN,
    "1.6": Reason.HAS_MOVED, "1.10": Reason.NOT_ACCEPT, "2.1": Reason.SUSPENDED, "2.2": Reason.MAILBOX_FULL,
    "2.3": Reason.TOO_BIG, "3.4": Reason.TOO_BIG, "4.4": Reason.HOST_UNKNOWN, "4.7": Reason.EXPIRED,
    "4.310": Reason.HOST_UNKNOWN, "1.7": Reason.POLICY, "1.8": Reason.POLICY,
}  # fmt: skip
_DECISIVE = frozenset(("1.1", "1.2", "1.6", "1.7", "1.8", "2.2", "2.3", "3.4", "4.7"))
_VAGUE = frozenset(("", "0.0", "2.0", "3.0"))
_SMTP_REPLY = re.compile(r"5(?<![^\s:;,].)\d\d(?=[\s:;,.-]|$)", re.MULTILINE)
_REJECTED = re.compile(r"recipient (?:address )?rejected:? (?:access denied|undeliverable|invalid)")
_PHASE = re.compile(
    r">>> ?(?P<sent>[a-z]+)[^\n]*\n(?:[^\n]*\n)?\s*<<< ?[45]\d\d"
    r"|in reply to (?:the )?(?:end of )?(?P<reply>[a-z]+)"
    r"|after (?:end of )?(?P<after>rcpt|mail|data|helo|ehlo)\b|did not like our (?:final )?(?P<liked>[a-z]+)"
    r"|smtp command\s+(?P<command>[a-z]+)|smtp error,? (?P<error>rcpt|mail|data)\b|\[(?P<noted>rcpt|mail|data)_"
)
_PHASE_HINTS = (  # one of them stands in every text that the pattern fits
    *("<<<", "in reply to", "after ", "did not like our", "smtp command", "smtp error", "[rcpt_", "[mail_", "[data_"),
)


class Phase(StrEnum):
    """The SMTP command a failure answered (RFC 5321)."""

    RCPT = "rcpt"
    DATA = "data"
    MAIL = "mail"
    OTHER = ""


def phase_of(text: str) -> Phase:
    """Return the command that was refused, as far as a transcript or a mail system tells."""
    text = text.lower()
    match = _PHASE.search(text) if _has_any(text, _PHASE_HINTS) else None
    word = next((group for group in match.groups() if group), "") if match else ""
    return Phase(word) if word in ("rcpt", "data", "mail") else Phase.OTHER


def reason_of(text: str, status: str, phase: Phase = Phase.OTHER) -> Reason:
    """Return the likeliest cause; `text` is what the server said, `status` an enhanced code or "".

    An unknown user in answer to DATA is a filter's word about the content: the recipient had been accepted before.
    Where a server's reply carries neither a telling code nor the command it answered, the address is not given up.
    """
    detail = status.partition(".")[2]
    text = text.lower()
    if _speaks_of(Reason.MAILBOX_FULL, _PHRASES[0][1], text):
        return Reason.MAILBOX_FULL
    if phase is Phase.MAIL:
        return Reason.POLICY
    if _REJECTED.search(text):
        return Reason.USER_UNKNOWN
    if detail in _DECISIVE or (detail.startswith("7.") and not _NOT_ACCEPT.search(text)):
        return _BY_CODE.get(detail, Reason.POLICY)
    found = next(
        (reason for reason, pattern in _PHRASES[1:] if _speaks_of(reason, pattern, text)),
        _BY_CODE.get(detail, Reason.UNDEFINED),
    )
    vague = detail in _VAGUE and phase is Phase.OTHER and _SMTP_REPLY.search(text)
    if found is Reason.USER_UNKNOWN and (phase is Phase.DATA or vague):
        return Reason.FILTERED
    return found


def _speaks_of(reason: Reason, pattern: re.Pattern[str], text: str) -> bool:
    """Whether a text in lower case has a phrase of a reason."""
    words = _WORDS.get(reason)
    return (words is None or _has_any(text, words)) and pattern.search(text) is not None


def _has_any(text: str, words: tuple[str, ...]) -> bool:
    for word in words:  # noqa: SIM110 - any() takes twice as long
        if word in text:
            return True
    return False


def is_hard(reason: Reason, status: str) -> bool:
    """Whether the address is dead for good."""
    return reason in HARD and not status.startswith(("4", "2"))
