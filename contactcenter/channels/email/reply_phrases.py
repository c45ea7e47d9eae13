"""What mail programs write around quotations, in the languages their users set them to.

Header labels, introductions ("On … wrote:"), separators ("Original Message") and device lines. The patterns are looked
for in single lines, or in up to four lines joined, of capped length: each is linear.
"""

from __future__ import annotations

import re
from enum import Enum


class Label(Enum):
    """The header fields a mail program repeats above a quoted mail."""

    FROM = "from"
    DATE = "date"
    TO = "to"
    CC = "cc"
    SUBJECT = "subject"


_LABELS: dict[Label, str] = {
    Label.FROM: (
        "from|de|von|da|van|fra|från|od|от|від|отправитель|lähettäjä|feladó|expéditeur|remitente|mittente|afzender"
        "|kimden|gönderen|发件人|寄件者|寄件人|发信人|發件人|差出人|送信者|보낸 ?사람|보낸이|من|de la|από|מאת"
        "|от кого|từ|dari|จาก"
    ),
    Label.DATE: (
        "date|sent|datum|data|fecha|dato|envoyé(?: le)?|enviado(?: el| em)?|enviada(?: em)?|gesendet|inviato|verzonden"
        "|sendt|skickat|wysłano|дата|отправлено|відправлено|надіслано|lähetetty|päivämäärä|elküldve|dátum|odesláno"
        "|tarih|gönderildi|gönderme tarihi|message du|发送时间|发送日期|日期|时间|時間|寄件日期|傳送日期|傳送時間"
        "|發送時間|发件时间|日付|日時|送信日時|보낸 ?날짜|날짜|trimis|sendedato|skickad|datë|ημερομηνία|στάλθηκε"
        "|תאריך|נשלח|gửi|dikirim|ส่ง|التاريخ"
    ),
    Label.TO: (
        "to|à|a|an|para|per|aan|til|till|do|кому|vastaanottaja|címzett|destinataire|destinatario|kime|alıcı"
        "|收件人|收件者|收信人|宛先|받는 ?사람|komu|către|προς|אל|đến|kepada|ถึง|إلى"
    ),
    Label.CC: "cc|kopie|copie(?: à)?|kopi|kopia|копия|抄送|副本|참조|bcc|cci|密送|cc/bcc",
    Label.SUBJECT: (
        "subject|betreff|objet|objeto|oggetto|onderwerp|emne|ämne|temat|тема|aihe|tárgy|předmět|konu|asunto"
        "|assunto|主题|主旨|主題|标题|件名|제목|subiect|θέμα|נושא|sujet|chủ đề|perihal|subjek|เรื่อง|الموضوع"
    ),
}
_LABEL = re.compile(
    r"[>\s|*_·•]{0,20}(?:"
    + "|".join(f"(?P<{label.name}>{names})" for label, names in _LABELS.items())
    + r")\s{0,3}[*_]{0,3}\s{0,3}(?:[:：]|\|\s)[*_]{0,3}(?P<rest>.*)",
    re.IGNORECASE,
)
_COLON = re.compile("[:：|]")
_SHORT = re.compile(r"[>\s|*_·•]{0,20}[^\s:：|*][^:：|]{0,22}(?:[:：]|\|)")


def label_of(line: str) -> tuple[Label, str] | None:
    """Return the header label that a line starts with, and what follows it."""
    if not _COLON.search(line[:70]) or not _SHORT.match(line):
        return None
    match = _LABEL.match(line[:600])
    if not match or match.lastgroup is None:
        return None
    kind = next(label for label in Label if match[label.name])
    return kind, match["rest"].strip()


