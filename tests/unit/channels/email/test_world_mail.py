"""Mail as it comes from all over the world: charsets, names of files, nested and flowed texts."""

import base64

import pytest

from contactcenter.channels.email.mime import read_mail

FROM = b"From: a@b.example\r\n"


def mail(body, kind=b"text/plain", more=b""):
    return read_mail(FROM + more + b"Content-Type: " + kind + b"\r\n\r\n" + body)


def attached(disposition):
    head = b"From: a@b.example\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; "
    return read_mail(head + disposition + b"\r\n\r\nPDF").attachments[0].filename


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("gb18030", "您好，我的订单还没有发货，请帮我查询一下物流信息"),
        ("big5", "您好，我想詢問訂單的送貨時間，謝謝"),
        ("shift_jis", "ご注文の商品がまだ届いていません。確認をお願いします"),
        ("euc-kr", "주문한 상품이 아직 도착하지 않았습니다 확인 부탁드립니다"),
        ("koi8-r", "Здравствуйте, мой заказ ещё не пришёл, проверьте пожалуйста"),
        ("windows-1251", "Здравствуйте, мой заказ ещё не пришёл, проверьте пожалуйста"),
        ("utf-8", "Grüße, 您好"),
    ],
)
def test_raw_headers_and_bodies_that_name_no_charset_are_read(charset, text):
    raw = FROM + b"Subject: " + text.encode(charset) + b"\r\n\r\n" + text.encode(charset)
    found = read_mail(raw)
    assert (found.subject, found.text) == (text, text)


@pytest.mark.parametrize(
    ("named", "real", "text"),
    [
        ("gb2312", "gb18030", "請問朱镕基、囍字與𠀀怎麼寫"),
        ("gbk", "gb18030", "㐀字怎么写，谢谢您的帮助"),
        ("us-ascii", "utf-8", "您好，世界"),
        ("iso-8859-1", "gb18030", "您好，我的订单还没有发货，请帮我查询一下物流信息"),
        ("iso-8859-1", "utf-8", "您好，世界"),
        ("utf-8", "gb18030", "您好，我的订单还没有发货，请帮我查询一下物流信息"),
        ("x-unknown", "big5", "您好，我想詢問訂單的送貨時間，謝謝"),
        ("iso-2022-jp", "iso-2022-jp", "ご注文の商品が届いていません"),
    ],
)
def test_a_charset_that_is_named_wrongly_does_no_harm(named, real, text):
    assert mail(text.encode(real), f'text/plain; charset="{named}"'.encode()).text == text


def test_a_single_high_byte_of_a_header_proves_no_charset():
    assert mail(b"x", b"text/plain; charset=iso-8859-1", b"Subject: Fr\xf6hlich\r\n").subject == "Fr\ufffdhlich"
    assert (
        mail(b"x", b"text/plain; charset=iso-8859-1", b"Subject: Fr\xf6hlich gr\xfc\xdfen\r\n").subject
        == "Fröhlich grüßen"
    )
    declared = b"Subject: =?iso-8859-1?Q?sch=F6n?= Fr\xf6hlich\r\n"
    assert mail(b"x", more=declared).subject == "schön Fröhlich"


def test_encoded_words_cut_inside_a_character_are_put_together():
    data = "关于订单退款的问题".encode("gb18030")
    halves = (base64.b64encode(data[:5]).decode(), base64.b64encode(data[5:]).decode())
    subject = "\r\n ".join(f"=?gb2312?B?{half}?=" for half in halves)
    assert mail(b"x", more=f"Subject: {subject}\r\n".encode()).subject == "关于订单退款的问题"
    quoted = "=?utf-8?Q?=E9=80=80=E6?= =?utf-8?Q?=AC=BE?="
    assert mail(b"x", more=f"Subject: {quoted}\r\n".encode()).subject == "退款"


def test_file_names_in_pieces_and_charsets_are_put_together():
    assert attached(b"filename*0*=gb18030'zh'%BA%CF%CD;\r\n filename*1*=%AC;\r\n filename*2=\".pdf\"") == "合同.pdf"
    assert attached(b'filename*1="two.pdf"; filename*0="one"') == "onetwo.pdf"
    assert attached(b'filename="=?utf-8?B?5ZCI5ZCMLnBkZg==?="') == "合同.pdf"
    assert attached(b'filename="' + "合同.pdf".encode("gb18030") + b'"') == "合同.pdf"
    assert attached(b"filename=plain.pdf; filename*=UTF-8''%E5%90%88.pdf") == "合.pdf"


