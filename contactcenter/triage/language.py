"""Which language a text is in, as far as this product answers: English, Chinese, or another one.

By the shares of scripts first, then, among Latin letters, by the most frequent short words of the languages that
customers write. No model; linear; made for texts of two characters as well as for pages.
"""

from __future__ import annotations

import re

EN, ZH, OTHER = "en", "zh", "other"

_WINDOW = 2_000
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_KANA = re.compile(r"[\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
_FOREIGN = re.compile(r"[\u0370-\u1cff\u1f00-\u1fff\u2c00-\u2dff\ua4d0-\uabff\uac00-\ud7a3\ufb1d-\ufdff\ufe70-\ufefc]")
_ACCENTED = re.compile(r"[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff]")
_WORD = re.compile(r"[^\W\d_]+")
_LINK = re.compile(r"(?:https?://|www\.)\S+")
_ADDRESS = re.compile(r"[^\s@]{1,64}+@\S+")

_LETTERS_PER_HAN = 3
"""One Chinese character says about as much as three Latin letters."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENGLISH = _words(
    "a about after again all am an and any are as asap at be because been before but by bye call can cannot cancel "
    "could did do does dont email for from get good got had has have havent hello help her hey hi his how i if im in "
    "is isnt it its ive just know like made make may me more my need new no not now of ok okay on one or our out "
    "order payment phone please policy refund received said sent she should since so some still sure thank thanks "
    "that the their them then there they this to today too until up us want was we were what when where which who "
    "why will with without would yes yet you your yours"
)
_OTHERS = _words(
    # German
    "aber auch auf aus bei bin bis bitte danke das dass dem den der des dich diese dieser ein eine einem einen einer "
    "es für ganz guten haben habe hallo hat ich ihr ihre ihnen ist ja kann kein keine leider mein meine meinen mich "
    "mit nach nicht noch nur oder rechnung schon sehr sein seit sich sie sind und uns unsere vom von vielen warum wann "
    "wenn werden wie wir wird wurde zu zum zur über "
    # French
    "alors au aussi aux avec avez bonjour bonsoir ce cela ces cette cest jai lai quil comme dans depuis des du elle "
    "est et été être facture fait il je jour la le les leur lui ma mais merci mes mon même nai ne nos notre nous où "
    "pas plus pour pourquoi pouvez puis quand que quel qui sans ses son sont suis sur toujours tout très un une "
    "veuillez voilà vos votre vous "
    # Spanish and Portuguese
    "ainda al algo buenas buenos como con cuando cómo da de del desde después dia dias donde dos día días e el ela ele "
    "ella em entre era eres es esta estaba estoy está están este eso favor foi fue gracias ha hace hasta hay hola "
    "isso já la las los lo mais mas meu mi minha muito muy más na nada nao no nossa nuestro não o obrigado obrigada "
    "olá os para pedido pelo pero por porque qué que quiero saber se seu seus si sin sobre sou soy su também también "
    "te tem tengo tenho tiene todo um uma una unos usted vocês você y ya yo é "
    # Italian
    "anche avete buongiorno che chi ciao cosa della delle di dove gli grazie ho il io mio mia nel nella non ordine "
    "perché per più quando questa questo salve sempre si siete sono stato tutto una vorrei è "
    # Dutch, Swedish, Danish, Norwegian
    "aan alstublieft bedankt bestelling dank deze dit een geen goedendag graag heb hebben heeft het hoe ik jullie kan "
    "kunnen maar mijn naar niet ook om ons op tot uit van voor waar waarom wat werd wij zijn "
    "att det du ej en er ett från för hej inte jag kan med men mig min mitt och om på som ska tack till vad var vill "
    "är av ble blev dere fra har hei ikke jeg kunne mange noen og så takk vi "
    # Polish, Czech, Turkish, Indonesian, Vietnamese without marks
    "czy dzień dobry dla dziękuję jak jest jestem już mam mnie moje nie proszę się w z za že jsem prosím děkuji dobrý "
    "ben bir bu çok değil için ile lütfen merhaba ne nasıl sipariş teşekkürler ve var yok "
    "apa anda dan dengan ini kami pesanan saya terima kasih tidak untuk yang "
    "cho của khong không là tôi và xin"
)
# A word that two sides share tells nothing.
_ENGLISH_ONLY = _ENGLISH - _OTHERS | {"i", "a", "is", "no"}
_OTHERS_ONLY = _OTHERS - _ENGLISH


def detect(text: str) -> str:
    """``en``, ``zh`` or ``other`` (also for a text without any letters). Reads the first 2,000 characters."""
    sample = text[:_WINDOW]
    if "://" in sample or "www." in sample:
        sample = _LINK.sub(" ", sample)
    if "@" in sample:
        sample = _ADDRESS.sub(" ", sample)
    if sample.isascii():
        return _latin_language(sample, bool(_LATIN.search(sample)))
    latin = len(_LATIN.findall(sample))
    han, kana = len(_HAN.findall(sample)), len(_KANA.findall(sample))
    foreign = len(_FOREIGN.findall(sample))
    if kana * 10 > han + kana and (han + kana) * _LETTERS_PER_HAN >= latin:
        return OTHER
    if han and han * _LETTERS_PER_HAN >= latin and han >= foreign:
        return ZH
    if foreign > latin:
        return OTHER
    return _latin_language(sample, latin)


def _latin_language(sample: str, letters: int) -> str:
    """English or another language among so many Latin letters; English when nothing speaks against it."""
    if not letters:
        return OTHER
    words = _WORD.findall(sample.lower().replace("'", "").replace("\u2019", ""))
    english = sum(word in _ENGLISH_ONLY for word in words)
    others = sum(word in _OTHERS_ONLY for word in words)
    if not english and not others:
        accented = len(_ACCENTED.findall(sample))
        # A name with an accent in a word or two of English is common; a whole text of such words is not.
        return OTHER if accented * 12 > letters else EN
    return EN if english >= others else OTHER
