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
    OTHER = "other"


_NAMES: dict[Label, str] = {
    Label.FROM: (
        "from|de|von|da|van|fra|från|od|от|від|отправитель|lähettäjä|feladó|expéditeur|remitente|mittente|afzender"
        "|kimden|gönderen|发件人|寄件者|寄件人|发信人|发送人|发送者|送件者|發件人|發送人|差出人|送信者|送信元"
        "|보낸 사람|보낸이"
        "|من|de la|από|מאת|от кого|từ|dari|จาก|šalje|pošiljatelj|od koga|absender|avsender|avsändare|afsender"
    ),
    Label.DATE: (
        "date|sent|datum|data|fecha|dato|envoyé|envoyé le|enviado|enviado el|enviado em|enviada|enviada em|enviat"
        "|gesendet"
        "|inviato|inviata|verzonden|sendt|skickat|skickad|wysłano|wysłane|data wysłania|дата|отправлено|отправлен"
        "|дата отправки|відправлено|надіслано|lähetetty|päivämäärä|päiväys|küldve|elküldve|dátum|odesláno|poslano"
        "|poslané"
        "|odoslané|tarih|gönderildi|gönderme tarihi|message du|发送时间|发送日期|发件时间|发件日期|日期|时间|時間"
        "|寄件日期|寄件時間"
        "|傳送日期|傳送時間|發送時間|發送日期|日付|日時|送信日時|送信日|보낸 날짜|보낸 시간|날짜|trimis|sendedato"
        "|datë|ημερομηνία"
        "|στάλθηκε|изпратено|vrijeme|תאריך|נשלח|gửi|đã gửi|ngày|dikirim|tanggal|ส่ง|วันที่|التاريخ|تم الإرسال"
    ),
    Label.TO: (
        "to|à|a|an|para|per|aan|til|till|do|кому|vastaanottaja|címzett|destinataire|destinatario|destinatário|kime"
        "|alıcı"
        "|收件人|收件者|收信人|宛先|받는 사람|komu|până la|către|до|prima|за|προς|אל|đến|kepada|ถึง|إلى|empfänger"
        "|mottaker"
    ),
    Label.CC: (
        "cc|kopie|copie|copie à|kopi|kopia|копия|копія|抄送|副本|참조|bcc|cci|密送|cc/bcc|kópia|másolat"
        "|másolatot kap|bilgi"
        "|κοιν|cópia|copia|svv"
    ),
    Label.SUBJECT: (
        "subject|betreff|objet|objeto|oggetto|onderwerp|emne|ämne|temat|тема|aihe|tárgy|předmět|predmet|konu|asunto"
        "|assunto|主题|主旨|主題|标题|標題|件名|제목|subiect|θέμα|נושא|sujet|chủ đề|perihal|subjek|เรื่อง|الموضوع"
        "|относно"
        "|assumpte"
    ),
    Label.OTHER: (
        "reply-to|reply to|répondre à|antwort an|responder a|rispondi a|回复|回复地址|importance|priority"
        "|wichtigkeit|priorität"
        "|importancia|importance level|attachments|anlagen|anhänge|pièces jointes|allegati|附件|organization"
        "|message-id|返信先"
    ),
}
_LABELS = {"".join(name.split()): label for label, names in _NAMES.items() for name in names.split("|")}
_LABEL = re.compile(r"[>\s|*_·•]{0,20}([^\s:：|*_][^:：|\t]{0,24})(?:[:：]|\|\s|(?<=[^\s])\t)[*_\s]{0,4}")
_INNER_LABEL = re.compile(r"(?<=[\s>;])[*_]{0,2}([^\W\d_][^\s:：<>*_]{0,12})[*_]{0,2}\s?[:：]")


def label_of(line: str) -> tuple[Label, str] | None:
    """Return the header label that a line starts with, and what follows it."""
    match = _LABEL.match(line[:600])
    if not match:
        return None
    label = _LABELS.get("".join(match[1].split()).rstrip("*_").lower())
    return (label, line[match.end() : 600].strip()) if label else None


def inner_labels(line: str) -> set[Label]:
    """The labels behind the first in a header that stands in one line."""
    names = (found[1] for found in _INNER_LABEL.finditer(line[:600]))
    return {_LABELS[name] for name in ("".join(n.split()).lower() for n in names) if name in _LABELS}


