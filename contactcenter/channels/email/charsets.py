"""Bytes to text for mail that names a wrong charset, an unknown one, or none.

`decode` never raises and never returns a NUL or a lone surrogate. Named charsets are read as the web reads them
(WHATWG Encoding): gb2312 means gb18030, iso-8859-1 means windows-1252, shift_jis means windows-31j, because that is
what mail programs write. Only codecs of a closed list are used: Python also registers `punycode` or `unicode_escape`,
which a hostile mail could name.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

_ALIASES = {
    "ascii": "cp1252", "us-ascii": "cp1252", "ansi_x3.4-1968": "cp1252", "iso-8859-1": "cp1252", "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "l1": "cp1252", "iso-8859-8-i": "iso8859-8",
    "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "gb_2312-80": "gb18030", "csgb2312": "gb18030",
    "euc-cn": "gb18030", "cp936": "gb18030", "chinese": "gb18030", "gb18030-2000": "gb18030", "hz-gb-2312": "hz",
    "big5": "big5hkscs", "x-x-big5": "big5hkscs", "big5-hkscs": "big5hkscs", "cn-big5": "big5hkscs",
    "shift_jis": "cp932", "shift-jis": "cp932", "x-sjis": "cp932", "sjis": "cp932", "windows-31j": "cp932",
    "cp-932": "cp932", "ms932": "cp932", "x-euc-jp": "euc_jp",
    "euc-kr": "cp949", "euckr": "cp949", "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949", "korean": "cp949",
    "iso-8859-9": "cp1254", "iso-8859-11": "cp874", "tis-620": "cp874", "unicode": "utf-16", "ucs-2": "utf-16",
    "unicode-1-1-utf-7": "utf-7", "unicode-1-1-utf-8": "utf-8", "utf8": "utf-8", "x-unicode-2-0-utf-7": "utf-7",
    "koi8": "koi8-r", "x-mac-roman": "mac-roman", "macintosh": "mac-roman", "cp-850": "cp850", "x-user-defined": "",
}  # fmt: skip
_ISO_2022_JP = frozenset({"iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_3", "iso2022_jp_ext"})
_SAFE_NAMES = (
    "ascii utf-8 utf-8-sig utf-7 utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be gb18030 gbk gb2312 hz big5 "
    "big5hkscs cp950 shift_jis cp932 shift_jisx0213 shift_jis_2004 euc_jp euc_jis_2004 euc_jisx0213 iso2022_kr "
    "cp949 euc_kr johab koi8-r koi8-u koi8-t kz1048 ptcp154 tis-620 mac-roman mac-cyrillic mac-greek mac-turkish "
    "mac-latin2 mac-iceland hp-roman8"
)
_SAFE = frozenset(
    _SAFE_NAMES.split()
    + [f"iso8859-{n}" for n in range(1, 17)]
    + [f"cp{n}" for n in (437, 720, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 866, 869, 874)]
    + [f"cp{n}" for n in range(1250, 1259)]
).union(_ISO_2022_JP)
_SINGLE_BYTE = re.compile(r"cp1\d\d\d|cp[478]\d\d|iso8859-|koi8|mac-|tis|hp-|kz|ptcp")
_ESCAPES = re.compile(rb"\x1b(\$[@B]|\$\([A-Z]|\([BJIH])")
_RUNS = re.compile(rb"[\x80-\xff]+")
_SURROGATES = re.compile("[\ud800-\udfff]")
_SAMPLE = 4096  # bytes looked at when guessing


@lru_cache(maxsize=256)
def codec(name: str) -> str:
    """Name of the Python codec for a charset label of a mail; "" when it is unknown or not a text encoding."""
    label = name.strip().strip("\"'<>").strip().lower()
    label = _ALIASES.get(label, label)
    if not label or len(label) > 40:
        return ""
    try:
        found = codecs.lookup(label).name
    except (LookupError, ValueError):
        found = ""
    if not found and (windows := re.fullmatch(r"(?:windows|win|cp|ms)[-_]?(125\d|874)", label)):
        found = f"cp{windows[1]}"
    return found if found in _SAFE else ""


def clean(text: str) -> str:
    """Return the text without NUL characters and without lone surrogates."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    if not text.isascii() and _SURROGATES.search(text):
        text = _SURROGATES.sub("\ufffd", text)
    return text


