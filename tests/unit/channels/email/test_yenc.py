"""Inline yEnc."""

import zlib

from contactcenter.channels.email.mime import read_mail
from contactcenter.channels.email.yenc import MAX_FILES, yenc_files

DATA = bytes(range(256)) * 4


def encoded(data, name="bild ä.bin", checksum=None):
    out = bytearray()
    for byte in data:
        value = (byte + 42) & 255
        out += bytes((61, (value + 64) & 255)) if value in (0, 10, 13, 61) else bytes((value,))
    lines = b"\r\n".join(bytes(out[at : at + 128]) for at in range(0, len(out), 128) if out)
    sum_of = zlib.crc32(data) if checksum is None else checksum
    return (
        b"=ybegin line=128 size=%d name=%s\r\n" % (len(data), name.encode()) + lines
        + b"\r\n=yend size=%d crc32=%08x\r\n" % (len(data), sum_of)
    )  # fmt: skip


def test_a_file_in_the_text_becomes_a_file_and_leaves_the_words():
    mail = read_mail(b"From: a@b.example\r\n\r\nHere it is:\r\n" + encoded(DATA) + b"Bye")
    assert [(one.filename, one.content) for one in mail.attachments] == [("bild ä.bin", DATA)]
    assert (mail.text.split(), mail.warnings) == (["Here", "it", "is:", "Bye"], ())


def test_one_of_several_parts_is_a_file_of_its_own():
    begin, rest = encoded(DATA).split(b"\r\n", 1)
    rest_of, files, sound = yenc_files(begin + b"\r\n=ypart begin=1 end=1024\r\n" + rest)
    assert (rest_of, files[0][1] == DATA, sound) == (b"", True, True)


def test_a_wrong_checksum_is_said():
    mail = read_mail(b"From: a@b.example\r\n\r\n" + encoded(DATA, checksum=1))
    assert mail.warnings == ("a yEnc file does not match its checksum",)


def test_words_about_it_and_a_block_without_its_end_stay_text():
    assert read_mail(b"From: a@b.example\r\n\r\nI write =ybegin size=1 name=x here").text.endswith("here")
    assert yenc_files(b"=ybegin line=128 size=1 name=x\r\nabc")[1] == []


def test_a24_more_blocks_than_anybody_sends_stay_text():
    rest, files, _ = yenc_files(encoded(b"x") * (MAX_FILES + 1))
    assert len(files) == MAX_FILES
    assert rest.startswith(b"=ybegin")
