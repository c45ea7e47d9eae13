"""Content-Transfer-Encoding (RFC 2045) and inline uuencode, tolerant: what cannot be decoded is kept as it is."""

from __future__ import annotations

import binascii
import re

_PADDED = re.compile(rb"[^=]+=*")
_BEGIN = re.compile(r"^begin [0-7]{3,4} (?P<name>[^\r\n]{1,255})\r?\n", re.MULTILINE)
_END = re.compile(r"^end[ \t]*\r?$", re.MULTILINE)
UUENCODE = frozenset(("x-uuencode", "uuencode", "x-uue", "uue"))
"""Names of uuencode as a transfer encoding; none is of the standard."""
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


def base64_bytes(data: bytes) -> bytes:
    """Return decoded base64; junk between the letters, missing padding and padding in the middle are forgiven."""
    first_pad = data.find(b"=")
    if first_pad >= 0 and _has_letters(data[first_pad:]):
        return b"".join(base64_bytes(chunk.rstrip(b"=\r\n \t")) for chunk in _PADDED.findall(data))
    try:
        return binascii.a2b_base64(data)
    except (binascii.Error, ValueError):
        letters = _NOT_BASE64.sub(b"", data)
        if len(letters) % 4 == 1:
            letters = letters[:-1]
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def _has_letters(data: bytes) -> bool:
    """Whether base64 letters follow a padding character."""
    return _NOT_BASE64.sub(b"", data[:200]) != b""


def decode_body(data: bytes, encoding: str) -> bytes:
    """Content of a part by its Content-Transfer-Encoding (lower case); unknown encodings leave it unchanged."""
    match encoding:
        case "base64" | "b" | "base-64":
            return base64_bytes(data)
        case "quoted-printable" | "q":
            return binascii.a2b_qp(data)
        case encoding if encoding in UUENCODE:
            found = uuencoded_files(data.decode("latin-1"))[1]
            return found[0][1] if found else data
    return data


def uuencoded_files(text: str, limit: int = 50) -> tuple[str, list[tuple[str, bytes]]]:
    """Return the text without its uuencoded blocks, and name and content of those among the first `limit` blocks."""
    if "begin " not in text or "\nend" not in text:
        return text, []
    kept: list[str] = []
    files: list[tuple[str, bytes]] = []
    position = 0
    for _, end in zip(range(limit), _END.finditer(text), strict=False):
        start = text.rfind("\nbegin ", position, end.start()) + 1
        begin = _BEGIN.match(text, start or position)
        content = _uu_lines(text[begin.end() : end.start()]) if begin and begin.end() <= end.start() else None
        if begin is None or content is None:
            continue
        kept.append(text[position : begin.start()])
        files.append((begin["name"].strip(), content))
        position = end.end()
    kept.append(text[position:])
    return "".join(kept), files


def _uu_lines(block: str) -> bytes | None:
    """Return decoded lines of a block; None when a line is not uuencoded."""
    pieces = []
    for line in block.splitlines():
        data = line.encode("latin-1", "replace")
        if not data.strip() or data[:1] == b"`":
            continue
        try:
            pieces.append(binascii.a2b_uu(data))
        except binascii.Error:
            count = ((data[0] - 32 & 63) * 4 + 5) // 3  # some encoders append a check character
            try:
                pieces.append(binascii.a2b_uu(data[:count]))
            except binascii.Error:
                return None
    return b"".join(pieces)