def test_an_empty_sender_and_doubled_headers_do_not_stop_anything():
    found = read_mail(
        b"Return-Path: <>\r\nFrom: <>\r\nSubject: one\r\nSubject: two\r\nTo: x@y.example\r\nTo: z@y.example\r\n\r\nhi"
    )
    assert (found.from_.address, found.subject, found.text) == ("", "one", "hi")
    assert [one.address for one in found.to] == ["x@y.example", "z@y.example"]
    assert found.ambiguous_sender


def test_flowed_text_is_joined_with_and_without_its_spaces():
    kind = b"text/plain; charset=utf-8; format=flowed"
    assert mail(b"a long \r\nline\r\n\r\n-- \r\nme", kind).text.startswith("a long line\n")
    assert mail("我要 \r\n退款".encode(), kind + b"; delsp=yes").text == "我要退款"


def test_mails_of_a_digest_and_forwarded_ones_are_files_and_not_the_customers_words():
    inner = b"Subject: =?utf-8?B?6YCA5qy+?=\r\n\r\ninner words\r\n"
    digest = mail(b"--d\r\n\r\n" + inner + b"--d\r\n\r\n" + inner + b"--d--", b"multipart/digest; boundary=d")
    assert [(one.filename, one.content_type) for one in digest.attachments] == [("退款.eml", "message/rfc822")] * 2
    forwarded = mail(
        b"--m\r\n\r\nSee below\r\n--m\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"--m--",
        b"multipart/mixed; boundary=m",
    )
    assert forwarded.text == "See below"
    assert "inner words" not in digest.text


def test_of_a_report_the_words_are_read_and_the_rest_kept():
    found = mail(
        b"--r\r\n\r\nIt could not be delivered.\r\n--r\r\nContent-Type: message/delivery-status\r\n\r\n"
        b"Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        b"--r\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: mine\r\n--r--",
        b"multipart/report; report-type=delivery-status; boundary=r",
    )
    assert (found.text, found.kind) == ("It could not be delivered.", "bounce")
    assert [one.content_type for one in found.attachments] == ["message/delivery-status", "text/rfc822-headers"]


def test_pictures_of_the_mail_are_shown_and_those_of_the_net_are_held_back():
    found = mail(
        b'--r\r\nContent-Type: text/html\r\n\r\n<img src="cid:logo@x"><img src="https://spy.example/1.gif">'
        b'<div style="background:url(https://spy.example/2.gif);color:red">hi</div>\r\n'
        b"--r\r\nContent-Type: image/png\r\nContent-ID: <logo@x>\r\n\r\nPNG\r\n--r--",
        b"multipart/related; boundary=r",
    )
    assert '<img src="cid:logo@x">' in found.html_safe
    assert 'data-remote-src="https://spy.example/1.gif"' in found.html_safe
    assert "2.gif" not in found.html_safe
    assert [(one.inline, one.content_id) for one in found.attachments] == [(True, "logo@x")]


def test_lists_tables_and_links_of_html_are_still_there_in_its_text():
    found = mail(
        b"<ul><li>one<li>two</ul><ol><li>first</ol><table><tr><td>Order</td><td>42</td></tr></table>"
        b'<a href="https://shop.example/o/42">the order</a>',
        b"text/html",
    ).text
    assert all(piece in found for piece in ("- one", "- two", "1. first", "https://shop.example/o/42"))
    assert any("Order" in line and "42" in line for line in found.splitlines())


def test_a_part_in_an_encoding_outside_the_standard_is_given_decoded_and_as_it_came():
    body = b"begin 644 a.txt\r\n#86)C\r\n`\r\nend"
    found = mail(body, b"image/png; name=ball.png", b"Content-Transfer-Encoding: x-uuencode\r\n")
    assert [(one.filename, one.content) for one in found.attachments] == [("ball.png", b"abc"), ("ball.png.uue", body)]
    inline = mail(b"Look:\r\n" + body)
    assert [one.filename for one in inline.attachments] == ["a.txt"]
