"""Lines that phones and mail programs add by themselves: "Sent from my iPhone", "Get Outlook for iOS".

A sentence of the customer's that starts alike ("Sent from my desk, it is easier") stays: behind the first pause only
the name of a device or an excuse for mistypings may stand. Patterns of capped length: linear.
"""

from __future__ import annotations

import re

_MAX = 200  # characters of such a line

_STARTS = (
    r"(?:sent|written|composed|posted|typed) (?:(?:from|via|with|using|on|through)\b|by (?:my\b|mobile\b|galaxy"
    r"|i?phone))|from my (?:i?phone|ipad|mobile)"
    r"|gesendet (?:von|mit|über|via)|von meinem|diese nachricht wurde (?:von|mit)|envoyé (?:de(?:puis)?\b"
    r"|à partir d|avec"
    r"|par|via)|enviad[oa] (?:desde|do|da|de|a partir|con|com|pelo|usando|mediante)|inviat[oa] (?:da|con|tramite)"
    r"|(?:verzonden|verstuurd) (?:vanaf|met|via|vanuit)|sendt (?:fra|med|via)|skicka[dt]e?s? (?:från|med|via)"
    r"|lähetetty|wysła(?:ne|no|na) (?:z|ze|przy|za)\b|отправлен[оа]? (?:с|из|от|через)\b|надіслано (?:з|із|через)\b"
    r"|(?:odesláno|posláno|odoslané|odoslane|poslané|poslano|poslato) (?:z|ze|s|iz|sa)\b|trimis (?:de pe|din|de la|cu)"
    r"|στάλθηκε (?:από|με)|αποστολή από|изпратено (?:от|с)\b|išsiųsta iš|nosūtīts no|saadetud minu|küldve"
    r"|נשלח (?:מ|באמצעות)|أ?ُ?رسلت? من|تم الإرسال من|gửi từ|được gửi từ|dikirim (?:dari|dengan)|ส่งจาก|enviat des"
)
_CHINESE = (
    r"(?:发|發|送|寄|傳送|发送|發送)自\s?(?:我的|[a-z]|.{0,8}(?:手机|手機|邮箱|郵箱|邮件|郵件|大师|客户端|企业微信"
    r"|钉钉|云)).{0,24}"
    r"|(?:来|來)自\s?(?:我的)?[^的，]{0,16}(?:手机|手機|邮箱|郵箱|邮件应用|iphone|ipad|客户端|android|galaxy"
    r"|huawei|honor|xiaomi"
    r"|oppo|vivo|mate|pura|redmi|outlook|foxmail|大师)[^的，]{0,16}"
    r"|(?:(?:从|從|由|通过|使用)|本邮件由)(?=.{0,30}(?:[a-z]{3}|手机|手機|邮箱|郵箱|大师|客户端|装置|裝置|设备))"
    r".{1,24}(?:发送|發送|傳送|寄出|发来|發來|发出)"
    r"|签名由.{1,20}定制|(?:获取|下载|取得|下載).{0,16}outlook.{0,16}"
)
_ENDS = (
    r"(?:von .{2,40}|mit .{2,40}) gesendet|.{2,40}(?:üzenet )?küldve|.{2,50}(?:dan|den|tan|ten|ından|inden) gönderildi"
    r"|gönderen .{2,40}|.{1,28}から送信(?:されました|しました)?|.{1,28}에서 (?:보냄|보낸 메일|발송됨|보냈습니다)"
    r"|.{1,20}(?:을|를) (?:통해|사용하여) 보냄"
)
_OUTLOOK = (
    r"(?:get|download|try|obtenir|obtenez|télécharge[rz]|holen sie sich|laden sie|obtener|obtenga|descarga[r]?"
    r"|obter|obtenha|baixar|scarica(?:re)?|ottieni|ophalen|pobierz|получит[ье]|скачать|завантажити|отримати|hämta"
    r"|skaffa"
    r"|hent|få|hanki|lataa|získat|stáhnout|získajte|letöltése?|obțineți|descărcați|λήψη|αποκτήστε|edinin|indir)"
    r" (?:\S{1,12} ){0,2}\[?outlook\b.{0,60}|outlook .{2,24} (?:herunterladen|downloaden|ophalen|edinin|indir"
    r"|letöltése)"
    r"|outlook für (?:ios|android)|outlook .{2,20}を入手|.{2,12}용 outlook (?:다운로드|받기)"
)
_SCANNERS = (
    r"(?:virus-free|virenfrei|sans virus|libre de virus|livre de vírus|sem vírus|无病毒).{0,40}"
    r"|(?:this e-?mail has been"
    r" (?:checked|scanned) (?:for|by)|diese e-mail wurde (?:von|auf)|cet e-mail a été vérifié) .{2,80}"
)
# Written and looked for in lower case: searching regardless of case takes five times as long.
_DEVICE = re.compile(
    rf"(?:(?:{_STARTS}).{{1,80}}|{_CHINESE}|{_OUTLOOK}|{_SCANNERS}|sent (?:with|using) .{{1,80}}|via mobile)$"
)
_DEVICE_END = re.compile(rf"(?:{_ENDS})$")
_END_HINTS = ("gesendet", "küldve", "gönder", "送信", "에서", "보냄")
_LINK = re.compile(r"\s?[<(\[]\s?(?:https?://|mailto:)[^\s<>()\[\]]{1,300}\s?[>)\]]|\bhttps?://\S{1,300}")
_DECORATION = ' \t*_~<>()[]«»"“”-–—|'
_PAUSE = re.compile(r"[.,;!?。，；！？]\s|\s[-–—]\s|[。，；！？]")
_SENTENCE = re.compile(
    r"\b(?:is|was|are|were|because|and|but|which|when|you|i|we|they|it|please|can|have|has|\d{5,30}|on (?:mon|tues"
    r"|wednes|thurs|fri"
    r"|satur|sun)day|yesterday|today|last)\b|[?？]|我们|因为|所以|已经|但是|以后|之后|后",
    re.IGNORECASE,
)
_PRODUCT = re.compile(
    r"galaxy|phone|ipad|blackberry|tablet|device|encrypted|e-?mail|\bapp\b|smartphone|téléphone|mobil|sicher|手机|邮箱",
    re.IGNORECASE,
)
_EXCUSE = re.compile(
    r"excus|sorry|apolog|forgive|pardon|typo|brevity|brief|autocorrect|entschuldig|tippfehler|kürze|brièveté"
    r"|disculp|scusa"
    r"|desculp|verontschuldig|извин|опечат|请见谅|get (?:the|it|outlook)",
    re.IGNORECASE,
)
_TRACKER = frozenset("ᐧ\u200c")
_ANCHOR = re.compile(r"<#[0-9A-Za-z_-]{8,60}>")
_SITE = re.compile(r"(?:www\.)?[\w-]{1,40}(?:\.[\w-]{1,20}){1,4}/?")


