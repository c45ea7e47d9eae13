"""Bodies and files of whole mails."""

import hashlib

from contactcenter.channels.email.bodies import safe_filename, unflow
from contactcenter.channels.email.mime import read_mail


def mail(content_type, body, extra=b""):
    return read_mail(b"From: a@b.example\r\n" + extra + b"Content-Type: " + content_type + b"\r\n\r\n" + body)


def test_of_alternatives_the_plain_text_is_read_and_the_html_shown():
    found = mail(
        b"multipart/alternative; boundary=b",
        b"--b\r\n\r\nplain\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>rich</p>\r\n--b--",
    )
    assert (found.text, found.html_safe) == ("plain", "<p>rich</p>")


def test_html_is_read_where_the_plain_text_only_says_that_html_is_needed():
    rich = b"<p>" + b"The real content. " * 40 + b"</p>"
    found = mail(
        b"multipart/alternative; boundary=b",
        b"--b\r\n\r\nYour browser cannot show HTML.\r\n--b\r\nContent-Type: text/html\r\n\r\n" + rich + b"\r\n--b--",
    )
    assert found.text.startswith("The real content.")


def test_an_image_of_the_html_is_inline_and_a_file_beside_it_is_not():
    found = mail(
        b"multipart/mixed; boundary=m",
        b"--m\r\nContent-Type: multipart/related; boundary=r\r\n\r\n"
        b"--r\r\nContent-Type: text/html\r\n\r\n<img src=cid:i@x>"
        b"\r\n--r\r\nContent-Type: image/png; name=i.png\r\nContent-ID: <i@x>\r\n\r\nPNG\r\n--r--\r\n"
        b"--m\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=f.pdf\r\n\r\nPDF\r\n--m--",
    )
    assert [(f.filename, f.inline, f.content_id) for f in found.attachments] == [
        ("i.png", True, "i@x"),
        ("f.pdf", False, ""),
    ]
    assert found.attachments[1].sha256 == hashlib.sha256(b"PDF").hexdigest()


def test_text_parts_one_after_the_other_are_one_text():
    found = mail(b"multipart/mixed; boundary=m", b"--m\r\n\r\none\r\n--m\r\n\r\ntwo\r\n--m--")
    assert found.text == "one\n\ntwo"


def test_a_nested_mail_is_a_file_named_by_its_subject():
    found = mail(
        b"multipart/mixed; boundary=m", b"--m\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx\r\n--m--"
    )
    assert [(f.filename, f.content_type) for f in found.attachments] == [("in.eml", "message/rfc822")]
    assert "x" not in found.text


def test_a_text_file_is_a_file():
    found = mail(
        b"multipart/mixed; boundary=m",
        b"--m\r\n\r\nhi\r\n--m\r\nContent-Type: text/plain; name=a.log\r\n\r\nlog\r\n--m--",
    )
    assert (found.text, found.attachments[0].filename) == ("hi", "a.log")


def test_uuencoded_files_in_the_text_are_files_and_not_the_customers_words():
    found = mail(b"text/plain", b"See file.\r\n\r\nbegin 644 a.txt\r\n#86)C\r\n`\r\nend\r\n")
    assert (found.attachments[0].filename, found.attachments[0].content) == ("a.txt", b"abc")
    assert found.visible_text == "See file."


def test_flowed_lines_are_joined_and_quotes_keep_their_depth():
    assert unflow("one \ntwo\n> a \n> b\n-- \nsig", delete_space=False) == "one two\n> a b\n-- \nsig"
    assert unflow("你 \n好", delete_space=True) == "你好"


def test_file_names_cannot_leave_their_folder():
    assert safe_filename("../../etc/passwd", "text/plain", 1) == "_.._etc_passwd"
    assert safe_filename("a\u202egpj.exe", "image/jpeg", 1) == "a_gpj.exe"
    assert safe_filename("", "image/png", 3) == "attachment-3.png"
    assert len(safe_filename("x" * 500 + ".pdf", "", 1)) <= 150
