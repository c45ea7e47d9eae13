"""TNEF, the "winmail.dat" in which Outlook and Exchange wrap a mail (MS-OXTNEF): its files and its body.

The reader is our own because a table of forty bytes may claim four thousand million entries: here every count is held
against the bytes that are left, nested mails are opened a few levels deep only, and the work is linear in the size.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum

from contactcenter.channels.email import charsets
from contactcenter.channels.email.rtf import MAX_RTF, RtfError, decompress, rtf_body

MAX_FILES = 200  # of one winmail.dat, nested mails included
MAX_ATTRIBUTES = 10_000
MAX_DEPTH = 3  # mails within mails
_SIGNATURE = 0x223E9F78
_HEAD = struct.Struct("<BII")  # level, identifier with type, length
_BODY, _HTML, _RTF, _CODEPAGE = 0x1000, 0x1013, 0x1009, 0x3FDE
_OBJECT, _SHORT_NAME, _LONG_NAME, _DISPLAY_NAME, _MIME, _CONTENT_ID = 0x3701, 0x3704, 0x3707, 0x3001, 0x370E, 0x3712
_FIXED = {0x02: 2, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 2, 0x14: 8, 0x40: 8, 0x48: 16}
_UNICODE, _EMBEDDED = 0x1F, 0x0D
_VARIABLE = frozenset((0x0D, 0x1E, _UNICODE, 0x102, 0x00))
_IMESSAGE = bytes.fromhex("0703020000000000c000000000000046")
_UTF8 = 65001


class _Attribute(IntEnum):
    """Attributes of a stream that are read."""

    BODY = 0x800C
    DATA = 0x800F  # of a file
    TITLE = 0x8010  # of a file
    RENDERING = 0x9002  # starts a file
    MESSAGE = 0x9003  # properties of the mail
    ATTACHMENT = 0x9005  # properties of a file
    CODEPAGE = 0x9007


class TnefError(ValueError):
    """The bytes are no TNEF, or break off."""


@dataclass(frozen=True, slots=True)
class TnefFile:
    """A file inside: name and type as given (maybe empty), content, and the id by which the HTML shows it."""

    filename: str
    content_type: str
    content: bytes
    content_id: str = ""


@dataclass
class TnefContent:
    """What a winmail.dat holds. ``complete`` is False where it broke off or held more than is read."""

    plain: str = ""
    html: str = ""
    files: list[TnefFile] = field(default_factory=list)
    complete: bool = True
    rtf_left: int = MAX_RTF  # bytes of uncompressed RTF that may still be read


@dataclass
class _File:
    """A file while its attributes come in."""

    name: str = ""
    better_name: str = ""
    content_type: str = ""
    content_id: str = ""
    content: bytes = b""
    message: bytes | None = None


_Properties = dict[int, tuple[int, bytes]]  # identifier → type and raw value


def is_tnef(data: bytes) -> bool:
    """Whether the bytes start as TNEF does."""
    return data[:4] == _SIGNATURE.to_bytes(4, "little")


def read_tnef(data: bytes) -> TnefContent:
    """Body and files of a winmail.dat. Raises :class:`TnefError` where nothing of it can be read."""
    if not is_tnef(data):
        raise TnefError("no TNEF")
    content = TnefContent()
    _read(data, content, 0)
    if not content.complete and not (content.files or content.plain or content.html):
        raise TnefError("broken TNEF")
    return content


def _read(data: bytes, content: TnefContent, depth: int) -> None:
    """Add one stream to the content; a nested mail is the files in it, its body one of them."""
    codepage = "cp1252"
    files: list[_File] = []
    plain, body = "", TnefContent()
    position = 6
    for _ in range(MAX_ATTRIBUTES):
        if position + _HEAD.size > len(data):
            break
        level, tag, length = _HEAD.unpack_from(data, position)
        position += _HEAD.size
        if level not in (1, 2) or position + length > len(data):
            content.complete = False
            break
        value = data[position : position + length]
        position += length + 2
        match tag & 0xFFFF:
            case _Attribute.CODEPAGE:
                codepage = _codec(int.from_bytes(value[:4], "little")) or codepage
            case _Attribute.BODY:
                plain = charsets.decode(value.rstrip(b"\x00"), codepage)
            case _Attribute.MESSAGE:
                _read_body(value, codepage, body, content)
            case _Attribute.RENDERING:
                files.append(_File())
            case identifier if files:
                _add_to_file(files[-1], identifier, value, codepage, content)
    else:
        content.complete = False
    content.complete &= position > 6
    body.plain = body.plain or plain
    _keep(files, body, content, depth)


def _keep(files: list[_File], body: TnefContent, content: TnefContent, depth: int) -> None:
    """Add what a stream held to the whole."""
    if depth == 0:
        content.plain, content.html = body.plain, body.html
    elif body.html:
        content.files.append(TnefFile("message.html", "text/html", body.html.encode()))
    elif body.plain:
        content.files.append(TnefFile("message.txt", "text/plain", body.plain.encode()))
    for file in files:
        if len(content.files) >= MAX_FILES:
            content.complete = False
            return
        if file.message is not None and is_tnef(file.message) and depth < MAX_DEPTH:
            _read(file.message, content, depth + 1)
        elif file.content or file.message:
            name = file.better_name or file.name
            content.files.append(
                TnefFile(name, file.content_type, file.content or file.message or b"", file.content_id)
            )


def _read_body(value: bytes, codepage: str, body: TnefContent, content: TnefContent) -> None:
    """Take the bodies out of a mail's properties."""
    found, complete = _properties(value)
    content.complete &= complete
    named = found.get(_CODEPAGE, (0, b""))[1]
    codec = _codec(int.from_bytes(named[:4], "little")) or codepage
    body.plain = _text(found.get(_BODY), codec)
    body.html = _text(found.get(_HTML), codec)
    if not body.plain and not body.html and _RTF in found:
        try:
            rtf = decompress(found[_RTF][1], content.rtf_left)
            content.rtf_left -= len(rtf)
            body.plain, body.html = rtf_body(rtf)
        except RtfError:
            content.complete = False


