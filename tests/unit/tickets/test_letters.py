"""How a letter of ours looks, and that our own reader takes it apart again when the customer answers."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from html import escape

import pytest

from contactcenter.channels.email.composing import compose
from contactcenter.channels.email.html_text import html_lines
from contactcenter.channels.email.lines import Line
from contactcenter.channels.email.visible_reply import split_reply
from contactcenter.conversations.records import Message
from contactcenter.envelope import AuthorType, Channel, Direction, FileContent, Identity, IdentityKind, OutboundMessage
from contactcenter.tickets import letters
from contactcenter.tickets.letters import NOTHING, Part, Quoted, dressed, forwarded, letter_html, quotation
from contactcenter.tickets.pictures import html_with_pictures, place_pictures, without_pictures

AT = datetime(2026, 7, 3, 9, 5, tzinfo=UTC)
OWN = Quoted("Harbour service", "service@harbour.example")
PNG = b"\x89PNG\r\n\x1a\nrest"


def said(text, *, incoming=True, name="Carol", **fields):
    values = {
        "channel": Channel.EMAIL,
        "direction": Direction.IN if incoming else Direction.OUT,
        "author_type": AuthorType.CUSTOMER if incoming else AuthorType.AGENT,
        "author_name": name,
        "identity": "email:carol@example.org",
        "addresses": {"from": "service@harbour.example", "to": ["carol@example.org"]},
        "text": text,
        "visible_text": text,
        "received_at": AT,
        "created_at": AT,
        **fields,
    }
    return Message(**values)


THREAD = [
    said("Still nothing."),
    said("It is **on** its way.", incoming=False, name="Sofia"),
    said("Where is it?\nI wait."),
]


def test_earlier_mails_are_quoted_one_inside_of_the_other():
    made = quotation(THREAD, "en", OWN)
    assert made.text.splitlines() == [
        "On 3 July 2026 at 09:05 UTC, Carol <carol@example.org> wrote:",
        "",
        "> Still nothing.",
        ">",
        "> On 3 July 2026 at 09:05 UTC, Sofia <service@harbour.example> wrote:",
        ">",
        ">> It is **on** its way.",
        ">>",
        ">> On 3 July 2026 at 09:05 UTC, Carol <carol@example.org> wrote:",
        ">>",
        ">>> Where is it?",
        ">>> I wait.",
    ]
    assert made.html.count('<blockquote class="gmail_quote" type="cite"') == 3
    assert "<strong>on</strong>" in made.html


def test_no_card_goes_back_in_full():
    made = quotation([said("my card is 4242 4242 4242 4242")], "en", OWN)
    assert "> my card is •••• 4242" in made.text
    assert "4242 4242" not in made.html


def test_the_introduction_is_in_the_customers_language():
    assert quotation(THREAD[:1], "zh", OWN).text.startswith(
        "2026年7月3日 09:05 (UTC)，Carol <carol@example.org> 写道：\n\n> Still"
    )


def test_a_long_history_is_cut(monkeypatch):
    monkeypatch.setattr(letters, "MAX_QUOTATION", 20)
    made = quotation([said("a" * 15), said("b" * 15), said("c" * 15)], "en", OWN)
    assert (made.text.count("a" * 15), made.text.count("b" * 6), "c" in made.text.replace("carol", "")) == (1, 0, False)
    assert f">> bbbbb\n>> {letters.ELLIPSIS}" in made.text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_to_quote_is_nothing(language):
    assert quotation([said("")], language, OWN) == NOTHING


def test_markup_of_a_customer_is_quoted_as_text():
    made = quotation([said("<script>x</script>", name='"><b>Eve')], "en", OWN)
    assert "<script>" not in made.html
    assert "<b>" not in made.html


def test_style_stands_on_the_elements():
    html = dressed("Hello\n\n- one\n\n| a |\n|---|\n| b |\n\n[x](https://y.example)")
    assert '<p style="margin:0 0 1em">Hello</p>' in html
    assert '<ul style="' in html
    assert '<td style="border' in html
    assert "<style" not in html


def test_a_title_that_looks_like_a_tag_cannot_get_out_of_its_attribute():
    html = dressed('[x](https://y.example "<p onclick=alert(1) ")')
    assert "<p onclick" not in html
    assert html.count("<p ") == 1


def test_a_forwarded_mail_has_its_header_and_its_html():
    original = said(
        "See *this*", html='<p>See <img data-remote-src="https://x.example/a.png" alt=""></p>', subject="Roof"
    )
    made = forwarded(original, "en")
    assert made.text.splitlines()[:4] == [
        "---------- Forwarded message ----------",
        "From: Carol <carol@example.org>",
        "Date: 3 July 2026 at 09:05 UTC",
        "Subject: Roof",
    ]
    assert made.text.endswith("\n\nSee *this*")
    assert '<img src="https://x.example/a.png" alt="">' in made.html


def test_a_picture_that_the_text_names_goes_inside_of_it():
    files = (FileContent("roof.png", "text/html", PNG), FileContent("plan.pdf", "application/pdf", b"%PDF"))
    text, placed = place_pictures("Look:\n\n![the roof](attached:roof.png)", files, "harbour.example")
    content_id = placed[0].content_id
    assert text == f"Look:\n\n![the roof](cid:{content_id})"
    assert (placed[0].inline, placed[0].content_type, placed[1].inline) == (True, "image/png", False)
    assert f'<img src="cid:{content_id}" alt="the roof" style="' in dressed(text)
    assert without_pictures(text) == "Look:\n\n[the roof]"


@pytest.mark.parametrize(
    ("name", "content"), [("page.png", b"<script>"), ("vector.svg", b"<svg onload='x'/>"), ("other.png", PNG)]
)
def test_only_a_named_raster_picture_goes_inside(name, content):
    text, placed = place_pictures("See ![x](attached:page.png)", [FileContent(name, "image/png", content)], "h.example")
    assert (text, placed[0].inline) == ("See ", False)


def test_words_of_a_picture_are_text():
    html = html_with_pictures('![" onerror="x](cid:1@h)', lambda _: "/attachments/1")
    assert 'onerror="x' not in html.replace("&quot;", "")
    assert html_with_pictures("![x](cid:gone@h)", lambda _: "") == "<p></p>"


def sent(words="Your parcel **left** today.", language="en"):
    """A reply of ours as it goes over the wire."""
    signature = Part("Sofia Lindqvist\nHarbour service", "<p>Sofia Lindqvist<br>Harbour service</p>")
    below = quotation(THREAD, language, OWN)
    message = OutboundMessage(
        "1",
        Channel.EMAIL,
        Identity(IdentityKind.EMAIL, "carol@example.org"),
        words,
        html=letter_html(words, signature, below),
        sender=OWN.address,
        signature=signature.text,
        quotation=below.text,
    )
    mail = message_from_bytes(compose(message).content, policy=policy.default)
    plain, html = (mail.get_body((kind,)).get_content().replace("\r\n", "\n") for kind in ("plain", "html"))
    return plain, html


def test_readers_without_html_see_words_signature_and_quotation():
    plain, _ = sent()
    assert plain.startswith("Your parcel **left** today.\n\n-- \nSofia Lindqvist\nHarbour service\n\nOn 3 July 2026")


def test_our_own_reader_takes_our_mail_apart():
    plain, html = sent()
    for lines in ([Line(line) for line in plain.splitlines()], html_lines(html)[0]):
        reply = split_reply(lines)
        assert reply.visible.replace("**", "") == "Your parcel left today."
        assert "Sofia Lindqvist" in reply.signature
        assert "Where is it?" in reply.quoted


def quoted(plain):
    return "\n".join(f"> {line}".rstrip() for line in plain.splitlines())


TEXT_CLIENTS = {
    "gmail": "On Fri, Jul 3, 2026 at 9:30 AM Harbour service <service@harbour.example> wrote:\n\n{quoted}",
    "gmail-zh": "Harbour service <service@harbour.example> 于2026年7月3日周五 09:30写道：\n\n{quoted}",
    "outlook": (
        "________________________________\nFrom: Harbour service <service@harbour.example>\n"
        "Sent: Friday, July 3, 2026 9:30 AM\nTo: Carol <carol@example.org>\nSubject: Re: Parcel\n\n{plain}"
    ),
    "qq": (
        '------------------ 原始邮件 ------------------\n发件人: "Harbour service" <service@harbour.example>;\n'
        '发送时间: 2026年7月3日(星期五) 上午9:30\n收件人: "Carol"<carol@example.org>;\n主题: Re: Parcel\n\n{plain}'
    ),
}


@pytest.mark.parametrize("client", TEXT_CLIENTS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_of_an_answer_to_our_mail_only_the_new_words_are_shown(client, language):
    plain, _ = sent(language=language)
    answer = "Great, thank you!\n\n" + TEXT_CLIENTS[client].format(plain=plain, quoted=quoted(plain))
    assert split_reply([Line(line) for line in answer.splitlines()]).visible == "Great, thank you!"


HTML_CLIENTS = {
    "gmail": (
        '<div dir="ltr">Great, thank you!</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Fri, '
        'Jul 3, 2026 at 9:30 AM Harbour &lt;<a href="mailto:s@h.example">s@h.example</a>&gt; wrote:<br></div>'
        '<blockquote class="gmail_quote" style="margin:0">{html}</blockquote></div>'
    ),
    "apple": (
        '<div>Great, thank you!</div><br><blockquote type="cite"><div>On 3 Jul 2026, at 09:30, Harbour '
        "&lt;s@h.example&gt; wrote:</div><br><div>{html}</div></blockquote>"
    ),
    "outlook": (
        '<div>Great, thank you!</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>From:</b> Harbour '
        "&lt;s@h.example&gt;<br><b>Sent:</b> Friday, July 3, 2026 9:30 AM<br><b>To:</b> Carol<br><b>Subject:</b> Re: "
        "Parcel</div><div>{html}</div>"
    ),
    "qq": (
        "<div>Great, thank you!</div><div><br></div><div>------------------&nbsp;原始邮件&nbsp;------------------</div>"
        '<div><b>发件人:</b> "Harbour" &lt;s@h.example&gt;;</div>'
        "<div><b>发送时间:</b> 2026年7月3日(星期五) 上午9:30</div>"
        '<div><b>收件人:</b> "Carol";</div><div><b>主题:</b> Re: Parcel</div><div>{html}</div>'
    ),
}


@pytest.mark.parametrize("client", HTML_CLIENTS)
def test_of_an_answer_in_html_only_the_new_words_are_shown(client):
    _, html = sent()
    assert split_reply(html_lines(HTML_CLIENTS[client].format(html=html))[0]).visible == "Great, thank you!"


def test_a_signature_with_markup_in_a_name_is_text():
    assert escape("<b>") in letter_html("Hi", Part("<b>", "<p>&lt;b&gt;</p>"), NOTHING)
