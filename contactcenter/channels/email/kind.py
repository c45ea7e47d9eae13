"""What kind of mail it is: a person's message, or something a machine sent.

Headers decide first (RFC 3834 automatic answers, RFC 3462 reports, RFC 2369 and RFC 2919 lists), then what the many who
ignore them write into subject and sender. Kind `message` is the default: a person's mail held back is a customer lost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from contactcenter.channels.email.addresses import Address
from contactcenter.channels.email.headers import Headers
from contactcenter.channels.email.notices import notice_kind
from contactcenter.channels.email.parts import Part
from contactcenter.envelope import MessageKind

_DAEMON = re.compile(
    r"^(?:mailer[-_.]?daemon|maildaemon|mdaemon|post[-_.]?(?:master|office)|mail[-_.]?(?:er|system|delivery)"
    r"|double-bounce|bounces?"
    r"|mmdf|administrator|microsoftexchange[0-9a-f]+|mail_?router|uucp|info[-_.]?bounce|smtp[-_.]gateway"
    r"|amavisd?.*)$",
    re.IGNORECASE,
)
_DAEMON_NAME = re.compile(
    r"mailer[- ]?daemon|mail (?:delivery|router|administrator|transport)|delivery (?:subsystem|system|service"
    r"|notification)"
    r"|postmaster|internet mail delivery|system (?:administrator|attendant)|mail ?system|email ?delivery"
    r"|mail server at |系统退信"
)
_BOUNCE_SUBJECT = re.compile(
    r"undeliver(?:able|ed)|non[- ]?(?:deliverable|delivery)|delivery (?:status notification|has )?(?:\()?(?:fail"
    r"|delay|problem|error|report|status|notice|incomplete|warning)"
    r"|(?:mail|message|e-?mail) (?:delivery|transmission|system|status|error|could not|was not|not|undeliverable"
    r"|fail)"
    r"|delivery (?:of .{1,80} )?(?:has )?fail|fail(?:ed|ure)(?: delivery| notice| to deliver)?(?: of)?$"
    r"|failure (?:notice|delivery)|fail(?:ed|ure) (?:mail|delivery|to deliver)"
    r"|return(?:ed|ing) (?:e-?mail|message|to sender|your)|could ?n[o']t be delivered|cannot be delivered"
    r"|can'?t be delivered|not (?:be )?delivered"
    r"|delivery notification|warning: (?:could not send|message .{1,60} delayed)|user unknown|mail could not"
    r"|unzustellbar|nicht zustellbar|zustellung"
    r"|message (?:rejected|bounced|delayed)|rejected(?::| mail)|mailbox (?:unavailable|full)|не ?доставлен"
    r"|non remis|échec de|no (?:se ha )?(?:podido )?entrega"
    r"|mancata consegna|退信|退回|投递失败|投遞失敗|发送失败|无法送达|無法(?:傳遞|送達)|配信不能"
    r"|配送不能|送信できません|returned mail|error sending"
    r"|delivery error|permerror|message you sent (?:was )?blocked|未送达|未送達|投递失敗|发送不成功|传送失败|傳送失敗"
    r"|onbestelbaar|niet (?:be|afge)leverd|recapito non riuscito|impossibile recapitare|niedostarczon|nie dostarczono"
    r"|não (?:foi )?entregue|falha na entrega|devuelto|kunne ikke leveres|kan (?:inte|ej) levereras|teslim edilemedi"
    r"|недоставл|не может быть доставлено|반송|배달 ?(?:실패|불가)|전송 ?실패|tidak (?:dapat )?(?:ter)?kirim"
    r"|hinweis: email|considered unsolicited|unable to deliver"
)
_BOUNCE_BODY = re.compile(
    r"could ?n[o']t (?:be delivered|deliver)|could not be (?:sent|reached|delivered)|unable to deliver"
    r"|was not delivered|not be delivered|been undeliverable|undeliver(?:able|ed)"
    r"|delivery (?:to the following|has failed|failed|failure|error|attempt)|permanent (?:fatal )?error"
    r"|returned (?:to (?:you|sender)|mail|message)|message that you sent"
    r"|i'm (?:sorry|afraid) (?:to have to inform|i wasn't able)|transcript of session follows"
    r"|did not reach the following|following addresses? (?:had|failed)"
    r"|following recipients?|user unknown|unknown user|mailbox (?:is )?(?:full|unavailable|not found)|no such user"
    r"|(?:host|domain) (?:unknown|not found)|quota|rejected"
    r"|\b[45]\d\d[ -][#(]?[45]\.\d\.\d|\bsmtp error|remote (?:host|server) (?:said|returned|replied)"
    r"|failed recipient|error (?:message )?(?:below|follows)|bounced"
    r"|not been delivered|n'a pas pu être (?:remis|délivré)|konnte nicht zugestellt|no se (?:ha podido|pudo) entregar"
    r"|did not like|giving up|original message (?:follows|header)|被退回|无法(?:送达|投递)|未能(?:送达"
    r"|投递)|退信|不存在|エラー|配信|送信できません|宛先"
    r"|お届け"
)
_UNDELIVERED = re.compile(
    r"could not be (?:delivered|sent)|unable to deliver|was not delivered|(?:not|cannot) be delivered"
    r"|delivery (?:has )?failed|送信できません|配信できません|无法(?:送达|投递)|被退回"
)
_NO_REPLY = re.compile(r"(?:no|do[-_.]?not|never)[-_.]?(?:reply|respond|answer)", re.IGNORECASE)
_AUTO_SUBJECT = re.compile(
    r"^\W{0,3}(?:auto(?:matic(?:ally)?|mated)?[- _]?(?:re(?:ply|sponse|sponder)|answer|generated|email reply)"
    r"|auto ?: |autoreply|out of (?:the )?office|ooo\b"
    r"|(?:i am |i'm )?(?:on|away on) (?:annual )?(?:vacation|holiday|leave)\b|away from (?:the office|my (?:mail"
    r"|desk|email))|vacation (?:reply|notice|response|message)|abwesenheit"
    r"|automatische (?:antwort|e-?mail)|réponse automatique|absence du bureau|absent du bureau"
    r"|respuesta automática|fuera de (?:la )?oficina|risposta automatica|fuori ufficio"
    r"|automatisch(?:e)? (?:antwoord|bericht)|afwezig|resposta automática|ausência temporária|autosvar|frånvaro"
    r"|automaattinen vastaus|poissa|autoodpowiedź|automatyczna odpowiedź"
    r"|автоответ|автоматический ответ|otomatik yanıt|自动(?:回复|答复|应答)(?!收到|没|不|怎|为什么|设置"
    r"|功能)|自動(?:回覆|回復|応答|返信"
    r"|答覆)|外出(?:自动)?回复|休假(?:自动)?回复"
    r"|不在办公室|出差自动回复|【自动回复】|자동 ?(?:회신|응답))"
    r"|(?:\(|\[|【)(?:auto(?:matic)?[- ]?re(?:ply|sponse)|自动回复|out of office)(?:\)|\]|】)|是自动回复"
    r"|的自动(?:回复|答复)$|^\W{0,3}(?:休假|外出|出差|放假|离岗|离职)(?:中|期间|期間)?(?:自动|自動)?(?:回复"
    r"|通知|提醒)?(?:】|\]|[:：])"
    r"|^\W{0,3}(?:我)?(?:正在|目前)?(?:休假中|外出中|出差中|不在办公室|不在辦公室)|不在(?:通知|のお知らせ)"
    r"|休暇のお知らせ"
    r"|(?:回复|答复|re|aw)[:：].{0,80}[(（\[【](?:自动回复|out of (?:the )?office|ooo|休假中|外出中)[)）\]】]"
)
# What a machine says of itself at the beginning of its text, in any subject.
_AUTO_BODY = re.compile(
    r"(?:this is|it is) an? (?:automatic(?:ally generated)?|automated|auto[- ]?generated) (?:e-?mail |out of office )?"
    r"(?:reply|response|answer|acknowledge?ment|notification of absence)"
    r"|(?:这是|这封邮件是|此(?:邮件|信|回复)(?:为|是|由)|本(?:邮件|信|回复)(?:为|是|由)).{0,12}自动(?:回复"
    r"|答复|应答|回信)"
    r"|(?:這是|此(?:郵件|信)(?:為|是|由)|本(?:郵件|信)(?:為|是|由)).{0,12}自動(?:回覆|回復|答覆)"
    r"|^\W{0,4}(?:【|\[|\()?(?:自动(?:回复|答复)|自動(?:回覆|回復|返信))(?:】|\]|\))?\s*(?:[:：,，。!！\n]|$)"
    r"|(?:このメール|本メール)は.{0,12}自動(?:返信|応答|送信)|dies ist eine automatische (?:antwort|abwesenheit)"
    r"|ceci est une réponse automatique|esta es una respuesta automática|questa è una risposta automatica"
)
# What services such as this one write below their automatic mail; a robot may have taken every other sign away.
_AUTO_FOOT = re.compile(
    r"this (?:receipt|answer|reply|response) was (?:written|sent|generated|created) automatically"
    r"|(?:此|本|这份|该)(?:回执|回复|答复|确认).{0,4}(?:由|为|是)?.{0,6}自动(?:生成|发送|发出|回复|撰写|编写)"
)
# Somebody is away; and what only one says who is: together, in a short text that asks nothing, they are no letter.
_AWAY = re.compile(
    r"\b(?:i am|i'm|i will be|i'll be|am) (?:currently |presently |now )?(?:out of (?:the |my )?office"
    r"|away from (?:the |my )"
    r"(?:office|desk|e-?mail)|on (?:annual |parental |maternity |paternity |sick |business )?(?:leave"
    r"|vacation|holiday|trip))"
    r"|不在(?:办公室|公司|辦公室)|(?:正在|目前|现|我|将|處於|处于).{0,6}(?:休假|休年假|休产假|度假|出差|外出|放假)"
    r"|(?:休假|外出|出差|放假|年假|假期)(?:中|期间|期間)"
)
_STANDS_IN = re.compile(
    r"(?:limited|no|intermittent) access to (?:my )?e-?mail|(?:reply|respond|answer|get back|return your).{0,40}"
    r"(?:when i (?:return|am back|get back)|(?:up)?on my return|after my return|as soon as (?:i|possible))"
    r"|(?:urgent|immediate|emergency).{0,60}(?:contact|call|reach|e-?mail)|in my absence|will be back (?:on"
    r"|in the office)"
    r"|(?:无法|不能|無法)(?:及时|亲自|及時)?(?:回复|查看|查收|处理|回覆)(?:您|你|邮件|郵件|来信|電郵)"
    r"|(?:会|将|會|將).{0,15}(?:尽快|及时|儘快|盡快).{0,3}(?:给|向|与|跟|為|为|給|回复您|回覆您|与您)"
    r"|(?:回来|返回|返岗|返崗|假期结束|休假结束|节后|回到办公室).{0,12}(?:回复|答复|处理|联系|回覆)"
    r"|(?:如有|若有|如果有).{0,6}(?:急事|紧急|急需|要事|緊急).{0,30}(?:联系|致电|拨打|聯絡|聯繫|转)"
)
_ASKS = re.compile(
    r"[?？]|please (?:tell|send|let|help|call|check|confirm)|请问|麻烦|請問|帮我|帮忙|希望|投诉|理赔|退款"
)
_QUOTATION = re.compile(
    r"^(?:>|-{3,}|_{5,}|on .{0,200}wrote:|在.{0,200}写道|发件人[:：]|寄件者[:：]|from: |.{0,60}原始邮件)",
    re.IGNORECASE | re.MULTILINE,
)
# One of these stands in every text that the two patterns fit: looking for them costs a tenth.
_AUTO_HINTS = ("auto", "自动", "自動")
_AWAY_HINTS = ("out of", "away from", "leave", "vacation", "holiday", "trip", "不在", "假", "出差", "外出")
_HINTS = _AUTO_HINTS + _AWAY_HINTS
_MAX_AWAY = 900  # characters: a longer text says more than that somebody is away
_AUTO_HEADERS = frozenset((
    "x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply", "x-autogenerated", "x-autoreply-from",
    "x-mail-autoreply", "x-auto-response", "x-vacation", "x-ms-exchange-generated-message-source",
    "x-ms-exchange-inbox-rules-loop", "x-facteur-auto",
))  # fmt: skip
_SENT_BY_MACHINES = _AUTO_HEADERS | {
    "x-auto-response-suppress", "x-loop", "feedback-id", "list-id", "list-unsubscribe",
}  # fmt: skip
_AUTO_SENDER = re.compile(r"^auto(?:[-_.]?(?:reply|responder|response|answer|mat.*))", re.IGNORECASE)
_LIST_HEADERS = frozenset((
    "list-id", "list-post", "list-unsubscribe", "mailing-list", "x-mailing-list", "x-mlserver",
    "x-ml-name", "x-beenthere",
))  # fmt: skip
_LIST_PRECEDENCE = frozenset(("bulk", "list", "junk"))


@dataclass(frozen=True, slots=True)
class Traits:
    """What the classification looks at besides the tree."""

    sender: Address
    subject: str
    text: str  # the beginning of the readable body


def is_automatic(headers: Headers, kind: MessageKind) -> bool:
    """Whether a machine wrote the mail, so that no machine may answer it (RFC 3834, 2; Microsoft's suppress header)."""
    if kind is not MessageKind.MESSAGE:
        return True
    submitted = headers.raw("auto-submitted").partition(";")[0].strip().lower()
    precedence = headers.raw("precedence").strip().lower()
    return (
        submitted not in ("", "no")
        or precedence in _LIST_PRECEDENCE
        or headers.has_any(_SENT_BY_MACHINES)
        or headers.raw("return-path").strip() == "<>"
    )


def report_type(root: Part) -> str:
    """Return the `report-type` of a multipart/report, or "" (RFC 6522)."""
    return root.parameters.get("report-type", "").lower() if root.content_type == "multipart/report" else ""


def classify(root: Part, traits: Traits) -> MessageKind:
    """Return the kind of a mail."""
    headers = root.headers
    noticed = notice_kind(traits.text)
    if noticed is not None:
        return noticed
    types = {part.content_type for part in root.all}
    report = report_type(root)
    if report == "feedback-report" or "message/feedback-report" in types or _is_abuse_report(traits):
        return MessageKind.FEEDBACK_REPORT
    if report in ("disposition-notification", "mdn") or "message/disposition-notification" in types:
        return _disposition(root)
    if report.startswith("delivery-status") or types & {"message/delivery-status", "message/global-delivery-status"}:
        return _delivery(root)
    if is_bounce(headers, traits, returned="message/rfc822" in types):
        return MessageKind.BOUNCE
    if _is_auto_reply(headers, traits):
        return MessageKind.AUTO_REPLY
    if _is_list(headers):
        return MessageKind.LIST
    return MessageKind.MESSAGE


def _disposition(root: Part) -> MessageKind:
    """Return a disposition notification: read receipt, or a refusal that speaks of deletion or failure."""
    for part in root.all:
        if part.content_type == "message/disposition-notification":
            text = part.content[:4000].lower()
            if b"/failed" in text or b"/error" in text:
                return MessageKind.BOUNCE
    return MessageKind.DELIVERY_RECEIPT


def _delivery(root: Part) -> MessageKind:
    """Return a delivery status notification: good news is a receipt, anything else a bounce (RFC 3464)."""
    actions: set[bytes] = set()
    for part in root.all:
        if part.content_type in ("message/delivery-status", "message/global-delivery-status"):
            actions.update(a.lower() for a in re.findall(rb"(?im)^action:[ \t]*([a-z]+)", part.content[:200_000]))
    good = {b"delivered", b"relayed", b"expanded"}
    return MessageKind.DELIVERY_RECEIPT if actions and actions <= good else MessageKind.BOUNCE


def _is_abuse_report(traits: Traits) -> bool:
    """Whether it is an abuse report from before RFC 5965: by a telling subject, or by an abuse desk as sender."""
    if re.match(r"\s*complaint about message from [\d.:a-f]+", traits.subject, re.IGNORECASE):
        return True
    sender = f"{traits.sender.address} {traits.sender.name}"
    return bool(
        re.search(r"\babuse report\b|^fw: .{0,60}abuse", traits.subject, re.IGNORECASE)
        and re.search(r"abuse|complain", sender, re.IGNORECASE)
    )


def _from_daemon(headers: Headers, traits: Traits) -> bool:
    """Whether the sender is a mail system rather than a person."""
    local = traits.sender.address.rpartition("@")[0] or traits.sender.address
    raw = headers.raw("from")[:300]
    return bool(
        _DAEMON.match(local)
        or _DAEMON_NAME.search(traits.sender.name.lower())
        or re.match(r"\s*\"?(?:mailer-daemon|postmaster)\b", raw, re.IGNORECASE)
        or raw.strip() == "<>"
    )


def is_bounce(headers: Headers, traits: Traits, returned: bool) -> bool:
    """Whether a mail without a delivery status part tells of a failed delivery: two signs of different kind are needed.

    `returned` tells that a mail is attached.
    """
    if "x-failed-recipients" in headers:
        return True
    subject = bool(_BOUNCE_SUBJECT.search(traits.subject[:300].lower()))
    beginning = traits.text[:6000].lower()
    if _from_daemon(headers, traits) and (subject or _BOUNCE_BODY.search(beginning)):
        return True
    if re.match(r"\s*(?:re|aw|sv|fwd?|wg|tr|回复|答复|转发)\s*[:：]", traits.subject, re.IGNORECASE):
        return False
    empty_path = headers.raw("return-path").strip() == "<>"
    robot = empty_path or bool(_NO_REPLY.match(traits.sender.address))
    if robot and (returned or subject) and _UNDELIVERED.search(beginning):
        return True
    return subject and bool(_BOUNCE_BODY.search(beginning)) and (empty_path or _has_code(beginning))


def _has_code(text: str) -> bool:
    """Whether the beginning of a text quotes an SMTP answer."""
    return bool(
        re.search(
            r"\b[45]\d\d[ -]#?[45]\.\d{1,3}\.\d{1,3}\b|\b(?:smtp|error|said|host|server|code).{0,40}\b[45]\d\d\b",
            text[:6000],
            re.IGNORECASE,
        )
    )


def _is_auto_reply(headers: Headers, traits: Traits) -> bool:
    """Whether a machine answered (RFC 3834, 5, and what is written where it is ignored)."""
    submitted = headers.raw("auto-submitted").partition(";")[0].partition("(")[0].strip().lower()
    if submitted not in ("", "no"):
        return True
    if headers.raw("precedence").strip().lower() in ("auto_reply", "auto-reply", "autoreply"):
        return True
    if headers.has_any(_AUTO_HEADERS) and any(
        name in headers and headers.raw(name).strip().lower() not in ("no", "none", "false") for name in _AUTO_HEADERS
    ):
        return True
    if _AUTO_SUBJECT.search(traits.subject[:200].lower()):
        return True
    return bool(_AUTO_SENDER.match(traits.sender.address)) or _says_it_is_automatic(traits.text)


def _says_it_is_automatic(text: str) -> bool:
    """Whether the text itself tells of an automatic answer: what is quoted below it does not count."""
    text = text[:6000]
    lowered = text.lower()
    if not any(map(lowered.__contains__, _HINTS)):  # most do not, and splitting costs more than all the rest
        return False
    own = _QUOTATION.split(text, maxsplit=1)[0].strip().lower()
    if any(map(own.__contains__, _AUTO_HINTS)) and (_AUTO_BODY.search(own[:300]) or _AUTO_FOOT.search(own)):
        return True
    if len(own) >= _MAX_AWAY or not any(map(own.__contains__, _AWAY_HINTS)):
        return False
    return bool(_AWAY.search(own)) and not _ASKS.search(own) and bool(_STANDS_IN.search(own))


def _is_list(headers: Headers) -> bool:
    """Whether a mailing list or a bulk mailer sent it."""
    if headers.has_any(_LIST_HEADERS):
        return True
    return headers.raw("precedence").strip().lower() in _LIST_PRECEDENCE