_VERBS = (
    r"wrote|writes|schrieb(?:en)?|geschrieben|a écrit|escribió|escribio|escreveu|ha scritto|scrive|schreef"
    r"|het volgende geschreven|skrev|kirjoitti|napisał(?:\(a\)|a)?|pisze|написал(?:\(а\)|а)?|пишет|писал(?:\(а\)|а)?"
    r"|написав|написа|пише|yazdı|şunu yazdı|tarihinde|a scris|napsal(?:\(a\)|a)?|napísal(?:\(a\)|a)?|írta|έγραψε"
    r"|skrifaði|rašė|rakstīja|pisał|kirjutas|va escriure|napisao je|napisala je|je napisao(?:/la)?|napisala|написао"
    r"|写道|寫道|书写道|写到|编写|撰写|撰寫|的邮件|のメール|が書きました|に書きました|書きました|님이 작성|작성"
    r"|viết|menulis"
    r"|เขียน(?:ว่า)?|כתב|كتب"
)
_SAID = re.compile(
    r"\b(?:said|says|replied|responded|posted|said the following)\s{0,3}[:：]?\s{0,3}[*_]{0,2}$", re.IGNORECASE
)
_VERB = re.compile(
    rf"(?:^|[\s,，、)>»\"'”\d年月日时分秒])(?:{_VERBS})\b|写道|寫道|书写道|님이 작성|のメール", re.IGNORECASE
)
_VERB_END = re.compile(rf"(?:{_VERBS})\s{{0,3}}[:：]?\s{{0,3}}[>*_\]-]{{0,9}}$", re.IGNORECASE)
_PRONOUN = re.compile(
    rf"(?:^|\s)(?:you|i|we|he|she|they|someone|du|sie|ihr|ich|vous|tu|je|usted|ella?|lei|u|jij|вы|я|pan|pani)\s{{1,3}}"
    rf"(?:{_VERBS})\b|(?:你|您|我|他|她|你们|贵司|们)(?:写道|寫道|写到|的邮件)",
    re.IGNORECASE,
)
_MAIL_END = re.compile(
    r"[\w.+'-]{1,64}@[\w.-]{1,190}(?:\s{0,2}<?mailto:[^\s<>]{1,250})?\s{0,2}>{0,2}[)\]]?\s{0,3}[:：]$"
)
_MAIL = re.compile(r"[\w.+'-]{1,64}\s{0,2}@\s{0,2}[\w.-]{1,190}")
_BRACKETED = re.compile(r"[<(\[]\s{0,2}[\w.+'-]{1,64}\s{0,2}@\s{0,2}[\w.-]{1,190}[^<>@]{0,40}[>)\]]")
_CLOCK = re.compile(r"\b\d{1,2}\s?[:.：時时点]\s?\d{2}\b")
_CLOCK_END = re.compile(r"\b\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:\s[AaPp]\.?[Mm]\.?| Uhr)?\s?[)\]]?\s?[:：]$")
_DATE = re.compile(
    r"\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\b(?:19|20)\d\d[-./年]|\b\d{1,2}[:.]\d{2}\b|\b(?:19|20)\d\d\b"
    r"|\d{1,2}月\d{1,2}日|kl\.|klo|\d:\d\d"
)
_DAY = re.compile(r"\b\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\b|\b(?:19|20)\d\d\b|(?:19|20)\d\d\s?年")
_START = re.compile(
    r"[>\s*_—\[-]{0,10}(?:(?:on|at|le|am|el|il|op|em|no dia|a|às|den|på|w dniu|dnia|dne|dňa|in data|ngày|vào|pada"
    r"|tarihinde"
    r"|în|pe|om|в|у|во|на|στις|mon|tue|wed|thu|fri|sat|sun|lun|mar|mer|jeu|ven|sam|dim|lunedì|lø|sø|ma|ti|ke|to|pe"
    r"|la|su"
    r"|пн|вт|ср|чт|пт|сб|вс|tir|man|ons|tor|fre|lör|lør|søn|sön|mo|di|mi|do|fr|sa|so)\b[.,]?|\d{1,4}[./:年 -]|\d{1,2} "
    r"|在|于|於|自|\"|“|<|「|(?:mon|tues|wednes|thurs|fri|satur|sun)day\b)",
    re.IGNORECASE,
)
_DATED_MAIL = re.compile(r"\d{4}[/.-]\d{1,2}[/.-]\d{1,2}[^<>]{0,120}<[^<>@\s]{1,64}@[^<>\s]{1,190}>")  # old Gmail
_QUOTING = re.compile(
    r"(?:quoting|zitat von|zitiere|citando(?: a)?|citat(?:ion)? (?:de|från|fra)|citerar|citerer|cytowanie|цитирую)\s"
    r".{1,120}(?:@[^:]{1,120}|\d\d)[)>\]]?\s?:?$",
    re.IGNORECASE,
)
_INTRO_END = re.compile(r"[:：]\s{0,3}[>*_\]-]{0,9}$")
_INNER_START = re.compile(
    r"(?<=[.!?)。！？…])\s{0,3}(?=(?:On|Le|Am|El|Il|Em|Op|W dniu|Dnia) (?=.{0,40}\d)|(?:在|于|於)\s?\d{4})"
)


