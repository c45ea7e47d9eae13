"""Inline yEnc: binary files between ``=ybegin`` and ``=yend`` lines of an 8-bit text, as news programs write them."""

from __future__ import annotations

import re
import zlib

MAX_FILES = 50
_BEGIN = re.compile(rb"^=ybegin (?=[^\r\n]*\bsize=)[^\r\n]{0,300}?\bname=([^\r\n]{1,255})\r?\n", re.MULTILINE)
_END = re.compile(rb"^=yend\b([^\r\n]{0,200})\r?$\n?", re.MULTILINE)
_PART = re.compile(rb"=ypart [^\r\n]{0,200}\r?\n")
_CHECKSUM = re.compile(rb"\bp?crc32=([0-9a-fA-F]{1,8})\b")
_SHIFT = bytes((value - 42) & 255 for value in range(256))


def yenc_files(data: bytes) -> tuple[bytes, list[tuple[str, bytes]], bool]:
    """The text without its yEnc blocks, name and content of each file, and whether every checksum was right.

    A block without its end stays text. Names are UTF-8 or Latin-1 and not safe as a path.
    """
    kept: list[bytes] = []
    files: list[tuple[str, bytes]] = []
    position, sound = 0, True
    for _ in range(MAX_FILES):
        begin = _BEGIN.search(data, position)
        end = _END.search(data, begin.end()) if begin else None
        if begin is None or end is None:
            break
        start = part.end() if (part := _PART.match(data, begin.end())) else begin.end()
        content = _decode(data[start : end.start()])
        said = _CHECKSUM.search(end[1])
        sound &= said is None or int(said[1], 16) == zlib.crc32(content)
        kept.append(data[position : begin.start()])
        files.append((_name(begin[1]), content))
        position = end.end()
    kept.append(data[position:])
    return b"".join(kept), files, sound


def _decode(block: bytes) -> bytes:
    """The lines of a block decoded: each byte is shifted by 42, an escaped one by 64 more."""
    first, *escaped = block.replace(b"\r", b"").replace(b"\n", b"").split(b"=")
    pieces = [first]
    pieces += [bytes(((piece[0] - 64) & 255,)) + piece[1:] for piece in escaped if piece]
    return b"".join(pieces).translate(_SHIFT)


def _name(value: bytes) -> str:
    """A file's name as text."""
    value = value.strip().strip(b'"')
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