def decode(data: bytes, charset: str | None = None) -> str:
    """Text of `data`, read in the named charset where that works and guessed where it does not."""
    name = codec(charset) if charset else ""
    if name in _ISO_2022_JP or (not name and b"\x1b$" in data):
        return clean(_decode_iso_2022_jp(data))
    if name in ("", "utf-8", "ascii") or _SINGLE_BYTE.match(name):
        if data.isascii():
            return clean(data.decode("ascii")) if name or b"\x00" not in data else clean(_guess(data, ""))
        try:
            return clean(data.decode("utf-8-sig"))  # UTF-8 in the disguise of an 8-bit charset is never an accident
        except UnicodeDecodeError:
            return clean(_guess(data, "" if name == "utf-8" and _mistaken(data[:_SAMPLE]) else name))
    try:
        return clean(data.decode(name))
    except (UnicodeDecodeError, ValueError):
        return clean(_rescue(data, name))


def _mistaken(sample: bytes) -> bool:
    """Whether bytes that name UTF-8 are surely in another charset, rather than UTF-8 with a few faults."""
    text = sample.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return broken > sum(char > "\x7f" for char in text) - broken and guess_codec(sample) != "cp1252"


def _rescue(data: bytes, name: str) -> str:
    """Text of bytes that are broken in the multi-byte charset they name."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(name, "replace")


def _decode_iso_2022_jp(data: bytes) -> str:
    """ISO-2022-JP with what mail programs add to it: JIS X 0213 and vendor rows, half-width katakana, raw 8-bit."""
    pieces = []
    mode = b"(B"
    for index, chunk in enumerate(_ESCAPES.split(data)):
        if index % 2:
            mode = chunk
        elif not chunk:
            continue
        elif mode[:1] == b"$":
            pieces.append(_decode_double_bytes(chunk))
        elif mode == b"(I":
            pieces.append(bytes(b | 0x80 for b in chunk).decode("cp932", "replace"))
        elif chunk.isascii():
            pieces.append(chunk.decode("ascii"))
        else:
            pieces.append(_guess(chunk, ""))
    return "".join(pieces)


def _decode_double_bytes(chunk: bytes) -> str:
    """Return a JIS X 0208 section; line ends inside it (a missing escape back) start ASCII again."""
    head, newline, rest = chunk.partition(b"\n")
    text = bytes(b | 0x80 if 0x21 <= b <= 0x7E else b for b in head).decode("euc_jis_2004", "replace")
    return text + newline.decode() + rest.decode("cp1252", "replace")


def _guess(data: bytes, named: str) -> str:
    """Text of 8-bit bytes that are not UTF-8; `named` is the single-byte charset they claim, or ""."""
    wide = _wide_codec(data)
    if wide:
        return data.decode(wide, "replace")
    found = guess_codec(data[:_SAMPLE], named)
    return data.decode(found, "replace")


def _wide_codec(data: bytes) -> str:
    """UTF-16 or UTF-32 by byte order mark or by where the NUL bytes lie; "" otherwise."""
    head = data[:_SAMPLE]
    if head[:4] in (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff"):
        return "utf-32"
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if head.count(0) * 3 < len(head) or len(head) < 4:
        return ""
    zeros = [head[i::4].count(0) * 2 > len(head[i::4]) for i in range(4)]
    match zeros:
        case [False, True, True, True]:
            return "utf-32-le"
        case [True, True, True, False]:
            return "utf-32-be"
        case [False, True, False, True]:
            return "utf-16-le"
        case [True, False, True, False]:
            return "utf-16-be"
    return ""


def guess_codec(sample: bytes, named: str = "") -> str:
    """Return the likeliest codec of 8-bit bytes that are not UTF-8, judged by how the high bytes stand together.

    A claimed single-byte charset other than ASCII and Latin-1 is believed, and so is Latin-1 unless the high bytes look
    East Asian or Cyrillic.
    """
    if named and named not in ("cp1252", "ascii"):
        return named
    runs = _RUNS.findall(sample)
    lonely = sum(len(run) == 1 for run in runs)
    if not runs or lonely * 2 > len(runs):
        if named or not runs:
            return "cp1252"
        best = _east_asian(sample)  # the second byte of Shift_JIS, Big5 and GBK may be ASCII
        return best[1] if best[0] > 0.8 else "cp1252"
    odd = sum(len(run) % 2 for run in runs)
    score, east = _east_asian(sample)
    if odd * 5 > len(runs) * 2 and score < 0.8:
        return _cyrillic(sample)
    return east if score > 0.5 else _cyrillic(sample)


def _cyrillic(sample: bytes) -> str:
    """koi8-r or windows-1251 when most high bytes are Cyrillic letters of running text, else windows-1252."""
    high = sum(b >= 0x80 for b in sample)
    upper_half = sum(b >= 0xE0 for b in sample)
    lower_half = sum(0xC0 <= b < 0xE0 for b in sample)
    letters = sum(b < 0x80 and bytes((b,)).isalpha() for b in sample)
    if (upper_half + lower_half) * 10 < high * 8 or high < letters:
        return "cp1252"
    return "koi8-r" if lower_half > upper_half else "cp1251"


def _east_asian(sample: bytes) -> tuple[float, str]:
    """Share of everyday characters and name of the East Asian codec that explains the bytes best."""
    best = (0.0, "gb18030")
    for name, everyday in _EVERYDAY:
        text = sample.decode(name, "ignore")
        wide = [c for c in text if c > "\x7f"]
        broken = len(sample) - len(text.encode(name, "ignore"))
        if not wide:
            continue
        share = sum(everyday(c) for c in wide) / (len(wide) + 2 * broken)
        if share > best[0] + 0.02:
            best = (share, name)
    return best


def _everyday_gb(char: str) -> bool:
    """Level 1 of GB 2312 (sorted by sound: the characters of daily use) or Chinese punctuation."""
    data = char.encode("gb18030", "ignore")
    return len(data) == 2 and data[1] >= 0xA1 and (0xB0 <= data[0] <= 0xD7 or data[0] in (0xA1, 0xA3))


def _everyday_big5(char: str) -> bool:
    """Level 1 of Big5 or Chinese punctuation."""
    data = char.encode("big5hkscs", "ignore")
    return len(data) == 2 and (0xA4 <= data[0] <= 0xC6 or data[0] == 0xA1)


def _everyday_japanese(char: str) -> bool:
    """Kana and the punctuation of Japanese; half-width katakana do not count, everything may look like them."""
    return "\u3041" <= char <= "\u30ff" or char in "、。「」・ー"


def _everyday_korean(char: str) -> bool:
    """Hangul syllables of KS X 1001."""
    data = char.encode("cp949", "ignore")
    return "\uac00" <= char <= "\ud7a3" and len(data) == 2 and data[0] >= 0xB0 and data[1] >= 0xA1


_EVERYDAY = (  # a later one must explain more: Hangul alone could be Chinese too, but not the other way round
    ("cp949", _everyday_korean),
    ("gb18030", _everyday_gb),
    ("big5hkscs", _everyday_big5),
    ("cp932", lambda c: _everyday_japanese(c) or ("\u4e00" <= c <= "\u9fff" and _everyday_sjis(c))),
    ("euc_jp", lambda c: _everyday_japanese(c)),
)


def _everyday_sjis(char: str) -> bool:
    """Level 1 kanji of JIS X 0208."""
    data = char.encode("cp932", "ignore")
    return len(data) == 2 and 0x88 <= data[0] <= 0x97