_VERBS = (
    r"wrote|writes|schrieb(?:en)?|geschrieben|a écrit|escribió|escribio|escreveu|ha scritto|scrive|schreef"
    r"|het volgende "
    r"geschreven|skrev|kirjoitti|napisał(?:\(a\)|a)?|pisze|написал(?:\(а\)|а)?|пишет|писал(?:\(а\)|а)?|написав|пише"
    r"|yazdı|şunu yazdı|tarihinde|a scris|napsal(?:\(a\)|a)?|napísal|írta|έγραψε|skrifaði|rašė|rakstīja|pisał"
    r"|写道|寫道|书写道|写到|编写|撰寫|的邮件|のメール|が書きました|に書きました|書きました|님이 작성"
    r"|작성|viết|menulis|เขียน|כתב|كتب"
)
_VERB = re.compile(
    rf"(?:^|[\s,，、)>»\"'”\d年月日时分秒])(?:{_VERBS})\b|写道|寫道|书写道|님이 작성|のメール", re.IGNORECASE
)
_VERB_END = re.compile(rf"(?:{_VERBS})\s{{0,3}}[:：]?\s{{0,3}}[>*_]{{0,2}}$", re.IGNORECASE)
_MAIL_END = re.compile(
    r"[\w.+'-]{1,64}@[\w.-]{1,190}(?:\s{0,2}<?mailto:[^\s<>]{1,250})?\s{0,2}>{0,2}[)\]]?\s{0,3}[:：]$"
)
_MAIL = re.compile(r"[\w.+'-]{1,64}\s{0,2}@\s{0,2}[\w.-]{1,190}")
_DATE = re.compile(
    r"\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\b(?:19|20)\d\d[-./年]|\b\d{1,2}[:.]\d{2}\b|\b(?:19|20)\d\d\b"
    r"|\d{1,2}月\d{1,2}日|kl\.|klo|\d:\d\d"
)
_START = re.compile(
    r"[>\s*]{0,10}(?:(?:on|le|am|el|il|op|em|no dia|den|på|w dniu|dnia|dne|dňa|in data|ngày|pada|tarihinde|în|om|в"
    r"|у|во"
    r"|mon|tue|wed|thu|fri|sat|sun|lun|mar|mer|jeu|ven|sam|dim|lunedì|lø|sø|ma|ti|ke|to|pe|la|su|пн|вт|ср|чт|пт|сб|вс"
    r"|tir|man|ons|tor|fre|lör|lør|søn|sön|mo|di|mi|do|fr|sa|so)\b[.,]?|\d{1,4}[./:年 -]|\d{1,2} |在|于"
    r"|於|自|\"|“|<|「"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day\b)",
    re.IGNORECASE,
)
_DATED_MAIL = re.compile(r"\d{4}[/.-]\d{1,2}[/.-]\d{1,2}[^<>]{0,120}<[^<>@\s]{1,64}@[^<>\s]{1,190}>")  # old Gmail
_INTRO_END = re.compile(r"[:：]\s{0,3}[>*_]{0,2}$")


def is_introduction(text: str) -> bool:
    """Whether a line, or a few joined, introduces a quotation: a date or an address together with "wrote", or both."""
    text = text.strip()[-400:]
    if _DATED_MAIL.fullmatch(text):
        return True
    colon = bool(_INTRO_END.search(text))
    if not colon and not _VERB_END.search(text):
        return False
    verb = bool(_VERB.search(f" {text}"))
    mail = bool(_MAIL.search(text))
    date = bool(_DATE.search(text))
    if not verb:
        return colon and date and bool(_MAIL_END.search(text)) and bool(_START.match(text))
    if not colon:
        return date and mail and bool(_START.match(text))
    return (date and bool(_START.match(text))) or (mail and (date or bool(_VERB_END.search(text))))


_COLONS = (":", "：")
_VERB_ENDING_NAMES = (
    "wrote|writes|schrieb|geschrieben|écrit|escribió|escreveu|scritto|schreef|skrev|kirjoitti|napisał|napisał(a)|написал"
    "|написал(а)|пишет|писал|написав|пише|yazdı|scris|napsal|napsal(a)|írta|έγραψε|写道|寫道|作成|작성|menulis"
)
_VERB_ENDINGS = tuple(_VERB_ENDING_NAMES.split("|"))


def may_end_introduction(line: str) -> bool:
    """Cheap test whether an introduction can end with this line."""
    tail = line[-60:].rstrip(" \t>*_")
    return tail.endswith(_COLONS) or tail.lower().endswith(_VERB_ENDINGS) or bool(_DATED_MAIL.fullmatch(line.strip()))