def is_introduction(text: str) -> bool:
    """Whether a line, or a few joined, introduces a quotation: a date or an address together with "wrote", or both.

    What follows may be without any mark, so that a sentence of the customer's ("you wrote on 5 May:") must not count.
    """
    text = text.strip()[-400:]
    if _DATED_MAIL.fullmatch(text) or _QUOTING.match(text):
        return True
    colon = bool(_INTRO_END.search(text))
    if (not colon and not _VERB_END.search(text)) or _PRONOUN.search(text):
        return False
    verb = bool(_VERB.search(f" {text}"))
    mail = bool(_MAIL.search(text))
    date = bool(_DATE.search(text))
    if (
        colon
        and _BRACKETED.search(text)
        and _CLOCK.search(text)
        and (verb or _SAID.search(text) or _MAIL_END.search(text) or _CLOCK_END.search(text))
    ):
        return True
    if not verb:
        return colon and date and bool(_MAIL_END.search(text)) and bool(_START.match(text))
    if not colon:
        return date and mail and bool(_START.match(text))
    if date and (_START.match(text) or (_DAY.search(text) and _CLOCK_END.search(text))):
        return True
    return mail and (date or bool(_VERB_END.search(text)))


def inner_introduction(line: str) -> int:
    """Where an introduction starts that stands in one line with the words before it; 0 where there is none.

    For lines that may end an introduction.
    """
    if len(line) > 500:
        return 0
    start = max((found.end() for found in _INNER_START.finditer(line)), default=0)
    return start if start and is_introduction(line[start:]) else 0


def announces(text: str) -> bool:
    """Whether a line, or a few joined, can introduce lines with quote marks, which need less than unmarked ones."""
    text = text.strip()[-400:]
    if len(text) < 150 and (_VERB_END.search(text[-60:]) or _SAID.search(text[-60:])):
        return True
    telling = bool(_MAIL.search(text)) or bool(_DAY.search(text) and _CLOCK.search(text))
    return telling and len(text) < 300 and bool(_INTRO_END.search(text))


_COLONS = (":", "：")
_VERB_ENDING_NAMES = (
    "wrote|writes|schrieb|geschrieben|écrit|escribió|escreveu|scritto|schreef|skrev|kirjoitti|napisał|napisał(a)"
    "|написал"
    "|написал(а)|пишет|писал|написав|пише|yazdı|scris|napsal|napsal(a)|írta|έγραψε|写道|寫道|作成|작성|menulis"
)
_VERB_ENDINGS: dict[str, tuple[str, ...]] = {
    last: tuple(verb for verb in _VERB_ENDING_NAMES.split("|") if verb[-1] == last)
    for last in {verb[-1] for verb in _VERB_ENDING_NAMES.split("|")}
}  # by their last letter: few of them are tried at the end of a line
_QUOTING_STARTS = ("quoting ", "zitat von ", "citando ", "citation de ")


