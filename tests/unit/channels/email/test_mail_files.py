"""Mail in files: which files hold mail, and what an mbox holds."""

import mailbox

import pytest

from contactcenter.channels.email.mail_files import arrival, filed_mails, is_mail, mail_files

MAIL = b"From: ann@shop.example\nDate: Mon, 02 Nov 2020 10:00:00 +0000\nMessage-ID: <%d@shop.example>\n\nHello\n"


def names(path):
    return [file.relative_to(path).as_posix() for file in mail_files([path])]


def test_of_a_maildir_only_delivered_mail_is_read(tmp_path):
    box = mailbox.Maildir(tmp_path / "box")
    box.add(MAIL % 1)
    box.add_folder("Sent").add(MAIL % 2)
    (tmp_path / "box" / "dovecot-uidlist").write_text("3 V1 N2")
    (tmp_path / "box" / "tmp" / "half").write_bytes(MAIL[:20])
    found = names(tmp_path)
    assert [name.rpartition("/")[0] for name in found] == ["box/.Sent/new", "box/new"]


def test_an_mbox_gives_its_mails_with_quoted_lines_unquoted(tmp_path):
    box = mailbox.mbox(tmp_path / "old.mbox")
    for number in range(3):
        box.add(MAIL % number + b"From the harbour\n>From the sea\n")
    box.close()
    found = list(filed_mails([tmp_path / "old.mbox"]))
    assert [mail.name.rpartition(":")[2] for mail in found] == ["1", "2", "3"]
    assert found[2].raw.endswith(b"<2@shop.example>\n\nHello\nFrom the harbour\nFrom the sea\n")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    assert [mail.raw for mail in filed_mails([tmp_path / "gone.eml"])] == [None]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"Received: by mx; Tue, 03 Nov 2020 08:00:00 +0100\nDate: Mon, 02 Nov 2020 10:00:00 +0000", "2020-11-03T07"),
        (b"Received: by mx\nDate: Mon, 02 Nov 2020 10:00:00 +0000", "2020-11-02T10"),
        (b"Date: Mon, 02 Nov 9999 10:00:00 +0000", "20"),
        (b"Date: Thu, 01 Jan 1970 00:00:00 +0000", "202"),
        (b"Date: yesterday", "202"),
    ],
)
def test_a_mail_arrived_when_its_last_relay_says(head, expected):
    assert arrival(head + b"\n\nHello").isoformat().startswith(expected)


@pytest.mark.parametrize(("raw", "expected"), [(MAIL, True), (b"%PDF-1.4\nDate\n\nx", False), (b"", False)])
def test_what_has_no_field_of_a_mail_is_none(raw, expected):
    assert is_mail(raw) is expected