def is_device_line(line: str) -> bool:
    """Whether a line is the advertisement of a phone or a mail program; a sentence that starts alike is not."""
    if len(line) > 2 * _MAX:
        return False
    stripped = line.strip()
    if stripped and (_TRACKER.issuperset(stripped) or _ANCHOR.fullmatch(stripped)):
        return True
    text = _LINK.sub("", stripped).strip(_DECORATION) if _may_have_link(stripped) else stripped.strip(_DECORATION)
    if not 4 < len(text) <= _MAX:
        return False
    pause = _PAUSE.search(text)
    head, tail = (text[: pause.start()], text[pause.end() :]) if pause else (text, "")
    head = head.rstrip(".!。！ ").replace("[", "").replace("]", "")
    return _names_device(head.lower()) and not _SENTENCE.search(head) and _may_follow(tail)


def _names_device(head: str) -> bool:
    """Whether the words before the first pause, in lower case, are such a line."""
    if _DEVICE.match(head):
        return True
    return any(hint in head for hint in _END_HINTS) and bool(_DEVICE_END.match(head))


def _may_have_link(text: str) -> bool:
    """Cheap test for the pattern of links."""
    return "http" in text or "mailto:" in text


def _may_follow(tail: str) -> bool:
    """Whether what follows the pause in a device line belongs to it."""
    if not tail or _EXCUSE.search(tail) or _SITE.fullmatch(tail.strip()):
        return True
    return bool(_PRODUCT.search(tail)) and not _SENTENCE.search(tail)