def may_end_introduction(line: str) -> bool:
    """Cheap test whether an introduction can end with this line."""
    tail = line[-60:].rstrip(" \t>*_-]")
    last = tail[-1:]
    if last in _COLONS or (last.lower() in _VERB_ENDINGS and tail.lower().endswith(_VERB_ENDINGS[last.lower()])):
        return True
    dated = line.lstrip()[:4].isdigit() and _DATED_MAIL.fullmatch(line.strip())
    return bool(dated) or line[:20].lower().startswith(_QUOTING_STARTS)


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
    r"|전달된 메[시세]지|tin nhắn gốc|pesan asli|original|ursprüngliche mitteilung|courriel d['’]origine"
    r"|původní e-?mail"
    r"|αρχικό μήνυμα|προωθημένο μήνυμα|הודעה מקורית|ההודעה המקורית|الرسالة الأصلية|رسالة أصلية|originální zpráva"
    r"|(?:回复|轉寄|转发|原始|答复|回覆)(?:的)?(?:邮件|郵件|消息|訊息|信息)(?:信息|内容)?|izvorna poruka"
    r"|pôvodná správa|missatge original"
    r"|оригинално съобщение|alkuperäinen sähköposti|e-?mail original|mensagem de origem"
)
_DASHES = "-_=*~‐‑‒–—―"
_SEPARATOR = re.compile(
    rf"[>\s]{{0,10}}[{_DASHES}]{{2,60}}\s{{0,10}}(?:{_SEPARATOR_WORDS})\s{{0,3}}[:：]?\s{{0,10}}[{_DASHES}]{{0,60}}\s*$",
    re.IGNORECASE,
)
_FRAMED = re.compile(
    rf"[>\s]{{0,10}}[{_DASHES}]{{3,60}}\s{{0,10}}([^\W\d_][^\d<>{_DASHES}]{{2,60}}?)\s{{0,10}}[{_DASHES}]{{3,60}}\s*$"
)
_FRAMED_VERB = re.compile(rf"(?:^|\s)(?:{_VERBS})\s?[:：]\s?$", re.IGNORECASE)
_GROUPWISE = re.compile(r">>>\s(?=.{0,200}\d[:.]\d\d).{5,200}(?:>>>|:)\s*$")  # ">>> Name 05.03.2024 10:12 >>>"
_BARE_SEPARATOR = re.compile(
    r"[>\s]{0,10}(?:begin forwarded message|début du message transféré|anfang der weitergeleiteten (?:e-?mail"
    r"|nachricht)"
    r"|inizio messaggio inoltrato|inicio del mensaje reenviado|以下是转发的邮件|開始轉寄郵件"
    r"|转发邮件信息|下面是被转发邮件的信息)\s{0,3}[:：]?\s*$"
)
_ABOVE = re.compile(
    r"(?:type|write|enter|add|send) your (?:reply|response|answer) above (?:this|the) line|reply above (?:this"
    r"|the) line"
    r"|(?:write|type) above (?:this|the) line|above this line to (?:reply|add)|请在此(?:行|线)(?:以上|上方)(?:回复"
    r"|输入)"
    r"|(?:ober|über)halb dieser (?:linie|zeile) (?:ant|schreiben|eingeben)|antworten sie (?:bitte )?(?:ober"
    r"|über)halb dieser"
    r"|répondre au[- ]dessus de cette ligne|réponse au[- ]dessus de cette ligne|por encima de esta línea"
    r"|acima desta linha|sopra questa (?:linea|riga)|boven deze (?:lijn|regel)|powyżej tej linii"
    r"|выше этой (?:линии|строки)"
)
_ABOVE_HINTS = ("above", "此行", "此线", "halb dies", "dessus", "encima", "acima", "sopra", "boven", "powyżej", "выше")
_RULE_CHARACTERS = frozenset(_DASHES)
_RULE = re.compile(rf"[>\s]{{0,10}}(?:[{_DASHES}]\s?){{3,200}}$")


def is_separator(line: str) -> bool:
    """Whether a line says that the mail answered to, or a forwarded one, follows."""
    start = line[:40].lstrip("> \t")[:1]
    if start in _RULE_CHARACTERS and start:
        framed = _FRAMED.match(line[:300])
        if _SEPARATOR.match(line[:300]) or (framed and _FRAMED_VERB.search(framed[1])):
            return True
    if len(line) > 150:
        return False
    line = line.lower()
    return bool(_BARE_SEPARATOR.match(line)) or (
        any(map(line.__contains__, _ABOVE_HINTS)) and bool(_ABOVE.search(line))
    )


def is_framed(line: str) -> bool:
    """Whether a line is a few words between dashes, whatever they say: a separator where a mail's header follows."""
    return line[:40].lstrip("> \t")[:1] in _RULE_CHARACTERS and bool(_FRAMED.match(line[:300]))


def is_marked_introduction(line: str) -> bool:
    """Whether a line that starts with quote marks introduces what follows without any, as GroupWise has it."""
    return line.startswith(">>> ") and bool(_GROUPWISE.match(line[:300]))


def is_rule(line: str) -> bool:
    """Whether a line is a drawn rule."""
    return 3 <= len(line) < 300 and bool(_RULE.match(line))


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