def _add_to_file(file: _File, identifier: int, value: bytes, codepage: str, content: TnefContent) -> None:
    """Take an attribute of a file."""
    if identifier == _Attribute.TITLE:
        file.name = charsets.decode(value.rstrip(b"\x00"), codepage)
    elif identifier == _Attribute.DATA:
        file.content = value
    elif identifier == _Attribute.ATTACHMENT:
        found, complete = _properties(value)
        content.complete &= complete
        names = (_text(found.get(name), codepage) for name in (_LONG_NAME, _SHORT_NAME, _DISPLAY_NAME))
        file.better_name = next(filter(None, names), "")
        file.content_type = _text(found.get(_MIME), codepage).lower()
        file.content_id = _text(found.get(_CONTENT_ID), codepage)
        kind, inside = found.get(_OBJECT, (0, b""))
        if kind == _EMBEDDED and inside.startswith(_IMESSAGE):
            file.message = inside[len(_IMESSAGE) :]
        elif inside and not file.content:
            file.content = inside


def _text(found: tuple[int, bytes] | None, codepage: str) -> str:
    """A property as text."""
    if found is None:
        return ""
    kind, value = found
    if kind == _UNICODE:
        return charsets.clean(value.decode("utf-16-le", "replace").rstrip("\x00"))
    return charsets.decode(value.rstrip(b"\x00"), codepage)


def _codec(number: int) -> str:
    """The charset of a Windows code page; "" for an unknown one."""
    if number in (_UTF8, 20127):
        return "utf-8"
    names = {20866: "koi8-r", 21866: "koi8-u", 50220: "iso-2022-jp", 51932: "euc-jp", 51949: "euc-kr", 54936: "gb18030"}
    if 28591 <= number <= 28605:
        return f"iso-8859-{number - 28590}"
    return charsets.codec(names.get(number, f"cp{number}"))


def _properties(data: bytes) -> tuple[_Properties, bool]:
    """First value of each MAPI property without a name of its own, and whether the table could be read to its end."""
    found: _Properties = {}
    count = int.from_bytes(data[:4], "little")
    position = 4
    for _ in range(count):
        if position + 4 > len(data):
            return found, False
        kind, identifier = struct.unpack_from("<HH", data, position)
        position += 4
        if identifier >= 0x8000:
            position = _behind_name(data, position)
        value, position = _value(data, position, kind)
        if position > len(data):
            return found, False
        if identifier < 0x8000:
            found.setdefault(identifier, (kind & 0xFFF, value))
    return found, True


def _behind_name(data: bytes, position: int) -> int:
    """Offset behind the name of a named property: a number or a text."""
    position += 16
    numbered = data[position : position + 4] == b"\x00\x00\x00\x00"
    position += 4
    return position + 4 if numbered else position + 4 + _padded(_uint32(data, position))


def _value(data: bytes, position: int, kind: int) -> tuple[bytes, int]:
    """First value of a property and the offset behind all its values; an offset beyond the data means it is broken."""
    several, kind = bool(kind & 0x1000), kind & 0xFFF
    beyond = len(data) + 1
    if kind in _FIXED:
        count = 1
        if several:
            count, position = _uint32(data, position), position + 4
        return data[position : position + _FIXED[kind]], position + _padded(count * _FIXED[kind])
    if kind not in _VARIABLE:
        return b"", beyond
    first = b""
    count, position = _uint32(data, position), position + 4
    for index in range(count):
        if position + 4 > len(data):
            return first, beyond
        length = _uint32(data, position)
        if index == 0:
            first = data[position + 4 : position + 4 + length]
        position += 4 + _padded(length)
    return first, position


def _uint32(data: bytes, position: int) -> int:
    """Number at an offset; 0 beyond the end."""
    return int.from_bytes(data[position : position + 4], "little")


def _padded(length: int) -> int:
    """Length rounded up to a multiple of four."""
    return (length + 3) // 4 * 4