def ends_with_verb(line: str) -> bool:
    """Whether a line ends with "wrote" or its like: before quote marks that alone is an introduction."""
    return len(line) < 150 and bool(_VERB_END.search(line[-60:]))


_SEPARATOR_WORDS = (
    r"original message|original e-?mail|forwarded message|begin forwarded message|reply message|replied message"
    r"|forwarded by .{1,80}|ursprüngliche nachricht|originalnachricht|original[- ]?nachricht"
    r"|weitergeleitete nachricht"
    r"|anfang der weitergeleiteten (?:e-?mail|nachricht)|message d['’]origine|message original|message initial"
    r"|message transféré|début du message transféré|courriel original|mensaje original|mensaje reenviado"
    r"|mensagem original|mensagem encaminhada|messaggio originale|messaggio inoltrato|oorspronkelijk bericht"
    r"|doorgestuurd bericht|oprindelig (?:besked|meddelelse)|opprinnelig melding|videresendt (?:besked|melding)"
    r"|ursprungligt meddelande|originalmeddelande|vidarebefordrat meddelande|alkuperäinen viesti|välitetty viesti"
    r"|oryginalna wiadomość|wiadomość oryginalna|(?:treść )?przekazan(?:a|ej) wiadomoś(?:ć|ci)|původní zpráva"
    r"|přeposlaná zpráva"
    r"|исходное сообщение|оригинальное сообщение|пересылаемое сообщение|пересланное сообщение|вихідне повідомлення"
    r"|özgün ileti|orijinal mesaj|yönlendirilen ileti|eredeti üzenet|mesaj original"
    r"|原始邮件|原始郵件|原始消息|原始訊息|邮件原件|原邮件|原郵件|回复的原邮件|回复的邮件|转发的邮件"
    r"|转发邮件信息|轉寄郵件|已转发的消息"
    r"|转发邮件|以下是转发的邮件|開始轉寄郵件|下面是被转发邮件的信息|元のメッセージ|転送されたメッセージ"
    r"|転送メッセージ|원본 ?메[시세]지"
    r"|전달된 메[시세]지|tin nhắn gốc|pesan asli|original"
)
_SEPARATOR = re.compile(
    rf"[>\s]{{0,10}}[-_=*—–]{{2,60}}\s{{0,10}}(?:{_SEPARATOR_WORDS})\s{{0,3}}[:：]?\s{{0,10}}[-_=*—–]{{0,60}}\s*$",
    re.IGNORECASE,
)
_BARE_SEPARATOR = re.compile(
    r"[>\s]{0,10}(?:begin forwarded message|début du message transféré|anfang der weitergeleiteten (?:e-?mail"
    r"|nachricht)"
    r"|inizio messaggio inoltrato|inicio del mensaje reenviado|以下是转发的邮件|開始轉寄郵件"
    r"|转发邮件信息|下面是被转发邮件的信息)\s{0,3}[:：]?\s*$",
    re.IGNORECASE,
)
_ABOVE = re.compile(
    r"(?:type|write|enter|add|send) your (?:reply|response|answer) above (?:this|the) line|reply above (?:this"
    r"|the) line"
    r"|above this line to (?:reply|add)|请在此(?:行|线)(?:以上|上方)(?:回复|输入)"
    r"|bitte antworten sie oberhalb dieser (?:linie"
    r"|zeile)",
    re.IGNORECASE,
)
_RULE_CHARACTERS = frozenset("-_=*—–")
_RULE = re.compile(r"[>\s]{0,10}(?:[-_=*~—–]\s?){3,200}$")


def is_separator(line: str) -> bool:
    """Whether a line says that the mail answered to, or a forwarded one, follows."""
    start = line[:40].lstrip("> \t")[:1]
    if start in _RULE_CHARACTERS and start and _SEPARATOR.match(line[:300]):
        return True
    if len(line) > 150:
        return False
    return bool(_BARE_SEPARATOR.match(line) or _ABOVE.search(line))


def is_rule(line: str) -> bool:
    """Whether a line is a drawn rule."""
    return 3 <= len(line) < 300 and bool(_RULE.match(line))


_DEVICE = re.compile(
    r"[*_\s>]{0,5}(?:(?:(?:sent|written|composed|posted) (?:from|via|with|by|using)|gesendet (?:von|mit|über)"
    r"|von meinem "
    r"|diese nachricht wurde von meinem|envoyé (?:de(?:puis)?|à partir d(?:e|')|avec|par)|enviado (?:desde|do|de"
    r"|a partir|con"
    r"|pelo|usando)|inviato (?:da|dal|con)|verzonden (?:vanaf|met|via|vanuit)|verstuurd vanaf|sendt (?:fra|med"
    r"|via)|skickat "
    r"från|skickad från|lähetetty|wysłane (?:z|ze|przy)|wysłano z|отправлено (?:с|из|от|через)|надіслано (?:з|із)"
    r"|odesláno z"
    r"|gönderilen|trimis de pe|küldve)\b ?.{1,60}|(?:get|télécharger|obtener|holen sie sich|outlook für"
    r"|download) ?outlook .{1,40}"
    r"|get outlook for .{1,40}|sent with .{1,40}|发(?:送)?自.{1,30}|從我的.{1,20}傳送|寄自.{1,20}"
    r"|来自.{0,12}(?:手机|邮箱|iphone"
    r"|ipad|客户端).{0,16}"
    r"|從.{1,20}(?:發送|寄出)|由.{1,20}(?:客户端|邮箱)发送|本邮件由.{1,20}发送|通过.{1,20}发送"
    r"|(?:我的)?.{1,20}から送信|.{1,20}에서 보냄"
    r"|나의 .{1,16}에서 보냄"
    r"|via mobile)\s*(?:[<(\[]\s*https?://[^\s<>]{1,300}\s*[>)\]]?)?[*_.。]{0,3}\s*$",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[,;!?。，；！？]|\.\s|\b(?:is|was|because|and|but|which|you|i)\b", re.IGNORECASE)


def is_device_line(line: str) -> bool:
    """Whether a line is the advertisement of a phone or a mail program; a sentence that starts alike is not."""
    line = line.strip()
    if len(line) > 200 or not _DEVICE.match(line):
        return False
    words = line.partition("<")[0].partition("http")[0]
    return len(words) <= 80 and not _SENTENCE.search(words)


_SIGN_OFF = re.compile(
    r"[\s*_]{0,5}(?:(?:many |with )?thanks(?: again| a lot| so much| in advance| and (?:best |kind )?regards)?"
    r"|thank you(?: "
    r"(?:so|very) much| in advance| again| and regards)?|thx|(?:with )?(?:best|kind|warm|warmest"
    r"|kindest) (?:regards|wishes)|best"
    r"|regards|cheers|sincerely(?: yours)?|yours (?:sincerely|faithfully|truly)|respectfully|cordially|take care"
    r"|br|kr|rgds"
    r"|mit freundlichen grüßen|freundliche grüße|viele grüße|beste grüße|liebe grüße|mfg|vg|lg|gruß|grüße"
    r"|cordialement"
    r"|bien cordialement|sincères salutations|merci(?: d'avance)?|saludos(?: cordiales)?|atentamente|un saludo"
    r"|gracias"
    r"|cordiali saluti|distinti saluti|grazie|atenciosamente|obrigado|obrigada|abraços|met vriendelijke groeten?"
    r"|groeten|mvh"
    r"|med venlig hilsen|vennlig hilsen|med vänliga hälsningar|ystävällisin terveisin|pozdrawiam|с уважением"
    r"|спасибо|saygılarımla"
    r"|此致(?:敬礼)?|敬礼|祝好|祝您?(?:工作|生活)?(?:顺利|愉快|生活愉快|工作顺利)|顺祝商祺|顺颂商祺|商祺"
    r"|谢谢[您你]?|多谢|感谢|谢谢！?|敬上|敬啟|敬启"
    r"|よろしくお願い(?:いた)?します|敬具|감사합니다)\s*[,.!，。！~～]{0,3}[*_]{0,2}\s*$",
    re.IGNORECASE,
)


def is_sign_off(line: str) -> bool:
    """Whether a line is a closing formula and nothing else."""
    return len(line) < 80 and bool(_SIGN_OFF.match(line))
